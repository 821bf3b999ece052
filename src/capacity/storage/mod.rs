//! What a service has to store: how much on average and at most, in which statuses, and whether it levels off.
//!
//! All is reckoned from plain numbers that a run has measured. A figure of several runs has one value a run, and its interval is
//! Student's over these; values of different runs are never pooled. A figure of one run has none.

mod by_run;
mod closed_form;
#[cfg(test)]
mod closed_form_tests;
mod cost;
mod full;
mod levels;
mod plan;
mod scrubber;
mod series;
mod trend;

pub use by_run::ByRun;
pub use cost::{Cost, MONTH_H};
pub use full::Full;
pub use levels::StatusLevel;
pub use plan::Plan;
pub use scrubber::ScrubberQueue;
pub use series::{Cell, SeriesRow, series};
pub use trend::Trend;

use crate::metrics::RunResult;
use full::Seen;
use stormglass_model::units::Time;

/// What was stored.
#[derive(Clone, Debug)]
pub struct Storage {
    /// All that the store held.
    pub stored: StatusLevel,
    /// The same by the status of the subjects that it belonged to, as far as there ever were any.
    pub by_status: Vec<StatusLevel>,
    /// Whether it levels off.
    pub trend: Trend,
    /// When the warm-up ended, in seconds since the run began.
    pub warm_up_s: f64,
    /// When the capacity of the plan is full, if it has one.
    pub full: Option<Full>,
    /// The scrubber; none where nothing came due.
    pub scrubber: Option<ScrubberQueue>,
    /// What the plan costs, if it has prices.
    pub cost: Option<Cost>,
}

impl Storage {
    /// What the runs of a storm stored; none where they never stored anything, or had no load but a warm-up.
    pub fn of(runs: &[RunResult], plan: &Plan) -> Option<Storage> {
        let stored = levels::stored(runs).filter(|stored| stored.bytes_max > 0)?;
        let filling = |run: &RunResult| run.means_of(|gauges| &gauges.bytes_stored);
        let fillings: Vec<Vec<(f64, f64)>> = runs.iter().map(filling).collect();
        let trend = trend::trend(&fillings);
        let seen = runs.iter().zip(&fillings).map(|(run, filling)| Seen {
            full_s: (run.end.full).map(|at| at.since(Time::ZERO).as_secs_f64()),
            filling,
        });
        let seen: Vec<Seen> = seen.collect();
        let left = |capacity: plan::Capacity| (capacity.bytes.0 - plan.stock.0) as f64;
        let capacity = plan.capacity.map(left);
        Some(Storage {
            cost: cost::cost(&stored.bytes, plan),
            stored,
            by_status: levels::by_status(runs),
            full: capacity.map(|capacity| full::full(capacity, &seen, &trend)),
            scrubber: ScrubberQueue::of(runs, &plan.scrubber_faults),
            trend,
            warm_up_s: runs.iter().map(RunResult::warm_up_s).fold(0.0, f64::max),
        })
    }

    /// Whether what was measured after the warm-up still has some of the filling in it.
    pub fn warms_up_too_briefly(&self) -> bool {
        match &self.trend {
            Trend::LevelsOff { after_s } => after_s.mean() > self.warm_up_s,
            Trend::Grows { .. } | Trend::Shrinks { .. } => true,
            Trend::Unclear => false,
        }
    }
}
