//! The fit: parameters are moved until the model does what was measured.
//!
//! The distance is a sum of squares of logarithms: of throughput, medians and 99th percentiles of every operation, each in units of
//! what may be expected to differ by chance. The model runs with the same seeds whatever its parameters, so that what changes between
//! two runs is their doing. Bounded Levenberg and Marquardt finds the least distance; how fast it grows around it says how well each
//! parameter is known.

use super::error::CalibrationError;
use super::observation::{Figure, Observation};
use super::parameters::{Fitted, Given, OPERATIONS, Parameter};
use rmpfit::{MPConfig, MPError, MPFitter, MPPar, MPResult, MPSide};
use stormglass_model::config::{Balance, ServiceConfig};

/// How far a figure of a storm may be expected to be off, as a share: throughput, a median, a 99th percentile.
const THROUGHPUT: f64 = 0.02;
const MEDIAN: f64 = 0.05;
const TAIL: f64 = 0.2;
/// How far off a figure counts that the model does not have, because it is never at such a load: three times what chance may do.
const MISSED: f64 = 3.0;
/// By which share a parameter is moved, to both sides, to see what that does. What chance does to a storm of the model is small beside what
/// so long a step does: with steps of 0.08 the fit came to rest far from figures that are known.
const STEP: f64 = 0.35;
/// The least that a time may be, in seconds.
pub(super) const LEAST_S: f64 = 1e-6;
/// The most that an operation may weigh; the least is one of so many parts.
const MOST_WEIGHT: f64 = 50.0;

/// What the model is compared with.
pub(super) struct Goal<'a> {
    /// How many figures there are.
    pub(super) figures: usize,
    /// Whether how processor time spreads is seen, of operations with nothing beside them.
    pub(super) spread_is_seen: bool,
    /// How far the model of a service is from each.
    pub(super) distances: &'a dyn Fn(&ServiceConfig) -> Result<Vec<f64>, CalibrationError>,
}

/// Fits the model to what was measured, from a first guess at the share of a processor that each process has. Few processors that do much
/// and many that do little look alike from afar: where the fit begins decides which it finds. Which process a request goes to is tried
/// as well.
pub(super) fn fit(
    goal: &Goal,
    given: Given,
    first: impl Fn(f64) -> Fitted,
) -> Result<Fitted, CalibrationError> {
    let processes = f64::from(given.processes.get());
    if given.processes.get() == 1 {
        return Ok(fit_from(goal, first(1.0), MOST)?.0);
    }
    let scouted = |share: f64, balance| {
        let first = Fitted {
            balance,
            ..first(share * processes)
        };
        fit_from(goal, first, FEW)
    };
    let nearer = |a: (Fitted, f64), b: (Fitted, f64)| if b.1 < a.1 { b } else { a };
    let full = nearer(scouted(1.0, Balance::Fewest)?, scouted(1.0, Balance::Race)?);
    let part = scouted(0.7, full.0.balance)?;
    Ok(fit_from(goal, nearer(full, part).0, MOST)?.0)
}

/// After so many steps it is known which beginning leads farthest.
const FEW: usize = 3;
/// So many steps lead anywhere.
const MOST: usize = 30;

/// Fits from a first guess, in so many steps at most; gives the distance that is left as well.
fn fit_from(goal: &Goal, first: Fitted, steps: usize) -> Result<(Fitted, f64), CalibrationError> {
    let is_given = |parameter| match parameter {
        // A process with a lock uses one processor at most, and one alone has that.
        Parameter::Cores => first.given.processes.get() == 1,
        Parameter::Spread => goal.spread_is_seen,
        _ => false,
    };
    let every = first.values.iter().enumerate();
    let free: Vec<usize> = every
        .filter_map(|(at, (parameter, ..))| (!is_given(*parameter)).then_some(at))
        .collect();
    let bounds = free.iter().map(|at| {
        let (parameter, value, _) = first.values[*at];
        let (low, high) = limits(parameter, value, &first);
        MPPar {
            limited_low: true,
            limit_low: low.ln(),
            limited_up: true,
            limit_up: high.ln(),
            step: STEP,
            side: MPSide::Both,
            ..MPPar::new()
        }
    });
    let mut fitter = Fitter {
        goal,
        bounds: bounds.collect(),
        config: MPConfig {
            ftol: 1e-6,
            xtol: 1e-6,
            max_iter: steps,
            ..MPConfig::new()
        },
        free,
        first,
        failed: None,
    };
    let mut at: Vec<f64> = (fitter.free.iter().zip(&fitter.bounds))
        .map(|(at, bound)| {
            let (_, value, _) = fitter.first.values[*at];
            value.ln().clamp(bound.limit_low, bound.limit_up)
        })
        .collect();
    let status = match fitter.mpfit(&mut at) {
        Ok(status) => status,
        Err(why) => {
            let why = CalibrationError::NoFit(why.to_string());
            return Err(fitter.failed.unwrap_or(why));
        }
    };
    let freedom = goal.figures.saturating_sub(status.n_free).max(1);
    let scatter = (status.best_norm / freedom as f64).sqrt().max(1.0);
    let mut fitted = fitter.with(&at);
    for (at, error) in fitter.free.iter().zip(&status.xerror) {
        let (_, _, known) = &mut fitted.values[*at];
        let error = error * scatter;
        *known = match error {
            // No change of it changes anything.
            0.0 => f64::INFINITY,
            error => error,
        };
    }
    Ok((fitted, status.best_norm))
}

/// Where a parameter may lie.
fn limits(parameter: Parameter, value: f64, first: &Fitted) -> (f64, f64) {
    let processes = f64::from(first.given.processes.get());
    match parameter {
        Parameter::Cpu(operation) => {
            let at = OPERATIONS.iter().position(|it| *it == operation);
            let whole = at.map_or(value, |at| first.alone[at].p50_s);
            (LEAST_S, whole.max(2.0 * LEAST_S))
        }
        Parameter::Commit
        | Parameter::Read
        | Parameter::Put
        | Parameter::Get
        | Parameter::Remove => {
            let most = first.alone.iter().map(|it| it.p50_s).fold(0.0, f64::max);
            (LEAST_S, most.max(2.0 * LEAST_S))
        }
        Parameter::CpuOfPut | Parameter::CpuOfGet | Parameter::ByteOfPut | Parameter::ByteOfGet => {
            (1e-13, 1e-5)
        }
        Parameter::Cores => (0.2, processes.max(0.3)),
        Parameter::PutWeight | Parameter::GetWeight => (1.0 / MOST_WEIGHT, MOST_WEIGHT),
        Parameter::Spread => (0.05, 1.5),
        Parameter::Unbroken(_) => (0.003, 1.0),
    }
}

struct Fitter<'a> {
    goal: &'a Goal<'a>,
    first: Fitted,
    /// The positions of the parameters that are fitted.
    free: Vec<usize>,
    /// Of these, where each may lie.
    bounds: Vec<MPPar>,
    config: MPConfig,
    failed: Option<CalibrationError>,
}

impl Fitter<'_> {
    /// The first guess with other values.
    fn with(&self, at: &[f64]) -> Fitted {
        let mut fitted = self.first.clone();
        for (position, at) in self.free.iter().zip(at) {
            fitted.values[*position].1 = at.exp();
        }
        fitted
    }
}

impl MPFitter for Fitter<'_> {
    fn eval(&mut self, params: &[f64], deviates: &mut [f64]) -> MPResult<()> {
        let service = self.with(params).service();
        let figures = match (self.goal.distances)(&service) {
            Ok(figures) => figures,
            Err(why) => {
                self.failed = Some(why);
                return Err(MPError::Eval);
            }
        };
        for (deviate, figure) in deviates.iter_mut().zip(figures) {
            *deviate = figure;
        }
        Ok(())
    }

    fn number_of_points(&self) -> usize {
        self.goal.figures
    }

    fn config(&self) -> &MPConfig {
        &self.config
    }

    fn parameters(&self) -> &[MPPar] {
        &self.bounds
    }
}

/// How many figures there are to fit to.
pub(super) fn figures(seen: &[Observation]) -> usize {
    seen.iter().map(|it| it.whole.figures().len()).sum()
}

/// How far the model is from what was measured of a storm, figure by figure, in units of what chance may do.
pub(super) fn distances(seen: &Observation, model: &Observation) -> Vec<f64> {
    let figures = seen.whole.figures().into_iter();
    let distances = figures.map(|figure| {
        let unit = match figure {
            Figure::Throughput => THROUGHPUT,
            Figure::P50(_) => MEDIAN,
            Figure::P99(_) => TAIL,
        };
        let [seen, model] = [seen, model].map(|it| it.whole.figure(figure));
        match (seen, model) {
            (Some(seen), Some(model)) => (model.max(1e-9) / seen.max(1e-9)).ln() / unit,
            (Some(_), None) => MISSED,
            (None, _) => 0.0,
        }
    });
    distances.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::observation::{Measured, Times};
    use crate::calibrate::plan::Storm;
    use stormglass_model::lifecycle::Operation;

    #[test]
    fn what_the_model_does_not_have_costs() {
        let with = |operations: &[Operation]| Observation {
            storm: Storm::for_tests("busy"),
            whole: Measured {
                lives_per_s: None,
                operations: operations
                    .iter()
                    .map(|operation| Times {
                        operation: *operation,
                        count: 1000,
                        p50_s: 0.01,
                        p99_s: 0.02,
                    })
                    .collect(),
            },
            rounds: Vec::new(),
        };
        let seen = with(&[Operation::Create, Operation::Show]);
        assert_eq!(
            distances(&seen, &with(&[Operation::Create])),
            [0.0, 0.0, MISSED, MISSED]
        );
        // What was not seen is no figure.
        assert_eq!(distances(&with(&[]), &seen), [0.0; 0]);
    }
}
