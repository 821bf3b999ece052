//! The one integration binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say where, in its helpers as well"
)]

mod advise;
mod arrivals;
mod auth;
mod averages;
mod bucket;
mod calibrate;
mod capacity;
mod checker;
mod cli;
mod client;
mod clients;
mod compare;
mod doors;
mod engines;
mod findings;
mod glance;
mod histories;
mod hostile;
mod intake;
mod learn;
mod liar;
mod lists;
#[cfg(feature = "parquet")]
mod parquet;
mod probe;
mod process;
mod record;
mod report;
mod safety;
mod scenario;
mod schema;
mod serve;
mod simulated;
mod storms;
mod survive;
mod sweep;
mod tidy;
mod values;
