//! `stormglass validate`: reads scenarios and runs nothing.

use super::{Exit, Told};
use crate::scenario::{Model, Scenario};
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;
use stormglass_model::load::Spacing;

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

/// One line for each right file, and the mistakes of each wrong one.
pub fn validate(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut exit = Exit::Valid;
    for file in &arguments.files {
        match super::read(file, &[]) {
            Ok(scenario) => super::say(&format!("ok: {}\n", described(&scenario)))?,
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
        Model::Open {
            rate,
            spacing,
            ramps,
        } => {
            let spacing = match spacing {
                Spacing::Even => "even",
                Spacing::Poisson => "Poisson",
            };
            let ramps = match ramps.len() {
                0 => String::new(),
                count => counted(count, ", then # ramp"),
            };
            format!("{} {spacing} arrivals/s{ramps}", rate.0)
        }
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

/// The number in the place of `#`, and the last word in the plural where it must be.
fn counted(count: usize, what: &str) -> String {
    let text = what.replace('#', &count.to_string());
    match (count, text.strip_suffix('y')) {
        (1, _) => text,
        (_, Some(stem)) => format!("{stem}ies"),
        (_, None) => format!("{text}s"),
    }
}
