//! The history checker for concurrent clients.

mod cost;
mod crowds;
mod explored;
mod legal;
mod probes;
mod reference;
mod rules;
mod server;
mod told;
