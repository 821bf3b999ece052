//! Is the simulation right? An M/M/c queue of eight million customers against Erlang's C formula.
//!
//! `cargo bench --bench mmc` ends with 1 if the mean wait is off by more than 2 %.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

#[path = "../tests/it/storms/erlang.rs"]
mod erlang;

use std::path::Path;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CUSTOMERS: u64 = 1_000_000;
const REPLICATIONS: u32 = 8;
const TOLERANCE: f64 = 0.02;

fn main() -> ExitCode {
    let mut settings = erlang::settings(CUSTOMERS).to_vec();
    settings.push(format!("replications={REPLICATIONS}"));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/mm-c.toml");
    let scenario = stormglass::read(&file, &settings).unwrap();
    let result = stormglass::run(&scenario, &stormglass::RunOptions::default()).unwrap();
    let waits: Vec<f64> = result.runs.iter().map(erlang::measured_wait_s).collect();
    for (run, wait) in result.runs.iter().zip(&waits) {
        println!("seed {}: mean wait {wait:.6} s", run.seed);
    }
    let (mean, exact) = (
        waits.iter().sum::<f64>() / waits.len() as f64,
        erlang::mean_wait_s(),
    );
    let off = mean / exact - 1.0;
    println!(
        "{REPLICATIONS} × {CUSTOMERS} customers: mean wait {mean:.6} s, Erlang C {exact:.6} s, {:+.2} %; \
         verdict {}, {:.1} s of processor, {:.1} s",
        off * 100.0,
        result.verdict,
        result.cpu_s,
        result.wall_s
    );
    if off.abs() <= TOLERANCE {
        ExitCode::SUCCESS
    } else {
        println!("off by more than {} %", TOLERANCE * 100.0);
        ExitCode::FAILURE
    }
}
