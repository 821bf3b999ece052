//! What a run tells while it runs, and the one thing it can be told: to stop.
//!
//! Plain counters that engines add to and the command line reads; nothing here prints.

use crate::metrics::{Figures, OperationRow, Tally, TransitionKey, TransitionRow};
use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, PoisonError};
use stormglass_glance::Interruption;
use stormglass_model::history::Record;
use stormglass_model::lifecycle::{Operation, Outcome};

/// Counters of a storm under way, over all its runs and shards.
#[derive(Debug, Default)]
pub struct Progress {
    /// Virtual or real nanoseconds covered so far, summed over runs.
    pub elapsed_ns: AtomicU64,
    /// Virtual or real nanoseconds to cover, settle included, summed over runs; zero when only the number
    /// of subjects ends the load.
    pub total_ns: AtomicU64,
    /// Stories started.
    pub arrivals: AtomicU64,
    /// Stories to start, where the scenario says how many; else zero.
    pub total_arrivals: AtomicU64,
    /// Changes of status seen.
    pub transitions: AtomicU64,
    /// Operations completed.
    pub completions: AtomicU64,
    /// Operations open now.
    pub in_flight: AtomicU64,
    /// Violations found.
    pub violations: AtomicU64,
    /// Runs (replications) that have ended.
    pub runs_done: AtomicU64,
    /// What a sweep counts in place of stories.
    pub sweep: SweepProgress,
    pub(super) listener: Listener,
    tally: Option<Mutex<Tally>>,
    /// How often somebody has asked for the tally.
    asked: AtomicU64,
    interruption: Interruption,
}

/// Hears every record of every run, in batches, in the order of its shard.
#[derive(Default)]
pub(super) struct Listener(Option<Box<Hear>>);

type Hear = dyn Fn(&[Record]) + Send + Sync;

impl Listener {
    #[inline]
    pub(super) fn hear(&self, records: &[Record]) {
        if let Listener(Some(hear)) = self {
            hear(records);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.0.is_some()).finish()
    }
}

/// Counters of a sweep under way.
#[derive(Debug, Default)]
pub struct SweepProgress {
    /// Scripts of the plan that were run.
    pub cases: AtomicU64,
    /// Scripts of the plan; zero when this is no sweep.
    pub cases_total: AtomicU64,
    /// Scripts run in all.
    pub tries: AtomicU64,
    /// Findings so far.
    pub findings: AtomicU64,
    /// How much of the time is over, in thousandths; zero when every script is run once.
    pub time: AtomicU64,
    /// Whether it is over, and what it has created is deleted.
    pub closing: AtomicBool,
}

impl Progress {
    /// Counters of a storm whose history somebody hears.
    pub fn heard_by(hear: impl Fn(&[Record]) + Send + Sync + 'static) -> Progress {
        Progress {
            listener: Listener(Some(Box::new(hear))),
            ..Progress::default()
        }
    }

    /// Counters of a storm that also keeps a tally.
    pub(crate) fn tallied() -> Progress {
        Progress {
            tally: Some(Mutex::default()),
            ..Progress::default()
        }
    }

    /// Whether it keeps a tally.
    pub(super) fn is_tallied(&self) -> bool {
        self.tally.is_some()
    }

    /// Asks every run under way to bring the tally up to date; it does so within a turn, which takes some milliseconds.
    pub(crate) fn ask(&self) {
        self.asked.fetch_add(1, Relaxed);
    }

    /// The tally as the runs have told it last; none where there is none.
    pub(crate) fn tally(&self) -> Option<Tally> {
        let tally = self.tally.as_ref()?;
        Some(tally.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// What a run or a shard counts for the tally; none where there is none.
    pub(super) fn teller(&self) -> Option<Box<Teller>> {
        self.is_tallied().then(Box::default)
    }

    /// Whether somebody has asked since; `heard` is how often it was heard.
    #[inline]
    pub(super) fn is_asked(&self, heard: &mut u64) -> bool {
        let asked = self.asked.load(Relaxed);
        std::mem::replace(heard, asked) != asked
    }

    /// How much is done, 0 to 1: by time or by stories, whichever is further, since either ends the load.
    pub(crate) fn share(&self) -> f64 {
        let part = |done: &AtomicU64, total: &AtomicU64| match total.load(Relaxed) {
            0 => 0.0,
            total => done.load(Relaxed) as f64 / total as f64,
        };
        let sweep = &self.sweep;
        let scripts = match sweep.time.load(Relaxed) {
            0 => part(&sweep.cases, &sweep.cases_total),
            thousandths => thousandths as f64 / 1_000.0,
        };
        let time = part(&self.elapsed_ns, &self.total_ns);
        let stories = part(&self.arrivals, &self.total_arrivals);
        time.max(stories).max(scripts).min(1.0)
    }

    /// Asks every engine to stop: faults are healed, what was measured is kept.
    pub fn interrupt(&self) {
        self.interruption.tell();
    }

    /// What tells everybody who waits that the storm was asked to stop.
    pub fn interruption(&self) -> &Interruption {
        &self.interruption
    }

    /// Whether the storm was asked to stop.
    #[inline]
    pub fn is_interrupted(&self) -> bool {
        self.interruption.is_told()
    }
}

/// What one run or shard has counted since it told the tally last.
#[derive(Debug)]
pub(super) struct Teller {
    pub fresh: Tally,
    pub told: Figures,
    /// What its rows have said: transitions by [`TransitionKey::index`], and sums of response times in nanoseconds by operation and
    /// outcome.
    transitions: Vec<u64>,
    sums: Vec<u128>,
}

impl Default for Teller {
    fn default() -> Teller {
        Teller {
            fresh: Tally::default(),
            told: Figures::default(),
            transitions: vec![0; TransitionKey::COUNT],
            sums: vec![0; Operation::COUNT * Outcome::COUNT],
        }
    }
}

impl Teller {
    /// Counts what the rows of a recorder say, which it keeps anyway.
    pub fn read<'r>(
        &mut self,
        transitions: impl Iterator<Item = &'r TransitionRow>,
        operations: impl Iterator<Item = &'r OperationRow>,
    ) {
        let mut counts = vec![0; self.transitions.len()];
        transitions.for_each(|row| counts[row.key.index()] += row.latency.count());
        let mut sums = vec![0; self.sums.len()];
        for row in operations {
            let column = row.operation.index() * Outcome::COUNT + row.outcome.index();
            sums[column] += row.response.sum_ns();
        }
        let told = counts.iter().zip(&self.transitions);
        for (fresh, (now, told)) in self.fresh.transitions.iter_mut().zip(told) {
            *fresh += now - told;
        }
        let responses = (self.fresh.operations.iter_mut()).flat_map(|it| &mut it.responses);
        for (fresh, (now, told)) in responses.zip(sums.iter().zip(&self.sums)) {
            fresh.sum_ns += now - told;
        }
        (self.transitions, self.sums) = (counts, sums);
    }

    /// Tells it; its figures are `now`.
    pub fn tell(&mut self, progress: &Progress, now: Figures) {
        if let Some(tally) = &progress.tally {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.take_in(&mut self.fresh, &mut self.told, now);
        }
    }
}
