//! How an operation changes its subject: one change at a time, each along an edge of the lifecycle.

use crate::lifecycle::{Profile, SubjectStatus, subject_edge};
use SubjectStatus::*;

/// How far an operation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Extent {
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

/// What a change does to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contents {
    /// It is what it was.
    Stay,
    /// It is what the operation brings.
    Come,
    /// There is none.
    Go,
}

/// One change that an operation may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// How far the operation has come before it.
    pub extent: Extent,
    /// The status before; none when the subject comes into being.
    pub from: Option<SubjectStatus>,
    /// The status after.
    pub to: SubjectStatus,
    /// How far the operation has come then.
    pub next: Extent,
    /// What becomes of the data.
    pub contents: Contents,
    /// Whether the subject must have been there at some instant of the operation before.
    pub looked: bool,
    on: On,
}

/// Which servers take a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum On {
    Both,
    Service,
    Glance,
}

/// A change along an edge; the data stays where the status keeps it.
pub(crate) const fn change(
    extent: Extent,
    from: SubjectStatus,
    to: SubjectStatus,
    next: Extent,
) -> Change {
    let contents = match to {
        Queued | Killed | Deleted | Saving => Contents::Go,
        Active | Deactivated | PendingDelete | Uploading | Importing => Contents::Stay,
    };
    Change {
        extent,
        from: Some(from),
        to,
        next,
        contents,
        looked: false,
        on: On::Both,
    }
}

/// The whole of an operation in one change.
pub(super) const fn done(from: SubjectStatus, to: SubjectStatus) -> Change {
    change(Extent::Waiting, from, to, Extent::Done)
}

/// A change that brings the subject into being.
pub(super) const fn register(to: SubjectStatus, next: Extent) -> Change {
    Change {
        from: None,
        ..change(Extent::Waiting, to, to, next)
    }
}

/// A delete of what is deleted: two at once may both find it there, and both say that it is gone.
pub(super) const fn again(status: SubjectStatus) -> Change {
    Change {
        looked: true,
        contents: Contents::Stay,
        ..done(status, status).on_glance()
    }
}

impl Change {
    /// The same, and the data comes in.
    pub(super) const fn brings(mut self) -> Change {
        self.contents = Contents::Come;
        self
    }

    /// The same, on the embedded service alone: it answers when all is done.
    pub(super) const fn on_service(mut self) -> Change {
        self.on = On::Service;
        self
    }

    /// The same, on a real Glance alone: some operations are several requests, some go on after their answer, and to repeat a
    /// change is no mistake.
    pub(super) const fn on_glance(mut self) -> Change {
        self.on = On::Glance;
        self
    }

    /// Whether a server of this profile may make it. What a delete makes of an active subject depends on whether deletes are delayed;
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
