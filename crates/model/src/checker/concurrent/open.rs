//! An operation as it is followed, and what answers make known beside the states.

use super::plan::{Plan, Way};
use super::state::Holds;
use crate::history::{Content, OpId};
use crate::lifecycle::{Operation, Statuses, SubjectStatus, Who};
use crate::operations::{DataFrom, OperationKind};
use crate::units::{Span, Time};

/// How long a client waits before it may give up, and a subject is in the middle of something before it is believed that nobody will
/// bring it to an end.
pub(super) const PATIENCE: Span = Span::from_secs(5);

/// An operation that may still act, or that has not been answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub id: OpId,
    pub operation: Operation,
    pub who: Who,
    pub spoiled: bool,
    /// When it was sent.
    pub sent: Time,
    /// Its client waited for long, and gave up.
    pub given_up: bool,
    /// How it ends, and what it may do until then.
    pub way: Way,
    pub plan: Plan,
    /// What it brings when it is done.
    pub brings: Holds,
    /// Whether what it brings is known: on a real server, once all of it was sent.
    pub sent_all: bool,
    /// What its answer tells of an instant, if it does.
    pub claim: Option<Claim>,
    pub standing: Standing,
    /// Nobody else has waited for anything since it was sent.
    pub alone: bool,
    /// How often something had been broken when it was sent, and whether it still was.
    pub breaks: u32,
    pub broken: bool,
    /// The subject was protected for certain when it was sent, and is; a protect of its own: nothing takes it back meanwhile.
    pub protected: bool,
}

/// At some instant of the operation the subject was in one of these statuses, with this data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub statuses: Statuses,
    /// None where the data does not matter.
    pub content: Option<Content>,
    /// Whose that is, as far as is known.
    pub data: Option<Holds>,
    /// Data that is unknown or empty, or being deleted, explains the answer as well.
    pub lenient: bool,
}

/// Why an operation may still act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its client waits for the answer.
    Waits,
    /// Nobody knows what became of it.
    Unknown,
    /// It was accepted, and is done later.
    Accepted,
    /// It failed, and may not have cleaned up yet.
    Failed,
}

/// What the answers so far have made known beside the states.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    pub deleted: bool,
    pub gone: bool,
    pub uploaded: bool,
    pub changed: bool,
    pub staged: bool,
    /// Data may have been staged.
    pub staging_unknown: bool,
    pub located: bool,
    /// Locations were replaced or taken away, or on a real Glance added: it reads whichever it likes, so the data may be other data.
    pub moved: bool,
    pub protected: bool,
    /// It may be protected, for all that is known.
    pub may_be_protected: bool,
    /// Another project may be a member of it, for all that is known.
    pub may_be_shared: bool,
    /// A copy to another store may have begun.
    pub may_be_copied: bool,
    /// Something that makes no change may have been done or not, or be done yet.
    pub unsettled: bool,
    /// One who may not change the subject has tried to.
    pub trespassed: bool,
    /// Whether protection may be taken back at any time.
    pub unprotecting: bool,
    /// The tasks of all imports have ended, and no import was asked for since.
    pub tasks_ended: bool,
    /// When the last delete was sent of which nobody knows what became.
    pub deleting: Option<Time>,
    /// The last event was a look that showed this, while nobody waited for anything.
    pub last_look: Option<(Time, SubjectStatus)>,
    /// Since when every look has shown the subject in the middle of this, while nothing but looks was sent.
    pub busy: Option<(Time, SubjectStatus)>,
    /// It was in the middle of this, though everything that can have brought it there had been answered.
    pub late: Option<SubjectStatus>,
    /// It was given up by its client: the server may be slow, or hang.
    pub given_up: Option<Operation>,
    /// It was so for long, and an operation of unknown end may have been at work.
    pub slow: Option<SubjectStatus>,
}

/// Whether it would change the subject, and is done by one who may not.
pub(super) fn trespasses(operation: Operation, who: Who) -> bool {
    let kind = operation.kind();
    !kind.looks() && !kind.allows(who)
}

/// Whether what its answer calls content is what it brought, and not what it found.
pub(super) fn brings_data(operation: Operation) -> bool {
    let row = operation.row();
    row.data == DataFrom::Client || row.by_task || row.kind == OperationKind::CreateEmpty
}

/// An operation that may make any of its changes at any time, as often as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Loose {
    pub plan: Plan,
    pub brings: Holds,
}
