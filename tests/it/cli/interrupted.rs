//! A storm that the user cuts short.
#![cfg(target_os = "linux")]

use super::{scenario, stderr, stdout};
use crate::process::Running;
use std::time::Duration;

/// SIGINT and SIGTERM, in real and in virtual time: each storm would last for minutes.
#[test]
fn what_was_measured_until_then_is_kept() {
    let folder = scenario();
    let live = ["clock=real", "load.duration=10m", "settle.for=10m"];
    let long = ["load.arrivals.rate=20/s", "load.duration=900d"];
    for (signal, settings) in [("INT", &live[..]), ("TERM", &live[..]), ("INT", &long[..])] {
        let out = format!("{signal}-{}", settings[0]);
        let mut arguments = vec!["run", "tiny.toml", "--out", &out];
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        let mut storm = Running::start(&arguments, folder.path());
        storm.until_it_runs(&folder.path().join(&out));
        storm.signal(signal);
        let output = storm.output();
        assert_eq!(output.status.code(), Some(105), "{}", stderr(&output));
        assert!(stderr(&output).contains("results so far are kept"));
        assert!(stdout(&output).contains(&out), "{}", stdout(&output));
        let results = folder.path().join(out);
        let files: Vec<_> = std::fs::read_dir(&results).unwrap().collect();
        assert_eq!(files.len(), 13, "{files:?}");
        let run = std::fs::read(results.join("run.json")).unwrap();
        let run: serde_json::Value = serde_json::from_slice(&run).unwrap();
        assert_eq!(run["violations"], 0, "{run}");
        assert_ne!(run["verdict"], "invalid");
    }
}

#[test]
fn a_second_one_ends_it_at_once() {
    let folder = scenario();
    // Nothing comes to rest here: the first request hangs until the faults heal, and then takes a year.
    let settings = ["--set", "clock=real", "--set", "load.duration=10m"];
    let slow = [
        "--set",
        "settle.for=10m",
        "--set",
        "service.registry.commit=365d",
    ];
    let arguments = [&["run", "tiny.toml"], &settings[..], &slow].concat();
    for attempt in 0..20 {
        let out = format!("{attempt}");
        let arguments = [&arguments[..], &["--out", &out]].concat();
        let mut storm = Running::start(&arguments, folder.path());
        storm.until_it_runs(&folder.path().join(&out));
        std::thread::sleep(Duration::from_millis(100 * attempt));
        // Signals that come too close together are one: send them until it has ended.
        while storm.is_running() {
            storm.signal("INT");
            std::thread::sleep(Duration::from_millis(200));
        }
        let output = storm.output();
        // One that has sent nothing yet ends in order.
        if output.status.code() == Some(105) {
            continue;
        }
        // It promises no results that are not there.
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(folder.path().join(out).join("partial").exists());
        return;
    }
    panic!("it always ends in order");
}
