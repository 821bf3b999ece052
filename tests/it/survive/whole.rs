//! Results are whole, or the folder says that they are not: whatever kills a run, or keeps it from writing.
#![cfg(target_os = "linux")]

use crate::cli::{Running, scenario, stderr, stdout, stormglass};
use crate::process;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

/// Every file of a run with `--history`, in the order in which they are written.
const FILES: [&str; 9] = [
    "run.json",
    "violations.csv",
    "transitions.csv",
    "operations.csv",
    "resources.csv",
    "levels.csv",
    "timeline.csv",
    "latencies.hlog",
    "history.jsonl",
];

const RUN: [&str; 6] = ["run", "tiny.toml", "--quiet", "--history", "--out", "out"];

/// The lines of a history that a run has just saved.
fn history(folder: &Path, arguments: &[&str]) -> Vec<String> {
    stormglass(arguments, folder);
    let text = fs::read_to_string(folder.join("out/history.jsonl")).unwrap();
    text.split_inclusive('\n').map(str::to_owned).collect()
}

fn check(folder: &Path, text: &str) -> Output {
    fs::write(folder.join("some.jsonl"), text).unwrap();
    stormglass(&["check", "some.jsonl"], folder)
}

#[test]
fn a_history_that_was_cut_is_never_valid() {
    let folder = scenario();
    let lines = history(folder.path(), &RUN);
    assert_eq!(
        check(folder.path(), &lines.concat()).status.code(),
        Some(0),
        "the whole of it"
    );
    for kept in (1..lines.len()).step_by(7) {
        let cut = check(folder.path(), &lines[..kept].concat());
        let said = stdout(&cut);
        assert_eq!(cut.status.code(), Some(91), "{kept}: {said}");
        assert!(said.contains("cut short: no trailer"), "{kept}: {said}");
    }
    let json = stormglass(&["check", "some.jsonl", "--json"], folder.path());
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (&json["verdict"], &json["cut_short"]),
        (&"unknown".into(), &true.into())
    );
}

#[test]
fn violations_in_a_history_that_was_cut_stand() {
    let folder = tempfile::tempdir().unwrap();
    let defect = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/scenarios/defects/lost-create.toml"
    );
    let run = ["run", defect, "--quiet", "--history", "--out", "out"];
    let lines = history(folder.path(), &run);
    for cut in [lines.len() - 1, lines.len() / 2] {
        let checked = check(folder.path(), &lines[..cut].concat());
        let said = stdout(&checked);
        assert_eq!(checked.status.code(), Some(90), "{said}");
        assert!(said.contains("cut short: no trailer"), "{said}");
    }
}

#[test]
fn a_history_that_was_altered_is_refused() {
    let folder = scenario();
    let lines = history(folder.path(), &RUN);
    let last = lines.len() - 1;
    let without = |line: usize| [&lines[..line], &lines[line + 1..]].concat().concat();
    let altered = lines.concat().replacen("\"t_ns\":0,", "\"t_ns\":00,", 1);
    let later = lines.concat().replacen("\"seed\":42", "\"seed\":43", 1);
    let doubled = [&lines[..], &lines[last..]].concat().concat();
    let twice = [&lines[..], &lines[..]].concat().concat();
    for (text, why) in [
        (without(4), "its trailer counts"),
        (without(last - 1), "its trailer counts"),
        (later, "SHA-256"),
        (doubled, "after the trailer"),
        (twice, "a second header"),
    ] {
        let checked = check(folder.path(), &text);
        let said = stderr(&checked);
        assert_eq!(
            (checked.status.code(), stdout(&checked)),
            (Some(1), String::new())
        );
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(why), "{why}: {said}");
    }
    assert_eq!(check(folder.path(), &altered).status.code(), Some(1));
}

/// Whether the folder `out` is whole; if it is not, it must say so, and no file in it is half.
#[track_caller]
fn is_whole(folder: &Path) -> bool {
    let out = folder.join("out");
    let says = out.join("partial").exists();
    let whole = FILES.iter().all(|name| out.join(name).is_file());
    assert!(whole || says, "{:?}", listing(&out));
    if out.join("run.json").is_file() {
        let json = fs::read(out.join("run.json")).unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
    }
    if out.join("history.jsonl").is_file() {
        let checked = stormglass(&["check", "out/history.jsonl"], folder);
        assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
        assert_eq!(stderr(&checked).contains("partial"), says);
    }
    !says
}

fn listing(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.collect()
}

/// A run that is killed once `reached` says so.
fn killed_once(reached: impl Fn(&Path) -> bool) -> tempfile::TempDir {
    let folder = scenario();
    let mut storm = Running::start(&RUN, folder.path());
    while !reached(&folder.path().join("out")) && storm.is_running() {
        std::thread::yield_now();
    }
    storm.kill();
    folder
}

#[test]
fn a_run_that_is_killed_while_it_writes_says_that_results_are_partial() {
    for name in FILES {
        let part = format!(".{name}.part");
        for mark in [name, &part] {
            let folder = killed_once(|out| out.join(mark).exists());
            is_whole(folder.path());
        }
    }
}

#[test]
fn a_run_that_is_killed_at_any_instant_says_that_results_are_partial() {
    for step in 0..24_u64 {
        let folder = scenario();
        let mut storm = Running::start(&RUN, folder.path());
        std::thread::sleep(Duration::from_micros(step * step * 200));
        storm.kill();
        if folder.path().join("out").is_dir() && !listing(&folder.path().join("out")).is_empty() {
            is_whole(folder.path());
        }
    }
}

/// What must hold where something kept a run from writing: it says so, and so does its folder.
#[track_caller]
fn assert_told(folder: &Path, output: &Output) {
    let said = stderr(output);
    match output.status.code() {
        Some(0) => assert!(is_whole(folder), "{:?}", listing(&folder.join("out"))),
        Some(1) => {
            assert!(said.contains("cannot write"), "{said}");
            // Where it was known before the run, there is no folder, or an empty one.
            let found = listing(&folder.join("out"));
            assert!(found.is_empty() || !is_whole(folder), "{found:?}");
        }
        code => panic!("{code:?}: {said}"),
    }
    let found = listing(&folder.join("out"));
    assert!(
        !found.iter().any(|name| name.ends_with(".part")),
        "{found:?}"
    );
}

#[test]
fn a_file_that_may_not_grow_makes_results_partial() {
    let mut codes = Vec::new();
    for blocks in [0, 1, 2, 3, 4, 8, 16, 64, 1_024] {
        let folder = scenario();
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let output = process::in_shell(&script, RUN)
            .current_dir(folder.path())
            .output();
        assert_told(folder.path(), &output);
        codes.push(output.status.code());
    }
    assert_eq!((codes[0], codes[8]), (Some(1), Some(0)));
}

/// Does `script` in a name space of its own, where a tmpfs of so many KiB is mounted on `out`, and tells what is there in the end.
/// None where this machine does not allow it.
fn on_tmpfs(kib: u32, script: &str) -> Option<(tempfile::TempDir, Output)> {
    let folder = scenario();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let script = format!(
        "mount -t tmpfs -o size={kib}k none out || exit 77\n{script}\nstatus=$?\n\
         mkdir copy; cp -a out/. copy/; umount -l out; cp -a copy/. out/; exit $status"
    );
    let alone = "exec unshare --mount --map-root-user bash -c \"$SCRIPT\" \"$0\" \"$@\"";
    let process = process::in_shell(alone, RUN).env("SCRIPT", script);
    let output = process.current_dir(folder.path()).output();
    let refused = output.status.code() == Some(77) || stderr(&output).contains("unshare");
    (!refused).then_some((folder, output))
}

#[test]
fn a_disk_that_is_full_makes_results_partial() {
    let mut codes = Vec::new();
    for kib in [4, 8, 12, 16, 24, 32, 48, 64, 1_024] {
        let Some((folder, output)) = on_tmpfs(kib, "\"$0\" \"$@\"") else {
            return;
        };
        assert_told(folder.path(), &output);
        codes.push(output.status.code());
    }
    assert_eq!((codes[1], codes[8]), (Some(1), Some(0)), "{codes:?}");
}

#[test]
fn a_folder_that_can_no_longer_be_written_to_is_partial() {
    let script = "\"$0\" \"$@\" --set clock='\"real\"' --set load.duration=1s --set settle.for=1s &\n\
         while kill -0 $! && [ ! -e out/partial ]; do sleep 0.01; done\n\
         while kill -0 $! && ! mount -o remount,ro out; do sleep 0.01; done\nwait $!";
    let Some((folder, output)) = on_tmpfs(1_024, script) else {
        return;
    };
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_told(folder.path(), &output);
    assert_eq!(listing(&folder.path().join("out")), ["partial"]);
}

#[test]
fn a_folder_that_is_deleted_under_a_run_is_told() {
    let folder = scenario();
    let live = "--set clock=real --set load.duration=1s --set settle.for=1s";
    let mut arguments = RUN.to_vec();
    arguments.extend(live.split(' '));
    let mut storm = Running::start(&arguments, folder.path());
    let out = folder.path().join("out");
    storm.until_it_runs(&out);
    while fs::remove_dir_all(&out).is_err() && storm.is_running() {
        std::thread::yield_now();
    }
    let output = storm.output();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for name in FILES {
        assert!(said.contains(&format!("cannot write out/{name}")), "{said}");
    }
    assert!(!out.exists());
}
