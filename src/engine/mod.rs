//! The engines: the only part that knows actix. Cores here are pure; two small shells carry messages to
//! them, one through live mailboxes and one in virtual time.

mod actor;
mod actor_table;
mod calendar;
mod cells;
pub mod clock;
mod driver;
mod glance;
mod lengths;
mod live;
mod memory;
mod nemesis;
mod outlook;
mod progress;
mod recorder;
mod run;
mod run_checker;
mod storm;
#[cfg(test)]
mod tests;
pub mod virtual_time;

#[cfg(feature = "otlp")]
pub use clock::unix_time;
pub use clock::{WallClock, cpu_time};
pub use driver::fraction_sent;
pub use glance::enters;
pub use progress::{Progress, SweepProgress};
pub use run::{Enough, RunError, RunOptions, run};
