//! `stormglass validate`: reads scenarios and runs nothing.

use super::{Exit, Told};
use crate::scenario::{Model, Scenario};
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;
use stormglass_model::load::{ArrivalRate, Arrivals, Spacing};

/// Checks scenarios without running them; shows every mistake at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass validate scenarios/smoke.toml
  stormglass validate scenarios/*.toml")]
pub struct Arguments {
    /// Scenario files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// One line for each right file, with warnings if it may not do what is meant, and the mistakes of each wrong one.
pub fn validate(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut exit = Exit::Valid;
    for file in &arguments.files {
        match super::read(file, &[]) {
            Ok(scenario) => {
                super::say(&format!("ok: {}\n", described(&scenario)))?;
                for caution in scenario.cautions() {
                    tell!("warning: {}: {}", caution.lint, caution.message);
                    tell!("  help: {}", caution.help);
                }
            }
            // All are looked at; what is no mistake of a scenario's ends it.
            Err(error) => exit = error.downcast::<Told>()?.0,
        }
    }
    Ok(exit)
}

/// What a scenario will do, in one line.
fn described(scenario: &Scenario) -> String {
    let load = &scenario.load;
    let model = match &load.model {
        Model::Open(arrivals) => arriving(arrivals),
        Model::OpenByStory(each) => counted(each.len(), "arrivals of their own for # story"),
        Model::Closed { users, .. } => counted(users.get() as usize, "# virtual user"),
    };
    let mut line = format!("{}: {model}", scenario.name);
    if let Some(subjects) = load.subjects {
        let _ = write!(line, ", {subjects} subjects");
    }
    if let Some(duration) = load.duration {
        let _ = write!(line, ", {duration}");
    }
    let _ = write!(
        line,
        " in {} time on {}; ",
        scenario.clock.name(),
        scenario.target.name()
    );
    line += &counted(scenario.stories.len(), "# story");
    let more = scenario.replications.get() as usize - 1;
    for (count, what) in [
        (scenario.faults.len(), ", # fault"),
        (scenario.thresholds.len(), ", # threshold"),
        (more, ", # more replication"),
    ] {
        if count > 0 {
            line += &counted(count, what);
        }
    }
    line
}

/// When stories arrive, in a few words.
fn arriving(arrivals: &Arrivals) -> String {
    let (rate, spacing) = match arrivals {
        Arrivals::Paced { rate, spacing } => (rate, spacing),
        Arrivals::Listed(times) => return counted(times.len(), "# arrival") + " from a file",
    };
    let spacing = match spacing {
        Spacing::Even => "even",
        Spacing::Poisson => "Poisson",
    };
    match rate {
        ArrivalRate::Ramps { from, ramps } => {
            let ramps = match ramps.len() {
                0 => String::new(),
                count => counted(count, ", then # ramp"),
            };
            format!("{} {spacing} arrivals/s{ramps}", from.0)
        }
        ArrivalRate::Cycle { every, .. } => {
            let each = arrivals.expected(*every);
            format!("about {each:.0} {spacing} arrivals in each cycle of {every}")
        }
        ArrivalRate::Counts { period, counts } => {
            let all: f64 = counts.iter().sum();
            let periods = counted(counts.len(), &format!("# period of {period}"));
            format!("{all} {spacing} arrivals from a file, in {periods}")
        }
    }
}

/// The number in the place of `#`, and the last word in the plural where it must be.
fn counted(count: usize, what: &str) -> String {
    let text = what.replace('#', &count.to_string());
    match (count, text.strip_suffix('y')) {
        (1, _) => text,
        (_, Some(stem)) => format!("{stem}ies"),
        (_, None) => format!("{text}s"),
    }
}
