//! A model of a service, fitted to what was measured of the real one, and tried on loads that it has not seen.
//!
//! A *staircase* of closed storms is run on the service: without load they tell how long each operation takes, under load how much of
//! that is the processors' time. Storms differ in their operations and in how much data they move, so that the parts can be told
//! apart. Then the model is run with the same storms, in virtual time and with the same seeds, and its parameters are moved until its
//! figures are those that were measured. At last both meet storms that the fit has not used: how far apart they are there is the error
//! of the model, and the only thing that says what it is worth.
//!
//! Logs that `learn` has read take the place of storms: `learned.rs`.
//!
//! `plan.rs` has the storms, `storms.rs` runs them, `observation.rs` what is measured of one, `parameters.rs` the model, `forecast.rs`
//! runs it, `guess.rs` is where the fit begins, `fit.rs` is the fit, `judgement.rs` what it is worth.

mod error;
mod fit;
mod forecast;
mod guess;
mod judgement;
mod learned;
mod observation;
mod parameters;
mod plan;
mod storms;

pub use error::CalibrationError;
pub use judgement::{Error, HeldOut, LIMIT};
pub use learned::{Logged, calibrate_logged};
pub use observation::{Earlier, Figure, Measured, Observation, Times};
pub use parameters::{Fitted, Given, Parameter};
pub use plan::{Plan, Storm};

use crate::engine::RunOptions;
use crate::scenario::Scenario;
use fit::Goal;
use stormglass_model::config::ServiceConfig;
#[cfg(test)]
use stormglass_model::lifecycle::Operation;
use storms::Storms;

/// What a model is fitted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Storms that were run on the service.
    Storms,
    /// What logs tell of levels of load.
    Logs,
}

/// What came of a calibration.
#[derive(Debug)]
pub struct Calibration {
    /// What the model was fitted to.
    pub basis: Basis,
    /// The storms that the fit used, with what was measured.
    pub measured: Vec<Observation>,
    /// What the fitted model does in them.
    pub modelled: Vec<Observation>,
    /// The parameters, and how well each is known.
    pub fitted: Fitted,
    /// The storms that it did not use.
    pub trials: Vec<HeldOut>,
    /// Why not all rounds were run, if not.
    pub stopped: Option<CalibrationError>,
}

impl Calibration {
    /// Whether the model is good enough to be called calibrated.
    pub fn holds(&self) -> bool {
        self.trials.iter().all(HeldOut::holds)
    }

    /// One of two storms in two rounds, whose forecasts are off by various shares.
    #[cfg(test)]
    pub(crate) fn example() -> Calibration {
        let measured = |lives_per_s: f64, faster: f64| Measured {
            lives_per_s: Some(lives_per_s),
            operations: vec![Times {
                operation: Operation::Upload,
                count: 120,
                p50_s: 0.020 / faster,
                p99_s: 0.080 / faster,
            }],
        };
        let observed = |name: &str, rounds: &[f64], forecast: f64| Observation {
            storm: Storm::for_tests(name),
            whole: measured(20.0, forecast),
            rounds: rounds
                .iter()
                .map(|faster| measured(20.0 * faster, *faster))
                .collect(),
        };
        let of_fit = observed("data, 1 user", &[1.0, 1.1], 1.0);
        Calibration {
            modelled: vec![observed("data, 1 user", &[], 1.02)],
            fitted: Fitted::example(),
            trials: vec![
                HeldOut {
                    measured: observed("busy, 6 users", &[0.98, 1.02], 1.0),
                    forecast: observed("busy, 6 users", &[], 0.9),
                },
                HeldOut {
                    measured: observed("small, 2 users", &[1.0], 1.0),
                    forecast: observed("small, 2 users", &[], 1.3),
                },
            ],
            measured: vec![of_fit],
            stopped: None,
            basis: Basis::Storms,
        }
    }

    /// The service that was fitted.
    pub fn service(&self) -> ServiceConfig {
        self.fitted.service()
    }
}

/// Measures the service of a scenario, fits the model, and tries it. `watched` runs each storm; `told` hears of each round of one, and the
/// how manieth of how many it was. Where the storms cannot go on, the model is fitted to those rounds that are whole.
pub fn calibrate(
    scenario: &Scenario,
    plan: &Plan,
    options: &RunOptions,
    watched: &dyn Fn(&mut dyn FnMut()),
    told: &mut dyn FnMut(&Observation, usize, usize),
) -> Result<Calibration, Stopped> {
    let fit_to = plan::storms(scenario, plan).len();
    let mut storms = Storms::of(scenario, plan);
    let stopped = storms.run(scenario, options, watched, told).err();
    let whole = storms.whole_rounds();
    let measured = storms.observed(whole);
    match stopped {
        Some(why) if whole == 0 => Err(Stopped {
            why: Box::new(why),
            measured,
        }),
        stopped => {
            let (seen, tried) = measured.split_at(fit_to);
            match fitted(scenario, plan, seen.to_vec(), tried.to_vec()) {
                Ok(fitted) => Ok(Calibration { stopped, ..fitted }),
                Err(why) => Err(Stopped {
                    why: Box::new(why),
                    measured,
                }),
            }
        }
    }
}

/// Why a calibration came to nothing, and what was measured.
#[derive(Debug)]
pub struct Stopped {
    /// Why.
    pub why: Box<CalibrationError>,
    /// The storms that were run, some of them perhaps not in every round.
    pub measured: Vec<Observation>,
}

impl Stopped {
    /// Before anything was measured.
    pub fn at_once(why: CalibrationError) -> Stopped {
        Stopped {
            why: Box::new(why),
            measured: Vec::new(),
        }
    }
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
    let distances = |service: &ServiceConfig| {
        let modelled = forecast::simulate_all(scenario, &seen, service)?;
        let pairs = seen.iter().zip(&modelled);
        let distances = pairs.map(|(seen, model)| fit::distances(seen, model));
        Ok(distances.collect::<Vec<_>>().concat())
    };
    let goal = Goal {
        figures: fit::figures(&seen),
        spread_is_seen: true,
        distances: &distances,
    };
    let first = |cores: f64| guess::of_storms(plan, &seen, cores);
    let fitted = fit::fit(&goal, plan.given, first)?;
    let modelled = forecast::simulate_all(scenario, &seen, &fitted.service())?;
    let trials = judgement::trials(scenario, &fitted, tried)?;
    Ok(Calibration {
        modelled,
        measured: seen,
        fitted,
        trials,
        stopped: None,
        basis: Basis::Storms,
    })
}
