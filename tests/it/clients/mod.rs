//! The history checker for concurrent clients.

mod crowds;
mod legal;
mod rules;
mod server;
mod told;
