//! The sweep: every pair of operations, and every fault, at every point of one subject's life, to find what is wrong in a server.
//!
//! [`plan`] says what is worth trying; a [`TestBed`] runs scripts, on a real Glance or on the embedded service, and gives what was seen and
//! what the history checker says of it; the [`Ledger`] makes distinct findings of the violations; `shrink` looks for
//! the shortest script that still shows each; `schedule` spends the time. Nothing here prints.

mod accepted;
mod embedded;
mod finding;
mod glance;
mod ledger;
mod plan;
mod schedule;
mod shares;
mod shrink;

pub use accepted::Accepted;
pub use embedded::EmbeddedTestBed;
pub(crate) use finding::races;
pub use finding::{FamilyTally, Finding, FindingKey, SweepResult, Tally};
pub use glance::{GlanceTestBed, TestBedError};
pub use plan::{Capabilities, Family, plan};
#[cfg(test)]
mod tests;

pub use schedule::{Budget, again, sweep};

use stormglass_glance::Exchange;
use stormglass_model::checker::concurrent::SubjectViolation;
use stormglass_model::history::SubjectHistory;
use stormglass_model::lifecycle::Verdict;
use stormglass_model::script::{Script, Second, Step};

/// One script, run once on a subject of its own.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The script.
    pub script: Script,
    /// What the clients and the probe saw.
    pub history: SubjectHistory,
    /// What is wrong with it.
    pub violations: Vec<SubjectViolation>,
    /// Whether it could be judged.
    pub verdict: Verdict,
    /// What went over the wire; empty on the embedded service.
    pub exchanges: Vec<Exchange>,
    /// The image; empty on the embedded service.
    pub image: String,
}

impl Trial {
    /// A trial without a server. What became certain at one instant is one thing seen from several sides, so only the worst of it
    /// is kept.
    fn new(
        script: &Script,
        history: SubjectHistory,
        violations: Vec<SubjectViolation>,
        verdict: Verdict,
    ) -> Trial {
        let mut worst: Vec<SubjectViolation> = Vec::new();
        for violation in violations {
            let rank =
                |violation: &SubjectViolation| (violation.symptom.severity(), violation.symptom);
            match worst.iter_mut().find(|other| other.at == violation.at) {
                None => worst.push(violation),
                Some(other) if rank(&violation) < rank(other) => *other = violation,
                Some(_) => {}
            }
        }
        Trial {
            script: script.clone(),
            history,
            violations: worst,
            verdict,
            exchanges: Vec::new(),
            image: String::new(),
        }
    }

    /// How it shows a violation, whoever was at work.
    fn violation(&self, raw: &FindingKey) -> Option<&SubjectViolation> {
        let same = |violation: &&SubjectViolation| {
            (violation.symptom, violation.invariant) == (raw.symptom, raw.invariant)
        };
        self.violations.iter().find(same)
    }
}

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
}
