//! What is shown of each tenant apart.

use super::file;
use super::sample::origin;
use std::collections::BTreeMap;
use stormglass::{RunOptions, StormResult, files, parse, run, summary};

const STORM: &str = r#"
schema = 1
name = "tenants"
[service.store]
put = "10ms"
[load]
arrivals = { rate = "50/s" }
duration = "20s"
warm_up = "5s"
[[story]]
name = "one of acme"
tenant = "acme"
steps = "create upload delete"
[[story]]
name = "other of acme"
tenant = "acme"
steps = "create abort-upload upload"
[[story]]
name = "of zenith"
tenant = "zenith"
steps = "create upload download"
[[story]]
name = "nobody's"
steps = "create delete"
"#;

fn storm(text: &str) -> StormResult {
    let scenario = parse("a test", text, std::path::Path::new("."), &[]);
    let scenario = scenario.unwrap_or_else(|mistakes| panic!("{mistakes}"));
    run(&scenario, &RunOptions::default()).unwrap()
}

/// How many there were by phase, whose they are, operation and outcome.
fn counts(
    result: &StormResult,
    name: &str,
    of: fn(&str) -> Option<&str>,
) -> BTreeMap<Vec<String>, u64> {
    let bytes = file(&origin(), result, name);
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let mut counts = BTreeMap::new();
    for record in reader.records() {
        let record = record.unwrap();
        if let Some(tenant) = of(&record[2]) {
            let key = [&record[1], tenant, &record[3], &record[4]].map(str::to_owned);
            *counts.entry(key.to_vec()).or_default() += record[5].parse::<u64>().unwrap();
        }
    }
    counts
}

#[test]
fn tenants_have_the_operations_of_their_stories() {
    let storm = storm(STORM);
    let tenant_of = |story: &str| match story {
        "one of acme" | "other of acme" => Some("acme"),
        "of zenith" => Some("zenith"),
        _ => None,
    };
    let of_stories = counts(&storm, "operations.csv", tenant_of);
    let known = |tenant: &str| ["acme", "zenith"].into_iter().find(|it| *it == tenant);
    assert_eq!(counts(&storm, "tenants.csv", known), of_stories);
    assert!(of_stories.len() > 10);
}

#[test]
fn the_summary_has_a_line_for_each_tenant() {
    let storm = storm(STORM);
    let text = summary(&origin(), &storm, None, false);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("  tenant "))
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    for (line, tenant) in lines.iter().zip(["acme", "zenith"]) {
        let known = |it: &str| ["acme", "zenith"].into_iter().find(|known| *known == it);
        let rows = counts(&storm, "tenants.csv", known);
        let rows = rows
            .iter()
            .filter(|(key, _)| key[1] == tenant && key[0] != "warm_up");
        let all: u64 = rows.map(|(_, count)| count).sum();
        let shown = line.replace(',', "");
        // An upload that is aborted on purpose is no error.
        let expected = format!("  tenant {tenant}: {all} operations 0 errors (0%); p50 ");
        assert!(shown.starts_with(&expected), "{expected}: {line}");
    }
}

#[test]
fn where_there_are_no_tenants_nothing_is_shown_of_them() {
    let without = storm(&STORM.replace("tenant = ", "# "));
    assert!(!summary(&origin(), &without, None, false).contains("tenant "));
    assert!(files(&origin(), &without).all(|(name, _)| name != "tenants.csv"));
}
