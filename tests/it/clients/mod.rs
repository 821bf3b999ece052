//! The history checker for concurrent clients.

mod alarms;
mod copies;
mod crowds;
mod explored;
mod falsified;
mod legal;
mod local;
mod probes;
mod property;
mod proven;
mod reference;
mod refused;
mod rules;
mod served;
pub mod server;
mod sharing;
mod sources;
mod written;
