//! `stormglass search`: the highest load that holds, or the lowest resource that is enough.

use super::cleanup::JOURNAL;
use super::exit::{Exit, Told};
use super::interrupt::Interruption;
use super::progress::watched;
use super::reach::reach;
use super::slo::setting;
use super::{STOPPING, commands};
use crate::capacity::{
    Answer, Budget, Frontier, Point, Range, ReadWith, SearchError, SearchResult, Storms, Unit,
    VALUES, search,
};
use crate::engine::{RunOptions, WallClock, cpu_time};
use crate::metrics::Threshold;
use crate::report::{self, Host, Origin};
use crate::scenario::{self, Mistakes, Scenario, Target};
use clap::Args;
use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use stormglass_glance::{Journal, RunServices};
use stormglass_model::lifecycle::Verdict;
use stormglass_model::units::Bytes;

/// Finds the highest load that holds, or the lowest resource that is enough
///
/// Runs the scenario with other and other values of one key until the value is known at which its demands cease to hold. Which of the
/// two it looks for it learns from the ends of the range. With two keys it searches the second one at values of the first: what one
/// may be traded for in the other.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass search scenarios/steady-week.toml --vary load.arrivals.rate --from 1/s --to 20/s
  stormglass search scenarios/smoke.toml --vary service.store.slots --from 1 --to 64 \\
      --slo 'saving->active p(99) < 20s' --slo 'upload error_rate < 1%'
  stormglass search scenarios/glance-first-contact.toml --vary load.users --from 1 --to 64 --points 8
  stormglass search scenarios/steady-week.toml --vary service.store.bandwidth --from 16MiB/s --to 4GiB/s --json | jq .value
  stormglass search scenarios/steady-week.toml --vary service.store.slots --from 8 --to 24 \
      --vary service.store.bandwidth --from 64MiB/s --to 1GiB/s")]
pub struct Arguments {
    /// The scenario
    file: PathBuf,
    /// The key of the scenario that is varied, as in load.arrivals.rate; it holds a number, with or without a unit. May be given
    /// twice: the second key is then searched at values of the first
    #[arg(long, value_name = "KEY", required = true)]
    vary: Vec<String>,
    /// Its least value, as 8, 2/s, 64KiB or 250ms; once for each key
    #[arg(long, value_name = "VALUE", required = true)]
    from: Vec<String>,
    /// Its greatest value; once for each key
    #[arg(long, value_name = "VALUE", required = true)]
    to: Vec<String>,
    /// What must hold, as 'saving->active p(99) < 20s'; may be given again [default: the scenario's thresholds]
    #[arg(long = "slo", value_name = "DEMAND")]
    slos: Vec<String>,
    /// The seed of the first replication, in place of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Replications at one value at most
    #[arg(long, value_name = "N", default_value = "32")]
    replications: NonZeroU32,
    /// How far the answer's interval may reach to either side, as a share of the answer
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = super::share)]
    within: f64,
    /// Looks at so many more values, spread over the range: from six on they show how throughput scales with concurrency. Of two keys:
    /// at how many values of the first the second is searched [default: 8]
    #[arg(long, value_name = "N", default_value = "0", value_parser = clap::value_parser!(u32).range(0..=1_000))]
    points: u32,
    /// How many threads work [default: one a core]
    #[arg(long, value_name = "N", value_parser = super::threads)]
    threads: Option<NonZeroUsize>,
    /// Refuses a run that would take more memory, as 4GiB [default: what the machine, or its control group, has left]
    #[arg(long, value_name = "SIZE", value_parser = super::size)]
    memory: Option<Bytes>,
    /// Where results go: a folder that is empty or does not exist [default: a new one under results/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overrides a key of the scenario, as in service.store.slots=8; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Runs the commands that the scenario names under [target.glance.commands] where its faults want them; read them first
    #[arg(long)]
    allow_commands: bool,
    /// Allows a server that is not on this machine: its images are created, broken and deleted under load
    #[arg(long)]
    yes_load_this_server: bool,
    /// No progress and no summary; only errors
    #[arg(long)]
    quiet: bool,
    /// Prints search.json in place of the summary
    #[arg(long)]
    json: bool,
}

/// What came of it.
enum Outcome {
    OneKey(Box<SearchResult>),
    TwoKeys(Frontier),
}

/// Searches. Whatever ends it, the points so far are kept.
pub fn run(arguments: &Arguments, interruption: &Interruption) -> anyhow::Result<Exit> {
    let settings = settings(arguments).map_err(misused)?;
    let unreached = |more: &[String]| {
        let settings: Vec<String> = settings.iter().chain(more).cloned().collect();
        scenario::read(&arguments.file, &settings)
    };
    let (keys, mut first) = question(arguments, &unreached)?;
    let commands = commands::commands(&first, arguments.allow_commands)?;
    if let Target::Glance(target) = &mut first.target {
        **target = reach(target, arguments.yes_load_this_server)?;
    }
    let read = |more: &[String]| {
        let mut scenario = unreached(more)?;
        if let (Target::Glance(target), Target::Glance(reached)) =
            (&mut scenario.target, &first.target)
        {
            // Where it is was said once, and stands.
            (target.url, target.routes) = (reached.url.clone(), reached.routes.clone());
        }
        Ok(scenario)
    };
    let progress = Arc::default();
    interruption.stops(&progress, &commands, STOPPING);
    let name = format!("{}-search", first.name);
    let folder = super::folder(arguments.out.as_deref(), &name, first.seed.0)?;
    let journal = Journal::at(&folder.path().join(JOURNAL));
    commands.write_into(&journal, &arguments.file);
    let options = RunOptions {
        threads: arguments.threads,
        memory: arguments.memory,
        progress,
        services: RunServices {
            commands: commands.clone(),
            journal: Some(journal),
        },
        enough: None,
    };
    let searcher = Searcher {
        demands: &first.thresholds,
        budget: Budget {
            most: arguments.replications.get(),
            within: arguments.within,
            spread: arguments.points,
        },
        options: &options,
        quiet: arguments.quiet,
    };
    let outcome = searched(keys, &read, &searcher);
    commands::warn_not_undone(&commands);
    let (file, settings) = (&arguments.file, &arguments.settings);
    let chosen = options_of(arguments);
    let origin = Origin::of_command("search", &first, file, settings, &chosen, Host::this());
    let mut kept = match &outcome {
        Outcome::OneKey(result) => folder.write_some(report::search_files(&origin, result)),
        Outcome::TwoKeys(frontier) => folder.write_some(report::frontier_files(&origin, frontier)),
    };
    super::add_page(&folder, &mut kept);
    folder.complete(&mut kept);
    if !kept.lost.is_empty() {
        return Ok(super::report_unwritten(&kept, &folder));
    }
    let results = folder.path().display().to_string();
    outcome.show(arguments, &origin, &results)
}

impl Outcome {
    /// Shows it as it is wanted, and gives the exit code.
    fn show(&self, arguments: &Arguments, origin: &Origin, results: &str) -> anyhow::Result<Exit> {
        let document = || match self {
            Outcome::OneKey(result) => report::search_json(origin, result),
            Outcome::TwoKeys(frontier) => report::frontier_json(origin, frontier),
        };
        let text = |colour| match self {
            Outcome::OneKey(it) => report::search_summary(origin, it, Some(results), colour),
            Outcome::TwoKeys(it) => report::frontier_summary(origin, it, Some(results), colour),
        };
        super::show(arguments.json, arguments.quiet, document, text)?;
        let (exit, sentence) = match self {
            Outcome::OneKey(result) => (exit(result), report::search_sentence(result)),
            Outcome::TwoKeys(frontier) => {
                (exit_of_two(frontier), report::frontier_sentence(frontier))
            }
        };
        if arguments.quiet && exit != Exit::Valid {
            tell!("stormglass: {sentence}");
        }
        Ok(exit)
    }
}

fn misused(why: String) -> anyhow::Error {
    tell!("stormglass: {why}");
    Told(Exit::Usage).into()
}

/// Reads the scenario with these settings besides its own.
type Read<'a> = dyn Fn(&[String]) -> Result<Scenario, Mistakes> + 'a;

/// What is varied.
enum Keys {
    One(Range),
    /// The first is held while the second is searched.
    Two([Range; 2]),
}

impl Keys {
    fn of(arguments: &Arguments) -> Result<Keys, String> {
        let Arguments { vary, from, to, .. } = arguments;
        if vary.len() != from.len() || vary.len() != to.len() {
            let why =
                "each key has ends of its own: give --vary KEY --from VALUE --to VALUE for each";
            return Err(why.to_owned());
        }
        let ends = from.iter().zip(to);
        let ranges = vary
            .iter()
            .zip(ends)
            .map(|(key, (from, to))| Range::new(key, from, to).map_err(|error| error.to_string()));
        let ranges: Vec<Range> = ranges.collect::<Result<_, _>>()?;
        match <[Range; 1]>::try_from(ranges) {
            Ok([range]) => Ok(Keys::One(range)),
            Err(ranges) => match <[Range; 2]>::try_from(ranges) {
                Ok([a, b]) if a.key == b.key => {
                    Err(format!("`{}` is given twice; give two keys", a.key))
                }
                Ok(two) => Ok(Keys::Two(two)),
                Err(_) => Err(
                    "at most two keys can be varied; set others with --set KEY=VALUE".to_owned(),
                ),
            },
        }
    }

    fn ranges(&mut self) -> &mut [Range] {
        match self {
            Keys::One(range) => std::slice::from_mut(range),
            Keys::Two(ranges) => ranges,
        }
    }
}

/// What is varied, and the scenario at its least values; or why the question makes no sense. Nothing was run yet.
fn question(arguments: &Arguments, read: &Read) -> anyhow::Result<(Keys, Scenario)> {
    let mut keys = Keys::of(arguments).map_err(misused)?;
    let ranges = keys.ranges();
    let ends = |of: fn(&Range) -> f64| -> Vec<String> {
        ranges
            .iter()
            .map(|range| range.setting(of(range)))
            .collect()
    };
    let (least, greatest) = (ends(|range| range.from), ends(|range| range.to));
    let told = |mistakes: Mistakes| super::told(&mistakes);
    let first = read(&least).map_err(told)?;
    read(&greatest).map_err(told)?;
    if first.thresholds.is_empty() {
        let why =
            "nothing is demanded: give --slo 'saving->active p(99) < 20s', or write [thresholds]";
        return Err(misused(why.to_owned()));
    }
    for (at, range) in ranges.iter_mut().enumerate() {
        let between = Range {
            unit: Unit::Number,
            ..range.clone()
        };
        let mut settings = least.clone();
        settings[at] = between.setting(range.from + 0.5);
        if range.unit == Unit::Whole && read(&settings).is_ok() {
            *range = between;
        }
    }
    Ok((keys, first))
}

/// Makes searches for the same demands with the same budget.
struct Searcher<'a> {
    demands: &'a [Threshold],
    budget: Budget,
    options: &'a RunOptions,
    quiet: bool,
}

fn searched(keys: Keys, read: &Read, searcher: &Searcher) -> Outcome {
    match keys {
        Keys::One(range) => {
            let read = |setting: &str| read(&[setting.to_owned()]);
            let told = |point: &Point| report::search_point(&range, searcher.demands, point);
            Outcome::OneKey(Box::new(searcher.search(&range, &read, &told)))
        }
        Keys::Two([across, range]) => Outcome::TwoKeys(searcher.frontier(across, range, read)),
    }
}

impl Searcher<'_> {
    /// Searches one key. `told` says of a point what there is to say while it goes on.
    fn search(
        &self,
        range: &Range,
        read: &ReadWith,
        told: &dyn Fn(&Point) -> String,
    ) -> SearchResult {
        let (wall, cpu) = (WallClock::start(), cpu_time());
        let mut storms = Storms {
            setting: &|value| range.setting(value),
            read,
            options: self.options,
            watched: &|work| watched(&self.options.progress, self.quiet, work),
            told: &|point| {
                if !self.quiet {
                    tell!("{}", told(point));
                }
            },
            beside: BTreeMap::new(),
        };
        let (points, answer) = search(range, self.demands, self.budget, &mut storms);
        let points = points.into_iter().map(|point| {
            let beside = storms.beside(point.value).cloned().unwrap_or_default();
            (point, beside)
        });
        let points = points.collect();
        let (answer, failure) = match answer {
            Ok(answer) => (answer, None),
            Err(failure) => (Answer::Unfinished(None), Some(failure)),
        };
        SearchResult {
            points,
            answer,
            failure,
            asks_for_scaling: self.budget.spread > 0,
            demands: self.demands.to_vec(),
            wall_s: wall.now().as_secs_f64(),
            cpu_s: (cpu_time() - cpu).as_secs_f64(),
            range: range.clone(),
        }
    }

    /// Searches `range` at values of `across`, until something ends one of the searches.
    fn frontier(&self, across: Range, range: Range, read: &Read) -> Frontier {
        let (wall, cpu) = (WallClock::start(), cpu_time());
        let values = across.spread(match self.budget.spread {
            0 => VALUES,
            some => some,
        });
        let asked = values.len();
        let one = Searcher {
            budget: Budget {
                spread: 0,
                ..self.budget
            },
            ..*self
        };
        let mut answers = Vec::new();
        for at in values {
            let held = across.setting(at);
            let read = |setting: &str| read(&[held.clone(), setting.to_owned()]);
            let told = |point: &Point| {
                let point = report::search_point(&range, self.demands, point);
                format!("{} {}: {} {point}", across.key, across.at(at), range.key)
            };
            let result = one.search(&range, &read, &told);
            let ended = result.is_cut_short();
            answers.push((at, result));
            if ended {
                break;
            }
        }
        Frontier {
            across,
            range,
            answers,
            asked,
            wall_s: wall.now().as_secs_f64(),
            cpu_s: (cpu_time() - cpu).as_secs_f64(),
        }
    }
}

fn settings(arguments: &Arguments) -> Result<Vec<String>, String> {
    let mut settings = arguments.settings.clone();
    settings.extend(arguments.seed.map(|seed| format!("seed={seed}")));
    settings.push("replications=1".to_owned());
    settings.extend(setting(&arguments.slos)?);
    Ok(settings)
}

/// The options that say what is looked for.
fn options_of(arguments: &Arguments) -> Vec<String> {
    let Arguments { vary, from, to, .. } = arguments;
    let keys = vary.iter().zip(from.iter().zip(to));
    let mut options: Vec<(&str, String)> = keys
        .flat_map(|(key, (from, to))| [("--vary", key), ("--from", from), ("--to", to)])
        .map(|(option, value)| (option, value.clone()))
        .collect();
    options.extend(arguments.slos.iter().map(|slo| ("--slo", slo.clone())));
    let numbers = [
        (
            "--replications",
            f64::from(arguments.replications.get()),
            32.0,
        ),
        ("--within", arguments.within, 0.01),
        ("--points", f64::from(arguments.points), 0.0),
    ];
    let chosen = numbers
        .into_iter()
        .filter(|(_, value, usual)| value != usual);
    options.extend(chosen.map(|(option, value, _)| (option, value.to_string())));
    let options = options.into_iter();
    options
        .flat_map(|(option, value)| [option.to_owned(), value])
        .collect()
}

/// How the process ends where a storm was the end of it.
pub(super) fn failed(failure: &SearchError) -> Exit {
    match failure {
        SearchError::NotValid { verdict, .. } => match verdict {
            Verdict::Invalid => Exit::Invalid,
            Verdict::Valid | Verdict::Unknown => Exit::Unknown,
        },
        SearchError::Local(..) => Exit::Generator,
        SearchError::Scenario(..) => Exit::Scenario,
        SearchError::Run(..) => Exit::CouldNotRun,
    }
}

fn exit(result: &SearchResult) -> Exit {
    match (&result.failure, &result.answer) {
        (Some(failure), _) => failed(failure),
        (None, Answer::Found(_) | Answer::Everywhere) => Exit::Valid,
        (None, Answer::Nowhere) => Exit::Threshold,
        (None, Answer::NotOffered(..)) => Exit::Generator,
        (None, Answer::Unfinished(_)) => Exit::Interrupted,
    }
}

/// Of a search over two keys: what ended it, or else whether there is any answer.
fn exit_of_two(frontier: &Frontier) -> Exit {
    if let Some(ended) = frontier.ended() {
        return exit(ended);
    }
    let mut exits = frontier.answers.iter().map(|(_, result)| exit(result));
    let first = exits.next().unwrap_or(Exit::Valid);
    // Where nothing holds at any value, or nothing could be offered at any, that is the answer.
    match exits.all(|other| other == first) {
        true => first,
        false => Exit::Valid,
    }
}
