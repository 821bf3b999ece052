//! Why there was no reply.

use crate::generator::LocalFailure;
use std::error::Error;
use std::io;

/// Why there was no reply.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nothing was sent.
    NotSent(String),
    /// Nothing was sent, since something failed on this machine.
    Local(LocalFailure),
    /// The request, or some of it, was sent.
    NoReply(String),
    /// It may have been sent, and was given up on this side: something failed on this machine, or else the user wants to stop.
    /// So no answer is owed.
    BrokenOff(Option<LocalFailure>),
    /// Something came that is no reply of HTTP.
    Malformed(String),
    /// The upload stopped where it was told to, and the connection was closed.
    Stopped,
}

impl Trouble {
    /// Why nothing could be sent.
    pub(crate) fn unsent(what: &str, error: &io::Error) -> Trouble {
        match LocalFailure::of(what, error) {
            Some(failure) => Trouble::Local(failure),
            None => Trouble::NotSent(format!("{what}: {error}")),
        }
    }

    /// Why what was sent, perhaps, was not answered.
    pub(super) fn unanswered(text: String, error: &(dyn Error + 'static)) -> Trouble {
        match LocalFailure::of("the connection broke", error) {
            Some(failure) => Trouble::BrokenOff(Some(failure)),
            None => Trouble::NoReply(text),
        }
    }

    /// What failed on this machine, if it is to blame.
    pub(crate) fn local(&self) -> Option<&LocalFailure> {
        match self {
            Trouble::Local(failure) => Some(failure),
            Trouble::BrokenOff(failure) => failure.as_ref(),
            Trouble::NotSent(_)
            | Trouble::NoReply(_)
            | Trouble::Malformed(_)
            | Trouble::Stopped => None,
        }
    }

    /// Whether nothing was sent.
    pub(crate) fn is_unsent(&self) -> bool {
        matches!(self, Trouble::NotSent(_) | Trouble::Local(_))
    }

    /// What went wrong; empty when it was meant to.
    pub(crate) fn text(&self) -> &str {
        match self {
            Trouble::NotSent(text) | Trouble::NoReply(text) | Trouble::Malformed(text) => text,
            Trouble::Local(failure) | Trouble::BrokenOff(Some(failure)) => &failure.what,
            Trouble::BrokenOff(None) => "the run was interrupted",
            Trouble::Stopped => "",
        }
    }
}
