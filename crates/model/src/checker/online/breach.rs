//! The violations found so far. All of this is cold: a legal history never comes here.

use crate::checker::Violation;
use crate::history::SubjectId;
use crate::lifecycle::{Invariant, Operation};
use crate::units::Time;
use std::fmt;

/// So many violations are kept in full; the rest are counted.
const KEPT: usize = 1_000;

/// Where and when an invariant was broken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    at: Time,
    subject: Option<u64>,
    from: &'static str,
    to: &'static str,
    operation: Option<Operation>,
}

impl Scene {
    /// It concerns one subject.
    pub fn subject(at: Time, id: SubjectId) -> Scene {
        Scene::number(at, id.number)
    }

    /// It concerns the subject with this number.
    pub fn number(at: Time, number: u64) -> Scene {
        Scene {
            subject: Some(number),
            ..Scene::whole(at)
        }
    }

    /// It concerns the whole.
    pub fn whole(at: Time) -> Scene {
        Scene {
            at,
            subject: None,
            from: "",
            to: "",
            operation: None,
        }
    }

    /// From one status to another; either may be empty.
    pub fn moving(self, from: &'static str, to: &'static str) -> Scene {
        Scene { from, to, ..self }
    }

    /// In a status.
    pub fn in_status(self, from: &'static str) -> Scene {
        Scene { from, ..self }
    }

    /// Because of an operation.
    pub fn by(self, operation: impl Into<Option<Operation>>) -> Scene {
        Scene {
            operation: operation.into(),
            ..self
        }
    }
}

/// The violations of a run.
#[derive(Debug, Default)]
pub(super) struct Breaches {
    pub kept: Vec<Violation>,
    pub counts: [u64; Invariant::COUNT],
}

impl Breaches {
    /// Notes a violation; `detail` is one sentence, and is only written out while violations are kept.
    #[cold]
    pub fn add(&mut self, invariant: Invariant, scene: Scene, detail: fmt::Arguments<'_>) {
        self.counts[invariant.index()] += 1;
        if self.kept.len() < KEPT {
            self.kept.push(Violation {
                at: scene.at,
                subject: scene.subject,
                invariant,
                from: scene.from,
                to: scene.to,
                operation: scene.operation,
                detail: detail.to_string(),
            });
        }
    }

    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}
