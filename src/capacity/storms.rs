//! What a search measures: storms of one scenario, each with another value of the key.

use super::search::{Measure, Point, Sample, Stop};
use super::usage::{Usage, ranked};
use crate::engine::{self, RunError, RunOptions};
use crate::metrics::{RunResult, StormResult, Stretch};
use crate::scenario::{Clock, Mistakes, NamedPhase, Scenario, Target};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops;
use std::slice;
use stormglass_model::config::{Resource, Work};
use stormglass_model::lifecycle::{SubjectStatus, Verdict};
use stormglass_model::random::Seed;
use stormglass_model::units::{Span, Time};

/// How one resource was used at a value of the key, on average over replications.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceUse {
    /// Which resource.
    pub resource: Resource,
    /// How many units there are.
    pub units: f64,
    /// Share of its units that was held, 0 to 1.
    pub utilisation: f64,
    /// The share of its units that the load asks for: beyond one, work is left over.
    pub share: f64,
    /// Whose work waited for it, the longest waits first.
    pub waiting: Vec<Work>,
}

/// What was measured at a value besides the figures of the demands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beside {
    /// The resources in the order in which they will be short.
    pub resources: Vec<ResourceUse>,
    /// Operations completed in a second of the load, a value a replication.
    pub completions_per_s: Vec<f64>,
    /// Operations that were open at once during the load, on average, a value a replication.
    pub in_flight: Vec<f64>,
    /// Events of all replications.
    pub events: u64,
}

/// Why a search cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The scenario is wrong with a value of the key.
    #[error("the scenario is wrong with `{0}`")]
    Scenario(String, Box<Mistakes>),
    /// A storm could not be run.
    #[error("cannot run it with `{0}`")]
    Run(String, #[source] RunError),
    /// A storm was not valid.
    #[error("{verdict} with `{setting}` and seed {seed}: {why}")]
    NotValid {
        /// What sets the key.
        setting: String,
        /// The seed of the replication.
        seed: u64,
        /// Invalid or unknown.
        verdict: Verdict,
        /// The first violation, or why it is unknown.
        why: String,
    },
    /// Something failed on the load generator's own machine.
    #[error("this machine failed with `{0}`: {1}")]
    Local(String, String),
}

/// Reads the scenario with one more setting, `KEY=VALUE`.
pub type ReadWith<'a> = dyn Fn(&str) -> Result<Scenario, Mistakes> + 'a;

/// Runs storms for a search.
pub struct Storms<'a> {
    /// What sets the key to a value.
    pub setting: &'a dyn Fn(f64) -> String,
    /// Reads the scenario.
    pub read: &'a ReadWith<'a>,
    /// Runs it.
    pub options: &'a RunOptions,
    /// Runs a storm while somebody watches.
    pub watched: &'a dyn Fn(&mut dyn FnMut()),
    /// Hears of every point that was decided.
    pub told: &'a dyn Fn(&Point),
    /// What was measured besides, by the position of the value among those in `values`.
    pub beside: BTreeMap<u64, Beside>,
}

impl Storms<'_> {
    /// What was measured at a value besides the figures.
    pub fn beside(&self, value: f64) -> Option<&Beside> {
        self.beside.get(&value.to_bits())
    }

    fn scenario(&self, setting: &str) -> Result<Scenario, Stop<SearchError>> {
        (self.read)(setting).map_err(|mistakes| {
            let setting = setting.to_owned();
            Stop::Failed(SearchError::Scenario(setting, Box::new(mistakes)))
        })
    }
}

/// A sketch of a run has so many times less load than the run.
const SKETCH: u64 = 50;

/// The same load for so long only, with nothing but the load in it.
fn shorten(scenario: &mut Scenario, length: Span) {
    scenario.load.duration = Some(length);
    scenario.load.warm_up = Span::ZERO;
    scenario.phases = vec![NamedPhase {
        name: "load".to_owned(),
        from: Time::ZERO,
    }];
    scenario.settle = Some(Span::ZERO);
    scenario.thresholds.clear();
    scenario.faults.clear();
    scenario.replications = NonZeroU32::MIN;
}

/// What is asked of each resource as a share of its units, by its index.
fn by_resource(uses: impl Iterator<Item = ResourceUse>) -> Vec<f64> {
    let mut shares = vec![0.0; Resource::COUNT];
    uses.for_each(|it| shares[it.resource.index()] = it.share);
    shares
}

impl Measure for Storms<'_> {
    type Error = SearchError;

    fn measure(
        &mut self,
        value: f64,
        replications: ops::Range<u32>,
        whole: bool,
    ) -> Result<Vec<Sample>, Stop<SearchError>> {
        let setting = (self.setting)(value);
        let mut scenario = self.scenario(&setting)?;
        scenario.ends_when_lost = !whole;
        scenario.seed = Seed(scenario.seed.0.wrapping_add(replications.start.into()));
        let count = replications.end - replications.start;
        scenario.replications = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let mut result = None;
        (self.watched)(&mut || result = Some(engine::run(&scenario, self.options)));
        let result = match result {
            Some(Ok(result)) => result,
            Some(Err(error)) => return Err(Stop::Failed(SearchError::Run(setting, error))),
            None => return Err(Stop::Interrupted),
        };
        check(&scenario.target, &setting, &result)?;
        let void = result.generator_bottleneck;
        let figures = |run: &RunResult| {
            let one = slice::from_ref(run);
            let thresholds = scenario.thresholds.iter().enumerate();
            thresholds
                .map(|(position, threshold)| threshold.judge(position, one).value)
                .collect()
        };
        // In real time the same seed does not bring the same run about: what one that was ended early came to stands beside the others.
        let repeats = scenario.clock == Clock::Virtual;
        let samples = result.runs.iter().map(|run| Sample {
            figures: figures(run),
            void,
            overloaded: is_overloaded(&scenario.target, run),
            lost: run.lost && repeats,
        });
        let samples = samples.collect();
        let beside = self.beside.entry(value.to_bits()).or_default();
        if replications.start == 0 {
            *beside = Beside::default();
        }
        beside.add(&result);
        Ok(samples)
    }

    fn sketch(&mut self, value: f64) -> Result<Vec<f64>, Stop<SearchError>> {
        let setting = (self.setting)(value);
        let mut scenario = self.scenario(&setting)?;
        let embedded = matches!(scenario.target, Target::Embedded(_));
        let (true, Clock::Virtual, Some(length)) =
            (embedded, scenario.clock, scenario.load.duration)
        else {
            return Ok(Vec::new());
        };
        shorten(&mut scenario, Span((length.0 / SKETCH).max(1)));
        let result = engine::run(&scenario, self.options);
        let result = result.map_err(|error| Stop::Failed(SearchError::Run(setting, error)))?;
        if result.interrupted() {
            return Err(Stop::Interrupted);
        }
        let usages = ranked(&result.runs);
        Ok(by_resource(usages.iter().map(ResourceUse::of)))
    }

    fn asked(&self, value: f64) -> Vec<f64> {
        let resources = self.beside(value).map_or(&[][..], |it| &it.resources);
        by_resource(resources.iter().cloned())
    }

    fn decided(&mut self, point: &Point) {
        (self.told)(point);
    }
}

/// Whether the run is of unknown verdict since something was still to be done at its end: more came in than the service could do.
fn is_overloaded(target: &Target, run: &RunResult) -> bool {
    let open = run.end.in_flight.now() > 0;
    // What a real server has still to scrub is its own affair.
    let unscrubbed = matches!(target, Target::Embedded(_))
        && run.end.by_status()[SubjectStatus::PendingDelete.index()] > 0;
    run.verdict == Verdict::Unknown && run.has_acknowledged() && (open || unscrubbed)
}

/// Nothing is concluded from a storm that is not valid, or of which a part is missing.
fn check(target: &Target, setting: &str, result: &StormResult) -> Result<(), Stop<SearchError>> {
    let ended_early = |run: &RunResult| run.lost && run.verdict == Verdict::Unknown;
    let wrong = |run: &&RunResult| {
        run.verdict != Verdict::Valid && !ended_early(run) && !is_overloaded(target, run)
    };
    let worst = (result.runs.iter().filter(wrong)).max_by_key(|run| run.verdict);
    let setting = setting.to_owned();
    match worst {
        // A violation counts however early it was cut short.
        Some(run) if run.verdict == Verdict::Invalid || !result.interrupted() => {
            let violation = run.violations.first().map(|first| first.detail.clone());
            Err(Stop::Failed(SearchError::NotValid {
                setting,
                seed: run.seed,
                verdict: run.verdict,
                why: violation
                    .or(run.unknown_because.clone())
                    .unwrap_or_default(),
            }))
        }
        _ => match result.first_local_failure() {
            Some(failure) => Err(Stop::Failed(SearchError::Local(
                setting,
                failure.to_string(),
            ))),
            None if result.interrupted() => Err(Stop::Interrupted),
            None => Ok(()),
        },
    }
}

impl Beside {
    fn add(&mut self, result: &StormResult) {
        let before = self.in_flight.len() as f64;
        for run in &result.runs {
            self.events += run.end.events;
            let (mut area, mut length) = (0, 0.0);
            for row in run.load_rows() {
                area += row.end.in_flight.area() - row.before.in_flight.area();
                length += row.end.at.since(row.before.at).as_secs_f64();
            }
            let rows = run.operations.iter();
            let completed = rows.filter(|row| run.stretch(row.phase) == Stretch::Load);
            let completed: u64 = completed.map(|row| row.response.count()).sum();
            self.in_flight.push(area as f64 / (length * 1e9));
            self.completions_per_s.push(completed as f64 / length);
        }
        let now: Vec<ResourceUse> = ranked(&result.runs).iter().map(ResourceUse::of).collect();
        let weight = result.runs.len() as f64 / (before + result.runs.len() as f64);
        self.resources = match self.resources.is_empty() {
            true => now,
            false => now
                .into_iter()
                .map(|it| it.beside(&self.resources, weight))
                .collect(),
        };
        self.resources.sort_by(|a, b| b.share.total_cmp(&a.share));
    }
}

impl ResourceUse {
    fn of(usage: &Usage) -> ResourceUse {
        ResourceUse {
            resource: usage.resource,
            units: usage.units,
            utilisation: usage.utilisation,
            share: usage.share(),
            waiting: usage.waiting.clone(),
        }
    }

    /// The mean of this, which counts so much, and of what it was before.
    fn beside(mut self, before: &[ResourceUse], weight: f64) -> ResourceUse {
        if let Some(before) = before.iter().find(|it| it.resource == self.resource) {
            let mean = |before: f64, now: f64| before + (now - before) * weight;
            self.utilisation = mean(before.utilisation, self.utilisation);
            self.share = mean(before.share, self.share);
        }
        self
    }
}
