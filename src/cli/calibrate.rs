//! `stormglass calibrate`: a model of a real service, and how far its forecasts are off.

use super::cleanup::JOURNAL;
use super::exit::{Exit, Told};
use super::interrupt::Interruption;
use super::logged::logged;
use super::progress::watched;
use super::reach::reach;
use super::{STOPPING, commands};
use crate::calibrate::{
    Calibration, CalibrationError, Earlier, Given, Measured, Observation, Plan, Stopped, Times,
    calibrate, calibrate_again, calibrate_logged,
};
use crate::engine::RunOptions;
use crate::report;
use crate::report::Folder;
use crate::report::number::compact;
use crate::scenario::{self, Target};
use anyhow::Context;
use clap::Args;
use serde::Deserialize;
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stormglass_glance::{Journal, RunServices, input};
use stormglass_model::lifecycle::Operation;
use stormglass_model::units::{Bytes, Span};

/// Fits the model to a real service, and says how far its forecasts are off
///
/// Runs closed storms on the scenario's target: without load, and with many users, so that processor time, waits and data can be told
/// apart. Fits [service] to what was measured. Then runs two storms that the fit did not use, and compares them with the forecast.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass calibrate my-glance.toml --processes 2 --threads 8
  stormglass calibrate my-glance.toml --processes 4 --threads 4 --users 32 --for 1m --out twin
  stormglass calibrate learned/scenario.toml --learned learned --processes 2 --threads 8 --out twin
  stormglass search twin/scenario.toml --vary service.workers --from 1 --to 64 --slo 'upload p(99) < 2s'

The results are scenario.toml, the source's load and stories with the fitted [service] in place of the target, and
calibration.json. It exits with 99 where a figure is off by more than 20 %. Images that the storms made are
deleted, as those of a run are. Stories are measured without their waits.")]
pub struct Arguments {
    /// The scenario whose target is measured, and whose stories the model is tried on
    file: PathBuf,
    /// How many processes the service has
    #[arg(long, value_name = "N", default_value = "1")]
    processes: NonZeroU32,
    /// How many threads each process has
    #[arg(long, value_name = "N", default_value = "16")]
    threads: NonZeroU32,
    /// How many connections to its database the service has [default: one a thread]
    #[arg(long, value_name = "N")]
    connections: Option<NonZeroU32>,
    /// How many transfers its store takes at once [default: one a thread]
    #[arg(long, value_name = "N")]
    slots: Option<NonZeroU32>,
    /// The most users at once
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u32).range(4..=10_000))]
    users: u32,
    /// How long each storm lasts, all rounds together; the two that the model is tried on last three times as long
    #[arg(long = "for", value_name = "DURATION", default_value = "20s", value_parser = super::length)]
    length: Span,
    /// In how many rounds the storms are run: each sees the service at so many times, and what differs between them is shown
    #[arg(long, value_name = "N", default_value = "4")]
    rounds: NonZeroU32,
    /// Fits the model to what an earlier calibration measured, whose folder this is, in place of new storms
    #[arg(long, value_name = "DIR")]
    again: Option<PathBuf>,
    /// Fits the model to what `stormglass learn` has learned from logs, whose folder this is, in place of storms; the scenario is the one in
    /// it
    #[arg(long, value_name = "DIR", conflicts_with_all = ["again", "rounds", "length", "users"])]
    learned: Option<PathBuf>,
    /// Where results go: a folder that is empty or does not exist [default: a new one under results/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overrides a key of the scenario; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Allows a server that is not on this machine: its images are created and deleted under load
    #[arg(long)]
    yes_load_this_server: bool,
    /// No progress and no summary; only errors
    #[arg(long)]
    quiet: bool,
    /// Prints calibration.json in place of the summary
    #[arg(long)]
    json: bool,
}

/// Calibrates.
pub fn run(arguments: &Arguments, interruption: &Interruption) -> anyhow::Result<Exit> {
    let mut scenario = scenario::read(&arguments.file, &arguments.settings)
        .map_err(|mistakes| super::told(&mistakes))?;
    let source = fs::read_to_string(&arguments.file)
        .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    let again = arguments.again.as_deref().map(earlier).transpose()?;
    let logged = arguments.learned.as_deref().map(logged).transpose()?;
    let commands = commands::commands(&scenario, false)?;
    if let (Target::Glance(target), None) = (&mut scenario.target, &again) {
        **target = reach(target, arguments.yes_load_this_server)?;
    }
    let progress = Arc::default();
    interruption.stops(&progress, &commands, STOPPING);
    let name = format!("{}-calibration", scenario.name);
    let folder = super::folder(arguments.out.as_deref(), &name, scenario.seed.0)?;
    let journal = Journal::at(&folder.path().join(JOURNAL));
    let options = RunOptions {
        progress,
        services: RunServices {
            commands: commands.clone(),
            journal: Some(journal),
        },
        ..RunOptions::default()
    };
    let plan = plan(arguments);
    let mut told = |seen: &Observation, at: usize, of: usize| {
        if let (false, Some(lives)) = (arguments.quiet, seen.whole.lives_per_s) {
            let (storm, lives) = (&seen.storm.name, compact(lives));
            tell!("{at} of {of}: {storm}: {lives} lives a second");
        }
    };
    let watch = |work: &mut dyn FnMut()| watched(&options.progress, arguments.quiet, work);
    let fitted = match (again, logged) {
        (_, Some(logged)) => calibrate_logged(&scenario, plan.given, &logged),
        (None, None) => calibrate(&scenario, &plan, &options, &watch, &mut told),
        (Some(earlier), None) => {
            calibrate_again(&scenario, &plan, &earlier).map_err(Stopped::at_once)
        }
    };
    let calibration = match fitted {
        Ok(calibration) => calibration,
        Err(stopped) => return kept(&scenario.name, &stopped, folder),
    };
    let twin = report::calibrated_scenario(&source, &calibration);
    check(&twin, &arguments.file)?;
    let files = [
        ("scenario.toml", Ok(twin.into_bytes())),
        (
            "calibration.json",
            Ok(report::calibration_json(&scenario.name, &calibration)),
        ),
    ];
    let kept = folder.write(files.into_iter());
    if !kept.lost.is_empty() {
        return Ok(super::report_unwritten(&kept, &folder));
    }
    if scenario.keys.keys().any(|key| key.starts_with("file ")) {
        tell!(
            "copy the files that the scenario refers to: scenario.toml looks for them in its own folder"
        );
    }
    shown(arguments, &scenario.name, &calibration, folder.path())
}

/// What is measured, and what is known.
fn plan(arguments: &Arguments) -> Plan {
    let threads = arguments.processes.saturating_mul(arguments.threads);
    Plan {
        users: arguments.users,
        length: arguments.length,
        rounds: arguments.rounds,
        given: Given {
            processes: arguments.processes,
            threads: arguments.threads,
            connections: arguments.connections.unwrap_or(threads),
            slots: arguments.slots.unwrap_or(threads),
        },
    }
}

fn shown(
    arguments: &Arguments,
    name: &str,
    calibration: &Calibration,
    results: &Path,
) -> anyhow::Result<Exit> {
    let results = results.display().to_string();
    super::show(
        arguments.json,
        arguments.quiet,
        || report::calibration_json(name, calibration),
        |colour| report::calibration_summary(name, calibration, &results, colour),
    )?;
    let exit = match calibration.holds() {
        true => Exit::Valid,
        false => Exit::Threshold,
    };
    if arguments.quiet && exit != Exit::Valid {
        tell!("stormglass: {}", report::calibration_sentence(calibration));
    }
    match &calibration.stopped {
        Some(why) => failed(why),
        None => Ok(exit),
    }
}

/// A calibration has come to nothing: what was measured is kept.
fn kept(name: &str, stopped: &Stopped, folder: Folder) -> anyhow::Result<Exit> {
    if stopped.measured.is_empty() {
        folder.discard();
        return failed(&stopped.why);
    }
    let measured = report::stopped_json(name, stopped);
    let kept = folder.write([("calibration.json", Ok(measured))].into_iter());
    if !kept.lost.is_empty() {
        return Ok(super::report_unwritten(&kept, &folder));
    }
    let storms = stopped.measured.len();
    tell!(
        "{storms} storms had been measured: what they did is kept in {}",
        folder.path().join("calibration.json").display()
    );
    failed(&stopped.why)
}

/// What is written can be read again, or is not written.
fn check(twin: &str, file: &Path) -> anyhow::Result<()> {
    let folder = file.parent().unwrap_or(Path::new(""));
    match scenario::parse("scenario.toml", twin, folder, &[]) {
        Ok(_) => Ok(()),
        Err(mistakes) => {
            tell!(
                "stormglass: the scenario cannot be written with another target: write [target.glance] as a table of its own"
            );
            Err(super::told(&mistakes).into())
        }
    }
}

fn failed(why: &CalibrationError) -> anyhow::Result<Exit> {
    let exit = match why {
        CalibrationError::Interrupted(..) => Exit::Interrupted,
        CalibrationError::NotValid { verdict, .. } => Exit::of(*verdict, false),
        CalibrationError::Run(..)
        | CalibrationError::Failing(..)
        | CalibrationError::TooShort(..)
        | CalibrationError::NotMeasured(_)
        | CalibrationError::FewLevels(..)
        | CalibrationError::NoFit(_) => Exit::CouldNotRun,
    };
    tell!("stormglass: {why}");
    Err(Told(exit).into())
}

/// What an earlier calibration measured.
fn earlier(folder: &Path) -> anyhow::Result<Vec<Earlier>> {
    let file = folder.join("calibration.json");
    let cannot = || format!("cannot read {}", file.display());
    let text = input::text(&file, Bytes(16 << 20)).with_context(cannot)?;
    let read: MeasuredStorms = serde_json::from_str(&text).with_context(cannot)?;
    let trials = read.trials.into_iter().map(|it| it.measured);
    let storms = read.measured.into_iter().chain(trials);
    let earlier = storms.map(|storm| {
        let rounds = storm.rounds.into_iter().map(MeasuredRound::read);
        Ok(Earlier {
            storm: storm.storm,
            rounds: rounds.collect::<anyhow::Result<_>>()?,
            whole: storm.whole.read()?,
        })
    });
    earlier.collect::<anyhow::Result<_>>().with_context(cannot)
}

/// `calibration.json`, as far as it says what was measured.
#[derive(Debug, Deserialize)]
struct MeasuredStorms {
    measured: Vec<MeasuredStorm>,
    #[serde(default)]
    trials: Vec<MeasuredTrial>,
}

#[derive(Debug, Deserialize)]
struct MeasuredTrial {
    measured: MeasuredStorm,
}

#[derive(Debug, Deserialize)]
struct MeasuredStorm {
    storm: String,
    #[serde(flatten)]
    whole: MeasuredRound,
    #[serde(default)]
    rounds: Vec<MeasuredRound>,
}

#[derive(Debug, Deserialize)]
struct MeasuredRound {
    lives_per_s: Option<f64>,
    operations: Vec<MeasuredTimes>,
}

impl MeasuredRound {
    fn read(self) -> anyhow::Result<Measured> {
        let operations = self.operations.into_iter().map(|it| {
            let operation = Operation::from_name(&it.operation);
            let operation =
                operation.with_context(|| format!("no operation is called {}", it.operation))?;
            Ok(Times {
                operation,
                count: it.count,
                p50_s: it.p50_s,
                p99_s: it.p99_s,
            })
        });
        Ok(Measured {
            lives_per_s: self.lives_per_s,
            operations: operations.collect::<anyhow::Result<_>>()?,
        })
    }
}

#[derive(Debug, Deserialize)]
struct MeasuredTimes {
    operation: String,
    count: u64,
    p50_s: f64,
    p99_s: f64,
}
