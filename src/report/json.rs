//! `run.json`: what ran, where, how it was judged and what it came to, for scripts and later comparison.

use super::averages;
use super::headline::sentence;
use super::intervals;
use super::origin::Origin;
use super::storage;
use super::totals::{self, Totals, unknown_because};
use crate::capacity::{self, Averages, Growth, Usage};
use crate::metrics::{FaultTurn, Latency, RunResult, StormResult, ThresholdResult};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::slice;
use stormglass_glance::LocalFailure;
use stormglass_glance::shown::is_hidden;
use stormglass_model::lifecycle::{Invariant, Operation, Outcome, SubjectStatus};
use stormglass_model::random::Seed;
use stormglass_model::units::Span;

/// The document, indented, with a line feed at its end.
pub fn run_json(origin: &Origin, result: &StormResult) -> Vec<u8> {
    let totals = Totals::of(result);
    let runs = &result.runs;
    let hashes: Vec<Option<String>> = runs.iter().map(|run| run.event_hash.map(hex)).collect();
    let one_by_one: Vec<Value> = runs.iter().map(|run| one_run(origin, run)).collect();
    let violations = counts(Invariant::ALL.map(Invariant::name), &totals.violations);
    let statuses = counts(
        SubjectStatus::ALL.map(SubjectStatus::name),
        &totals.by_status,
    );
    let outcomes = counts(Outcome::ALL.map(Outcome::name), &totals.operations);
    let busiest = capacity::bottleneck(runs).map(bottleneck);
    let growing: Vec<Value> = capacity::growing(runs).iter().map(growth).collect();
    let by_wall_time = quotient(totals.transitions, result.wall_s);
    let by_processor_time = quotient(totals.events, result.cpu_s);
    let first_local_failure = local_failure(result.first_local_failure());
    pretty(&Ordered([
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("scenario", json!(origin.scenario)),
        ("scenario_sha256", json!(origin.scenario_sha256)),
        ("scenario_keys", json!(origin.keys)),
        ("seed", json!(origin.seed)),
        ("clock", json!(origin.clock.name())),
        ("target", json!(origin.target)),
        ("target_url", json!(origin.target_url)),
        ("profile", json!(origin.profile)),
        ("repeat", json!(origin.repeat())),
        ("host", json!(origin.host)),
        ("verdict", json!(result.verdict.name())),
        ("sentence", json!(sentence(result))),
        ("unknown_because", json!(unknown_because(runs))),
        ("first_local_failure", first_local_failure),
        ("interrupted", json!(result.interrupted())),
        ("notes", json!(notes(origin, runs))),
        ("violations", json!(totals.violation_total())),
        ("violations_by_invariant", violations),
        ("subjects", json!(totals.subjects)),
        ("subjects_by_status", statuses),
        ("transitions", json!(totals.transitions)),
        ("operations", json!(totals.operations.iter().sum::<u64>())),
        ("operations_by_outcome", outcomes),
        ("events", json!(totals.events)),
        ("event_hash", json!(event_hash(runs).map(hex))),
        ("event_hashes", json!(hashes)),
        ("generator", generator(result, &totals)),
        ("in_flight_mean", json!(totals.in_flight_mean)),
        ("averages", averages::json(&Averages::of(runs))),
        ("bytes_stored_max", json!(totals.bytes_stored_max)),
        ("storage", storage::json(origin, runs)),
        ("bottleneck", json!(busiest)),
        ("growing", json!(growing)),
        ("thresholds_met", json!(result.thresholds_met())),
        ("thresholds", json!(thresholds(result))),
        ("intervals", json!(intervals::intervals(runs))),
        ("latencies", json!(latencies(result))),
        ("threads", json!(result.threads)),
        ("covered_s", json!(totals.length.as_secs_f64())),
        ("wall_s", json!(result.wall_s)),
        ("cpu_s", json!(result.cpu_s)),
        ("peak_rss_bytes", json!(result.peak_rss_bytes)),
        ("estimated_bytes", json!(result.estimated_bytes)),
        ("transitions_per_s", by_wall_time),
        ("events_per_s", by_processor_time),
        ("runs", json!(one_by_one)),
    ]))
}

/// What to know before one believes the figures.
fn notes(origin: &Origin, runs: &[RunResult]) -> Vec<String> {
    let mut notes = origin.cautions.clone();
    notes.extend(capacity::too_short(runs).map(|it| averages::warm_up(&it)));
    notes.extend(runs.iter().flat_map(|run| run.notes.iter().cloned()));
    notes
}

fn generator(result: &StormResult, totals: &Totals) -> Value {
    json!({
        "was_bottleneck": result.generator_bottleneck,
        "arrivals": totals.arrivals,
        "dropped": totals.dropped,
        "late": totals.late,
    })
}

/// What failed on the load generator's own machine, and what to do about it.
pub fn local_failure(failure: Option<&LocalFailure>) -> Value {
    json!(failure.map(|failure| {
        json!({ "cause": failure.cause.name(), "sentence": failure.to_string() })
    }))
}

/// An object whose keys stay in this order: the maps of `serde_json` sort theirs.
pub struct Ordered<E>(pub E);

/// So many keys with their values.
pub type Entries<const N: usize> = [(&'static str, Value); N];

impl<E: IntoIterator<Item = (&'static str, Value)> + Clone> Serialize for Ordered<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.clone())
    }
}

/// A document of strings, numbers and maps with string keys, of which JSON refuses nothing: indented, with a line feed at
/// its end.
pub fn pretty(document: &impl Serialize) -> Vec<u8> {
    let text = serde_json::to_string_pretty(document).unwrap_or_default() + "\n";
    // What cannot be seen can only stand in a string.
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c != '\n' && is_hidden(c) {
            false => escaped.push(c),
            true => (c.encode_utf16(&mut [0; 2]).iter())
                .for_each(|unit| escaped += &format!("\\u{unit:04x}")),
        }
    }
    escaped.into_bytes()
}

fn bottleneck(usage: Usage) -> Value {
    let waiting: Vec<&str> = usage.waiting.iter().map(|work| work.name()).collect();
    json!({
        "resource": usage.resource.name(),
        "phase": usage.phase,
        "units": usage.units,
        "utilisation": usage.utilisation,
        "load": usage.load,
        "is_short": usage.is_short(),
        "needed": usage.needed(),
        "mean_wait_us": usage.mean_wait_ns / 1e3,
        "mean_queue": usage.mean_queue,
        "waiting": waiting,
    })
}

fn growth(growth: &Growth) -> Value {
    json!({ "level": growth.level, "per_second": growth.per_second })
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
        "subjects": run.end.by_status().iter().sum::<u64>(),
        "transitions": run.transition_total(),
        "events": run.end.events,
        "event_hash": run.event_hash.map(hex),
        "covered_s": run.length().as_secs_f64(),
        "phases": run.phases.iter().map(|phase| json!({
            "name": phase.name,
            "from_s": phase.from.as_secs_f64(),
            "to_s": phase.to.as_secs_f64(),
        })).collect::<Vec<_>>(),
        "faults": faults(origin, run),
        "operations": responses(run),
    })
}

/// What the summary shows of each transition, and the same of each operation by outcome: over all runs and stories, without warm-up.
fn latencies(result: &StormResult) -> Vec<Value> {
    let transitions = totals::transitions(&result.runs).into_iter().map(|total| {
        let (from, to) = total.key.names();
        let kind = if total.key.is_task() { "task:" } else { "" };
        let mut object = latency(&total.latency, total.per_second);
        object["transition"] = json!(format!("{kind}{from}->{to}"));
        object
    });
    let operations = totals::operations(&result.runs).into_iter().map(|total| {
        let mut object = latency(&total.response, total.per_second);
        object["operation"] = json!(total.operation.name());
        object["outcome"] = json!(total.outcome.name());
        object["service_p50_us"] = json!(micros(total.service.quantile(0.5)));
        object["service_p99_us"] = json!(micros(total.service.quantile(0.99)));
        object
    });
    transitions.chain(operations).collect()
}

fn micros(span: Span) -> f64 {
    span.0 as f64 / 1e3
}

fn latency(latency: &Latency, per_second: Option<f64>) -> Value {
    let quantile = |quantile| micros(latency.quantile(quantile));
    json!({
        "count": latency.count(),
        "rate_per_s": per_second,
        "min_us": micros(latency.min()),
        "mean_us": latency.mean_ns() / 1e3,
        "p50_us": quantile(0.5),
        "p90_us": quantile(0.9),
        "p95_us": quantile(0.95),
        "p99_us": quantile(0.99),
        "p999_us": quantile(0.999),
        "max_us": micros(latency.max()),
    })
}

/// Each threshold, with the interval of its figure over runs if there are several.
fn thresholds(result: &StormResult) -> Vec<Value> {
    let judged = result.thresholds.iter().enumerate();
    let objects = judged.map(|(position, judged)| {
        let mut object = threshold(result, judged);
        let interval = intervals::of_threshold(&judged.threshold, position, &result.runs);
        if let Some(interval) = interval {
            object["interval"] = interval;
        }
        object
    });
    objects.collect()
}

/// When each fault was open.
fn faults(origin: &Origin, run: &RunResult) -> Vec<Value> {
    let opened = run.faults.iter().enumerate().filter(|(_, turn)| turn.open);
    let stretch = |(at, turn): (usize, &FaultTurn)| {
        let mut later = run.faults[at..].iter();
        let healed = later.find(|other| other.fault == turn.fault && !other.open);
        let to = healed.map_or(run.end.at, |turn| turn.at);
        json!({
            "name": origin.faults.get(usize::from(turn.fault.0)),
            "from_s": turn.at.as_secs_f64(),
            "to_s": to.as_secs_f64(),
        })
    };
    opened.map(stretch).collect()
}

/// The response times of each operation after warm-up.
fn responses(run: &RunResult) -> Vec<Value> {
    let responses = totals::responses(slice::from_ref(run)).into_iter();
    let figures = |(operation, response): (Operation, Latency)| {
        let micros = |quantile| micros(response.quantile(quantile));
        json!({
            "operation": operation.name(),
            "count": response.count(),
            "p50_us": micros(0.5),
            "p90_us": micros(0.9),
            "p99_us": micros(0.99),
            "p999_us": micros(0.999),
        })
    };
    responses.map(figures).collect()
}

/// `bound` and `value` are in `unit`. What does not apply is left out: the phase, the story, and the windows.
fn threshold(result: &StormResult, judged: &ThresholdResult) -> Value {
    let threshold = &judged.threshold;
    let mut object = json!({
        "of": threshold.key,
        "demand": threshold.expression,
        "unit": threshold.unit().name(),
        "bound": threshold.bound,
        "value": judged.value,
        "met": judged.met,
    });
    if let Some(phase) = &threshold.phase {
        object["phase"] = json!(phase);
    }
    if let Some(story) = threshold.story {
        object["story"] = json!(result.stories[usize::from(story.0)]);
    }
    if let Some(windows) = threshold.windows {
        object["over_s"] = json!(windows.length.as_secs_f64());
        object["window"] = json!(judged.window.map(|worst| json!({
            "run": worst.run,
            "from_s": worst.from.as_secs_f64(),
            "to_s": worst.to.as_secs_f64(),
        })));
    }
    if threshold
        .windows
        .is_some_and(|windows| windows.abort_on_fail)
    {
        object["ended_load"] = json!(judged.window.is_some_and(|worst| worst.ended_load));
    }
    object
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

fn counts<const N: usize>(names: [&'static str; N], counts: &[u64; N]) -> Value {
    let counts = counts.iter().map(|&count| count.into());
    Value::Object(names.map(str::to_owned).into_iter().zip(counts).collect())
}

fn quotient(count: u64, seconds: f64) -> Value {
    json!((seconds > 0.0).then(|| count as f64 / seconds))
}
