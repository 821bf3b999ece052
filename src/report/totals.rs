//! Figures over all runs of a storm, for the reports that sum up.

use crate::metrics::{Latency, RunResult, StormResult, TransitionKey};
use std::collections::BTreeMap;
use stormglass_model::config::Resource;
use stormglass_model::history::ResourceGauge;
use stormglass_model::lifecycle::{Invariant, Operation, Outcome, SubjectStatus};
use stormglass_model::units::{Bytes, Span};

/// What came together over all runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Totals {
    /// Subjects that came into being, deleted and purged ones included.
    pub subjects: u64,
    /// Subjects in each status at the end, indexed by [`SubjectStatus::index`].
    pub by_status: [u64; SubjectStatus::COUNT],
    /// Changes of status of subjects and tasks.
    pub transitions: u64,
    /// Operations by outcome, indexed by [`Outcome::index`].
    pub operations: [u64; Outcome::COUNT],
    /// Calendar entries executed or actor messages handled.
    pub events: u64,
    /// Stories started.
    pub arrivals: u64,
    /// Arrivals that could not start.
    pub dropped: u64,
    /// Arrivals that started more than ten milliseconds late.
    pub late: u64,
    /// Violations of each invariant, indexed by [`Invariant::index`].
    pub violations: [u64; Invariant::COUNT],
    /// Operations open, on average over the load without warm-up; none when nothing was sampled.
    pub in_flight_mean: Option<f64>,
    /// When the store held most; none when it never held anything, or is not ours to look into.
    pub peak: Option<Peak>,
    /// The virtual or real time covered, summed over runs.
    pub length: Span,
}

/// What the store held at the end of one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peak {
    /// All of it.
    pub stored: Bytes,
    /// Of subjects in pending delete.
    pub pending_delete: Bytes,
}

impl Totals {
    /// Sums up.
    pub fn of(result: &StormResult) -> Totals {
        let mut totals = Totals {
            subjects: 0,
            by_status: [0; SubjectStatus::COUNT],
            transitions: 0,
            operations: [0; Outcome::COUNT],
            events: 0,
            arrivals: 0,
            dropped: 0,
            late: 0,
            violations: [0; Invariant::COUNT],
            in_flight_mean: in_flight_mean(&result.runs),
            peak: peak(&result.runs),
            length: Span::ZERO,
        };
        for run in &result.runs {
            for (sum, count) in totals.by_status.iter_mut().zip(run.end.subjects) {
                *sum += count;
            }
            for (sum, count) in totals.violations.iter_mut().zip(run.violation_counts) {
                *sum += count;
            }
            for row in &run.operations {
                totals.operations[row.outcome.index()] += row.response.count();
            }
            totals.transitions += run.transition_total();
            totals.events += run.end.events;
            totals.arrivals += run.end.arrivals;
            totals.dropped += run.end.dropped;
            totals.late += run.end.late;
            totals.length += run.length;
        }
        totals.subjects = totals.by_status.iter().sum();
        totals
    }

    /// Violations of any invariant.
    pub fn violation_total(&self) -> u64 {
        self.violations.iter().sum()
    }
}

/// Where in a run a phase lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stretch {
    WarmUp,
    Load,
    Settle,
}

fn stretch(run: &RunResult, phase: usize) -> Stretch {
    match run.phases.get(phase) {
        Some(found) if found.name == "warm_up" => Stretch::WarmUp,
        _ if phase + 1 == run.phases.len() && phase > 0 => Stretch::Settle,
        _ => Stretch::Load,
    }
}

/// How long the load lasted without warm-up and settle, in seconds, summed over runs.
fn load_s(runs: &[RunResult]) -> f64 {
    runs.iter()
        .flat_map(|run| {
            run.phases
                .iter()
                .enumerate()
                .map(move |(i, phase)| (run, i, phase))
        })
        .filter(|&(run, i, _)| stretch(run, i) == Stretch::Load)
        .map(|(_, _, phase)| phase.length().as_secs_f64())
        .sum()
}

fn in_flight_mean(runs: &[RunResult]) -> Option<f64> {
    let (mut weighted, mut seconds) = (0.0, 0.0);
    for run in runs {
        for row in run
            .timeline
            .iter()
            .filter(|row| stretch(run, row.phase) == Stretch::Load)
        {
            weighted += row.gauges.in_flight as f64 * row.length.as_secs_f64();
            seconds += row.length.as_secs_f64();
        }
    }
    (seconds > 0.0).then(|| weighted / seconds)
}

fn peak(runs: &[RunResult]) -> Option<Peak> {
    runs.iter()
        .flat_map(|run| &run.timeline)
        .map(|row| &row.gauges)
        .filter(|gauges| gauges.bytes_stored > 0)
        .max_by_key(|gauges| gauges.bytes_stored)
        .map(|gauges| Peak {
            stored: Bytes(gauges.bytes_stored),
            pending_delete: Bytes(gauges.bytes_pending_delete),
        })
}

/// Whether transitions of a warm-up are left out of [`transitions`].
pub fn warms_up(runs: &[RunResult]) -> bool {
    let mut seen = runs
        .iter()
        .flat_map(|run| run.transitions.iter().map(|row| stretch(run, row.phase)));
    seen.clone().any(|stretch| stretch == Stretch::WarmUp)
        && seen.any(|stretch| stretch != Stretch::WarmUp)
}

/// One transition over all runs and stories, without warm-up.
#[derive(Clone, Debug)]
pub struct TransitionTotal {
    /// The statuses before and after.
    pub key: TransitionKey,
    /// Its latencies.
    pub latency: Latency,
    /// How many a second there were under load, warm-up and settle apart; none without such a phase.
    pub per_second: Option<f64>,
}

/// Every transition seen after warm-up, in the order of statuses; all of them if there was only warm-up.
pub fn transitions(runs: &[RunResult]) -> Vec<TransitionTotal> {
    let only_warm_up = runs.iter().all(|run| {
        run.transitions
            .iter()
            .all(|row| stretch(run, row.phase) == Stretch::WarmUp)
    });
    let mut sums: BTreeMap<TransitionKey, (Latency, u64)> = BTreeMap::new();
    for run in runs {
        for row in &run.transitions {
            let stretch = stretch(run, row.phase);
            if stretch == Stretch::WarmUp && !only_warm_up {
                continue;
            }
            let (latency, under_load) = sums.entry(row.key).or_default();
            latency.add(&row.latency);
            if stretch == Stretch::Load {
                *under_load += row.latency.count();
            }
        }
    }
    let seconds = load_s(runs);
    sums.into_iter()
        .map(|(key, (latency, under_load))| TransitionTotal {
            key,
            latency,
            per_second: (seconds > 0.0 && under_load > 0).then(|| under_load as f64 / seconds),
        })
        .collect()
}

/// How one operation ended, over all runs and stories, without warm-up; indexed by [`Outcome::index`].
pub fn outcomes(runs: &[RunResult]) -> BTreeMap<Operation, [u64; Outcome::COUNT]> {
    let mut sums: BTreeMap<Operation, [u64; Outcome::COUNT]> = BTreeMap::new();
    for run in runs {
        for row in &run.operations {
            if stretch(run, row.phase) != Stretch::WarmUp {
                sums.entry(row.operation).or_default()[row.outcome.index()] += row.response.count();
            }
        }
    }
    sums
}

/// The queue that was busiest in one phase of the load, over all runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Bottleneck {
    /// Which queue.
    pub resource: Resource,
    /// The phase's name.
    pub phase: String,
    /// Share of its units that was held, 0 to 1.
    pub utilisation: f64,
    /// How long those who got a unit had waited, in nanoseconds.
    pub mean_wait_ns: f64,
    /// How many waited, on average.
    pub mean_queue: f64,
}

/// What one queue did in one phase, summed over runs.
struct Load<'a> {
    phase: &'a str,
    flow: ResourceGauge,
    length_ns: u128,
    /// The phase's length times the units.
    capacity_ns: u128,
}

/// The busiest queue; none when no queue was asked for anything under load.
pub fn bottleneck(runs: &[RunResult]) -> Option<Bottleneck> {
    let mut loads: BTreeMap<(usize, Resource), Load> = BTreeMap::new();
    for run in runs {
        for row in run
            .resources
            .iter()
            .filter(|row| stretch(run, row.phase) == Stretch::Load)
        {
            let Some(phase) = run.phases.get(row.phase) else {
                continue;
            };
            let load = loads
                .entry((row.phase, row.resource))
                .or_insert_with(|| Load {
                    phase: &phase.name,
                    flow: ResourceGauge::default(),
                    length_ns: 0,
                    capacity_ns: 0,
                });
            load.flow.add(&row.flow);
            load.length_ns += u128::from(phase.length().0);
            load.capacity_ns += u128::from(phase.length().0) * u128::from(row.flow.units);
        }
    }
    loads
        .into_iter()
        .filter(|(_, load)| load.flow.arrivals > 0 && load.capacity_ns > 0)
        .map(|((_, resource), load)| Bottleneck {
            resource,
            phase: load.phase.to_owned(),
            utilisation: load.flow.busy_ns as f64 / load.capacity_ns as f64,
            mean_wait_ns: load.flow.wait_ns as f64 / load.flow.grants.max(1) as f64,
            mean_queue: load.flow.queue_ns as f64 / load.length_ns as f64,
        })
        .max_by(|a, b| a.utilisation.total_cmp(&b.utilisation))
}
