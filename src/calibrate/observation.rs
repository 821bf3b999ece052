//! What is measured of a storm.

use super::error::CalibrationError;
use super::plan::Storm;
use crate::metrics::{Latency, RunResult, Stretch};
use stormglass_model::lifecycle::{Operation, Outcome};

/// A storm, and what was measured of it without its warm-up.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Which storm.
    pub storm: Storm,
    /// Lives begun in a second.
    pub lives_per_s: f64,
    /// Each operation that was done.
    pub operations: Vec<Times>,
}

/// How long an operation took.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// Which one.
    pub operation: Operation,
    /// How often it was done.
    pub count: u64,
    /// The median, in seconds.
    pub p50_s: f64,
    /// The 99th percentile, in seconds.
    pub p99_s: f64,
}

/// What an earlier calibration measured of a storm.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    /// What the storm is called.
    pub storm: String,
    /// Lives begun in a second.
    pub lives_per_s: f64,
    /// Each operation that was done.
    pub operations: Vec<Times>,
}

/// How often an operation must have been done at least.
const FEWEST: u64 = 10;

impl Observation {
    /// A storm as it was measured before.
    pub(super) fn again(
        storm: &Storm,
        earlier: &[Earlier],
    ) -> Result<Observation, CalibrationError> {
        let found = earlier.iter().find(|it| it.storm == storm.name);
        let found = found.ok_or_else(|| CalibrationError::NotMeasured(storm.name.clone()))?;
        Ok(Observation {
            storm: storm.clone(),
            lives_per_s: found.lives_per_s,
            operations: found.operations.clone(),
        })
    }

    pub(super) fn of(storm: &Storm, run: &RunResult) -> Result<Observation, CalibrationError> {
        let under_load = |phase: usize| run.stretch(phase) == Stretch::Load;
        let (mut length_s, mut begun) = (0.0, 0);
        for row in run.load_rows() {
            length_s += row.end.at.since(row.before.at).as_secs_f64();
            begun += row.end.arrivals - row.before.arrivals;
        }
        let rows = run.operations.iter().filter(|row| under_load(row.phase));
        let (mut all, mut not_done) = (0, 0);
        let mut merged: Vec<(Operation, Latency)> = Vec::new();
        for row in rows {
            all += row.service.count();
            if row.outcome != Outcome::Ok {
                not_done += row.service.count();
                continue;
            }
            match merged.iter_mut().find(|(it, _)| *it == row.operation) {
                Some((_, latency)) => latency.add(&row.service),
                None => merged.push((row.operation, row.service.clone())),
            }
        }
        if not_done * 100 > all {
            let name = storm.name.clone();
            return Err(CalibrationError::Failing(name, not_done, all));
        }
        let times = merged.iter().map(|(operation, latency)| Times {
            operation: *operation,
            count: latency.count(),
            p50_s: latency.quantile(0.5).as_secs_f64(),
            p99_s: latency.quantile(0.99).as_secs_f64(),
        });
        let operations: Vec<Times> = times.collect();
        let fewest = operations.iter().map(|it| it.count).min().unwrap_or(0);
        if fewest < FEWEST {
            return Err(CalibrationError::TooShort(storm.name.clone(), fewest));
        }
        Ok(Observation {
            storm: storm.clone(),
            lives_per_s: begun as f64 / length_s,
            operations,
        })
    }

    /// How long an operation took.
    pub fn times(&self, operation: Operation) -> Option<&Times> {
        self.operations.iter().find(|it| it.operation == operation)
    }
}
