//! Commands of a scenario, as a user meets them.
#![cfg(target_os = "linux")]

use super::{stderr, stdout, stormglass};
use crate::liar;
use crate::process::Running;
use std::path::Path;
use stormglass::{RunOptions, Target, read};
use stormglass_glance::{Commands, RunServices};
use stormglass_model::units::Time;
use tempfile::TempDir;

/// A storm of a minute on a server of our own, with one fault that is a command.
fn scenario(run: &str, undo: &str, rest: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let url = liar::serve(404, 404);
    let text = format!(
        r#"
schema = 1
name = "broken"
[target.glance]
url = "{url}"
[target.glance.commands.break]
run = "{run}"
undo = "{undo}"
[target.glance.commands.unused]
run = "echo unused >>log"
[load]
users = 1
think = "10ms"
duration = "1m"
[[story]]
name = "create and delete"
steps = ["create", "delete"]
[[fault]]
name = "it is broken"
at = "server"
kind = {{ command = "break" }}
{rest}"#
    );
    std::fs::write(folder.path().join("broken.toml"), text).unwrap();
    folder
}

const ALLOWED: [&str; 5] = ["run", "broken.toml", "--allow-commands", "--out", "out"];

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}

fn wait_for(folder: &Path, line: &str) {
    while !log(folder).contains(line) {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn without_leave_nothing_is_run() {
    let folder = scenario("echo done >>log", "echo undone >>log", "");
    let output = stormglass(&["run", "broken.toml", "--out", "out"], folder.path());
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("--allow-commands"), "{said}");
    assert!(
        said.contains("[target.glance.commands.break], with an `undo`"),
        "{said}"
    );
    // It may hold a password.
    assert!(!said.contains("echo"), "{said}");
    assert!(!said.contains("unused"), "{said}");
    assert_eq!(log(folder.path()), "");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn a_fault_is_open_from_its_command_to_the_end_of_its_undo() {
    let window = "window = { from = \"200ms\", to = \"400ms\" }";
    let folder = scenario("echo done", "sleep 0.4", window);
    let settings = ["load.duration=1s", "report.interval=100ms"].map(str::to_owned);
    let scenario = read(&folder.path().join("broken.toml"), &settings).unwrap();
    let Target::Glance(glance) = &scenario.target else {
        panic!("a real glance");
    };
    let commands = Commands::new(&glance.commands, true);
    let services = RunServices {
        commands: commands.clone(),
        journal: None,
    };
    let options = RunOptions {
        services,
        ..RunOptions::default()
    };
    let result = stormglass::run(&scenario, &options).unwrap();
    assert_eq!(commands.not_undone(), []);
    let rows: Vec<_> = (result.runs[0].timeline.iter())
        .map(|row| (row.gauges.at, row.faults_open))
        .collect();
    // Told to heal after 400 ms, it cannot have healed before 800 ms.
    let undoing = |at: Time| (500_000_000..800_000_000).contains(&at.0);
    let mut undoing = rows.iter().filter(|(at, _)| undoing(*at)).peekable();
    assert!(undoing.peek().is_some(), "{rows:?}");
    assert!(undoing.all(|(_, open)| *open == 1), "{rows:?}");
    assert_eq!(rows.first().unwrap().1, 0, "{rows:?}");
    assert_eq!(rows.last().unwrap().1, 0, "{rows:?}");
}

#[test]
fn what_could_not_be_undone_is_said_with_what_would_undo_it() {
    let folder = scenario("true", "echo no way >&2; false", "");
    let short = ["--set", "load.duration=300ms"];
    let output = stormglass(&[&ALLOWED[..], &short].concat(), folder.path());
    let said = stderr(&output);
    assert!(
        said.contains(
            "`break` is not undone; run what `undo` of [target.glance.commands.break] says"
        ),
        "{said}"
    );
    assert!(stdout(&output).contains("no way"), "{}", stdout(&output));
}

#[test]
fn an_interrupted_storm_undoes_what_it_did() {
    let folder = scenario("echo done >>log", "echo undone >>log", "");
    let storm = Running::start(&ALLOWED, folder.path());
    wait_for(folder.path(), "done");
    storm.signal("INT");
    let output = storm.output();
    assert_eq!(output.status.code(), Some(105), "{}", stderr(&output));
    assert_eq!(log(folder.path()), "done\nundone\n");
}

#[test]
fn one_that_is_to_end_at_once_does_so_too() {
    let folder = scenario("echo done >>log; sleep 1000", "echo undone >>log", "");
    let mut storm = Running::start(&ALLOWED, folder.path());
    wait_for(folder.path(), "done");
    storm.signal("INT");
    // The first signal has been heard when it says so; the second one must not come too close to be another.
    std::thread::sleep(std::time::Duration::from_millis(500));
    storm.signal("INT");
    while storm.is_running() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let output = storm.output();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(log(folder.path()), "done\nundone\n");
}
