//! The library's entry: a scenario in, results and verdict out.

use crate::engine::progress::Progress;
use crate::engine::{clock, live, virtual_time};
use crate::metrics::{
    OperationRow, ResourceRow, RunResult, StormResult, TimelineRow, TransitionRow,
};
use crate::scenario::{Clock, Model, Scenario, Target};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use stormglass_glance::RunServices;
use stormglass_model::config::ServiceConfig;
use stormglass_model::history::Gauges;
use stormglass_model::lifecycle::{Invariant, Verdict};
use stormglass_model::units::Span;

/// Why a scenario could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The server is not there, or not a Glance, or does not know us.
    #[error(transparent)]
    Glance(#[from] live::GlanceError),
    /// A run ended without a result.
    #[error("run {0} ended without a result; please report this with the scenario")]
    NoResult(u32),
}

/// Runs a scenario: replications in parallel in virtual time, shards in parallel in real time. `asked`:
/// how many threads at most; none: as many as there are cores.
pub fn run(
    scenario: &Scenario,
    asked: Option<NonZeroUsize>,
    progress: &Arc<Progress>,
) -> Result<StormResult, RunError> {
    run_with(scenario, &RunServices::default(), asked, progress)
}

/// The same with what a run on a real server may use beside.
pub fn run_with(
    scenario: &Scenario,
    services: &RunServices,
    asked: Option<NonZeroUsize>,
    progress: &Arc<Progress>,
) -> Result<StormResult, RunError> {
    let wall = clock::WallClock::start();
    let before = clock::cpu_time();
    let threads = asked
        .or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get);
    announce(scenario, progress);
    let (runs, threads) = match (&scenario.target, scenario.clock) {
        (Target::Embedded(config), Clock::Virtual) => {
            let threads = threads.min(scenario.replications.get() as usize);
            (side_by_side(scenario, config, threads, progress), threads)
        }
        (Target::Embedded(config), Clock::Real) => in_turn(scenario, progress, |run| {
            Ok(live::run(scenario, config, run, threads, progress))
        })?,
        (Target::Glance(target), _) => {
            // One arbiter drives more requests than a Glance answers; more only if they are asked for.
            let arbiters = asked.map_or(1, NonZeroUsize::get);
            in_turn(scenario, progress, |run| {
                Ok(live::run_glance(
                    scenario, target, run, arbiters, services, progress,
                )?)
            })?
        }
    };
    let missing =
        (1..=scenario.replications.get()).find(|run| !runs.iter().any(|done| done.run == *run));
    if let (Some(run), false) = (missing, progress.is_interrupted()) {
        return Err(RunError::NoResult(run));
    }
    let real = scenario.clock == Clock::Real;
    Ok(StormResult {
        stories: scenario
            .stories
            .iter()
            .map(|story| story.name.clone())
            .collect(),
        thresholds: scenario
            .thresholds
            .iter()
            .map(|threshold| threshold.judge(&runs))
            .collect(),
        verdict: runs
            .iter()
            .fold(Verdict::Valid, |worst, run| worst.worst(run.verdict)),
        generator_bottleneck: real && is_bottleneck(scenario, &runs),
        threads,
        wall_s: wall.now().as_secs_f64(),
        cpu_s: (clock::cpu_time() - before).as_secs_f64(),
        peak_rss_bytes: clock::peak_rss_bytes(),
        runs,
    })
}

/// Replications in virtual time: each thread takes the next one that nobody has taken.
fn side_by_side(
    scenario: &Scenario,
    config: &ServiceConfig,
    threads: usize,
    progress: &Arc<Progress>,
) -> Vec<RunResult> {
    let replications = scenario.replications.get();
    let next = AtomicU32::new(1);
    let work = || {
        let mine = std::iter::from_fn(|| {
            Some(next.fetch_add(1, Relaxed)).filter(|run| *run <= replications)
        });
        mine.filter_map(|run| virtual_time::run(scenario, config, run, progress))
            .map(|result| *result)
            .collect::<Vec<_>>()
    };
    let mut runs: Vec<RunResult> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .flatten()
            .collect()
    });
    runs.sort_by_key(|run| run.run);
    runs
}

/// Replications in real time: one after the other, each on all arbiters.
fn in_turn(
    scenario: &Scenario,
    progress: &Progress,
    run_once: impl Fn(u32) -> Result<Vec<RunResult>, RunError>,
) -> Result<(Vec<RunResult>, usize), RunError> {
    let mut runs = Vec::new();
    let mut shards = 0;
    for run in 1..=scenario.replications.get() {
        let parts = run_once(run)?;
        shards = parts.len();
        runs.push(merge(parts).ok_or(RunError::NoResult(run))?);
        if progress.is_interrupted() {
            break;
        }
    }
    Ok((runs, shards))
}

/// Tells how much there is to do.
fn announce(scenario: &Scenario, progress: &Progress) {
    let runs = u64::from(scenario.replications.get());
    // In real time settle ends as soon as everything is at rest.
    let settle = match scenario.clock {
        Clock::Virtual => scenario.settle,
        Clock::Real => Span::ZERO,
    };
    let duration = scenario.load.duration;
    let length = duration.map_or(Span::ZERO, |duration| duration + settle);
    progress
        .total_ns
        .store(length.0.saturating_mul(runs), Relaxed);
    progress.total_arrivals.store(
        scenario.load.subjects.unwrap_or(0).saturating_mul(runs),
        Relaxed,
    );
}

/// Open load of which over 1 % was sent late or not at all: the generator could not keep up.
fn is_bottleneck(scenario: &Scenario, runs: &[RunResult]) -> bool {
    let sum = |of: fn(&Gauges) -> u64| runs.iter().map(|run| of(&run.end)).sum::<u64>();
    let missed = sum(|end| end.late) + sum(|end| end.dropped);
    let due = sum(|end| end.arrivals) + sum(|end| end.dropped);
    matches!(scenario.load.model, Model::Open { .. }) && missed * 100 > due
}

/// Makes one result of a live run's shards.
fn merge(shards: Vec<RunResult>) -> Option<RunResult> {
    let mut shards = shards.into_iter();
    let mut whole = shards.next()?;
    for shard in shards {
        merge_rows(&mut whole.transitions, shard.transitions);
        merge_operations(&mut whole.operations, shard.operations);
        merge_timeline(&mut whole.timeline, shard.timeline);
        merge_resources(&mut whole.resources, shard.resources);
        add_gauges(&mut whole.end, &shard.end);
        whole.verdict = whole.verdict.worst(shard.verdict);
        whole.unknown_because = whole.unknown_because.or(shard.unknown_because);
        whole.violations.extend(shard.violations);
        for index in 0..Invariant::COUNT {
            whole.violation_counts[index] += shard.violation_counts[index];
        }
        for (phase, other) in whole.phases.iter_mut().zip(shard.phases) {
            phase.from = phase.from.max(other.from);
            phase.to = phase.to.max(other.to);
        }
        whole.length = whole.length.max(shard.length);
        whole.interrupted |= shard.interrupted;
        whole.notes.extend(shard.notes);
        whole.histories.extend(shard.histories);
    }
    whole.histories.sort_by_key(|history| history.subject);
    whole.violations.sort_by_key(|violation| violation.at);
    Some(whole)
}

fn merge_rows(whole: &mut Vec<TransitionRow>, part: Vec<TransitionRow>) {
    let mut rows: BTreeMap<_, TransitionRow> = BTreeMap::new();
    for row in whole.drain(..).chain(part) {
        let key = (row.phase, row.story, row.key.index());
        match rows.get_mut(&key) {
            Some(sum) => sum.latency.add(&row.latency),
            None => drop(rows.insert(key, row)),
        }
    }
    whole.extend(rows.into_values());
}

fn merge_operations(whole: &mut Vec<OperationRow>, part: Vec<OperationRow>) {
    let mut rows: BTreeMap<_, OperationRow> = BTreeMap::new();
    for row in whole.drain(..).chain(part) {
        let key = (row.phase, row.story, row.operation, row.outcome);
        match rows.get_mut(&key) {
            Some(sum) => {
                sum.response.add(&row.response);
                sum.service.add(&row.service);
            }
            None => drop(rows.insert(key, row)),
        }
    }
    whole.extend(rows.into_values());
}

/// Shards tick at the same times until they end; one that has ended stays as it was in the rows after it.
fn merge_timeline(whole: &mut Vec<TimelineRow>, part: Vec<TimelineRow>) {
    let ended = |rows: &[TimelineRow]| {
        rows.last()
            .map(|row| row.gauges.clone())
            .unwrap_or_default()
    };
    let (whole_end, part_end) = (ended(whole), ended(&part));
    for row in whole.iter_mut().skip(part.len()) {
        add_gauges(&mut row.gauges, &part_end);
    }
    for (index, mut other) in part.into_iter().enumerate() {
        let Some(row) = whole.get_mut(index) else {
            add_gauges(&mut other.gauges, &whole_end);
            whole.push(other);
            continue;
        };
        row.arrivals += other.arrivals;
        row.completions += other.completions;
        row.dropped += other.dropped;
        add_gauges(&mut row.gauges, &other.gauges);
        for (sum, part) in row.resources.iter_mut().zip(&other.resources) {
            sum.add(part);
        }
    }
}

fn merge_resources(whole: &mut Vec<ResourceRow>, part: Vec<ResourceRow>) {
    for row in part {
        let same =
            |other: &&mut ResourceRow| (other.phase, other.resource) == (row.phase, row.resource);
        match whole.iter_mut().find(same) {
            Some(sum) => sum.flow.add(&row.flow),
            None => whole.push(row),
        }
    }
}

fn add_gauges(sum: &mut Gauges, part: &Gauges) {
    sum.at = sum.at.max(part.at);
    sum.arrivals += part.arrivals;
    sum.dropped += part.dropped;
    sum.late += part.late;
    sum.in_flight += part.in_flight;
    sum.subjects
        .iter_mut()
        .zip(part.subjects)
        .for_each(|(sum, part)| *sum += part);
    sum.purged += part.purged;
    sum.bytes_stored += part.bytes_stored;
    sum.bytes_pending_delete += part.bytes_pending_delete;
    sum.events += part.events;
    sum.resources
        .iter_mut()
        .zip(&part.resources)
        .for_each(|(sum, part)| sum.add(part));
}

#[cfg(test)]
mod tests {
    use super::*;
    use stormglass_model::units::Time;

    fn row(at: u64, arrivals_so_far: u64) -> TimelineRow {
        TimelineRow {
            at: Time(at),
            length: Span(10),
            phase: 0,
            arrivals: 1,
            completions: 0,
            dropped: 0,
            faults_open: 0,
            gauges: Gauges {
                at: Time(at),
                arrivals: arrivals_so_far,
                ..Gauges::default()
            },
            resources: Default::default(),
        }
    }

    #[test]
    fn a_shard_that_ends_first_stays_counted() {
        let long = || vec![row(10, 1), row(20, 2), row(30, 3)];
        let short = || vec![row(10, 1), row(15, 2)];
        for (mut whole, part) in [(long(), short()), (short(), long())] {
            merge_timeline(&mut whole, part);
            let so_far: Vec<u64> = whole.iter().map(|row| row.gauges.arrivals).collect();
            assert_eq!(so_far, [2, 4, 5]);
            assert_eq!(whole.iter().map(|row| row.arrivals).sum::<u64>(), 5);
        }
    }
}
