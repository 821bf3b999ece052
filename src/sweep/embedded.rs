//! Scripts on the embedded service, in virtual time: the same sweep where the truth is known, to try the sweep itself and the service.

use super::{TestBed, Trial};
use crate::engine::{Progress, fraction_sent, virtual_time};
use crate::metrics::RunResult;
use crate::scenario::{Clock, Load, Model, NamedPhase, Scenario, Target};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use stormglass_model::checker::concurrent::{self, Rules, SubjectViolation, Symptom};
use stormglass_model::config::ServiceConfig;
use stormglass_model::lifecycle::{Invariant, Operation};
use stormglass_model::load::Story;
use stormglass_model::random::{Distribution, Seed, Shape, unit};
use stormglass_model::script::{Act, Action, ClientFault, Pause, Point, Script, Second, Step};
use stormglass_model::units::{Bytes, Span, Time};

/// The data of every upload.
const SIZE: Bytes = Bytes(1024 * 1024);
/// What a transfer takes, so that there are points inside it.
const BANDWIDTH: Bytes = Bytes(10 * 1024 * 1024);
/// A commit of the registry.
const COMMIT: Span = Span::from_millis(2);
/// The set-up of a transfer.
const SETUP: Span = Span::from_millis(5);
/// How far apart rivals may be sent.
const APART: Span = Span::from_millis(4);

/// A service has a past: each script meets it after so many operations at most, for what strikes only now and then.
const SERVED: f64 = 1_000.0;

/// The embedded service.
pub struct EmbeddedTestBed {
    config: ServiceConfig,
    rules: Rules,
    seed: Seed,
    progress: Arc<Progress>,
}

impl EmbeddedTestBed {
    /// A service with these rules and defects; its times are the sweep's, so that points can be met.
    pub fn new(config: &ServiceConfig, seed: Seed, progress: Arc<Progress>) -> EmbeddedTestBed {
        let mut config = config.clone();
        config.registry.commit = constant(COMMIT);
        config.store.put = constant(SETUP);
        config.store.get = constant(SETUP);
        config.store.delete = constant(SETUP);
        config.store.bandwidth = Some(BANDWIDTH);
        config.scrub_time = Span::from_secs(1);
        config.scrub_interval = Span::from_millis(500);
        EmbeddedTestBed {
            rules: Rules::embedded(config.rules.profile(), config.delayed_delete),
            config,
            seed,
            progress,
        }
    }

    fn trial(&self, script: &Script, seed: Seed) -> Option<Trial> {
        let scenario = scenario(script, &self.config, seed);
        // A sweep has counters of its own.
        let progress = Arc::new(Progress::default());
        let served = (unit(&mut seed.named("served").rng()) * SERVED) as u64;
        let mut run = virtual_time::run(&scenario, &self.config, 1, served, &progress)?;
        let history = run.histories.pop().unwrap_or_default();
        let judgement = concurrent::judge(&history, &self.rules);
        let mut violations = judgement.violations;
        violations.extend(seen_by_the_service(&run));
        let verdict = judgement.verdict.max(run.verdict);
        Some(Trial::new(script, history, violations, verdict))
    }
}

impl TestBed for EmbeddedTestBed {
    fn run(&mut self, scripts: &[Script], round: u64) -> Vec<Trial> {
        let round = self.seed.numbered(round);
        (scripts.iter().zip(0..))
            .map_while(|(script, index)| self.trial(script, round.numbered(index)))
            .collect()
    }

    fn is_over(&self) -> bool {
        self.progress.is_interrupted()
    }

    fn rules(&self) -> Rules {
        self.rules
    }
}

/// What the service's own record convicts it of, which clients may not be able to see.
fn seen_by_the_service(run: &RunResult) -> Vec<SubjectViolation> {
    let told = run.violations.iter().map(|violation| SubjectViolation {
        at: violation.at,
        invariant: violation.invariant,
        symptom: match violation.invariant {
            Invariant::Edge | Invariant::LocationNeverSaving | Invariant::ScrubTime => {
                Symptom::WrongStatus
            }
            Invariant::Terminal => Symptom::Revived,
            Invariant::OneUpload => Symptom::TwoUploads,
            Invariant::Acknowledged => Symptom::Undone,
            Invariant::Access => Symptom::Exposed,
            Invariant::Conservation => Symptom::Orphan,
            Invariant::Progress => Symptom::StuckSubject,
            Invariant::Answer => Symptom::ServerError,
        },
        sentence: format!(
            "by the service's own record the invariant `{}` is broken",
            violation.invariant
        ),
    });
    told.collect()
}

fn constant(span: Span) -> Distribution<Span> {
    Distribution::constant(span.0)
}

/// A storm of one subject that does what the script says.
fn scenario(script: &Script, config: &ServiceConfig, seed: Seed) -> Scenario {
    Scenario {
        name: "sweep".to_owned(),
        seed,
        clock: Clock::Virtual,
        replications: NonZeroU32::MIN,
        target: Target::Embedded(Box::new(config.clone())),
        load: Load {
            retries: None,
            model: Model::Closed {
                users: NonZeroU32::MIN,
                think: constant(Span::ZERO),
            },
            duration: None,
            subjects: Some(1),
            warm_up: Span::ZERO,
            max_in_flight: None,
        },
        stories: vec![Story {
            name: script.to_string(),
            tenant: None,
            weight: 1.0,
            size: Distribution::constant(SIZE.0),
            steps: script.steps().iter().flat_map(steps).chain(end()).collect(),
        }],
        faults: Vec::new(),
        phases: vec![NamedPhase {
            name: "load".to_owned(),
            from: Time::ZERO,
        }],
        settle: Some(Span::from_secs(5)),
        thresholds: Vec::new(),
        interval: Some(Span::from_secs(60)),
        stock: Bytes(0),
        prices: None,
        keys: BTreeMap::new(),
        sha256: String::new(),
        keeps_history: true,
        ends_when_lost: false,
    }
}

/// What every script ends with: a look, a read of the data, a delete, a look.
fn end() -> impl Iterator<Item = Step> {
    use Operation::{Delete, DownloadAsAdmin, Show};
    let pause = Action::Wait(Pause(constant(Span::from_millis(300))));
    let acts = [Show, DownloadAsAdmin, Delete, Show].map(Act::usual);
    acts.into_iter()
        .flat_map(move |act| [Step::Act(pause.clone()), Step::act(act)])
}

fn steps(step: &Step) -> Vec<Step> {
    match step {
        Step::Act(_) | Step::Rivals { .. } => vec![step.clone()],
        Step::Run(_) => Vec::new(), // the plan has no commands here
        Step::Race { first, at, second } => match second {
            Second::Rival(rival) => race(*first, *at, *rival),
            // Only an upload can be spoiled here, and only by a client that goes away.
            Second::Fault(ClientFault::Close) if first.operation == Operation::Upload => {
                vec![step.clone()]
            }
            Second::Fault(_) | Second::Command(_) => vec![Step::act(*first)],
        },
    }
}

/// Two branches; the second waits for about as long as the first takes to the point. Both sides of it are met by chance.
fn race(first: Act, at: Point, rival: Act) -> Vec<Step> {
    let after = match at {
        Point::Before => {
            return vec![Step::Rivals {
                branches: [first, rival].map(|one| vec![Action::Do(one)]).to_vec(),
                jitter: APART,
            }];
        }
        Point::Answer => return vec![Step::act(first), Step::act(rival)],
        Point::Enters(_) => COMMIT,
        _ if first.operation.sends_data() || first.operation == Operation::Import => {
            COMMIT + SETUP + transfer(fraction_sent(at, SIZE.0))
        }
        _ if first.operation.reads() => SETUP + transfer(fraction_sent(at, SIZE.0)),
        _ => Span::ZERO,
    };
    let about = Shape::Uniform {
        min: after.0.saturating_sub(APART.0 / 2) as f64,
        max: (after + APART).0 as f64,
    };
    let wait = Distribution::new(&about).unwrap_or_else(|_| constant(after));
    vec![Step::Rivals {
        branches: vec![
            vec![Action::Do(first)],
            vec![Action::Wait(Pause(wait)), Action::Do(rival)],
        ],
        jitter: Span::ZERO,
    }]
}

fn transfer(share: f64) -> Span {
    Span::from_secs_f64(SIZE.0 as f64 / BANDWIDTH.0 as f64 * share)
}
