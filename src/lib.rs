//! Stormglass: an actor-based lifecycle load tester and chaos simulator for image services.
//!
//! Data flows one way: scenario file → scenario → engine → history and metrics → verdict and reports.
//! ARCHITECTURE.md says which floor may import which.

pub mod checker;
pub mod cli;
pub mod config;
pub mod engine;
pub mod fault;
pub mod finding;
pub mod history;
pub mod invocation;
pub mod lifecycle;
pub mod load;
pub mod metrics;
mod named;
pub mod progress;
pub mod random;
pub mod report;
pub mod run;
pub mod scenario;
pub mod script;
pub mod service;
pub mod sweep;
mod table;
pub mod target;
pub mod units;
