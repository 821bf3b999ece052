//! The command line: one file a subcommand. The only place that prints, and that wires floors together.

/// Says a line on standard error, as `println!` takes it.
macro_rules! tell {
    ($($text:tt)*) => {
        $crate::cli::say_line(format_args!($($text)*))
    };
}

mod advise;
mod calibrate;
mod check;
mod child;
mod cleanup;
mod commands;
mod compare;
mod confirm;
mod exit;
mod generate;
mod init;
mod interrupt;
mod judging;
mod learn;
mod learned;
mod left_behind;
mod lifecycle;
mod live;
mod logged;
mod progress;
mod reach;
mod report;
mod run;
mod search;
mod serve;
mod slo;
mod stock;
mod sweep;
mod traffic;
mod until;
mod validate;

use exit::{Exit, Told};
use generate::Generated;
use interrupt::Interruption;

use crate::engine::Progress;
use crate::report::{Folder, FolderError, Kept, PAGE, PARTIAL, PICTURE, page, picture};
use crate::scenario::{self, Mistakes, Scenario};
use anyhow::Context;
use clap::{Parser, Subcommand};
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use stormglass_glance::room_for;
use stormglass_glance::shown::printable;
use stormglass_model::units::{Bytes, Span};

/// Forecasts what an image service does in a storm: spawns thousands to millions of subjects, runs their
/// stories against the service at once, and judges every change of status.
#[derive(Debug, Parser)]
#[command(name = "stormglass", version, max_term_width = 100, arg_required_else_help = true, after_help = EXIT_CODES)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, override_usage = USAGE)]
struct Arguments {
    /// Prints completions for a shell, or the manual page
    #[arg(long, value_name = "WHAT", required = true)]
    generate: Option<Generated>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Arguments),
    Run(run::Arguments),
    Search(search::Arguments),
    Calibrate(calibrate::Arguments),
    Advise(advise::Arguments),
    Compare(compare::Arguments),
    Sweep(sweep::Arguments),
    Serve(serve::Arguments),
    Report(report::Arguments),
    Check(check::Arguments),
    Validate(validate::Arguments),
    Lifecycle(lifecycle::Arguments),
    Cleanup(cleanup::Arguments),
    Stock(stock::Arguments),
    Learn(learn::Arguments),
}

const USAGE: &str = "stormglass <COMMAND>\n       stormglass --generate <WHAT>";

const EXIT_CODES: &str = "\
Exit codes:
    0  valid                                      1  could not run
    2  usage                                     90  invalid: an invariant was violated
   91  unknown: it cannot be said                92  the generator was the bottleneck, or failed
   98  slower or bigger than the baseline       99  a threshold failed
  104  the scenario is wrong                    105  interrupted; results so far are written
Where several of 90, 91, 92 and 99 hold, the lowest wins; but a failure of this machine is 92 where
it may be why a run is unknown.";

/// Parses the command line, does what it says, and gives the exit code that the help lists.
pub fn main() -> ExitCode {
    // Before anything else: what a signal kills in the middle may leave a server broken.
    let interruption = Interruption::listen();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misused(&error),
    };
    let done = match (arguments.command, arguments.generate) {
        (Some(Command::Init(arguments)), _) => init::init(&arguments),
        (Some(Command::Run(arguments)), _) => run::run(&arguments, &interruption),
        (Some(Command::Search(arguments)), _) => search::run(&arguments, &interruption),
        (Some(Command::Calibrate(arguments)), _) => calibrate::run(&arguments, &interruption),
        (Some(Command::Advise(arguments)), _) => advise::run(&arguments, &interruption),
        (Some(Command::Compare(arguments)), _) => compare::run(&arguments),
        (Some(Command::Sweep(arguments)), _) => sweep::sweep(&arguments, &interruption),
        (Some(Command::Serve(arguments)), _) => serve::serve(&arguments, &interruption),
        (Some(Command::Report(arguments)), _) => report::report(&arguments),
        (Some(Command::Check(arguments)), _) => check::check(&arguments),
        (Some(Command::Validate(arguments)), _) => validate::validate(&arguments),
        (Some(Command::Stock(arguments)), _) => stock::stock(&arguments),
        (Some(Command::Learn(arguments)), _) => learn::learn(&arguments),
        (Some(Command::Cleanup(arguments)), _) => cleanup::cleanup(&arguments, &interruption),
        (Some(Command::Lifecycle(arguments)), _) => lifecycle::lifecycle(&arguments),
        (None, Some(what)) => generate::write(what),
        // The parser wants one of the two.
        (None, None) => Ok(Exit::Usage),
    };
    let exit = done.unwrap_or_else(|error| match error.downcast_ref() {
        Some(Told(exit)) => *exit,
        None => {
            // The whole chain of causes in one line.
            tell!("stormglass: {error:#}");
            Exit::CouldNotRun
        }
    });
    ExitCode::from(exit as u8)
}

/// What is told when a run is asked to stop.
const STOPPING: &str =
    "stopping: faults are healed, results so far are kept; once more to stop at once";

/// How many threads work: no machine has more processors.
fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let threads = text.parse().ok().and_then(NonZeroUsize::new);
    let threads = threads.filter(|threads| threads.get() <= 1_024);
    threads.ok_or_else(|| "write a whole number from 1 to 1024".to_owned())
}

/// A number of bytes with its unit.
fn size(text: &str) -> Result<Bytes, String> {
    Bytes::parse(text).map_err(|error| error.to_string())
}

/// How long a storm lasts.
fn length(text: &str) -> Result<Span, String> {
    let span = Span::parse(text).map_err(|error| error.to_string())?;
    match span >= Span::from_secs(1) {
        true => Ok(span),
        false => Err("write at least 1s, as 20s".to_owned()),
    }
}

/// A share above zero.
fn share(text: &str) -> Result<f64, String> {
    let share = scenario::parse_share(text).filter(|share| *share > 0.0);
    share.ok_or_else(|| "write a share above zero, as 1% or 0.01".to_owned())
}

/// Shows the help, or what is wrong with the command line, whose credentials are not repeated.
fn misused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Whoever does not read the help needs none.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let coloured = colour(&io::stderr());
    let rendered = error.render();
    let mut text = match coloured {
        true => rendered.ansi().to_string(),
        false => rendered.to_string(),
    };
    for argument in std::env::args_os().skip(1) {
        let argument = argument.to_string_lossy();
        if argument.contains('=') {
            text = text.replace(&*argument, &scenario::repeatable(&argument));
        }
    }
    let _ = write!(io::stderr(), "{}", seen(&text, coloured));
    ExitCode::from(Exit::Usage as u8)
}

/// Says a line on standard error. One that is full or broken is no reason to stop, nor to crash.
fn say_line(line: fmt::Arguments) {
    let line = line.to_string().replace('\n', " ");
    let _ = writeln!(io::stderr(), "{}", printable(&line));
}

/// A text as a terminal may have it: nothing but what can be seen, and colours if they are wanted.
fn seen(text: &str, colour: bool) -> String {
    let (mut seen, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("\x1b[").filter(|_| colour) {
        let code = rest[at + 2..].trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        let end = rest.len() - code.len() + usize::from(code.starts_with('m'));
        seen += &printable(&rest[..at]);
        seen += match code.starts_with('m') {
            true => &rest[at..end],
            false => "·",
        };
        rest = &rest[end..];
    }
    seen + &printable(rest)
}

/// Writes a text to standard output.
fn say(text: &str) -> anyhow::Result<()> {
    print(seen(text, colour(&io::stdout())))
}

/// Writes to standard output; a reader that has gone away, as `head` does, is no error.
fn print(bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

/// Prints the document where `--json` asks for it; else the text, in colour or plain, unless `--quiet` wants none.
fn show(
    json: bool,
    quiet: bool,
    document: impl FnOnce() -> Vec<u8>,
    text: impl FnOnce(bool) -> String,
) -> anyhow::Result<()> {
    print(shown(json, quiet, document, text))
}

/// What is to be printed.
fn shown(
    json: bool,
    quiet: bool,
    document: impl FnOnce() -> Vec<u8>,
    text: impl FnOnce(bool) -> String,
) -> Vec<u8> {
    let colour = colour(&io::stdout());
    match (json, quiet) {
        (true, _) => document(),
        (false, true) => Vec::new(),
        (false, false) => seen(&text(colour), colour).into(),
    }
}

/// Whether colours are wanted on this stream: a terminal, and no `NO_COLOR` that says anything.
fn colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Reads a scenario, or shows every mistake of it.
fn read(file: &Path, overrides: &[String]) -> anyhow::Result<Scenario> {
    // A file that this machine cannot open is no mistake of the scenario's.
    room_for(1)?;
    Ok(scenario::read(file, overrides).map_err(|mistakes| told(&mistakes))?)
}

/// Shows every mistake of a scenario.
fn told(mistakes: &Mistakes) -> Told {
    let text = match colour(&io::stderr()) {
        true => mistakes.graphical(),
        false => mistakes.plain(),
    };
    let _ = write!(io::stderr(), "{text}");
    Told(Exit::Scenario)
}

/// Why nothing came of it; where the user wanted to stop before it began, that is why.
fn interrupted(error: anyhow::Error, progress: &Progress) -> anyhow::Error {
    if !progress.is_interrupted() {
        return error;
    }
    tell!("stormglass: {error:#}");
    Told(Exit::Interrupted).into()
}

/// Where results go: into the folder that `--out` names, or a new one under `results`.
fn folder(out: Option<&Path>, name: &str, seed: u64) -> Result<Folder, FolderError> {
    match out {
        Some(path) => Folder::named(path),
        None => Folder::numbered(Path::new("results"), name, seed),
    }
}

/// Makes the page and the picture of what is in the folder, if all of it is there.
fn add_page(folder: &Folder, kept: &mut Kept) {
    if kept.lost.is_empty() {
        // The page would fail likewise, and say why.
        if let Ok(Some(picture)) = picture(folder.path()) {
            folder.stream(kept, PICTURE, |mut file| file.write_all(&picture));
        }
        folder.stream(kept, PAGE, |mut file| {
            let page = page(folder.path()).map_err(io::Error::other)?;
            file.write_all(&page)
        });
    }
}

/// Names the files that could not be written, why, and those that were.
fn report_unwritten(kept: &Kept, folder: &Folder) -> Exit {
    for (name, error) in &kept.lost {
        let path = folder.path().join(name);
        tell!("stormglass: cannot write {}: {error}", path.display());
    }
    let files = match kept.files.as_slice() {
        [] => "nothing".to_owned(),
        files => files.join(", "),
    };
    tell!(
        "stormglass: kept in {}, which says `{PARTIAL}`: {files}",
        folder.path().display()
    );
    Exit::CouldNotRun
}
