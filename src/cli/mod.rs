//! The command line: one file a subcommand. The only place that prints, and that wires floors together.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what this floor is for"
)]

mod check;
mod cleanup;
mod commands;
mod exit;
mod interrupt;
mod lifecycle;
mod progress;
mod reach;
mod run;
mod sweep;
mod validate;

use exit::Exit;

use crate::report::Kept;
use clap::{Parser, Subcommand};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// Forecasts what an image service does in a storm: spawns thousands to millions of subjects, runs their
/// stories against the service at once, and judges every change of status.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    Sweep(sweep::Arguments),
    Check(check::Arguments),
    Validate(validate::Arguments),
    Lifecycle(lifecycle::Arguments),
    Cleanup(cleanup::Arguments),
}

const EXIT_CODES: &str = "\
Exit codes:
    0  valid                                      1  could not run
    2  usage                                     90  invalid: an invariant was violated
   91  unknown: it cannot be said                92  the generator was the bottleneck
   99  a threshold failed                       104  the scenario is wrong
  105  interrupted; results so far are written
Where several of 90, 91, 92 and 99 hold, the lowest wins.";

/// Parses the command line, does what it says, and gives the exit code that the help lists.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Sweep(arguments) => sweep::sweep(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Validate(arguments) => validate::validate(&arguments),
        Command::Cleanup(arguments) => cleanup::cleanup(&arguments),
        Command::Lifecycle(arguments) => lifecycle::lifecycle(&arguments),
    };
    let exit = done.unwrap_or_else(|error| {
        // The whole chain of causes in one line.
        eprintln!("stormglass: {error:#}");
        Exit::CouldNotRun
    });
    exit.into()
}

/// Writes to standard output; a reader that has gone away, as `head` does, is no error.
fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("cannot write to standard output"))
        }
        _ => Ok(()),
    }
}

/// Whether colours are wanted on this stream: a terminal, and no `NO_COLOR` that says anything.
fn colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Shows every mistake of a scenario.
fn show_mistakes(mistakes: &crate::scenario::Mistakes) {
    if colour(&std::io::stderr()) {
        eprint!("{}", mistakes.graphical());
    } else {
        eprint!("{}", mistakes.plain());
    }
}

/// Names the files that could not be written, why, and those that were.
fn report_unwritten(kept: &Kept, folder: &Path) {
    for (name, error) in &kept.lost {
        eprintln!(
            "stormglass: cannot write {}: {error}",
            folder.join(name).display()
        );
    }
    let files = if kept.files.is_empty() {
        "nothing".to_owned()
    } else {
        kept.files.join(", ")
    };
    eprintln!("stormglass: kept in {}: {files}", folder.display());
}
