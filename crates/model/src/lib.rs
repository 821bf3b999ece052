//! The pure core of Stormglass: what an image service's lifecycle is, a model service that follows it, and what judges one.
//!
//! Plain state machines and plain values: an event in, commands out. There is no clock, no I/O and no async runtime here, and
//! `Cargo.toml` lists nothing that could bring one in.

pub mod checker;
pub mod config;
pub mod fault;
pub mod history;
pub mod invocation;
pub mod lifecycle;
pub mod load;
pub mod misuse;
mod named;
pub mod operations;
pub mod random;
pub mod script;
pub mod service;
pub mod table;
pub mod target;
pub mod units;
