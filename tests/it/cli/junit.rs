//! A run as JUnit.

use super::{scenario, stderr, stormglass};
use crate::findings::files::well_formed;
use insta::assert_snapshot;
use std::fs;
use std::path::Path;

/// The document, without what depends on the machine.
fn read(folder: &Path) -> String {
    let text = fs::read_to_string(folder.join("junit.xml")).unwrap();
    well_formed(&text);
    let mut parts = text.split(" time=\"");
    let mut steady = parts.next().unwrap().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('"').unwrap();
        steady += &format!(" time=\"…\"{rest}");
    }
    steady
}

#[test]
fn a_threshold_that_fails_is_a_failed_test_with_its_figures() {
    let folder = scenario();
    let here = folder.path();
    let thresholds = "\n[thresholds]\n\"create\" = [\"p(99) < 1s\", \"count > 1000\"]\n\
        \"load/story:create and delete/delete\" = [{ demand = \"count > 1000\", over = \"100ms\" }, \"error_rate < 1%\"]\n";
    let file = here.join("tiny.toml");
    let text = fs::read_to_string(&file).unwrap() + thresholds;
    fs::write(&file, text.replace("\"tiny\"", "\"tiny & 'fine'\"")).unwrap();
    let output = stormglass(
        &["run", "tiny.toml", "--quiet", "--junit", "junit.xml"],
        here,
    );
    assert_eq!(output.status.code(), Some(99), "{}", stderr(&output));
    assert_snapshot!(read(here));
}

#[test]
fn a_violation_is_a_failed_test_and_a_run_without_a_verdict_an_error() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let junit = |scenario: &str, setting: &str, code| {
        let scenario = root.join("scenarios").join(scenario);
        let scenario = scenario.to_str().unwrap();
        let arguments = [
            "run",
            scenario,
            "--quiet",
            "--junit",
            "junit.xml",
            "--set",
            setting,
        ];
        let output = stormglass(&arguments, folder.path());
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        read(folder.path())
    };
    let wrong = junit("defects/lost-delete.toml", "load.duration=10s", 90);
    let failure = "<testcase classname=\"stormglass.invariant\" name=\"acknowledged\">\n<failure type=\"stormglass.invariant\" message=\"";
    assert!(
        wrong.contains(failure) && wrong.contains("repeat: stormglass run"),
        "{wrong}"
    );
    assert!(wrong.contains("errors=\"0\""), "{wrong}");

    // The document of the run before is replaced.
    let open = junit("smoke.toml", "service.store.bandwidth=10KiB/s", 91);
    assert!(
        open.contains("failures=\"1\" errors=\"1\"")
            || open.contains("failures=\"2\" errors=\"1\""),
        "{open}"
    );
    let error = "<testcase classname=\"stormglass.run\" name=\"it can be judged\">\n<error message=\"unknown: ";
    assert!(open.contains(error), "{open}");
}

/// It is refused before anything is run.
#[test]
fn what_is_no_junit_of_ours_stays() {
    let folder = scenario();
    let here = folder.path();
    fs::write(here.join("junit.xml"), "<testsuites name=\"other\"/>").unwrap();
    let output = stormglass(&["run", "tiny.toml", "--junit", "junit.xml"], here);
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(
        told.contains("what is there was not made by `--junit`, name another file"),
        "{told}"
    );
    assert!(!here.join("results").exists());
    let kept = fs::read_to_string(here.join("junit.xml")).unwrap();
    assert_eq!(kept, "<testsuites name=\"other\"/>");
}
