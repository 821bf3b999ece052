//! Queues that theory knows exactly, and the storms that must behave like them.
//!
//! Each case is a scenario whose figures have a closed form. Replications give each figure a standard error, and the simulation is
//! right if theory lies within a few of them.

#[path = "theory/mechanisms.rs"]
pub mod mechanisms;

use std::path::Path;
use stormglass::{Latency, RunOptions, RunResult};
use stormglass_model::config::Resource;
use stormglass_model::history::Gauges;
use stormglass_model::lifecycle::{Operation, SubjectStatus};

/// A figure of a run, and what theory says of it.
pub struct Figure {
    pub name: &'static str,
    pub theory: f64,
    pub measured: fn(&RunResult) -> f64,
}

/// A queue of theory.
pub struct Case {
    pub name: String,
    /// The tables of its scenario but for `[load]`'s length.
    text: String,
    /// How long the load of one replication lasts, in seconds, and how much of that is warm-up.
    seconds: f64,
    pub figures: Vec<Figure>,
}

/// What replications say of a figure.
pub struct Reading {
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
}

impl Case {
    /// Runs it with loads so many times as long, and reads its figures.
    pub fn read(&self, replications: u32, longer: f64) -> Vec<Reading> {
        let length = self.seconds * longer;
        let text = format!(
            "schema = 1\nname = \"theory\"\nreplications = {replications}\n{}",
            self.text
                .replace("LENGTH", &format!("\"{length}s\""))
                .replace("WARM_UP", &format!("\"{}s\"", length / 10.0))
        );
        let scenario = stormglass::parse(&self.name, &text, Path::new("."), &[])
            .unwrap_or_else(|mistakes| panic!("{}: {}", self.name, mistakes.plain()));
        let result = stormglass::run(&scenario, &RunOptions::default()).unwrap();
        let read = |figure: &Figure| {
            let values: Vec<f64> = result.runs.iter().map(figure.measured).collect();
            let runs = values.len() as f64;
            let mean = values.iter().sum::<f64>() / runs;
            let variance = values
                .iter()
                .map(|value| (value - mean).powi(2))
                .sum::<f64>();
            Reading {
                mean,
                error: (variance / (runs - 1.0) / runs).sqrt(),
            }
        };
        self.figures.iter().map(read).collect()
    }
}

/// How things stood before and after the load without its warm-up.
fn load(run: &RunResult) -> (Gauges, Gauges) {
    let mut rows = run.phase_rows();
    rows.retain(|row| run.phases[row.phase].name == "load");
    let row = rows.remove(0);
    (row.before.clone(), row.end)
}

fn wait_s(run: &RunResult, resource: Resource) -> f64 {
    let (before, end) = load(run);
    let index = resource.index();
    let flow = end.resources[index].since(&before.resources[index]);
    flow.wait_ns() as f64 / flow.grants as f64 / 1e9
}

/// The means over time of the queue and of the busy units.
fn levels(run: &RunResult, resource: Resource) -> (f64, f64) {
    let (before, end) = load(run);
    let index = resource.index();
    let length = end.at.since(before.at).0 as f64;
    let (before, end) = (&before.resources[index], &end.resources[index]);
    let mean = |end: u128, before: u128| (end - before) as f64 / length;
    (
        mean(end.queue.area(), before.queue.area()),
        mean(end.busy.area(), before.busy.area()),
    )
}

fn slot_wait(run: &RunResult) -> f64 {
    wait_s(run, Resource::Slots)
}

fn slots_queue(run: &RunResult) -> f64 {
    levels(run, Resource::Slots).0
}

fn slots_busy(run: &RunResult) -> f64 {
    levels(run, Resource::Slots).1
}

fn upload_p(run: &RunResult, quantile: f64) -> f64 {
    let rows = run.operations.iter();
    let mut rows = rows
        .filter(|row| row.operation == Operation::Upload && run.phases[row.phase].name == "load");
    rows.next().map_or(f64::NAN, |row| {
        row.response.quantile(quantile).as_secs_f64()
    })
}

fn dropped(run: &RunResult) -> f64 {
    let (before, end) = load(run);
    let lost = (end.dropped - before.dropped) as f64;
    lost / (lost + (end.arrivals - before.arrivals) as f64)
}

/// The mean latency of a scrub from when it was due.
fn scrub_latency(run: &RunResult) -> f64 {
    let scrubs = run.transitions.iter().filter(|row| {
        let edge = (SubjectStatus::PendingDelete, SubjectStatus::Deleted);
        row.key == stormglass::TransitionKey::Subject(Some(edge.0), edge.1)
            && run.phases[row.phase].name == "load"
    });
    let (mut sum, mut count) = (0.0, 0.0);
    for row in scrubs {
        sum += mean_of(&row.latency) * row.latency.count() as f64;
        count += row.latency.count() as f64;
    }
    sum / count
}

/// The mean of a latency, in seconds. The histogram keeps three digits; over so many values its mean has more.
fn mean_of(latency: &Latency) -> f64 {
    let quantiles = (1..=200).map(|step| (f64::from(step) - 0.5) / 200.0);
    let values = quantiles.map(|it| latency.quantile(it).as_secs_f64());
    values.sum::<f64>() / 200.0
}

const UPLOAD: &str = "[[story]]\nname = \"x\"\nsize = \"0B\"\nsteps = [\"create\", \"upload\"]\n";

/// Poisson arrivals at `rate` to so many slots, each held for `put`.
fn slots(rate: f64, slots: u32, put: &str) -> String {
    open(rate, "poisson", slots, put)
}

fn open(rate: f64, spacing: &str, slots: u32, put: &str) -> String {
    format!(
        "[service]\nworkers = 1_000_000\n[service.store]\nslots = {slots}\nput = {put}\n[load]\n\
         arrivals = {{ rate = \"{rate}/s\", spacing = \"{spacing}\" }}\nduration = LENGTH\nwarm_up = WARM_UP\n{UPLOAD}"
    )
}

const EXPONENTIAL: &str = "{ exponential = { mean = \"1s\" } }";

/// The probability that an arrival waits, with offered load `a` at `c` servers: Erlang's C.
pub fn erlang_c(a: f64, c: u32) -> f64 {
    let b = erlang_b(a, c);
    let servers = f64::from(c);
    servers * b / (servers - a * (1.0 - b))
}

/// The share that is lost, with offered load `a` at `c` servers: Erlang's B.
pub fn erlang_b(a: f64, c: u32) -> f64 {
    (1..=c).fold(1.0, |b, n| a * b / (f64::from(n) + a * b))
}

fn figure(name: &'static str, theory: f64, measured: fn(&RunResult) -> f64) -> Figure {
    Figure {
        name,
        theory,
        measured,
    }
}

/// Every case.
pub fn cases() -> Vec<Case> {
    let mut cases = many_servers();
    cases.extend(one_server());
    cases.extend(no_queue());
    cases.extend(networks());
    cases
}

/// M/M/c at four loads.
fn many_servers() -> Vec<Case> {
    let case = |rho: f64| {
        let (a, c) = (4.0 * rho, 4);
        let wait = erlang_c(a, c) / (f64::from(c) - a);
        Case {
            name: format!("M/M/4 at {rho}"),
            text: slots(a, c, EXPONENTIAL),
            seconds: 20_000.0 / rho,
            figures: vec![
                figure("mean wait", wait, slot_wait),
                figure("mean queue", wait * a, slots_queue),
                figure("mean busy", a, slots_busy),
            ],
        }
    };
    [0.3, 0.5, 0.7, 0.9].map(case).into()
}

/// M/M/1 with its percentiles, M/D/1, M/G/1, D/M/1.
fn one_server() -> Vec<Case> {
    let rho: f64 = 0.7;
    // Pollaczek and Khinchine; `second` is the second moment of a service of one second on average.
    let wait = |second: f64| rho * second / (2.0 * (1.0 - rho));
    let mg1 = |name: &str, put: &str, second: f64| Case {
        name: name.to_owned(),
        text: slots(rho, 1, put),
        seconds: 40_000.0,
        figures: vec![figure("mean wait", wait(second), slot_wait)],
    };
    let mut mm1 = mg1("M/M/1", EXPONENTIAL, 2.0);
    let quantile = |q: f64| -(1.0 - q).ln() / (1.0 - rho);
    mm1.figures.extend([
        figure("median response", quantile(0.5), |run| upload_p(run, 0.5)),
        figure("p99 of response", quantile(0.99), |run| upload_p(run, 0.99)),
    ]);
    // The wait of D/M/1 from the root of σ = exp((σ − 1) ÷ ρ).
    let sigma = (0..200).fold(0.5, |sigma: f64, _| ((sigma - 1.0) / rho).exp());
    let dm1 = Case {
        name: "D/M/1".to_owned(),
        text: open(rho, "even", 1, EXPONENTIAL),
        seconds: 40_000.0,
        figures: vec![figure("mean wait", sigma / (1.0 - sigma), slot_wait)],
    };
    let uniform = "{ uniform = { min = \"0s\", max = \"2s\" } }";
    // A median of e^-½ and σ = 1 give a mean of one second and a second moment of e.
    let lognormal = "{ lognormal = { median = \"0.606530660s\", p99 = \"6.210408s\" } }";
    vec![
        mm1,
        mg1("M/D/1", "\"1s\"", 1.0),
        mg1("M/U/1", uniform, 4.0 / 3.0),
        mg1("M/LN/1", lognormal, 1.0_f64.exp()),
        dm1,
    ]
}

/// M/G/∞, loss, and the machine repairer, whose customers are few.
fn no_queue() -> Vec<Case> {
    let infinite = Case {
        name: "M/G/∞".to_owned(),
        text: slots(
            5.0,
            1_000_000,
            "{ uniform = { min = \"1s\", max = \"5s\" } }",
        ),
        seconds: 8_000.0,
        figures: vec![figure("mean busy", 15.0, slots_busy)],
    };
    let loss = |a: f64, c: u32| Case {
        name: format!("M/M/{c}/{c} at {a}"),
        text: slots(a, 1_000, EXPONENTIAL)
            .replace("duration", &format!("max_in_flight = {c}\nduration")),
        seconds: 8_000.0,
        figures: vec![figure("share lost", erlang_b(a, c), dropped)],
    };
    let (users, think_s) = (5, 4.0);
    let mut weights = vec![1.0];
    for up in (1..=users).rev() {
        let last = weights[weights.len() - 1];
        weights.push(last * f64::from(up) / think_s);
    }
    let repairer = Case {
        name: "machine repairer".to_owned(),
        text: format!(
            "[service.store]\nslots = 1\nput = {EXPONENTIAL}\n[load]\nusers = {users}\n\
             think = {{ exponential = {{ mean = \"{think_s}s\" }} }}\nduration = LENGTH\nwarm_up = WARM_UP\n{UPLOAD}"
        ),
        seconds: 20_000.0,
        figures: vec![figure(
            "mean busy",
            1.0 - 1.0 / weights.iter().sum::<f64>(),
            slots_busy,
        )],
    };
    vec![infinite, loss(4.0, 4), loss(8.0, 10), repairer]
}

/// Jackson's network, the executor and the scrubber.
fn networks() -> Vec<Case> {
    // A story commits three times, each a visit to the one connection, and writes once.
    let (commits, writes): (f64, f64) = (3.0 * 0.2, 0.2 * 3.0);
    let queue = |rho: f64| rho * rho / (1.0 - rho);
    let jackson = Case {
        name: "Jackson's network".to_owned(),
        text: slots(0.2, 1, "{ exponential = { mean = \"3s\" } }").replace(
            "[load]",
            &format!("[service.registry]\nconnections = 1\ncommit = {EXPONENTIAL}\n[load]"),
        ),
        seconds: 100_000.0,
        figures: vec![
            figure("mean queue for connections", queue(commits), |run| {
                levels(run, Resource::Connections).0
            }),
            figure("mean queue for slots", queue(writes), slots_queue),
        ],
    };
    let executor = Case {
        name: "executor".to_owned(),
        text: slots(0.7, 1_000, EXPONENTIAL)
            .replace("[service.store]", "task_workers = 1\n[service.store]")
            .replace("\"upload\"", "\"import\""),
        seconds: 40_000.0,
        figures: vec![figure("mean wait", 0.7 / 0.3, |run| {
            wait_s(run, Resource::TaskWorkers)
        })],
    };
    // Whoever is due waits for the next pass of the scrubber: half an interval.
    let scrubber = Case {
        name: "scrubber".to_owned(),
        text: slots(2.0, 1_000, "\"0s\"")
            .replace(
                "[service.store]",
                "delayed_delete = true\nscrub_time = \"17s\"\nscrub_interval = \"60s\"\nscrub_workers = 1000\n[service.store]",
            )
            .replace("\"upload\"", "\"upload\", \"delete\""),
        seconds: 20_000.0,
        figures: vec![figure("mean latency", 30.0, scrub_latency)],
    };
    vec![jackson, executor, scrubber]
}
