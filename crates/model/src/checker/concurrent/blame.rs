//! Which finding it is when an answer cannot be true, and what is believed afterwards.

use super::checker::{Checker, bits, ends_in};
use super::open::{Open, PATIENCE, Standing};
use super::plan::Way;
use super::state::{Holds, State};
use super::violation::{Inconclusive, SubjectViolation, Symptom};
use crate::history::{Ending, Seen};
use crate::lifecycle::{Invariant, Operation, Outcome, Statuses, SubjectStatus};
use crate::operations::{Body, OperationKind};
use SubjectStatus::*;
use std::fmt::Display;

impl Checker {
    /// Notes a violation, unless one with the same symptom was noted before.
    #[cold]
    pub(super) fn violated(
        &mut self,
        invariant: Invariant,
        symptom: Symptom,
        sentence: impl Display,
    ) {
        if self.violations.iter().all(|noted| noted.symptom != symptom) {
            self.violations.push(SubjectViolation {
                at: self.now,
                invariant,
                symptom,
                sentence: sentence.to_string(),
            });
        }
    }

    /// The answer is true of no state.
    #[cold]
    pub(super) fn blame(&mut self, slot: usize, open: &Open, ending: &Ending) {
        let operation = open.operation;
        let placed = self.states.iter().any(|&state| ends_in(slot, open, state));
        let plain = !operation.reads() && ending.seen.is_none();
        if !placed || plain && ending.outcome == Outcome::Ok {
            self.blame_effect(open);
        } else if operation.reads() && ending.outcome == Outcome::Ok {
            self.blame_read(open, ending);
        } else if operation.reads() {
            let how = match ending.outcome {
                Outcome::Fail => "failed",
                Outcome::Ok | Outcome::Refused | Outcome::Unknown | Outcome::Local => "was refused",
            };
            self.violated(
                Invariant::Acknowledged,
                Symptom::Unreadable,
                format_args!(
                    "{operation} {how}, though the data had to be there and readable all the while"
                ),
            );
            self.believe(None, None);
        } else if let Some(seen) = ending.seen {
            self.blame_look(open, ending, seen);
        } else {
            self.blame_refusal(operation);
            self.believe(None, None);
        }
    }

    /// An operation was refused that the status granted.
    #[cold]
    pub(super) fn blame_refusal(&mut self, operation: Operation) {
        self.violated(
            Invariant::Edge,
            Symptom::Refused,
            format_args!("{operation} was refused, though the status granted it all the while"),
        );
    }

    /// An operation was acknowledged that no status allowed.
    fn blame_effect(&mut self, open: &Open) {
        let operation = open.operation;
        let kind = operation.kind();
        let brings = matches!(
            kind,
            OperationKind::Upload(Body::Whole | Body::Chunked) | OperationKind::Import(_)
        );
        let gone = self.all_in(Statuses::GONE);
        if brings && self.known.uploaded && !gone {
            self.violated(
                Invariant::OneUpload,
                Symptom::TwoUploads,
                "two uploads into one subject were answered with success",
            );
        } else {
            let (invariant, how) = if !kind.may_succeed() {
                (Invariant::Acknowledged, ", and it can have none")
            } else if gone {
                (
                    Invariant::Terminal,
                    ", though the subject was gone all the while",
                )
            } else if brings {
                (Invariant::OneUpload, " in a status that forbids it")
            } else {
                (Invariant::Edge, " in a status that forbids it")
            };
            self.violated(
                invariant,
                Symptom::Forbidden,
                format_args!("{operation} was answered with success{how}"),
            );
        }
        // It may have been done or not.
        let before = self.states.clone();
        let goal = operation.row().goal();
        self.believe(goal, goal.map(|_| open.brings));
        self.states.extend(before.iter().copied());
        self.believe(None, None);
    }

    fn blame_read(&mut self, open: &Open, ending: &Ending) {
        let operation = open.operation;
        let readable = open.claim.map_or(Statuses::EVERY, |claim| claim.statuses);
        let readable = |state: &State| state.is_in(readable);
        if self.states.iter().any(readable) {
            return self.blame_data(operation, ending);
        }
        let why = if self.all_in(Statuses::GONE) {
            "after the subject was deleted"
        } else if self.all_in(Statuses::only(Some(Deactivated))) {
            "while the subject was deactivated"
        } else {
            "while the subject had none that may be read"
        };
        self.violated(
            Invariant::Access,
            Symptom::Exposed,
            format_args!("{operation} was answered with data {why}"),
        );
        self.believe(None, None);
    }

    /// The data is not what it must be.
    fn blame_data(&mut self, operation: Operation, ending: &Ending) {
        if self.known.moved {
            return self.believe(None, Some(Holds::ANYTHING));
        }
        let what = match self.known.uploaded {
            true => "other data than an upload was acknowledged for",
            false => "data that no upload had sent",
        };
        self.violated(
            Invariant::Acknowledged,
            Symptom::Corrupt,
            format_args!("{operation} showed {what}"),
        );
        let holds = ending.content.map(|content| self.enter(content));
        self.believe(None, holds);
    }

    /// A look at the record showed what cannot have been.
    fn blame_look(&mut self, open: &Open, ending: &Ending, seen: Seen) {
        let operation = open.operation;
        match seen {
            Seen::Gone => {
                self.violated(
                    Invariant::Conservation,
                    Symptom::SubjectLost,
                    format_args!("{operation} was told that the subject is not there, and nobody had deleted it"),
                );
                self.believe(Some(Deleted), Some(Holds::NOTHING));
            }
            Seen::Status(status) => {
                let there = |state: &State| state.status() == Some(status);
                if self.states.iter().any(there) {
                    return self.blame_data(operation, ending);
                }
                self.blame_status(status);
                if let Some(content) = ending.content {
                    let holds = self.enter(content);
                    self.believe(None, Some(holds));
                }
            }
        }
    }

    /// The subject was shown in a status that it cannot have; by a client, or by a probe reading.
    pub(super) fn blame_status(&mut self, status: SubjectStatus) {
        let busy = Statuses::BUSY.contains(status);
        let nobody = self.standing(Standing::Waits).count() <= 1
            && self.standing(Standing::Unknown).next().is_none();
        let known = self.known;
        let revived = self.all_in(Statuses::GONE)
            && (known.deleted || known.gone)
            && !Statuses::GONE.contains(status);
        let mut was = |invariant, symptom, how| {
            self.violated(
                invariant,
                symptom,
                format_args!("the subject was {status}{how}"),
            );
        };
        if revived {
            match known.deleted {
                true => was(
                    Invariant::Acknowledged,
                    Symptom::Revived,
                    " after its delete was answered with success",
                ),
                false => was(Invariant::Terminal, Symptom::Revived, " after it was gone"),
            }
        } else if status == Saving && known.located {
            self.violated(
                Invariant::LocationNeverSaving,
                Symptom::WrongStatus,
                "a subject with a location was saving",
            );
        } else if busy && nobody && !known.changed {
            self.blame_stuck(status);
            self.known.late = Some(status);
        } else if known.trespassed {
            was(
                Invariant::Access,
                Symptom::Trespass,
                " after one who may not change it had tried to, and nobody else can have done it",
            );
        } else if known.changed {
            was(
                Invariant::Acknowledged,
                Symptom::Undone,
                ", which no acknowledged operation explains",
            );
        } else {
            was(
                Invariant::Edge,
                Symptom::WrongStatus,
                ", and no operation can have brought it there",
            );
        }
        self.known.deleted = false;
        self.known.gone = false;
        if busy {
            return self.believe_busy(status);
        }
        let holds = match Statuses::READABLE.contains(status) {
            true => Holds::ANYTHING,
            false => Holds::NOTHING,
        };
        self.believe(Some(status), Some(holds));
    }

    /// The subject is in the middle of something: whatever put it there may bring it back.
    pub(super) fn believe_busy(&mut self, status: SubjectStatus) {
        self.believe(Some(status), Some(Holds::ANYTHING));
        for operation in [Operation::Upload, Operation::ImportStaged] {
            self.loosen(self.plans.of(operation, Way::Maybe), Holds::ANYTHING);
        }
    }

    /// Invariant `progress`: nobody is at work, and the status says that somebody is.
    pub(super) fn blame_stuck(&mut self, status: SubjectStatus) {
        self.violated(
            Invariant::Progress,
            Symptom::StuckSubject,
            format_args!("the subject is {status}, and nothing is at work on it"),
        );
    }

    /// A look while nobody waits for anything.
    pub(super) fn rests(&mut self, status: SubjectStatus) {
        if !self.is_stuck(status) {
            self.known.busy = None;
            return;
        }
        let (since, _) = (self.known.busy)
            .filter(|&(_, before)| before == status)
            .unwrap_or((self.now, status));
        self.known.busy = Some((since, status));
        let for_long = self.now.since(since) >= PATIENCE;
        let idle = self.is_idle();
        if idle && (self.known.tasks_ended || for_long) || for_long && self.is_forsaken() {
            self.blame_stuck(status);
        } else if for_long && self.standing(Standing::Unknown).next().is_some() {
            self.known.slow = Some(status);
        }
    }

    /// A probe reading shows it in the middle of something. A server is slow as long as an answer may come that a client has given up.
    pub(super) fn rests_in(&mut self, status: SubjectStatus) {
        let undisturbed = |open: &Open| {
            open.given_up && !open.spoiled && !open.broken && open.breaks == self.breaks
        };
        if self.standing(Standing::Unknown).any(undisturbed) {
            self.known.slow = Some(status);
        } else {
            self.blame_stuck(status);
        }
    }

    /// Whether whatever may be at work has lost its client, by its own fault.
    fn is_forsaken(&self) -> bool {
        let at_work = bits(self.used).filter_map(|slot| self.slots[slot].as_ref());
        self.loose.is_empty() && at_work.into_iter().all(|open| open.spoiled)
    }

    /// The subject was seen in a status: what moves on by itself is neither stuck nor slow.
    pub(super) fn moves_on(&mut self, status: SubjectStatus) {
        if !self.is_stuck(status) && !Statuses::GONE.contains(status) {
            self.known.slow = None;
            let stuck = |noted: &SubjectViolation| noted.symptom == Symptom::StuckSubject;
            if !self.violations.iter().any(stuck) {
                return;
            }
            self.violations.retain(|noted| !stuck(noted));
            if let Some(late) = self.known.late.take() {
                self.violated(
                    Invariant::Edge,
                    Symptom::WrongStatus,
                    format_args!("the subject was {late} after everything had been answered, and moved on later"),
                );
            }
        }
    }

    /// The end of the history: a last look that shows a subject in the middle of something, with everything answered.
    pub(super) fn finish(&mut self) -> Option<Inconclusive> {
        if self.exhausted {
            return Some(Inconclusive::Budget);
        }
        let given_up = self.known.given_up.map(Inconclusive::GaveUp);
        let slow = self.known.slow.map(Inconclusive::AtWork).or(given_up);
        let Some((at, status)) = self
            .known
            .last_look
            .filter(|&(_, status)| self.is_stuck(status))
        else {
            return slow;
        };
        self.now = at;
        if !self.is_idle() {
            return Some(Inconclusive::AtWork(status));
        }
        self.blame_stuck(status);
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
