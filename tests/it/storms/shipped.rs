//! The shipped scenarios, scaled down: each ends as its file says, and together they leave nothing out.

use super::{edges, read, run, taken};
use crate::report::file;
use crate::report::sample::origin;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use stormglass::StormResult;
use stormglass_model::lifecycle::{Profile, Verdict};

/// Every shipped scenario on the embedded service, and what makes it small enough to be a test.
const SMALL: [(&str, &[&str]); 12] = [
    ("deactivation", &["load.duration=5m"]),
    ("import-tasks", &[]),
    ("mm-c", &["load.subjects=5000", "replications=2"]),
    ("rival-deletes", &["load.duration=5m"]),
    ("scrub-backlog", &["load.arrivals.rate=0.2/s"]),
    ("smoke", &[]),
    ("steady-week", &["load.arrivals.rate=0.05/s"]),
    ("store-chaos", &["load.arrivals.rate=4/s"]),
    ("throughput", &THROUGHPUT),
    ("throughput", &THROUGHPUT),
    ("thundering-herd", &[]),
    ("v1-failures", &["load.arrivals.rate=4/s"]),
];

const THROUGHPUT: [&str; 2] = ["load.subjects=2000", "load.users=100"];

/// A storm that was run for every test that wants to look at it.
pub struct Storm {
    pub name: &'static str,
    pub result: StormResult,
}

/// Each of them once; the live one on one thread and on two.
pub static STORMS: LazyLock<Vec<Storm>> = LazyLock::new(|| {
    let mut storms: Vec<Storm> = Vec::new();
    for (name, overrides) in SMALL {
        let threads = 1 + storms.iter().filter(|storm| storm.name == name).count();
        let scenario = read(name, overrides);
        let result = run(&scenario, threads);
        storms.push(Storm { name, result });
    }
    storms
});

#[test]
fn every_shipped_scenario_ends_as_it_says() {
    for Storm { name, result, .. } in STORMS.iter() {
        let run = &result.runs[0];
        let why = (
            run.violations.first(),
            &run.unknown_because,
            &result.thresholds,
        );
        assert_eq!(result.verdict, Verdict::Valid, "{name}: {why:?}");
        assert!(result.thresholds_met(), "{name}: {why:?}");
        assert!(!result.generator_bottleneck, "{name}");
        assert_eq!(run.end.in_flight.now(), 0, "{name}");
        // That it fits its schema is looked at there.
        file(&origin(), result, "run.json");
    }
}

#[test]
fn none_is_left_out_but_the_real_server() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios")).unwrap();
    let files = folder.map(|entry| entry.unwrap().path());
    let mut shipped: BTreeSet<String> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    shipped.retain(|name| !name.starts_with("glance-"));
    let small: BTreeSet<String> = SMALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(shipped, small);
}

#[test]
fn the_live_one_runs_on_one_thread_and_on_two() {
    let live = STORMS.iter().filter(|storm| storm.name == "throughput");
    let threads: Vec<usize> = live
        .map(|storm| {
            let end = &storm.result.runs[0].end;
            assert_eq!((end.arrivals, end.by_status()[6]), (2_000, 2_000));
            assert_eq!(storm.result.runs[0].transition_total(), 7 * 2_000);
            storm.result.threads
        })
        .collect();
    assert_eq!(threads, [1, 2]);
}

#[test]
fn together_they_take_every_edge_of_subjects_and_tasks() {
    let taken: BTreeSet<_> = STORMS
        .iter()
        .flat_map(|storm| taken(&storm.result))
        .collect();
    let edges: BTreeSet<_> = [Profile::V1, Profile::V2]
        .into_iter()
        .flat_map(edges)
        .collect();
    assert_eq!(edges.len(), 15 + 4, "the specification's transitions");
    let missing: Vec<_> = edges.difference(&taken).collect();
    assert!(missing.is_empty(), "no scenario takes {missing:?}");
    let illegal: Vec<_> = taken.difference(&edges).collect();
    assert!(illegal.is_empty(), "{illegal:?} must never be taken");
}
