//! What any log says of one request, whatever its format.

use super::key::Key;
use stormglass_model::lifecycle::Operation;
use stormglass_model::named;
use stormglass_model::units::{Bytes, Span, Time};

named! {
    /// How a line is written.
    Format {
        /// uWSGI's own line of a request.
        Uwsgi = "uWSGI",
        /// `eventlet.wsgi.server`, by which glance-api logs when it serves by itself; both of its forms.
        Eventlet = "glance-api (eventlet)",
        /// The combined format, its extensions, and the common one before it.
        Combined = "nginx or Apache",
        /// `option httplog`.
        Haproxy = "HAProxy",
        /// A notification of oslo.messaging, alone or behind the head of a log line.
        Notification = "notifications",
        /// Any other line that oslo.log writes: it says nothing of a request.
        Log = "other lines of a service's log",
    }
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// An image that has no id yet: a line of an access log does not say which it gets.
    Create,
    /// An operation on an image.
    Image(Key, Operation),
    /// A list of images.
    List,
    /// Data begins to come in, says a notification. The upload that follows tells how it ended.
    Prepare(Key),
    /// Anything else: schemas, members, tasks, health, other services.
    Other,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was done.
    Done,
    /// The rules forbid it: 403, 404 or 409, and a download without data.
    Refused,
    /// Any other error, or no answer at all.
    Failed,
}

/// A request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request {
    /// When it began, in nanoseconds since 1970 in UTC; at most [`Request::resolution`] later.
    pub at: Time,
    /// How finely the log tells that.
    pub resolution: Span,
    /// How long it took, if the log says so.
    pub took: Option<Span>,
    /// What it is for.
    pub asked: Asked,
    /// How it ended.
    pub answer: Answer,
    /// Whether a server's own error ended it, or nothing did.
    pub is_server_error: bool,
    /// Bytes of the image that it moved, if the log says so.
    pub bytes: Option<Bytes>,
    /// Who sent it, as far as requests of one client look alike.
    pub client: Key,
    /// For which project, if the log says so.
    pub project: Option<Key>,
    /// Whether a notification says it, which comes beside a request.
    pub is_notification: bool,
    /// Whether its time has no zone, and was taken as UTC.
    pub is_zoneless: bool,
}

impl Request {
    /// When it was written down at the latest: lines of one log are in this order, more or less.
    pub fn logged(&self) -> Time {
        match self.is_notification {
            true => self.at,
            false => self.end() + self.resolution,
        }
    }

    /// When it ended, as far as the log says.
    pub fn end(&self) -> Time {
        self.at + self.took.unwrap_or(Span::ZERO)
    }
}

impl Answer {
    /// What a status code makes of a request.
    pub fn of(status: u16, operation: Option<Operation>) -> Answer {
        match status {
            204 if operation == Some(Operation::Download) => Answer::Refused,
            200..=399 => Answer::Done,
            403 | 404 | 409 => Answer::Refused,
            _ => Answer::Failed,
        }
    }
}
