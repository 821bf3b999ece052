//! Figures over all runs of a storm, for the reports that sum up.

use crate::metrics::{Latency, RunResult, StormResult, TimelineRow, TransitionKey, TransitionRow};
use std::collections::BTreeMap;
use stormglass_model::config::Resource;
use stormglass_model::history::{Gauges, ResourceGauge};
use stormglass_model::lifecycle::{Invariant, Operation, Outcome, SubjectStatus};
use stormglass_model::units::Span;

/// Rows of every run, each with its run.
pub fn rows<'r, R>(
    runs: &'r [RunResult],
    of: fn(&'r RunResult) -> &'r Vec<R>,
) -> impl Iterator<Item = (&'r RunResult, &'r R)> {
    runs.iter()
        .flat_map(move |run| of(run).iter().map(move |row| (run, row)))
}

/// The intervals of every run's timeline: how things stood before and after each, with its run.
pub fn intervals(
    runs: &[RunResult],
) -> impl Iterator<Item = (&RunResult, &TimelineRow, &TimelineRow)> {
    runs.iter()
        .flat_map(|run| (run.timeline.windows(2)).map(move |pair| (run, &pair[0], &pair[1])))
}

/// What came together over all runs.
#[derive(Default)]
pub struct Totals<'r> {
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
    /// The end of the interval when the store held most; none when it never held anything, or is not ours to look into.
    pub peak: Option<&'r Gauges>,
    /// The virtual or real time covered, summed over runs.
    pub length: Span,
}

impl Totals<'_> {
    /// Sums up.
    pub fn of(result: &StormResult) -> Totals<'_> {
        let mut totals = Totals {
            in_flight_mean: in_flight_mean(&result.runs),
            peak: peak(&result.runs),
            ..Totals::default()
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
            totals.length += run.length();
        }
        totals.subjects = totals.by_status.iter().sum();
        totals
    }

    /// Violations of any invariant.
    pub fn violation_total(&self) -> u64 {
        self.violations.iter().sum()
    }
}

/// Why the verdict of the first run that has none is unknown.
pub fn unknown_because(runs: &[RunResult]) -> Option<&str> {
    runs.iter().find_map(|run| run.unknown_because.as_deref())
}

/// Where in a run a phase lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stretch {
    WarmUp,
    Load,
    Settle,
}

fn stretch(run: &RunResult, phase: usize) -> Stretch {
    if run.is_warm_up(phase) {
        Stretch::WarmUp
    } else if phase + 1 == run.phases.len() && phase > 0 {
        Stretch::Settle
    } else {
        Stretch::Load
    }
}

fn is_load(run: &RunResult, phase: usize) -> bool {
    stretch(run, phase) == Stretch::Load
}

/// How long the load lasted without warm-up and settle, in seconds, summed over runs.
fn load_s(runs: &[RunResult]) -> f64 {
    let load = runs.iter().flat_map(|run| {
        let phases = run.phases.iter().enumerate();
        phases.filter(|&(index, _)| is_load(run, index))
    });
    load.map(|(_, phase)| phase.length().as_secs_f64()).sum()
}

fn in_flight_mean(runs: &[RunResult]) -> Option<f64> {
    let (mut weighted, mut seconds) = (0.0, 0.0);
    for (_, before, row) in intervals(runs).filter(|(run, _, row)| is_load(run, row.phase)) {
        let length = row.gauges.at.since(before.gauges.at).as_secs_f64();
        weighted += row.gauges.in_flight as f64 * length;
        seconds += length;
    }
    (seconds > 0.0).then(|| weighted / seconds)
}

fn peak(runs: &[RunResult]) -> Option<&Gauges> {
    rows(runs, |run| &run.timeline)
        .map(|(_, row)| &row.gauges)
        .filter(|gauges| gauges.bytes_stored > 0)
        .max_by_key(|gauges| gauges.bytes_stored)
}

/// Whether transitions of a warm-up are left out of [`transitions`]: not where there are no others.
pub fn warms_up(runs: &[RunResult]) -> bool {
    let warm_up =
        |(run, row): (&RunResult, &TransitionRow)| stretch(run, row.phase) == Stretch::WarmUp;
    let mut warm_ups = rows(runs, |run| &run.transitions).map(warm_up);
    warm_ups
        .next()
        .is_some_and(|first| warm_ups.any(|other| other != first))
}

/// One transition over all runs and stories, without warm-up.
pub struct TransitionTotal {
    pub key: TransitionKey,
    pub latency: Latency,
    /// How many a second there were under load, warm-up and settle apart; none without such a phase.
    pub per_second: Option<f64>,
}

/// Every transition seen after warm-up, in the order of statuses; all of them if there was only warm-up.
pub fn transitions(runs: &[RunResult]) -> Vec<TransitionTotal> {
    let without_warm_up = warms_up(runs);
    let mut sums: BTreeMap<TransitionKey, (Latency, u64)> = BTreeMap::new();
    for (run, row) in rows(runs, |run| &run.transitions) {
        let stretch = stretch(run, row.phase);
        if stretch == Stretch::WarmUp && without_warm_up {
            continue;
        }
        let (latency, under_load) = sums.entry(row.key).or_default();
        latency.add(&row.latency);
        if stretch == Stretch::Load {
            *under_load += row.latency.count();
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
    for (run, row) in rows(runs, |run| &run.operations) {
        if stretch(run, row.phase) != Stretch::WarmUp {
            sums.entry(row.operation).or_default()[row.outcome.index()] += row.response.count();
        }
    }
    sums
}

/// The queue that was busiest in one phase of the load, over all runs.
pub struct Bottleneck<'r> {
    pub resource: Resource,
    /// The phase's name.
    pub phase: &'r str,
    /// Share of its units that was held, 0 to 1.
    pub utilisation: f64,
    /// How long those who got a unit had waited, in nanoseconds.
    pub mean_wait_ns: f64,
    /// How many waited, on average.
    pub mean_queue: f64,
}

/// What one queue did in one phase, summed over runs.
#[derive(Default)]
struct PhaseSum<'r> {
    phase: &'r str,
    flow: ResourceGauge,
    length_ns: u128,
    /// The phase's length times the units.
    capacity_ns: u128,
}

/// The busiest queue; none when no queue was asked for anything under load.
pub fn bottleneck(runs: &[RunResult]) -> Option<Bottleneck<'_>> {
    let mut sums: BTreeMap<(usize, Resource), PhaseSum> = BTreeMap::new();
    for (run, row) in rows(runs, |run| &run.resources).filter(|(run, row)| is_load(run, row.phase))
    {
        let phase = &run.phases[row.phase];
        let sum = sums
            .entry((row.phase, row.resource))
            .or_insert_with(|| PhaseSum {
                phase: &phase.name,
                ..PhaseSum::default()
            });
        sum.flow.add(&row.flow);
        sum.length_ns += u128::from(phase.length().0);
        sum.capacity_ns += u128::from(phase.length().0) * u128::from(row.flow.units);
    }
    sums.into_iter()
        .filter(|(_, sum)| sum.flow.arrivals > 0 && sum.capacity_ns > 0)
        .map(|((_, resource), sum)| Bottleneck {
            resource,
            phase: sum.phase,
            utilisation: sum.flow.busy_ns as f64 / sum.capacity_ns as f64,
            mean_wait_ns: sum.flow.wait_ns as f64 / sum.flow.grants.max(1) as f64,
            mean_queue: sum.flow.queue_ns as f64 / sum.length_ns as f64,
        })
        .max_by(|a, b| a.utilisation.total_cmp(&b.utilisation))
}
