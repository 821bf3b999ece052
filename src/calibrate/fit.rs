//! The fit: parameters are moved until the model does what was measured.
//!
//! The distance is a sum of squares of logarithms: of throughput, medians and 99th percentiles of every operation, each in units of
//! what may be expected to differ by chance. The model runs with the same seeds whatever its parameters, so that what changes between
//! two runs is their doing. Bounded Levenberg and Marquardt finds the least distance; how fast it grows around it says how well each
//! parameter is known.

use super::error::CalibrationError;
use super::forecast::simulate_all;
use super::observation::Observation;
use super::parameters::{Alone, Fitted, OPERATIONS, Parameter};
use super::plan::{Plan, levels};
use crate::scenario::Scenario;
use rmpfit::{MPConfig, MPError, MPFitter, MPPar, MPResult};
use stormglass_model::lifecycle::Operation;

/// How far a figure of a storm may be expected to be off, as a share: throughput, a median, a 99th percentile.
const THROUGHPUT: f64 = 0.02;
const MEDIAN: f64 = 0.05;
const TAIL: f64 = 0.2;
/// By which share a parameter is moved to see what that does.
const STEP: f64 = 0.08;
/// The least that a time may be, in seconds.
const LEAST_S: f64 = 1e-6;
/// The most that contention may be.
const MOST_CONTENTION: f64 = 0.3;

/// Fits the model to what was measured.
pub(super) fn fit(
    scenario: &Scenario,
    plan: &Plan,
    seen: &[Observation],
) -> Result<Fitted, CalibrationError> {
    let processes = f64::from(plan.given.processes.get());
    // Few processors that do much and many that do little look alike from afar: where the fit begins decides which it finds.
    let starts: &[f64] = match plan.given.processes.get() {
        1 => &[1.0],
        _ => &[1.0, 0.7],
    };
    let fits = starts.iter().map(|share| {
        fit_from(
            scenario,
            plan,
            seen,
            first_guess(plan, seen, share * processes),
        )
    });
    let fits: Vec<(Fitted, f64)> = fits.collect::<Result<_, _>>()?;
    let best = fits.into_iter().min_by(|a, b| a.1.total_cmp(&b.1));
    best.map(|(fitted, _)| fitted)
        .ok_or_else(|| CalibrationError::NoFit("there is nowhere to begin".to_owned()))
}

/// Fits from a first guess; gives the distance that is left as well.
fn fit_from(
    scenario: &Scenario,
    plan: &Plan,
    seen: &[Observation],
    first: Fitted,
) -> Result<(Fitted, f64), CalibrationError> {
    // A process with a lock uses one processor at most, and one alone has that.
    let is_given = |parameter| parameter == Parameter::Cores && plan.given.processes.get() == 1;
    let every = first.values.iter().enumerate();
    let free: Vec<usize> = every
        .filter_map(|(at, (parameter, ..))| (!is_given(*parameter)).then_some(at))
        .collect();
    let bounds = free.iter().map(|at| {
        let (parameter, value, _) = first.values[*at];
        let (low, high) = limits(parameter, value, &first);
        MPPar {
            limited_low: true,
            limit_low: to_scale(parameter, low),
            limited_up: true,
            limit_up: to_scale(parameter, high),
            step: match parameter {
                Parameter::Contention => 0.01,
                _ => STEP,
            },
            ..MPPar::new()
        }
    });
    let mut fitter = Fitter {
        scenario,
        seen,
        bounds: bounds.collect(),
        config: MPConfig {
            ftol: 2e-4,
            xtol: 1e-6,
            max_iter: 20,
            ..MPConfig::new()
        },
        free,
        first,
        failed: None,
    };
    let mut at: Vec<f64> = (fitter.free.iter().zip(&fitter.bounds))
        .map(|(at, bound)| {
            let (parameter, value, _) = fitter.first.values[*at];
            to_scale(parameter, value).clamp(bound.limit_low, bound.limit_up)
        })
        .collect();
    let status = match fitter.mpfit(&mut at) {
        Ok(status) => status,
        Err(why) => {
            let why = CalibrationError::NoFit(why.to_string());
            return Err(fitter.failed.unwrap_or(why));
        }
    };
    let freedom = seen_figures(seen).saturating_sub(status.n_free).max(1);
    let scatter = (status.best_norm / freedom as f64).sqrt().max(1.0);
    let mut fitted = fitter.with(&at);
    for (at, error) in fitter.free.iter().zip(&status.xerror) {
        let (parameter, value, known) = &mut fitted.values[*at];
        let error = error * scatter;
        *known = match parameter {
            Parameter::Contention => error / value.max(LEAST_S),
            // No change of it changes anything.
            _ if error == 0.0 => f64::INFINITY,
            _ => error,
        };
    }
    Ok((fitted, status.best_norm))
}

/// Times and numbers by their logarithm, so that none falls below zero; contention may be nothing.
fn to_scale(parameter: Parameter, value: f64) -> f64 {
    match parameter {
        Parameter::Contention => value,
        _ => value.ln(),
    }
}

fn from_scale(parameter: Parameter, value: f64) -> f64 {
    match parameter {
        Parameter::Contention => value,
        _ => value.exp(),
    }
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
        Parameter::CpuOfByte | Parameter::Byte => (1e-13, 1e-5),
        Parameter::Cores => (0.2, processes.max(0.3)),
        Parameter::Contention => (0.0, MOST_CONTENTION),
    }
}

/// How long an operation takes in a storm.
fn alone(of: &Observation, operation: Operation) -> Alone {
    let times = of.times(operation);
    Alone {
        p50_s: times.map_or(LEAST_S, |it| it.p50_s.max(LEAST_S)),
        p99_s: times.map_or(LEAST_S, |it| it.p99_s.max(LEAST_S)),
    }
}

/// From the storms without load and those with most: what saturation leaves for the processors, and the rest.
fn first_guess(plan: &Plan, seen: &[Observation], cores: f64) -> Fitted {
    // The storms of each kind lie side by side, the one without load first and that with most last.
    let levels = levels(plan).len();
    let [records, looks, small, small_reads, data] =
        [0, 1, 2, 3, 4].map(|kind| (&seen[kind * levels], &seen[(kind + 1) * levels - 1]));
    let [create, upload, show, download, delete] = [
        alone(records.0, Operation::Create),
        alone(small.0, Operation::Upload),
        alone(looks.0, Operation::Show),
        alone(small_reads.0, Operation::Download),
        alone(records.0, Operation::Delete),
    ];
    // How much of what a life takes alone the processors are busy for.
    let share = |(one, many): (&Observation, &Observation)| {
        (cores * one.lives_per_s / many.lives_per_s).clamp(0.05, 0.95)
    };
    let record = share(records);
    let cpu = [
        record * create.p50_s,
        share(small) * upload.p50_s,
        share(looks) * show.p50_s,
        share(small_reads) * download.p50_s,
        record * delete.p50_s,
    ];
    let commit = (create.p50_s - cpu[0]).min(0.5 * (upload.p50_s - cpu[1]));
    let commit = commit.max(LEAST_S);
    let read = (show.p50_s - cpu[2]).max(LEAST_S);
    let size = data.0.storm.size();
    let more = alone(data.0, Operation::Upload).p50_s - upload.p50_s;
    let of_byte = (more / size).max(1e-12);
    let byte_share = share(data);
    let values = Parameter::all().into_iter().map(|parameter| {
        let value = match parameter {
            Parameter::Cpu(operation) => {
                let at = OPERATIONS.iter().position(|it| *it == operation);
                at.map_or(LEAST_S, |at| cpu[at])
            }
            Parameter::Commit => commit,
            Parameter::Read => read,
            Parameter::Put => upload.p50_s - cpu[1] - 2.0 * commit,
            Parameter::Get => download.p50_s - cpu[3] - read,
            // Only who has data has it removed.
            Parameter::Remove => alone(small.0, Operation::Delete).p50_s - delete.p50_s,
            Parameter::CpuOfByte => byte_share * of_byte,
            Parameter::Byte => (1.0 - byte_share) * of_byte,
            Parameter::Cores => cores,
            Parameter::Contention => 0.01,
        };
        let least = match parameter {
            Parameter::CpuOfByte | Parameter::Byte => 1e-12,
            // From nothing no step leads away: times are moved by shares of them.
            _ => (0.03 * create.p50_s).max(2.0 * LEAST_S),
        };
        (parameter, value.max(least), 0.0)
    });
    Fitted {
        given: plan.given,
        values: values.collect(),
        alone: [create, upload, show, download, delete],
    }
}

/// How many figures there are to fit to.
fn seen_figures(seen: &[Observation]) -> usize {
    seen.iter().map(|it| 1 + 2 * it.operations.len()).sum()
}

struct Fitter<'a> {
    scenario: &'a Scenario,
    seen: &'a [Observation],
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
            let (parameter, value, _) = &mut fitted.values[*position];
            *value = from_scale(*parameter, *at);
        }
        fitted
    }
}

impl MPFitter for Fitter<'_> {
    fn eval(&mut self, params: &[f64], deviates: &mut [f64]) -> MPResult<()> {
        let service = self.with(params).service();
        let modelled = match simulate_all(self.scenario, self.seen, &service) {
            Ok(modelled) => modelled,
            Err(why) => {
                self.failed = Some(why);
                return Err(MPError::Eval);
            }
        };
        let pairs = self.seen.iter().zip(&modelled);
        let figures = pairs.flat_map(|(seen, model)| distances(seen, model));
        for (deviate, figure) in deviates.iter_mut().zip(figures) {
            *deviate = figure;
        }
        Ok(())
    }

    fn number_of_points(&self) -> usize {
        seen_figures(self.seen)
    }

    fn config(&self) -> &MPConfig {
        &self.config
    }

    fn parameters(&self) -> &[MPPar] {
        &self.bounds
    }
}

/// How far the model is from what was measured of a storm, figure by figure, in units of what chance may do.
fn distances(seen: &Observation, model: &Observation) -> Vec<f64> {
    let far = |model: f64, seen: f64, unit: f64| (model.max(1e-9) / seen.max(1e-9)).ln() / unit;
    let mut distances = vec![far(model.lives_per_s, seen.lives_per_s, THROUGHPUT)];
    for times in &seen.operations {
        let modelled = model.times(times.operation);
        distances.extend(modelled.map_or([0.0; 2], |it| {
            [
                far(it.p50_s, times.p50_s, MEDIAN),
                far(it.p99_s, times.p99_s, TAIL),
            ]
        }));
    }
    distances
}
