//! `stormglass search`: the highest load that holds, or the lowest resource that is enough.

use super::cleanup::JOURNAL;
use super::exit::{Exit, Told};
use super::interrupt::Interruption;
use super::progress::watched;
use super::reach::reach;
use super::{STOPPING, commands};
use crate::capacity::{
    Answer, Budget, Point, Range, SearchError, SearchResult, Storms, Unit, search,
};
use crate::engine::{RunOptions, WallClock, cpu_time};
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
/// two it looks for it learns from the ends of the range.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass search scenarios/steady-week.toml --vary load.arrivals.rate --from 1/s --to 20/s
  stormglass search scenarios/smoke.toml --vary service.store.slots --from 1 --to 64 \\
      --slo 'saving->active p(99) < 20s' --slo 'upload error_rate < 1%'
  stormglass search scenarios/glance-first-contact.toml --vary load.users --from 1 --to 64 --points 8
  stormglass search scenarios/steady-week.toml --vary service.store.bandwidth --from 16MiB/s --to 4GiB/s --json | jq .value")]
pub struct Arguments {
    /// The scenario
    file: PathBuf,
    /// The key of the scenario that is varied, as in load.arrivals.rate; it holds a number, with or without a unit
    #[arg(long, value_name = "KEY")]
    vary: String,
    /// Its least value, as 8, 2/s, 64KiB or 250ms
    #[arg(long, value_name = "VALUE")]
    from: String,
    /// Its greatest value
    #[arg(long, value_name = "VALUE")]
    to: String,
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
    /// Looks at so many more values, spread over the range: from six on they show how throughput scales with concurrency
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

/// Searches. Whatever ends it, the points so far are kept.
pub fn run(arguments: &Arguments, interruption: &Interruption) -> anyhow::Result<Exit> {
    let settings = settings(arguments).map_err(misused)?;
    let unreached = |setting: &str| {
        let settings = settings.iter().cloned().chain([setting.to_owned()]);
        scenario::read(&arguments.file, &settings.collect::<Vec<_>>())
    };
    let (range, mut first) = question(arguments, &unreached)?;
    let commands = commands::commands(&first, arguments.allow_commands)?;
    if let Target::Glance(target) = &mut first.target {
        **target = reach(target, arguments.yes_load_this_server)?;
    }
    let read = |setting: &str| {
        let mut scenario = unreached(setting)?;
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
    };
    let result = searched(arguments, &first, range, &read, &options);
    commands::warn_not_undone(&commands);
    let (file, settings) = (&arguments.file, &arguments.settings);
    let options = options_of(arguments);
    let origin = Origin::of_search(&first, file, settings, &options, Host::this());
    let mut kept = folder.write_some(report::search_files(&origin, &result));
    super::add_page(&folder, &mut kept);
    folder.complete(&mut kept);
    if !kept.lost.is_empty() {
        return Ok(super::report_unwritten(&kept, &folder));
    }
    let results = folder.path().display().to_string();
    super::show(
        arguments.json,
        arguments.quiet,
        || report::search_json(&origin, &result),
        |colour| report::search_summary(&origin, &result, Some(&results), colour),
    )?;
    let exit = exit(&result);
    if arguments.quiet && exit != Exit::Valid {
        tell!("stormglass: {}", report::search_sentence(&result));
    }
    Ok(exit)
}

fn misused(why: String) -> anyhow::Error {
    tell!("stormglass: {why}");
    Told(Exit::Usage).into()
}

/// What is varied, and the scenario at its least value; or why the question makes no sense. Nothing was run yet.
fn question(
    arguments: &Arguments,
    read: &dyn Fn(&str) -> Result<Scenario, Mistakes>,
) -> anyhow::Result<(Range, Scenario)> {
    let range = Range::new(&arguments.vary, &arguments.from, &arguments.to);
    let range = range.map_err(|error| misused(error.to_string()))?;
    let told = |mistakes: Mistakes| super::told(&mistakes);
    let first = read(&range.setting(range.from)).map_err(told)?;
    read(&range.setting(range.to)).map_err(told)?;
    if first.thresholds.is_empty() {
        let why =
            "nothing is demanded: give --slo 'saving->active p(99) < 20s', or write [thresholds]";
        return Err(misused(why.to_owned()));
    }
    let between = Range {
        unit: Unit::Number,
        ..range.clone()
    };
    let takes_any = range.unit == Unit::Whole && read(&between.setting(range.from + 0.5)).is_ok();
    Ok((if takes_any { between } else { range }, first))
}

fn searched(
    arguments: &Arguments,
    first: &Scenario,
    range: Range,
    read: &dyn Fn(&str) -> Result<Scenario, Mistakes>,
    options: &RunOptions,
) -> SearchResult {
    let (wall, cpu) = (WallClock::start(), cpu_time());
    let demands = first.thresholds.clone();
    let budget = Budget {
        most: arguments.replications.get(),
        within: arguments.within,
        spread: arguments.points,
    };
    let told = |point: &Point| {
        if !arguments.quiet {
            tell!("{}", report::search_point(&range, &demands, point));
        }
    };
    let mut storms = Storms {
        setting: &|value| range.setting(value),
        read,
        options,
        watched: &|work| watched(&options.progress, arguments.quiet, work),
        told: &told,
        beside: BTreeMap::new(),
    };
    let (points, answer) = search(&range, &demands, budget, &mut storms);
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
        asks_for_scaling: budget.spread > 0,
        demands: demands.clone(),
        wall_s: wall.now().as_secs_f64(),
        cpu_s: (cpu_time() - cpu).as_secs_f64(),
        range: range.clone(),
    }
}

fn settings(arguments: &Arguments) -> Result<Vec<String>, String> {
    let mut settings = arguments.settings.clone();
    settings.extend(arguments.seed.map(|seed| format!("seed={seed}")));
    settings.push("replications=1".to_owned());
    if !arguments.slos.is_empty() {
        let mut demands: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for slo in &arguments.slos {
            let (key, demand) = split(slo)?;
            demands.entry(key).or_default().push(demand);
        }
        let quoted = |text: &str| format!("{text:?}");
        let demands = demands.iter().map(|(key, demands)| {
            let demands: Vec<String> = demands.iter().map(|it| quoted(it)).collect();
            format!("{} = [{}]", quoted(key), demands.join(", "))
        });
        let demands: Vec<String> = demands.collect();
        settings.push(format!("thresholds={{ {} }}", demands.join(", ")));
    }
    Ok(settings)
}

/// The options that say what is looked for.
fn options_of(arguments: &Arguments) -> Vec<String> {
    let Arguments { vary, from, to, .. } = arguments;
    let mut options = vec![
        ("--vary", vary.clone()),
        ("--from", from.clone()),
        ("--to", to.clone()),
    ];
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

/// `saving->active p(99) < 20s`: what a demand is about, and the demand.
fn split(slo: &str) -> Result<(&str, &str), String> {
    let compared = slo.rfind(['<', '>']);
    let before = compared.map_or("", |at| slo[..at].trim_end());
    let start = before.rfind(char::is_whitespace);
    let parts = start.map(|at| (slo[..at].trim(), slo[at..].trim()));
    parts.filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
        format!("`{slo}` is no demand; write for example 'saving->active p(99) < 20s'")
    })
}

fn exit(result: &SearchResult) -> Exit {
    match (&result.failure, &result.answer) {
        (Some(SearchError::NotValid { verdict, .. }), _) => match verdict {
            Verdict::Invalid => Exit::Invalid,
            Verdict::Valid | Verdict::Unknown => Exit::Unknown,
        },
        (Some(SearchError::Local(..)), _) => Exit::Generator,
        (Some(SearchError::Scenario(..)), _) => Exit::Scenario,
        (Some(SearchError::Run(..)), _) => Exit::CouldNotRun,
        (None, Answer::Found(_) | Answer::Everywhere) => Exit::Valid,
        (None, Answer::Nowhere) => Exit::Threshold,
        (None, Answer::NotOffered(..)) => Exit::Generator,
        (None, Answer::Unfinished(_)) => Exit::Interrupted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_is_split_from_what_it_is_about() {
        for (slo, expected) in [
            (
                "saving->active p(99) < 20s",
                ("saving->active", "p(99) < 20s"),
            ),
            ("upload error_rate<1%", ("upload", "error_rate<1%")),
            (
                "recovery(store outage) time < 5m",
                ("recovery(store outage)", "time < 5m"),
            ),
            ("dropped count <= 3", ("dropped", "count <= 3")),
        ] {
            assert_eq!(split(slo), Ok(expected), "{slo}");
        }
        for slo in ["", "upload", "p(99) < 20s", "saving->active"] {
            assert!(split(slo).is_err(), "{slo}");
        }
    }
}
