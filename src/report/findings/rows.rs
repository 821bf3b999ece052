//! `findings.csv`: a row for each finding, symptom and script.

use super::numbered;
use super::words::clean;
use crate::report::csv::table;
use crate::sweep::{SweepResult, operations};
use std::io;

/// The table. `point` is empty where nothing raced; `script` is the one that was run at that point, and `repeat` runs the shortest that
/// shows the symptom. `name` is what a file of accepted findings calls the finding.
pub fn rows(result: &SweepResult) -> io::Result<Vec<u8>> {
    let header = "number,severity,invariant,symptom,operations,point,shown,tries,accepted,script,sentence,repeat,name";
    let mut records = Vec::new();
    for (number, finding) in numbered(result) {
        for variant in &finding.variants {
            for tally in &variant.tallies {
                let point = tally.point().map(|point| point.to_string());
                records.push([
                    number.to_string(),
                    variant.severity.to_string(),
                    variant.invariant.to_string(),
                    variant.symptom.to_string(),
                    operations(&tally.script),
                    point.unwrap_or_default(),
                    tally.shown.to_string(),
                    tally.tries.to_string(),
                    finding.accepted.to_string(),
                    tally.script.to_string(),
                    clean(&variant.sentence),
                    variant.repeat.clone(),
                    finding.cause.to_string(),
                ]);
            }
        }
    }
    table(header, records.into_iter())
}
