//! What can be done to a server from outside: `[target.glance.commands]`.

use crate::scenario::document::{Entry, Node, Value};
use crate::scenario::reader::{Fields, Reader, Written};
use crate::scenario::value::Lasting;
use stormglass_glance::Command;
use stormglass_model::script::command_name;
use stormglass_model::units::Span;

const EXAMPLE: &str = "[target.glance.commands.kill-api]";

/// How long a command may take where the scenario does not say.
const TIMEOUT: Span = Span::from_secs(30);

/// Reads every command, in the order of the file.
pub(super) fn read(reader: &mut Reader, node: &Node) -> Vec<Command> {
    let Value::Table(entries) = &node.value else {
        reader.wrong_type(node, "a table of commands", EXAMPLE);
        return Vec::new();
    };
    (entries.iter())
        .filter_map(|entry| command(reader, entry))
        .collect()
}

fn command(reader: &mut Reader, entry: &Entry) -> Option<Command> {
    let name = command_name(&entry.key).ok();
    if name.is_none() {
        let message = format!("a command cannot be called `{}`", entry.key.escape_debug());
        let help = "write letters, digits and hyphens, and no fault of a client's: `kill-api`";
        reader.wrong(entry.spot, message, help);
    }
    let mut fields = Fields::of(reader, &entry.node, EXAMPLE)?;
    let run = fields.required::<Written<String>>(reader, "run", "\"systemctl kill glance-api\"");
    let undo = fields.optional::<Written<String>>(reader, "undo");
    for text in [&run, &undo].into_iter().flatten() {
        must_do_something(reader, text);
    }
    let timeout = fields.or(reader, "timeout", Lasting(TIMEOUT)).0;
    fields.done(reader);
    Some(Command {
        name: name?,
        run: run?.value,
        undo: undo.map(|undo| undo.value),
        timeout,
    })
}

/// Reads `[target.glance.last_resort]`: what it does cannot be taken back.
pub(super) fn last_resort(reader: &mut Reader, node: &Node) -> Option<Command> {
    const EXAMPLE: &str = "[target.glance.last_resort]";
    let mut fields = Fields::of(reader, node, EXAMPLE)?;
    let example = "\"./finish-delete $STORMGLASS_IMAGE\"";
    let run = fields.required::<Written<String>>(reader, "run", example);
    if let Some(text) = &run {
        must_do_something(reader, text);
    }
    let timeout = fields.or(reader, "timeout", Lasting(TIMEOUT)).0;
    fields.done(reader);
    Some(Command {
        name: "last_resort".to_owned(),
        run: run?.value,
        undo: None,
        timeout,
    })
}

fn must_do_something(reader: &mut Reader, text: &Written<String>) {
    if text.value.trim().is_empty() || text.value.contains('\0') {
        let help = "write what is given to `sh -c`";
        reader.wrong(text.spot, "this command does nothing", help);
    }
}
