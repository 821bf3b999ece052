//! Changes of status: the edges, what ends for good, locations, and the scrub time.

use super::breach::Scene;
use super::open::OpenOp;
use super::subject::{Born, Subject};
use super::{Checker, Rules};
use crate::history::{OpId, SubjectId};
use crate::lifecycle::{Invariant, Operation, SubjectStatus, subject_edge};
use crate::operations::OperationKind;
use crate::units::Time;
use SubjectStatus::*;

/// A change of status as the record reports it.
#[derive(Clone, Copy)]
struct Move {
    from: Option<SubjectStatus>,
    to: SubjectStatus,
    at: Time,
    /// What caused it, as it was before; none for the scrubber.
    cause: Option<Cause>,
}

#[derive(Clone, Copy)]
struct Cause {
    id: OpId,
    /// None if no such operation is open.
    op: Option<(Operation, bool)>,
}

impl Checker {
    #[inline]
    pub(super) fn moved(
        &mut self,
        at: Time,
        id: SubjectId,
        from: Option<SubjectStatus>,
        to: SubjectStatus,
        op: Option<OpId>,
    ) {
        let subject = self.subjects.at(id.slot);
        let mut op_open = op.and_then(|op| self.open.find(subject.open, op));
        let change = Move {
            from,
            to,
            at,
            cause: op.map(|id| Cause {
                id,
                op: op_open.as_ref().map(|op| (op.operation, op.holds)),
            }),
        };
        if let Some(invariant) = broken(&self.rules, subject, &change) {
            let scene = Scene::subject(at, id)
                .moving(from.map_or("", SubjectStatus::name), to.name())
                .by(op_open.as_ref().map(|op| op.operation));
            let detail = describe(&self.rules, subject, id, &change, invariant);
            self.breaches
                .add(invariant, scene, format_args!("{detail}"));
        }
        if subject.delete_acknowledged && usable(to) && !restored(&self.rules, from, to) {
            let scene = Scene::subject(at, id).moving(subject.status_name(), to.name());
            self.breaches.add(
                Invariant::Acknowledged,
                scene,
                format_args!(
                    "subject {id} became {to} at {at}, \
 after its delete had been answered with success"
                ),
            );
        }

        let was = subject.status;
        if let Some(op) = op_open.as_mut() {
            note_cause(op, was, to);
        }
        if to == Active {
            note_activation(subject, was, op_open.as_deref());
        }
        subject.status = Some(to);
        subject.since = at;
        let open = subject.open;
        self.open.show(open, to);
        self.totals.moved(was, to);
        if to == PendingDelete {
            let litter = subject.bytes.saturating_sub(subject.kept_bytes());
            self.open.note_litter(open, litter);
        }
        // A scrub has removed what was kept before it says so, whoever else is still at work.
        let scrubbed = (was, to) == (Some(PendingDelete), Deleted);
        if open.is_none() || scrubbed && subject.bytes > self.open.litter(open) {
            self.conserve(at, id);
        }
    }
}

/// The invariant that a change of status breaks, if it breaks one; the first that explains it best.
#[inline]
fn broken(rules: &Rules, subject: &Subject, change: &Move) -> Option<Invariant> {
    if subject.status == Some(Deleted) {
        Some(Invariant::Terminal)
    } else if subject.born == Born::Located && change.to == Saving {
        Some(Invariant::LocationNeverSaving)
    } else if !is_edge(rules, subject, change) {
        Some(Invariant::Edge)
    } else if is_early_scrub(rules, subject, change) {
        Some(Invariant::ScrubTime)
    } else {
        None
    }
}

/// Invariant `edge`: it starts where the subject is, the profile allows it, and its cause is one that takes it.
#[inline]
fn is_edge(rules: &Rules, subject: &Subject, change: &Move) -> bool {
    subject.status == change.from
        && subject_edge(rules.profile, change.from, change.to).is_some()
        && is_cause(change)
}

/// Invariant `scrub-time`. An early removal of the data was reported already, and is the same breach.
#[inline]
fn is_early_scrub(rules: &Rules, subject: &Subject, change: &Move) -> bool {
    subject.status == Some(PendingDelete)
        && change.to == Deleted
        && !subject.scrub_blamed
        && change.at.since(subject.since) < rules.scrub_time
}

/// Whether the lifecycle's "when" of an edge fits what caused it: an open operation that takes such edges, or
/// the scrubber. The ends of an upload belong to the upload that began.
#[inline]
fn is_cause(change: &Move) -> bool {
    let Some(cause) = change.cause else {
        return (change.from, change.to) == (Some(PendingDelete), Deleted);
    };
    let Some((operation, holds)) = cause.op else {
        return false;
    };
    let kind = operation.kind();
    let writes = matches!(kind, OperationKind::Upload(_) | OperationKind::Import);
    match change.to {
        Queued => match change.from {
            None => kind.creates(),
            Some(_) => holds,
        },
        Saving => writes,
        Active => match change.from {
            Some(Saving) => holds && kind.may_succeed(),
            Some(Deactivated) => kind == OperationKind::Reactivate,
            Some(_) | None => matches!(
                kind,
                OperationKind::AddLocation
                    | OperationKind::CreateWithLocation
                    | OperationKind::CreateEmpty
            ),
        },
        Killed => holds,
        Deactivated => kind == OperationKind::Deactivate,
        PendingDelete => kind == OperationKind::Delete,
        Deleted => kind == OperationKind::Delete && change.from != Some(PendingDelete),
        Uploading | Importing => writes,
    }
}

/// Whether a client could do anything with a subject in this status.
fn usable(status: SubjectStatus) -> bool {
    match status {
        Queued | Saving | Active | Deactivated | Uploading | Importing => true,
        Killed | PendingDelete | Deleted => false,
    }
}

/// A profile may allow a pending delete to be taken back; what was acknowledged is then undone by an admin.
fn restored(rules: &Rules, from: Option<SubjectStatus>, to: SubjectStatus) -> bool {
    from == Some(PendingDelete) && subject_edge(rules.profile, from, to).is_some()
}

/// What an operation has done by causing a change.
#[inline]
fn note_cause(op: &mut OpenOp, was: Option<SubjectStatus>, to: SubjectStatus) {
    op.moved = true;
    match to {
        Saving => op.holds = true,
        Queued if was.is_some() => op.holds = false,
        Killed => op.holds = false,
        Queued | Active | Deactivated | PendingDelete | Deleted | Uploading | Importing => {
            op.holds = false;
            op.activated |= to == Active;
            op.effect = true;
        }
    }
}

/// Where the data of a subject lies that has just become active.
#[inline]
fn note_activation(subject: &mut Subject, was: Option<SubjectStatus>, cause: Option<&OpenOp>) {
    if was == Some(Saving) {
        subject.uploaded = true;
        subject.content_known = false;
        subject.content.size = cause.map_or(subject.bytes, |op| op.bytes);
    } else if cause.is_some_and(|op| op.operation.kind() == OperationKind::CreateEmpty) {
        subject.born = Born::Empty;
    }
}

#[cold]
fn describe(
    rules: &Rules,
    subject: &Subject,
    id: SubjectId,
    change: &Move,
    invariant: Invariant,
) -> String {
    let Move { from, to, at, .. } = *change;
    let was = subject.status.map_or("not there yet", SubjectStatus::name);
    let claim = from.map_or("nothing", SubjectStatus::name);
    let since = subject.since;
    match invariant {
        Invariant::Terminal => {
            format!("subject {id} became {to} at {at}, but had been deleted since {since}")
        }
        Invariant::LocationNeverSaving => {
            format!("subject {id} was created with a location and became saving at {at}")
        }
        Invariant::ScrubTime => format!(
            "subject {id} was scrubbed at {at}, {} after its delete at {since}; \
 the scrub time is {}",
            at.since(since),
            rules.scrub_time
        ),
        _ if subject.status != from => format!(
            "subject {id} went from {claim} to {to} at {at}, but it was {was} since {since}"
        ),
        _ if subject_edge(rules.profile, from, to).is_none() => format!(
            "subject {id} went from {claim} to {to} at {at}, which profile {} does not allow",
            rules.profile
        ),
        _ => format!(
            "subject {id} went from {claim} to {to} at {at} because of {}, \
 which takes no such edge",
            match change.cause {
                None => "no operation".to_owned(),
                Some(Cause { id, op: None }) => format!("operation {}, which is not open", id.0),
                Some(Cause {
                    id,
                    op: Some((operation, _)),
                }) => format!("{operation} {}", id.0),
            }
        ),
    }
}
