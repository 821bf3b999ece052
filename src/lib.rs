//! Stormglass: an actor-based lifecycle load tester and chaos simulator for image services.
//!
//! Data flows one way: scenario file → scenario → engine → history and metrics → verdict and reports.
//! ARCHITECTURE.md says which part may import which.

pub mod cli;
pub mod engine;
pub mod metrics;
pub mod report;
pub mod scenario;
pub mod sweep;
