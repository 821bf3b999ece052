//! What a run tells while it runs, and the one thing it can be told: to stop.
//!
//! Plain counters that engines add to and the command line reads; nothing here prints.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64};
use stormglass_glance::Interruption;
use stormglass_model::history::Record;

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
