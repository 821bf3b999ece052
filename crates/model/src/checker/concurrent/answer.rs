//! What an answer claims of the subject, and what it makes known.

use super::checker::{Checker, bits, ends};
use super::open::{Claim, Open, PATIENCE, Standing, trespasses};
use super::plan::{ANY_EXTENT, Way};
use super::state::{Holds, State, shown};
use super::violation::Symptom;
use crate::history::{Ending, OpId, Seen};
use crate::lifecycle::{Invariant, Operation, Outcome, Statuses, SubjectStatus, Who};
use crate::operations::{Body, Extent, OperationKind};
use SubjectStatus::Active;

impl Checker {
    /// What the answer tells of an instant of the operation, beside its own effect.
    pub(super) fn claim(&self, operation: Operation, who: Who, ending: &Ending) -> Option<Claim> {
        // To a user of another project nothing is there, or as much as its owner shares; what a reader may not do tells nothing either.
        let foreign = who == Who::OtherProject && !operation.creates();
        let reads_all_the_same = ending.outcome == Outcome::Ok && operation.reads();
        if foreign && !reads_all_the_same || trespasses(operation, who) {
            return None;
        }
        let (real, reads) = (self.rules.real(), operation.reads());
        let content = ending.content;
        let plainly = Statuses::only(Some(Active));
        let readable = match who {
            Who::Member | Who::Admin if self.rules.one_identity => plainly,
            Who::Admin => Statuses::READABLE,
            Who::Member | Who::Reader | Who::OtherProject => plainly,
        };
        let (statuses, content, lenient) = match (ending.outcome, ending.seen) {
            (Outcome::Unknown | Outcome::Local, _) => return None,
            // One whose role is unknown may be an admin.
            (Outcome::Ok, _) if reads && self.rules.one_identity => {
                (Statuses::READABLE, content, false)
            }
            (Outcome::Ok, _) if reads => (readable, content, false),
            (_, Some(seen)) => {
                let content = content.filter(|_| operation == Operation::Show);
                (shown(seen), content, false)
            }
            // Whether a reader may read the data is the server's policy.
            (Outcome::Refused, None) if reads && who != Who::Reader => {
                (Statuses::EVERY.without(readable), None, real)
            }
            // The embedded service reads what it holds, unless it is told to break or has no room for the request.
            (Outcome::Fail, None)
                if reads && !real && ending.http_status != Some(Ending::NO_ROOM) =>
            {
                (Statuses::EVERY.without(readable), None, false)
            }
            (Outcome::Ok, None) => (self.plans.acknowledged(operation)?, None, false),
            // The embedded service refuses what no status grants, and nothing else; and the last location stays.
            (Outcome::Refused, None)
                if !real && operation.kind() != OperationKind::RemoveLocation =>
            {
                let granted = self.plans.granted(operation)?;
                (Statuses::EVERY.without(granted), None, false)
            }
            (Outcome::Refused | Outcome::Fail, None) => return None,
        };
        Some(Claim {
            statuses,
            content,
            data: content.map(|content| self.found(content)),
            lenient,
        })
    }

    /// An operation was answered.
    pub(super) fn answered(&mut self, id: OpId, ending: &Ending) {
        let followed = |slot: usize| Some((slot, self.slots[slot].filter(|open| open.id == id)?));
        let Some((slot, mut open)) = bits(self.used).find_map(followed) else {
            return; // there were too many to follow it
        };
        let faulty = open.broken || open.breaks != self.breaks;
        if !faulty {
            self.judge_reply(&open, ending);
        }
        self.judge_sending(&open, ending);
        self.judge_role(slot, &mut open, ending);
        if faulty && ending.outcome != Outcome::Ok {
            // While something is broken, what is there may be refused.
            self.look_no_more(slot);
            open.claim = None;
            if self.rules.real() {
                open.plan.ends_in = ANY_EXTENT;
            }
        }
        self.expand();
        if self.exhausted {
            return;
        }
        if !faulty && self.must_delete(slot, &open, ending) {
            self.blame_refusal(open.operation);
        }
        if !self.states.narrow(|&state| ends(slot, &open, state)) {
            self.blame(slot, &open, ending);
        }
        self.end(slot, &open, ending, faulty);
        self.learn(&open, ending);
    }

    /// The operation is over, or goes on unwatched.
    fn end(&mut self, slot: usize, open: &Open, ending: &Ending, faulty: bool) {
        let Some(standing) = self.lingers(open, ending, faulty) else {
            return self.close(slot);
        };
        self.look_no_more(slot);
        let waited = self.now.since(open.sent);
        if standing == Standing::Unknown && self.plans.deletes(open.plan) {
            self.known.deleting = Some(open.sent);
        }
        if let Some(open) = &mut self.slots[slot] {
            open.plan.ends_in = ANY_EXTENT;
            open.standing = standing;
            open.given_up = standing == Standing::Unknown && waited >= PATIENCE;
        }
        if standing == Standing::Failed {
            // What has not begun by then does not begin later.
            let over =
                |state: &&mut State| matches!(state.extent(slot), Extent::Waiting | Extent::Failed);
            for state in self.states.iter_mut().filter(over) {
                *state = state.come(slot, Extent::Done);
            }
            self.states.tidy();
        }
        self.follow_few();
    }

    /// Invariant `answer`: while nothing is broken there is an answer, and it is no error of the server's own.
    fn judge_reply(&mut self, open: &Open, ending: &Ending) {
        let Open {
            operation, spoiled, ..
        } = *open;
        if spoiled || !self.rules.real() {
            return;
        }
        match ending.http_status {
            Some(status) if status >= 500 && status != 501 => self.violated(
                Invariant::Answer,
                Symptom::ServerError,
                format_args!("{operation} was answered with an error of the server's own, though nothing was broken"),
            ),
            Some(Ending::NO_HTTP) => self.violated(
                Invariant::Answer,
                Symptom::Malformed,
                format_args!("{operation} was answered with something that is no reply of HTTP"),
            ),
            None if ending.outcome != Outcome::Unknown || operation.sends_data() => {}
            // Who waits for long and then gives up knows less than one whose connection is closed.
            None if self.now.since(open.sent) >= PATIENCE => self.known.given_up = Some(operation),
            None => self.violated(
                Invariant::Answer,
                Symptom::NoAnswer,
                format_args!("{operation} was never answered, though nothing was broken"),
            ),
            Some(_) => {}
        }
    }

    /// Invariant `access`, as far as it depends on who asks alone; and that what is protected stays.
    fn judge_role(&mut self, slot: usize, open: &mut Open, ending: &Ending) {
        let Open { operation, who, .. } = *open;
        if trespasses(operation, who) && ending.outcome == Outcome::Ok {
            self.violated(
                Invariant::Access,
                Symptom::Trespass,
                format_args!("{operation} was answered with success to a {who}, who may not do it"),
            );
            // From now on it may do more than was thought of it.
            open.plan = self.plans.of(operation, Way::Maybe);
            if self.moves_data(operation) {
                self.data_moves();
            }
            if let Some(kept) = &mut self.slots[slot] {
                kept.plan = open.plan;
            }
            self.closed = false;
        }
        let shown = matches!(ending.seen, Some(Seen::Status(_))) || ending.content.is_some();
        let read = operation.reads() && ending.outcome == Outcome::Ok;
        let foreign = who == Who::OtherProject && !operation.creates();
        if foreign && (shown || read) && !self.known.may_be_shared {
            self.violated(
                Invariant::Access,
                Symptom::Exposed,
                format_args!(
                    "{operation} showed the subject to a member of another project, for whom it does not exist"
                ),
            );
        }
        if operation == Operation::Delete && open.protected && ending.outcome == Outcome::Ok {
            self.violated(
                Invariant::Edge,
                Symptom::Forbidden,
                "a delete was answered with success while the subject was protected",
            );
        }
    }

    /// An upload is done when all of its data is there.
    fn judge_sending(&mut self, open: &Open, ending: &Ending) {
        let whole = matches!(open.operation.kind(), OperationKind::Upload(body) if body.is_whole());
        let upload = whole && ending.outcome == Outcome::Ok;
        if upload && self.rules.real() && !open.sent_all {
            self.violated(
                Invariant::Acknowledged,
                Symptom::Forbidden,
                "an upload was answered with success before all of its data was sent",
            );
        }
    }

    /// Whether a real server had no reason to refuse: a delete by one who may, of a subject that is there and not protected, with nothing
    /// beside it and nothing whose end is unknown. Quotas and the like refuse with other codes.
    fn must_delete(&mut self, slot: usize, open: &Open, ending: &Ending) -> bool {
        let refused = ending.outcome == Outcome::Refused
            && ending.seen.is_none()
            && matches!(ending.http_status, Some(400 | 403 | 409));
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

    /// What the answer makes known beside the states.
    fn learn(&mut self, open: &Open, ending: &Ending) {
        let Open { operation, who, .. } = *open;
        if who == Who::OtherProject {
            return;
        }
        if ending.outcome == Outcome::Ok {
            self.acknowledged(open);
            if operation.kind().looks() {
                self.settle_data(ending);
            }
        }
        match ending.seen {
            Some(Seen::Gone) => self.known.gone = true,
            Some(Seen::Status(status)) if operation == Operation::Show => {
                self.moves_on(status);
                if open.alone && self.at_rest() {
                    self.known.last_look = Some((self.now, status));
                    self.rests(status);
                }
            }
            Some(Seen::Status(_)) | None => {}
        }
    }

    fn acknowledged(&mut self, open: &Open) {
        let known = &mut self.known;
        match open.operation.kind() {
            OperationKind::Delete => known.deleted = true,
            OperationKind::Upload(Body::Whole | Body::Chunked) | OperationKind::CreateEmpty => {
                known.uploaded = true;
                known.changed = true;
            }
            OperationKind::Import(_) if !self.rules.real() => {
                known.uploaded = true;
                known.changed = true;
            }
            OperationKind::CreateWithLocation | OperationKind::AddLocation(_) => {
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
            | OperationKind::Import(_)
            | OperationKind::ImportStaged
            | OperationKind::CopyImage
            | OperationKind::DeleteFromStore(_)
            | OperationKind::ImportToAllStores
            | OperationKind::RegisterLocation(_)
            | OperationKind::Unprotect
            | OperationKind::Share
            | OperationKind::Unshare
            | OperationKind::Accept
            | OperationKind::CopyLocation
            | OperationKind::SetProperty
            | OperationKind::Show
            | OperationKind::List
            | OperationKind::Download => {}
        }
    }

    /// Data that nobody knew is what was read, from the first time on.
    fn settle_data(&mut self, ending: &Ending) {
        let Some(content) = ending.content else {
            return;
        };
        let unknown = |state: &State| state.holds() == Holds::ANYTHING;
        if self.known.moved || !self.states.iter().all(unknown) {
            return;
        }
        let holds = self.enter(content);
        for state in self.states.iter_mut() {
            *state = state.holding(holds);
        }
        // What is open may tell of the same data, and was sent when nobody knew it.
        let open = self.slots.iter_mut().flatten();
        let claims = open.filter_map(|open| open.claim.as_mut());
        for claim in claims.filter(|claim| claim.content == Some(content)) {
            claim.data = Some(holds);
        }
    }
}
