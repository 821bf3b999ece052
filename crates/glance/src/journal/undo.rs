//! What a command has done to a server, and how to take it back.

use crate::answer::ImageId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use stormglass_model::units::Span;

/// What a command has done to a server, and how to take it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The command's name.
    pub command: String,
    /// The image it was about; none: the whole server.
    pub image: Option<ImageId>,
    /// The working directory it was run in.
    pub folder: PathBuf,
    /// How long it may take to be taken back, at most.
    pub timeout: Span,
    /// What takes it back.
    pub text: UndoText,
}

/// What takes a command back.
#[derive(Clone, PartialEq, Eq)]
pub enum UndoText {
    /// This, given to `sh -c`.
    Here(String),
    /// What the command's `undo` in this scenario says: it holds what may be a credential, which no journal does.
    InScenario(PathBuf),
}

impl fmt::Debug for UndoText {
    /// The text is not shown: a credential in it may not look like one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UndoText::Here(_) => f.write_str("Here(…)"),
            UndoText::InScenario(file) => f.debug_tuple("InScenario").field(file).finish(),
        }
    }
}

/// The same as a line of a journal has it: one of `undo` and `scenario`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    command: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    folder: PathBuf,
    timeout_ns: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    undo: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scenario: Option<PathBuf>,
}

impl Undo {
    /// As one line of JSON; an error where a path is no UTF-8.
    pub(super) fn to_json(&self) -> Result<String, serde_json::Error> {
        let (undo, scenario) = match &self.text {
            UndoText::Here(text) => (Some(text.clone()), None),
            UndoText::InScenario(file) => (None, Some(file.clone())),
        };
        serde_json::to_string(&Written {
            command: self.command.clone(),
            image: self.image.map(|image| image.to_string()),
            folder: self.folder.clone(),
            timeout_ns: self.timeout.0,
            undo,
            scenario,
        })
    }

    /// Reads it back; none if it is none.
    pub(super) fn parse(json: &str) -> Option<Undo> {
        let written: Written = serde_json::from_str(json).ok()?;
        let image = match written.image {
            Some(image) => Some(ImageId::parse(&image)?),
            None => None,
        };
        let text = match (written.undo, written.scenario) {
            (Some(text), None) => UndoText::Here(text),
            (None, Some(file)) => UndoText::InScenario(file),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        Some(Undo {
            command: written.command,
            image,
            folder: written.folder,
            timeout: Span(written.timeout_ns),
            text,
        })
    }
}
