//! Two folders of results side by side, from outside.

mod acceptance;
mod refused;

use crate::cli::{stderr, stdout, stormglass};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;

/// A store of four slots whose times are drawn, for five minutes.
const STORE: &str = r#"
schema = 1
name = "store"
[service.store]
slots = 4
put = { exponential = { mean = "100ms" } }
[load]
arrivals = { rate = "20/s", spacing = "poisson" }
duration = "5m"
warm_up = "30s"
[[story]]
name = "a customer"
size = "0B"
steps = ["create", "upload"]
"#;

/// A folder that holds the scenario.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("store.toml"), STORE).unwrap();
    folder
}

/// Runs it with these options, into a folder of this name.
fn run(folder: &Path, out: &str, options: &str) {
    let arguments: Vec<&str> = ["run", "store.toml", "--quiet", "--out", out]
        .into_iter()
        .chain(options.split_whitespace())
        .collect();
    let output = stormglass(&arguments, folder);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

fn compare(folder: &Path, arguments: &str) -> Output {
    let arguments: Vec<&str> = ["compare"]
        .into_iter()
        .chain(arguments.split_whitespace())
        .collect();
    stormglass(&arguments, folder)
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The figure of this name in the document.
fn figure<'d>(document: &'d Value, of: &str, quantity: &str) -> &'d Value {
    let figures = document["figures"].as_array().unwrap();
    let found = figures
        .iter()
        .find(|it| it["of"] == of && it["quantity"] == quantity);
    found.unwrap_or_else(|| panic!("no {of} {quantity} in {document:#}"))
}

#[test]
fn the_same_seeds_are_the_same() {
    let folder = folder();
    run(folder.path(), "a", "--replications 3");
    run(folder.path(), "b", "--replications 3");
    let output = compare(folder.path(), "a b");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = stdout(&output);
    assert!(shown.starts_with("✓ same: all "), "{shown}");
    assert!(
        shown.contains("  B: b, 3 runs, paired by their seeds"),
        "{shown}"
    );
}

/// What all runs have in common cancels out where seeds are equal, so a change is seen that other seeds hide.
#[test]
fn pairs_see_more_than_other_seeds() {
    let folder = folder();
    let slower = "--replications 4 --set service.store.put.exponential.mean=110ms";
    run(folder.path(), "a", "--replications 4");
    run(folder.path(), "pairs", slower);
    run(folder.path(), "apart", &format!("{slower} --seed 1000"));
    let width = |other: &str| {
        let document = document(&compare(folder.path(), &format!("a {other} --json")));
        let hold = figure(&document, "store.slots", "hold");
        hold["high"].as_f64().unwrap() - hold["low"].as_f64().unwrap()
    };
    let (pairs, apart) = (width("pairs"), width("apart"));
    assert!(pairs * 3.0 < apart, "{pairs} {apart}");
}

#[test]
fn a_slower_store_is_slower_and_the_way_back_is_faster() {
    let folder = folder();
    let path = folder.path();
    run(path, "a", "--replications 6");
    run(
        path,
        "b",
        "--replications 6 --seed 1000 --set service.store.put.exponential.mean=125ms",
    );
    let output = compare(path, "a b --json");
    assert_eq!(output.status.code(), Some(98), "{}", stderr(&output));
    let there = document(&output);
    assert_eq!(there["change"], "worse");
    assert_eq!(
        there["differing_keys"][0]["key"],
        "service.store.put.exponential.mean"
    );
    assert_eq!(there["differing_keys"][0]["b"], "125ms");
    assert_eq!(
        there["differing_keys"].as_array().unwrap().len(),
        1,
        "a seed is no difference"
    );
    let hold = figure(&there, "store.slots", "hold");
    assert_eq!(hold["verdict"], "slower", "{hold}");
    assert_eq!(hold["basis"], "runs");
    let of = |key: &str| hold[key].as_f64().unwrap();
    assert!(
        of("low") > 0.05 && of("low") < 0.25 && 0.25 < of("high"),
        "{hold}"
    );
    assert_eq!(figure(&there, "throughput", "rate")["verdict"], "same");

    let shown = stdout(&compare(path, "a b"));
    assert!(shown.starts_with("✗ slower: "), "{shown}");
    assert!(
        shown.contains("  differs: service.store.put.exponential.mean: 100ms → 125ms"),
        "{shown}"
    );
    assert!(shown.lines().count() <= 24, "{shown}");
    assert!(
        shown.lines().all(|line| line.chars().count() <= 96),
        "{shown}"
    );
    let all = stdout(&compare(path, "a b --all"));
    let figures = there["figures"].as_array().unwrap().len();
    assert!(all.lines().count() > figures, "{all}");

    let back = compare(path, "b a --quiet");
    assert_eq!((back.status.code(), back.stdout.len()), (Some(0), 0));
    assert_eq!(document(&compare(path, "b a --json"))["change"], "better");
    // What matters may be more than that.
    assert_ne!(compare(path, "a b --matter 900%").status.code(), Some(98));
}

#[test]
fn what_is_written_is_what_is_shown() {
    let folder = folder();
    run(folder.path(), "a", "--replications 2");
    let output = compare(folder.path(), "a a --json --out out");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let read = |name: &str| fs::read(folder.path().join("out").join(name)).unwrap();
    assert_eq!(read("compare.json"), output.stdout);
    let rows = String::from_utf8(read("compare.csv")).unwrap();
    let figures = document(&output)["figures"].as_array().unwrap().len();
    assert_eq!(rows.lines().count(), figures + 1);
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 2);
    let again = compare(folder.path(), "a a --out out");
    assert_eq!(again.status.code(), Some(1));
    assert!(
        stderr(&again).contains("never overwritten"),
        "{}",
        stderr(&again)
    );
}
