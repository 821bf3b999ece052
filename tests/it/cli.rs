//! The command line, from outside.

mod commands;
mod example;
mod generate;
mod init;
mod interrupted;
mod junit;
mod live;
mod page;
mod picture;
mod refused;
mod stock;
mod until;

use crate::process;
pub(crate) use crate::process::Running;
use std::path::Path;
use std::process::Output;

pub(crate) fn stormglass(arguments: &[&str], folder: &Path) -> Output {
    process::stormglass(arguments)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .output()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A scenario of half a second of virtual time, in a folder of its own.
pub(crate) fn scenario() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
schema = 1
name = "tiny"
seed = 42
[load]
arrivals = { rate = "100/s", spacing = "even" }
duration = "500ms"
[settle]
for = "10s"
[[story]]
name = "create and delete"
steps = ["create", "delete"]
"#;
    std::fs::write(folder.path().join("tiny.toml"), text).unwrap();
    folder
}

#[test]
fn help_is_shown_where_it_is_asked_for_and_where_nothing_is() {
    let here = Path::new(".");
    let nothing = stormglass(&[], here);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(stderr(&nothing).contains("Exit codes"));
    for command in [
        "init",
        "run",
        "compare",
        "search",
        "sweep",
        "check",
        "validate",
        "lifecycle",
        "cleanup",
    ] {
        let help = stormglass(&[command, "--help"], here);
        assert_eq!(help.status.code(), Some(0));
        assert!(stdout(&help).contains("Examples:"), "{command}");
    }
    assert_eq!(stormglass(&["run"], here).status.code(), Some(2));
    assert_eq!(
        stormglass(&["run", "x.toml", "--replications", "0"], here)
            .status
            .code(),
        Some(2)
    );
}

/// Whoever wants no summary still hears in one sentence why the exit code is not 0.
#[test]
fn quiet_tells_what_is_wrong_and_nothing_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = tempfile::tempdir().unwrap();
    let run =
        |scenario: &str, out: &str| stormglass(&["run", scenario, "--quiet", "--out", out], root);
    let folder = |name: &str| out.path().join(name).display().to_string();
    let valid = run("scenarios/smoke.toml", &folder("valid"));
    assert_eq!(
        (stdout(&valid), stderr(&valid)),
        (String::new(), String::new())
    );
    let invalid = run("scenarios/defects/lost-create.toml", &folder("invalid"));
    assert_eq!(invalid.status.code(), Some(90));
    let told = stderr(&invalid);
    assert!(told.starts_with("stormglass: invalid: "), "{told}");
    assert_eq!((stdout(&invalid), told.lines().count()), (String::new(), 1));
}

#[test]
fn a_run_writes_its_folder_and_says_where() {
    let folder = scenario();
    for n in 1..=2 {
        let output = stormglass(&["run", "tiny.toml", "--seed", "7"], folder.path());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(
            stdout(&output)
                .starts_with("✓ valid: no violation in 100 transitions\n  tiny · seed 7"),
            "{}",
            stdout(&output)
        );
        let results = folder.path().join(format!("results/tiny-7-{n}"));
        assert!(stdout(&output).contains(&format!("results/tiny-7-{n}")));
        for file in [
            "run.json",
            "transitions.csv",
            "operations.csv",
            "timeline.csv",
            "levels.csv",
            "resources.csv",
            "violations.csv",
            "latencies.hlog",
        ] {
            assert!(results.join(file).is_file(), "{file}");
        }
    }
}

#[test]
fn json_goes_to_standard_output_alone() {
    let folder = scenario();
    let output = stormglass(
        &["run", "tiny.toml", "--json", "--out", "here"],
        folder.path(),
    );
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let written = std::fs::read(folder.path().join("here/run.json")).unwrap();
    assert_eq!(written, output.stdout);
    assert_eq!(printed["scenario"], "tiny");
    assert_eq!(printed["repeat"], "stormglass run tiny.toml --seed 42");
}

#[test]
fn quiet_says_nothing() {
    let folder = scenario();
    let output = stormglass(&["run", "tiny.toml", "--quiet"], folder.path());
    assert_eq!(
        (stdout(&output), stderr(&output)),
        (String::new(), String::new())
    );
}

#[test]
fn nothing_runs_where_results_cannot_be_written() {
    let folder = scenario();
    for out in ["tiny.toml", "."] {
        let output = stormglass(&["run", "tiny.toml", "--out", out], folder.path());
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
    assert!(!folder.path().join("results").exists());
}

#[test]
fn a_wrong_scenario_writes_nothing() {
    let folder = scenario();
    std::fs::write(folder.path().join("wrong.toml"), "name = 5").unwrap();
    for arguments in [
        &["run", "wrong.toml"][..],
        &["validate", "tiny.toml", "wrong.toml"],
    ] {
        let output = stormglass(arguments, folder.path());
        assert_eq!(output.status.code(), Some(104), "{}", stderr(&output));
        assert_ne!(stderr(&output), "");
    }
    assert!(!folder.path().join("results").exists());
}

#[test]
fn validate_says_what_a_scenario_will_do() {
    let folder = scenario();
    let output = stormglass(&["validate", "tiny.toml"], folder.path());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        stdout(&output),
        "ok: tiny: 100 even arrivals/s, 500ms in virtual time on embedded; 1 story\n"
    );
}

/// A scenario that is cautioned for everything, and for each caution a change that ends it.
const DOUBTFUL: &str = r#"
schema = 1
name = "doubtful"
[service]
delayed_delete = false
scrub_time = "3d"
store.capacity = "1GiB"
store.bandwidth = "10MiB/s"
store.chunk_time = "1ms"
[load]
arrivals = { rate = "1/m" }
duration = "2h"
warm_up = "1h"
[settle]
for = "1m"
[[story]]
name = "long"
size = "2GiB"
steps = ["create", "upload", { wait = "1h" }, "download", { wait = "1h" }, "delete", { wait = "9h" }]
[[story]]
name = "never"
weight = 0
size = "1PiB"
steps = ["create", "upload", { wait = "9d" }, "delete"]
"#;

#[test]
fn validate_warns_of_what_a_scenario_will_not_do() {
    let folder = tempfile::tempdir().unwrap();
    let warnings = |text: &str| {
        std::fs::write(folder.path().join("doubtful.toml"), text).unwrap();
        let output = stormglass(&["validate", "doubtful.toml"], folder.path());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).starts_with("ok: doubtful"));
        stderr(&output)
    };
    let all = warnings(DOUBTFUL);
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("warnings", all);
    });
    for (lint, from, to) in [
        (
            "wait-longer-than-load",
            "duration = \"2h\"",
            "duration = \"3h\"",
        ),
        ("size-above-capacity", "\"1GiB\"", "\"2GiB\""),
        (
            "scrub-time-without-delayed-delete",
            "scrub_time = \"3d\"\n",
            "",
        ),
        ("setting-without-effect", "store.chunk_time = \"1ms\"\n", ""),
        ("settle-shorter-than-upload", "for = \"1m\"", "for = \"4m\""),
        (
            "settle-shorter-than-upload",
            "store.bandwidth = \"10MiB/s\"\n",
            "",
        ),
        (
            "warm-up-shorter-than-retention",
            "warm_up = \"1h\"",
            "warm_up = \"119m\"",
        ),
    ] {
        assert!(all.contains(lint), "{all}");
        // A warm-up of under two hours is still too short for data that is kept for two.
        let text = DOUBTFUL.replace(from, to);
        let text = match lint {
            "warm-up-shorter-than-retention" => text.replace("wait = \"1h\"", "wait = \"59m\""),
            _ => text,
        };
        let left = warnings(&text);
        assert!(!left.contains(lint), "{left}");
    }
}

#[test]
fn the_lifecycle_is_drawn_in_every_format() {
    for (format, start) in [
        ("table", "The lifecycle"),
        ("csv", "from,to,name\n,queued,create subject\n"),
        ("dot", "digraph"),
        ("mermaid", "---\ntitle"),
        ("svg", "<svg"),
    ] {
        let output = stormglass(&["lifecycle", "--format", format], Path::new("."));
        assert!(stdout(&output).starts_with(start), "{}", stdout(&output));
    }
    let unknown = stormglass(&["lifecycle", "--profile", "v3"], Path::new("."));
    assert_eq!(unknown.status.code(), Some(2));
}
