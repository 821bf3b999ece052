//! A scenario in, a result out: the text of a storm is read, run in virtual time, and judged.
//!
//! `cargo run --example run_scenario`
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::path::Path;
use stormglass::{RunOptions, TransitionKey};
use stormglass_model::lifecycle::SubjectStatus::{Active, Saving};

const SCENARIO: &str = r#"
schema = 1
name = "an hour of uploads"

[service.store]
slots = 8
put = { exponential = { mean = "800ms" } }

[load]
arrivals = { rate = "5/s" }
duration = "1h"

[[story]]
name = "upload, read, delete"
steps = ["create", "upload", "download", "delete"]
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Relative files of the scenario would lie in this folder; nothing overrides its keys.
    let scenario = stormglass::parse("an example", SCENARIO, Path::new("."), &[])?;
    let result = stormglass::run(&scenario, &RunOptions::default())?;
    println!("verdict: {}", result.verdict);
    for run in &result.runs {
        let stored = TransitionKey::Subject(Some(Saving), Active);
        for row in run.transitions.iter().filter(|row| row.key == stored) {
            let phase = &run.phases[row.phase].name;
            let (count, p99) = (row.latency.count(), row.latency.quantile(0.99));
            println!("saving -> active in {phase}: {count} times, 99 % of them within {p99}");
        }
    }
    Ok(())
}
