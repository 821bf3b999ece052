//! What a model is worth: how far it is off where the fit has not looked.

use super::error::CalibrationError;
use super::forecast::simulate_all;
use super::observation::Observation;
use super::parameters::Fitted;
use crate::scenario::Scenario;
use stormglass_model::lifecycle::Operation;

/// A storm that the fit has not used, as it was measured and as the model forecast it.
#[derive(Clone, Debug)]
pub struct HeldOut {
    /// What was measured.
    pub measured: Observation,
    /// What the model says.
    pub forecast: Observation,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Lives in a second.
    Throughput,
    /// The median of an operation.
    P50(Operation),
    /// The 99th percentile of an operation.
    P99(Operation),
}

/// One figure, measured and forecast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Error {
    /// Of what.
    pub figure: Figure,
    /// Lives a second, or seconds.
    pub measured: f64,
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
        let mut errors = vec![Error {
            figure: Figure::Throughput,
            measured: self.measured.lives_per_s,
            forecast: self.forecast.lives_per_s,
        }];
        for times in &self.measured.operations {
            let Some(forecast) = self.forecast.times(times.operation) else {
                continue;
            };
            errors.push(Error {
                figure: Figure::P50(times.operation),
                measured: times.p50_s,
                forecast: forecast.p50_s,
            });
            errors.push(Error {
                figure: Figure::P99(times.operation),
                measured: times.p99_s,
                forecast: forecast.p99_s,
            });
        }
        errors
    }

    /// Whether no figure is off by more than [`LIMIT`].
    pub fn holds(&self) -> bool {
        self.errors().iter().all(|it| it.share().abs() <= LIMIT)
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
