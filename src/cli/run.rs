//! `stormglass run`: a scenario in; a verdict, a summary and a folder of results out.

use super::cleanup::JOURNAL;
use super::compare::Baseline;
use super::live::LiveArguments;
use super::progress::watched;
use super::reach::reach;
use super::until;
use super::{Exit, Interruption, STOPPING, commands};
use crate::engine::{self, RunOptions};
use crate::metrics::StormResult;
use crate::report::{self, Folder, Host, JUNIT_HEAD, Origin};
use crate::scenario::{Scenario, Target};
use anyhow::Context;
use clap::Args;
use std::io::BufWriter;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use stormglass_glance::{Journal, RunServices};
use stormglass_model::units::Bytes;

/// Runs a storm, judges it, and writes what it measured.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass run scenarios/steady-week.toml
  stormglass run scenarios/smoke.toml --seed 7 --set service.store.slots=8
  stormglass run scenarios/smoke.toml --replications 20 --threads 4 --out /tmp/smoke
  stormglass run scenarios/smoke.toml --until-within 5%
  stormglass run scenarios/smoke.toml --replications 8 --baseline /tmp/before
  stormglass run scenarios/steady-week.toml --capacity 200TiB
  stormglass run scenarios/smoke.toml --history --out /tmp/smoke
  stormglass run scenarios/smoke.toml --quiet --junit stormglass.xml
  stormglass run scenarios/glance-first-contact.toml --live
  stormglass run scenarios/smoke.toml --json | jq .verdict")]
pub struct Arguments {
    /// The scenario
    file: PathBuf,
    /// The seed of the first replication, in place of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How many runs, with seeds one apart, in place of the scenario's
    #[arg(long, value_name = "N")]
    replications: Option<NonZeroU32>,
    /// Adds replications, from eight on, until the figure of each threshold is known within this share of itself, 95 % sure; at most
    /// as many as --replications says [default: 100]
    #[arg(long, value_name = "SHARE", value_parser = super::share)]
    until_within: Option<f64>,
    /// How many threads work [default: one a core]
    #[arg(long, value_name = "N", value_parser = super::threads)]
    threads: Option<NonZeroUsize>,
    /// Refuses a run that would take more memory, as 4GiB [default: what the machine, or its control group, has left]
    #[arg(long, value_name = "SIZE", value_parser = super::size)]
    memory: Option<Bytes>,
    /// Where results go: a folder that is empty or does not exist [default: a new one under results/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Compares with these results once the run has ended, and exits with 98 where it is slower or bigger by more than matters
    #[arg(long, value_name = "DIR")]
    baseline: Option<PathBuf>,
    /// The smallest change from the baseline that matters
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = super::share, requires = "baseline")]
    matter: f64,
    /// Also writes the verdict, every invariant and every threshold as JUnit; replaces a file that Stormglass wrote so, and no other
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Overrides a key of the scenario, as in service.store.slots=8; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Tells when a store of this capacity would be full, as 200TiB; nothing is refused for it
    #[arg(long, value_name = "SIZE", value_parser = super::size)]
    capacity: Option<Bytes>,
    /// Runs the commands that the scenario names under [target.glance.commands] where its faults want them; read them first
    #[arg(long)]
    allow_commands: bool,
    /// Also writes history.jsonl, all that clients saw, for `stormglass check`; takes some 200 bytes of memory an operation until the
    /// end, and as much on disk
    #[arg(long)]
    history: bool,
    /// Also writes timeline.parquet, and with --history events.parquet
    #[cfg(feature = "parquet")]
    #[arg(long)]
    parquet: bool,
    /// Allows a server that is not on this machine: its images are created, broken and deleted under load
    #[arg(long)]
    yes_load_this_server: bool,
    #[command(flatten)]
    live: LiveArguments,
    /// No progress and no summary; only errors
    #[arg(long)]
    quiet: bool,
    /// Prints run.json in place of the summary
    #[arg(long)]
    json: bool,
}

/// Runs it. Every way out but a wrong scenario leaves either a folder of results or no folder.
pub fn run(arguments: &Arguments, interruption: &Interruption) -> anyhow::Result<Exit> {
    let settings = settings(arguments);
    let mut scenario = super::read(&arguments.file, &overrides(arguments, &settings))?;
    let enough = until::enough(&scenario.thresholds, arguments.until_within)?;
    let baseline = arguments.baseline.as_deref();
    let baseline = baseline.map(|path| Baseline::read(path, arguments.matter));
    let baseline = baseline.transpose()?;
    if let Some(file) = &arguments.junit {
        report::replaceable(file, JUNIT_HEAD, NOT_OURS).with_context(|| unwritable(file))?;
    }
    let commands = commands::commands(&scenario, arguments.allow_commands)?;
    if let Target::Glance(target) = &mut scenario.target {
        **target = reach(target, arguments.yes_load_this_server)?;
    }
    scenario.keeps_history = arguments.history;
    let listening = arguments.live.listen()?;
    let progress = arguments.live.progress();
    interruption.stops(&progress, &commands, STOPPING);
    let out = arguments.out.as_deref();
    let folder = super::folder(out, &scenario.name, scenario.seed.0)?;
    let journal = Journal::at(&folder.path().join(JOURNAL));
    commands.write_into(&journal, &arguments.file);
    let shown = arguments.live.show(listening, &scenario, &progress);
    let shown = shown.inspect_err(|_| folder.discard())?;
    let options = RunOptions {
        threads: arguments.threads,
        memory: arguments.memory,
        progress,
        services: RunServices {
            commands: commands.clone(),
            journal: Some(journal),
        },
        enough,
    };
    let storm = || engine::run(&scenario, &options);
    let result = watched(&options.progress, arguments.quiet, storm);
    commands::warn_not_undone(&commands);
    let result = result
        .inspect_err(|_| folder.discard())
        .with_context(|| format!("cannot run {}", arguments.file.display()))
        .map_err(|error| super::interrupted(error, &options.progress))?;
    let origin = origin(arguments, &settings, &scenario);
    let baseline = baseline.filter(|_| !result.interrupted());
    let exit = keep(arguments, &scenario, &folder, &origin, result)?;
    let exit = match baseline {
        Some(baseline) if exit != Exit::CouldNotRun => {
            let shows = !arguments.quiet && !arguments.json;
            baseline.judge(&folder, exit, shows)
        }
        Some(_) | None => Ok(exit),
    };
    shown.end(&folder);
    exit
}

/// Writes the folder and what was asked for beside it, and shows what came of the run.
fn keep(
    arguments: &Arguments,
    scenario: &Scenario,
    folder: &Folder,
    origin: &Origin,
    result: StormResult,
) -> anyhow::Result<Exit> {
    let mut kept = folder.write_some(report::files(origin, &result));
    if arguments.history {
        folder.stream(&mut kept, report::HISTORY, |file| {
            report::history(scenario, &result, BufWriter::new(file))
        });
    }
    #[cfg(feature = "parquet")]
    if arguments.parquet {
        add_parquet(arguments, folder, &mut kept, &result);
    }
    let junit = (arguments.junit.as_ref()).map(|file| (file, report::junit(origin, &result)));
    let results = folder.path().display().to_string();
    let shown = super::shown(
        arguments.json,
        arguments.quiet,
        || report::run_json(origin, &result),
        |colour| report::summary(origin, &result, Some(&results), colour),
    );
    let told = arguments.until_within.filter(|_| !arguments.quiet);
    let told = told.map(|share| until::told(&scenario.thresholds, share, &result.runs));
    let (exit, sentence) = (Exit::of_storm(&result), report::sentence(&result));
    // The page is made from the files alone, and takes as much memory again.
    drop(result);
    super::add_page(folder, &mut kept);
    folder.complete(&mut kept);
    if let Some((file, text)) = junit {
        report::replace_own(file, &text, JUNIT_HEAD, NOT_OURS).with_context(|| unwritable(file))?;
    }
    let printed = super::print(shown);
    if !kept.lost.is_empty() {
        return Ok(super::report_unwritten(&kept, folder));
    }
    printed?;
    if let Some(told) = told {
        tell!("{told}");
    }
    if arguments.quiet && exit != Exit::Valid {
        tell!("stormglass: {sentence}");
    }
    Ok(exit)
}

/// Writes the tables for programs that read columns.
#[cfg(feature = "parquet")]
fn add_parquet(
    arguments: &Arguments,
    folder: &Folder,
    kept: &mut report::Kept,
    result: &StormResult,
) {
    use crate::report::parquet;
    folder.stream(kept, parquet::TIMELINE, |file| {
        parquet::timeline(result, file)
    });
    if arguments.history {
        folder.stream(kept, parquet::EVENTS, |file| parquet::events(result, file));
    }
}

/// Where the results come from.
fn origin(arguments: &Arguments, settings: &[String], scenario: &Scenario) -> Origin {
    let origin = Origin::new(scenario, &arguments.file, settings, Host::this());
    match arguments.until_within {
        Some(share) => origin.until_within(share),
        None => origin,
    }
}

/// Why a file is not replaced.
const NOT_OURS: &str = "what is there was not made by `--junit`, name another file";

fn unwritable(file: &Path) -> String {
    format!("cannot write {}", file.display())
}

/// Every `--set`, and what else sets a key and must be repeated with them.
fn settings(arguments: &Arguments) -> Vec<String> {
    let capacity = arguments
        .capacity
        .map(|Bytes(all)| format!("forecast.capacity=\"{all}B\""));
    arguments.settings.iter().cloned().chain(capacity).collect()
}

/// What the command line changes in the scenario; its own options come last, so that they win.
fn overrides(arguments: &Arguments, settings: &[String]) -> Vec<String> {
    let mut overrides = settings.to_vec();
    overrides.extend(arguments.seed.map(|seed| format!("seed={seed}")));
    let most = arguments.until_within.map(|_| until::MOST);
    let replications = arguments.replications.map(NonZeroU32::get).or(most);
    overrides.extend(replications.map(|n| format!("replications={n}")));
    overrides
}
