//! Response times over time: each completion is in one interval, however intervals, threads and runs were put together.

use crate::storms::{path, read, run};
use std::collections::BTreeMap;
use stormglass::{Host, Origin, Scenario, StormResult};

/// How many a file counts by run and instant.
type Counts = BTreeMap<(String, String), u64>;

fn counts(scenario: &Scenario, result: &StormResult, file: &str, column: &str) -> Counts {
    let origin = Origin::new(scenario, &path(&scenario.name), &[], Host::this());
    let bytes = stormglass::files(&origin, result)
        .find(|(name, _)| *name == file)
        .map(|(_, bytes)| bytes.unwrap());
    let text = String::from_utf8(bytes.unwrap()).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let (run, time, column) = (at("run"), at("t_s"), at(column));
    let mut counts = Counts::new();
    for line in lines {
        let key = (line[run].to_owned(), line[time].to_owned());
        *counts.entry(key).or_default() += line[column].parse::<u64>().unwrap();
    }
    counts.retain(|_, count| *count > 0);
    counts
}

#[test]
fn each_completion_is_in_one_interval() {
    // So short that they are joined in the run, and once more when it has ended.
    let settings = [
        "replications=40",
        "load.duration=20s",
        "report.interval=10ms",
    ];
    let scenario = read("smoke", &settings);
    let result = run(&scenario, 2);
    let completions = counts(&scenario, &result, "timeline.csv", "completions");
    assert!(completions.len() < 20_000, "they were joined");
    assert_eq!(
        counts(&scenario, &result, "quantiles.csv", "count"),
        completions
    );
    assert_eq!(
        counts(&scenario, &result, "heatmap.csv", "count"),
        completions
    );
}

#[test]
fn the_threads_of_a_run_in_real_time_are_added() {
    let settings = ["clock=real", "load.duration=2s", "load.warm_up=0s"];
    let scenario = read("throughput", &settings);
    let result = run(&scenario, 2);
    let total = |file, column| -> u64 { counts(&scenario, &result, file, column).values().sum() };
    let completions = total("timeline.csv", "completions");
    assert!(completions > 0);
    assert_eq!(total("quantiles.csv", "count"), completions);
    assert_eq!(total("heatmap.csv", "count"), completions);
}
