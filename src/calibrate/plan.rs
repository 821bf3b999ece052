//! The storms of a calibration: which operations, how much data, how many users.

use super::parameters::Given;
use crate::engine::{self, RunError, RunOptions};
use crate::metrics::StormResult;
use crate::scenario::{Clock, Load, Model, NamedPhase, Scenario, Target};
use std::num::NonZeroU32;
use stormglass_model::config::ServiceConfig;
use stormglass_model::lifecycle::Operation;
use stormglass_model::load::Story;
use stormglass_model::random::{Distribution, Seed};
use stormglass_model::script::{Act, Action, Step};
use stormglass_model::units::{Bytes, Span, Time};

/// How the service is measured, and what is known of it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The most users at once.
    pub users: u32,
    /// How long each storm lasts, all rounds together.
    pub length: Span,
    /// In how many rounds the storms are run: what a server does differs from minute to minute, and each storm is to see all of it.
    pub rounds: NonZeroU32,
    /// What the operator knows of the service.
    pub given: Given,
}

/// A closed storm.
#[derive(Clone, Debug)]
pub struct Storm {
    /// What it is called.
    pub name: String,
    /// What its clients do.
    stories: Vec<Story>,
    /// How many clients there are.
    pub users: u32,
    /// How long a round of it lasts.
    length: Span,
}

/// The share of a storm that is warm-up.
const WARM_UP: f64 = 0.15;
/// How many times as long as the others a storm lasts by which a model is judged: nothing else makes up for what chance does there.
const TRIED: u64 = 3;
/// How many lives a storm on the model has at least.
const LIVES: u64 = 3_000;
/// A size at which the data itself takes next to no time.
const SMALL: Bytes = Bytes(1 << 10);
/// The sizes between which the one lies at which data is measured.
const LARGE: (u64, u64) = (1 << 20, 64 << 20);
/// How often a story repeats what it is about.
const OFTEN: usize = 8;

impl Storm {
    fn new(name: &str, stories: Vec<Story>, users: u32, plan: &Plan) -> Storm {
        let who = match users {
            1 => "1 user".to_owned(),
            _ => format!("{users} users"),
        };
        Storm {
            name: format!("{name}, {who}"),
            stories,
            users,
            length: Span(plan.length.0 / u64::from(plan.rounds.get())),
        }
    }

    /// Operations with so many others beside them, as logs tell of them.
    pub(super) fn beside(from: f64, to: f64) -> Storm {
        let name = match to.is_finite() {
            true => format!("{from} to {to} others"),
            false => format!("{from} others and more"),
        };
        Storm {
            name,
            stories: Vec::new(),
            users: from.ceil() as u32 + 1,
            length: Span::ZERO,
        }
    }

    #[cfg(test)]
    pub(super) fn for_tests(name: &str) -> Storm {
        Storm {
            name: name.to_owned(),
            stories: Vec::new(),
            users: 1,
            length: Span::ZERO,
        }
    }

    /// The mean size of its data, in bytes.
    pub(super) fn size(&self) -> f64 {
        self.stories.first().map_or(0.0, |it| it.size.mean())
    }

    /// For each story its part of all lives, and the operations of such a life. None where the steps of one are not one operation after the
    /// other.
    pub(super) fn lives(&self) -> Option<Vec<(f64, Vec<Operation>)>> {
        let weights: f64 = self.stories.iter().map(|it| it.weight).sum();
        let operation = |step: &Step| match step {
            Step::Act(Action::Do(act) | Action::Refused(act)) => Some(act.operation),
            Step::Act(Action::Wait(_)) | Step::Run(_) | Step::Race { .. } | Step::Rivals { .. } => {
                None
            }
        };
        let lives = self.stories.iter().map(|story| {
            let operations: Option<Vec<_>> = story.steps.iter().map(operation).collect();
            Some((story.weight / weights, operations?))
        });
        lives.collect()
    }

    /// Runs a round of it on the service of the scenario.
    pub(super) fn run(
        &self,
        scenario: &Scenario,
        round: u32,
        options: &RunOptions,
    ) -> Result<StormResult, RunError> {
        let mut storm = self.of(scenario, self.length);
        storm.seed = Seed(scenario.seed.0.wrapping_add(u64::from(round)));
        storm.clock = scenario.clock;
        if storm.clock == Clock::Virtual {
            // What costs nothing may last.
            storm.load.duration = Some(Span(self.length.0.saturating_mul(VIRTUAL)));
        }
        engine::run(&storm, options)
    }

    /// The same on the model of a service, for as long as there is enough to see.
    pub(super) fn on_model(&self, scenario: &Scenario, service: &ServiceConfig) -> Scenario {
        let lives = LIVES.max(u64::from(self.users) * 20);
        on_model(self.alone(scenario), service, lives)
    }

    /// The scenario of the storm, for so long.
    fn of(&self, scenario: &Scenario, length: Span) -> Scenario {
        let warm_up = Span((length.0 as f64 * WARM_UP) as u64);
        let mut storm = self.alone(scenario);
        storm.load.duration = Some(length);
        storm.load.warm_up = warm_up;
        storm.phases = vec![phase("warm_up", Time::ZERO), phase("load", Time(warm_up.0))];
        storm
    }

    /// Its stories and its users at the scenario's service.
    fn alone(&self, scenario: &Scenario) -> Scenario {
        let users = Model::Closed {
            users: NonZeroU32::new(self.users).unwrap_or(NonZeroU32::MIN),
            think: Distribution::constant(0),
        };
        let mut storm = only(scenario, self.stories.clone(), users);
        storm.name = self.name.clone();
        storm
    }
}

/// The scenario's service with these stories at this load, and nothing else: no faults, no demands.
pub(super) fn only(scenario: &Scenario, stories: Vec<Story>, model: Model) -> Scenario {
    let mut storm = scenario.clone();
    storm.stories = stories;
    storm.replications = NonZeroU32::MIN;
    storm.faults.clear();
    storm.thresholds.clear();
    storm.load = Load {
        model,
        duration: None,
        subjects: None,
        warm_up: Span::ZERO,
        max_in_flight: None,
        retries: None,
    };
    storm.phases = vec![phase("load", Time::ZERO)];
    storm
}

/// The same on the model of a service, for so many lives.
pub(super) fn on_model(mut storm: Scenario, service: &ServiceConfig, lives: u64) -> Scenario {
    storm.target = Target::Embedded(Box::new(service.clone()));
    storm.clock = Clock::Virtual;
    storm.load.subjects = Some(lives);
    storm
}

/// How many times as long a storm lasts that is run in virtual time.
const VIRTUAL: u64 = 20;

fn phase(name: &str, from: Time) -> NamedPhase {
    NamedPhase {
        name: name.to_owned(),
        from,
    }
}

/// The storms that the fit uses: each kind of life alone and with many users, and the scenario's own with numbers between.
pub(super) fn storms(scenario: &Scenario, plan: &Plan) -> Vec<Storm> {
    use Operation::{Create, Delete, Download, Show, Upload};
    let large = large(scenario);
    let kinds = [
        ("records", vec![Create, Delete], SMALL),
        ("looks", life(&[], Show), SMALL),
        ("small data", vec![Create, Upload, Delete], SMALL),
        ("small reads", life(&[Upload], Download), SMALL),
        ("data", vec![Create, Upload, Delete], large),
        ("reads", life(&[Upload], Download), large),
    ];
    let many = plan.users.max(2);
    let of_kinds = kinds.iter().flat_map(|(name, operations, size)| {
        let story = move || vec![story(name, operations, *size)];
        let levels = levels(plan).into_iter();
        levels.map(move |users| Storm::new(name, story(), users, plan))
    });
    let between = [2, many / 4, many / 2];
    let own = between.iter().filter(|users| (2..=many).contains(*users));
    let mut own: Vec<u32> = own.copied().collect();
    own.dedup();
    let own = own
        .into_iter()
        .map(|users| Storm::new("the scenario's stories", own_stories(scenario), users, plan));
    of_kinds.chain(own).collect()
}

/// How many users the storms of each kind have. With one user a process, its lock stops nobody, but processors may be too few.
pub(super) fn levels(plan: &Plan) -> Vec<u32> {
    let many = plan.users.max(2);
    let processes = plan.given.processes.get();
    match (2..many).contains(&processes) {
        true => vec![1, processes, many],
        false => vec![1, many],
    }
}

/// The storms that the fit does not use: near saturation, and with other sizes.
pub(super) fn trials(scenario: &Scenario, plan: &Plan) -> Vec<Storm> {
    let many = plan.users.max(2);
    let busy = (3 * many / 4).max(2);
    let mut others = own_stories(scenario);
    for story in &mut others {
        let other = (story.size.mean() / 3.0).max(1.0);
        story.size = Distribution::constant(other as u64);
    }
    let mut trials = vec![
        Storm::new("the scenario's stories", own_stories(scenario), busy, plan),
        Storm::new("a third of the sizes", others, (many / 3).max(2), plan),
    ];
    for trial in &mut trials {
        trial.length = Span(trial.length.0.saturating_mul(TRIED));
    }
    trials
}

/// A create, what comes before, an operation often, and a delete.
fn life(before: &[Operation], often: Operation) -> Vec<Operation> {
    let begin = [&[Operation::Create][..], before].concat();
    let middle = vec![often; OFTEN];
    [begin, middle, vec![Operation::Delete]].concat()
}

fn story(name: &str, operations: &[Operation], size: Bytes) -> Story {
    let steps = operations.iter().map(|it| Step::act(Act::usual(*it)));
    Story {
        name: name.to_owned(),
        tenant: None,
        weight: 1.0,
        size: Distribution::constant(size.0),
        steps: steps.collect(),
    }
}

/// The scenario's stories without their waits: clients that do not pause ask the most of a service.
pub(super) fn own_stories(scenario: &Scenario) -> Vec<Story> {
    let waits = |step: &Step| matches!(step, Step::Act(Action::Wait(_)));
    let mut stories = scenario.stories.clone();
    for story in &mut stories {
        story.steps.retain(|step| !waits(step));
    }
    stories
}

/// The mean size of the scenario's stories, where that is a size at which data takes time.
fn large(scenario: &Scenario) -> Bytes {
    Bytes((mean_size(scenario) as u64).clamp(LARGE.0, LARGE.1))
}

/// The mean size of the scenario's stories, in bytes.
pub(super) fn mean_size(scenario: &Scenario) -> f64 {
    let weights: f64 = scenario.stories.iter().map(|it| it.weight).sum();
    let sizes = scenario.stories.iter().map(|it| it.weight * it.size.mean());
    sizes.sum::<f64>() / weights
}
