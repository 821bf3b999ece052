//! A model fitted to what logs tell: how long operations took while much or little else went on.
//!
//! No log tells processor time from waits. But what an operation takes beside others, more than it takes alone, it takes because of
//! what they share. So the model is run with the stories of the logs at the rates at which images came, and its operations are divided
//! by how many others were open, just as those of the logs are. Two levels of load are kept from the fit: the highest, and one between.

use super::error::CalibrationError;
use super::fit::{self, Goal};
use super::guess;
use super::judgement::HeldOut;
use super::observation::{Measured, Observation, Times};
use super::parameters::{Given, OPERATIONS};
use super::plan::{self, Storm};
use super::{Basis, Calibration, Stopped};
use crate::engine::{self, Progress, RunOptions};
use crate::scenario::{Model, Scenario};
use crate::statistics::{Durations, Level, levels};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use stormglass_model::config::ServiceConfig;
use stormglass_model::history::{Event, Record};
use stormglass_model::lifecycle::{Operation, Outcome};
use stormglass_model::load::Arrivals;
use stormglass_model::units::Rate;

/// What logs tell of a service under load.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// How many images came in a second, at quiet times and at busy ones.
    pub images_per_s: Vec<f64>,
    /// How long operations took, the level with least else first.
    pub levels: Vec<Level<Operation>>,
}

/// Levels of load that are needed: two that are kept from the fit, and two for it.
const FEWEST: usize = 4;
/// How many images a run of the model has at each rate.
const IMAGES: u64 = 2_000;

/// Fits the model to what logs tell; the scenario is the one that was learned from them.
pub fn calibrate_logged(
    scenario: &Scenario,
    given: Given,
    logged: &Logged,
) -> Result<Calibration, Stopped> {
    let all: Vec<Observation> = logged.levels.iter().filter_map(observation).collect();
    if all.len() < FEWEST {
        return Err(Stopped::at_once(CalibrationError::FewLevels(
            all.len(),
            FEWEST,
        )));
    }
    let kept_back = [all.len() / 2, all.len() - 1];
    let (mut seen, mut tried) = (Vec::new(), Vec::new());
    for (at, level) in all.into_iter().enumerate() {
        match kept_back.contains(&at) {
            true => tried.push(level),
            false => seen.push(level),
        }
    }
    fitted(scenario, given, logged, seen, tried).map_err(Stopped::at_once)
}

fn fitted(
    scenario: &Scenario,
    given: Given,
    logged: &Logged,
    seen: Vec<Observation>,
    tried: Vec<Observation>,
) -> Result<Calibration, CalibrationError> {
    let model = |service: &ServiceConfig| simulated(scenario, &logged.images_per_s, service);
    let distances = |service: &ServiceConfig| {
        let modelled = model(service)?;
        let pairs = seen
            .iter()
            .map(|it| fit::distances(it, &like(it, &modelled)));
        Ok(pairs.collect::<Vec<_>>().concat())
    };
    let goal = Goal {
        figures: fit::figures(&seen),
        spread_is_seen: false,
        distances: &distances,
    };
    let size = plan::mean_size(scenario);
    let first = |cores: f64| guess::of_levels(given, &seen[0], size, cores);
    let fitted = fit::fit(&goal, given, first)?;
    let modelled = model(&fitted.service())?;
    let trials = tried.into_iter().map(|measured| HeldOut {
        forecast: like(&measured, &modelled),
        measured,
    });
    Ok(Calibration {
        modelled: seen.iter().map(|it| like(it, &modelled)).collect(),
        trials: trials.collect(),
        measured: seen,
        fitted,
        stopped: None,
        basis: Basis::Logs,
    })
}

/// A level of load as a storm that was measured; none where no operation is one that is fitted.
fn observation(level: &Level<Operation>) -> Option<Observation> {
    let fitted = level
        .kinds
        .iter()
        .filter(|it| OPERATIONS.contains(&it.kind));
    let operations: Vec<Times> = fitted
        .map(|it| Times {
            operation: it.kind,
            count: it.count,
            p50_s: it.p50.as_secs_f64(),
            p99_s: it.p99.as_secs_f64(),
        })
        .collect();
    (!operations.is_empty()).then(|| Observation {
        storm: Storm::beside(level.from, level.to),
        whole: Measured {
            lives_per_s: None,
            operations,
        },
        rounds: Vec::new(),
    })
}

/// What the model did at the same level as this; nothing where it was never there.
fn like(seen: &Observation, modelled: &[Observation]) -> Observation {
    let same = modelled.iter().find(|it| it.storm.name == seen.storm.name);
    same.cloned().unwrap_or_else(|| Observation {
        whole: Measured {
            lives_per_s: None,
            operations: Vec::new(),
        },
        ..seen.clone()
    })
}

/// Runs the model at every rate, each on a thread.
fn simulated(
    scenario: &Scenario,
    images_per_s: &[f64],
    service: &ServiceConfig,
) -> Result<Vec<Observation>, CalibrationError> {
    let runs = thread::scope(|scope| {
        let runs = images_per_s.iter().map(|rate| {
            let storm = at_rate(scenario, *rate, service);
            scope.spawn(move || durations(&storm))
        });
        let runs: Vec<_> = runs.collect();
        let ended = runs.into_iter().map(|run| run.join());
        let nothing = || {
            Err(CalibrationError::NoFit(
                "a run of the model broke off".to_owned(),
            ))
        };
        ended
            .map(|it| it.unwrap_or_else(|_| nothing()))
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(levels(&runs).iter().filter_map(observation).collect())
}

/// The stories of the scenario without their waits, which images begin at a rate.
fn at_rate(scenario: &Scenario, rate: f64, service: &ServiceConfig) -> Scenario {
    let arrivals = Model::Open(Arrivals::at(Rate(rate)));
    let storm = plan::only(scenario, plan::own_stories(scenario), arrivals);
    plan::on_model(storm, service, IMAGES)
}

/// How long the operations of a run took.
fn durations(storm: &Scenario) -> Result<Durations<Operation>, CalibrationError> {
    let heard: Arc<Mutex<Durations<Operation>>> = Arc::default();
    let hears = Arc::clone(&heard);
    let progress = Progress::heard_by(move |records| {
        let mut durations = hears.lock().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            let Record::Subject { at, event, .. } = record else {
                continue;
            };
            if let Event::Completed {
                operation,
                outcome: Outcome::Ok,
                sent,
                ..
            } = event
            {
                durations.add(*operation, *sent, at.since(*sent), None);
            }
        }
    });
    let options = RunOptions {
        progress: Arc::new(progress),
        threads: Some(NonZeroUsize::MIN),
        ..RunOptions::default()
    };
    engine::run(storm, &options)
        .map_err(|why| CalibrationError::Run("of the logs".to_owned(), why))?;
    drop(options);
    let durations = std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(durations)
}
