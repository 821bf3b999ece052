//! The violations found so far. All of this is cold: a legal history never comes here.

use crate::checker::Violation;
use crate::lifecycle::Invariant;
use std::fmt::Display;

/// So many violations are kept in full; the rest are counted.
const KEPT: usize = 1_000;

/// The violations of a run.
#[derive(Debug, Default)]
pub(super) struct Violations {
    pub kept: Vec<Violation>,
    pub counts: [u64; Invariant::COUNT],
}

impl Violations {
    /// Notes a violation; `detail` is one sentence, and is only written out while violations are kept.
    #[cold]
    pub fn add(&mut self, violation: Violation, detail: impl Display) {
        self.counts[violation.invariant.index()] += 1;
        if self.kept.len() < KEPT {
            let detail = detail.to_string();
            self.kept.push(Violation {
                detail,
                ..violation
            });
        }
    }

    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}
