//! Is the simulation right? Queues that theory knows exactly, long enough that a bias of a thousandth shows.
//!
//! `cargo bench --bench theory` ends with 1 if a figure is further from theory than five of its standard errors.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

#[path = "../tests/it/storms/theory.rs"]
mod theory;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const REPLICATIONS: u32 = 20;
/// So many times as long as in the tests.
const LONGER: f64 = 10.0;
const ERRORS: f64 = 5.0;

fn main() -> ExitCode {
    let mut wrong = 0;
    for case in (theory::cases().into_iter()).chain(theory::mechanisms::cases()) {
        for (figure, reading) in case.figures.iter().zip(case.read(REPLICATIONS, LONGER)) {
            let off = (reading.mean - figure.theory) / reading.error;
            let relative = 100.0 * (reading.mean / figure.theory - 1.0);
            println!(
                "{}, {}: {:.6} ± {:.6}, theory {:.6}: {relative:+.2} %, {off:+.1} standard errors",
                case.name, figure.name, reading.mean, reading.error, figure.theory
            );
            wrong += u32::from(off.abs() > ERRORS);
        }
    }
    match wrong {
        0 => ExitCode::SUCCESS,
        _ => {
            println!("{wrong} figures are not what theory says");
            ExitCode::FAILURE
        }
    }
}
