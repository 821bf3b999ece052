//! `kill -9`, which nobody can catch: the journal knows what was done, and `stormglass cleanup` puts it right.

use super::stage::{Held, Stage, Work, arguments, commands, long, scenario, side_by_side};
use crate::process;
use crate::safety::fake::Fake;
use std::fs::{self, File};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

/// A sweep or a run that is killed while its server is broken.
fn killed(work: Work, commands: &str) -> Held {
    let mut held = Held::with(work, Stage::Broken, commands);
    held.process().kill();
    held
}

#[test]
fn cleanup_undoes_what_was_done_if_it_is_allowed() {
    side_by_side(&[Work::Run, Work::Sweep], |&work| {
        let held = killed(work, &commands(&long(), "echo undone >>log"));
        let (code, said) = held.cleanup(&[]);
        assert_eq!(code, Some(1), "{said}");
        let folder = held.folder().canonicalize().unwrap();
        assert!(
            said.contains("not undone, the last first:\n  `break`"),
            "{said}"
        );
        let place = format!("done in {}", folder.display());
        assert!(said.contains(&place), "{said}");
        assert!(said.contains("then add --allow-commands"), "{said}");
        // It may hold a password that does not look like one.
        assert!(!said.contains("echo"), "{said}");
        assert_eq!(held.log(), "done\n");

        let (code, said) = held.cleanup(&["--allow-commands"]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("1 undone, 0 not"), "{said}");
        assert_eq!(held.log(), "done\nundone\n");
        held.assert_put_right();
        let (code, said) = held.cleanup(&["--allow-commands"]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("nothing to remove"), "{said}");
        assert_eq!(held.log(), "done\nundone\n");
    });
}

#[test]
fn an_undo_that_fails_is_told_and_tried_again() {
    let undo = "if [ -e go ]; then echo undone >>log; else echo no way >&2; exit 3; fi";
    let held = killed(Work::Run, &commands("echo done >>log", undo));
    let (code, said) = held.cleanup(&["--allow-commands"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("no way") && said.contains("0 undone, 1 not"),
        "{said}"
    );
    held.release();
    let (code, said) = held.cleanup(&["--allow-commands"]);
    assert_eq!(code, Some(0), "{said}");
    held.assert_put_right();
}

#[test]
fn what_undoes_it_is_read_from_the_scenario_where_it_is_a_secret() {
    let undo = "PASSWORD=swordfish; echo undone >>log";
    let held = killed(Work::Run, &commands("echo done >>log", undo));
    let journal = fs::read_to_string(held.out().join("journal")).unwrap();
    assert!(!journal.contains("swordfish"), "{journal}");
    let (code, without) = held.cleanup(&["--allow-commands"]);
    assert_eq!(code, Some(1), "{without}");
    let scenario = held.folder().canonicalize().unwrap().join("storm.toml");
    let hint = format!("add --scenario {}", scenario.display());
    assert!(without.contains(&hint), "{without}");
    assert_eq!(held.log(), "done\n");
    let (code, with) = held.cleanup(&["--allow-commands", "--scenario", "storm.toml"]);
    assert_eq!(code, Some(0), "{with}");
    held.assert_put_right();
    assert!(!format!("{without}{with}").contains("swordfish"));
}

/// The working directory of the run, and not that of whoever cleans up.
#[test]
fn it_is_undone_where_it_was_done() {
    let held = killed(Work::Run, &commands("echo done >>log", "echo undone >>log"));
    let elsewhere = tempfile::tempdir().unwrap();
    let journal = held.out().join("journal");
    let cleanup = ["cleanup", journal.to_str().unwrap(), "--allow-commands"];
    let done = process::stormglass(cleanup)
        .current_dir(elsewhere.path())
        .output();
    assert_eq!(done.status.code(), Some(0));
    held.assert_put_right();
}

#[test]
fn a_kill_at_any_instant_can_be_put_right() {
    let instants: Vec<u64> = (0..24).map(|step| step * 40).collect();
    side_by_side(&instants, |&millis| {
        let fake = Fake::honest();
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let broken = commands("echo done >>log", "echo undone >>log");
        scenario(folder, &fake.url, &broken, "400ms");
        let process = process::stormglass(arguments(Work::Run, Stage::Writing));
        let process = process.current_dir(folder);
        let mut run = process.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        thread::sleep(Duration::from_millis(millis));
        run.kill();
        // What it had sent arrives, and a shell that it had started ends.
        thread::sleep(Duration::from_millis(100));
        if folder.join("out/journal").exists() {
            let cleanup = ["cleanup", "out", "--allow-commands"];
            let done = process::stormglass(cleanup).current_dir(folder).output();
            let said = [done.stdout, done.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert_eq!(done.status.code(), Some(0), "{millis} ms: {said}");
        }
        assert_eq!(fake.images.lock().unwrap().len(), 0, "{millis} ms");
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(
            log.is_empty() || log.ends_with("undone\n"),
            "{millis} ms: {log}"
        );
    });
}

/// What it has begun it ends, and it may be repeated.
#[test]
fn a_cleanup_that_is_stopped_ends_in_order() {
    let mut held = Held::at(Work::Sweep, Stage::Settle);
    held.process().kill();
    let looks = |held: &Held| {
        held.fake()
            .ids("GET")
            .iter()
            .filter(|id| !id.is_empty())
            .count()
    };
    let before = looks(&held);
    let said = File::create(held.folder().join("said")).unwrap();
    let mut cleanup = process::stormglass(["cleanup", "out"])
        .current_dir(held.folder())
        .stdout(said.try_clone().unwrap())
        .stderr(said)
        .spawn();
    held.wait("it looks", |held| looks(held) > before);
    cleanup.signal("HUP");
    held.wait("it hears", |held| {
        held.said().contains("stopping") || !cleanup.is_running()
    });
    held.release();
    let code = cleanup.output().status.code();
    let said = held.said();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("stopped: 248 were not looked at"), "{said}");
    let (code, said) = held.cleanup(&[]);
    assert_eq!(code, Some(0), "{said}");
    held.assert_put_right();
}

/// With a folder in the journal's place, nothing is created, and nothing is broken.
#[test]
fn without_a_journal_nothing_is_done() {
    side_by_side(&[Work::Run, Work::Sweep], |&work| {
        let broken = commands("echo done >>log", "echo undone >>log");
        let mut held = Held::started(work, Stage::Hello, &broken, |mut arguments| {
            for argument in &mut arguments {
                match *argument {
                    "create upload" => *argument = "create !break",
                    "1000" => *argument = "1",
                    _ => {}
                }
            }
            if work == Work::Run {
                arguments.extend(["--set", "load.duration=200ms"]);
            }
            process::stormglass(arguments)
        });
        fs::create_dir(held.out().join("journal")).unwrap();
        held.release();
        held.end();
        let said = held.said();
        assert_eq!(held.log(), "", "{said}");
        assert_eq!(held.fake().ids("POST"), [""; 0], "{said}");
        let json = ["run.json", "sweep.json"].map(|name| held.out().join(name));
        let json = json.map(|path| fs::read_to_string(path).unwrap_or_default());
        // A sweep ends with its first create, and comes to no command.
        let why = match work {
            Work::Run => "the command `break` is not run, since the journal cannot be written",
            Work::Sweep => "the journal cannot be written, so nothing was created",
        };
        assert!(format!("{said}{}", json.concat()).contains(why), "{said}");
    });
}
