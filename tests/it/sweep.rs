//! The sweep of the embedded service from outside: what is planted is found, told, and can be accepted.

use crate::cli::{stderr, stdout, stormglass};
use std::collections::BTreeSet;
use std::fs;

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
