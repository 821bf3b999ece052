//! How fast is a transition, and what does a subject cost?
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use stormglass::config::ServiceConfig;
use stormglass::lifecycle::Operation;
use stormglass::load::{Action, Spacing, Step, Story};
use stormglass::progress::Progress;
use stormglass::random::{Distribution, Seed, Shape};
use stormglass::scenario::{Clock, Load, Model, NamedPhase, Scenario, Target};
use stormglass::units::{Bytes, Rate, Span, Time};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn act(op: Operation) -> Step {
    Step::Act(Action::Do(op))
}

fn scenario(
    clock: Clock,
    model: Model,
    duration: Option<Span>,
    subjects: Option<u64>,
    steps: Vec<Step>,
    service: ServiceConfig,
) -> Scenario {
    Scenario {
        name: "bench".into(),
        seed: Seed(42),
        clock,
        replications: NonZeroU32::MIN,
        target: Target::Embedded(Box::new(service)),
        load: Load {
            model,
            duration,
            subjects,
            warm_up: Span::ZERO,
            max_in_flight: None,
        },
        stories: vec![Story {
            name: "s".into(),
            weight: 1.0,
            size: Distribution::constant(1 << 20),
            steps,
        }],
        faults: vec![],
        phases: vec![NamedPhase {
            name: "load".into(),
            from: Time::ZERO,
        }],
        settle: Span::from_secs(120),
        thresholds: vec![],
        interval: None,
        sha256: String::new(),
    }
}

fn main() {
    let args: Vec<String> = std::env::args().filter(|a| a != "--bench").collect();
    let mode = args.get(1).map_or("live", String::as_str);
    let n: u64 = args
        .get(2)
        .map_or(1_000_000, |a| a.replace('_', "").parse().unwrap());
    let threads: usize = args.get(3).map_or(1, |a| a.parse().unwrap());
    let many = NonZeroU32::new(100_000_000).unwrap();
    let mut service = ServiceConfig {
        delayed_delete: true,
        scrub_interval: Span::from_millis(10),
        workers: many,
        scrub_workers: many,
        task_workers: many,
        ..Default::default()
    };
    service.registry.connections = many;
    service.store.slots = many;
    use Operation::*;
    let seven = vec![
        act(Create),
        act(Upload),
        act(Deactivate),
        act(Reactivate),
        act(Delete),
    ];
    let s = match mode {
        "live" => scenario(
            Clock::Real,
            Model::Closed {
                users: NonZeroU32::new(args.get(4).map_or(1000, |a| a.parse().unwrap())).unwrap(),
                think: Distribution::constant(0),
            },
            None,
            Some(n),
            seven,
            service,
        ),
        "virtual" => {
            service.scrub_time = Span::from_secs(3 * 86400);
            service.scrub_interval = Span::from_secs(300);
            service.registry.commit = Distribution::new(&Shape::Lognormal {
                median: 2e6,
                p99: 20e6,
            })
            .unwrap();
            service.store.put = Distribution::constant(5_000_000);
            service.store.bandwidth = Some(Bytes(1 << 30));
            let wait = Step::Act(Action::Wait(
                Distribution::new(&Shape::Exponential { mean: 6.0 * 3600e9 }).unwrap(),
            ));
            scenario(
                Clock::Virtual,
                Model::Open {
                    rate: Rate(n as f64 / 604800.0),
                    spacing: Spacing::Poisson,
                    ramps: vec![],
                },
                Some(Span::from_secs(604800)),
                None,
                vec![act(Create), act(Upload), wait, act(Download), act(Delete)],
                service,
            )
        }
        // About n alive at once, most of them waiting, while transitions go on.
        "alive" => {
            let wait = || {
                Step::Act(Action::Wait(
                    Distribution::new(&Shape::Exponential { mean: 1e12 }).unwrap(),
                ))
            };
            let steps = vec![
                act(Create),
                act(Upload),
                wait(),
                act(Deactivate),
                wait(),
                act(Reactivate),
                wait(),
                act(Deactivate),
                wait(),
                act(Reactivate),
                wait(),
                act(Delete),
            ];
            service.delayed_delete = false;
            service.registry.commit = Distribution::constant(1_000_000);
            let lives = (n as f64 * 2.0).max(2e6);
            let rate = n as f64 / 5_000.0;
            scenario(
                Clock::Virtual,
                Model::Open {
                    rate: Rate(rate),
                    spacing: Spacing::Poisson,
                    ramps: vec![],
                },
                Some(Span::from_secs_f64(lives / rate)),
                None,
                steps,
                service,
            )
        }
        // The same in real time: more is due than can be done, so that n subjects stay alive and none sleeps.
        "live-alive" => {
            let wait = || {
                Step::Act(Action::Wait(
                    Distribution::new(&Shape::Exponential {
                        mean: n as f64 * 200.0,
                    })
                    .unwrap(),
                ))
            };
            let mut steps = vec![act(Create), act(Upload)];
            for _ in 0..5 {
                steps.extend([wait(), act(Deactivate), wait(), act(Reactivate)]);
            }
            steps.push(act(Delete));
            service.delayed_delete = false;
            scenario(
                Clock::Real,
                Model::Closed {
                    users: NonZeroU32::new(n as u32).unwrap(),
                    think: Distribution::constant(0),
                },
                None,
                Some(n.max(2_000_000)),
                steps,
                service,
            )
        }
        _ => panic!(),
    };
    let progress = Arc::new(Progress::default());
    let r = stormglass::run::run(&s, NonZeroUsize::new(threads), &progress).unwrap();
    let transitions: u64 = r.runs.iter().map(|r| r.transition_total()).sum();
    let events: u64 = r.runs.iter().map(|r| r.end.events).sum();
    println!(
        "{mode} n={n} threads={threads}: verdict {} {:?} transitions {transitions} events {events} wall {:.2} cpu {:.2} transitions/cpu-s {:.2}M events/cpu-s {:.2}M ns/transition {:.0} rss {} MiB",
        r.verdict,
        r.runs[0].violations.first(),
        r.wall_s,
        r.cpu_s,
        transitions as f64 / r.cpu_s / 1e6,
        events as f64 / r.cpu_s / 1e6,
        r.cpu_s * 1e9 / transitions as f64,
        r.peak_rss_bytes >> 20
    );
    println!(
        "{:?} most alive {}",
        r.runs[0].end.subjects,
        r.runs[0]
            .timeline
            .iter()
            .map(|row| row.gauges.subjects[..5].iter().sum::<u64>())
            .max()
            .unwrap()
    );
}
