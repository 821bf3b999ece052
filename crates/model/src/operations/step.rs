//! How an operation changes its subject: one step at a time, each along an edge of the lifecycle.

use crate::lifecycle::{Profile, SubjectStatus, subject_edge};
use SubjectStatus::*;

/// How far an operation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Phase {
    /// It has changed nothing yet.
    Waiting,
    /// It holds the subject: nobody else may take it on.
    Holding,
    /// It is done.
    Done,
    /// It failed, and has taken back what it had begun.
    Failed,
    /// It holds the subject in its second status.
    Further,
}

/// What a step does to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contents {
    /// It is what it was.
    Stay,
    /// It is what the operation brings.
    Come,
    /// There is none.
    Go,
}

/// One step of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// How far the operation has come before it.
    pub phase: Phase,
    /// The status before; none when the subject comes into being.
    pub from: Option<SubjectStatus>,
    /// The status after.
    pub to: SubjectStatus,
    /// How far the operation has come then.
    pub next: Phase,
    /// What becomes of the data.
    pub contents: Contents,
    /// Whether the subject must have been there at some instant of the operation before.
    pub looked: bool,
    on: On,
}

/// Which servers take a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum On {
    Both,
    Service,
    Glance,
}

/// A step along an edge; the data stays where the status keeps it.
pub(super) const fn step(
    phase: Phase,
    from: SubjectStatus,
    to: SubjectStatus,
    next: Phase,
) -> Step {
    let contents = match to {
        Queued | Killed | Deleted | Saving => Contents::Go,
        Active | Deactivated | PendingDelete | Uploading | Importing => Contents::Stay,
    };
    Step {
        phase,
        from: Some(from),
        to,
        next,
        contents,
        looked: false,
        on: On::Both,
    }
}

/// The whole of an operation in one step.
pub(super) const fn done(from: SubjectStatus, to: SubjectStatus) -> Step {
    step(Phase::Waiting, from, to, Phase::Done)
}

/// A step that brings the subject into being.
pub(super) const fn register(to: SubjectStatus, next: Phase) -> Step {
    Step {
        from: None,
        ..step(Phase::Waiting, to, to, next)
    }
}

/// A delete of what is deleted: two at once may both find it there, and both say that it is gone.
pub(super) const fn again(status: SubjectStatus) -> Step {
    Step {
        looked: true,
        contents: Contents::Stay,
        ..done(status, status).on_glance()
    }
}

impl Step {
    /// The same, and the data comes in.
    pub(super) const fn brings(self) -> Step {
        Step {
            contents: Contents::Come,
            ..self
        }
    }

    /// The same, on the embedded service alone: it answers when all is done.
    pub(super) const fn on_service(self) -> Step {
        Step {
            on: On::Service,
            ..self
        }
    }

    /// The same, on a real Glance alone: some operations are several requests, some go on after their answer, and to repeat a
    /// change is no mistake.
    pub(super) const fn on_glance(self) -> Step {
        Step {
            on: On::Glance,
            ..self
        }
    }

    /// Whether a server of this profile may take it. What a delete makes of an active subject depends on whether deletes are delayed;
    /// none where that is not known.
    pub(super) fn is_legal(&self, profile: Profile, delayed: Option<bool>) -> bool {
        let here = match self.on {
            On::Both => true,
            On::Service => profile != Profile::Glance,
            On::Glance => profile == Profile::Glance,
        };
        let known = match (self.from, self.to) {
            (Some(Active), Deleted) => delayed != Some(true),
            (Some(Active), PendingDelete) => delayed != Some(false),
            _ => true,
        };
        let edge = match self.from {
            Some(from) if from == self.to => true,
            // Registered and active in one instant.
            None if self.to == Active => subject_edge(profile, Some(Queued), Active).is_some(),
            from => subject_edge(profile, from, self.to).is_some(),
        };
        here && known && edge
    }
}
