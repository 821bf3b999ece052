//! What can be done to a server from outside: `[target.glance.commands]`.

use super::document::Entry;
use super::reader::{Input, Read};
use super::value::lasting;
use stormglass_glance::Command;
use stormglass_model::script::command_name;
use stormglass_model::units::Span;

/// How long a command may take where the scenario does not say.
const TIMEOUT: Span = Span::from_secs(30);

/// Reads every command, in the order of the file.
pub(super) fn read(input: Input) -> Option<Vec<Command>> {
    let example = "[target.glance.commands.kill-api]";
    let entries = input.entries("a table of commands", example)?;
    let command = |(entry, input): (&Entry, Input)| {
        let name = command_name(&entry.key).ok();
        if name.is_none() {
            let message = format!("a command cannot be called `{}`", entry.key.escape_debug());
            let help = "write letters, digits and hyphens, and no fault of a client's: `kill-api`";
            input.reader.wrong(entry.spot, message, help);
        }
        input.table(example, |t| {
            let run = t.need_with("run", "\"systemctl kill glance-api\"", line);
            let undo = t.with("undo", line);
            let timeout = t.with("timeout", lasting);
            let damages_data = t.or("damages_data", false);
            Some(Command {
                name: name?,
                run: run?,
                undo,
                timeout: timeout.unwrap_or(TIMEOUT),
                damages_data,
            })
        })
    };
    Some(entries.filter_map(command).collect())
}

/// Reads `[target.glance.last_resort]`: what it does cannot be taken back.
pub(super) fn last_resort(input: Input) -> Option<Command> {
    input.table("[target.glance.last_resort]", |t| {
        let run = t.need_with("run", "\"./finish-delete $STORMGLASS_IMAGE\"", line);
        let timeout = t.with("timeout", lasting);
        Some(Command {
            name: "last_resort".to_owned(),
            run: run?,
            undo: None,
            timeout: timeout.unwrap_or(TIMEOUT),
            damages_data: true,
        })
    })
}

/// What is given to a shell, which must do something.
fn line(input: Input) -> Option<String> {
    let text = String::read(input)?;
    if text.trim().is_empty() || text.contains('\0') {
        let help = "write what is given to `sh -c`";
        input.wrong("this command does nothing", help);
    }
    Some(text)
}
