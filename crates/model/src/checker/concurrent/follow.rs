//! What everything open may do: the set of states grows by every change that may be made, in every order.

use super::checker::{Checker, bits};
use super::open::{Claim, Loose, Open, Standing};
use super::plan::{ANY_EXTENT, Plan};
use super::state::{Holds, State};
use crate::lifecycle::{Statuses, SubjectStatus};
use crate::operations::{Change, Contents, Extent};
use SubjectStatus::{Deleted, PendingDelete};

/// Operations that nobody waits for any more and that are followed exactly; those before them may act as often as they like.
const FOLLOWED: usize = 3;

impl Checker {
    /// Lets everything open make every change that it may, in every order.
    #[inline]
    pub(super) fn expand(&mut self) {
        if self.closed {
            return;
        }
        self.closed = true;
        let mut states = std::mem::take(&mut self.states);
        states.reconsider();
        let mut index = 0;
        while let Some(&state) = states.get(index) {
            index += 1;
            let status = state.status();
            for slot in bits(self.used) {
                let Some(open) = &self.slots[slot] else {
                    continue;
                };
                let extent = state.extent(slot);
                for change in self.plans.changes(open.plan) {
                    if change.extent == extent
                        && change.from == status
                        && (!change.looked || state.looked(slot))
                    {
                        let next = changed(state, change, open.brings);
                        states.add(self.look(next.come(slot, change.next)));
                    }
                }
            }
            if status == Some(PendingDelete) {
                let scrubbed = state.at(Deleted).holding(Holds::NOTHING);
                states.add(self.look(scrubbed));
            }
            for loose in &self.loose {
                for change in self.plans.changes(loose.plan) {
                    if change.from == status && !change.looked {
                        states.add(self.look(changed(state, change, loose.brings)));
                    }
                }
            }
            if states.len() > self.rules.budget as usize {
                self.exhausted = true;
                break;
            }
        }
        self.states = states;
    }

    /// After something that cannot be true: it is believed, and nothing that is open is held to its answer any more.
    pub(super) fn believe(&mut self, status: Option<SubjectStatus>, holds: Option<Holds>) {
        for state in self.states.iter_mut() {
            let there = status.map_or(*state, |status| state.at(status));
            *state = holds.map_or(there, |holds| there.holding(holds));
        }
        for slot in bits(self.used) {
            self.look_no_more(slot);
            if let Some(open) = &mut self.slots[slot] {
                open.plan.ends_in = ANY_EXTENT;
            }
        }
        self.states.tidy();
        self.closed = false;
    }

    /// What an answer tells of an instant need not be true any more.
    pub(super) fn look_no_more(&mut self, slot: usize) {
        self.looking &= !(1 << slot);
        if let Some(open) = &mut self.slots[slot] {
            open.claim = None;
        }
    }

    /// Lets every operation whose answer tells of an instant like this one have it: that can only help.
    #[inline]
    pub(super) fn look(&self, mut state: State) -> State {
        for slot in bits(self.looking) {
            if let Some(Open {
                claim: Some(claim), ..
            }) = &self.slots[slot]
                && self.fits(claim, state)
            {
                state = state.looking(slot);
            }
        }
        state
    }

    #[inline]
    fn fits(&self, claim: &Claim, state: State) -> bool {
        let holds = state.holds();
        let same = match claim.data {
            None => true,
            // Of several places a server reads whichever it likes, and nobody knows the data of those that were named.
            Some(Holds::STRANGE) if self.known.moved => true,
            Some(data) => holds == data || holds == Holds::ANYTHING || data == Holds::ANYTHING,
        };
        state.is_in(claim.statuses) && same
            || claim.lenient
                && state.is_in(Statuses::READABLE)
                && (holds == Holds::ANYTHING || self.size(holds) == Some(0) || self.may_delete())
    }

    /// Whether something that is open may delete the subject: a real server takes its data away first, and changes the status last.
    fn may_delete(&self) -> bool {
        let open = bits(self.used).filter_map(|slot| self.slots[slot].as_ref());
        let mut plans = open
            .map(|open| open.plan)
            .chain(self.loose.iter().map(|loose| loose.plan));
        plans.any(|plan| self.plans.deletes(plan))
    }

    /// Of data that is known.
    pub(super) fn size(&self, holds: Holds) -> Option<u64> {
        let index = usize::from(holds.0).checked_sub(1)?;
        self.contents.get(index).map(|content| content.size)
    }

    pub(super) fn all_in(&self, statuses: Statuses) -> bool {
        self.states.iter().all(|state| state.is_in(statuses))
    }

    /// Forgets operations that have nothing left to do, and lets the oldest ones go loose when too many linger.
    pub(super) fn follow_few(&mut self) {
        loop {
            let lingering = || {
                let slots = bits(self.used).filter_map(|slot| Some((slot, self.slots[slot]?)));
                slots.filter(|(_, open)| open.standing != Standing::Waits)
            };
            let spent = |slot: usize| {
                self.states
                    .iter()
                    .all(|state| state.extent(slot) == Extent::Done)
            };
            let oldest = lingering().min_by_key(|(_, open)| open.id);
            if let Some((slot, _)) = lingering().find(|(slot, _)| spent(*slot)) {
                self.close(slot);
            } else if let (Some((slot, open)), true) = (oldest, lingering().count() > FOLLOWED) {
                self.loosen(open.plan, open.brings);
                self.close(slot);
            } else {
                return;
            }
        }
    }

    pub(super) fn loosen(&mut self, plan: Plan, brings: Holds) {
        let loose = Loose { plan, brings };
        if !self.plans.changes(plan).is_empty() && !self.loose.contains(&loose) {
            self.loose.push(loose);
            self.closed = false;
        }
    }
}

#[inline]
fn changed(state: State, change: &Change, brings: Holds) -> State {
    let there = state.at(change.to);
    match change.contents {
        Contents::Stay => there,
        Contents::Come => there.holding(brings),
        Contents::Go => there.holding(Holds::NOTHING),
    }
}
