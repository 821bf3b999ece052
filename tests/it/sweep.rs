//! The sweep on the embedded service: no alarm where nothing is wrong, and what is planted is found, shortened and told.

use crate::cli::{stderr, stdout, stormglass};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use stormglass::engine::progress::Progress;
use stormglass::sweep::{Budget, Cell, EmbeddedStand, Stand, World, plan, sweep};
use stormglass_model::config::{Defect, Defects, Rules, ServiceConfig};
use stormglass_model::lifecycle::{Operation, Verdict};
use stormglass_model::random::Seed;
use stormglass_model::script::Script;

fn cells() -> Vec<Cell> {
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

fn stand(config: &ServiceConfig) -> EmbeddedStand {
    EmbeddedStand::new(config, Seed(7), Arc::new(Progress::default()))
}

#[test]
fn the_embedded_service_raises_no_alarm() {
    for rules in [Rules::V1, Rules::V2] {
        for delayed_delete in [false, true] {
            let config = ServiceConfig {
                rules,
                delayed_delete,
                ..ServiceConfig::default()
            };
            let cells = cells();
            let budget = Budget::start(None, Arc::new(Progress::default()));
            let (mut ledger, ran) = sweep(&mut stand(&config), &cells, &budget);
            assert_eq!(ran as usize, cells.len());
            assert_eq!(ledger.totals(), (cells.len() as u64, 0));
            assert_eq!(ledger.findings(Script::to_string), []);
        }
    }
}

/// It strikes every seventh operation of a service, and a script is the first of its own.
const MISSED: [Defect; 1] = [Defect::LostCreate];

#[test]
fn what_is_planted_is_found() {
    let scripts: Vec<Script> = cells().into_iter().map(|cell| cell.script).collect();
    let mut missed = BTreeSet::new();
    for &defect in Defect::ALL {
        let config = ServiceConfig {
            delayed_delete: defect == Defect::ScrubTooEarly,
            defects: Defects::from_iter([defect]),
            ..ServiceConfig::default()
        };
        let mut stand = stand(&config);
        let found = scripts.chunks(50).zip(0..).any(|(scripts, round)| {
            let trials = stand.run(scripts, round);
            trials.iter().any(|trial| trial.verdict == Verdict::Invalid)
        });
        if !found {
            missed.insert(defect);
        }
    }
    assert_eq!(missed, MISSED.into_iter().collect());
}

/// A scenario whose service lets anybody read what is deactivated.
const PLANTED: &str = r#"
schema = 1
name = "planted"
[service]
defects = ["deactivated-download-allowed"]
[load]
users = 1
subjects = 1
[[story]]
name = "any"
steps = ["create"]
"#;

#[test]
fn a_finding_is_told_and_can_be_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("planted.toml"), PLANTED).unwrap();
    let only = [
        "sweep",
        "planted.toml",
        "--only",
        "create upload deactivate",
    ];

    let found = stormglass(&[&only[..], &["--out", "first"]].concat(), here);
    assert_eq!(found.status.code(), Some(90), "{}", stderr(&found));
    let said = fs::read_to_string(here.join("first/findings.md")).unwrap();
    assert!(
        said.contains("exposed: upload, deactivate, download"),
        "{said}"
    );
    assert!(
        said.contains("--script 'create upload deactivate download'"),
        "{said}"
    );
    for file in [
        "findings.md",
        "findings.csv",
        "findings.sarif",
        "findings.junit.xml",
        "sweep.json",
    ] {
        assert!(here.join("first").join(file).exists(), "{file}");
    }

    let names: BTreeSet<String> = said
        .lines()
        .filter(|line| line.starts_with("exposed: "))
        .map(str::to_owned)
        .collect();
    let known: Vec<String> = names.into_iter().collect();
    fs::write(here.join("known.txt"), known.join("\n")).unwrap();
    let again = [&only[..], &["--accept", "known.txt", "--out", "second"]].concat();
    let accepted = stormglass(&again, here);
    assert_eq!(accepted.status.code(), Some(0), "{}", stdout(&accepted));
}

#[test]
fn a_script_can_be_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = |script: &str| {
        let arguments = [
            "sweep", "embedded", "--script", script, "--tries", "5", "--json",
        ];
        stormglass(&arguments, folder.path())
    };
    let done = run("create [upload mid-body delete] show");
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(stdout(&done).contains("\"tries\": 5"), "{}", stdout(&done));
    let wrong = run("create [uplaod mid-body delete]");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        stderr(&wrong).contains("did you mean `upload`"),
        "{}",
        stderr(&wrong)
    );
}

#[test]
fn a_text_that_no_script_holds_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let only = ["sweep", "embedded", "--only", "uplaod", "--out", "out"];
    let done = stormglass(&only, folder.path());
    assert_eq!(done.status.code(), Some(1));
    assert!(stderr(&done).contains("no script of the plan holds `uplaod`"));
    assert!(!folder.path().join("out").exists());
}
