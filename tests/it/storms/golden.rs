//! The event hash of every shipped scenario in virtual time, as it was when somebody last looked: any change in what the service does,
//! in which order, or in what is drawn, shows here.
//!
//! Was it meant? `INSTA_UPDATE=always cargo test --test it storms::golden` writes the hashes anew, and CHANGELOG.md says why.

use super::shipped::STORMS;
use super::{read, run};
use stormglass::StormResult;
use stormglass_model::config::Defect;

/// A line of a scenario: its name, and the hash of each of its runs; none if its clock is real.
fn line(name: &str, result: &StormResult) -> Option<String> {
    let hash = |run: &stormglass::RunResult| run.event_hash.map(|hash| format!(" {hash:016x}"));
    let hashes: Option<String> = result.runs.iter().map(hash).collect();
    hashes.map(|hashes| format!("{name}{hashes}\n"))
}

#[test]
fn every_shipped_scenario_does_what_it_did() {
    let shipped = STORMS
        .iter()
        .filter_map(|storm| line(storm.name, &storm.result));
    let defects = Defect::ALL.iter().filter_map(|defect| {
        let name = format!("defects/{defect}");
        line(&name, &run(&read(&name, &[]), 2))
    });
    let hashes: String = shipped.chain(defects).collect();
    assert_eq!(hashes.lines().count(), 10 + Defect::ALL.len(), "{hashes}");
    insta::assert_snapshot!("golden", hashes);
}
