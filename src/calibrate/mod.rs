//! A model of a service, fitted to what was measured of the real one, and tried on loads that it has not seen.
//!
//! A *staircase* of closed storms is run on the service: without load they tell how long each operation takes, under load how much of
//! that is the processors' time. Storms differ in their operations and in how much data they move, so that the parts can be told
//! apart. Then the model is run with the same storms, in virtual time and with the same seeds, and its parameters are moved until its
//! figures are those that were measured. At last both meet storms that the fit has not used: how far apart they are there is the error
//! of the model, and the only thing that says what it is worth.
//!
//! `plan.rs` has the storms, `observation.rs` what is measured of one, `parameters.rs` the model, `forecast.rs` runs it, `fit.rs` is the fit,
//! `judgement.rs` what it is worth.

mod error;
mod fit;
mod forecast;
mod judgement;
mod observation;
mod parameters;
mod plan;

pub use error::CalibrationError;
pub use judgement::{Error, Figure, HeldOut, LIMIT};
pub use observation::{Earlier, Observation, Times};
pub use parameters::{Fitted, Given, Parameter};
pub use plan::{Plan, Storm};

use crate::engine::RunOptions;
use crate::metrics::StormResult;
use crate::scenario::Scenario;
use stormglass_model::config::ServiceConfig;
use stormglass_model::lifecycle::Verdict;

/// What came of a calibration.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// The storms that the fit used, with what was measured.
    pub measured: Vec<Observation>,
    /// The parameters, and how well each is known.
    pub fitted: Fitted,
    /// The storms that it did not use.
    pub trials: Vec<HeldOut>,
}

impl Calibration {
    /// Whether the model is good enough to be called calibrated.
    pub fn holds(&self) -> bool {
        self.trials.iter().all(HeldOut::holds)
    }

    /// The service that was fitted.
    pub fn service(&self) -> ServiceConfig {
        self.fitted.service()
    }
}

/// Measures the service of a scenario, fits the model, and tries it. `watched` runs each storm, and `told` hears of it when it has been
/// measured.
pub fn calibrate(
    scenario: &Scenario,
    plan: &Plan,
    options: &RunOptions,
    watched: &dyn Fn(&mut dyn FnMut()),
    told: &mut dyn FnMut(&Observation, usize, usize),
) -> Result<Calibration, CalibrationError> {
    let storms = plan::storms(scenario, plan);
    let trials = plan::trials(scenario, plan);
    let all = storms.len() + trials.len();
    let mut seen: Vec<Observation> = Vec::new();
    for storm in storms.iter().chain(&trials) {
        let mut result = None;
        watched(&mut || result = Some(storm.run(scenario, options)));
        let Some(result) = result else {
            return Err(CalibrationError::Interrupted(seen.len(), all));
        };
        let result = result.map_err(|why| CalibrationError::Run(storm.name.clone(), why))?;
        if result.interrupted() {
            return Err(CalibrationError::Interrupted(seen.len(), all));
        }
        check(storm, &result)?;
        let observation = Observation::of(storm, &result.runs[0])?;
        told(&observation, seen.len() + 1, all);
        seen.push(observation);
    }
    let tried = seen.split_off(storms.len());
    fitted(scenario, plan, seen, tried)
}

/// Fits the model to what an earlier calibration measured, with the same scenario and plan.
pub fn calibrate_again(
    scenario: &Scenario,
    plan: &Plan,
    earlier: &[Earlier],
) -> Result<Calibration, CalibrationError> {
    let again = |storms: Vec<Storm>| {
        let seen = storms
            .iter()
            .map(|storm| Observation::again(storm, earlier));
        seen.collect::<Result<Vec<Observation>, CalibrationError>>()
    };
    let seen = again(plan::storms(scenario, plan))?;
    let tried = again(plan::trials(scenario, plan))?;
    fitted(scenario, plan, seen, tried)
}

fn fitted(
    scenario: &Scenario,
    plan: &Plan,
    seen: Vec<Observation>,
    tried: Vec<Observation>,
) -> Result<Calibration, CalibrationError> {
    let fitted = fit::fit(scenario, plan, &seen)?;
    let trials = judgement::trials(scenario, &fitted, tried)?;
    Ok(Calibration {
        measured: seen,
        fitted,
        trials,
    })
}

fn check(storm: &Storm, result: &StormResult) -> Result<(), CalibrationError> {
    let wrong = result.runs.iter().find(|run| run.verdict != Verdict::Valid);
    let Some(run) = wrong else {
        return Ok(());
    };
    let violation = run.violations.first().map(|first| first.detail.clone());
    Err(CalibrationError::NotValid {
        storm: storm.name.clone(),
        verdict: run.verdict,
        why: violation
            .or(run.unknown_because.clone())
            .unwrap_or_default(),
    })
}
