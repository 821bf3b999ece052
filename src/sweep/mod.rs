//! The sweep: every pair of operations, and every fault, at every point of one subject's life, to find what is wrong in a server.
//!
//! [`plan`] says what is worth trying; a [`TestBed`] runs scripts, on a real Glance or on the embedded service, and gives what was seen and
//! what the history checker says of it; the [`Ledger`] makes distinct findings of the violations; `shrink` looks for
//! the shortest script that still shows each; `schedule` spends the time. Nothing here prints.

mod accepted;
mod cause;
mod embedded;
mod finding;
mod glance;
mod ledger;
mod month;
mod plan;
mod schedule;
mod shares;
mod shrink;
mod trial;

pub use accepted::Accepted;
pub use cause::{Cause, Mechanism};
pub use embedded::EmbeddedTestBed;
pub use finding::{FamilyTally, Finding, Interval, Month, SweepResult, Tally, Variant};
pub(crate) use finding::{operations, races, shows_locations};
pub use glance::{GlanceTestBed, TestBedError};
pub use month::{Traffic, meets};
pub use plan::{Capabilities, Family, plan};
pub use trial::{Caused, Trial};
#[cfg(test)]
mod tests;

pub use schedule::{Budget, again, sweep};

use stormglass_model::checker::concurrent::Rules;
use stormglass_model::script::{Script, Second, Step};

/// Whether a script does something to the server. Nothing else is run meanwhile.
pub fn runs_commands(script: &Script) -> bool {
    let alone = |step: &Step| matches!(step, Step::Run(_));
    let beside = |(_, _, second)| matches!(second, &Second::Command(_));
    script.steps().iter().any(alone) || races(script).any(beside)
}

/// What scripts are run on.
pub trait TestBed {
    /// Runs each of the scripts once, some at the same time, and judges them. `round` makes the jitter of one call differ from that of
    /// another. Gives the trials in the order of the scripts; fewer when it was told to stop.
    fn run(&mut self, scripts: &[Script], round: u64) -> Vec<Trial>;
    /// Whether the run was told to stop, or the server is gone for good.
    fn is_over(&self) -> bool;
    /// What histories are judged by.
    fn rules(&self) -> Rules;
}
