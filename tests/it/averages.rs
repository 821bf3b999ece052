//! What a storm did on average, beside what theory says; and a warm-up that is too short.

use crate::capacity::QUEUE;
use crate::cli::{stderr, stdout, stormglass};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Such customers, who come 28 times a second, and are looked at every second.
fn queue() -> String {
    let queue = QUEUE.replace("\"RATE\"", "{ rate = \"28/s\", spacing = \"poisson\" }");
    let queue = queue.replace("10m", "11m");
    queue.replace("interval = \"1m\"", "interval = \"1s\"")
}

fn run(folder: &Path, scenario: &str, arguments: &str) -> (Value, String) {
    fs::write(folder.join("scenario.toml"), scenario).unwrap();
    let arguments: Vec<&str> = ["run", "scenario.toml", "--quiet", "--json", "--out", "out"]
        .into_iter()
        .chain(arguments.split_whitespace())
        .collect();
    let output = stormglass(&arguments, folder);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let run = serde_json::from_str(&stdout(&output)).unwrap();
    fs::remove_dir_all(folder.join("out")).unwrap();
    (run, stderr(&output))
}

/// What theory says of such a queue: 2.8 are served and 1.0003 wait on average, and half of the operations take no time.
const THEORY: [(&str, f64); 3] = [
    ("in_flight", 3.8003),
    ("response", 3.8003 / 56.0 * 1e9),
    ("completions", 56.0),
];

#[test]
fn intervals_of_one_run_and_of_several_hold_what_theory_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut held = [0; 3];
    for seed in 0..20 {
        let (run, _) = run(folder.path(), &queue(), &format!("--seed {seed}"));
        for ((name, theory), held) in THEORY.iter().zip(&mut held) {
            let figure = &run["averages"][name];
            assert_eq!(figure["basis"], "batches", "{seed}: {name}");
            let of = |key: &str| figure[key].as_f64().unwrap();
            assert!((of("mean") / theory - 1.0).abs() < 0.2, "{seed}: {figure}");
            *held += u32::from(of("low") <= *theory && *theory <= of("high"));
        }
    }
    assert!(held.iter().all(|held| *held >= 17), "{held:?} of 20");
    let (run, _) = run(folder.path(), &queue(), "--replications 10");
    for (name, theory) in THEORY {
        let figure = &run["averages"][name];
        assert_eq!(figure["basis"], "runs", "{name}");
        let of = |key: &str| figure[key].as_f64().unwrap();
        assert!(of("low") <= theory && theory <= of("high"), "{figure}");
        assert!(of("high") - of("low") < 0.1 * theory, "{figure}");
    }
}

#[test]
fn of_a_short_run_no_interval_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let short = queue().replace("11m", "80s");
    let (run, _) = run(folder.path(), &short, "");
    let figure = &run["averages"]["in_flight"];
    assert!(figure["mean"].as_f64().unwrap() > 1.0, "{figure}");
    assert_eq!(
        [&figure["low"], &figure["basis"]],
        [&Value::Null, &Value::Null]
    );
}

#[test]
fn what_the_sign_means_is_told_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    for (length, told) in [("11m", true), ("80s", false)] {
        let scenario = queue().replace("11m", length);
        fs::write(folder.path().join("scenario.toml"), scenario).unwrap();
        let output = stormglass(&["run", "scenario.toml", "--out", length], folder.path());
        let summary = stdout(&output);
        let sign = summary.lines().filter(|line| line.contains('±')).count();
        assert_eq!(sign, if told { 2 } else { 0 }, "{summary}");
        assert_eq!(
            summary.contains("; ±: the 95 % interval of batch means\n"),
            told,
            "{summary}"
        );
    }
}

/// Uploads of a minute, so that it takes minutes until as many are in flight as there will be.
#[test]
fn a_warm_up_that_is_too_short_is_told_with_one_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let slow = queue().replace("slots = 4", "slots = 4_000");
    let slow = slow.replace("100ms", "60s").replace("28/s", "5/s");
    let slow = slow.replace("11m", "40m");
    let with = |warm_up: &str| slow.replace("\"1m\"", &format!("\"{warm_up}\""));
    for arguments in ["", "--replications 4"] {
        let note = |warm_up: &str| {
            let (run, _) = run(folder.path(), &with(warm_up), arguments);
            let notes = run["notes"].as_array().unwrap();
            let notes = notes.iter().map(|note| note.as_str().unwrap().to_owned());
            notes
                .into_iter()
                .find(|note| note.contains("warm-up is too short"))
        };
        let told = note("1s").unwrap();
        assert!(told.contains("lower for the beginning"), "{told}");
        let wanted = told.split('"').nth(1).unwrap();
        assert_eq!(note(wanted), None, "{told}");
    }
}
