//! How fast is a transition, and what does a subject cost?
//!
//! `cargo bench --bench storm` runs every case; `cargo bench --bench storm -- CASE [SUBJECTS [THREADS]]` one of
//! them: `live`, `live-alive`, `week`, `alive`. Peak memory is the process's, so cases that are compared by
//! memory are run apart.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints"
)]

use std::num::{NonZeroU32, NonZeroUsize};
use stormglass::{RunOptions, StormResult};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A service that never makes anybody wait for a unit.
const UNLIMITED: &str = r#"
[service]
delayed_delete = false
workers = 100_000_000
scrub_workers = 100_000_000
task_workers = 100_000_000
[service.registry]
connections = 100_000_000
commit = "COMMIT"
[service.store]
slots = 100_000_000
"#;

/// Real time, no delays, a thousand users: create, upload, deactivate, reactivate, delayed delete, scrub.
fn live(subjects: u64) -> String {
    let service = UNLIMITED.replace("COMMIT", "0s").replace(
        "delayed_delete = false",
        "delayed_delete = true\nscrub_time = \"0s\"\nscrub_interval = \"10ms\"",
    );
    format!(
        r#"schema = 1
name = "live"
clock = "real"
{service}
[load]
users = 1000
subjects = {subjects}
[[story]]
name = "seven transitions"
steps = ["create", "upload", "deactivate", "reactivate", "delete"]
"#
    )
}

/// Real time, more due than can be done: so many subjects stay alive and none sleeps.
fn live_alive(subjects: u64) -> String {
    let service = UNLIMITED.replace("COMMIT", "0s");
    let wait = format!(
        "{{ wait = {{ exponential = {{ mean = \"{}ns\" }} }} }}",
        subjects * 200
    );
    let pairs = format!("{wait}, \"deactivate\", {wait}, \"reactivate\", ").repeat(5);
    let lives = subjects.max(2_000_000);
    format!(
        r#"schema = 1
name = "live-alive"
clock = "real"
{service}
[load]
users = {subjects}
subjects = {lives}
[[story]]
name = "long lives"
steps = ["create", "upload", {pairs} "delete"]
"#
    )
}

/// Virtual time: about so many subjects alive at once, most of them waiting, while transitions go on.
fn alive(subjects: u64) -> String {
    let service = UNLIMITED.replace("COMMIT", "1ms");
    let wait = r#"{ wait = { exponential = { mean = "1000s" } } }"#;
    let rate = subjects as f64 / 5_000.0;
    let duration_s = (subjects as f64 * 2.0).max(2e6) / rate;
    format!(
        r#"schema = 1
name = "alive"
{service}
[load]
arrivals = {{ rate = "{rate}/s" }}
duration = "{duration_s}s"
[[story]]
name = "long lives"
steps = ["create", "upload", {wait}, "deactivate", {wait}, "reactivate", {wait}, "deactivate",
    {wait}, "reactivate", {wait}, "delete"]
"#
    )
}

fn run(case: &str, text: &str, threads: usize) {
    let here = std::path::Path::new(".");
    let scenario = match stormglass::parse(case, text, here, &[]) {
        Ok(scenario) => scenario,
        Err(mistakes) => return println!("{}", mistakes.plain()),
    };
    assert_eq!(scenario.replications, NonZeroU32::MIN);
    let options = RunOptions {
        threads: NonZeroUsize::new(threads),
        ..RunOptions::default()
    };
    let result = stormglass::run(&scenario, &options).unwrap();
    report(case, &result);
}

fn report(case: &str, result: &StormResult) {
    let run = &result.runs[0];
    let transitions = run.transition_total() as f64;
    let alive = |row: &stormglass::TimelineRow| row.gauges.by_status()[..5].iter().sum::<u64>();
    let most = run.timeline.iter().map(alive).max().unwrap_or(0);
    println!(
        "{case}: {} · {} threads · {:.1}M transitions, {:.2}M a CPU second, {:.0} ns each · {:.2}M events a CPU second \
         · most alive {most} · {} MiB · wall {:.1} s",
        result.verdict,
        result.threads,
        transitions / 1e6,
        transitions / result.cpu_s / 1e6,
        result.cpu_s * 1e9 / transitions,
        run.end.events as f64 / result.cpu_s / 1e6,
        result.peak_rss_bytes >> 20,
        result.wall_s,
    );
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let case = arguments.next();
    let subjects = arguments
        .next()
        .map(|text| text.replace('_', "").parse().unwrap());
    let threads = arguments.next().map_or(1, |text| text.parse().unwrap());
    let week = include_str!("../scenarios/steady-week.toml");
    match case.as_deref() {
        Some("live") => run("live", &live(subjects.unwrap_or(2_000_000)), threads),
        Some("live-alive") => run(
            "live-alive",
            &live_alive(subjects.unwrap_or(1_000_000)),
            threads,
        ),
        Some("alive") => run("alive", &alive(subjects.unwrap_or(1_000_000)), threads),
        Some("week") => run("week", week, threads),
        Some(other) => println!("`{other}` is no case; see the head of benches/storm.rs"),
        None => {
            run("live", &live(2_000_000), 1);
            run("live", &live(4_000_000), 2);
            run("week", week, 1);
            run("alive 10 thousand", &alive(10_000), 1);
            run("alive 1 million", &alive(1_000_000), 1);
            run("live-alive 10 thousand", &live_alive(10_000), 1);
            run("live-alive 1 million", &live_alive(1_000_000), 1);
        }
    }
}
