//! The sweep of the embedded service: no alarm where nothing is wrong, and what is planted is found.

use super::plan::Case;
use super::{Budget, EmbeddedTestBed, TestBed, World, plan, sweep};
use crate::engine::Progress;
use crate::scenario::{self, Mistakes, Scenario};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use stormglass_model::config::{Defect, Defects, FailureRule, ServiceConfig};
use stormglass_model::lifecycle::{Operation, Verdict, Who};
use stormglass_model::random::Seed;
use stormglass_model::script::{Script, Step, steps};

fn cases() -> Vec<Case> {
    let all = Operation::ALL.iter().copied();
    plan(&World {
        glance: false,
        operations: all
            .filter(|operation| !operation.row().only_glance)
            .collect(),
        others: Vec::new(),
        commands: Vec::new(),
    })
}

fn bed(config: &ServiceConfig) -> EmbeddedTestBed {
    EmbeddedTestBed::new(config, Seed(7), Arc::new(Progress::default()))
}

#[test]
fn the_embedded_service_raises_no_alarm() {
    for rules in [FailureRule::V1, FailureRule::V2] {
        for delayed_delete in [false, true] {
            let config = ServiceConfig {
                rules,
                delayed_delete,
                ..ServiceConfig::default()
            };
            let cases = cases();
            let budget = Budget::start(None, Arc::new(Progress::default()));
            let (mut ledger, ran) = sweep(&mut bed(&config), &cases, &budget);
            assert_eq!(ran as usize, cases.len());
            assert_eq!(ledger.totals(), (cases.len() as u64, 0));
            assert_eq!(ledger.findings(Script::to_string), []);
        }
    }
}

/// It strikes every seventh operation of a service, and a script is the first of its own.
const MISSED: [Defect; 1] = [Defect::LostCreate];

#[test]
fn what_is_planted_is_found() {
    let scripts: Vec<Script> = cases().into_iter().map(|case| case.script).collect();
    let mut missed = BTreeSet::new();
    for &defect in Defect::ALL {
        let config = ServiceConfig {
            delayed_delete: defect == Defect::ScrubTooEarly,
            defects: Defects::from_iter([defect]),
            ..ServiceConfig::default()
        };
        let mut bed = bed(&config);
        let found = scripts.chunks(50).zip(0..).any(|(scripts, round)| {
            let trials = bed.run(scripts, round);
            trials.iter().any(|trial| trial.verdict == Verdict::Invalid)
        });
        if !found {
            missed.insert(defect);
        }
    }
    assert_eq!(missed, MISSED.into_iter().collect());
}

const GLANCE: &str = r#"
[target.glance]
url = "http://127.0.0.1:9292"
location = "http://127.0.0.1/data"
too_large = "2TiB"
reader = { user = "r", project = "p", roles = ["reader"] }
stranger = { user = "s", project = "q", roles = ["member"] }
"#;

fn world(glance: bool) -> World {
    let all = Operation::ALL.iter().copied();
    World {
        glance,
        operations: all.filter(|one| glance || !one.row().only_glance).collect(),
        others: match glance {
            true => vec![Who::Reader, Who::OtherProject],
            false => Vec::new(),
        },
        commands: vec!["kill-api".to_owned()],
    }
}

/// Why a script that can be swept may be no story of a storm.
const REASONS: [&str; 7] = [
    "a storm cannot tell when",
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
        for case in plan(&world(glance)) {
            let script = case.script.to_string();
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
