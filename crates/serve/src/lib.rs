//! The embedded service behind Glance's API, in real time: what `stormglass serve` runs.
//!
//! Data flows one way:
//!
//! ```text
//! server → calls → twin → the model's service, catalog, vault
//! ```
//!
//! - `server` accepts connections and knows HTTP;
//! - `route` says what a method and a path ask for, and `calls` do it;
//! - `twin` owns everything: the service and its calendar, the `catalog` (what the API keeps beside the status), the bytes in `data`.
//!   One thread has it, and each request does what it does in one turn;
//! - `identity` is as much of Keystone as a client needs.
//!
//! It knows no storm and no report.

mod answer;
mod calls;
mod catalog;
mod clients;
mod clock;
mod config;
mod data;
mod date;
mod elsewhere;
mod history;
mod identity;
mod inspect;
mod judgement;
mod refusal;
mod reply;
mod route;
mod server;
mod twin;

pub use catalog::{Change, ImageId, PatchVersion, parse_patch};
pub use clients::{ClientFinding, ClientReport};
pub use config::{Config, FaultRule, Limits, User};
pub use data::Keep;
pub use inspect::inspect;
pub use judgement::{Answers, Judgement, Violation};
pub use refusal::Refusal;
pub use server::Server;
