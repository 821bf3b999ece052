//! `stormglass run`: a scenario in; a verdict, a summary and a folder of results out.

use super::cleanup::JOURNAL;
use super::progress::Watch;
use super::reach::reach;
use super::{Exit, commands, interrupt};
use crate::engine::{self, RunOptions};
use crate::metrics::StormResult;
use crate::report::{self, Folder, Host, Origin};
use crate::scenario::{self, Scenario, Target};
use anyhow::Context;
use clap::Args;
use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stormglass_glance::{Journal, RunServices};

/// Runs a storm, judges it, and writes what it measured.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass run scenarios/steady-week.toml
  stormglass run scenarios/smoke.toml --seed 7 --set service.store.slots=8
  stormglass run scenarios/smoke.toml --replications 20 --threads 4 --out /tmp/smoke
  stormglass run scenarios/smoke.toml --history --out /tmp/smoke
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
    /// How many threads work [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Where results go: a folder that is empty or does not exist [default: a new one under results/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overrides a key of the scenario, as in service.store.slots=8; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    #[command(flatten)]
    permission: commands::Permission,
    /// Also writes history.jsonl, all that clients saw, for `stormglass check`; takes some 200 bytes of memory an operation until the
    /// end, and as much on disk
    #[arg(long)]
    history: bool,
    /// Allows a server that is not on this machine: its images are created, broken and deleted under load
    #[arg(long)]
    yes_load_this_server: bool,
    /// No progress and no summary; only errors
    #[arg(long)]
    quiet: bool,
    /// Prints run.json in place of the summary
    #[arg(long)]
    json: bool,
}

/// Runs it. Every way out but a wrong scenario leaves either a folder of results or no folder.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut scenario = match scenario::read(&arguments.file, &overrides(arguments)) {
        Ok(scenario) => scenario,
        Err(mistakes) => {
            super::show_mistakes(&mistakes);
            return Ok(Exit::Scenario);
        }
    };
    let commands = match arguments.permission.commands(&scenario) {
        Ok(commands) => commands,
        Err(exit) => return Ok(exit),
    };
    if let Target::Glance(target) = &mut scenario.target {
        match reach(target, arguments.yes_load_this_server)? {
            Ok(reached) => **target = reached,
            Err(exit) => return Ok(exit),
        }
    }
    scenario.keeps_history = arguments.history;
    let folder = folder(&scenario, arguments.out.as_deref())?;
    let services = RunServices {
        commands: commands.clone(),
        journal: Some(Journal::at(&folder.path().join(JOURNAL))),
    };
    let result = storm(&scenario, services, arguments);
    commands::warn_not_undone(&commands);
    let result = match result {
        Ok(result) => result,
        Err(error) => {
            folder.discard();
            return Err(error);
        }
    };
    let origin = Origin::new(
        &scenario,
        &arguments.file,
        &arguments.settings,
        Host::this(),
    );
    let mut kept = folder.write(report::files(&origin, &result));
    if arguments.history {
        folder.stream(&mut kept, report::HISTORY, |file| {
            report::history(&scenario, &result, file)
        });
    }
    let shown = show(arguments, &origin, &result, &folder);
    if !kept.lost.is_empty() {
        super::report_unwritten(&kept, folder.path());
        return Ok(Exit::CouldNotRun);
    }
    shown?;
    Ok(Exit::of_storm(&result))
}

/// What the command line changes in the scenario; its own options come last, so that they win.
fn overrides(arguments: &Arguments) -> Vec<String> {
    let mut overrides = arguments.settings.clone();
    overrides.extend(arguments.seed.map(|seed| format!("seed={seed}")));
    overrides.extend(arguments.replications.map(|n| format!("replications={n}")));
    overrides
}

fn folder(scenario: &Scenario, out: Option<&Path>) -> anyhow::Result<Folder> {
    Ok(match out {
        Some(path) => Folder::named(path)?,
        None => Folder::numbered(Path::new("results"), &scenario.name, scenario.seed.0)?,
    })
}

fn storm(
    scenario: &Scenario,
    services: RunServices,
    arguments: &Arguments,
) -> anyhow::Result<StormResult> {
    let options = RunOptions {
        threads: arguments.threads,
        progress: Arc::default(),
        services,
    };
    interrupt::listen(options.progress.clone(), options.services.commands.clone());
    let watch = (!arguments.quiet).then(|| Watch::start(options.progress.clone()));
    let result = engine::run(scenario, &options);
    drop(watch);
    result.with_context(|| format!("cannot run {}", arguments.file.display()))
}

fn show(
    arguments: &Arguments,
    origin: &Origin,
    result: &StormResult,
    folder: &Folder,
) -> anyhow::Result<()> {
    if arguments.json {
        return super::print(&report::run_json(origin, result));
    }
    if arguments.quiet {
        return Ok(());
    }
    let results = folder.path().display().to_string();
    let colour = super::colour(&io::stdout());
    super::print(report::summary(origin, result, Some(&results), colour).as_bytes())
}
