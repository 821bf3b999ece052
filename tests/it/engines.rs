//! What both engines promise: the same seed gives the same bytes, and memory does not grow with a run.

mod determinism;
mod memory;
