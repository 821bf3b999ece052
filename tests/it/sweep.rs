//! The sweep of the embedded service from outside: no alarm where nothing is wrong; what is planted is found, told, and can be
//! accepted.

mod fake;

use crate::cli::{stderr, stdout, stormglass};
use crate::process::in_shell;
use crate::schema::assert_results_fit;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use stormglass::{EmbeddedTestBed, TestBed};
use stormglass_model::config::{Defect, ServiceConfig};
use stormglass_model::history::Observation;
use stormglass_model::lifecycle::{Outcome, Verdict};
use stormglass_model::random::Seed;
use stormglass_model::script::Script;

#[test]
fn a_script_becomes_a_story() {
    let script: Script = "create [upload mid-body delete] show".parse().unwrap();
    let mut bed = EmbeddedTestBed::new(&ServiceConfig::default(), Seed(1), Arc::default());
    let trial = bed.run(&[script], 7).remove(0);
    assert_eq!((trial.verdict, trial.violations), (Verdict::Valid, vec![]));
    // create, upload, delete, show, and the four of the end: each invoked and answered.
    assert_eq!(trial.history.events.len(), 16);
}

#[test]
fn a_fault_of_a_client_strikes_only_where_the_script_says() {
    let mut bed = EmbeddedTestBed::new(&ServiceConfig::default(), Seed(1), Arc::default());
    let mut outcomes = |script: &str| -> Vec<Outcome> {
        let trial = bed.run(&[script.parse().unwrap()], 7).remove(0);
        let events = trial.history.events.into_iter();
        let answered = events.filter_map(|event| match event.observation {
            Observation::Answered { ending, .. } => Some(ending.outcome),
            _ => None,
        });
        answered.take(2).collect()
    };
    let (ok, fail) = (Outcome::Ok, Outcome::Fail);
    assert_eq!(outcomes("create [upload mid-body !close]"), [ok, fail]);
    let later = outcomes("create upload [deactivate first-byte !close]");
    assert_eq!(later, [ok, ok]);
}

/// Writes a scenario whose service is like this.
fn write(folder: &Path, service: &str) {
    let load = "[load]\nusers = 1\nsubjects = 1\n[[story]]\nname = \"any\"\nsteps = [\"create\"]\n";
    let text = format!("schema = 1\nname = \"any\"\n[service]\n{service}\n{load}");
    fs::write(folder.join("any.toml"), text).unwrap();
}

#[test]
fn the_embedded_service_raises_no_alarm() {
    let folder = tempfile::tempdir().unwrap();
    for profile in ["v1", "v2"] {
        for delayed_delete in [false, true] {
            let service = format!("profile = \"{profile}\"\ndelayed_delete = {delayed_delete}");
            write(folder.path(), &service);
            let done = stormglass(&["sweep", "any.toml", "--json"], folder.path());
            assert_eq!(done.status.code(), Some(0), "{service}: {}", stderr(&done));
            let said: serde_json::Value = serde_json::from_str(&stdout(&done)).unwrap();
            assert!(said["scripts_planned"].as_u64() > Some(500), "{said}");
            for count in ["scripts_run", "tries"] {
                assert_eq!(said[count], said["scripts_planned"], "{said}");
            }
            assert_eq!(said["tries_unknown"], 0, "{said}");
            assert_eq!(said["findings"], serde_json::json!([]));
        }
    }
}

#[test]
fn every_planted_defect_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let defects = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/defects");
    for &defect in Defect::ALL {
        let scenario = defects.join(format!("{defect}.toml")).display().to_string();
        let done = stormglass(&["sweep", &scenario, "--quiet"], folder.path());
        assert_eq!(done.status.code(), Some(90), "{defect}: {}", stderr(&done));
    }
}

#[test]
fn a_finding_is_told_and_can_be_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, "defects = [\"deactivated-download-allowed\"]");
    let only = ["sweep", "any.toml", "--only", "create upload deactivate"];

    let found = stormglass(&[&only[..], &["--out", "first"]].concat(), here);
    assert_eq!(found.status.code(), Some(90), "{}", stderr(&found));
    let said = fs::read_to_string(here.join("first/findings.md")).unwrap();
    assert!(said.contains("wrong-access: download"), "{said}");
    assert!(
        said.contains("--script 'create upload deactivate download'"),
        "{said}"
    );
    for file in [
        "report.html",
        "findings.md",
        "findings.csv",
        "findings.sarif",
        "findings.junit.xml",
        "sweep.json",
    ] {
        assert!(here.join("first").join(file).exists(), "{file}");
    }

    let page = fs::read(here.join("first/report.html")).unwrap();
    let report = stormglass(&["report", "first"], here);
    assert_eq!(report.status.code(), Some(0), "{}", stderr(&report));
    assert_eq!(fs::read(here.join("first/report.html")).unwrap(), page);

    let json = fs::read_to_string(here.join("first/sweep.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let findings = json["findings"].as_array().unwrap().iter();
    let known: Vec<&str> = findings.map(|one| one["name"].as_str().unwrap()).collect();
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

/// Whatever becomes of the files, what was found is told.
#[test]
fn a_file_that_cannot_be_written_does_not_silence_the_summary() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, "defects = [\"deactivated-download-allowed\"]");
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\"";
    let done = in_shell(
        script,
        [
            "sweep",
            "any.toml",
            "--script",
            "create upload deactivate download",
        ],
    )
    .current_dir(here)
    .output();
    assert_eq!(done.status.code(), Some(1), "{}", stderr(&done));
    assert!(stderr(&done).contains("cannot write"), "{}", stderr(&done));
    assert!(stdout(&done).contains("1 finding"), "{}", stdout(&done));
}

#[test]
fn a_text_may_begin_with_a_dash() {
    let folder = tempfile::tempdir().unwrap();
    let done = stormglass(&["sweep", "embedded", "--only", "-worker]"], folder.path());
    assert_eq!(done.status.code(), Some(1), "{}", stderr(&done));
    assert!(stderr(&done).contains("no script of the plan holds `-worker]`"));
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

const LEARNED: &str = "schema = 1\nname = \"learned\"\n[prices]\ncurrency = \"EUR\"\ntib_month = 20\n[load]\nusers = 1\nsubjects = 1\n\
     [[story]]\nname = \"a\"\nsize = \"1GiB\"\nsteps = [\"create\", \"upload\"]\n";

#[test]
fn what_is_known_of_the_traffic_says_what_a_race_comes_to() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let defects = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/defects");
    let scenario = defects.join("late-upload-revives-deleted.toml");
    let scenario = scenario.display().to_string();
    fs::create_dir(here.join("learned")).unwrap();
    fs::write(here.join("learned/scenario.toml"), LEARNED).unwrap();
    let rivals = "under_way,began,times,days\nupload,delete,30,10.0\nupload,show,7,10.0\n";
    fs::write(here.join("learned/rivals.csv"), rivals).unwrap();
    let arguments = ["sweep", &scenario, "--only", "create [upload", "--learned"];
    let done = stormglass(
        &[&arguments[..], &["learned", "--out", "out"]].concat(),
        here,
    );
    assert_eq!(done.status.code(), Some(90), "{}", stderr(&done));
    assert_results_fit(&here.join("out"));
    let json = fs::read_to_string(here.join("out/sweep.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let months = json["findings"].as_array().unwrap().iter();
    let month = months.map(|it| &it["month"]).find(|it| it["met"] == 30);
    let month = month.unwrap_or_else(|| panic!("{json:#}"));
    let times = |key: &str| month["times"][key].as_f64().unwrap();
    // At most as often as they meet: ninety times in a month.
    assert!(
        0.0 < times("low") && times("low") < times("value"),
        "{month}"
    );
    assert!(
        times("value") < 92.0 && times("value") < times("high"),
        "{month}"
    );
    let sentence = month["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("30 meetings of such operations were seen"),
        "{sentence}"
    );
    for file in ["findings.md", "report.html"] {
        let text = fs::read_to_string(here.join("out").join(file)).unwrap();
        assert!(
            text.contains("30 meetings of such operations were seen"),
            "{file}"
        );
    }
    let nothing = stormglass(&[&arguments[..], &["nowhere"]].concat(), here);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(
        stderr(&nothing).contains("names a folder that `stormglass learn --out` wrote"),
        "{}",
        stderr(&nothing)
    );
}
