//! One script, run once, and what is wrong with what was seen.

use super::cause::{Cause, cause, severity};
use stormglass_glance::Exchange;
use stormglass_model::checker::concurrent::{self, Rules, Severity, SubjectViolation, Symptom};
use stormglass_model::history::{Observation, OpId, SubjectHistory};
use stormglass_model::lifecycle::{Outcome, Verdict};
use stormglass_model::script::Script;

/// A violation with its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caused {
    /// Why it is there.
    pub cause: Cause,
    /// How bad it is, by what follows from it.
    pub severity: Severity,
    /// What is wrong.
    pub violation: SubjectViolation,
}

/// One script, run once on a subject of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The script.
    pub script: Script,
    /// What the clients and the probe saw.
    pub history: SubjectHistory,
    /// What is wrong with it.
    pub violations: Vec<Caused>,
    /// Whether it could be judged.
    pub verdict: Verdict,
    /// What went over the wire; empty on the embedded service.
    pub exchanges: Vec<Exchange>,
    /// The image; empty on the embedded service.
    pub image: String,
}

impl Trial {
    /// What a history shows by these rules, when a script came to it.
    pub fn judged(script: &Script, history: SubjectHistory, rules: &Rules) -> Trial {
        let judgement = concurrent::judge(&history, rules);
        Trial::new(script, history, judgement.violations, judgement.verdict)
    }

    /// A trial without a server. What has one cause and became certain at one instant is one thing seen from several sides, so only
    /// the worst of it is kept.
    pub(super) fn new(
        script: &Script,
        history: SubjectHistory,
        violations: Vec<SubjectViolation>,
        verdict: Verdict,
    ) -> Trial {
        let happened = history.happened();
        let mut worst: Vec<Caused> = Vec::new();
        for violation in violations {
            let caused = Caused {
                cause: cause(&happened, &violation),
                severity: severity(&happened, &violation),
                violation,
            };
            let rank = |one: &Caused| (one.severity, one.violation.symptom);
            let same = |one: &&mut Caused| {
                (one.cause, one.violation.at) == (caused.cause, caused.violation.at)
            };
            match worst.iter_mut().find(same) {
                None => worst.push(caused),
                Some(other) if rank(&caused) < rank(other) => *other = caused,
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

    /// Whether a create of it was acknowledged.
    pub(super) fn has_created(&self) -> bool {
        let events = || self.history.events.iter();
        let creates = |op: OpId| {
            events().any(|event| match event.observation {
                Observation::Invoked {
                    op: sent,
                    operation,
                    ..
                } => sent == op && operation.creates(),
                _ => false,
            })
        };
        events().any(|event| match event.observation {
            Observation::Answered { op, ending } => ending.outcome == Outcome::Ok && creates(op),
            _ => false,
        })
    }

    /// How it shows what a cause looks like.
    pub(super) fn shows(&self, sign: &(Cause, Severity, Symptom)) -> Option<&Caused> {
        let same = |one: &&Caused| (one.cause, one.severity, one.violation.symptom) == *sign;
        self.violations.iter().find(same)
    }
}
