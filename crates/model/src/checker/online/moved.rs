//! Changes of status: the edges, what ends for good, locations, and the scrub time.

use super::open::OpenOp;
use super::subject::{Born, Subject};
use super::{Checker, Rules, Violation};
use crate::history::{OpId, SubjectId};
use crate::lifecycle::{Invariant, Statuses, SubjectStatus, subject_edge};
use crate::operations::OperationKind;
use crate::units::Time;
use SubjectStatus::*;

/// A change of status as the record reports it.
#[derive(Clone, Copy)]
struct Move<'a> {
    id: SubjectId,
    from: Option<SubjectStatus>,
    to: SubjectStatus,
    at: Time,
    /// What caused it; none for the scrubber.
    cause: Option<OpId>,
    /// The same as it was before; none if no such operation is open.
    op: Option<&'a OpenOp>,
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
            id,
            from,
            to,
            at,
            cause: op,
            op: op_open.as_deref(),
        };
        if let Some((invariant, detail)) = broken(&self.rules, subject, &change) {
            let violation = Violation::of(invariant, at, Some(id.number))
                .from(from.map_or("", SubjectStatus::name))
                .to(to.name())
                .by(change.op.map(|op| op.operation));
            self.violations.add(violation, detail);
        }
        if subject.delete_acknowledged && usable(to) && !restored(&self.rules, from, to) {
            let violation = Violation::of(Invariant::Acknowledged, at, Some(id.number));
            self.violations.add(
                violation.from(subject.status_name()).to(to.name()),
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
        self.totals.moved(was, to);
        let litter = subject.bytes.saturating_sub(subject.kept_bytes());
        self.open.for_each(open, |op| {
            op.seen = op.seen.or(Statuses::only(Some(to)));
            if to == PendingDelete {
                op.litter = litter;
            }
        });
        // A scrub has removed what was kept before it says so, whoever else is still at work.
        let scrubbed = (was, to) == (Some(PendingDelete), Deleted);
        if open.is_none() || scrubbed && subject.bytes > self.open.litter(open) {
            self.conserve(at, id);
        }
    }
}

/// The invariant that a change of status breaks, if it breaks one, and how; the first that explains it best.
#[inline]
fn broken(rules: &Rules, subject: &Subject, change: &Move) -> Option<(Invariant, String)> {
    let Move {
        id, from, to, at, ..
    } = *change;
    let (since, profile) = (subject.since, rules.profile);
    let went = || {
        let claim = from.map_or("nothing", SubjectStatus::name);
        format!("subject {id} went from {claim} to {to} at {at}")
    };
    Some(if subject.status == Some(Deleted) {
        let detail =
            format!("subject {id} became {to} at {at}, but had been deleted since {since}");
        (Invariant::Terminal, detail)
    } else if subject.born == Born::Located && to == Saving {
        let detail = format!("subject {id} was created with a location and became saving at {at}");
        (Invariant::LocationNeverSaving, detail)
    } else if subject.status != from {
        let was = subject.status.map_or("not there yet", SubjectStatus::name);
        let detail = format!("{}, but it was {was} since {since}", went());
        (Invariant::Edge, detail)
    } else if subject_edge(profile, from, to).is_none() {
        let detail = format!("{}, which profile {profile} does not allow", went());
        (Invariant::Edge, detail)
    } else if !is_cause(change) {
        let cause = match (change.cause, change.op) {
            (None, _) => "no operation".to_owned(),
            (Some(id), None) => format!("operation {}, which is not open", id.0),
            (Some(id), Some(op)) => format!("{} {}", op.operation, id.0),
        };
        let detail = format!("{} because of {cause}, which takes no such edge", went());
        (Invariant::Edge, detail)
    } else if is_early_scrub(rules, subject, change) {
        let detail = format!(
            "subject {id} was scrubbed at {at}, {} after its delete at {since}; \
 the scrub time is {}",
            at.since(since),
            rules.scrub_time
        );
        (Invariant::ScrubTime, detail)
    } else {
        return None;
    })
}

/// Invariant `scrub-time`. An early removal of the data was reported already, and is the same violation.
#[inline]
fn is_early_scrub(rules: &Rules, subject: &Subject, change: &Move) -> bool {
    subject.status == Some(PendingDelete)
        && change.to == Deleted
        && !subject.scrub_blamed
        && change.at.since(subject.since) < rules.scrub_time
}

/// Invariant `edge`, further: whether the lifecycle's "when" of an edge fits what caused it, an open operation that takes such
/// edges, or the scrubber. The ends of an upload belong to the upload that began.
#[inline]
fn is_cause(change: &Move) -> bool {
    if change.cause.is_none() {
        return (change.from, change.to) == (Some(PendingDelete), Deleted);
    }
    let Some(&OpenOp {
        operation, holds, ..
    }) = change.op
    else {
        return false;
    };
    let kind = operation.kind();
    let imports = matches!(
        kind,
        OperationKind::Import(_) | OperationKind::ImportStaged | OperationKind::RegisterLocation(_)
    );
    match change.to {
        Queued => match change.from {
            None => kind.creates(),
            // Of a task that could not begin.
            Some(Uploading) if kind == OperationKind::ImportStaged => true,
            Some(_) => holds,
        },
        Saving => matches!(kind, OperationKind::Upload(_) | OperationKind::Import(_)),
        Active => match change.from {
            Some(Saving | Importing) => holds && kind.may_succeed(),
            Some(Deactivated) => kind == OperationKind::Reactivate,
            Some(_) | None => matches!(
                kind,
                OperationKind::AddLocation(_)
                    | OperationKind::CreateWithLocation
                    | OperationKind::CreateEmpty
            ),
        },
        Killed => holds,
        Deactivated => kind == OperationKind::Deactivate,
        PendingDelete => kind == OperationKind::Delete,
        Deleted => kind == OperationKind::Delete && change.from != Some(PendingDelete),
        Uploading => kind == OperationKind::Stage,
        Importing => imports,
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
        Saving | Uploading | Importing => op.holds = true,
        Queued if was.is_some() => op.holds = false,
        Killed => op.holds = false,
        Queued | Active | Deactivated | PendingDelete | Deleted => {
            op.holds = false;
            op.activated |= to == Active;
            op.effect = true;
        }
    }
}

/// Where the data of a subject lies that has just become active.
#[inline]
fn note_activation(subject: &mut Subject, was: Option<SubjectStatus>, cause: Option<&OpenOp>) {
    let registers = |op: &OpenOp| matches!(op.operation.kind(), OperationKind::RegisterLocation(_));
    if matches!(was, Some(Saving | Importing)) && !cause.is_some_and(registers) {
        subject.uploaded = true;
        subject.content_known = false;
        subject.content.size = cause.map_or(subject.bytes, |op| op.bytes);
    } else if cause.is_some_and(|op| op.operation.kind() == OperationKind::CreateEmpty) {
        subject.born = Born::Empty;
    }
}
