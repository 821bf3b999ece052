//! The engines: the only floor that knows actix. Cores here are pure; two small shells carry messages to
//! them, one through live mailboxes and one in virtual time.

mod actor;
mod calendar;
mod cast;
pub mod clock;
mod driver;
mod judge;
pub mod live;
mod nemesis;
mod recorder;
mod storm;
#[cfg(test)]
mod tests;
pub mod virtual_time;
