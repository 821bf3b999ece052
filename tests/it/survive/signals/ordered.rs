//! Signals that can be caught: what is under way ends in order, or at once, as it is asked.

use super::stage::{Held, Stage, Work, arguments, commands, scenario, side_by_side, until};
use crate::process;
use crate::safety::fake::Fake;
use std::fs::{self, File};
use std::thread;
use std::time::Duration;

const HUP: u32 = 1;
const INT: u32 = 2;
const QUIT: u32 = 3;
const USR1: u32 = 10;
const TERM: u32 = 15;
const XFSZ: u32 = 25;

/// Every signal that ends a process which does not catch it, but for those that say that the process itself is broken: USR2,
/// ALRM, STKFLT, XCPU, VTALRM, PROF, IO and PWR beside those above, and three of the real-time ones.
const ENDING: [u32; 16] = [
    HUP, INT, QUIT, USR1, 12, 14, TERM, 16, 24, 26, 27, 29, 30, 34, 50, 64,
];

const INTERRUPTED: Option<i32> = Some(105);
const COULD_NOT_RUN: Option<i32> = Some(1);

/// Every signal in every stage of both.
fn cases() -> Vec<(Work, Stage, u32)> {
    let works = [Work::Run, Work::Sweep].into_iter();
    let stages = works.flat_map(|work| Stage::ALL.map(|stage| (work, stage)));
    let cases = stages.flat_map(|(work, stage)| ENDING.map(|signal| (work, stage, signal)));
    cases.collect()
}

#[test]
fn the_first_one_ends_everything_in_order() {
    side_by_side(&cases(), |&(work, stage, signal)| {
        let mut held = Held::at(work, stage);
        held.stop(signal);
        held.release();
        let code = held.end();
        let context = format!("{signal}, {work:?}, {stage:?}: {}", held.said());
        held.assert_whole();
        // What has ended before is not cut short.
        let expected = if held.interrupted() {
            INTERRUPTED
        } else {
            Some(0)
        };
        assert_eq!(code, expected, "{context}");
        if [Stage::Hello, Stage::Load, Stage::Broken, Stage::Settle].contains(&stage) {
            let short = (work, stage) != (Work::Sweep, Stage::Settle);
            assert!(!short || code == INTERRUPTED, "{context}");
        }
        held.assert_put_right();
    });
}

#[test]
fn the_second_one_ends_it_at_once_and_promises_nothing() {
    let pairs = [(INT, INT), (TERM, INT), (HUP, TERM), (QUIT, 64)];
    let works = [Work::Run, Work::Sweep];
    let cases = works.map(|work| pairs.map(|pair| (work, pair))).concat();
    side_by_side(&cases, |&(work, (first, second))| {
        let mut held = Held::at(work, Stage::Broken);
        held.stop(first);
        held.signal(second);
        let code = held.end();
        let said = held.said();
        assert_eq!(code, COULD_NOT_RUN, "{said}");
        assert_eq!(held.log(), "done\nundone\n", "{said}");
        assert!(held.out().join("partial").exists(), "{said}");
        if !held.fake().images.lock().unwrap().is_empty() {
            assert!(said.contains("stormglass cleanup out/journal"), "{said}");
        }
        let (code, said) = held.cleanup(&[]);
        assert_eq!(code, Some(0), "{said}");
        held.assert_put_right();
    });
}

/// A shell tells its children that the terminal is gone, and so does the system.
#[test]
fn a_terminal_that_hangs_up_twice_is_no_second_signal() {
    side_by_side(&[Work::Run, Work::Sweep], |&work| {
        let mut held = Held::at(work, Stage::Load);
        held.stop(HUP);
        held.signal(HUP);
        held.release();
        let code = held.end();
        assert_eq!(code, INTERRUPTED, "{}", held.said());
        held.assert_whole();
        held.assert_put_right();
    });
}

/// An undo that is under way is not begun anew by whoever is impatient, and the third signal waits for nothing.
#[test]
fn the_third_one_waits_for_nothing() {
    side_by_side(&[Work::Run, Work::Sweep], |&work| {
        let undo = format!("echo undoing >>log; {}; echo undone >>log", until("go"));
        let run = format!("echo done >>log; {}", until("heal"));
        let mut held = Held::with(work, Stage::Broken, &commands(&run, &undo));
        held.stop(TERM);
        fs::write(held.folder().join("heal"), "").unwrap();
        held.wait("it is undone", |held| held.log().contains("undoing"));
        held.signal(TERM);
        // That it waits for the undo can only be seen by waiting, too.
        thread::sleep(Duration::from_millis(300));
        assert!(held.process().is_running(), "{}", held.said());
        held.signal(INT);
        let code = held.end();
        let said = held.said();
        assert_eq!(code, COULD_NOT_RUN, "{said}");
        assert_eq!(held.log(), "done\nundoing\n", "{said}");
        assert!(said.contains("`break` is not undone"), "{said}");
        let hint = "stormglass cleanup out/journal --allow-commands";
        assert!(said.contains(hint), "{said}");
        held.release();
        let (code, said) = held.cleanup(&["--allow-commands"]);
        assert_eq!(code, Some(0), "{said}");
        held.assert_put_right();
    });
}

#[test]
fn what_was_ignored_stays_so() {
    side_by_side(&[Work::Run, Work::Sweep], |&work| {
        let broken = commands("echo done >>log", "echo undone >>log");
        let mut held = Held::started(work, Stage::Load, &broken, |arguments| {
            process::in_shell("trap '' HUP USR1; exec \"$0\" \"$@\"", arguments)
        });
        held.signal(HUP);
        held.signal(USR1);
        let status = format!("/proc/{}/status", held.process().id());
        let status = fs::read_to_string(status).unwrap();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = u64::from_str_radix(ignored.unwrap().trim(), 16).unwrap();
        let both = 1 << (HUP - 1) | 1 << (USR1 - 1);
        assert_eq!(ignored & both, both, "{status}");
        held.stop(TERM);
        held.release();
        assert_eq!(held.end(), INTERRUPTED, "{}", held.said());
        assert_eq!(held.said().matches("stopping").count(), 1);
        held.assert_put_right();
    });
}

/// While it reads its first file, which has no end; nothing of it has begun.
#[test]
fn before_anything_is_begun_it_just_ends() {
    let commands = ["run", "sweep", "check", "validate"];
    let cases = commands.map(|command| [HUP, TERM, USR1].map(|signal| (command, signal)));
    side_by_side(&cases.concat(), |&(command, signal)| {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let said = File::create(folder.path().join("said")).unwrap();
        let process = process::stormglass([command, "pipe"]).current_dir(folder.path());
        let process = process.stderr(said).spawn();
        // As soon as it reads.
        let pipe = File::options().write(true).open(&pipe).unwrap();
        process.signal(&signal.to_string());
        let code = process.output().status.code();
        drop(pipe);
        let said = fs::read_to_string(folder.path().join("said")).unwrap();
        assert_eq!(code, COULD_NOT_RUN, "{command}, {signal}: {said}");
        assert_eq!(said, "stormglass: stopped by a signal\n");
        assert!(!folder.path().join("results").exists());
    });
}

/// From its first instruction to its last.
#[test]
fn a_signal_at_any_instant_leaves_nothing() {
    let early = (0..16).map(|step| step * 2);
    let instants: Vec<u64> = early.chain((1..=24).map(|step| 30 + step * 60)).collect();
    let signals = [HUP, TERM, INT, QUIT, USR1];
    let cases = instants.iter().enumerate();
    let cases = cases.map(|(at, instant)| (*instant, signals[at % signals.len()]));
    side_by_side(&cases.collect::<Vec<_>>(), |&(millis, signal)| {
        let fake = Fake::honest();
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let broken = commands("echo done >>log", "echo undone >>log");
        scenario(folder, &fake.url, &broken, "200ms");
        let said = File::create(folder.join("said")).unwrap();
        let process = process::stormglass(arguments(Work::Run, Stage::Writing));
        let mut run = process
            .current_dir(folder)
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn();
        thread::sleep(Duration::from_millis(millis));
        if run.is_running() {
            run.signal(&signal.to_string());
        }
        let code = run.output().status.code();
        let said = fs::read_to_string(folder.join("said")).unwrap();
        let context = format!("{signal} after {millis} ms: {code:?}: {said}");
        assert_eq!(fake.images.lock().unwrap().len(), 0, "{context}");
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(
            log.is_empty() || log.ends_with("undone\n"),
            "{log}{context}"
        );
        match code {
            Some(0) | INTERRUPTED => {
                assert!(folder.join("out/run.json").exists(), "{context}");
                assert!(!folder.join("out/partial").exists(), "{context}");
            }
            // Before it had begun, or, where no signal is heard yet, before its first instruction.
            Some(1) | None => {
                assert!(
                    code.is_none() || said.contains("stopped by a signal"),
                    "{context}"
                );
                assert!(!folder.join("out").exists(), "{context}");
                assert_eq!(fake.asked.lock().unwrap().len(), 0, "{context}");
            }
            Some(_) => panic!("{context}"),
        }
    });
}

/// The write that would have made the file too large fails, and says so; the images are deleted all the same.
#[test]
fn a_file_that_grows_too_large_is_told_and_kills_nobody() {
    for work in [Work::Run, Work::Sweep] {
        let undo = format!("echo undone >>log; true {}", "x".repeat(2_000));
        let stage = match work {
            Work::Run => Stage::Cleanup,
            Work::Sweep => Stage::Broken,
        };
        let fake = Fake::honest();
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        scenario(
            folder,
            &fake.url,
            &commands("echo done >>log", &undo),
            "200ms",
        );
        let limit = "ulimit -f 1; exec \"$0\" \"$@\"";
        let mut arguments = arguments(work, stage);
        arguments.extend(["--quiet"]);
        for argument in &mut arguments {
            if *argument == "100" {
                *argument = "1";
            }
        }
        let done = process::in_shell(limit, arguments)
            .current_dir(folder)
            .output();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), COULD_NOT_RUN, "{work:?}: {said}");
        assert!(
            said.contains("cannot write") && said.contains("too large"),
            "{said}"
        );
        assert_eq!(fake.images.lock().unwrap().len(), 0, "{said}");
        assert_ne!(fake.ids("POST").len(), 0, "{said}");
        // What undoes it did not fit into the journal.
        assert!(!folder.join("log").exists(), "{said}");
        assert!(folder.join("out/partial").exists(), "{said}");
    }
}

/// One that somebody sends says nothing of a file.
#[test]
fn a_file_that_is_only_said_to_grow_stops_nothing() {
    let mut held = Held::at(Work::Run, Stage::Load);
    held.signal(XFSZ);
    held.stop(TERM);
    held.release();
    assert_eq!(held.end(), INTERRUPTED, "{}", held.said());
    held.assert_put_right();
}
