//! `findings.csv`: a row for each finding and point.

use super::numbered;
use super::words::clean;
use crate::report::csv::table;
use crate::sweep::SweepResult;
use std::io;

/// The table. `point` is empty where nothing raced; `script` is the one that was run at that point, and `repeat` runs the shortest.
pub fn rows(result: &SweepResult) -> io::Result<Vec<u8>> {
    let header = "number,severity,invariant,symptom,operations,point,shown,tries,accepted,script,sentence,repeat";
    let records = numbered(result).flat_map(|(number, finding)| {
        finding.tallies.iter().map(move |tally| {
            let key = &finding.key;
            let point = tally.point().map(|point| point.to_string());
            [
                number.to_string(),
                key.severity.to_string(),
                key.invariant.to_string(),
                key.symptom.to_string(),
                key.operations.clone(),
                point.unwrap_or_default(),
                tally.shown.to_string(),
                tally.tries.to_string(),
                finding.accepted.to_string(),
                tally.script.to_string(),
                clean(&finding.sentence),
                finding.repeat.clone(),
            ]
        })
    });
    table(header, records)
}
