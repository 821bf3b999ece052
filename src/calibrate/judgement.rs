//! What a model is worth: how far it is off where the fit has not looked.

use super::error::CalibrationError;
use super::forecast::simulate_all;
use super::observation::{Figure, Observation};
use super::parameters::Fitted;
use crate::scenario::Scenario;

/// A storm that the fit has not used, as it was measured and as the model forecast it.
#[derive(Clone, Debug)]
pub struct HeldOut {
    /// What was measured.
    pub measured: Observation,
    /// What the model says.
    pub forecast: Observation,
}

/// One figure, measured and forecast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Error {
    /// Of what.
    pub figure: Figure,
    /// Lives a second, or seconds.
    pub measured: f64,
    /// How far from that the truth may lie, as a share of it, where there were several rounds.
    pub reach: Option<f64>,
    /// The same of the model.
    pub forecast: f64,
}

impl Error {
    /// By which share of what was measured the forecast is off; below zero where it is too low.
    pub fn share(&self) -> f64 {
        self.forecast / self.measured - 1.0
    }
}

/// A model whose 99th percentiles are off by more than this is not called calibrated.
pub const LIMIT: f64 = 0.2;

impl HeldOut {
    /// Every figure.
    pub fn errors(&self) -> Vec<Error> {
        let (measured, forecast) = (&self.measured.whole, &self.forecast.whole);
        let errors = measured.figures().into_iter().filter_map(|figure| {
            Some(Error {
                figure,
                measured: measured.figure(figure)?,
                reach: self.measured.reach(figure),
                forecast: forecast.figure(figure)?,
            })
        });
        errors.collect()
    }

    /// Whether the model has every figure that was measured: it may never be at a level of load that logs tell of.
    pub fn is_whole(&self) -> bool {
        self.errors().len() == self.measured.whole.figures().len()
    }

    /// Whether the model has every figure, and none is off by more than [`LIMIT`].
    pub fn holds(&self) -> bool {
        self.is_whole() && self.errors().iter().all(|it| it.share().abs() <= LIMIT)
    }
}

/// Forecasts the storms that the fit has not used.
pub(super) fn trials(
    scenario: &Scenario,
    fitted: &Fitted,
    measured: Vec<Observation>,
) -> Result<Vec<HeldOut>, CalibrationError> {
    let forecast = simulate_all(scenario, &measured, &fitted.service())?;
    let pairs = measured.into_iter().zip(forecast);
    Ok(pairs
        .map(|(measured, forecast)| HeldOut { measured, forecast })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::Calibration;

    #[test]
    fn a_model_that_is_never_there_does_not_hold() {
        let mut trial = Calibration::example().trials.remove(0);
        assert!(trial.holds() && trial.is_whole());
        trial.forecast.whole.operations.clear();
        assert!(!trial.is_whole() && !trial.holds());
        trial.forecast.whole.lives_per_s = None;
        assert!(trial.errors().is_empty() && !trial.holds());
    }
}
