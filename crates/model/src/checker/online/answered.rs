//! Completions: is what the service answered true, and was it allowed to answer so?

use super::open::OpenOp;
use super::subject::Born;
use super::{Checker, Violation};
use crate::history::{Content, OpId, Seen, SubjectId};
use crate::lifecycle::{Invariant, Operation, Outcome, Profile, SubjectStatus, TaskStatus, Who};
use crate::operations::OperationKind;
use crate::units::Time;
use SubjectStatus::*;
use std::fmt::Display;

/// An operation that has just ended.
#[derive(Clone, Copy)]
struct Ended {
    at: Time,
    id: SubjectId,
    op: OpenOp,
    content: Option<Content>,
    shown: Option<Seen>,
}

impl Checker {
    #[inline]
    pub(super) fn completed(
        &mut self,
        at: Time,
        id: SubjectId,
        op: OpId,
        operation: Operation,
        outcome: Outcome,
        (content, shown): (Option<Content>, Option<Seen>),
    ) {
        let subject = self.subjects.at(id.slot);
        let taken = self.open.take(&mut subject.open, op);
        let Some(op) = taken.filter(|taken| taken.operation == operation) else {
            let number = op.0;
            let violation = Violation::of(Invariant::Acknowledged, at, Some(id.number));
            self.violations.add(
                violation.by(Some(operation)),
                format_args!(
                    "{operation} {number} on subject {id} ended at {at}, but no such operation was open"
                ),
            );
            return;
        };
        let ended = Ended {
            at,
            id,
            op,
            content,
            shown,
        };
        match outcome {
            Outcome::Ok => self.answered_ok(&ended),
            Outcome::Refused => self.answered_refused(&ended),
            Outcome::Fail => self.answered_fail(&ended),
            // The embedded service needs nothing of this machine that could fail.
            Outcome::Unknown | Outcome::Local => {}
        }
        self.left_behind(&ended, outcome);
        let as_told = match outcome {
            Outcome::Ok => !ended.op.must_be_refused,
            Outcome::Refused => ended.op.must_be_refused,
            Outcome::Fail | Outcome::Unknown | Outcome::Local => false,
        };
        self.subjects.at(id.slot).off_script |= !as_told;
        if self.subjects.at(id.slot).open.is_none() {
            self.conserve(at, id);
        }
    }

    #[inline]
    fn answered_ok(&mut self, ended: &Ended) {
        let on_script = !self.subjects.at(ended.id.slot).off_script;
        if ended.op.must_be_refused && on_script {
            self.not_refused(ended);
        } else {
            let operation = ended.op.operation;
            match operation.kind() {
                OperationKind::Create(_) => self.shown(ended, Queued),
                OperationKind::CreateWithLocation
                | OperationKind::CreateEmpty
                | OperationKind::AddLocation(_)
                | OperationKind::Reactivate => self.shown(ended, Active),
                OperationKind::Deactivate => self.shown(ended, Deactivated),
                OperationKind::RemoveLocation => self.another_location(ended),
                OperationKind::Upload(_)
                | OperationKind::Import(_)
                | OperationKind::ImportStaged => self.upload_is_true(ended),
                OperationKind::Stage => self.shown(ended, Uploading),
                OperationKind::Download => self.may_read(ended, operation.row().who),
                OperationKind::Delete => self.delete_is_true(ended),
                OperationKind::Show => self.record_is_true(ended),
                // It tells nothing of this subject.
                OperationKind::List => {}
                // It changes nothing that is judged, and a real Glance is not judged here.
                OperationKind::SetProperty
                | OperationKind::Protect
                | OperationKind::Unprotect
                | OperationKind::Share
                | OperationKind::Unshare
                | OperationKind::Accept
                | OperationKind::CopyLocation
                | OperationKind::CopyImage
                | OperationKind::DeleteFromStore(_)
                | OperationKind::ImportToAllStores
                | OperationKind::RegisterLocation(_)
                | OperationKind::ReplaceLocation => {}
            }
        }
        self.note_acknowledged(ended);
    }

    /// What an answer with success makes known.
    #[inline]
    fn note_acknowledged(&mut self, ended: &Ended) {
        let subject = self.subjects.at(ended.id.slot);
        match ended.op.operation.kind() {
            OperationKind::Upload(_) | OperationKind::Import(_) | OperationKind::ImportStaged => {
                subject.upload_acknowledged = true;
                if let Some(content) = ended.content {
                    subject.content = content;
                    subject.content_known = true;
                }
            }
            OperationKind::Delete => {
                // A delete that was not done has been reported; what follows from it has the same cause.
                subject.delete_acknowledged =
                    matches!(subject.status, Some(PendingDelete | Deleted));
            }
            OperationKind::RemoveLocation => subject.drop_location(),
            kind if kind.creates() && subject.status.is_none() => self.totals.lost_create(),
            _ => {}
        }
    }

    /// The scenario says that the rules forbid the operation, and the service allowed it.
    #[cold]
    fn not_refused(&mut self, ended: &Ended) {
        let invariant = match ended.op.operation.kind() {
            OperationKind::Download => Invariant::Access,
            OperationKind::Upload(_) | OperationKind::Import(_) | OperationKind::ImportStaged => {
                Invariant::OneUpload
            }
            _ => Invariant::Edge,
        };
        let Ended { at, id, op, .. } = ended;
        self.blame(
            ended,
            invariant,
            format_args!(
                "{} on subject {id} was to be refused and was answered with success at {at}",
                op.operation
            ),
        );
    }

    /// Invariant `acknowledged`: the subject was in the status that the answer promises.
    #[inline]
    fn shown(&mut self, ended: &Ended, promised: SubjectStatus) {
        if !ended.op.seen.contains(promised) {
            self.untrue(
                ended,
                format_args!("the subject has not been {promised} since"),
            );
        }
    }

    /// Invariant `acknowledged`: what a look at the record showed was so at some instant of the look.
    fn record_is_true(&mut self, ended: &Ended) {
        let status = self.subjects.at(ended.id.slot).status;
        match ended.shown {
            Some(Seen::Status(shown)) => self.shown(ended, shown),
            Some(Seen::Gone) if status.is_some() => self.delete_is_true(ended),
            Some(Seen::Gone) | None => {}
        }
    }

    /// Invariant `acknowledged`: a delete that was done cannot be seen undone.
    #[inline]
    fn delete_is_true(&mut self, ended: &Ended) {
        let status = self.subjects.at(ended.id.slot).status;
        if !matches!(status, Some(PendingDelete | Deleted)) {
            self.untrue(ended, "the subject is still there");
        }
    }

    /// Invariants `one-upload` and `acknowledged`: it is the only upload, and what it sent is there.
    #[inline]
    fn upload_is_true(&mut self, ended: &Ended) {
        let subject = self.subjects.at(ended.id.slot);
        let op = &ended.op;
        if subject.upload_acknowledged {
            self.second_upload(ended, "a second upload was answered with success");
        } else if !op.activated {
            if !op.blamed {
                self.untrue(ended, "it did not make the subject active");
            }
        } else if op.task.is_some_and(|task| task != TaskStatus::Success) {
            self.untrue(ended, "its task did not succeed");
        } else if let Some(content) = ended.content {
            if content.size != op.bytes {
                subject.bytes_blamed = true;
                let (sent, stored) = (content.size, op.bytes);
                self.untrue(
                    ended,
                    format_args!("{sent} bytes were sent and {stored} stored"),
                );
            } else if subject.content_known && subject.content != content {
                self.untrue(ended, "a read before saw other data");
            }
        }
    }

    /// Invariant `access`, then `acknowledged`: the status let this role read, and it read what is there.
    #[inline]
    fn may_read(&mut self, ended: &Ended, who: Who) {
        let seen = ended.op.seen;
        let deactivated = who == Who::Admin && seen.contains(Deactivated);
        if !seen.contains(Active) && !deactivated {
            self.read_forbidden(ended);
        }
        let Some(content) = ended.content else {
            return;
        };
        let subject = self.subjects.at(ended.id.slot);
        let same = if subject.content_known {
            subject.content == content
        } else {
            // Bytes of an upload are known before its checksum is; a subject without data has none.
            !(subject.uploaded || subject.born == Born::Empty)
                || subject.content.size == content.size
        };
        if !same {
            let known = subject.content.size;
            let seen = content.size;
            self.untrue(
                ended,
                format_args!(
                    "it read {seen} bytes that differ from the {known} acknowledged or read before"
                ),
            );
        }
        let subject = self.subjects.at(ended.id.slot);
        subject.content = content;
        subject.content_known = true;
        subject.bytes_blamed |= !same;
    }

    #[cold]
    fn read_forbidden(&mut self, ended: &Ended) {
        let Ended { at, id, op, .. } = ended;
        let status = self.subjects.at(id.slot).status;
        let status = status.map_or("not there yet", SubjectStatus::name);
        self.blame(
            ended,
            Invariant::Access,
            format_args!(
                "{} of subject {id} was answered with data at {at}, \
 but it was {status} all the while",
                op.operation
            ),
        );
        if op.after_delete {
            self.untrue(ended, "its delete had been answered with success before");
        }
    }

    /// Invariant `conservation`: the last place where an active subject's data lies is never taken away.
    #[inline]
    fn another_location(&mut self, ended: &Ended) {
        let subject = self.subjects.at(ended.id.slot);
        let elsewhere = u8::from(subject.uploaded || subject.born == Born::Empty);
        if !ended.op.seen.contains(Active) {
            self.untrue(ended, "the subject has not been active since");
        } else if subject.locations.saturating_add(elsewhere) < 2 && !ended.op.moved {
            let Ended { at, id, .. } = ended;
            self.blame(
                ended,
                Invariant::Conservation,
                format_args!("subject {id} is hollow: its last location was removed at {at}"),
            );
        }
    }

    /// Invariants `one-upload` and `acknowledged`: a refusal has no effect.
    fn answered_refused(&mut self, ended: &Ended) {
        let op = &ended.op;
        self.without_location(ended);
        if op.moved {
            match op.operation.kind() {
                OperationKind::Upload(_)
                | OperationKind::Import(_)
                | OperationKind::ImportStaged => {
                    self.second_upload(
                        ended,
                        "an upload was refused and changed data all the same",
                    );
                }
                _ => self.untrue(ended, "it changed the subject all the same"),
            }
        } else if op.task.is_some() {
            self.untrue(ended, "its task was run all the same");
        } else if self.is_groundless(op) {
            self.untrue(ended, "nothing forbade it");
        }
    }

    /// Whether an operation was refused although each status that the subject was in grants it. Whether a location is the last
    /// one, no status says; nor, on Glance, whether another import has claimed the subject, or a stage is not over.
    fn is_groundless(&self, op: &OpenOp) -> bool {
        let granted = self.granted[op.operation.index()];
        let unsaid = match op.operation.kind() {
            OperationKind::RemoveLocation => true,
            OperationKind::Import(_) | OperationKind::ImportStaged => {
                self.rules.profile == Profile::Glance
            }
            _ => false,
        };
        !unsaid && op.seen.without(granted).is_empty()
    }

    /// Invariant `acknowledged`: what failed was not done. An import may fail after its data is in.
    fn answered_fail(&mut self, ended: &Ended) {
        let op = &ended.op;
        self.without_location(ended);
        if op.task == Some(TaskStatus::Success) {
            self.untrue(ended, "its task succeeded");
        } else if op.effect && !op.operation.row().by_task {
            self.untrue(ended, "it was done all the same");
        }
    }

    /// A location that was not added does not count.
    fn without_location(&mut self, ended: &Ended) {
        match ended.op.operation.kind() {
            OperationKind::AddLocation(_) | OperationKind::CreateWithLocation => {
                self.subjects.at(ended.id.slot).drop_location();
            }
            _ => {}
        }
    }

    /// Invariant `progress`, as soon as it is certain: the operation that had to go on is no longer open.
    #[inline]
    fn left_behind(&mut self, ended: &Ended, outcome: Outcome) {
        let goes_on = outcome == Outcome::Unknown;
        let Ended { at, id, op, .. } = ended;
        if let Some(task) = op.task
            && !task.ended()
        {
            self.task_left_behind(*at, *id, op, task, goes_on);
        }
        let subject = self.subjects.at(id.slot);
        let busy = match subject.status {
            Some(Saving | Importing) => true,
            // A stage that was answered with success has left it so.
            Some(Uploading) => outcome != Outcome::Ok,
            _ => false,
        };
        if let Some(status) = subject.status.filter(|_| op.holds && busy && !goes_on) {
            subject.stuck_blamed = true;
            self.blame(
                ended,
                Invariant::Progress,
                format_args!(
                    "subject {id} is stuck: its upload {} ended at {at} and left it {status}",
                    op.id.0
                ),
            );
        }
    }

    /// Notes a violation of `one-upload`, unless what the operation wrote was noted already.
    #[cold]
    fn second_upload(&mut self, ended: &Ended, what: &str) {
        let Ended { at, id, op, .. } = ended;
        if !op.blamed {
            self.blame(
                ended,
                Invariant::OneUpload,
                format_args!("{what}: operation {} on subject {id} at {at}", op.id.0),
            );
        }
    }

    /// Notes that an answer was not true.
    #[cold]
    fn untrue(&mut self, ended: &Ended, why: impl Display) {
        let Ended { at, id, op, .. } = ended;
        self.blame(
            ended,
            Invariant::Acknowledged,
            format_args!(
                "the answer to {} {} on subject {id} at {at} is not true: {why}",
                op.operation, op.id.0
            ),
        );
    }

    /// Notes a violation by the operation that has ended.
    #[cold]
    fn blame(&mut self, ended: &Ended, invariant: Invariant, detail: impl Display) {
        let Ended { at, id, op, .. } = *ended;
        self.violated(invariant, (at, id), Some(op.operation), detail);
    }
}
