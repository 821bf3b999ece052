//! What an answer claims about the subject, and which invariant a false claim breaks.

use super::super::moves::Statuses;
use super::{Open, Tracker, Violation};
use SubjectStatus::*;
use stormglass_model::lifecycle::{Invariant, Operation, Outcome, SubjectStatus};

/// At some instant between invocation and completion the subject was in one of these.
#[derive(Debug)]
pub(super) struct Claim {
    pub statuses: Statuses,
    /// The operation that must itself have taken the step there, unless the subject was there already.
    pub own: Option<Operation>,
}

const ACTIVE: Statuses = Statuses::one(Active);
const READABLE_BY_ADMIN: Statuses = Statuses::of(&[Some(Active), Some(Deactivated)]);
const DELETED: Statuses = Statuses::of(&[Some(PendingDelete), Some(Deleted)]);

/// What the end of an operation claims. A refusal claims something only where the rules leave no other reason for it: reading
/// data that is there for the reader.
pub(super) fn claim(operation: Option<Operation>, outcome: Outcome) -> Claim {
    let Some(operation) = operation else {
        return nothing();
    };
    match outcome {
        Outcome::Ok => acknowledged(operation),
        Outcome::Refused => match operation {
            Operation::Download | Operation::Export | Operation::Clone => {
                observed(Statuses::EVERY.without(ACTIVE))
            }
            Operation::DownloadAsAdmin => observed(Statuses::EVERY.without(READABLE_BY_ADMIN)),
            _ => nothing(),
        },
        Outcome::Fail | Outcome::Unknown => nothing(),
    }
}

fn acknowledged(operation: Operation) -> Claim {
    let effect = |statuses| Claim {
        statuses,
        own: Some(operation),
    };
    match operation {
        Operation::Create | Operation::CreateWithoutFormat | Operation::CreateWithWrongFormat => {
            effect(Statuses::one(Queued))
        }
        Operation::Stage => effect(Statuses::one(Uploading)),
        Operation::CreateWithLocation
        | Operation::CreateEmpty
        | Operation::AddLocation
        | Operation::Upload
        | Operation::Reactivate => effect(ACTIVE),
        Operation::Deactivate => effect(Statuses::one(Deactivated)),
        Operation::Delete => effect(DELETED),
        Operation::Download | Operation::Export | Operation::Clone => observed(ACTIVE),
        Operation::DownloadAsAdmin => observed(READABLE_BY_ADMIN),
        Operation::AbortUpload
        | Operation::UploadWrongSize
        | Operation::UploadTooLarge
        | Operation::RemoveLocation
        | Operation::ReplaceLocation
        | Operation::RegisterLocation
        | Operation::SetProperty
        | Operation::Protect
        | Operation::Unprotect
        | Operation::Show
        | Operation::Import
        | Operation::ImportStaged => nothing(),
    }
}

fn nothing() -> Claim {
    observed(Statuses::EVERY)
}

fn observed(statuses: Statuses) -> Claim {
    Claim {
        statuses,
        own: None,
    }
}

/// The statuses in which Glance may acknowledge an operation; its answer to a repeated one is ok as well.
pub(super) fn before(operation: Operation) -> Statuses {
    match operation {
        Operation::Create
        | Operation::CreateWithLocation
        | Operation::CreateEmpty
        | Operation::CreateWithoutFormat
        | Operation::CreateWithWrongFormat => Statuses::of(&[None]),
        Operation::Upload
        | Operation::AbortUpload
        | Operation::UploadWrongSize
        | Operation::UploadTooLarge
        | Operation::Stage
        | Operation::RegisterLocation => Statuses::one(Queued),
        Operation::ImportStaged => Statuses::one(Uploading),
        Operation::Import => Statuses::of(&[Some(Queued), Some(Uploading)]),
        Operation::AddLocation | Operation::ReplaceLocation => {
            Statuses::of(&[Some(Queued), Some(Active)])
        }
        Operation::Deactivate | Operation::Reactivate => READABLE_BY_ADMIN,
        Operation::Delete
        | Operation::RemoveLocation
        | Operation::SetProperty
        | Operation::Protect
        | Operation::Unprotect => Statuses::EVERY.without(Statuses::GONE),
        // Judged by what they claim.
        Operation::Show
        | Operation::Download
        | Operation::Export
        | Operation::Clone
        | Operation::DownloadAsAdmin => Statuses::EVERY,
    }
}

/// The invariant that a claim breaks which is true of no status the subject can have been in.
pub(super) fn classify(tracker: &Tracker, ended: &Open, claim: &Claim) -> Violation {
    let reads = ended.operation.is_some_and(Operation::reads);
    let found = claim.statuses;
    let was = ended.during;
    let detail = match ended.operation {
        None => format!("seen {found}, but it was {was}"),
        Some(operation) => format!("the answer to {operation} says {found}, but it was {was}"),
    };
    let invariant = if found == Statuses::GONE {
        Invariant::Conservation // lost
    } else if reads && found.within(READABLE_BY_ADMIN) {
        return Violation::new(
            Invariant::Access,
            format!("data was read while the subject was {was}"),
        );
    } else if reads {
        return Violation::new(
            Invariant::Acknowledged,
            format!("data could not be read while the subject was {was}"),
        );
    } else if was.within(Statuses::GONE) {
        match tracker.delete_acknowledged {
            true => Invariant::Acknowledged,
            false => Invariant::Terminal,
        }
    } else if found == Statuses::one(Saving) && tracker.located {
        Invariant::LocationNeverSaving
    } else if tracker.contents.upload_acknowledged() && !found.contains(Some(Killed)) {
        Invariant::Acknowledged
    } else {
        Invariant::Edge
    };
    Violation::new(invariant, detail)
}
