//! The model of a service in the storms that the service was measured in.

use super::error::CalibrationError;
use super::observation::{Observation, Round};
use super::plan::Storm;
use crate::engine::{self, RunOptions};
use crate::scenario::Scenario;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use stormglass_model::config::ServiceConfig;

/// Runs every storm on the model, on as many threads as there are.
pub(super) fn simulate_all(
    scenario: &Scenario,
    seen: &[Observation],
    service: &ServiceConfig,
) -> Result<Vec<Observation>, CalibrationError> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Result<Observation, CalibrationError>>>> =
        Mutex::new(seen.iter().map(|_| None).collect());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(storm) = seen.get(next.load(Ordering::Relaxed)) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let storm = seen.get(at).unwrap_or(storm);
                    let result = simulate(scenario, &storm.storm, service);
                    if let (Ok(mut done), true) = (done.lock(), at < seen.len()) {
                        done[at] = Some(result);
                    }
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_default();
    done.into_iter().flatten().collect()
}

/// Runs a storm on the model of a service; gives what was measured.
fn simulate(
    scenario: &Scenario,
    storm: &Storm,
    service: &ServiceConfig,
) -> Result<Observation, CalibrationError> {
    let result = engine::run(&storm.on_model(scenario, service), &RunOptions::default());
    let result = result.map_err(|why| CalibrationError::Run(storm.name.clone(), why))?;
    let round = Round::of(storm, &result.runs[0])?;
    Ok(Observation::of(storm, &[&round]))
}
