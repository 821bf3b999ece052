//! What an answer claims of the subject, and what it makes known.

use super::judge::{Judge, bits};
use super::open::{Answer, Open, Standing, trespasses};
use super::plan::{ANY_PHASE, Way};
use super::state::phase::{DONE, FAILED, WAITING};
use super::state::{Holds, Places, State};
use crate::checker::concurrent::Symptom;
use crate::history::{OpId, Seen};
use crate::lifecycle::{Invariant, Operation, Outcome, SubjectStatus, Who};
use crate::units::Time;
use SubjectStatus::*;

/// At some instant of the operation the subject was at one of these places, with this data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub places: Places,
    /// None where the data does not matter.
    pub data: Option<Holds>,
    /// Data that is unknown or empty explains the answer as well.
    pub lenient: bool,
}

impl Judge {
    /// What the answer tells of an instant of the operation, beside its own effect.
    pub(super) fn claim(&self, operation: Operation, who: Who, answer: &Answer) -> Option<Claim> {
        // To a stranger nothing is there; what a reader may not do tells nothing either.
        if who == Who::Stranger && !operation.creates() || trespasses(operation, who) {
            return None;
        }
        let data = answer.content.map(|content| self.found(content));
        let plain = |places| Claim {
            places,
            data: None,
            lenient: false,
        };
        let readable = match who {
            Who::Admin => Places::READABLE,
            Who::Member | Who::Reader | Who::Stranger => Places::of(&[Active]),
        };
        match (answer.outcome, answer.seen) {
            (Outcome::Unknown, _) => None,
            (Outcome::Ok, _) if operation.reads() => Some(Claim {
                data,
                ..plain(readable)
            }),
            (_, Some(seen)) => Some(Claim {
                data: data.filter(|_| operation == Operation::Show),
                ..plain(Places::shown(seen))
            }),
            // Whether a reader may read the data is the server's policy.
            (Outcome::Refused, None) if operation.reads() && who != Who::Reader => Some(Claim {
                lenient: self.rules.real(),
                ..plain(Places::EVERY.without(readable))
            }),
            // The embedded service reads what it holds, unless it is told to break.
            (Outcome::Fail, None) if operation.reads() && !self.rules.real() => {
                Some(plain(Places::EVERY.without(readable)))
            }
            (Outcome::Ok, None) => self.acknowledged_in(operation).map(plain),
            // The embedded service refuses what no status grants, and nothing else.
            (Outcome::Refused, None) if !self.rules.real() => {
                let granted = self.granted_in(operation)?;
                Some(plain(Places::EVERY.without(granted)))
            }
            (Outcome::Refused | Outcome::Fail, None) => None,
        }
    }

    /// Where an operation is granted, as far as the status decides that alone.
    fn granted_in(&self, operation: Operation) -> Option<Places> {
        match operation {
            Operation::SetProperty => Some(Places::THERE),
            // The last one stays.
            Operation::RemoveLocation => None,
            _ => self.plans.begins_in(operation),
        }
    }

    /// Where an operation may be acknowledged whose own steps do not tell.
    fn acknowledged_in(&self, operation: Operation) -> Option<Places> {
        let real = self.rules.real();
        match operation {
            Operation::SetProperty | Operation::Protect | Operation::Unprotect => {
                Some(Places::THERE)
            }
            Operation::RemoveLocation | Operation::Delete => real.then_some(Places::THERE),
            Operation::Import => real.then_some(Places::of(&[Queued, Uploading])),
            Operation::ImportStaged => Some(Places::of(&[Uploading])),
            Operation::RegisterLocation => Some(Places::of(&[Queued])),
            Operation::Create
            | Operation::CreateWithLocation
            | Operation::CreateEmpty
            | Operation::CreateWithoutFormat
            | Operation::CreateWithWrongFormat
            | Operation::AddLocation
            | Operation::ReplaceLocation
            | Operation::Upload
            | Operation::AbortUpload
            | Operation::UploadWrongSize
            | Operation::UploadTooLarge
            | Operation::Stage
            | Operation::Deactivate
            | Operation::Reactivate
            | Operation::Show
            | Operation::Download
            | Operation::Export
            | Operation::Clone
            | Operation::DownloadAsAdmin => None,
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
        if who == Who::Stranger && !operation.creates() && (shown || read) {
            self.breach(
                at,
                Invariant::Access,
                Symptom::Exposed,
                format_args!(
                    "{operation} showed the subject to a stranger, for whom it does not exist"
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
        if upload && self.rules.real() && !open.spoiled && !open.sent_all {
            self.breach(
                at,
                Invariant::Acknowledged,
                Symptom::Forbidden,
                format_args!("an upload was answered with success before all of its data was sent"),
            );
        }
    }

    /// Whether a real server had no reason to refuse: a delete by one who may, of a subject that is there and not protected, with nothing
    /// beside it and nothing of which nobody knows what became. Quotas and the like refuse with other codes.
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
            && self.all_in(Places::THERE)
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
        if who == Who::Stranger {
            return;
        }
        if answer.outcome == Outcome::Ok {
            self.acknowledged(open);
            if operation.reads() || operation == Operation::Show {
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
        match open.operation {
            Operation::Delete => known.deleted = true,
            Operation::Upload | Operation::CreateEmpty => {
                known.uploaded = true;
                known.changed = true;
            }
            Operation::Import if !self.rules.real() => {
                known.uploaded = true;
                known.changed = true;
            }
            Operation::CreateWithLocation | Operation::AddLocation => {
                known.located = true;
                known.changed = true;
            }
            Operation::ReplaceLocation | Operation::Deactivate | Operation::Reactivate => {
                known.changed = true;
            }
            Operation::Stage => known.staged = true,
            Operation::Protect => known.protected = open.protected,
            Operation::Unprotect if open.alone => known.may_be_protected = false,
            Operation::Create
            | Operation::CreateWithoutFormat
            | Operation::CreateWithWrongFormat
            | Operation::RemoveLocation
            | Operation::AbortUpload
            | Operation::UploadWrongSize
            | Operation::UploadTooLarge
            | Operation::Import
            | Operation::ImportStaged
            | Operation::RegisterLocation
            | Operation::Unprotect
            | Operation::SetProperty
            | Operation::Show
            | Operation::Download
            | Operation::Export
            | Operation::Clone
            | Operation::DownloadAsAdmin => {}
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
