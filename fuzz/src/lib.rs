//! What is done with the bytes that a fuzzer makes: one function a target.
//!
//! A reader may refuse its input, but it neither panics, nor takes long, nor takes much memory; and what it says of itself holds.

mod answers;
mod clients;
mod judges;
mod logs;
mod readers;
mod storms;

pub use answers::{http_answer, keystone_answer};
pub use judges::{checker, service};
pub use logs::logs;
pub use readers::{accepted, clouds, history, journal, request, scenario, script, setting};
pub use storms::storm;
