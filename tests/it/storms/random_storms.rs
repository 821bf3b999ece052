//! Random storms: everything at once and in every mixture, drawn from one seed.
//!
//! No reader has looked at these: most steps make no sense where they stand, and the service must refuse
//! them. Queues are short, faults of every kind open and heal at every place, and clients race each other.

use std::num::{NonZeroU32, NonZeroU64};
use stormglass::{Clock, Load, Model, NamedPhase, Scenario, Target};
use stormglass_model::config::{
    Balance, CpuConfig, FailureRule, RegistryConfig, ServiceConfig, StoreConfig, Weight,
};
use stormglass_model::fault::{Fault, FaultKind, Kinds, Place, TABLE};
use stormglass_model::lifecycle::Operation;
use stormglass_model::load::{ArrivalRate, Arrivals, Retries, Spacing, Story};
use stormglass_model::random::{Distribution, Drawn, Rng, Seed, Shape, unit};
use stormglass_model::script::{Act, Action, ClientFault, Pause, Step};
use stormglass_model::units::{Bytes, Rate, Span, Time};

/// How long the load of each lasts; rates are such that a few hundred stories begin.
const LENGTH: Span = Span::from_secs(5);

/// The storm of a seed.
pub fn storm(seed: u64) -> Scenario {
    let mut dice = Dice(Seed(seed).named("random-storm").rng());
    let mut phases = vec![phase("load", Time::ZERO)];
    if dice.chance(0.3) {
        phases.push(phase("later", dice.instant()));
    }
    let mut config = service(&mut dice);
    let mut load = load(&mut dice);
    mechanisms(seed, &mut config, &mut load);
    Scenario {
        name: format!("random-{seed}"),
        seed: Seed(seed),
        clock: Clock::Virtual,
        replications: NonZeroU32::MIN,
        target: Target::Embedded(Box::new(config)),
        load,
        stories: (0..8).map(|n| story(&mut dice, n)).collect(),
        faults: faults(&mut dice),
        phases,
        settle: Some(Span::from_secs(600)),
        thresholds: vec![],
        interval: Some(dice.pick(&[Span::from_millis(700), Span::from_secs(1)])),
        stock: Bytes(0),
        prices: None,
        keeps_history: false,
        ends_when_lost: false,
        keys: Default::default(),
        sha256: String::new(),
    }
}

fn phase(name: &str, from: Time) -> NamedPhase {
    let name = name.into();
    NamedPhase { name, from }
}

fn service(dice: &mut Dice) -> ServiceConfig {
    ServiceConfig {
        rules: dice.pick(&[FailureRule::V1, FailureRule::V2]),
        workers: dice.units(12),
        delayed_delete: dice.chance(0.5),
        scrub_time: dice.pick(&[0, 50, 2_000].map(Span::from_millis)),
        scrub_interval: dice.pick(&[200, 1_000].map(Span::from_millis)),
        scrub_workers: dice.units(3),
        task_workers: dice.units(3),
        purge_after: dice.pick(&[None, Some(Span::ZERO), Some(Span::from_secs(1))]),
        retry: dice.pick(&[1, 30, 500].map(Span::from_millis)),
        registry: RegistryConfig {
            connections: dice.units(6),
            commit: dice.duration(2e6),
            read: None,
        },
        store: StoreConfig {
            slots: dice.units(5),
            bandwidth: dice.pick(&[None, Some(Bytes(64 << 20))]),
            put: dice.duration(8e6),
            get: dice.duration(4e6),
            delete: dice.duration(4e6),
            capacity: dice.pick(&[None, None, Some(Bytes(3 << 20)), Some(Bytes(0))]),
            watched: None,
            ..ServiceConfig::default().store
        },
        ..ServiceConfig::default()
    }
}

/// Gives half of all storms some of what real services have beside queues, and clients that try again.
fn mechanisms(seed: u64, config: &mut ServiceConfig, load: &mut Load) {
    let mut dice = Dice(Seed(seed).named("mechanisms").rng());
    if dice.chance(0.5) {
        return;
    }
    config.processes = dice.units(3);
    config.balance = dice.pick(&[Balance::Fewest, Balance::Race]);
    config.backlog = dice.pick(&[None, Some(0), Some(3)]);
    config.keep_alive = dice.pick(&[None, Some(Span::from_millis(30))]);
    config.scrub_read = dice.pick(&[0, 1, 40].map(Span::from_millis));
    if dice.chance(0.6) {
        let lock = dice.pick(&[0.0, 0.3, 1.0]);
        let turn = dice.pick(&[None, Some(Span::from_millis(2))]);
        let turn = turn.filter(|_| lock == 1.0);
        let data_lock = dice.chance(0.5);
        let weighs = lock == 1.0 && turn.is_none();
        let weight = Weight::new(dice.pick(&[0.25, 1.0, 3.5])).filter(|_| weighs);
        config.cpu = Some(CpuConfig {
            thousandths: dice.pick(&[300, 1000, 2500].map(thousandths)),
            lock,
            contention: dice.pick(&[0.0, 0.2]),
            turn,
            request: dice.duration(3e6),
            by_operation: vec![(Operation::Upload, dice.duration(5e6))],
            bandwidth: dice.pick(&[None, Some(Bytes(50 << 20))]),
            data_lock,
            weights: Vec::from_iter(weight.map(|it| (Operation::Upload, it))),
            unbroken: Vec::from_iter(
                weight.map(|_| (Operation::Upload, dice.pick(&[0.0, 0.4, 1.0]))),
            ),
            unbroken_weight: weight.unwrap_or(Weight::ONE),
            handover: weight.filter(|_| dice.chance(0.5)),
            put_weight: weight.filter(|_| data_lock).unwrap_or(Weight::ONE),
            get_weight: Weight::ONE,
            get_bandwidth: dice.pick(&[None, Some(Bytes(90 << 20))]),
            burst: (weight.map(|_| dice.pick(&[0, 400_000].map(Span)))).unwrap_or(Span::ZERO),
        });
    }
    if dice.chance(0.5) {
        config.registry.read = Some(dice.duration(2e6));
    }
    let store = &mut config.store;
    store.shared_bandwidth = dice.pick(&[None, Some(Bytes(40 << 20)), Some(Bytes(99_999_999))]);
    store.delete_bandwidth = dice.pick(&[None, Some(Bytes(100 << 20))]);
    store.chunk = dice.pick(&[None, Some(Bytes(300_000))]);
    store.chunk_time = dice.pick(&[0, 2].map(Span::from_millis));
    if dice.chance(0.5) {
        load.retries = Some(Retries {
            most: dice.pick(&[1, 3]),
            after: dice.pick(&[0, 20].map(Span::from_millis)),
            factor: dice.pick(&[1.0, 2.0]),
            jitter: dice.pick(&[0.0, 1.0]),
        });
    }
}

fn thousandths(count: u64) -> NonZeroU64 {
    NonZeroU64::new(count).unwrap_or(NonZeroU64::MIN)
}

fn load(dice: &mut Dice) -> Load {
    let spacing = dice.pick(&[Spacing::Even, Spacing::Poisson]);
    let model = if dice.chance(0.7) {
        Model::Open(Arrivals::Paced {
            rate: ArrivalRate::Ramps {
                from: Rate(dice.pick(&[20.0, 40.0, 80.0])),
                ramps: vec![],
            },
            spacing,
        })
    } else {
        Model::Closed {
            users: dice.units(20),
            think: Distribution::constant(20_000_000),
        }
    };
    Load {
        model,
        duration: Some(LENGTH),
        subjects: dice.pick(&[None, Some(100)]),
        warm_up: Span::ZERO,
        max_in_flight: dice.pick(&[None, None, Some(10)]),
        retries: None,
    }
}

fn story(dice: &mut Dice, number: usize) -> Story {
    let size = Shape::Exponential { mean: 1e6 };
    let mut steps = vec![Step::act(Act::usual(dice.pick(&[
        Operation::Create,
        Operation::Create,
        Operation::Create,
        Operation::CreateWithLocation,
        Operation::CreateEmpty,
    ])))];
    steps.extend((0..dice.below(6)).map(|_| step(dice)));
    if dice.chance(0.5) {
        steps.push(Step::act(Act::usual(Operation::Delete)));
    }
    Story {
        name: format!("story {number}"),
        tenant: None,
        weight: dice
            .pick(&[0.0_f64, 1.0, 1.0, 3.0])
            .max(f64::from(number == 0)),
        size: dice.pick(&[
            Distribution::new(&size).unwrap(),
            Distribution::constant(1 << 16),
            Distribution::constant(0),
        ]),
        steps,
    }
}

fn step(dice: &mut Dice) -> Step {
    if dice.chance(0.5) {
        return Step::Act(action(dice));
    }
    let branch = |dice: &mut Dice| (0..1 + dice.below(3)).map(|_| action(dice)).collect();
    Step::Rivals {
        branches: (0..2 + dice.below(3)).map(|_| branch(dice)).collect(),
        jitter: dice.pick(&[0, 3, 30].map(Span::from_millis)),
    }
}

fn action(dice: &mut Dice) -> Action {
    let later: Vec<Operation> = (Operation::ALL.iter().copied())
        .filter(|operation| !operation.creates() && !operation.row().only_glance)
        .collect();
    match dice.below(10) {
        0 => Action::Wait(Pause(dice.duration(50e6))),
        1..=3 => Action::Do(Act::usual(Operation::Upload)),
        _ => Action::Do(Act::usual(dice.pick(&later))),
    }
}

/// Each kind of fault at each place, most of them not at all.
fn faults(dice: &mut Dice) -> Vec<Fault> {
    let mut faults = Vec::new();
    for Kinds {
        place,
        embedded: kinds,
        ..
    } in TABLE
    {
        for kind in kinds {
            if dice.chance(0.25) {
                faults.push(fault(dice, place, kind));
            }
        }
    }
    faults
}

fn fault(dice: &mut Dice, place: Place, kind: &str) -> Fault {
    let from = dice.instant();
    let length = Span::from_millis(dice.below(2_000) as u64);
    Fault {
        name: format!("{kind} at {place}"),
        place,
        kind: match kind {
            "error" => FaultKind::Error {
                probability: dice.pick(&[0.1, 0.5, 1.0]),
            },
            "latency" => FaultKind::Latency {
                add: Span::from_millis(20),
            },
            "stall" => FaultKind::Stall,
            "full" => FaultKind::Full,
            "down" => FaultKind::Down,
            "close" => FaultKind::Client {
                fault: ClientFault::Close,
                after: dice.pick(&[0.0, 0.5, 1.0]),
                probability: dice.pick(&[0.5, 1.0]),
            },
            other => panic!("the table of faults knows a kind `{other}` that is not tried here"),
        },
        from,
        to: dice.chance(0.8).then_some(from + length),
    }
}

/// Choices that repeat.
struct Dice(Rng);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        (unit(&mut self.0) * n as f64) as usize
    }

    fn chance(&mut self, probability: f64) -> bool {
        unit(&mut self.0) < probability
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// Most often only one, where queues are longest.
    fn units(&mut self, most: usize) -> NonZeroU32 {
        let units = if self.chance(0.4) {
            1
        } else {
            1 + self.below(most)
        };
        NonZeroU32::new(units as u32).unwrap()
    }

    /// Nothing, always the same, or as it comes.
    fn duration<T: Drawn>(&mut self, mean_ns: f64) -> Distribution<T> {
        match self.below(3) {
            0 => Distribution::constant(0),
            1 => Distribution::constant(mean_ns as u64),
            _ => Distribution::new(&Shape::Exponential { mean: mean_ns }).unwrap(),
        }
    }

    fn instant(&mut self) -> Time {
        Time((unit(&mut self.0) * LENGTH.0 as f64) as u64)
    }
}
