//! A figure that every run has.

use crate::statistics::{CONFIDENCE, Estimate};
use stormglass_model::history::Level;

/// A figure of each run, in the order of the runs; never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct ByRun(Vec<f64>);

impl ByRun {
    /// One value a run; none where there is no run, or a value is no number.
    pub fn new(values: Vec<f64>) -> Option<ByRun> {
        let all = !values.is_empty() && values.iter().all(|value| value.is_finite());
        all.then_some(ByRun(values))
    }

    /// The values, one a run.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// Their mean.
    pub fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    /// Their mean with Student's 95 % interval; none for a single run, which says nothing of how runs differ.
    pub fn interval(&self) -> Option<Estimate> {
        Estimate::of(&self.0, CONFIDENCE).filter(|estimate| estimate.reach.is_finite())
    }
}

/// The mean of a level between two looks that lie so many nanoseconds apart.
pub(super) fn mean(before: &Level, after: &Level, ns: u128) -> f64 {
    (after.area() - before.area()) as f64 / ns as f64
}
