//! What the commands of a run have done to a server, after a run that could not undo it.

use super::reach::wait_for;
use crate::scenario::{Target, read_for_cleanup};
use anyhow::bail;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use stormglass_glance::{Command, Commands, Reopened, Undo, UndoText};

/// Lists what is not undone, the last first, and undoes it if that is `allowed`; `begins` hears of the commands before. Whether
/// nothing is left to undo.
pub fn undo(
    book: &Reopened,
    scenario: Option<&Path>,
    allowed: bool,
    begins: impl FnOnce(&Commands),
) -> anyhow::Result<bool> {
    let left = book.not_undone();
    if left.is_empty() {
        begins(&Commands::default());
        return Ok(true);
    }
    super::say(&listed(left))?;
    if !allowed {
        let path = book.journal().path();
        super::say(&format!(
            "read each `undo` in {}, then add --allow-commands\n",
            path.display()
        ))?;
        begins(&Commands::default());
        return Ok(false);
    }
    let known = match scenario {
        Some(file) => commands_of(file)?,
        None => Vec::new(),
    };
    let mut found = Vec::new();
    for (number, undo) in left {
        match text_of(undo, &known) {
            Ok(text) => found.push((*number, undo.clone(), text)),
            Err(missing) => super::say(&missing)?,
        }
    }
    let missing = left.len() - found.len();
    let commands = Commands::left_behind(found, book.journal());
    begins(&commands);
    for error in wait_for(commands.undo_all())? {
        super::say(&format!("{error}\n"))?;
    }
    let rest = missing + commands.not_undone().len();
    super::say(&format!("{} undone, {rest} not\n", left.len() - rest))?;
    Ok(rest == 0)
}

fn listed(left: &BTreeMap<u64, Undo>) -> String {
    let mut text = "not undone, the last first:\n".to_owned();
    for undo in left.values().rev() {
        let image = undo.image.map(|image| format!(" of image {image}"));
        let image = image.unwrap_or_default();
        let folder = undo.folder.display();
        let _ = writeln!(text, "  `{}`{image}, done in {folder}", undo.command);
    }
    text
}

fn commands_of(file: &Path) -> anyhow::Result<Vec<Command>> {
    let scenario = read_for_cleanup(file).map_err(|mistakes| super::told(&mistakes))?;
    match scenario.target {
        Target::Glance(target) => Ok(target.commands),
        Target::Embedded(_) => bail!("{} names no [target.glance]", file.display()),
    }
}

/// What undoes it, or where that is to be found.
fn text_of(undo: &Undo, known: &[Command]) -> Result<String, String> {
    let (name, file) = match &undo.text {
        UndoText::Here(text) => return Ok(text.clone()),
        UndoText::InScenario(file) => (&undo.command, file.display()),
    };
    let command = known.iter().find(|command| command.name == *name);
    let text = command.and_then(|command| command.undo.clone());
    text.ok_or_else(|| {
        format!(
            "`{name}`: the journal does not hold what undoes it, since that may be a secret; add --scenario {file}\n"
        )
    })
}
