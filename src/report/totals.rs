//! Figures over all runs of a storm, for the reports that sum up.

use crate::metrics::{
    Latency, PhaseRow, RunResult, StormResult, Stretch, TimelineRow, TransitionKey, TransitionRow,
};
use std::collections::BTreeMap;
use stormglass_model::history::{Gauges, Level};
use stormglass_model::lifecycle::{Invariant, Operation, Outcome, SubjectStatus};
use stormglass_model::operations::{Body, OperationKind};
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

/// The phases of every run that took any time, each with its run.
pub fn phases(runs: &[RunResult]) -> impl Iterator<Item = (&RunResult, PhaseRow<'_>)> {
    runs.iter()
        .flat_map(|run| run.phase_rows().into_iter().map(move |row| (run, row)))
}

/// What came together over all runs.
#[derive(Default)]
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
    /// Arrivals, dropped ones included, that came more than ten milliseconds after they were due.
    pub late: u64,
    /// Violations of each invariant, indexed by [`Invariant::index`].
    pub violations: [u64; Invariant::COUNT],
    /// Operations open, on average over the load without warm-up; none without such a phase.
    pub in_flight_mean: Option<f64>,
    /// The most bytes that the store ever held; none when it never held anything, or is not ours to look into.
    pub bytes_stored_max: Option<u64>,
    /// The most bytes that were ever deleted and not yet scrubbed.
    pub bytes_pending_delete_max: u64,
    /// The virtual or real time covered, summed over runs.
    pub length: Span,
}

impl Totals {
    /// Sums up.
    pub fn of(result: &StormResult) -> Totals {
        let mut totals = Totals {
            in_flight_mean: in_flight_mean(&result.runs),
            bytes_stored_max: Some(most(&result.runs, |gauges| &gauges.bytes_stored))
                .filter(|bytes| *bytes > 0),
            bytes_pending_delete_max: most(&result.runs, |gauges| {
                gauges.bytes_of(SubjectStatus::PendingDelete)
            }),
            ..Totals::default()
        };
        for run in &result.runs {
            for (sum, count) in totals.by_status.iter_mut().zip(run.end.by_status()) {
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

fn is_load(run: &RunResult, phase: usize) -> bool {
    run.stretch(phase) == Stretch::Load
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
    let (mut area, mut length) = (0, 0);
    for row in runs.iter().flat_map(RunResult::load_rows) {
        area += row.end.in_flight.area() - row.before.in_flight.area();
        length += row.end.at.since(row.before.at).0;
    }
    (length > 0).then(|| area as f64 / length as f64)
}

/// The most that a level ever was.
fn most(runs: &[RunResult], level: fn(&Gauges) -> &Level) -> u64 {
    let intervals = rows(runs, |run| &run.timeline);
    let most = intervals.map(|(_, row)| level(&row.gauges).max());
    most.max().unwrap_or(0)
}

/// Whether transitions of a warm-up are left out of [`transitions`]: not where there are no others.
pub fn warms_up(runs: &[RunResult]) -> bool {
    let warm_up =
        |(run, row): (&RunResult, &TransitionRow)| run.stretch(row.phase) == Stretch::WarmUp;
    let mut warm_ups = rows(runs, |run| &run.transitions).map(warm_up);
    warm_ups
        .next()
        .is_some_and(|first| warm_ups.any(|other| other != first))
}

/// One transition over all runs and stories, without warm-up.
pub struct TransitionTotal {
    pub key: TransitionKey,
    pub latency: Latency,
    /// The latencies of each run that has any.
    pub by_run: Vec<Latency>,
    /// How many a second there were under load, warm-up and settle apart; none without such a phase.
    pub per_second: Option<f64>,
}

/// Every transition seen after warm-up, in the order of statuses; all of them if there was only warm-up.
pub fn transitions(runs: &[RunResult]) -> Vec<TransitionTotal> {
    transitions_of(runs, warms_up(runs))
}

/// The same of some runs of a storm, where it is known whether its warm-up is left out.
pub fn transitions_of(runs: &[RunResult], without_warm_up: bool) -> Vec<TransitionTotal> {
    let mut sums: BTreeMap<TransitionKey, (Latency, Vec<Latency>, u64)> = BTreeMap::new();
    for run in runs {
        let mut of_run: BTreeMap<TransitionKey, Latency> = BTreeMap::new();
        for row in &run.transitions {
            let stretch = run.stretch(row.phase);
            if stretch == Stretch::WarmUp && without_warm_up {
                continue;
            }
            of_run.entry(row.key).or_default().add(&row.latency);
            if stretch == Stretch::Load {
                sums.entry(row.key).or_default().2 += row.latency.count();
            }
        }
        for (key, latency) in of_run {
            let (sum, by_run, _) = sums.entry(key).or_default();
            sum.add(&latency);
            by_run.push(latency);
        }
    }
    let seconds = load_s(runs);
    sums.into_iter()
        .map(|(key, (latency, by_run, under_load))| TransitionTotal {
            key,
            latency,
            by_run,
            per_second: (seconds > 0.0 && under_load > 0).then(|| under_load as f64 / seconds),
        })
        .collect()
}

/// One operation with one outcome over all runs and stories, without warm-up.
pub struct OperationTotal {
    pub operation: Operation,
    pub outcome: Outcome,
    pub response: Latency,
    pub service: Latency,
    /// How many a second there were under load, warm-up and settle apart; none without such a phase.
    pub per_second: Option<f64>,
}

/// Every operation that ended after warm-up, by outcome.
pub fn operations(runs: &[RunResult]) -> Vec<OperationTotal> {
    let mut sums: BTreeMap<(Operation, Outcome), ([Latency; 2], u64)> = BTreeMap::new();
    for (run, row) in rows(runs, |run| &run.operations) {
        let stretch = run.stretch(row.phase);
        if stretch == Stretch::WarmUp {
            continue;
        }
        let sum = sums.entry((row.operation, row.outcome)).or_default();
        let ([response, service], under_load) = sum;
        response.add(&row.response);
        service.add(&row.service);
        if stretch == Stretch::Load {
            *under_load += row.response.count();
        }
    }
    let seconds = load_s(runs);
    sums.into_iter()
        .map(
            |((operation, outcome), ([response, service], under_load))| OperationTotal {
                operation,
                outcome,
                response,
                service,
                per_second: (seconds > 0.0 && under_load > 0).then(|| under_load as f64 / seconds),
            },
        )
        .collect()
}

/// What the operations of one tenant came to, over all runs, without warm-up.
#[derive(Default)]
pub struct TenantTotal {
    /// How many ended, without those that never left this machine.
    pub operations: u64,
    /// How many of them failed, or nobody knows how they ended. An upload that was to be aborted has not failed.
    pub errors: u64,
    /// The response times of those that were acknowledged.
    pub response: Latency,
}

/// Every tenant that the scenario names, by name.
pub fn tenants(result: &StormResult) -> BTreeMap<&str, TenantTotal> {
    let mut tenants: BTreeMap<&str, TenantTotal> = BTreeMap::new();
    for (run, row) in rows(&result.runs, |run| &run.operations) {
        let Some(tenant) = &result.tenants[usize::from(row.story.0)] else {
            continue;
        };
        if run.stretch(row.phase) == Stretch::WarmUp || row.outcome == Outcome::Local {
            continue;
        }
        let total = tenants.entry(tenant).or_default();
        let count = row.response.count();
        total.operations += count;
        let aborted = row.operation.kind() == OperationKind::Upload(Body::Aborted);
        match row.outcome {
            Outcome::Ok => total.response.add(&row.response),
            Outcome::Fail if aborted => {}
            Outcome::Fail | Outcome::Unknown => total.errors += count,
            Outcome::Refused | Outcome::Local => {}
        }
    }
    tenants
}

/// Rows of each key added up.
pub fn merged<'r, K: Ord, const N: usize>(
    rows: impl Iterator<Item = (K, [&'r Latency; N])>,
) -> BTreeMap<K, [Latency; N]> {
    let mut sums = BTreeMap::new();
    for (key, latencies) in rows {
        let sum = sums
            .entry(key)
            .or_insert_with(|| std::array::from_fn(|_| Latency::default()));
        for (sum, latency) in sum.iter_mut().zip(latencies) {
            sum.add(latency);
        }
    }
    sums
}

/// The response times of each operation, over all runs and stories, without warm-up.
pub fn responses(runs: &[RunResult]) -> BTreeMap<Operation, Latency> {
    let mut sums: BTreeMap<Operation, Latency> = BTreeMap::new();
    for (run, row) in rows(runs, |run| &run.operations) {
        if run.stretch(row.phase) != Stretch::WarmUp {
            sums.entry(row.operation).or_default().add(&row.response);
        }
    }
    sums
}

/// How one operation ended, over all runs and stories, without warm-up; indexed by [`Outcome::index`].
pub fn outcomes(runs: &[RunResult]) -> BTreeMap<Operation, [u64; Outcome::COUNT]> {
    let mut sums: BTreeMap<Operation, [u64; Outcome::COUNT]> = BTreeMap::new();
    for (run, row) in rows(runs, |run| &run.operations) {
        if run.stretch(row.phase) != Stretch::WarmUp {
            sums.entry(row.operation).or_default()[row.outcome.index()] += row.response.count();
        }
    }
    sums
}
