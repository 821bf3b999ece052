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
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 3);
    let again = compare(folder.path(), "a a --out out");
    assert_eq!(again.status.code(), Some(1));
    assert!(
        stderr(&again).contains("never overwritten"),
        "{}",
        stderr(&again)
    );
}

/// One run each, of an hour: what varied within it says how far off it is.
#[test]
fn single_runs_are_compared_by_what_varied_within_them() {
    let folder = folder();
    let path = folder.path();
    run(path, "a", "--set load.duration=1h");
    run(path, "b", "--set load.duration=1h --seed 7");
    let slower = "--seed 7 --set service.store.put.exponential.mean=120ms";
    run(path, "c", &format!("--set load.duration=1h {slower}"));
    let output = compare(path, "a b --json");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let same = document(&output);
    assert_eq!(same["change"], "cannot tell");
    assert_eq!(figure(&same, "upload", "mean")["basis"], "within one run");
    assert_eq!(figure(&same, "upload", "mean")["verdict"], "same");
    assert_eq!(figure(&same, "upload", "p99")["verdict"], "same");
    assert_eq!(figure(&same, "throughput", "rate")["verdict"], "same");
    let output = compare(path, "a c --json");
    assert_eq!(output.status.code(), Some(98));
    for quantity in ["mean", "p50", "p99"] {
        let changed = document(&output);
        let upload = figure(&changed, "upload", quantity);
        assert_eq!(upload["verdict"], "slower", "{upload}");
    }
    let shown = stdout(&compare(path, "a c"));
    assert!(shown.contains("within one run"), "{shown}");
}

/// Where a run is too short for that, nothing is claimed, and what to do is said.
#[test]
fn runs_that_say_too_little_are_not_judged() {
    let folder = folder();
    let path = folder.path();
    run(path, "a", "--set load.duration=31s");
    run(
        path,
        "b",
        "--set load.duration=31s --seed 7 --set report.interval=1s",
    );
    let output = compare(path, "a b");
    assert_eq!(output.status.code(), Some(91), "{}", stdout(&output));
    let shown = stdout(&output);
    assert!(shown.starts_with("? cannot tell: "), "{shown}");
    assert!(shown.contains("run both with --replications 8"), "{shown}");
}

#[test]
fn a_run_is_compared_with_its_baseline() {
    let folder = folder();
    let path = folder.path();
    let eight = ["run", "store.toml", "--replications", "4", "--out"];
    run(path, "before", "--replications 4");
    let with = |more: &[&str]| {
        let arguments: Vec<&str> = eight.iter().chain(more).copied().collect();
        stormglass(&arguments, path)
    };
    let same = with(&["same", "--baseline", "before"]);
    assert_eq!(same.status.code(), Some(0), "{}", stderr(&same));
    assert!(stdout(&same).contains("✓ same: all "), "{}", stdout(&same));
    let slower = "service.store.put.exponential.mean=150ms";
    let slow = with(&["slow", "--baseline", "before", "--set", slower, "--quiet"]);
    assert_eq!(slow.status.code(), Some(98));
    assert!(
        stderr(&slow).starts_with("stormglass: slower: "),
        "{}",
        stderr(&slow)
    );
    assert!(path.join("slow/compare.json").exists() && !path.join("slow/partial").exists());
    let page = |folder: &str| fs::read_to_string(path.join(folder).join("report.html")).unwrap();
    assert!(page("slow").contains("Compared with the baseline"));
    assert!(!page("before").contains("Compared with the baseline"));
    // A comparison of its own has a page of its own, which is made again from its file alone.
    let alone = compare(path, "before slow --out alone --quiet");
    assert_eq!(alone.status.code(), Some(98), "{}", stderr(&alone));
    let first = page("alone");
    let sentence = stderr(&slow);
    let sentence = sentence.trim_start_matches("stormglass: ").trim_end();
    assert!(first.contains(sentence), "{sentence}");
    assert!(
        first.contains("service.store.put.exponential.mean"),
        "the key that differs"
    );
    assert_eq!(
        first.matches("<svg class=\"bar\"").count(),
        first.matches("circle class=\"worse\"").count()
    );
    let again = stormglass(&["report", "alone"], path);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert_eq!(page("alone"), first);
    // A threshold that is not met is 99, and slower is less.
    let threshold = "thresholds={ upload = [\"p(99) < 1ms\"] }";
    let both = with(&[
        "both",
        "--baseline",
        "before",
        "--set",
        slower,
        "--set",
        threshold,
    ]);
    assert_eq!(both.status.code(), Some(98), "{}", stderr(&both));
    // What is no baseline is known before anything runs.
    let none = with(&["none", "--baseline", "nowhere"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(
        stderr(&none).starts_with("stormglass: nowhere is no folder of results"),
        "{}",
        stderr(&none)
    );
    assert!(!path.join("none").exists());
    let alone = with(&["other", "--matter", "5%"]);
    assert_eq!(alone.status.code(), Some(2), "it is of a baseline");
}

/// The same seeds have the same load, so of two slots that cost more than four nothing is left to chance but what is stored.
#[test]
fn what_a_change_costs_is_told_where_both_have_prices() {
    let folder = folder();
    let prices = "--set story.0.size=1GiB --set prices.currency=EUR --set prices.tib_month=1000 \
                  --set prices.slot_month=2.5";
    run(folder.path(), "a", &format!("--replications 3 {prices}"));
    let more = format!("--replications 3 {prices} --set service.store.slots=6");
    run(folder.path(), "b", &more);
    let output = compare(folder.path(), "a b --json");
    let cost = &document(&output)["cost"];
    assert_eq!(cost["currency"], "EUR", "{cost}");
    let number = |key: &str| cost[key].as_f64().unwrap();
    // What waits for a slot holds no room yet.
    let difference = number("b") - number("a");
    assert!((difference - number("difference")).abs() < 1e-9, "{cost}");
    assert!(number("low") <= difference && difference <= number("high"));
    assert!((5.0..9.0).contains(&difference), "{cost}");
    let shown = stdout(&compare(folder.path(), "a b"));
    assert!(shown.contains(" EUR a month: +"), "{shown}");
    run(
        folder.path(),
        "c",
        "--replications 3 --set story.0.size=1GiB",
    );
    let none = compare(folder.path(), "a c --json");
    assert!(document(&none)["cost"].is_null());
}
