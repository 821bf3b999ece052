//! `--until-within`: as many replications as a figure needs.

use super::{stderr, stormglass};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Exponential times with a mean of 100 ms, of which each run has about a hundred.
const SCENARIO: &str = r#"
schema = 1
name = "mean"
[service.store]
slots = 1_000
put = { exponential = { mean = "100ms" } }
[load]
arrivals = { rate = "10/s" }
duration = "10s"
[[story]]
name = "one"
size = "0B"
steps = ["create", "upload"]
[thresholds]
upload = ["mean < 1s"]
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mean.toml"), SCENARIO).unwrap();
    folder
}

/// The document of a run, and what it said.
fn run(folder: &Path, out: &str, options: &str) -> (Value, String) {
    let arguments: Vec<&str> = ["run", "mean.toml", "--out", out]
        .into_iter()
        .chain(options.split_whitespace())
        .collect();
    let output = stormglass(&arguments, folder);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let document = fs::read(folder.join(out).join("run.json")).unwrap();
    (serde_json::from_slice(&document).unwrap(), stderr(&output))
}

fn runs(document: &Value) -> usize {
    document["runs"].as_array().unwrap().len()
}

/// How far the interval reaches, as a share of the mean.
fn share(document: &Value) -> f64 {
    let interval = &document["thresholds"][0]["interval"];
    let [low, high, mean] = ["low", "high", "mean"].map(|it| interval[it].as_f64().unwrap());
    0.5 * (high - low) / mean
}

#[test]
fn replications_are_added_until_the_figure_is_known() {
    let folder = folder();
    let path = folder.path();
    let (near, said) = run(path, "near", "--until-within 4%");
    assert!((9..100).contains(&runs(&near)), "{}", runs(&near));
    assert!(share(&near) <= 0.04, "{}", share(&near));
    let told = format!(
        "after {} runs the figure of every threshold is known within 4%",
        runs(&near)
    );
    assert!(said.contains(&told), "{said}");
    // Those before were not enough: a third of the runs less, or fewer.
    let fewer = format!("--replications {}", runs(&near) * 2 / 3);
    assert!(share(&run(path, "fewer", &fewer).0) > 0.04);
    // The same on any number of threads, and by the command that the results name.
    let (one, _) = run(path, "one", "--until-within 4% --threads 1");
    assert_eq!(one["runs"], near["runs"]);
    let repeat = near["repeat"].as_str().unwrap();
    assert!(
        repeat.ends_with("--replications 100 --until-within 0.04"),
        "{repeat}"
    );
    let (far, _) = run(path, "far", "--until-within 50%");
    assert_eq!(runs(&far), 8, "no fewer are looked at");
}

#[test]
fn what_is_not_known_after_all_replications_is_told() {
    let folder = folder();
    let (all, said) = run(folder.path(), "all", "--until-within 0.1% --replications 9");
    assert_eq!(runs(&all), 9);
    let told = "after 9 runs `upload mean < 1s` is known within ";
    assert!(
        said.contains(told) && said.contains("give more --replications"),
        "{said}"
    );
    let none = "thresholds={}";
    let without = [
        "run",
        "mean.toml",
        "--out",
        "none",
        "--until-within",
        "5%",
        "--set",
        none,
    ];
    let output = stormglass(&without, folder.path());
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("there is none: write [thresholds]"));
    assert!(!folder.path().join("none").exists());
}
