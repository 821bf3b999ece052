//! Commands of a scenario: run only if the user allows it, and none left undone without a word.

use super::{Exit, Told};
use crate::scenario::{Scenario, Target};
use stormglass_glance::Commands;
use stormglass_model::fault::FaultKind;

/// The commands of a scenario. It ends here when its faults want some and the user has not allowed it.
pub fn commands(scenario: &Scenario, allowed: bool) -> Result<Commands, Told> {
    let all = match &scenario.target {
        Target::Glance(glance) => glance.commands.as_slice(),
        Target::Embedded(_) => &[],
    };
    let mut wanted = (all.iter())
        .filter(|command| {
            let wants = FaultKind::Command(command.name.clone());
            scenario.faults.iter().any(|fault| fault.kind == wants)
        })
        .peekable();
    if allowed || wanted.peek().is_none() {
        return Ok(Commands::new(all, allowed));
    }
    tell!(
        "stormglass: this scenario's faults are commands, and they are not run without --allow-commands:"
    );
    for command in wanted {
        let undo = command.undo.as_deref().unwrap_or("nothing");
        tell!("  {}: {}", command.name, command.run);
        tell!("    undone by: {undo}");
    }
    Err(Told(Exit::Usage))
}

/// Names each command that is still in force, and the command that undoes it.
pub fn warn_not_undone(commands: &Commands) {
    for (name, undo) in commands.not_undone() {
        tell!("stormglass: `{name}` is not undone; run: {undo}");
    }
}
