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
        "stormglass: this scenario's faults are commands, and they are not run without --allow-commands; read them first:"
    );
    for command in wanted {
        // Not what they do: that may hold a password.
        let undone = match command.undo {
            Some(_) => "with an `undo`",
            None => "without an `undo`",
        };
        tell!("  [target.glance.commands.{}], {undone}", command.name);
    }
    Err(Told(Exit::Usage))
}

/// Says how to remove what a run that did not end in order may have left.
pub fn warn_left(commands: &Commands) {
    let Some(journal) = commands.journal().filter(|journal| !journal.is_done()) else {
        return;
    };
    let path = journal.path();
    match commands.not_undone().is_empty() {
        true => tell!(
            "stormglass: `stormglass cleanup {}` removes what is left",
            path.display()
        ),
        false => tell!(
            "stormglass: `stormglass cleanup {} --allow-commands` undoes and removes what is left",
            path.display()
        ),
    }
}

/// Names each command that is still in force, and where it says what undoes it: that may hold a password.
pub fn warn_not_undone(commands: &Commands) {
    for (name, _) in commands.not_undone() {
        tell!(
            "stormglass: `{name}` is not undone; run what `undo` of [target.glance.commands.{name}] says"
        );
    }
}
