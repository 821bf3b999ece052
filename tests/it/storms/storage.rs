//! What is said of storage: exact whatever the length of the intervals, and as far as theory goes what theory says.

use super::levels::{most, replay, run};
use super::random_storms;
use crate::report::file;
use crate::report::sample::origin;
use serde_json::Value;
use stormglass::{Scenario, StormResult};
use stormglass_model::lifecycle::SubjectStatus;
use stormglass_model::units::Span;

/// What `run.json` says of storage.
fn storage(result: &StormResult) -> Value {
    let run: Value = serde_json::from_slice(&file(&origin(), result, "run.json")).unwrap();
    run["storage"].clone()
}

/// The rows of `storage.csv` of one status, as numbers by the names of their columns.
fn rows(result: &StormResult, status: &str) -> Vec<Vec<(String, f64)>> {
    let csv = file(&origin(), result, "storage.csv");
    let mut reader = csv::Reader::from_reader(csv.as_slice());
    let header = reader.headers().unwrap().clone();
    let rows = reader.records().map(Result::unwrap);
    let rows = rows.filter(|row| &row[2] == status);
    let number = |(name, cell): (&str, &str)| (name.to_owned(), cell.parse().unwrap_or(f64::NAN));
    rows.map(|row| header.iter().zip(&row).map(number).collect())
        .collect()
}

fn column(row: &[(String, f64)], name: &str) -> f64 {
    row.iter().find(|(column, _)| column == name).unwrap().1
}

#[test]
fn means_and_peaks_are_the_same_at_any_interval_and_those_of_the_history() {
    let mut peaks = 0;
    for seed in 0..12 {
        let mut storm = random_storms::storm(seed);
        let mut said: Vec<Value> = Vec::new();
        for interval in [7_777_777, 130_000_001, 2_345_678_901, 60_000_000_000] {
            storm.interval = Some(Span(interval));
            let (result, records) = run(&storm);
            let mut storage = storage(&result);
            if storage.is_null() {
                continue;
            }
            let steps = replay(&records);
            let end = result.runs[0].end.at;
            // In flight and the subjects come before it.
            let (_, _, peak) = most(&steps[1 + SubjectStatus::COUNT], end);
            assert_eq!(storage["stored"]["bytes_max"], peak, "seed {seed}");
            peaks += u64::from(peak > 0);
            // When it levels off is told from intervals.
            storage["trend"].take();
            storage["warm_up_is_too_short"].take();
            said.push(storage);
        }
        assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "{said:?}");
    }
    assert!(peaks > 20, "only {peaks} peaks were compared");
}

/// Three runs of a store that fills for ten minutes and then holds what it holds.
fn filling(replications: u32) -> Scenario {
    let text = format!(
        "schema = 1\nname = \"fills\"\nreplications = {replications}\n\
         [service]\ndelayed_delete = true\nscrub_time = \"8m\"\nscrub_interval = \"10s\"\n\
         [load]\narrivals = {{ rate = \"4/s\" }}\nduration = \"60m\"\nwarm_up = \"15m\"\n\
         [[story]]\nname = \"kept\"\nsize = \"10MiB\"\n\
         steps = [\"create\", \"upload\", {{ wait = \"2m\" }}, \"delete\"]\n"
    );
    stormglass::parse("fills.toml", &text, std::path::Path::new(""), &[]).unwrap()
}

#[test]
fn the_band_over_runs_holds_their_mean_and_no_single_run_has_one() {
    let result = super::run(&filling(3), 2);
    let stored = rows(&result, "stored");
    assert!(stored.len() > 300, "{}", stored.len());
    for row in &stored {
        let of = |name: &str| column(row, &format!("bytes_{name}"));
        assert!(
            of("low") <= of("mean") && of("mean") <= of("high"),
            "{row:?}"
        );
        assert!(of("mean") <= of("max"), "{row:?}");
    }
    // Bytes by status add up to all.
    let by_status = ["saving", "active", "pending_delete", "deleted"];
    let by_status = by_status.map(|status| rows(&result, status));
    for (at, row) in stored.iter().enumerate() {
        let sum: f64 = (by_status.iter())
            .map(|rows| column(&rows[at], "bytes_mean"))
            .sum();
        let all = column(row, "bytes_mean");
        assert!((sum - all).abs() < 0.01, "{sum} {all}");
    }
    let said = storage(&result);
    let after = &said["trend"]["after_s"];
    assert_eq!(said["trend"]["is"], "levels_off", "{said}");
    let mean = after["mean"].as_f64().unwrap();
    assert!((500.0..700.0).contains(&mean), "{after}");
    assert!(after["low"].as_f64().unwrap() < mean, "{after}");

    let single = super::run(&filling(1), 1);
    assert!(
        rows(&single, "stored")
            .iter()
            .all(|row| column(row, "bytes_low").is_nan())
    );
    let said = storage(&single);
    assert!(said["stored"]["bytes_mean"]["low"].is_null(), "{said}");
}

#[test]
fn what_nobody_deletes_grows_and_the_summary_says_how_fast() {
    let mut scenario = filling(2);
    scenario.stories[0].steps.truncate(2);
    let result = super::run(&scenario, 2);
    let said = storage(&result);
    assert_eq!(said["trend"]["is"], "grows", "{said}");
    let pace = said["trend"]["bytes_per_s"]["mean"].as_f64().unwrap();
    let expected = 4.0 * f64::from(10 << 20);
    assert!((pace / expected - 1.0).abs() < 0.1, "{pace} {expected}");
    let summary = stormglass::summary(&origin(), &result, None, false);
    assert!(summary.contains(", still growing by 3."), "{summary}");
    assert_eq!(
        summary.matches("bytes_stored").count(),
        0,
        "it is said once: {summary}"
    );
    assert!(summary.contains("lengthen load.warm_up"), "{summary}");
}

/// Scenarios whose sizes and lives are known: immediate and delayed deletes, constant and random ones, and many kinds of stories.
const KNOWN: [&str; 3] = [
    r#"
    replications = 2
    [service]
    delayed_delete = true
    scrub_time = "1h"
    scrub_workers = 2
    registry.commit = "2ms"
    [service.store]
    bandwidth = "64MiB/s"
    put = "1s"
    delete = "50ms"
    [load]
    arrivals = { rate = "5/s" }
    duration = "3h"
    warm_up = "90m"
    [[story]]
    name = "kept for ten minutes"
    size = "64MiB"
    steps = ["create", "upload", { wait = "10m" }, "delete"]
    "#,
    r#"
    replications = 4
    [service]
    workers = 2000
    [service.store]
    slots = 1000
    bandwidth = "1MiB/s"
    [load]
    arrivals = { rate = "3/s" }
    duration = "4h"
    warm_up = "90m"
    [[story]]
    name = "kept for as long as chance has it"
    size = { lognormal = { median = "64MiB", p99 = "128MiB" } }
    steps = ["create", "upload", { wait = { exponential = { mean = "20m" } } }, "download", "delete"]
    "#,
    r#"
    replications = 3
    [service]
    workers = 1000
    task_workers = 100
    delayed_delete = true
    scrub_time = "30m"
    [service.store]
    slots = 1000
    bandwidth = "16MiB/s"
    [load]
    arrivals = { rate = "4/s" }
    duration = "3h"
    warm_up = "80m"
    [[story]]
    name = "snapshot"
    weight = 5
    size = { uniform = { min = "1MiB", max = "99MiB" } }
    steps = ["create", "upload", { wait = { uniform = { min = "1m", max = "9m" } } }, "delete"]
    [[story]]
    name = "withdrawn"
    weight = 2
    size = "40MiB"
    steps = ["create", "import", "deactivate", { refused = "download" }, { wait = "20m" }, "delete"]
    [[story]]
    name = "tried again"
    weight = 2
    size = "80MiB"
    steps = ["create", "abort-upload", { wait = "30s" }, "upload", { wait = "5m" }, "export", "delete"]
    [[story]]
    name = "elsewhere"
    weight = 1
    steps = ["create-with-location", { wait = "12m" }, "delete"]
    "#,
];

#[test]
fn what_is_stored_is_what_theory_says() {
    for (text, known) in KNOWN.iter().zip(["delayed", "at once", "of many kinds"]) {
        let text = format!("schema = 1\nname = \"known\"\n{text}");
        let scenario = stormglass::parse(known, &text, std::path::Path::new(""), &[]);
        let scenario = scenario.unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let (storage, _) = told(&scenario);
        let ratio = storage["closed_form"]["ratio"].as_f64();
        let ratio = ratio.unwrap_or_else(|| panic!("{known}: {storage}"));
        assert!((ratio - 1.0).abs() < 0.01, "{known}: {ratio} {storage}");
        assert_eq!(storage["trend"]["is"], "levels_off", "{known}");
    }
}

/// A scenario that fills by forty MiB a second and never empties, with more keys at the end.
fn grows(more: &str) -> Scenario {
    let text = format!(
        "schema = 1\nname = \"grows\"\nreplications = 2\n\
         [load]\narrivals = {{ rate = \"4/s\", spacing = \"even\" }}\nduration = \"10m\"\n\
         [[story]]\nname = \"kept\"\nsize = \"10MiB\"\nsteps = [\"create\", \"upload\"]\n{more}"
    );
    let scenario = stormglass::parse("grows.toml", &text, std::path::Path::new(""), &[]);
    scenario.unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// What `run.json` says of what a scenario stores, and its summary.
fn told(scenario: &Scenario) -> (Value, String) {
    let result = super::run(scenario, 2);
    let origin = stormglass::Origin::new(
        scenario,
        std::path::Path::new("x.toml"),
        &[],
        stormglass::Host::this(),
    );
    let run: Value = serde_json::from_slice(&file(&origin, &result, "run.json")).unwrap();
    let summary = stormglass::summary(&origin, &result, None, false);
    (run["storage"].clone(), summary)
}

/// The same of its capacity.
fn capacity(scenario: &Scenario) -> (Value, String) {
    let (storage, summary) = told(scenario);
    (storage["capacity"].clone(), summary)
}

/// The hundred-and-first upload is the first that finds no room, and comes after 25 s.
#[test]
fn a_capacity_is_full_when_an_upload_finds_no_room() {
    for key in ["[forecast]\ncapacity", "[service.store]\ncapacity"] {
        for interval in ["1s", "70s"] {
            let more = format!("{key} = \"1000MiB\"\n[report]\ninterval = \"{interval}\"\n");
            let (said, summary) = capacity(&grows(&more));
            assert_eq!(said["full"], "reached", "{said}");
            assert_eq!(said["after_s"]["mean"], 25.0, "{said}");
            assert!(
                summary.contains("capacity of 1000MiB: full after 25s"),
                "{summary}"
            );
        }
    }
}

/// What is there already takes a part of the capacity, costs as much as all else, and leaves what the storm does as it was.
#[test]
fn a_stock_is_there_from_the_beginning() {
    let all = |stock: &str, key: &str, capacity: u64| {
        told(&grows(&format!(
            "[prices]\ncurrency = \"EUR\"\ntib_month = 1024\n{key} = \"{capacity}MiB\"\n{stock}"
        )))
    };
    for (key, more) in [
        (
            "[service.store]\ncapacity",
            "[forecast]\nstock = \"500MiB\"\n",
        ),
        ("[forecast]\ncapacity", "stock = \"500MiB\"\n"),
    ] {
        let (without, _) = all("", key, 1_000);
        let (with, summary) = all(more, key, 1_500);
        let capacity = &with["capacity"];
        assert_eq!(capacity["bytes"], 1_500 * 1_048_576_u64, "{capacity}");
        assert_eq!(capacity["after_s"]["mean"], 25.0, "{capacity}");
        assert_eq!(with["stored"], without["stored"]);
        assert_eq!(with["stock_bytes"], 500 * 1_048_576_u64);
        let month = |it: &Value| it["cost"]["month"]["mean"].as_f64().unwrap();
        let more = month(&with) - month(&without);
        assert!((more - 500.0 / 1_024.0).abs() < 1e-9, "{more}");
        assert!(
            summary.contains("with the 500MiB that are there already: "),
            "{summary}"
        );
    }
}

#[test]
fn a_capacity_that_is_not_reached_is_forecast_or_never_full() {
    // 40 MiB a second for two hours, or less where some of it is there already.
    let (said, _) = capacity(&grows(
        "[forecast]\ncapacity = \"288000MiB\"\nstock = \"72000MiB\"\n",
    ));
    assert_eq!(said["full"], "expected", "{said}");
    let after_s = said["after_s"]["mean"].as_f64().unwrap();
    assert!((after_s / 5_400.0 - 1.0).abs() < 0.001, "{said}");
    let (said, summary) = capacity(&grows("[forecast]\ncapacity = \"288000MiB\"\n"));
    assert_eq!(said["full"], "expected", "{said}");
    let after_s = said["after_s"]["mean"].as_f64().unwrap();
    assert!((after_s / 7_200.0 - 1.0).abs() < 0.001, "{said}");
    assert!(summary.contains("full after 2h"), "{summary}");
    let mut filling = filling(2);
    if let stormglass::Target::Embedded(config) = &mut filling.target {
        config.store.watched = Some(stormglass_model::units::Bytes(1 << 40));
    }
    let (said, summary) = capacity(&filling);
    assert_eq!(said["full"], "never", "{said}");
    assert!(summary.contains("never full at this load, 2."), "{summary}");
}

/// Four a second come due, and one worker does ten a second: two fifths of its time, and two thirds of an outage to catch up.
#[test]
fn the_scrubber_is_a_queue_that_catches_up_after_an_outage() {
    let text = "schema = 1\nname = \"scrubs\"\nreplications = 2\n\
         [service]\ndelayed_delete = true\nscrub_interval = \"10s\"\nscrub_workers = 1\n\
         [service.store]\ndelete = \"100ms\"\n\
         [load]\narrivals = { rate = \"4/s\" }\nduration = \"90m\"\nwarm_up = \"5m\"\n\
         [[story]]\nname = \"kept\"\nsize = \"10MiB\"\n\
         steps = [\"create\", \"upload\", { wait = \"30s\" }, \"delete\"]\n\
         [[fault]]\nname = \"down\"\nat = \"scrubber\"\nkind = \"down\"\n\
         window = { from = \"20m\", to = \"50m\" }\n\
         [report]\ninterval = \"10s\"\n";
    let scenario = stormglass::parse("scrubs.toml", text, std::path::Path::new(""), &[]);
    let scenario = scenario.unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let (storage, summary) = told(&scenario);
    let scrubber = &storage["scrubber"];
    let near = |value: &Value, expected: f64, share: f64| {
        let found = value.as_f64().unwrap();
        assert!((found / expected - 1.0).abs() < share, "{found} {scrubber}");
    };
    near(&scrubber["service_per_s"]["mean"], 10.0, 1e-6);
    near(&scrubber["inflow_per_s"]["mean"], 4.0, 0.03);
    near(&scrubber["utilisation"]["mean"], 0.4, 0.03);
    near(&scrubber["drain_s_per_s_down"], 2.0 / 3.0, 0.06);
    let outages = scrubber["outages"].as_array().unwrap();
    assert_eq!(outages.len(), 2, "one in each run");
    for outage in outages {
        assert_eq!(outage["fault"], "down");
        near(&outage["drained_after_s"], 1_200.0, 0.06);
    }
    let why = &storage["closed_form"]["none_because"];
    assert_eq!(why, "its faults change what is stored");
    assert!(summary.contains("down for 30m, caught up 2"), "{summary}");
}
