//! The sweep without a server: what it tries, and what it makes of what that shows.

use super::plan::{BASES, Base, Case, Family, matter};
use super::{Budget, Capabilities, TestBed, Trial, plan, races, sweep};
use crate::scenario::{self, Mistakes, Scenario};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use stormglass_model::checker::concurrent::{Rules, Severity, SubjectViolation, Symptom};
use stormglass_model::history::SubjectHistory;
use stormglass_model::lifecycle::{Invariant, Operation, Verdict, Who};
use stormglass_model::script::{Act, ClientFault, Script, Second, Step, steps};
use stormglass_model::units::Time;

const GLANCE: &str = r#"
[target.glance]
url = "http://127.0.0.1:9292"
location = "http://127.0.0.1/data"
too_large = "2TiB"
reader = { user = "r", project = "p", roles = ["reader"] }
stranger = { user = "s", project = "q", roles = ["member"] }
"#;

fn capabilities(glance: bool) -> Capabilities {
    let mut can = Capabilities::embedded();
    if glance {
        (can.faults, can.operations) = (ClientFault::ALL.to_vec(), Operation::ALL.to_vec());
        can.others = Who::ALL.to_vec();
    }
    can.commands = vec!["kill-api".to_owned()];
    can
}

#[test]
fn it_holds_what_is_known_to_go_wrong() {
    let cases = plan(&capabilities(true));
    for text in [
        "create [upload last-byte delete]",
        "create upload [deactivate before deactivate]",
        "create [upload mid-body !kill-api]",
        "create [upload mid-body !half-close]",
        "create stage [import-staged enters-importing delete]",
        "create upload delete:stranger",
        "create upload delete:admin",
        "create [stage mid-body import-staged]",
        "create [stage mid-body import]",
        "create upload {set-property | set-property | deactivate}~8ms",
        "create [stage mid-body !kill-api] import-staged",
        "create stage !kill-api import-staged",
        "create [import-slow enters-importing delete]",
        "create import-cut wait=1s upload",
        "create [upload-chunked mid-body !close]",
        "create [upload mid-body !revoke]",
        "create stage [import-staged answer !revoke]",
        "create upload [download last-byte !revoke]",
        "create upload [delete first-byte !revoke]",
    ] {
        let script: Script = text.parse().unwrap();
        assert!(cases.iter().any(|case| case.script == script), "{text}");
    }
}

#[test]
fn every_pair_is_tried_in_every_status() {
    let sorted = |one, other| {
        if one < other {
            [one, other]
        } else {
            [other, one]
        }
    };
    let mut tried = BTreeSet::new();
    for case in plan(&capabilities(true)) {
        let before = &case.script.steps()[..case.script.steps().len() - 1];
        for (first, _, second) in races(&case.script) {
            if let Second::Rival(rival) = second {
                tried.insert((before.to_vec(), sorted(first.operation, rival.operation)));
            }
        }
    }
    let all = capabilities(true);
    let plain: Vec<Operation> = all.plain().collect();
    let later = || plain.iter();
    for base in Base::all().filter(Base::is_plainest) {
        let before: Vec<Step> = (base.steps.iter())
            .map(|&one| Step::act(Act::usual(one)))
            .collect();
        for (&one, &other) in later().flat_map(|one| later().map(move |other| (one, other))) {
            let looks = (one, other) == (Operation::Show, Operation::Show); // two looks change nothing
            let pair = (before.clone(), sorted(one, other));
            assert!(looks || tried.contains(&pair), "{pair:?}");
        }
    }
}

#[test]
fn every_beginning_of_a_family_is_a_fair_part_of_it() {
    let cases = plan(&capabilities(true));
    for &family in Family::ALL {
        let of_family = cases.iter().filter(|case| case.family == family);
        let all: Vec<String> = of_family.map(|case| matter(&case.script)).collect();
        let distinct: BTreeSet<&String> = all.iter().collect();
        let first: BTreeSet<&String> = all[..distinct.len()].iter().collect();
        assert_eq!(first, distinct, "{family}");
    }
}

#[test]
fn every_word_of_a_base_is_an_operation() {
    for (steps, lively) in BASES {
        for word in steps.split(' ').chain(lively.split_terminator(' ')) {
            assert!(Operation::from_name(word).is_some(), "{word}");
        }
    }
}

/// Why a script that can be swept may be no story of a storm.
const REASONS: [&str; 8] = [
    "logs in at Keystone",
    "the embedded service does not tell when",
    "can never be legal",
    "in the middle of",
    "runs no command",
    "begins with a step that creates",
    "what another project creates",
    "is not inside",
];

#[test]
fn every_script_of_a_sweep_is_a_story_or_is_refused_for_a_reason() {
    for (glance, target) in [(false, ""), (true, GLANCE)] {
        let (mut read_as_is, mut refused) = (0, 0);
        for case in plan(&capabilities(glance)) {
            let mut rows = case.script.acts().map(|act| act.operation.row());
            assert!(
                glance || rows.all(|row| !row.only_glance),
                "{}",
                case.script
            );
            let script = case.script.to_string();
            assert_eq!(script.parse().as_ref(), Ok(&case.script));
            match parse(&story(target, &script)) {
                Ok(scenario) => {
                    read_as_is += 1;
                    let unwatched = steps(&script).unwrap().into_iter();
                    let unwatched: Vec<Step> = unwatched.flat_map(Step::unwatched).collect();
                    assert_eq!(scenario.stories[0].steps, unwatched);
                }
                Err(mistakes) => {
                    refused += 1;
                    let said = mistakes.plain();
                    let named = REASONS.iter().any(|reason| said.contains(reason));
                    assert!(named && said.contains("help"), "{script}\n{said}");
                }
            }
        }
        assert!(read_as_is > 200 && refused > 200, "{read_as_is} {refused}");
    }
}

fn story(target: &str, steps: &str) -> String {
    let load = "[load]\nusers = 1\nsubjects = 1\n";
    let story = format!("[[story]]\nname = \"a\"\nsteps = \"{steps}\"\n");
    format!("schema = 1\nname = \"pasted\"\n{target}\n{load}{story}")
}

fn parse(text: &str) -> Result<Scenario, Mistakes> {
    scenario::parse("pasted.toml", text, Path::new("."), &[])
}

/// What a script came to: its data is left over, or nothing.
fn trial(script: &Script, shows: bool) -> Trial {
    let violation = SubjectViolation {
        at: Time::ZERO,
        invariant: Invariant::Conservation,
        symptom: Symptom::Orphan,
        sentence: "its data is still there".to_owned(),
    };
    let violations = shows.then_some(violation).into_iter().collect();
    Trial::new(
        script,
        SubjectHistory::default(),
        violations,
        Verdict::Valid,
    )
}

/// Shows an orphan whenever its script holds these steps in this order.
struct Fake(&'static [&'static str]);

impl TestBed for Fake {
    fn run(&mut self, scripts: &[Script], _: u64) -> Vec<Trial> {
        let shows = |script: &Script| {
            let steps = script.steps().iter().flat_map(|step| match step {
                Step::Race { first, second, .. } if !self.0.iter().any(|one| one.contains('[')) => {
                    vec![first.to_string(), second.to_string()]
                }
                Step::Rivals { .. } => step.acts().map(|act| act.to_string()).collect(),
                _ => vec![step.to_string()],
            });
            let steps: Vec<String> = steps.collect();
            let mut rest = steps.iter();
            self.0.iter().all(|want| rest.any(|step| step == want))
        };
        let trials = scripts.iter().map(|script| trial(script, shows(script)));
        trials.collect()
    }

    fn is_over(&self) -> bool {
        false
    }

    fn rules(&self) -> Rules {
        Rules::glance(None)
    }
}

#[test]
fn what_is_not_needed_goes() {
    let check = |needed: &'static [&'static str], script: &str, shortest: &str| {
        let case = Case {
            script: script.parse().unwrap(),
            family: Family::Rivals,
        };
        let budget = Budget::start(None, Arc::default());
        let (ledger, _) = sweep(&mut Fake(needed), &[case], &budget);
        let findings = ledger.findings(|tally| tally.script.to_string());
        assert_eq!(findings.len(), 1, "{findings:#?}");
        let worst = findings[0].worst();
        assert_eq!(worst.repeat, shortest);
        assert_eq!(worst.example.script, worst.shortest().script);
        assert_eq!(findings[0].severity(), Severity::BytesLeaked);
        assert!(ledger.unshrunk().is_none());
    };
    check(
        &["create", "[upload last-byte delete]"],
        "create show set-property [upload last-byte delete] show",
        "create [upload last-byte delete]",
    );
    check(
        &["create", "upload", "delete"],
        "create protect [upload mid-body delete] show",
        "create upload delete",
    );
    check(
        &["create", "delete", "show"],
        "create {upload | delete | show}~8ms",
        "create delete show",
    );
    check(
        &["create-empty", "deactivate"],
        "create-empty [deactivate before deactivate]",
        "create-empty deactivate",
    );
}
