//! What both engines promise: the same seed gives the same bytes, memory does not grow with a run, and runs end.

mod determinism;
mod ends;
mod memory;
mod quantiles;
