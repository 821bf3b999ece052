//! `sweep.json`: what was tried, how it was judged and what was found, for scripts and later comparison.

use super::{file_name, numbered};
use crate::finding::{Finding, SweepResult, Tally};
use serde_json::{Value, json};

/// The document, indented, with a line feed at its end.
pub fn sweep_json(result: &SweepResult) -> Vec<u8> {
    let document = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "target": result.target,
        "seed": result.seed,
        "verdict": result.verdict().name(),
        "interrupted": result.interrupted,
        "scripts": { "run": result.cells.0, "planned": result.cells.1 },
        "tries": result.tries,
        "tries_unknown": result.unknown,
        "wall_s": result.wall.as_secs_f64(),
        "notes": result.notes,
        "images_left": result.left,
        "findings_fresh": result.fresh().count(),
        "findings": numbered(result).map(one).collect::<Vec<Value>>(),
    });
    // Strings, numbers and maps with string keys: nothing that JSON could refuse.
    let mut bytes = serde_json::to_vec_pretty(&document).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn one((number, finding): (usize, &Finding)) -> Value {
    let key = &finding.key;
    json!({
        "number": number,
        "name": key.name(),
        "severity": key.severity.name(),
        "invariant": key.invariant.name(),
        "symptom": key.symptom.name(),
        "operations": key.operations,
        "sentence": finding.sentence,
        "accepted": finding.accepted,
        "points": finding.tallies.iter().map(tally).collect::<Vec<Value>>(),
        "script": finding.script.to_string(),
        "shown": finding.shortest.0,
        "tries": finding.shortest.1,
        "repeat": finding.repeat,
        "image": finding.image,
        "drawing": file_name(number, "svg"),
    })
}

fn tally(tally: &Tally) -> Value {
    json!({
        "point": tally.point.map(|point| point.to_string()),
        "script": tally.script.to_string(),
        "shown": tally.shown,
        "tries": tally.tries,
    })
}
