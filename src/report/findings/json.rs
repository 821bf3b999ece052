//! `sweep.json`: what was tried, how it was judged and what was found, for scripts and later comparison.

use super::happened::Happened;
use super::words::{demand, explained, monthly, sentence, title};
use super::{curl, families, file_name, numbered};
use crate::report::json::{Entries, Ordered, local_failure, pretty};
use crate::report::number::interval;
use crate::sweep::{
    Finding, Interval, Month, SweepResult, Tally, Variant, operations, shows_locations,
};
use serde::Serialize;
use serde_json::{Value, json};
use stormglass_model::checker::concurrent::Severity;

#[derive(Serialize)]
struct SweepDocument {
    #[serde(flatten)]
    sweep: Ordered<Entries<17>>,
    findings: Vec<Ordered<Entries<21>>>,
}

/// The document, indented, with a line feed at its end.
pub fn sweep_json(result: &SweepResult) -> Vec<u8> {
    let sweep = Ordered([
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("target", json!(result.target)),
        ("seed", json!(result.seed)),
        ("verdict", json!(result.verdict().name())),
        ("sentence", json!(sentence(result))),
        ("interrupted", json!(result.interrupted)),
        (
            "first_local_failure",
            local_failure(result.first_local_failure.as_ref()),
        ),
        ("scripts_run", json!(result.cases.0)),
        ("scripts_planned", json!(result.cases.1)),
        ("families", families::list(result)),
        ("tries", json!(result.tries)),
        ("tries_unknown", json!(result.unknown)),
        ("wall_s", json!(result.wall.as_secs_f64())),
        ("notes", json!(result.notes)),
        ("images_left", json!(result.left)),
        ("data_left", json!(result.left_data)),
        ("findings_fresh", json!(result.fresh().count())),
    ]);
    let findings = numbered(result).map(|it| one(result, it)).collect();
    pretty(&SweepDocument { sweep, findings })
}

fn one(result: &SweepResult, (number, finding): (usize, &Finding)) -> Ordered<Entries<21>> {
    let worst = finding.worst();
    let variants: Vec<Value> = finding.variants.iter().map(variant).collect();
    Ordered([
        ("number", json!(number)),
        // What a file of accepted findings calls it; the same in every sweep.
        ("name", json!(finding.cause.to_string())),
        ("title", json!(title(finding.cause))),
        // What kind of mistake of the server it is, and what must hold.
        ("explanation", json!(explained(finding.cause.mechanism))),
        ("demand", json!(demand(worst.invariant))),
        ("severity", json!(finding.severity().name())),
        // The worst of its variants.
        ("invariant", json!(worst.invariant.name())),
        ("symptom", json!(worst.symptom.name())),
        ("operations", json!(operations(&worst.shortest().script))),
        ("sentence", json!(worst.sentence)),
        ("accepted", json!(finding.accepted)),
        // The shortest script, and the command that runs it again.
        ("shortest", tried(worst.shortest())),
        ("repeat", json!(worst.repeat)),
        ("points", points(worst)),
        (
            "shows_locations",
            json!(shows_locations(&worst.shortest().script)),
        ),
        ("image", json!(worst.example.image)),
        ("drawing", json!(file_name(number, "svg"))),
        ("timeline", json!(Happened::of(worst))),
        ("by_hand", json!(by_hand(result, worst))),
        ("variants", json!(variants)),
        (
            "month",
            finding
                .month
                .as_ref()
                .map_or(Value::Null, |it| month(it, finding.severity())),
        ),
    ])
}

/// What it comes to in a month; null where that is not known.
fn month(month: &Month, severity: Severity) -> Value {
    let figure = |it: Interval| json!({ "value": it.value, "low": it.low, "high": it.high });
    json!({
        "sentence": monthly(month, severity),
        "met": month.met,
        "times": figure(month.times),
        "bytes": month.bytes.map(figure),
        "cost": month.cost.as_ref().map(|(it, _)| figure(*it)),
        "currency": month.cost.as_ref().map(|(_, currency)| currency),
    })
}

/// What was sent as commands for a shell; none where nothing went over a wire.
fn by_hand(result: &SweepResult, variant: &Variant) -> Option<String> {
    let commands = curl::commands(&result.target, &result.looks, variant);
    Some(commands).filter(|commands| !commands.is_empty())
}

fn variant(variant: &Variant) -> Value {
    json!({
        "severity": variant.severity.name(),
        "invariant": variant.invariant.name(),
        "symptom": variant.symptom.name(),
        "sentence": variant.sentence,
        "shortest": tried(variant.shortest()),
        "repeat": variant.repeat,
        "points": points(variant),
    })
}

/// Every script that showed it, the shortest first; without `point` where nothing raced.
fn points(variant: &Variant) -> Value {
    let point = |tally: &Tally| {
        let mut point = tried(tally);
        if let Some(at) = tally.point() {
            point["point"] = json!(at.to_string());
        }
        point
    };
    variant.tallies.iter().map(point).collect()
}

fn tried(tally: &Tally) -> Value {
    let (low, high) = interval(tally.shown, tally.tries);
    let rounded = [low, high].map(|share| (share * 1e4).round() / 1e4);
    json!({
        "script": tally.script.to_string(),
        "shown": tally.shown,
        "tries": tally.tries,
        "share_95": rounded,
    })
}
