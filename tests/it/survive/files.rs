//! Files: nothing is opened for writing before it is known to be ours, and what appears meanwhile stays as it is.
#![cfg(target_os = "linux")]

use crate::cli::{Running, scenario, stderr, stormglass};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

#[test]
fn a_cleanup_changes_no_byte_of_what_is_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    let database: Vec<u8> = (0..16_384_u32).map(|n| (n * 7 % 251) as u8).collect();
    for content in [&b"precious"[..], b"one\ntwo", b"\n", &database] {
        let file = folder.path().join("file");
        fs::write(&file, content).unwrap();
        let cleanup = stormglass(&["cleanup", "file"], folder.path());
        assert_eq!(cleanup.status.code(), Some(1), "{}", stderr(&cleanup));
        assert!(stderr(&cleanup).contains("is no journal of stormglass"));
        assert_eq!(fs::read(&file).unwrap(), content);
    }
}

/// A run of a second of real time into the folder `out`, while which something is done to that.
fn meanwhile(folder: &Path, act: impl FnOnce(&Path)) -> std::process::Output {
    let live = "--set clock=real --set load.duration=1s --set settle.for=1s";
    let mut arguments = vec!["run", "tiny.toml", "--history", "--out", "out"];
    arguments.extend(live.split(' '));
    let mut storm = Running::start(&arguments, folder);
    let out = folder.join("out");
    storm.until_it_runs(&out);
    act(&out);
    storm.output()
}

#[test]
fn what_appears_in_the_results_folder_during_a_run_is_neither_written_over_nor_followed() {
    let folder = scenario();
    let victim = folder.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    let output = meanwhile(folder.path(), |out| {
        symlink(&victim, out.join("run.json")).unwrap();
        symlink("nowhere", out.join("history.jsonl")).unwrap();
        fs::write(out.join("timeline.csv"), "of another").unwrap();
    });
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    for name in ["run.json", "history.jsonl", "timeline.csv"] {
        assert!(stderr(&output).contains(name), "{}", stderr(&output));
    }
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    let out = folder.path().join("out");
    assert_eq!(
        fs::read_to_string(out.join("timeline.csv")).unwrap(),
        "of another"
    );
    assert!(!folder.path().join("nowhere").exists() && !out.join("nowhere").exists());
    assert!(
        out.join("transitions.csv").is_file(),
        "the others are there"
    );
    let hidden = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert!(
        !hidden
            .into_iter()
            .any(|name| name.as_encoded_bytes().ends_with(b".part"))
    );
}

#[test]
fn results_are_nobody_elses_to_read() {
    let folder = scenario();
    let run = ["run", "tiny.toml", "--history", "--out", "out", "--quiet"];
    assert_eq!(stormglass(&run, folder.path()).status.code(), Some(0));
    for entry in fs::read_dir(folder.path().join("out")).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.path());
    }
}
