//! What is planted in the service is found from the clients' view alone, wherever a client can see it.

use super::judged;
use crate::storms::{read, run};
use stormglass::Scenario;
use stormglass_model::checker::concurrent::SubjectViolation;
use stormglass_model::config::Defect;
use stormglass_model::lifecycle::{Operation, Verdict};
use stormglass_model::script::{Act, Step};

/// Defects that no client can see, however often it looks, and why.
const UNSEEN: [(Defect, &str); 7] = [
    (
        Defect::TaskRunTwice,
        "a task is the service's own: its client hears of the first end, and the subject stays as it is",
    ),
    (
        Defect::LocationPassesSaving,
        "it is saving for an instant within one commit, where no look can fall",
    ),
    (
        Defect::RefusedUploadOverwrites,
        "the bytes go into the store beside those of the record, and a download goes by the record",
    ),
    (
        Defect::ScrubTooEarly,
        "pending delete and deleted look alike: gone",
    ),
    (
        Defect::DeleteLeavesBytes,
        "bytes that belong to nothing can be read by nobody",
    ),
    (
        Defect::FailedTaskHasResult,
        "a client hears that its import failed, and sees no task",
    ),
    (
        Defect::TaskStuck,
        "a client hears that its import failed, and sees no task",
    ),
];

/// The scenario of a defect, with a look after every step and an attempt to read at the end.
fn looked_at(defect: Defect, overrides: &[&str]) -> Scenario {
    let mut scenario = read(&format!("defects/{defect}"), overrides);
    scenario.keeps_history = true;
    let step = |operation| Step::act(Act::usual(operation));
    for story in &mut scenario.stories {
        let steps = std::mem::take(&mut story.steps);
        story.steps = steps
            .into_iter()
            .flat_map(|done| [done, step(Operation::Show)])
            .chain([step(Operation::Download)])
            .collect();
    }
    scenario
}

fn found(scenario: &Scenario) -> (Verdict, Vec<SubjectViolation>) {
    let result = run(scenario, 2);
    let mut verdict = Verdict::Valid;
    let mut breaches = Vec::new();
    for (_, judgement) in judged(scenario, &result.runs[0]) {
        verdict = verdict.max(judgement.verdict);
        breaches.extend(judgement.violations);
    }
    (verdict, breaches)
}

#[test]
fn a_planted_defect_is_found_wherever_a_client_can_see_it() {
    let mut wrong = Vec::new();
    for &defect in Defect::ALL {
        let unseen = UNSEEN.iter().find(|(unseen, _)| *unseen == defect);
        let expected = match unseen {
            Some(_) => Verdict::Valid,
            None => Verdict::Invalid,
        };
        let (verdict, breaches) = found(&looked_at(defect, &[]));
        let why = unseen.map_or("a client can see it", |(_, why)| *why);
        if verdict != expected {
            wrong.push(format!(
                "{defect} is {verdict}, but {why}: {:?}",
                breaches.first()
            ));
        }
        let (healthy, breaches) = found(&looked_at(defect, &["service.defects=[]"]));
        if healthy != Verdict::Valid {
            wrong.push(format!(
                "{defect} is not planted, but found: {:?}",
                breaches.first()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
