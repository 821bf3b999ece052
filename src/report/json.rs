//! `run.json`: what ran, where, how it was judged and what it came to, for scripts and later comparison.

use super::origin::Origin;
use super::totals::{self, Bottleneck, Totals};
use crate::metrics::{Aggregate, RunResult, StormResult, ThresholdResult};
use serde::Serialize;
use serde_json::{Map, Value, json};
use stormglass_model::lifecycle::{Invariant, Outcome, SubjectStatus};
use stormglass_model::random::Seed;

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    scenario: &'a str,
    scenario_sha256: &'a str,
    seed: u64,
    clock: &'static str,
    target: &'static str,
    target_url: Option<&'a str>,
    profile: &'static str,
    repeat: String,
    host: Value,
    verdict: &'static str,
    unknown_because: Option<&'a str>,
    interrupted: bool,
    notes: Vec<&'a str>,
    violations: u64,
    violations_by_invariant: Map<String, Value>,
    subjects: u64,
    subjects_by_status: Map<String, Value>,
    transitions: u64,
    operations: u64,
    operations_by_outcome: Map<String, Value>,
    events: u64,
    event_hash: Option<String>,
    event_hashes: Vec<Option<String>>,
    generator: Value,
    in_flight_mean: Option<f64>,
    bytes_stored_max: Option<u64>,
    bottleneck: Option<Value>,
    thresholds_met: bool,
    thresholds: Vec<Value>,
    threads: usize,
    covered_s: f64,
    wall_s: f64,
    cpu_s: f64,
    peak_rss_bytes: u64,
    /// By wall time.
    transitions_per_s: Option<f64>,
    /// By processor time.
    events_per_s: Option<f64>,
    runs: Vec<Value>,
}

/// The document, indented, with a line feed at its end.
pub fn run_json(origin: &Origin, result: &StormResult) -> Vec<u8> {
    let totals = Totals::of(result);
    let document = Document {
        version: env!("CARGO_PKG_VERSION"),
        scenario: &origin.scenario,
        scenario_sha256: &origin.scenario_sha256,
        seed: origin.seed,
        clock: origin.clock.name(),
        target: origin.target,
        target_url: origin.target_url.as_deref(),
        profile: origin.profile,
        repeat: origin.repeat(),
        host: json!({ "cores": origin.host.cores, "os": origin.host.os, "arch": origin.host.arch }),
        verdict: result.verdict.name(),
        unknown_because: result
            .runs
            .iter()
            .find_map(|run| run.unknown_because.as_deref()),
        interrupted: result.interrupted(),
        notes: result
            .runs
            .iter()
            .flat_map(|run| run.notes.iter().map(String::as_str))
            .collect(),
        violations: totals.violation_total(),
        violations_by_invariant: counts(
            Invariant::ALL.iter().map(|i| i.name()),
            &totals.violations,
        ),
        subjects: totals.subjects,
        subjects_by_status: counts(
            SubjectStatus::ALL.iter().map(|s| s.name()),
            &totals.by_status,
        ),
        transitions: totals.transitions,
        operations: totals.operations.iter().sum(),
        operations_by_outcome: counts(Outcome::ALL.iter().map(|o| o.name()), &totals.operations),
        events: totals.events,
        event_hash: event_hash(&result.runs).map(hex),
        event_hashes: result
            .runs
            .iter()
            .map(|run| run.event_hash.map(hex))
            .collect(),
        generator: json!({
            "was_bottleneck": result.generator_bottleneck,
            "arrivals": totals.arrivals,
            "dropped": totals.dropped,
            "late": totals.late,
        }),
        in_flight_mean: totals.in_flight_mean,
        bytes_stored_max: totals.peak.map(|peak| peak.stored.0),
        bottleneck: totals::bottleneck(&result.runs).map(bottleneck),
        thresholds_met: result.thresholds_met(),
        thresholds: result.thresholds.iter().map(threshold).collect(),
        threads: result.threads,
        covered_s: totals.length.as_secs_f64(),
        wall_s: result.wall_s,
        cpu_s: result.cpu_s,
        peak_rss_bytes: result.peak_rss_bytes,
        transitions_per_s: quotient(totals.transitions, result.wall_s),
        events_per_s: quotient(totals.events, result.cpu_s),
        runs: result.runs.iter().map(|run| one_run(origin, run)).collect(),
    };
    pretty(&document)
}

/// A document of strings, numbers and maps with string keys, of which JSON refuses nothing: indented, with a line feed at
/// its end.
pub fn pretty(document: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(document).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn bottleneck(busiest: Bottleneck) -> Value {
    json!({
        "resource": busiest.resource.name(),
        "phase": busiest.phase,
        "utilisation": busiest.utilisation,
        "mean_wait_us": busiest.mean_wait_ns / 1e3,
        "mean_queue": busiest.mean_queue,
    })
}

fn one_run(origin: &Origin, run: &RunResult) -> Value {
    json!({
        "run": run.run,
        "seed": run.seed,
        "repeat": origin.repeat_run(run.seed),
        "verdict": run.verdict.name(),
        "unknown_because": run.unknown_because,
        "interrupted": run.interrupted,
        "violations": run.violation_total(),
        "subjects": run.end.subjects.iter().sum::<u64>(),
        "transitions": run.transition_total(),
        "events": run.end.events,
        "event_hash": run.event_hash.map(hex),
        "covered_s": run.length.as_secs_f64(),
        "phases": run.phases.iter().map(|phase| json!({
            "name": phase.name,
            "from_s": phase.from.as_secs_f64(),
            "to_s": phase.to.as_secs_f64(),
        })).collect::<Vec<_>>(),
    })
}

/// `bound` and `value` are in `unit`: nanoseconds, a count, or a share from 0 to 1.
fn threshold(judged: &ThresholdResult) -> Value {
    let unit = match judged.threshold.aggregate {
        Aggregate::Percentile(_) | Aggregate::Mean | Aggregate::Min | Aggregate::Max => "ns",
        Aggregate::Count => "count",
        Aggregate::ErrorRate => "share",
    };
    json!({
        "of": judged.threshold.key,
        "demand": judged.threshold.expression,
        "unit": unit,
        "bound": judged.threshold.bound,
        "value": judged.value,
        "met": judged.met,
    })
}

/// One hash for the storm: the run's own, or those of all runs folded in order; none when live.
fn event_hash(runs: &[RunResult]) -> Option<u64> {
    let hashes: Option<Vec<u64>> = runs.iter().map(|run| run.event_hash).collect();
    hashes?
        .into_iter()
        .reduce(|folded, hash| Seed(folded).numbered(hash).0)
}

/// Sixteen digits, since not every reader of JSON holds 64 bits in a number.
fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}

fn counts(names: impl Iterator<Item = &'static str>, counts: &[u64]) -> Map<String, Value> {
    names
        .map(str::to_owned)
        .zip(counts.iter().map(|&count| count.into()))
        .collect()
}

fn quotient(count: u64, seconds: f64) -> Option<f64> {
    (seconds > 0.0).then(|| count as f64 / seconds)
}
