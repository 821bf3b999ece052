//! What is refused before anything runs: nothing is written then.

use super::{scenario, stderr, stdout, stormglass};
use std::path::Path;

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The exit code, and nothing but the scenario in the folder afterwards.
fn refused(code: i32, arguments: &[&str]) -> String {
    let folder = scenario();
    let output = stormglass(&[&["run", "tiny.toml"], arguments].concat(), folder.path());
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    assert_eq!(stdout(&output), "", "{arguments:?}");
    assert_eq!(names(folder.path()), ["tiny.toml"], "{arguments:?}");
    message
}

#[test]
fn an_override_is_checked_like_the_file() {
    for (setting, hint) in [
        ("service.store.slotz=8", "slots"),
        ("service.store.slots=0", "service.store.slots=0"),
        ("load.arrivals.rate=NaN/s", "NaN"),
        ("load.arrivals.rate=0/s", "0/s"),
        ("load.duration=-5s", "-5s"),
        ("story.0.weight=0", "weight"),
        ("story.\"no such story\".weight=1", "no such story"),
        ("service", "service"),
    ] {
        let message = refused(104, &["--set", setting]);
        assert!(message.contains(hint), "{setting}: {message}");
    }
    let two = refused(104, &["--set", "seed=x", "--set", "load.users=0"]);
    assert!(two.contains("mistakes"), "all at once: {two}");
}

#[test]
fn a_command_line_without_sense_is_a_usage_error() {
    for arguments in [
        &["--threads", "0"][..],
        &["--threads", "many"],
        &["--replications", "0"],
        &["--seed", "-1"],
        &["--nonsense"],
        &["tiny.toml"],
    ] {
        let message = refused(2, arguments);
        assert!(message.contains("error:"), "{arguments:?}: {message}");
    }
}

/// Not by permissions: whoever tests as root may write everywhere.
#[test]
fn results_that_cannot_be_written_stop_it_before_it_starts() {
    for out in ["/proc/nothing/here", "/dev/null", "/dev/null/below"] {
        let message = refused(1, &["--out", out]);
        assert!(message.starts_with("stormglass: "), "{message}");
        assert!(message.contains(out), "{message}");
    }
    let folder = scenario();
    std::fs::write(folder.path().join("results"), "a file").unwrap();
    let output = stormglass(&["run", "tiny.toml"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("results"), "{}", stderr(&output));
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_a_wrong_scenario() {
    let folder = scenario();
    std::fs::write(folder.path().join("bytes.toml"), [0xff, 0xfe, 0]).unwrap();
    for file in ["nowhere.toml", "bytes.toml", "."] {
        let output = stormglass(&["run", file], folder.path());
        assert_eq!(output.status.code(), Some(104), "{}", stderr(&output));
        assert!(stderr(&output).contains(file), "{}", stderr(&output));
    }
    assert_eq!(names(folder.path()), ["bytes.toml", "tiny.toml"]);
}
