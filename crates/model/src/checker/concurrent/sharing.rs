//! Whether another project sees a subject while it is shared with it, and only then. It is judged apart from the status.

use super::checker::Checker;
use super::violation::Symptom;
use crate::history::{ClientEvent, Ending, Observation, OpId, Seen};
use crate::lifecycle::{Invariant, Operation, Outcome, Who};
use crate::units::Time;

/// An operation from its invocation to its answer.
#[derive(Clone, Copy)]
struct Act {
    op: OpId,
    operation: Operation,
    who: Who,
    sent: Time,
    answer: Option<(Time, Ending)>,
}

impl Act {
    /// When it was done for certain.
    fn done(&self) -> Option<Time> {
        let (at, ending) = self.answer?;
        (ending.outcome == Outcome::Ok).then_some(at)
    }

    /// Whether it was done for certain before another was sent. At the same instant either may come first.
    fn precedes(&self, other: &Act) -> bool {
        self.done().is_some_and(|done| done < other.sent)
    }

    /// Whether it may have been done, or be done yet.
    fn may_be_done(&self) -> bool {
        self.answer
            .is_none_or(|(_, ending)| ending.outcome != Outcome::Refused)
    }

    fn shows_record(&self) -> bool {
        matches!(self.answer, Some((_, ending)) if matches!(ending.seen, Some(Seen::Status(_))))
    }
}

impl Checker {
    /// Invariants `access` and `acknowledged`, as far as they depend on with whom the subject is shared.
    pub(super) fn judge_sharing(&mut self, events: &[ClientEvent]) {
        let shares = |event: &ClientEvent| matches!(event.observation, Observation::Invoked { operation, .. } if operation.kind().shares());
        if !events.iter().any(shares) {
            return; // then nothing is there for them, which is judged as answers come
        }
        let acts = acts(events);
        let all = |operation: Operation| {
            let of = move |act: &&Act| act.operation == operation && act.may_be_done();
            acts.iter().filter(of)
        };
        for look in acts.iter().filter(|act| act.who == Who::OtherProject) {
            let Some((at, ending)) = look.answer else {
                continue;
            };
            let read = look.operation.reads() && ending.outcome == Outcome::Ok;
            let undone = |share: &Act| {
                let mut undo = all(Operation::Unshare);
                undo.any(|undo| share.precedes(undo) && undo.precedes(look))
            };
            let allows = |share: &Act| share.sent <= at && !undone(share);
            let shared = all(Operation::Share).any(allows);
            let mut deletes = all(Operation::Delete);
            let there = shared && !deletes.any(|delete| delete.precedes(look));
            if look.operation == Operation::Accept && ending.outcome == Outcome::Ok && !there {
                self.now = at;
                self.violated(
                    Invariant::Access,
                    Symptom::Trespass,
                    "a member of another project accepted the subject with success, which was not shared with it, or was deleted",
                );
            }
            if (look.shows_record() || read) && !shared {
                self.now = at;
                self.violated(
                    Invariant::Access,
                    Symptom::Exposed,
                    "the subject was shown to a member of another project, with whom it was not shared any more",
                );
            }
            let stays = |share: &Act| {
                let mut undo = all(Operation::Unshare);
                share.precedes(look) && !undo.any(|undo| !undo.precedes(share) && undo.sent <= at)
            };
            let is_there = |later: &Act| {
                later.who != Who::OtherProject && later.sent >= at && later.shows_record()
            };
            let gone = ending.seen == Some(Seen::Gone);
            if gone && all(Operation::Share).any(stays) && acts.iter().any(is_there) {
                self.now = at;
                self.violated(
                    Invariant::Acknowledged,
                    Symptom::LostUpdate,
                    "a member of another project did not find the subject, which was shared with success and not taken back",
                );
            }
        }
    }
}

fn acts(events: &[ClientEvent]) -> Vec<Act> {
    let mut acts: Vec<Act> = Vec::new();
    for event in events {
        match event.observation {
            Observation::Invoked {
                op, operation, who, ..
            } => acts.push(Act {
                op,
                operation,
                who,
                sent: event.at,
                answer: None,
            }),
            Observation::Answered { op, ending } => {
                let open = acts.iter_mut().filter(|act| act.op == op);
                open.for_each(|act| act.answer = Some((event.at, ending)));
            }
            Observation::Broken(_) | Observation::Probed(_) | Observation::Property { .. } => {}
        }
    }
    acts
}
