//! Completions: is what the service answered true, and was it allowed to answer so?

use super::Checker;
use super::breach::Scene;
use super::open::OpenOp;
use super::subject::Born;
use crate::history::{Content, OpId, Seen, SubjectId};
use crate::lifecycle::{Invariant, Operation, Outcome, SubjectStatus, TaskStatus, Who};
use crate::operations::OperationKind;
use crate::units::Time;
use SubjectStatus::*;

/// An operation that has just ended.
#[derive(Clone, Copy)]
struct Answer {
    at: Time,
    id: SubjectId,
    op: OpenOp,
    content: Option<Content>,
    shown: Option<Seen>,
}

impl Answer {
    fn scene(&self) -> Scene {
        Scene::subject(self.at, self.id).by(self.op.operation)
    }
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
            self.breaches.add(
                Invariant::Acknowledged,
                Scene::subject(at, id).by(operation),
                format_args!(
                    "{operation} {} on subject {id} ended at {at}, but no such operation was open",
                    op.0
                ),
            );
            return;
        };
        let answer = Answer {
            at,
            id,
            op,
            content,
            shown,
        };
        match outcome {
            Outcome::Ok => self.answered_ok(&answer),
            Outcome::Refused => self.answered_refused(&answer),
            Outcome::Fail => self.answered_fail(&answer),
            Outcome::Unknown => {}
        }
        self.left_behind(&answer, outcome);
        let as_told = match outcome {
            Outcome::Ok => !answer.op.must_be_refused,
            Outcome::Refused => answer.op.must_be_refused,
            Outcome::Fail | Outcome::Unknown => false,
        };
        self.subjects.at(id.slot).off_script |= !as_told;
        if self.subjects.at(id.slot).open.is_none() {
            self.conserve(at, id);
        }
    }

    #[inline]
    fn answered_ok(&mut self, answer: &Answer) {
        let on_script = !self.subjects.at(answer.id.slot).off_script;
        if answer.op.must_be_refused && on_script {
            self.not_refused(answer);
        } else {
            let operation = answer.op.operation;
            match operation.kind() {
                OperationKind::Create(_) => self.shown(answer, Queued),
                OperationKind::CreateWithLocation
                | OperationKind::CreateEmpty
                | OperationKind::AddLocation
                | OperationKind::Reactivate => self.shown(answer, Active),
                OperationKind::Deactivate => self.shown(answer, Deactivated),
                OperationKind::RemoveLocation => self.another_location(answer),
                OperationKind::Upload(_) | OperationKind::Import => self.upload_is_true(answer),
                OperationKind::Download => self.may_read(answer, operation.row().who),
                OperationKind::Delete => self.delete_is_true(answer),
                OperationKind::Show => self.record_is_true(answer),
                // It changes nothing that is judged, and a real Glance is not judged here.
                OperationKind::SetProperty
                | OperationKind::Protect
                | OperationKind::Unprotect
                | OperationKind::Stage
                | OperationKind::ImportStaged
                | OperationKind::RegisterLocation
                | OperationKind::ReplaceLocation => {}
            }
        }
        self.note_acknowledged(answer);
    }

    /// What an answer with success makes known.
    #[inline]
    fn note_acknowledged(&mut self, answer: &Answer) {
        let subject = self.subjects.at(answer.id.slot);
        match answer.op.operation.kind() {
            OperationKind::Upload(_) | OperationKind::Import => {
                subject.upload_acknowledged = true;
                if let Some(content) = answer.content {
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
    fn not_refused(&mut self, answer: &Answer) {
        let invariant = match answer.op.operation.kind() {
            OperationKind::Download => Invariant::Access,
            OperationKind::Upload(_) | OperationKind::Import => Invariant::OneUpload,
            _ => Invariant::Edge,
        };
        let Answer { at, id, op, .. } = answer;
        let status = self.subjects.at(id.slot).status_name();
        self.breaches.add(
            invariant,
            answer.scene().in_status(status),
            format_args!(
                "{} on subject {id} was to be refused and was answered with success at {at}",
                op.operation
            ),
        );
    }

    /// Invariant `acknowledged`: the subject was in the status that the answer promises.
    #[inline]
    fn shown(&mut self, answer: &Answer, promised: SubjectStatus) {
        if !answer.op.seen.contains(promised) {
            self.untrue(
                answer,
                format_args!("the subject has not been {promised} since"),
            );
        }
    }

    /// Invariant `acknowledged`: what a look at the record showed was so at some instant of the look.
    fn record_is_true(&mut self, answer: &Answer) {
        let status = self.subjects.at(answer.id.slot).status;
        match answer.shown {
            Some(Seen::Status(shown)) => self.shown(answer, shown),
            Some(Seen::Gone) if !matches!(status, None | Some(PendingDelete | Deleted)) => {
                self.untrue(answer, format_args!("the subject is still there"));
            }
            Some(Seen::Gone) | None => {}
        }
    }

    /// Invariant `acknowledged`: a delete that was done cannot be seen undone.
    #[inline]
    fn delete_is_true(&mut self, answer: &Answer) {
        let status = self.subjects.at(answer.id.slot).status;
        if !matches!(status, Some(PendingDelete | Deleted)) {
            self.untrue(answer, format_args!("the subject is still there"));
        }
    }

    /// Invariants `one-upload` and `acknowledged`: it is the only upload, and what it sent is there.
    #[inline]
    fn upload_is_true(&mut self, answer: &Answer) {
        let subject = self.subjects.at(answer.id.slot);
        let op = &answer.op;
        if subject.upload_acknowledged {
            self.second_upload(answer, "a second upload was answered with success");
        } else if !op.activated {
            if !op.blamed {
                self.untrue(answer, format_args!("it did not make the subject active"));
            }
        } else if op.task.is_some_and(|task| task != TaskStatus::Success) {
            self.untrue(answer, format_args!("its task did not succeed"));
        } else if let Some(content) = answer.content {
            if content.size != op.bytes {
                subject.bytes_blamed = true;
                let (sent, stored) = (content.size, op.bytes);
                self.untrue(
                    answer,
                    format_args!("{sent} bytes were sent and {stored} stored"),
                );
            } else if subject.content_known && subject.content != content {
                self.untrue(answer, format_args!("a read before saw other data"));
            }
        }
    }

    /// Invariant `access`, then `acknowledged`: the status let this role read, and it read what is there.
    #[inline]
    fn may_read(&mut self, answer: &Answer, who: Who) {
        let seen = answer.op.seen;
        let deactivated = who == Who::Admin && seen.contains(Deactivated);
        if !seen.contains(Active) && !deactivated {
            self.read_forbidden(answer);
        }
        let Some(content) = answer.content else {
            return;
        };
        let subject = self.subjects.at(answer.id.slot);
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
                answer,
                format_args!(
                    "it read {seen} bytes that differ from the {known} acknowledged or read before"
                ),
            );
        }
        let subject = self.subjects.at(answer.id.slot);
        subject.content = content;
        subject.content_known = true;
        subject.bytes_blamed |= !same;
    }

    #[cold]
    fn read_forbidden(&mut self, answer: &Answer) {
        let Answer { at, id, op, .. } = answer;
        let subject = self.subjects.at(id.slot);
        let scene = answer.scene().in_status(subject.status_name());
        let status = subject.status.map_or("not there yet", SubjectStatus::name);
        self.breaches.add(
            Invariant::Access,
            scene,
            format_args!(
                "{} of subject {id} was answered with data at {at}, \
 but it was {status} all the while",
                op.operation
            ),
        );
        if op.after_delete {
            self.untrue(
                answer,
                format_args!("its delete had been answered with success before"),
            );
        }
    }

    /// Invariant `conservation`: the last place where an active subject's data lies is never taken away.
    #[inline]
    fn another_location(&mut self, answer: &Answer) {
        let subject = self.subjects.at(answer.id.slot);
        let elsewhere = u8::from(subject.uploaded || subject.born == Born::Empty);
        if !answer.op.seen.contains(Active) {
            self.untrue(
                answer,
                format_args!("the subject has not been active since"),
            );
        } else if subject.locations.saturating_add(elsewhere) < 2 && !answer.op.moved {
            let Answer { at, id, .. } = answer;
            let scene = answer.scene().in_status(subject.status_name());
            self.breaches.add(
                Invariant::Conservation,
                scene,
                format_args!("subject {id} is hollow: its last location was removed at {at}"),
            );
        }
    }

    /// Invariants `one-upload` and `acknowledged`: a refusal has no effect.
    fn answered_refused(&mut self, answer: &Answer) {
        let op = &answer.op;
        self.without_location(answer);
        if op.moved || op.bytes > 0 {
            match op.operation.kind() {
                OperationKind::Upload(_) | OperationKind::Import => {
                    self.second_upload(
                        answer,
                        "an upload was refused and changed data all the same",
                    );
                }
                _ => self.untrue(answer, format_args!("it changed the subject all the same")),
            }
        } else if op.task.is_some() {
            self.untrue(answer, format_args!("its task was run all the same"));
        }
    }

    /// Invariant `acknowledged`: what failed was not done. An import may fail after its data is in.
    fn answered_fail(&mut self, answer: &Answer) {
        let op = &answer.op;
        self.without_location(answer);
        if op.task == Some(TaskStatus::Success) {
            self.untrue(answer, format_args!("its task succeeded"));
        } else if op.effect && op.operation.kind() != OperationKind::Import {
            self.untrue(answer, format_args!("it was done all the same"));
        }
    }

    /// A location that was not added does not count.
    fn without_location(&mut self, answer: &Answer) {
        match answer.op.operation.kind() {
            OperationKind::AddLocation | OperationKind::CreateWithLocation => {
                self.subjects.at(answer.id.slot).drop_location();
            }
            _ => {}
        }
    }

    /// Invariant `progress`, as soon as it is certain: the operation that had to go on is no longer open.
    #[inline]
    fn left_behind(&mut self, answer: &Answer, outcome: Outcome) {
        let goes_on = outcome == Outcome::Unknown;
        let Answer { at, id, op, .. } = answer;
        if let Some(task) = op.task
            && !task.ended()
        {
            self.task_left_behind(*at, *id, op, task, goes_on);
        }
        let subject = self.subjects.at(id.slot);
        if op.holds && subject.status == Some(Saving) && !goes_on {
            subject.stuck_blamed = true;
            self.breaches.add(
                Invariant::Progress,
                answer.scene().in_status(Saving.name()),
                format_args!(
                    "subject {id} is stuck: its upload {} ended at {at} and left it saving",
                    op.id.0
                ),
            );
        }
    }

    /// Reports a breach of `one-upload`, unless what the operation wrote was reported already.
    #[cold]
    fn second_upload(&mut self, answer: &Answer, what: &str) {
        let Answer { at, id, op, .. } = answer;
        if !op.blamed {
            let scene = answer
                .scene()
                .in_status(self.subjects.at(id.slot).status_name());
            self.breaches.add(
                Invariant::OneUpload,
                scene,
                format_args!("{what}: operation {} on subject {id} at {at}", op.id.0),
            );
        }
    }

    /// Reports that an answer was not true.
    #[cold]
    fn untrue(&mut self, answer: &Answer, why: std::fmt::Arguments<'_>) {
        let Answer { at, id, op, .. } = answer;
        let scene = answer
            .scene()
            .in_status(self.subjects.at(id.slot).status_name());
        self.breaches.add(
            Invariant::Acknowledged,
            scene,
            format_args!(
                "the answer to {} {} on subject {id} at {at} is not true: {why}",
                op.operation, op.id.0
            ),
        );
    }
}
