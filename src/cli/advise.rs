//! `stormglass advise`: which set-up to buy.

use super::cleanup::JOURNAL;
use super::confirm::{Asked, CONFIRMED, Server, named};
use super::exit::{Exit, Told};
use super::interrupt::Interruption;
use super::progress::watched;
use super::search::failed;
use super::slo::setting;
use super::{STOPPING, commands};
use crate::capacity::{
    Advice, Budget, Choices, Measured, Point, Setup, Stop, Storms, Tried, cheapest, decide,
};
use crate::engine::{RunOptions, WallClock, cpu_time};
use crate::metrics::Threshold;
use crate::report::{self, Folder, Host, Origin};
use crate::scenario::{self, Prices, Scenario, Target};
use anyhow::Context;
use clap::Args;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use stormglass_glance::{Commands, Journal, RunServices, runtime};
use stormglass_model::units::Span;

/// Finds the cheapest set-up of a service that is enough
///
/// Runs the scenario, which `stormglass calibrate` wrote say, in virtual time with other numbers of processes, threads, connections
/// and slots, the cheapest first, until some hold. With --confirm it then restarts the real server with the best two, and measures them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass advise twin/scenario.toml --slo 'upload p(99) < 2s'
  stormglass advise twin/scenario.toml --processes 1..4 --threads 4,8,16 --connections 5,10 --best 5
  stormglass advise twin/scenario.toml --confirm my-glance.toml --allow-commands

What is cheap [prices] says: worker_hour, process_hour, connection_hour and slot_month. Without a price for any of these, fewer
processes are cheaper, then fewer slots, then fewer connections, then fewer threads.

--confirm names a scenario with [target.glance] that has a command `restart`. Its `run` finds the set-up in STORMGLASS_PROCESSES,
STORMGLASS_THREADS, STORMGLASS_CONNECTIONS and STORMGLASS_SLOTS; its `undo` restores the server. It exits with 99 where nothing is
surely enough.")]
pub struct Arguments {
    /// The scenario, of the embedded service
    file: PathBuf,
    /// Numbers of processes, as 1,2,4 or 1..4
    #[arg(long, value_name = "LIST", default_value = "1,2,3,4,6,8", value_parser = list)]
    processes: List,
    /// Numbers of threads of each process
    #[arg(long, value_name = "LIST", default_value = "1,2,4,8,16,32", value_parser = list)]
    threads: List,
    /// Numbers of connections to the database, of all processes together [default: one a thread]
    #[arg(long, value_name = "LIST", value_parser = list)]
    connections: Option<List>,
    /// Numbers of slots of the store [default: the scenario's]
    #[arg(long, value_name = "LIST", value_parser = list)]
    slots: Option<List>,
    /// What must hold, as 'upload p(99) < 2s'; may be given again [default: the scenario's thresholds]
    #[arg(long = "slo", value_name = "DEMAND")]
    slos: Vec<String>,
    /// How many set-ups that hold are looked for
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    best: u32,
    /// The seed of the first replication, in place of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Replications of one set-up at most
    #[arg(long, value_name = "N", default_value = "32")]
    replications: NonZeroU32,
    /// Measures the best two on the server of this scenario
    #[arg(long, value_name = "FILE", requires = "allow_commands")]
    confirm: Option<PathBuf>,
    /// Replications of one set-up on the real server at most
    #[arg(long, value_name = "N", default_value = "3", requires = "confirm")]
    confirm_replications: NonZeroU32,
    /// How long each storm on the real server lasts
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = super::length, requires = "confirm")]
    confirm_for: Span,
    /// Where results go: a folder that is empty or does not exist [default: a new one under results/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overrides a key of the scenario; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Runs the command `restart` of the scenario that --confirm names; read it first
    #[arg(long)]
    allow_commands: bool,
    /// Allows a server that is not on this machine: its images are created and deleted under load
    #[arg(long)]
    yes_load_this_server: bool,
    /// No progress and no summary; only errors
    #[arg(long)]
    quiet: bool,
    /// Prints advice.json in place of the summary
    #[arg(long)]
    json: bool,
}

/// Numbers that somebody wrote.
#[derive(Clone, Debug)]
struct List(Vec<NonZeroU32>);

/// The most that a list may say, and how many numbers.
const MOST: u32 = 10_000;
const LONGEST: usize = 100;

/// Reads `1,2,4`, `1..4`, or both.
fn list(text: &str) -> Result<List, String> {
    let wrong = || format!("write whole numbers from 1 to {MOST}, as 1,2,4 or 1..4");
    let number = |text: &str| -> Result<u32, String> {
        let number: u32 = text.trim().parse().map_err(|_| wrong())?;
        Some(number)
            .filter(|it| (1..=MOST).contains(it))
            .ok_or_else(wrong)
    };
    let mut numbers = Vec::new();
    for part in text.split(',') {
        let (from, to) = match part.split_once("..") {
            Some((from, to)) => (number(from)?, number(to)?),
            None => (number(part)?, number(part)?),
        };
        if from > to {
            return Err(format!("nothing lies between {from} and {to}"));
        }
        numbers.extend((from..=to).take(LONGEST + 1).filter_map(NonZeroU32::new));
        if numbers.len() > LONGEST {
            return Err(format!("write at most {LONGEST} numbers"));
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(List(numbers))
}

/// Advises. Whatever ends it, the set-ups so far are kept.
pub fn run(arguments: &Arguments, interruption: &Interruption) -> anyhow::Result<Exit> {
    let settings = settings(arguments).map_err(misused)?;
    let read = |more: &[String]| {
        let settings: Vec<String> = settings.iter().chain(more).cloned().collect();
        scenario::read(&arguments.file, &settings)
    };
    let first = read(&[]).map_err(|mistakes| super::told(&mistakes))?;
    let Target::Embedded(service) = &first.target else {
        let why = "it is about a model: give the scenario that `stormglass calibrate` wrote, and --confirm for the real server";
        return Err(misused(why.to_owned()));
    };
    if first.thresholds.is_empty() {
        let why = "nothing is demanded: give --slo 'upload p(99) < 2s', or write [thresholds]";
        return Err(misused(why.to_owned()));
    }
    let priced = first.prices.as_ref().filter(|prices| is_priced(prices));
    let setups = choices(arguments, service.store.slots).setups(priced);
    // A set-up that the scenario refuses is told before anything runs.
    if let Some(largest) = setups.last() {
        read(&largest.settings()).map_err(|mistakes| super::told(&mistakes))?;
    }
    let asked = Asked {
        length: arguments.confirm_for,
        replications: arguments.confirm_replications,
        yes_load_this_server: arguments.yes_load_this_server,
    };
    let server = (arguments.confirm.as_deref())
        .map(|file| Server::read(file, asked, &first))
        .transpose()?;
    let progress = Arc::default();
    interruption.stops(&progress, &Commands::default(), STOPPING);
    let name = format!("{}-advice", first.name);
    let folder = super::folder(arguments.out.as_deref(), &name, first.seed.0)?;
    let options = RunOptions {
        progress,
        ..RunOptions::default()
    };
    let adviser = Adviser {
        setups: &setups,
        demands: &first.thresholds,
        options: &options,
        quiet: arguments.quiet,
    };
    let (wall, cpu) = (WallClock::start(), cpu_time());
    let mut advice = adviser.advise(arguments, &read);
    advice.currency = priced.map(|prices| prices.currency.clone());
    for tried in &mut advice.tried {
        tried.cost = priced.map(|prices| tried.setup.cost(prices));
    }
    if let (Some(server), None, false) = (server, &advice.failure, advice.interrupted) {
        let journal = Journal::at(&folder.path().join(JOURNAL));
        let commands = server.commands(&advice, &journal);
        interruption.stops(&options.progress, &commands, STOPPING);
        let options = RunOptions {
            // Not the commands: at its end a storm takes back whatever was done.
            services: RunServices {
                commands: Commands::default(),
                journal: Some(journal),
            },
            ..options.clone()
        };
        let adviser = Adviser {
            options: &options,
            ..adviser
        };
        adviser.confirm(&server, &commands, &mut advice)?;
    }
    advice.wall_s = wall.now().as_secs_f64();
    advice.cpu_s = (cpu_time() - cpu).as_secs_f64();
    conclude(arguments, &first, &advice, &folder)
}

/// Writes and shows it.
fn conclude(
    arguments: &Arguments,
    first: &Scenario,
    advice: &Advice,
    folder: &Folder,
) -> anyhow::Result<Exit> {
    let (file, chosen) = (&arguments.file, options_of(arguments));
    let settings = &arguments.settings;
    let origin = Origin::of_command("advise", first, file, settings, &chosen, Host::this());
    let kept = folder.write(report::advice_files(&origin, advice));
    if !kept.lost.is_empty() {
        return Ok(super::report_unwritten(&kept, folder));
    }
    let results = folder.path().display().to_string();
    super::show(
        arguments.json,
        arguments.quiet,
        || report::advice_json(&origin, advice),
        |colour| report::advice_summary(&origin, advice, &results, colour),
    )?;
    let exit = exit(advice);
    if arguments.quiet && exit != Exit::Valid {
        tell!("stormglass: {}", report::advice_sentence(advice));
    }
    Ok(exit)
}

/// What may be chosen; `slots`: what the scenario has.
fn choices(arguments: &Arguments, slots: NonZeroU32) -> Choices {
    let given = |list: &Option<List>| list.as_ref().map(|it| it.0.clone());
    Choices {
        processes: arguments.processes.0.clone(),
        threads: arguments.threads.0.clone(),
        connections: given(&arguments.connections).unwrap_or_default(),
        slots: given(&arguments.slots).unwrap_or_else(|| vec![slots]),
    }
}

/// Whether anything of a set-up has a price.
fn is_priced(prices: &Prices) -> bool {
    let of_setup = [
        prices.worker_hour,
        prices.process_hour,
        prices.connection_hour,
        prices.slot_month,
    ];
    of_setup.iter().any(|price| *price > 0.0)
}

fn misused(why: String) -> anyhow::Error {
    tell!("stormglass: {why}");
    Told(Exit::Usage).into()
}

fn settings(arguments: &Arguments) -> Result<Vec<String>, String> {
    let mut settings = arguments.settings.clone();
    settings.extend(arguments.seed.map(|seed| format!("seed={seed}")));
    settings.push("replications=1".to_owned());
    settings.extend(setting(&arguments.slos)?);
    Ok(settings)
}

/// The options that say what was asked.
fn options_of(arguments: &Arguments) -> Vec<String> {
    let shown = |list: &List| {
        let numbers: Vec<String> = list.0.iter().map(NonZeroU32::to_string).collect();
        numbers.join(",")
    };
    let mut options = vec![
        ("--processes", shown(&arguments.processes)),
        ("--threads", shown(&arguments.threads)),
    ];
    let lists = [
        ("--connections", &arguments.connections),
        ("--slots", &arguments.slots),
    ];
    let lists = lists.into_iter();
    options.extend(lists.filter_map(|(option, list)| Some((option, shown(list.as_ref()?)))));
    options.extend(arguments.slos.iter().map(|slo| ("--slo", slo.clone())));
    options.push(("--best", arguments.best.to_string()));
    let options = options.into_iter();
    options
        .flat_map(|(option, value)| [option.to_owned(), value])
        .collect()
}

fn exit(advice: &Advice) -> Exit {
    match &advice.failure {
        Some(failure) => failed(failure),
        None if advice.interrupted => Exit::Interrupted,
        None if advice.advised().is_some() => Exit::Valid,
        None => Exit::Threshold,
    }
}

/// Reads the scenario with these settings besides its own.
type Read<'a> = dyn Fn(&[String]) -> Result<Scenario, scenario::Mistakes> + 'a;

/// Decides set-ups.
struct Adviser<'a> {
    setups: &'a [Setup],
    demands: &'a [Threshold],
    options: &'a RunOptions,
    quiet: bool,
}

impl Adviser<'_> {
    fn advise(&self, arguments: &Arguments, read: &Read) -> Advice {
        let budget = Budget {
            most: arguments.replications.get(),
            within: 0.0,
            spread: 0,
        };
        let mut storms = Storms {
            setting: &label,
            read: &|at| read(&self.setups[position(at)].settings()),
            options: self.options,
            watched: &|work| watched(&self.options.progress, self.quiet, work),
            told: &|point| self.tell("", self.setups[point.value as usize], point),
            beside: BTreeMap::new(),
        };
        let wanted = arguments.best as usize;
        let (points, ended) = cheapest(self.setups, wanted, self.demands, budget, &mut storms);
        let tried = points.into_iter().zip(self.setups);
        let tried = tried.map(|(point, setup)| Tried {
            setup: *setup,
            cost: None,
            beside: storms.beside(point.value).cloned().unwrap_or_default(),
            point,
            measured: None,
        });
        let (interrupted, failure) = match ended {
            Ok(()) => (false, None),
            Err(Stop::Interrupted) => (true, None),
            Err(Stop::Failed(failure)) => (false, Some(failure)),
        };
        Advice {
            tried: tried.collect(),
            demands: self.demands.to_vec(),
            currency: None,
            asked: self.setups.len(),
            interrupted,
            failure,
            wall_s: 0.0,
            cpu_s: 0.0,
        }
    }

    fn tell(&self, what: &str, setup: Setup, point: &Point) {
        if !self.quiet {
            tell!("{what}{}", report::setup_point(self.demands, setup, point));
        }
    }

    /// Measures the best two on the real server, which is as before afterwards.
    fn confirm(
        &self,
        server: &Server,
        commands: &Commands,
        advice: &mut Advice,
    ) -> anyhow::Result<()> {
        let runtime = runtime()?;
        let budget = Budget {
            most: server.replications.get(),
            within: 0.0,
            spread: 0,
        };
        let best = advice.tried.iter_mut();
        let best = best
            .filter(|it| it.point.holds == Some(true))
            .take(CONFIRMED);
        for (at, tried) in best.enumerate() {
            if self.options.progress.is_interrupted() {
                advice.interrupted = true;
                break;
            }
            let restarted = runtime.block_on(commands.run(&named(at), None));
            restarted.with_context(|| format!("cannot restart the server with {}", tried.setup))?;
            let mut storms = Storms {
                setting: &label,
                read: &|_| Ok(server.scenario.clone()),
                options: self.options,
                watched: &|work| watched(&self.options.progress, self.quiet, work),
                told: &|point| self.tell("measured: ", tried.setup, point),
                beside: BTreeMap::new(),
            };
            match decide(0.0, self.demands, budget, &mut storms) {
                Ok(point) => {
                    let beside = storms.beside(0.0).cloned().unwrap_or_default();
                    tried.measured = Some(Measured { point, beside });
                }
                Err(Stop::Interrupted) => advice.interrupted = true,
                Err(Stop::Failed(failure)) => {
                    advice.failure = Some(failure);
                    break;
                }
            }
        }
        for failure in runtime.block_on(commands.undo_all()) {
            tell!("stormglass: {failure}");
        }
        commands::warn_not_undone(commands);
        Ok(())
    }
}

fn label(at: f64) -> String {
    (at as usize).to_string()
}

fn position(at: &str) -> usize {
    at.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_numbers_and_ranges() {
        let read = |text: &str| -> Result<Vec<u32>, String> {
            let numbers = list(text)?.0.into_iter();
            Ok(numbers.map(NonZeroU32::get).collect())
        };
        assert_eq!(read("4"), Ok(vec![4]));
        assert_eq!(read("8,1..3, 2"), Ok(vec![1, 2, 3, 8]));
        for wrong in [
            "",
            "0",
            "3..1",
            "1,,2",
            "a",
            "1..200",
            "1..4294967295",
            "99999",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
