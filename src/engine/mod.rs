//! The engines: the only part that knows actix. Cores here are pure; two small shells carry messages to
//! them, one through live mailboxes and one in virtual time.

mod actor;
mod actor_table;
mod calendar;
pub mod clock;
mod driver;
pub mod glance;
mod judge;
pub mod live;
mod nemesis;
pub mod progress;
mod recorder;
pub mod run;
mod storm;
#[cfg(test)]
mod tests;
pub mod virtual_time;
