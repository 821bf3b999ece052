//! What cannot be compared, and folders that are no results: one clear line, and nothing is written.

use super::{compare, folder, run};
use crate::cli::{stderr, stormglass};
use std::fs;
use std::path::Path;

/// Compares `a` with `b`, which must be refused in one line that says this.
fn refused(folder: &Path, says: &str) {
    let output = compare(folder, "a b --out out");
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains(says), "{told}");
    assert!(output.stdout.is_empty());
    assert!(!folder.join("out").exists());
}

#[test]
fn another_storm_is_refused() {
    let folder = folder();
    let path = folder.path();
    let text = fs::read_to_string(path.join("store.toml")).unwrap();
    let short = "--set load.duration=40s";
    run(path, "a", short);
    let other = |from: &str, to: &str, says: &str| {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        fs::write(path.join("other.toml"), changed).unwrap();
        let arguments = [
            "run",
            "other.toml",
            "--quiet",
            "--out",
            "b",
            "--set",
            "load.duration=40s",
        ];
        let output = stormglass(&arguments, path);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        refused(path, says);
        fs::remove_dir_all(path.join("b")).unwrap();
    };
    other(
        "name = \"store\"",
        "name = \"shop\"",
        "the first has the scenario `store`, the second `shop`",
    );
    other(
        "\"upload\"]",
        "\"upload\", \"delete\"]",
        "a story with the steps `[\"create\", \"upload\"]`, the second `[\"create\", \"upload\", \"delete\"]`",
    );
    other(
        "[service.store]",
        "[service]\nprofile = \"v1\"\n[service.store]",
        "the profile `v2`",
    );
}

#[test]
fn what_is_no_folder_of_results_is_refused() {
    let folder = folder();
    let path = folder.path();
    run(path, "a", "--set load.duration=40s --replications 2");
    refused(path, "b is no folder of results");
    fs::create_dir(path.join("b")).unwrap();
    refused(path, "b is no folder of results: it holds no run.json");
    fs::remove_dir(path.join("b")).unwrap();
    fs::write(path.join("b"), "").unwrap();
    refused(path, "b is no folder of results: it is a file");
    fs::remove_file(path.join("b")).unwrap();

    let copy = || {
        let _ = fs::remove_dir_all(path.join("b"));
        fs::create_dir(path.join("b")).unwrap();
        for entry in fs::read_dir(path.join("a")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), path.join("b").join(entry.file_name())).unwrap();
        }
    };
    copy();
    fs::write(path.join("b/partial"), "").unwrap();
    refused(path, "b is partial");
    copy();
    fs::write(path.join("b/run.json"), "{\"scenario\": 3}").unwrap();
    refused(path, "cannot read b/run.json");
    copy();
    fs::remove_file(path.join("b/levels.csv")).unwrap();
    refused(path, "it holds no levels.csv");
    for name in [
        "transitions.csv",
        "operations.csv",
        "resources.csv",
        "levels.csv",
    ] {
        let whole = fs::read_to_string(path.join("a").join(name)).unwrap();
        let cut = |to: usize| {
            copy();
            fs::write(path.join("b").join(name), &whole[..to]).unwrap();
            refused(path, &format!("cannot read b/{name}"));
        };
        cut(whole.len() - 1);
        cut(whole.len() / 2);
        // At the end of a line, where every line that is left is whole.
        cut(whole[..whole.len() * 2 / 3].rfind('\n').unwrap() + 1);
        copy();
        let mixed = whole.replacen(",load,", ",lode,", 1);
        fs::write(path.join("b").join(name), mixed).unwrap();
        refused(path, "run.json knows no phase `lode`");
    }
}

/// Of a single run the log of latencies and the timeline are read too.
#[test]
fn a_broken_log_is_refused() {
    let folder = folder();
    let path = folder.path();
    run(path, "a", "--set load.duration=40s");
    for name in ["latencies.hlog", "timeline.csv"] {
        run(path, "b", "--set load.duration=40s");
        let whole = fs::read(path.join("b").join(name)).unwrap();
        fs::write(path.join("b").join(name), &whole[..whole.len() - 20]).unwrap();
        refused(path, &format!("cannot read b/{name}"));
        fs::remove_dir_all(path.join("b")).unwrap();
    }
}

#[test]
fn a_share_that_is_none_is_refused() {
    for share in ["0", "-5%", "much"] {
        let output = compare(Path::new("."), &format!("a b --matter={share}"));
        assert_eq!(output.status.code(), Some(2), "{share}");
        assert!(
            stderr(&output).contains("write a share above zero"),
            "{share}"
        );
    }
}
