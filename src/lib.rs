//! Stormglass: an actor-based lifecycle load tester and chaos simulator for image services.
//!
//! Data flows one way: scenario file → scenario → engine → history and metrics → verdict and reports.
//! ARCHITECTURE.md says which floor may import which.

pub mod lifecycle;
pub mod units;
