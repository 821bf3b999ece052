//! Why a command was not done, or not taken back.

use std::process::ExitStatus;
use stormglass_model::units::Span;

/// Why a command was not done, or not taken back.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The command line does not allow it.
    #[error("the command `{0}` is not run: read what it does, then add --allow-commands")]
    NotAllowed(String),
    /// The scenario has none of this name.
    #[error("the scenario has no command `{0}`: write [target.glance.commands.{0}]")]
    Unknown(String),
    /// The run is being stopped.
    #[error("the command `{0}` is not run: everything is being undone")]
    Stopped(String),
    /// What undoes it could not be written down.
    #[error("the command `{what}` is not run, since the journal cannot be written: {why}")]
    Journal {
        /// Its name.
        what: String,
        /// What the system said.
        why: std::io::Error,
    },
    /// The system would not have it.
    #[error("the command `{what}` could not be run: {why}")]
    System {
        /// Its name; its text may hold a password.
        what: String,
        /// What the system said.
        why: std::io::Error,
    },
    /// It ended otherwise than with zero.
    #[error("the command `{what}` failed, {status}{}", said(.last))]
    Failed {
        /// Its name.
        what: String,
        /// How it ended.
        status: ExitStatus,
        /// The last line it wrote to standard error; empty if it wrote none.
        last: String,
    },
    /// It took too long, and was killed.
    #[error("the command `{what}` was killed after {after}{}", said(.last))]
    TimedOut {
        /// Its name.
        what: String,
        /// Its time-out.
        after: Span,
        /// The last line it wrote to standard error; empty if it wrote none.
        last: String,
    },
}

fn said(last: &str) -> String {
    match last {
        "" => String::new(),
        last => format!(": {last}"),
    }
}
