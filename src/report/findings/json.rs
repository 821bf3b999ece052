//! `sweep.json`: what was tried, how it was judged and what was found, for scripts and later comparison.

use super::{families, file_name, numbered};
use crate::report::json::{Ordered, pretty};
use crate::sweep::{Finding, SweepResult, Tally};
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Serialize)]
struct SweepDocument {
    #[serde(flatten)]
    sweep: Ordered<14>,
    findings: Vec<Ordered<13>>,
}

/// The document, indented, with a line feed at its end.
pub fn sweep_json(result: &SweepResult) -> Vec<u8> {
    let sweep = Ordered([
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("target", json!(result.target)),
        ("seed", json!(result.seed)),
        ("verdict", json!(result.verdict().name())),
        ("interrupted", json!(result.interrupted)),
        ("scripts_run", json!(result.cases.0)),
        ("scripts_planned", json!(result.cases.1)),
        ("families", families::list(result)),
        ("tries", json!(result.tries)),
        ("tries_unknown", json!(result.unknown)),
        ("wall_s", json!(result.wall.as_secs_f64())),
        ("notes", json!(result.notes)),
        ("images_left", json!(result.left)),
        ("findings_fresh", json!(result.fresh().count())),
    ]);
    let findings = numbered(result).map(one).collect();
    pretty(&SweepDocument { sweep, findings })
}

fn one((number, finding): (usize, &Finding)) -> Ordered<13> {
    let key = &finding.key;
    // Every point that was tried, the most frequent first; without `point` where nothing raced.
    let points: Vec<Value> = (finding.tallies.iter())
        .map(|tally| {
            let mut point = tried(tally);
            if let Some(at) = tally.point() {
                point["point"] = json!(at.to_string());
            }
            point
        })
        .collect();
    Ordered([
        ("number", json!(number)),
        // What a file of accepted findings calls it; the same in every sweep.
        ("name", json!(key.name())),
        ("severity", json!(key.severity.name())),
        ("invariant", json!(key.invariant.name())),
        ("symptom", json!(key.symptom.name())),
        ("operations", json!(key.operations)),
        ("sentence", json!(finding.sentence)),
        ("accepted", json!(finding.accepted)),
        // The shortest script, and the command that runs it again.
        ("shortest", tried(&finding.shortest)),
        ("repeat", json!(finding.repeat)),
        ("points", json!(points)),
        ("image", json!(finding.image)),
        ("drawing", json!(file_name(number, "svg"))),
    ])
}

fn tried(tally: &Tally) -> Value {
    json!({ "script": tally.script.to_string(), "shown": tally.shown, "tries": tally.tries })
}
