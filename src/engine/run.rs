//! The library's entry: a scenario in, results and verdict out.

use crate::engine::memory::{self, Estimate, intervals};
use crate::engine::progress::Progress;
use crate::engine::{clock, lengths, live, virtual_time};
use crate::metrics::{RunResult, StormResult, merge};
use crate::scenario::{Clock, Scenario, Target};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use stormglass_glance::{NoRuntime, RunServices};
use stormglass_model::config::ServiceConfig;
use stormglass_model::lifecycle::Verdict;
use stormglass_model::units::{Bytes, Span};

/// Why a scenario could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The server is not there, or not a Glance, or does not know us.
    #[error(transparent)]
    Glance(#[from] live::GlanceError),
    /// Nothing can run in real time.
    #[error(transparent)]
    Runtime(#[from] NoRuntime),
    /// It would take more memory than there is.
    #[error(
        "it would take about {needed} of memory, most of it for {mostly}, and may take {room}; \
         ask for less, or give --memory if you know better"
    )]
    TooLarge {
        /// What it would take.
        needed: Bytes,
        /// What would take most of that.
        mostly: &'static str,
        /// What it may take.
        room: Bytes,
    },
    /// A run ended without a result.
    #[error("run {0} ended without a result; please report this with the scenario")]
    NoResult(u32),
}

/// What a run may use besides its scenario. The default is all cores, nobody who watches, and no commands.
#[derive(Clone, Default)]
pub struct RunOptions {
    /// How many threads work at most; none: as many as there are cores, and one on a real server.
    pub threads: Option<NonZeroUsize>,
    /// How much memory a run may be expected to take; none: as much as the machine, or its control group, has left.
    pub memory: Option<Bytes>,
    /// Where the run tells how far it has come, and hears that it should stop.
    pub progress: Arc<Progress>,
    /// The commands and the journal of a run on a real server.
    pub services: RunServices,
    /// Says of the replications so far whether they are enough, so that no more are run; none: all are run.
    pub enough: Option<Arc<Enough>>,
}

/// Whether the results of some replications, in order, are enough.
pub type Enough = dyn Fn(&[RunResult]) -> bool + Send + Sync;

/// Runs a scenario and judges it: replications in parallel in virtual time, shards in parallel in real time.
pub fn run(scenario: &Scenario, options: &RunOptions) -> Result<StormResult, RunError> {
    let RunOptions {
        threads: asked,
        memory,
        progress,
        services: _,
        enough,
    } = options;
    let wall = clock::WallClock::start();
    let before = clock::cpu_time();
    let threads = asked
        .or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get);
    let estimate = fits(scenario, threads, *memory)?;
    announce(scenario, progress);
    let (mut runs, mut worked, mut asked) = (Vec::new(), 0, 0);
    for batch in batches(scenario.replications.get(), enough.is_some()) {
        asked = *batch.end();
        let (more, threads) = replications(scenario, options, threads, batch)?;
        runs.extend(more);
        worked = worked.max(threads);
        let ends = enough.as_ref().is_some_and(|enough| enough(&runs));
        if ends || progress.is_interrupted() {
            break;
        }
    }
    let done = runs
        .iter()
        .map(|run| Some(run.run))
        .chain(std::iter::repeat(None));
    let all = (1..=asked).zip(done);
    let missing = all
        .into_iter()
        .find_map(|(run, done)| (done != Some(run)).then_some(run));
    if let (Some(run), false) = (missing, progress.is_interrupted()) {
        return Err(RunError::NoResult(run));
    }
    judge_silence(&mut runs);
    let stories = scenario.stories.iter().map(|story| story.name.clone());
    let thresholds = scenario.thresholds.iter().enumerate();
    let mut result = StormResult {
        stories: stories.collect(),
        tenants: (scenario.stories.iter().map(|story| story.tenant.clone())).collect(),
        thresholds: thresholds
            .map(|(position, threshold)| threshold.judge(position, &runs))
            .collect(),
        verdict: runs
            .iter()
            .map(|run| run.verdict)
            .max()
            .unwrap_or(Verdict::Valid),
        generator_bottleneck: false,
        threads: worked,
        wall_s: wall.now().as_secs_f64(),
        cpu_s: (clock::cpu_time() - before).as_secs_f64(),
        peak_rss_bytes: clock::peak_rss_bytes(),
        estimated_bytes: estimate.bytes.0,
        runs,
    };
    result.generator_bottleneck = result.load_not_offered();
    Ok(result)
}

/// The numbers of the replications that are run before it is asked whether they are enough: eight, and then each time half as
/// many again as there are.
fn batches(replications: u32, asks: bool) -> impl Iterator<Item = RangeInclusive<u32>> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let more = match (asks, done) {
            (false, _) => replications,
            (true, 0) => FEWEST,
            (true, done) => (done / 2).max(1),
        };
        let from = done + 1;
        done = done.saturating_add(more).min(replications);
        (from <= done).then_some(from..=done)
    })
}

/// Replications that are run before it is asked whether they are enough.
const FEWEST: u32 = 8;

/// Runs the replications of these numbers. Also says how many threads or arbiters worked.
fn replications(
    scenario: &Scenario,
    options: &RunOptions,
    threads: usize,
    numbers: RangeInclusive<u32>,
) -> Result<(Vec<RunResult>, usize), RunError> {
    let RunOptions {
        progress, services, ..
    } = options;
    match (&scenario.target, scenario.clock) {
        (Target::Embedded(config), Clock::Virtual) => {
            let threads = threads.min(numbers.clone().count());
            let runs = side_by_side(scenario, config, numbers, threads, progress);
            Ok((runs, threads))
        }
        (Target::Embedded(config), Clock::Real) => in_turn(scenario, numbers, progress, |run| {
            Ok(live::run(scenario, config, run, threads, progress)?)
        }),
        (Target::Glance(target), _) => {
            // One arbiter drives more requests than a Glance answers; more only if they are asked for.
            let arbiters = options.threads.map_or(1, NonZeroUsize::get);
            in_turn(scenario, numbers, progress, |run| {
                Ok(live::run_glance(
                    scenario, target, run, arbiters, services, progress,
                )?)
            })
        }
    }
}

/// A storm in which nothing was acknowledged says nothing: its runs are not valid.
fn judge_silence(runs: &mut [RunResult]) {
    if runs.iter().any(RunResult::has_acknowledged) {
        return;
    }
    for run in runs.iter_mut().filter(|run| run.verdict == Verdict::Valid) {
        run.verdict = Verdict::Unknown;
        run.unknown_because = Some(run.silence().to_owned());
    }
}

/// How much it will take, if that is not more than it may.
fn fits(scenario: &Scenario, threads: usize, memory: Option<Bytes>) -> Result<Estimate, RunError> {
    let estimate = memory::estimate(scenario, threads);
    match memory.or_else(memory::room) {
        Some(room) if room < estimate.bytes => Err(RunError::TooLarge {
            needed: estimate.bytes,
            mostly: estimate.mostly,
            room,
        }),
        _ => Ok(estimate),
    }
}

/// Replications in virtual time: each thread takes the next one that nobody has taken.
fn side_by_side(
    scenario: &Scenario,
    config: &ServiceConfig,
    numbers: RangeInclusive<u32>,
    threads: usize,
    progress: &Arc<Progress>,
) -> Vec<RunResult> {
    let next = AtomicU32::new(*numbers.start());
    let work = || {
        let mine = std::iter::from_fn(|| {
            Some(next.fetch_add(1, Relaxed)).filter(|run| numbers.contains(run))
        });
        mine.filter_map(|run| virtual_time::run(scenario, config, run, 0, progress))
            .map(|mut result| {
                merge::fold(&mut result, intervals(scenario));
                *result
            })
            .collect::<Vec<_>>()
    };
    let mut runs: Vec<RunResult> = thread::scope(|scope| {
        // Where the system gives no more threads, those that there are do the work.
        let workers =
            (0..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok());
        let workers: Vec<_> = workers.collect();
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
    numbers: RangeInclusive<u32>,
    progress: &Progress,
    run_once: impl Fn(u32) -> Result<Vec<RunResult>, RunError>,
) -> Result<(Vec<RunResult>, usize), RunError> {
    let mut runs = Vec::new();
    let mut shards = 0;
    for run in numbers {
        let parts = run_once(run)?;
        shards = parts.len();
        let mut whole = merge::shards(parts).ok_or(RunError::NoResult(run))?;
        merge::fold(&mut whole, intervals(scenario));
        runs.push(whole);
        if progress.is_interrupted() {
            break;
        }
    }
    Ok((runs, shards))
}

/// Tells how much there is to do, and that nothing of it is done: a search runs one storm after another.
fn announce(scenario: &Scenario, progress: &Progress) {
    let counters = [
        &progress.elapsed_ns,
        &progress.arrivals,
        &progress.transitions,
        &progress.completions,
        &progress.in_flight,
        &progress.violations,
        &progress.runs_done,
    ];
    counters
        .into_iter()
        .for_each(|counter| counter.store(0, Relaxed));
    let runs = u64::from(scenario.replications.get());
    // In real time settle ends as soon as everything is at rest.
    let settle = match scenario.clock {
        Clock::Virtual => scenario.settle.unwrap_or(lengths::SETTLE),
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
