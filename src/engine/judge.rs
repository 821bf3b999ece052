//! Who says whether a run is right: the checker, or a target that judges for itself.

use stormglass_model::checker::Violation;
use stormglass_model::checker::online::{Checker, Judgement};
use stormglass_model::lifecycle::{Invariant, Verdict};
use stormglass_model::units::Time;

/// Who says whether the run is right.
pub(super) enum Judge {
    /// The checker, from the history: the embedded service tells everything.
    Checker(Box<Checker>),
    /// The target: what a real server did is known only from its answers.
    Target(Judgement),
}

/// Violations of a target that are kept in full.
const KEPT: usize = 1_000;

/// A judgement that nothing speaks against yet.
pub(super) fn nothing_found() -> Judgement {
    Judgement {
        verdict: Verdict::Valid,
        unknown_because: None,
        violations: Vec::new(),
        counts: [0; Invariant::COUNT],
    }
}

impl Judge {
    /// A target found these.
    pub(super) fn told(&mut self, violations: Vec<Violation>) {
        let Judge::Target(judgement) = self else {
            return;
        };
        for violation in violations {
            judgement.verdict = Verdict::Invalid;
            judgement.counts[violation.invariant.index()] += 1;
            if judgement.violations.len() < KEPT {
                judgement.violations.push(violation);
            }
        }
    }

    /// How many violations there were so far.
    pub(super) fn violation_total(&self) -> u64 {
        match self {
            Judge::Checker(checker) => checker.violation_total(),
            Judge::Target(judgement) => judgement.counts.iter().sum(),
        }
    }

    /// The run is over, with so many operations still open.
    pub(super) fn finish(self, at: Time, in_flight: u64) -> Judgement {
        match self {
            Judge::Checker(checker) => checker.finish(at),
            Judge::Target(mut judgement) => {
                if in_flight > 0 {
                    judgement.verdict = judgement.verdict.worst(Verdict::Unknown);
                    let because = format!("{in_flight} operations still open at the end");
                    judgement.unknown_because = Some(because);
                }
                judgement
            }
        }
    }
}
