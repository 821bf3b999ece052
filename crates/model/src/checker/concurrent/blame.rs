//! Which finding it is when an answer cannot be true, and what is believed afterwards.

use super::breach::Inconclusive;
use super::judge::{Judge, ends_in};
use super::open::{Answer, Open, Standing};
use super::plan::Way;
use super::state::{Holds, Place, State};
use crate::checker::concurrent::{Breach, Symptom};
use crate::history::Seen;
use crate::lifecycle::{Invariant, Operation, Outcome, Statuses, SubjectStatus};
use crate::operations::{Body, OperationKind};
use crate::units::Time;
use SubjectStatus::*;
use std::fmt::Arguments;

impl Judge {
    /// Tells a breach, unless one with the same symptom was told before.
    #[cold]
    pub(super) fn breach(
        &mut self,
        at: Time,
        invariant: Invariant,
        symptom: Symptom,
        sentence: Arguments<'_>,
    ) {
        if self.breaches.iter().all(|told| told.symptom != symptom) {
            self.breaches.push(Breach {
                at,
                invariant,
                symptom,
                sentence: sentence.to_string(),
            });
        }
    }

    /// The answer is true of no state.
    #[cold]
    pub(super) fn blame(&mut self, at: Time, slot: usize, open: &Open, answer: &Answer) {
        let operation = open.operation;
        let placed = self.states.iter().any(|&state| ends_in(slot, open, state));
        let plain = !operation.reads() && answer.seen.is_none();
        if !placed || plain && answer.outcome == Outcome::Ok {
            self.blame_effect(at, open);
        } else if operation.reads() && answer.outcome == Outcome::Ok {
            self.blame_read(at, open, answer);
        } else if operation.reads() {
            let how = match answer.outcome {
                Outcome::Fail => "failed",
                Outcome::Ok | Outcome::Refused | Outcome::Unknown => "was refused",
            };
            self.breach(
                at,
                Invariant::Acknowledged,
                Symptom::Unreadable,
                format_args!(
                    "{operation} {how}, though the data was there and could be read all the while"
                ),
            );
            self.believe(None, None);
        } else if let Some(seen) = answer.seen {
            self.blame_look(at, open, answer, seen);
        } else {
            self.blame_refusal(at, operation);
            self.believe(None, None);
        }
    }

    /// An operation was refused that the status granted.
    #[cold]
    pub(super) fn blame_refusal(&mut self, at: Time, operation: Operation) {
        self.breach(
            at,
            Invariant::Edge,
            Symptom::Refused,
            format_args!("{operation} was refused, though the status granted it all the while"),
        );
    }

    /// An operation was acknowledged that no status allowed.
    fn blame_effect(&mut self, at: Time, open: &Open) {
        let operation = open.operation;
        let kind = operation.kind();
        let brings = matches!(
            kind,
            OperationKind::Upload(Body::Whole) | OperationKind::Import
        );
        let gone = self.all_in(Statuses::GONE);
        let partial = !kind.may_succeed();
        if partial {
            self.breach(
                at,
                Invariant::Acknowledged,
                Symptom::Forbidden,
                format_args!("{operation} was answered with success, and it can have none"),
            );
        } else if brings && self.known.uploaded && !gone {
            self.breach(
                at,
                Invariant::OneUpload,
                Symptom::TwoUploads,
                format_args!("two uploads into one subject were answered with success"),
            );
        } else if gone {
            self.breach(
                at,
                Invariant::Terminal,
                Symptom::Forbidden,
                format_args!("{operation} was answered with success, though the subject was gone all the while"),
            );
        } else {
            let invariant = match brings {
                true => Invariant::OneUpload,
                false => Invariant::Edge,
            };
            self.breach(
                at,
                invariant,
                Symptom::Forbidden,
                format_args!("{operation} was answered with success in a status that forbids it"),
            );
        }
        // It may have been done or not.
        let before = self.states.clone();
        let goal = operation.row().goal().map(|status| Place::of(Some(status)));
        self.believe(goal, goal.map(|_| open.brings));
        self.states.extend(before.iter().copied());
        self.believe(None, None);
    }

    fn blame_read(&mut self, at: Time, open: &Open, answer: &Answer) {
        let operation = open.operation;
        let readable = |state: &State| state.place().is_in(open.places);
        if self.states.iter().any(readable) {
            return self.blame_data(at, operation, answer);
        }
        let why = if self.all_in(Statuses::GONE) {
            "after the subject was deleted"
        } else if self.all_in(Statuses::only(Some(Deactivated))) {
            "while the subject was deactivated"
        } else {
            "while the subject had none that may be read"
        };
        self.breach(
            at,
            Invariant::Access,
            Symptom::Exposed,
            format_args!("{operation} was answered with data {why}"),
        );
        self.believe(None, None);
    }

    /// The data is not what it must be.
    fn blame_data(&mut self, at: Time, operation: Operation, answer: &Answer) {
        if self.known.moved {
            return self.believe(None, Some(Holds::ANYTHING));
        }
        let what = match self.known.uploaded {
            true => "other data than an upload was acknowledged for",
            false => "data that no upload had sent",
        };
        self.breach(
            at,
            Invariant::Acknowledged,
            Symptom::Corrupt,
            format_args!("{operation} showed {what}"),
        );
        let holds = answer.content.map(|content| self.entered(content));
        self.believe(None, holds);
    }

    /// A look at the record showed what cannot have been.
    fn blame_look(&mut self, at: Time, open: &Open, answer: &Answer, seen: Seen) {
        let operation = open.operation;
        match seen {
            Seen::Gone => {
                self.breach(
                    at,
                    Invariant::Conservation,
                    Symptom::SubjectLost,
                    format_args!("{operation} was told that the subject is not there, and nobody had deleted it"),
                );
                self.believe(Some(Place::of(Some(Deleted))), Some(Holds::NOTHING));
            }
            Seen::Status(status) => {
                let there = |state: &State| state.place() == Place::of(Some(status));
                if self.states.iter().any(there) {
                    return self.blame_data(at, operation, answer);
                }
                self.blame_status(at, status);
                if let Some(content) = answer.content {
                    let holds = self.entered(content);
                    self.believe(None, Some(holds));
                }
            }
        }
    }

    /// The subject was shown in a status that it cannot have; by a client, or by a probe reading.
    pub(super) fn blame_status(&mut self, at: Time, status: SubjectStatus) {
        let busy = Statuses::BUSY.contains(status);
        let nobody = self.standing(Standing::Waits).count() <= 1
            && self.standing(Standing::Unknown).next().is_none();
        let known = self.known;
        if self.all_in(Statuses::GONE)
            && (known.deleted || known.gone)
            && !Statuses::GONE.contains(status)
        {
            let (invariant, how) = match known.deleted {
                true => (
                    Invariant::Acknowledged,
                    "after its delete was answered with success",
                ),
                false => (Invariant::Terminal, "after it was gone"),
            };
            self.breach(
                at,
                invariant,
                Symptom::Revived,
                format_args!("the subject was {status} {how}"),
            );
        } else if status == Saving && known.located {
            self.breach(
                at,
                Invariant::LocationNeverSaving,
                Symptom::WrongStatus,
                format_args!("a subject with a location was saving"),
            );
        } else if busy && nobody && !known.changed {
            self.blame_stuck(at, status);
        } else if known.trespassed {
            self.breach(
                at,
                Invariant::Access,
                Symptom::Trespass,
                format_args!("the subject was {status} after one who may not change it had tried to, and nobody else can have done it"),
            );
        } else if known.changed {
            self.breach(
                at,
                Invariant::Acknowledged,
                Symptom::Undone,
                format_args!("the subject was {status}, which no acknowledged operation explains"),
            );
        } else {
            self.breach(
                at,
                Invariant::Edge,
                Symptom::WrongStatus,
                format_args!(
                    "the subject was {status}, and no operation can have brought it there"
                ),
            );
        }
        self.known.deleted = false;
        self.known.gone = false;
        let holds = match busy || Statuses::READABLE.contains(status) {
            true => Holds::ANYTHING,
            false => Holds::NOTHING,
        };
        self.believe(Some(Place::of(Some(status))), Some(holds));
        if busy {
            // Whatever put it there may bring it back.
            for operation in [Operation::AbortUpload, Operation::ImportStaged] {
                self.loosen(self.plans.of(operation, Way::Maybe), Holds::ANYTHING);
            }
        }
    }

    /// Invariant `progress`: nobody is at work, and the status says that somebody is.
    pub(super) fn blame_stuck(&mut self, at: Time, status: SubjectStatus) {
        self.breach(
            at,
            Invariant::Progress,
            Symptom::StuckSubject,
            format_args!("the subject is {status}, and nothing is at work on it"),
        );
    }

    /// The end of the history: a last look that shows a subject in the middle of something, with everything answered.
    pub(super) fn finish(&mut self) -> Option<Inconclusive> {
        if self.exhausted {
            return Some(Inconclusive::Budget);
        }
        let (at, status) = self.known.last_look?;
        if !self.is_stuck(status) {
            return None;
        }
        if !self.is_idle() {
            return Some(Inconclusive::AtWork(status));
        }
        self.blame_stuck(at, status);
        None
    }

    /// Whether nothing can be at work on the subject any more.
    pub(super) fn is_idle(&self) -> bool {
        let idle = [Standing::Waits, Standing::Unknown, Standing::Accepted];
        let mut idle = idle.into_iter().map(|why| self.standing(why).next());
        idle.all(|open| open.is_none()) && self.loose.is_empty()
    }

    /// Whether a subject at rest is stuck in this status.
    pub(super) fn is_stuck(&self, status: SubjectStatus) -> bool {
        match status {
            Saving | Importing => true,
            Uploading => !self.known.staged && !self.known.staging_unknown,
            Queued | Active | Deactivated | Killed | PendingDelete | Deleted => false,
        }
    }
}
