//! A real OpenStack Glance over HTTP.
//!
//! [`Client`] performs one [`Request`] and gives one [`Answer`], a plain value; it never retries on its own, since a storm counts
//! every attempt. [`Tracker`] is the pure core of a subject on such a server: the set of statuses it may be in, judged by
//! reachability. Nothing here prints, and no credential is ever shown.

mod actor;
mod answer;
mod auth;
mod client;
mod config;
mod content;
mod dialect;
mod moves;
mod remote;
mod tls;
mod tracker;
mod wire;

pub use crate::history::Seen;
pub use actor::{TrackerMessage, TrackerReply, Trackers};
pub use answer::{Answer, ImageId, Request, RunId};
pub use auth::{LocateError, locate};
pub use client::{Cleanup, Client, Greeting, HelloError};
pub use config::ConfigError;
pub use content::content_of;
pub use remote::{Look, Remote};
pub use tracker::{Findings, Ticket, Tracker, Violation};

/// The wall clock, read for time-outs and for the times in an answer.
#[allow(
    clippy::disallowed_methods,
    reason = "time-outs of a real server are in real time"
)]
fn now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}
