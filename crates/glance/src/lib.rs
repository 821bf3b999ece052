//! A real OpenStack Glance over HTTP.
//!
//! [`Client`] performs one [`Request`] and gives one [`Answer`], a plain value; it never retries on its own, since a storm counts
//! every attempt. Nothing here prints, and no credential is ever shown.

mod answer;
pub mod auth;
mod client;
mod commands;
mod config;
mod content;
mod dialect;
mod exchange;
mod guard;
mod http;
mod journal;
mod probe;
mod settings;
mod source;
mod watch;

pub use answer::{Answer, ImageId, Request, RunId};
pub use auth::{LocateError, locate};
pub use client::{Cleanup, Client, Greeting, HelloError, Removal};
pub use commands::{CommandError, Commands};
pub use config::ConfigError;
pub use content::content_of;
pub use exchange::Exchange;
pub use guard::{GuardError, guard};
pub use journal::{Journal, JournalError, JournalRun, Reopened, read as read_journal};
pub use probe::{Probe, ProbeError};
pub use settings::{BucketTarget, Command, GlanceTarget, Identity, ProbeTarget, StoreTarget};
pub use watch::Watch;

/// What a run on a real server may use beside what its scenario says.
#[derive(Clone, Default)]
pub struct Means {
    /// What can be done to the server.
    pub commands: Commands,
    /// Where images are written before they are created; none: nowhere.
    pub journal: Option<Journal>,
}

/// The wall clock, read for time-outs and for the times in an answer.
#[allow(
    clippy::disallowed_methods,
    reason = "time-outs of a real server are in real time"
)]
fn now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}
