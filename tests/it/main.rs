//! The one integration binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say where, in its helpers as well"
)]

mod auth;
mod checker;
mod cli;
mod engines;
mod glance;
mod hostile;
mod liar;
mod report;
mod scenario;
mod storms;
mod tidy;
