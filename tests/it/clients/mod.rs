//! The history checker for concurrent clients.

mod rules;
mod told;
