//! `stormglass sweep`: every pair of operations and every fault at every point; a list of findings out.

use super::cleanup::JOURNAL;
use super::progress::watched;
use super::reach::reach;
use super::traffic::traffic;
use super::{Exit, Interruption, STOPPING};
use crate::engine::Progress;
use crate::report;
use crate::report::number::interval;
use crate::scenario::Target;
use crate::sweep::{
    self, Accepted, Budget, Capabilities, EmbeddedTestBed, GlanceTestBed, SweepResult, Tally,
    TestBed,
};
use anyhow::Context;
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use stormglass_glance::auth::Environment;
use stormglass_glance::input;
use stormglass_glance::{
    Client, Commands, Generator, GlanceTarget, Journal, RunId, target_from_environment,
};
use stormglass_model::random::Seed;
use stormglass_model::script::Script;
use stormglass_model::units::{Bytes, Span};

/// How often a script is run when nothing else is said.
const TRIES: u32 = 60;

/// Looks for what is wrong in a server: every pair of operations on one subject in every status, the second released
/// at chosen points of the first, then every fault at every point.
#[derive(Debug, Args)]
#[command(after_help = "\
The target is a URL, `embedded`, or a scenario, whose [target.glance] then says who acts, where a probe reads
the server's database and store ([target.glance.probe]) and which commands may be run ([target.glance.commands.NAME]).
For a URL the environment says who acts: STORMGLASS_TOKEN (and _ADMIN_TOKEN, _READER_TOKEN, _STRANGER_TOKEN)
are plain tokens; else OS_CLOUD or the OS_* variables. Without a probe only what clients see is judged.

Examples:
  stormglass sweep embedded
  stormglass sweep http://127.0.0.1:9292 --for 5m
  stormglass sweep glance.toml --for 25m --allow-commands --out findings
  stormglass sweep glance.toml --script 'create [upload last-byte delete]' --tries 60
  stormglass sweep glance.toml --for 10m --accept known.txt      # fails on new findings only")]
pub struct Arguments {
    /// A URL, a scenario, or `embedded`
    target: String,
    /// How long: every script once, then the promising ones again [default: once]
    #[arg(long = "for", value_name = "SPAN", value_parser = Span::parse)]
    length: Option<Span>,
    /// Where results go: a folder that is empty or does not exist [default: a new one under results/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Runs one script in place of all; may be given again
    #[arg(long = "script", value_name = "SCRIPT")]
    scripts: Vec<Script>,
    /// How often each --script is run
    #[arg(long, value_name = "N", default_value_t = TRIES)]
    tries: u32,
    /// Only scripts that hold this text
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    only: Option<String>,
    /// A file of findings that are known; only others make the sweep fail
    #[arg(long, value_name = "FILE")]
    accept: Option<PathBuf>,
    /// What `stormglass learn` wrote: findings are then told with how often they come about in a month
    #[arg(long, value_name = "DIR")]
    learned: Option<PathBuf>,
    /// The seed of every jitter
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Runs the commands that the scenario names
    #[arg(long)]
    allow_commands: bool,
    /// Loads a server that is not on this machine
    #[arg(long)]
    yes_load_this_server: bool,
    /// No progress and no summary; only errors
    #[arg(long)]
    quiet: bool,
    /// Prints sweep.json in place of the summary
    #[arg(long)]
    json: bool,
}

/// Runs the sweep. Every way out but a wrong target leaves a folder of results, or none.
pub fn sweep(arguments: &Arguments, interruption: &Interruption) -> anyhow::Result<Exit> {
    let mut target = target(&arguments.target)?;
    if let Target::Glance(target) = &mut target {
        **target = reach(target, arguments.yes_load_this_server)?;
    }
    let accepted = accepted(arguments.accept.as_deref())?;
    let traffic = arguments.learned.as_deref().map(traffic).transpose()?;
    let commands = match &target {
        Target::Embedded(_) => Commands::default(),
        Target::Glance(target) => Commands::new(&target.commands, arguments.allow_commands),
    };
    let progress = Arc::default();
    interruption.stops(&progress, &commands, STOPPING);
    let folder = super::folder(arguments.out.as_deref(), "sweep", arguments.seed)?;
    let journal = Journal::at(&folder.path().join(JOURNAL));
    commands.write_into(&journal, Path::new(&arguments.target));
    let result = swept(&target, arguments, &journal, &commands, &progress);
    let mut result = result.inspect_err(|_| folder.discard())?;
    accepted.marks(&mut result);
    if let Some(traffic) = &traffic {
        traffic.price(&mut result);
    }
    let mut kept = folder.write_some(report::sweep_files(&result));
    super::add_page(&folder, &mut kept);
    folder.complete(&mut kept);
    let results = folder.path().display().to_string();
    let shown = super::show(
        arguments.json,
        arguments.quiet,
        || report::sweep_json(&result),
        |colour| report::sweep_summary(&result, Some(&results), colour),
    );
    if !kept.lost.is_empty() {
        return Ok(super::report_unwritten(&kept, &folder));
    }
    shown?;
    // What failed here may be what stopped it.
    let interrupted = result.interrupted && result.first_local_failure.is_none();
    let exit = Exit::of(result.verdict(), interrupted);
    if arguments.quiet && exit != Exit::Valid {
        tell!("stormglass: {}", report::sweep_sentence(&result));
    }
    Ok(exit)
}

fn target(text: &str) -> anyhow::Result<Target> {
    Ok(match text {
        "embedded" => Target::Embedded(Box::default()),
        url if ["http:", "https:"].iter().any(|it| url.starts_with(it)) || url.contains("://") => {
            Target::Glance(Box::new(target_from_environment(
                &Environment::of_process(),
                Some(url),
            )?))
        }
        file => super::read(Path::new(file), &[])?.target,
    })
}

fn accepted(file: Option<&Path>) -> anyhow::Result<Accepted> {
    let Some(file) = file else {
        return Ok(Accepted::default());
    };
    let text = input::text(file, Bytes(16 << 20))
        .with_context(|| format!("cannot read {}", file.display()))?;
    Accepted::parse(&text).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}: {}", file.display(), lines.join("; "))
    })
}

fn swept(
    target: &Target,
    arguments: &Arguments,
    journal: &Journal,
    commands: &Commands,
    progress: &Arc<Progress>,
) -> anyhow::Result<SweepResult> {
    let seed = Seed(arguments.seed).named("sweep");
    match target {
        Target::Embedded(config) => {
            let mut bed = EmbeddedTestBed::new(config, seed, Arc::clone(progress));
            let capabilities = Capabilities::embedded();
            run(&mut bed, &capabilities, arguments, progress, "embedded")
        }
        Target::Glance(target) => {
            let result = glance(target, seed, arguments, journal, commands, progress);
            super::commands::warn_not_undone(commands);
            result
        }
    }
}

fn glance(
    target: &GlanceTarget,
    seed: Seed,
    arguments: &Arguments,
    journal: &Journal,
    commands: &Commands,
    progress: &Arc<Progress>,
) -> anyhow::Result<SweepResult> {
    let run_id = RunId::fresh(arguments.seed);
    let generator = Generator::new(progress.interruption());
    let target = &GlanceTarget {
        routes: target.routes.taken_by(&generator),
        ..target.clone()
    };
    let mut client = Client::new(target, run_id)?.with_journal(journal);
    if let Some(command) = &target.last_resort {
        client = client.with_last_resort(commands, command.clone());
    }
    let mut bed = GlanceTestBed::open(
        target.clone(),
        client,
        commands.clone(),
        run_id,
        seed,
        Arc::clone(progress),
    )
    .with_context(|| format!("cannot sweep {}", arguments.target))
    .map_err(|error| super::interrupted(error, progress))?;
    let capabilities = bed.capabilities(arguments.allow_commands);
    let url = target.url.as_deref().unwrap_or_default();
    let mut result = run(&mut bed, &capabilities, arguments, progress, url)?;
    result.notes.extend(bed.notes());
    if !target.commands.is_empty() && !arguments.allow_commands {
        let note = "the scenario's commands were not run; --allow-commands runs them";
        result.notes.push(note.to_owned());
    }
    result.looks = bed.looks();
    progress.sweep.closing.store(true, Relaxed);
    let (cleanup, left_data) = watched(progress, arguments.quiet, || bed.close());
    result.left = cleanup.left.iter().map(ToString::to_string).collect();
    result.left_data = left_data;
    result.first_local_failure = generator.first_failure();
    Ok(result)
}

fn run(
    bed: &mut impl TestBed,
    capabilities: &Capabilities,
    arguments: &Arguments,
    progress: &Arc<Progress>,
    target: &str,
) -> anyhow::Result<SweepResult> {
    let budget = Budget::start(arguments.length, Arc::clone(progress));
    let (ledger, families) = watched(progress, arguments.quiet, || {
        if !arguments.scripts.is_empty() {
            let ledger = sweep::again(bed, &arguments.scripts, arguments.tries, &budget);
            return Ok((ledger, Vec::new()));
        }
        let only = arguments.only.as_deref().unwrap_or_default();
        let mut cases = sweep::plan(capabilities);
        cases.retain(|case| case.script.to_string().contains(only));
        anyhow::ensure!(
            !cases.is_empty(),
            "no script of the plan holds `{only}`; a script of your own is run by --script"
        );
        Ok(sweep::sweep(bed, &cases, &budget))
    })?;
    let count = |scripts: usize| scripts as u32;
    let cases = match &families[..] {
        [] => (
            count(arguments.scripts.len()),
            count(arguments.scripts.len()),
        ),
        families => families.iter().fold((0, 0), |(run, planned), family| {
            let missed = count(family.not_tried.len());
            (run + family.planned - missed, planned + family.planned)
        }),
    };
    let (wall, interrupted) = (budget.spent(), progress.is_interrupted());
    let (tries, unknown) = ledger.totals();
    Ok(SweepResult {
        target: target.to_owned(),
        rules: bed.rules(),
        seed: arguments.seed,
        cases,
        families,
        met: ledger.tried(sweep::meets),
        tries,
        unknown,
        acknowledged: ledger.has_acknowledged(),
        first_local_failure: None,
        findings: ledger.findings(|tally| repeat(arguments, tally)),
        notes: Vec::new(),
        wall,
        interrupted,
        left: Vec::new(),
        left_data: Vec::new(),
        looks: Vec::new(),
    })
}

/// The command that runs a script again, as often as it needs to show the same, most likely.
fn repeat(arguments: &Arguments, tally: &Tally) -> String {
    let (target, script) = (lasting(&arguments.target), &tally.script);
    let mut command = format!("stormglass sweep {target} --script '{script}'");
    let tries = enough(tally);
    if arguments.allow_commands && sweep::runs_commands(script) {
        command += " --tries 3 --allow-commands";
    } else if tries > TRIES {
        command += &format!(" --tries {tries}");
    }
    if arguments.yes_load_this_server {
        command += " --yes-load-this-server";
    }
    command
}

/// In how many tries it shows 19 times of 20, if it shows as seldom as it may by what was seen; in tens, and a thousand at most.
fn enough(tally: &Tally) -> u32 {
    let (low, _) = interval(tally.shown, tally.tries);
    // (1 - p)^n is below e^-pn, and e^-3 is a twentieth.
    let tries = 3.0 / low.max(0.003);
    (tries / 10.0).ceil() as u32 * 10
}

/// The target as it can be named later: of a scenario in the system's temporary folder, the variable that says where it is.
fn lasting(target: &str) -> String {
    if !Path::new(target).starts_with(std::env::temp_dir()) {
        return target.to_owned();
    }
    let variables: BTreeMap<_, _> = std::env::vars_os().collect();
    let named = variables.iter().find(|(_, value)| *value == target);
    match named.and_then(|(name, _)| name.to_str()) {
        Some(name) => format!("\"${name}\""),
        None => Path::new(target).file_name().map_or_else(
            || target.to_owned(),
            |name| name.to_string_lossy().into_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_seldom_shows_is_tried_more_often() {
        let tries = |shown, tries| {
            let script = "create".parse::<Script>().unwrap();
            enough(&Tally {
                script,
                shown,
                tries,
            })
        };
        assert!(tries(20, 20) <= TRIES && tries(5, 20) <= TRIES);
        assert_eq!((tries(1, 20), tries(1, 1_000_000)), (340, 1_000));
    }
}
