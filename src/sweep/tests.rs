//! What a sweep tries can be told as a story of a storm.

use super::{Capabilities, plan};
use crate::scenario::{self, Mistakes, Scenario};
use std::path::Path;
use stormglass_model::lifecycle::{Operation, Who};
use stormglass_model::script::{Step, steps};

const GLANCE: &str = r#"
[target.glance]
url = "http://127.0.0.1:9292"
location = "http://127.0.0.1/data"
too_large = "2TiB"
reader = { user = "r", project = "p", roles = ["reader"] }
stranger = { user = "s", project = "q", roles = ["member"] }
"#;

fn capabilities(glance: bool) -> Capabilities {
    let target = match glance {
        true => Capabilities {
            glance,
            operations: Operation::ALL.to_vec(),
            others: vec![Who::Reader, Who::OtherProject],
            commands: Vec::new(),
        },
        false => Capabilities::embedded(),
    };
    Capabilities {
        commands: vec!["kill-api".to_owned()],
        ..target
    }
}

/// Why a script that can be swept may be no story of a storm.
const REASONS: [&str; 7] = [
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
