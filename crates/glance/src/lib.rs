//! A real OpenStack Glance over HTTP.
//!
//! [`Client`] performs one [`Request`] and gives one [`Answer`], a plain value; it never retries on its own, since a storm counts
//! every attempt. Nothing here prints, and no credential is ever shown.

mod answer;
pub mod auth;
mod client;
mod clock;
mod commands;
mod data_server;
mod dialect;
mod generator;
mod guard;
mod http;
pub mod input;
mod journal;
mod locate;
mod probe;
mod runtime;
mod services;
pub mod shown;
mod system;
mod target;

pub use answer::{Answer, Exchange, ImageId, Request, RunId};
pub use auth::Identity;
pub use client::{Cleanup, Client, Greeting, HelloError, Removal};
pub use commands::{CommandError, Commands};
pub use generator::{Generator, Interruption, LocalCause, LocalFailure, room_for};
pub use guard::{GuardError, guard};
pub use http::{ConfigError, Routes, Watch, check_url, content_of};
pub use journal::{
    Journal, JournalError, JournalRun, Reopened, Undo, UndoText, read as read_journal,
};
pub use locate::{Identities, locate, target_from_environment};
pub use probe::{ImageRow, Probe, ProbeError, Stock};
pub use runtime::{NoRuntime, runtime, runtime_of};
pub use services::RunServices;
pub use system::{Ended, File, NativeSystem, Pending, ProcessGroup, Shell, Socket, System};
pub use target::{BucketTarget, Command, GlanceTarget, ProbeTarget, StoreTarget};
