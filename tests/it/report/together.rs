//! What is shown of all stories and phases together, in every place where it is shown.

use super::sample::{origin, valid};
use super::{file, text};
use insta::assert_snapshot;
use serde_json::Value;
use std::collections::BTreeMap;
use stormglass::{RunOptions, StormResult, parse, run};

const ALL: &str = "(all)";

/// Two stories, a warm-up, and two runs.
fn storm() -> StormResult {
    let text = r#"
schema = 1
name = "two stories"
replications = 2
[service]
delayed_delete = true
scrub_time = "5s"
scrub_interval = "1s"
[service.store]
put = { exponential = { mean = "20ms" } }
[load]
arrivals = { rate = "20/s" }
duration = "30s"
warm_up = "10s"
[[story]]
name = "one"
steps = "create upload wait=1s delete"
[[story]]
name = "other"
steps = "create abort-upload upload delete"
[[story]]
name = "imports"
steps = "create import"
"#;
    let scenario = parse("a test", text, std::path::Path::new("."), &[]);
    run(
        &scenario.unwrap_or_else(|mistakes| panic!("{mistakes}")),
        &RunOptions::default(),
    )
    .unwrap()
}

/// The rows of a table by the first columns, which say what they are of: `count` and `p99_us`.
fn table(result: &StormResult, name: &str, columns: usize) -> BTreeMap<Vec<String>, (u64, f64)> {
    let bytes = file(&origin(), result, name);
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (count, p99) = (at("count"), at("p99_us"));
    let records = reader.records().map(|record| {
        let record = record.unwrap();
        let key = record.iter().take(columns).map(str::to_owned).collect();
        (
            key,
            (record[count].parse().unwrap(), record[p99].parse().unwrap()),
        )
    });
    records.collect()
}

#[test]
fn rows_of_all_stories_are_the_sums_of_the_others() {
    let storm = storm();
    for (name, columns) in [("transitions.csv", 6), ("operations.csv", 5)] {
        let rows = table(&storm, name, columns);
        let mut sums: BTreeMap<Vec<String>, u64> = BTreeMap::new();
        for (key, (count, _)) in rows.iter().filter(|(key, _)| key[2] != ALL) {
            let mut of_phase = key.clone();
            of_phase[2] = ALL.to_owned();
            let mut of_run = of_phase.clone();
            of_run[1] = ALL.to_owned();
            *sums.entry(of_phase).or_default() += count;
            if key[1] != "warm_up" {
                *sums.entry(of_run).or_default() += count;
            }
        }
        let shown = rows.iter().filter(|(key, _)| key[2] == ALL);
        let shown: BTreeMap<_, _> = shown
            .map(|(key, (count, _))| (key.clone(), *count))
            .collect();
        assert_eq!(shown, sums, "{name}");
        let stories = rows.keys().filter(|key| key[1] == "load" && key[2] != ALL);
        assert!(stories.count() > 10, "{name}");
    }
}

/// The summary, `run.json` and the tables show the same.
#[test]
fn what_the_summary_shows_is_in_the_document() {
    let storm = storm();
    let document: Value = serde_json::from_slice(&file(&origin(), &storm, "run.json")).unwrap();
    let latencies = document["latencies"].as_array().unwrap();
    let transitions = table(&storm, "transitions.csv", 6);
    let operations = table(&storm, "operations.csv", 5);
    for latency in latencies {
        let counts = match (
            latency["transition"].as_str(),
            latency["operation"].as_str(),
        ) {
            (Some(name), None) => {
                let (kind, edge) = match name.strip_prefix("task:") {
                    Some(edge) => ("task", edge),
                    None => ("subject", name),
                };
                let (from, to) = edge.split_once("->").unwrap();
                transitions
                    .iter()
                    .filter(|(key, _)| key[1..] == [ALL, ALL, kind, from, to])
                    .map(|(_, row)| row.0)
                    .sum::<u64>()
            }
            (None, Some(name)) => {
                let outcome = latency["outcome"].as_str().unwrap();
                operations
                    .iter()
                    .filter(|(key, _)| key[1..] == [ALL, ALL, name, outcome])
                    .map(|(_, row)| row.0)
                    .sum()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(latency["count"], counts, "{latency}");
    }
    let edges = latencies
        .iter()
        .filter(|it| it["transition"].is_string())
        .count();
    assert!(
        edges > 5 && latencies.len() > edges + 3,
        "{} latencies",
        latencies.len()
    );
    let summary = stormglass::summary(&origin(), &storm, None, false);
    let delete = latencies
        .iter()
        .find(|it| it["transition"] == "active->pending_delete")
        .unwrap();
    let shown = summary
        .lines()
        .find(|line| line.contains("active → pending_delete"))
        .unwrap();
    let count = delete["count"].to_string();
    assert!(shown.replace(',', "").contains(&count), "{shown}\n{delete}");
}

/// What one run shows is what its only story measured.
#[test]
fn csv_rows_of_all_stories() {
    let together = |name: &str| {
        let text = text(&origin(), &valid(), name);
        let lines = text.lines().filter(|line| line.contains(ALL));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!("transitions_together", together("transitions.csv"));
    assert_snapshot!("operations_together", together("operations.csv"));
}

#[test]
fn no_story_and_no_phase_is_called_all() {
    let parsed = |story: &str, phase: &str| {
        let text = format!(
            "schema = 1\nname = \"a\"\n[load]\narrivals = {{ rate = \"1/s\" }}\nduration = \"1m\"\n[[story]]\nname = \"{story}\"\nsteps = \"create\"\n\
             [[phase]]\nname = \"{phase}\"\nfrom = \"1s\"\n"
        );
        parse("a test", &text, std::path::Path::new("."), &[])
    };
    assert!(parsed("a", "b").is_ok());
    for (story, phase) in [(ALL, "b"), ("a", ALL)] {
        let mistakes = parsed(story, phase).unwrap_err();
        let messages: Vec<&str> = mistakes.messages().collect();
        assert_eq!(
            messages,
            ["`(all)` is what results call all of them together"]
        );
    }
}
