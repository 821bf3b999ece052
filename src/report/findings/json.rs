//! `sweep.json`: what was tried, how it was judged and what was found, for scripts and later comparison.

use super::{file_name, numbered};
use crate::report::json::pretty;
use crate::sweep::{Finding, SweepResult};
use serde::Serialize;
use stormglass_model::script::{Point, Script};

#[derive(Serialize)]
struct SweepDocument<'a> {
    version: &'static str,
    target: &'a str,
    seed: u64,
    verdict: &'static str,
    interrupted: bool,
    scripts_run: u32,
    scripts_planned: u32,
    tries: u64,
    tries_unknown: u64,
    wall_s: f64,
    notes: &'a [String],
    images_left: &'a [String],
    findings_fresh: usize,
    findings: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    number: usize,
    /// What a file of accepted findings calls it; the same in every sweep.
    name: String,
    severity: &'static str,
    invariant: &'static str,
    symptom: &'static str,
    operations: &'a str,
    sentence: &'a str,
    accepted: bool,
    /// The shortest script, and the command that runs it again.
    shortest: Tried,
    repeat: &'a str,
    /// Every point that was tried; the most frequent first.
    points: Vec<Tried>,
    image: &'a str,
    drawing: String,
}

#[derive(Serialize)]
struct Tried {
    #[serde(skip_serializing_if = "Option::is_none")]
    point: Option<String>,
    script: String,
    shown: u32,
    tries: u32,
}

/// The document, indented, with a line feed at its end.
pub fn sweep_json(result: &SweepResult) -> Vec<u8> {
    let document = SweepDocument {
        version: env!("CARGO_PKG_VERSION"),
        target: &result.target,
        seed: result.seed,
        verdict: result.verdict().name(),
        interrupted: result.interrupted,
        scripts_run: result.cases.0,
        scripts_planned: result.cases.1,
        tries: result.tries,
        tries_unknown: result.unknown,
        wall_s: result.wall.as_secs_f64(),
        notes: &result.notes,
        images_left: &result.left,
        findings_fresh: result.fresh().count(),
        findings: numbered(result).map(one).collect(),
    };
    pretty(&document)
}

fn one((number, finding): (usize, &Finding)) -> One<'_> {
    let key = &finding.key;
    let tried = |point: Option<Point>, script: &Script, (shown, tries): (u32, u32)| Tried {
        point: point.map(|point| point.to_string()),
        script: script.to_string(),
        shown,
        tries,
    };
    let points = (finding.tallies.iter())
        .map(|tally| tried(tally.point, &tally.script, (tally.shown, tally.tries)));
    One {
        number,
        name: key.name(),
        severity: key.severity.name(),
        invariant: key.invariant.name(),
        symptom: key.symptom.name(),
        operations: &key.operations,
        sentence: &finding.sentence,
        accepted: finding.accepted,
        shortest: tried(None, &finding.script, finding.shortest),
        repeat: &finding.repeat,
        points: points.collect(),
        image: &finding.image,
        drawing: file_name(number, "svg"),
    }
}
