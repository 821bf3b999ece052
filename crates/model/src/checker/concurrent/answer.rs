//! What an answer claims of the subject, and what it makes known.

use super::judge::{Judge, bits};
use super::open::{Answer, Open, Standing, trespasses};
use super::plan::{ANY_PHASE, Way};
use super::state::phase::{DONE, FAILED, WAITING};
use super::state::{Holds, State, shown};
use crate::checker::concurrent::Symptom;
use crate::history::{OpId, Seen};
use crate::lifecycle::{Invariant, Operation, Outcome, Statuses, SubjectStatus, Who};
use crate::operations::{Body, OperationKind};
use crate::units::Time;
use SubjectStatus::Active;

/// At some instant of the operation the subject was at one of these places, with this data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub places: Statuses,
    /// None where the data does not matter.
    pub data: Option<Holds>,
    /// Data that is unknown or empty explains the answer as well.
    pub lenient: bool,
}

impl Judge {
    /// What the answer tells of an instant of the operation, beside its own effect.
    pub(super) fn claim(&self, operation: Operation, who: Who, answer: &Answer) -> Option<Claim> {
        // To a user of another project nothing is there; what a reader may not do tells nothing either.
        if who == Who::OtherProject && !operation.creates() || trespasses(operation, who) {
            return None;
        }
        let data = answer.content.map(|content| self.found(content));
        let plain = |places| Claim {
            places,
            data: None,
            lenient: false,
        };
        let readable = match who {
            Who::Admin => Statuses::READABLE,
            Who::Member | Who::Reader | Who::OtherProject => Statuses::only(Some(Active)),
        };
        match (answer.outcome, answer.seen) {
            (Outcome::Unknown, _) => None,
            (Outcome::Ok, _) if operation.reads() => Some(Claim {
                data,
                ..plain(readable)
            }),
            (_, Some(seen)) => Some(Claim {
                data: data.filter(|_| operation == Operation::Show),
                ..plain(shown(seen))
            }),
            // Whether a reader may read the data is the server's policy.
            (Outcome::Refused, None) if operation.reads() && who != Who::Reader => Some(Claim {
                lenient: self.rules.real(),
                ..plain(Statuses::EVERY.without(readable))
            }),
            // The embedded service reads what it holds, unless it is told to break.
            (Outcome::Fail, None) if operation.reads() && !self.rules.real() => {
                Some(plain(Statuses::EVERY.without(readable)))
            }
            (Outcome::Ok, None) => self.plans.acknowledged(operation).map(plain),
            // The embedded service refuses what no status grants, and nothing else.
            (Outcome::Refused, None) if !self.rules.real() => {
                // The last location stays.
                let may_stay = operation.kind() == OperationKind::RemoveLocation;
                let granted = self.plans.granted(operation).filter(|_| !may_stay)?;
                Some(plain(Statuses::EVERY.without(granted)))
            }
            (Outcome::Refused | Outcome::Fail, None) => None,
        }
    }

    /// An operation was answered.
    pub(super) fn answered(&mut self, at: Time, id: OpId, answer: &Answer) {
        let is_it = |slot: &usize| self.slots[*slot].is_some_and(|open| open.id == id);
        let Some(slot) = bits(self.used).find(is_it) else {
            return; // there were too many to follow it
        };
        let Some(mut open) = self.slots[slot] else {
            return;
        };
        let faulty = open.broken || open.breaks != self.breaks;
        if !faulty {
            self.judge_reply(at, &open, answer);
        }
        self.judge_sending(at, &open, answer);
        self.judge_role(at, slot, &mut open, answer);
        if faulty && answer.outcome != Outcome::Ok {
            // While something is broken, what is there may be refused.
            self.look_no_more(slot);
            open.looks = false;
            if self.rules.real() {
                open.plan.ends_in = ANY_PHASE;
            }
        }
        self.expand();
        if self.exhausted {
            return;
        }
        if !faulty && self.must_delete(slot, &open, answer) {
            self.blame_refusal(at, open.operation);
        }
        if self
            .states
            .iter()
            .any(|&state| self.ends(slot, &open, state))
        {
            let mut states = std::mem::take(&mut self.states);
            states.retain(|&state| self.ends(slot, &open, state));
            self.states = states;
        } else {
            self.blame(at, slot, &open, answer);
        }
        self.end(slot, &open, answer, faulty);
        self.learn(at, &open, answer);
    }

    /// The operation is over, or goes on unwatched.
    fn end(&mut self, slot: usize, open: &Open, answer: &Answer, faulty: bool) {
        let Some(standing) = self.lingers(open, answer, faulty) else {
            return self.close(slot);
        };
        self.look_no_more(slot);
        if let Some(open) = &mut self.slots[slot] {
            open.plan.ends_in = ANY_PHASE;
            open.standing = standing;
        }
        if standing == Standing::Failed {
            // What has not begun by then does not begin later.
            let over = |state: &&mut State| matches!(state.phase(slot), WAITING | FAILED);
            for state in self.states.iter_mut().filter(over) {
                *state = state.in_phase(slot, DONE);
            }
            self.states.tidy();
        }
        self.follow_few();
    }

    /// Invariant `answer`: while nothing is broken there is an answer, and it is no error of the server's own.
    fn judge_reply(&mut self, at: Time, open: &Open, answer: &Answer) {
        let Open {
            operation, spoiled, ..
        } = *open;
        if spoiled || !self.rules.real() {
            return;
        }
        match answer.http_status {
            Some(status) if status >= 500 && status != 501 => self.breach(
                at,
                Invariant::Answer,
                Symptom::ServerError,
                format_args!("{operation} was answered with an error of the server's own, though nothing was broken"),
            ),
            None if answer.outcome == Outcome::Unknown && !operation.sends_data() => self.breach(
                at,
                Invariant::Answer,
                Symptom::NoAnswer,
                format_args!("{operation} was never answered, though nothing was broken"),
            ),
            Some(_) | None => {}
        }
    }

    /// Invariant `access`, as far as it depends on who asks alone; and that what is protected stays.
    fn judge_role(&mut self, at: Time, slot: usize, open: &mut Open, answer: &Answer) {
        let Open { operation, who, .. } = *open;
        if trespasses(operation, who) && answer.outcome == Outcome::Ok {
            self.breach(
                at,
                Invariant::Access,
                Symptom::Trespass,
                format_args!("{operation} was answered with success to a {who}, who may not do it"),
            );
            self.allow(slot, open, Way::Maybe);
        }
        let shown = matches!(answer.seen, Some(Seen::Status(_))) || answer.content.is_some();
        let read = operation.reads() && answer.outcome == Outcome::Ok;
        if who == Who::OtherProject && !operation.creates() && (shown || read) {
            self.breach(
                at,
                Invariant::Access,
                Symptom::Exposed,
                format_args!(
                    "{operation} showed the subject to a member of another project, for whom it does not exist"
                ),
            );
        }
        if operation == Operation::Delete && open.protected && answer.outcome == Outcome::Ok {
            self.breach(
                at,
                Invariant::Edge,
                Symptom::Forbidden,
                format_args!("a delete was answered with success while the subject was protected"),
            );
        }
    }

    /// An upload is done when all of its data is there.
    fn judge_sending(&mut self, at: Time, open: &Open, answer: &Answer) {
        let upload = open.operation == Operation::Upload && answer.outcome == Outcome::Ok;
        if upload && self.rules.real() && !open.sent_all {
            self.breach(
                at,
                Invariant::Acknowledged,
                Symptom::Forbidden,
                format_args!("an upload was answered with success before all of its data was sent"),
            );
        }
    }

    /// Whether a real server had no reason to refuse: a delete by one who may, of a subject that is there and not protected, with nothing
    /// beside it and nothing whose end is unknown. Quotas and the like refuse with other codes.
    fn must_delete(&mut self, slot: usize, open: &Open, answer: &Answer) -> bool {
        let refused = answer.outcome == Outcome::Refused
            && answer.seen.is_none()
            && matches!(answer.http_status, Some(400 | 403 | 409));
        if open.operation != Operation::Delete || !refused || !self.rules.real() {
            return false;
        }
        self.follow_few();
        let idle = open.alone && self.used == 1 << slot && self.loose.is_empty();
        let known = self.known;
        idle && !trespasses(open.operation, open.who)
            && !known.may_be_protected
            && !known.unsettled
            && self.all_in(Statuses::THERE)
    }

    /// From now on the operation may do more than was thought of it.
    fn allow(&mut self, slot: usize, open: &mut Open, way: Way) {
        open.plan = self.plans.of(open.operation, way);
        self.known.moved |= self.moves_data(open.operation);
        if let Some(kept) = &mut self.slots[slot] {
            kept.plan = open.plan;
        }
        self.closed = false;
    }

    /// What the answer makes known beside the states.
    fn learn(&mut self, at: Time, open: &Open, answer: &Answer) {
        let Open { operation, who, .. } = *open;
        if who == Who::OtherProject {
            return;
        }
        if answer.outcome == Outcome::Ok {
            self.acknowledged(open);
            if operation.kind().looks() {
                self.settle_data(answer);
            }
        }
        match answer.seen {
            Some(Seen::Gone) => self.known.gone = true,
            Some(Seen::Status(status))
                if operation == Operation::Show && open.alone && self.at_rest() =>
            {
                self.known.last_look = Some((at, status));
                if self.known.tasks_ended && self.is_idle() && self.is_stuck(status) {
                    self.blame_stuck(at, status);
                }
            }
            Some(Seen::Status(_)) | None => {}
        }
    }

    fn acknowledged(&mut self, open: &Open) {
        let known = &mut self.known;
        match open.operation.kind() {
            OperationKind::Delete => known.deleted = true,
            OperationKind::Upload(Body::Whole) | OperationKind::CreateEmpty => {
                known.uploaded = true;
                known.changed = true;
            }
            OperationKind::Import if !self.rules.real() => {
                known.uploaded = true;
                known.changed = true;
            }
            OperationKind::CreateWithLocation | OperationKind::AddLocation => {
                known.located = true;
                known.changed = true;
            }
            OperationKind::ReplaceLocation
            | OperationKind::Deactivate
            | OperationKind::Reactivate => known.changed = true,
            OperationKind::Stage => known.staged = true,
            OperationKind::Protect => known.protected = open.protected,
            OperationKind::Unprotect if open.alone => known.may_be_protected = false,
            OperationKind::Create(_)
            | OperationKind::RemoveLocation
            | OperationKind::Upload(Body::Aborted | Body::WrongSize | Body::TooLarge)
            | OperationKind::Import
            | OperationKind::ImportStaged
            | OperationKind::RegisterLocation
            | OperationKind::Unprotect
            | OperationKind::SetProperty
            | OperationKind::Show
            | OperationKind::Download => {}
        }
    }

    /// Data that nobody knew is what was read, from the first time on.
    fn settle_data(&mut self, answer: &Answer) {
        let Some(content) = answer.content else {
            return;
        };
        let unknown = |state: &State| state.holds() == Holds::ANYTHING;
        if self.known.moved || !self.states.iter().all(unknown) {
            return;
        }
        let holds = self.entered(content);
        for state in self.states.iter_mut() {
            *state = state.holding(holds);
        }
    }
}
