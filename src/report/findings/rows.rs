//! `findings.csv`: a row for each finding and point.

use super::numbered;
use super::words::clean;
use crate::report::csv::table;
use crate::sweep::SweepResult;
use std::io;

/// The table. `point` is empty where nothing raced; `script` is the one that was run at that point, and `repeat` runs the shortest.
pub fn rows(result: &SweepResult) -> io::Result<Vec<u8>> {
    let header = [
        "number",
        "severity",
        "invariant",
        "symptom",
        "operations",
        "point",
        "shown",
        "tries",
        "accepted",
        "script",
        "sentence",
        "repeat",
    ];
    table(&header, |rows| {
        for (number, finding) in numbered(result) {
            let key = &finding.key;
            for tally in &finding.tallies {
                let point = tally.point.map(|point| point.to_string());
                rows.write_record([
                    number.to_string().as_str(),
                    key.severity.name(),
                    key.invariant.name(),
                    key.symptom.name(),
                    &key.operations,
                    &point.unwrap_or_default(),
                    &tally.shown.to_string(),
                    &tally.tries.to_string(),
                    if finding.accepted { "true" } else { "false" },
                    &tally.script.to_string(),
                    &clean(&finding.sentence),
                    &finding.repeat,
                ])?;
            }
        }
        Ok(())
    })
}
