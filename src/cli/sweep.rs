//! `stormglass sweep`: every pair of operations and every fault at every point; a list of findings out.

use super::cleanup::JOURNAL;
use super::reach::reach;
use super::{Exit, interrupt};
use crate::engine::Progress;
use crate::report::{self, Folder};
use crate::scenario::{self, Target};
use crate::sweep::{
    self, Accepted, Budget, Capabilities, EmbeddedTestBed, GlanceTestBed, Ledger, SweepResult,
    TestBed,
};
use anyhow::Context;
use clap::Args;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stormglass_glance::GlanceTarget;
use stormglass_glance::auth::Environment;
use stormglass_glance::target_from_environment;
use stormglass_glance::{Client, Commands, Journal, RunId};
use stormglass_model::lifecycle::{Operation, Profile, Who};
use stormglass_model::random::Seed;
use stormglass_model::script::{Act, Script};
use stormglass_model::units::Span;

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
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    length: Option<Span>,
    /// Where results go: a folder that is empty or does not exist [default: a new one under results/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Runs one script in place of all; may be given again
    #[arg(long = "script", value_name = "SCRIPT", value_parser = script)]
    scripts: Vec<Script>,
    /// How often each --script is run
    #[arg(long, value_name = "N", default_value_t = 60)]
    tries: u32,
    /// Only scripts that hold this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// A file of findings that are known; only others make the sweep fail
    #[arg(long, value_name = "FILE")]
    accept: Option<PathBuf>,
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

fn span(text: &str) -> Result<Span, String> {
    Span::parse(text).map_err(|error| error.to_string())
}

fn script(text: &str) -> Result<Script, String> {
    text.parse::<Script>().map_err(|error| error.to_string())
}

/// Runs the sweep. Every way out but a wrong target leaves a folder of results, or none.
pub fn sweep(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut target = match target(arguments)? {
        Ok(target) => target,
        Err(mistakes) => {
            super::show_mistakes(&mistakes);
            return Ok(Exit::Scenario);
        }
    };
    if let Target::Glance(target) = &mut target {
        match reach(target, arguments.yes_load_this_server)? {
            Ok(reached) => **target = reached,
            Err(exit) => return Ok(exit),
        }
    }
    let accepted = accepted(arguments.accept.as_deref())?;
    let folder = folder(arguments)?;
    let mut result = match swept(&target, arguments, &folder) {
        Ok(result) => result,
        Err(error) => {
            folder.discard();
            return Err(error);
        }
    };
    accepted.marks(&mut result);
    let kept = folder.write(report::sweep_files(&result));
    if !kept.lost.is_empty() {
        super::report_unwritten(&kept, folder.path());
        return Ok(Exit::CouldNotRun);
    }
    show(arguments, &result, &folder)?;
    Ok(Exit::of(result.verdict(), result.interrupted))
}

fn show(arguments: &Arguments, result: &SweepResult, folder: &Folder) -> anyhow::Result<()> {
    if arguments.json {
        return super::print(&report::sweep_json(result));
    }
    if arguments.quiet {
        return Ok(());
    }
    let colour = super::colour(&io::stdout());
    let results = folder.path().display().to_string();
    super::print(report::sweep_summary(result, Some(&results), colour).as_bytes())
}

/// A target, or the mistakes of the scenario that describes it.
fn target(arguments: &Arguments) -> anyhow::Result<Result<Target, scenario::Mistakes>> {
    let text = &arguments.target;
    if text == "embedded" {
        return Ok(Ok(Target::Embedded(Box::default())));
    }
    if text.contains("://") {
        let target = target_from_environment(&Environment::of_process(), Some(text))?;
        return Ok(Ok(Target::Glance(Box::new(target))));
    }
    let read = scenario::read(Path::new(text), &[]);
    Ok(read.map(|scenario| scenario.target))
}

fn accepted(file: Option<&Path>) -> anyhow::Result<Accepted> {
    let Some(file) = file else {
        return Ok(Accepted::default());
    };
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Accepted::parse(&text).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}: {}", file.display(), lines.join("; "))
    })
}

fn folder(arguments: &Arguments) -> anyhow::Result<Folder> {
    Ok(match &arguments.out {
        Some(path) => Folder::named(path)?,
        None => Folder::numbered(Path::new("results"), "sweep", arguments.seed)?,
    })
}

fn swept(target: &Target, arguments: &Arguments, folder: &Folder) -> anyhow::Result<SweepResult> {
    let progress = Arc::new(Progress::default());
    let commands = match target {
        Target::Embedded(_) => Commands::new(&[], false),
        Target::Glance(target) => Commands::new(&target.commands, arguments.allow_commands),
    };
    interrupt::listen(Arc::clone(&progress), commands.clone());
    let seed = Seed(arguments.seed).named("sweep");
    match target {
        Target::Embedded(config) => {
            let mut bed = EmbeddedTestBed::new(config, seed, Arc::clone(&progress));
            Ok(
                run(&mut bed, &Capabilities::embedded(), arguments, &progress)?.result(
                    arguments,
                    "embedded",
                    (config.rules.profile(), config.delayed_delete),
                ),
            )
        }
        Target::Glance(target) => {
            let result = glance(target, seed, arguments, folder, &commands, &progress);
            super::commands::warn_not_undone(&commands);
            result
        }
    }
}

fn glance(
    target: &GlanceTarget,
    seed: Seed,
    arguments: &Arguments,
    folder: &Folder,
    commands: &Commands,
    progress: &Arc<Progress>,
) -> anyhow::Result<SweepResult> {
    let run_id = RunId::fresh(arguments.seed);
    let mut client =
        Client::new(target, run_id)?.with_journal(&Journal::at(&folder.path().join(JOURNAL)));
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
    .with_context(|| format!("cannot sweep {}", arguments.target))?;
    let known = |operation: &Operation| bed.client().unsupported(Act::usual(*operation)).is_none();
    let names = (target.commands.iter()).map(|command| command.name.clone());
    let capabilities = Capabilities {
        glance: true,
        operations: Operation::ALL.iter().copied().filter(known).collect(),
        others: [
            target.reader.as_ref().map(|_| Who::Reader),
            target.other_project.as_ref().map(|_| Who::OtherProject),
        ]
        .into_iter()
        .flatten()
        .collect(),
        commands: if arguments.allow_commands {
            names.collect()
        } else {
            Vec::new()
        },
    };
    let swept = run(&mut bed, &capabilities, arguments, progress)?;
    let mut result = swept.result(
        arguments,
        target.url.as_deref().unwrap_or_default(),
        (Profile::Glance, target.delayed_delete),
    );
    result.notes.extend(bed.notes());
    result.notes.extend(unseen(&bed, target, arguments));
    result.left = bed.close().left.iter().map(ToString::to_string).collect();
    Ok(result)
}

/// What this sweep could not see, and how it could.
fn unseen(bed: &GlanceTestBed, target: &GlanceTarget, arguments: &Arguments) -> Vec<String> {
    let mut notes = Vec::new();
    match bed.probe_described() {
        Some(reading) => notes.push(format!(
            "the probe read the server's database and store: {reading}"
        )),
        None => notes.push(
            "no [target.glance.probe]: what the database and the store hold was not judged"
                .to_owned(),
        ),
    }
    if !target.commands.is_empty() && !arguments.allow_commands {
        let note = "the scenario's commands were not run; --allow-commands runs them";
        notes.push(note.to_owned());
    }
    notes
}

/// What a sweep has seen, before it is a result.
struct Swept {
    ledger: Ledger,
    cases: (u32, u32),
    wall: Span,
    interrupted: bool,
}

fn run(
    bed: &mut impl TestBed,
    capabilities: &Capabilities,
    arguments: &Arguments,
    progress: &Arc<Progress>,
) -> anyhow::Result<Swept> {
    let budget = Budget::start(arguments.length, Arc::clone(progress));
    let watch = (!arguments.quiet).then(|| super::progress::Watch::start(Arc::clone(progress)));
    let (ledger, cases) = match &arguments.scripts[..] {
        [] => {
            let mut cases = sweep::plan(capabilities);
            let wanted =
                |text: &str| (arguments.only.as_ref()).is_none_or(|only| text.contains(only));
            cases.retain(|case| wanted(&case.script.to_string()));
            anyhow::ensure!(
                !cases.is_empty(),
                "no script of the plan holds `{}`; a script of your own is run by --script",
                arguments.only.as_deref().unwrap_or_default()
            );
            let (ledger, ran) = sweep::sweep(bed, &cases, &budget);
            (ledger, (ran, cases.len() as u32))
        }
        scripts => {
            let ledger = sweep::again(bed, scripts, arguments.tries, &budget);
            let count = scripts.len() as u32;
            (ledger, (count, count))
        }
    };
    drop(watch);
    Ok(Swept {
        ledger,
        cases,
        wall: budget.spent(),
        interrupted: progress.is_interrupted(),
    })
}

impl Swept {
    fn result(
        mut self,
        arguments: &Arguments,
        target: &str,
        rules: (Profile, bool),
    ) -> SweepResult {
        let (tries, unknown) = self.ledger.totals();
        SweepResult {
            target: target.to_owned(),
            rules,
            seed: arguments.seed,
            cases: self.cases,
            tries,
            unknown,
            findings: self.ledger.findings(|script| repeat(arguments, script)),
            notes: Vec::new(),
            wall: self.wall,
            interrupted: self.interrupted,
            left: Vec::new(),
        }
    }
}

/// The command that runs a script again.
fn repeat(arguments: &Arguments, script: &Script) -> String {
    let mut command = format!("stormglass sweep {} --script '{script}'", arguments.target);
    if arguments.allow_commands && sweep::runs_commands(script) {
        command += " --tries 3 --allow-commands";
    }
    if arguments.yes_load_this_server {
        command += " --yes-load-this-server";
    }
    command
}
