//! Commands of a scenario: run only if the user allows it, and none left undone without a word.

use super::Exit;
use crate::scenario::{Scenario, Target};
use clap::Args;
use stormglass_glance::Commands;
use stormglass_model::fault::FaultKind;

/// Whether the scenario's commands may be run.
#[derive(Clone, Copy, Debug, Args)]
pub struct Permission {
    /// Runs the commands that the scenario names under [target.glance.commands] where its faults want them; read them first
    #[arg(long)]
    pub allow_commands: bool,
}

impl Permission {
    /// The commands of a scenario, or how the process ends when its faults want some and the user has not allowed it.
    pub fn commands(self, scenario: &Scenario) -> Result<Commands, Exit> {
        let all = match &scenario.target {
            Target::Glance(glance) => glance.commands.as_slice(),
            Target::Embedded(_) => &[],
        };
        let mut wanted = all.iter().filter(|command| {
            let wants = FaultKind::Command(command.name.clone());
            scenario.faults.iter().any(|fault| fault.kind == wants)
        });
        if self.allow_commands || wanted.clone().next().is_none() {
            return Ok(Commands::new(all, self.allow_commands));
        }
        eprintln!(
            "stormglass: this scenario's faults are commands, and they are not run without --allow-commands:"
        );
        for command in wanted.by_ref() {
            let undo = command.undo.as_deref().unwrap_or("nothing");
            eprintln!("  {}: {}", command.name, command.run);
            eprintln!("    undone by: {undo}");
        }
        Err(Exit::Usage)
    }
}

/// Names each command that is still in force, and the command that undoes it.
pub fn warn_not_undone(commands: &Commands) {
    for (name, undo) in commands.not_undone() {
        eprintln!("stormglass: `{name}` is not undone; run: {undo}");
    }
}
