//! Violations of invariants, and those found so far. All of this is cold: a legal history never comes here.

use crate::lifecycle::{Invariant, Operation};
use crate::units::Time;
use std::fmt::Display;

/// Something that must never happen, and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When.
    pub at: Time,
    /// To which subject, by its number; none when it concerns the whole.
    pub subject: Option<u64>,
    /// What was broken.
    pub invariant: Invariant,
    /// The status before, where there is one.
    pub from: &'static str,
    /// The status after, where there is one.
    pub to: &'static str,
    /// The operation concerned, where there is one.
    pub operation: Option<Operation>,
    /// One sentence for a person.
    pub detail: String,
}

impl Violation {
    /// One of a subject, or of the whole, of which nothing else is known yet.
    pub(super) const fn of(invariant: Invariant, at: Time, subject: Option<u64>) -> Violation {
        Violation {
            at,
            subject,
            invariant,
            from: "",
            to: "",
            operation: None,
            detail: String::new(),
        }
    }

    pub(super) const fn from(mut self, status: &'static str) -> Violation {
        self.from = status;
        self
    }

    pub(super) const fn to(mut self, status: &'static str) -> Violation {
        self.to = status;
        self
    }

    pub(super) const fn by(mut self, operation: Option<Operation>) -> Violation {
        self.operation = operation;
        self
    }
}

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
