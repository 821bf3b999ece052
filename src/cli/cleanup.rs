//! `stormglass cleanup`: undoes what a run's commands have done, deletes the images that it has left, and nothing else.

use super::left_behind::undo;
use super::progress::bar;
use super::reach::{reach, wait_for};
use super::{Exit, Interruption};
use crate::engine::Progress;
use crate::report::number::thousands;
use crate::scenario::{Target, read_for_cleanup};
use anyhow::bail;
use clap::Args;
use indicatif::ProgressBar;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stormglass_glance::auth::{self, Environment};
use stormglass_glance::{
    Client, Commands, GlanceTarget, JournalRun, Removal, Reopened, guard, target_from_environment,
};

/// What the journal is called in a folder of results.
pub(super) const JOURNAL: &str = "journal";
/// Without a terminal, progress is told once every so many images.
const TOLD: u64 = 1_000;

/// Puts right what a run has left on a real server, and nothing else: undoes what its commands have done, and deletes the images
/// that its journal names and that carry its tag.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass cleanup results/glance-first-contact-42-1
  stormglass cleanup results/glance-first-contact-42-1 --scenario scenarios/glance-first-contact.toml
  stormglass cleanup results/sweep-1 --allow-commands
  stormglass cleanup results/sweep-1 --scenario glance.toml --allow-commands
  STORMGLASS_TOKEN=… STORMGLASS_ADMIN_TOKEN=… stormglass cleanup results/sweep-1 --url http://127.0.0.1:9292

Who acts is said by the scenario, or by STORMGLASS_TOKEN and STORMGLASS_ADMIN_TOKEN, else OS_CLOUD or the OS_*
variables; without them a development server on this machine is assumed. The exit code is 0 when nothing is left, and 1 otherwise. It may be repeated.")]
pub struct Arguments {
    /// A folder of results, or the journal in it
    run: PathBuf,
    /// The scenario that says where the server is and who acts [default: the server of the journal]
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    scenario: Option<PathBuf>,
    /// Where the server is [default: the server of the journal]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Runs the `undo` of commands that were not undone, as the journal has it, or the scenario; and the scenario's last resort
    /// ([target.glance.last_resort]) for what the server does not let anybody delete. Read them first
    #[arg(long)]
    allow_commands: bool,
    /// Allows a server that is not on this machine
    #[arg(long)]
    yes_load_this_server: bool,
}

/// What is told when it is asked to stop.
const STOPPING: &str =
    "stopping: what is under way is ended; repeat it for the rest; once more to stop at once";

/// Undoes and removes what is left: commands first, since the server may not answer before.
pub fn cleanup(arguments: &Arguments, interruption: &Interruption) -> anyhow::Result<Exit> {
    let Some(path) = journal(&arguments.run)? else {
        return nothing(&arguments.run, "no image was created");
    };
    let mut book = Reopened::new(&path)?;
    let open = book.runs().iter().filter(|run| !run.done);
    let open: Vec<JournalRun> = open.cloned().collect();
    if open.is_empty() && book.not_undone().is_empty() {
        return nothing(
            &arguments.run,
            match book.runs() {
                [] => "no image was created",
                _ => "all was removed before",
            },
        );
    }
    let progress = Arc::default();
    let scenario = arguments.scenario.as_deref();
    let undone = undo(&book, scenario, arguments.allow_commands, |commands| {
        interruption.stops(&progress, commands, STOPPING);
    })?;
    let mut exit = match undone {
        true => Exit::Valid,
        false => Exit::CouldNotRun,
    };
    for run in &open {
        if progress.is_interrupted() {
            return Ok(Exit::CouldNotRun);
        }
        let target = reach(&target(arguments, run)?, arguments.yes_load_this_server)?;
        let removal = remove(&target, run, arguments.allow_commands, &progress)?;
        let url = target.url.as_deref().unwrap_or_default();
        super::say(&told(url, run, &removal))?;
        match seen(&removal) < run.count() || removal.left > 0 || removal.gave_up {
            true => exit = Exit::CouldNotRun,
            false => book.done(run.run)?,
        }
    }
    Ok(exit)
}

fn nothing(run: &Path, why: &str) -> anyhow::Result<Exit> {
    super::say(&format!("{}: nothing to remove, {why}\n", run.display()))?;
    Ok(Exit::Valid)
}

/// Where the journal is; none in a folder of results that has none.
fn journal(run: &Path) -> anyhow::Result<Option<PathBuf>> {
    if run.is_file() {
        return Ok(Some(run.to_owned()));
    }
    let path = run.join(JOURNAL);
    if path.is_file() {
        return Ok(Some(path));
    }
    let shown = run.display();
    match (run.is_dir(), run.join("run.json").is_file()) {
        (false, _) if run.exists() => {
            bail!(
                "{shown} is neither a file nor a folder: name a folder of results, or the journal in it"
            )
        }
        (false, _) => bail!("{shown} is not there: name a folder of results, or the journal in it"),
        (true, true) => Ok(None),
        (true, false) => bail!("{shown} holds no journal: name the folder of a run's results"),
    }
}

/// Where the server is and who acts.
fn target(arguments: &Arguments, run: &JournalRun) -> anyhow::Result<GlanceTarget> {
    if let Some(file) = &arguments.scenario {
        let scenario = read_for_cleanup(file).map_err(|mistakes| super::told(&mistakes))?;
        return match scenario.target {
            Target::Glance(target) => Ok(*target),
            Target::Embedded(_) => bail!("{} names no [target.glance]", file.display()),
        };
    }
    let environment = Environment::of_process();
    let url = arguments.url.as_deref().unwrap_or(&run.server);
    let target = target_from_environment(&environment, Some(url))?;
    let stands_in = environment.said("STORMGLASS_TOKEN").is_none()
        && auth::from_environment(&environment)?.is_none();
    if stands_in && guard(&target.routes, url, false).is_err() && arguments.yes_load_this_server {
        bail!(
            "who acts on {url}? Name the scenario with --scenario, export STORMGLASS_TOKEN, or set OS_CLOUD or the OS_* variables"
        );
    }
    Ok(target)
}

fn remove(
    target: &GlanceTarget,
    run: &JournalRun,
    allowed: bool,
    progress: &Progress,
) -> anyhow::Result<Removal> {
    let bar = bar(run.count());
    let removal = wait_for(async {
        let mut client = Client::new(target, run.run)?;
        if let Some(command) = &target.last_resort {
            client = client.with_last_resort(&Commands::new(&[], allowed), command.clone());
        }
        let greeting = client.hello().await?;
        let show = |removal: &Removal| show(&bar, run, removal);
        let ids = run.ids().take_while(|_| !progress.is_interrupted());
        anyhow::Ok(client.remove(greeting, ids, show).await)
    })?;
    bar.finish_and_clear();
    removal
}

fn show(bar: &ProgressBar, run: &JournalRun, removal: &Removal) {
    let seen = seen(removal);
    let line = || format!("{} of {} images", thousands(seen), thousands(run.count()));
    if !bar.is_hidden() {
        bar.set_position(seen);
        bar.set_message(line());
    } else if seen.is_multiple_of(TOLD) {
        tell!("{}", line());
    }
}

fn told(url: &str, run: &JournalRun, removal: &Removal) -> String {
    let mut text = format!(
        "{url}, tag {}: {} removed, {} not there, {} left\n",
        run.run.tag(),
        thousands(removal.removed),
        thousands(removal.absent),
        thousands(removal.left)
    );
    for (id, reason) in &removal.reasons {
        let _ = writeln!(text, "  left {id}: {reason}");
    }
    let untold = removal.left - removal.reasons.len() as u64;
    if untold > 0 {
        let _ = writeln!(text, "  and {} more", thousands(untold));
    }
    let rest = run.count() - seen(removal);
    let why = match removal.gave_up {
        true => "the server no longer answers",
        false => "stopped",
    };
    if removal.gave_up || rest > 0 {
        let rest = thousands(rest);
        let _ = writeln!(text, "  {why}: {rest} were not looked at; try again later");
    }
    text
}

fn seen(removal: &Removal) -> u64 {
    removal.removed + removal.absent + removal.left
}
