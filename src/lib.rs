//! Stormglass: an actor-based lifecycle load tester and chaos simulator for image services.
//!
//! Data flows one way: scenario file → scenario → engine → history and metrics → verdict and reports.
//! ARCHITECTURE.md says which floor may import which.

pub mod config;
pub mod fault;
pub mod history;
pub mod lifecycle;
pub mod load;
pub mod metrics;
mod named;
pub mod progress;
pub mod random;
pub mod scenario;
pub mod target;
pub mod units;
