//! What everything open may do: the set of states grows by every step that may be taken, in every order.

use super::judge::{Judge, bits};
use super::open::{Loose, Open, Standing};
use super::plan::{ANY_PHASE, Plan};
use super::state::phase::DONE;
use super::state::{Holds, Place, State};
use crate::history::Content;
use crate::lifecycle::{Statuses, SubjectStatus};
use crate::operations::Contents;

/// Operations that nobody waits for any more and that are followed exactly; those before them may act as often as they like.
const FOLLOWED: usize = 3;

const PENDING: Place = Place::of(Some(SubjectStatus::PendingDelete));
const DELETED: Place = Place::of(Some(SubjectStatus::Deleted));

impl Judge {
    /// Lets everything open take every step that it may, in every order.
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
            for slot in bits(self.used) {
                let Some(open) = &self.slots[slot] else {
                    continue;
                };
                let now = state.phase(slot);
                for step in self.plans.steps(open.plan) {
                    if step.phase == now
                        && step.from == state.place()
                        && (!step.looked || state.looked(slot))
                    {
                        let next = stepped(state, step.to, step.contents, open.brings);
                        let next = self.look(next.in_phase(slot, step.next));
                        states.add(next);
                    }
                }
            }
            if state.place() == PENDING {
                let scrubbed = state.at(DELETED).holding(Holds::NOTHING);
                states.add(self.look(scrubbed));
            }
            for loose in &self.loose {
                for step in self.plans.steps(loose.plan) {
                    if step.from == state.place() && !step.looked {
                        let next = stepped(state, step.to, step.contents, loose.brings);
                        states.add(self.look(next));
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
    pub(super) fn believe(&mut self, place: Option<Place>, holds: Option<Holds>) {
        for state in self.states.iter_mut() {
            let there = place.map_or(*state, |place| state.at(place));
            *state = holds.map_or(there, |holds| there.holding(holds));
        }
        for slot in bits(self.used) {
            self.look_no_more(slot);
            if let Some(open) = &mut self.slots[slot] {
                open.plan.ends_in = ANY_PHASE;
            }
        }
        self.states.tidy();
        self.closed = false;
    }

    /// What an answer tells of an instant need not be true any more.
    pub(super) fn look_no_more(&mut self, slot: usize) {
        self.looking &= !(1 << slot);
        if let Some(open) = &mut self.slots[slot] {
            open.looks = false;
        }
    }

    /// Lets every operation whose answer tells of an instant like this one have it: that can only help.
    #[inline]
    pub(super) fn look(&self, mut state: State) -> State {
        for slot in bits(self.looking) {
            if let Some(open) = &self.slots[slot]
                && self.fits(open, state)
            {
                state = state.looking(slot);
            }
        }
        state
    }

    #[inline]
    fn fits(&self, open: &Open, state: State) -> bool {
        let holds = state.holds();
        let same = match open.data {
            None => true,
            Some(data) => holds == data || holds == Holds::ANYTHING || data == Holds::ANYTHING,
        };
        state.place().is_in(open.places) && same
            || open.lenient
                && state.place().is_in(Statuses::READABLE)
                && (holds == Holds::ANYTHING || self.size(holds) == Some(0))
    }

    pub(super) fn size(&self, holds: Holds) -> Option<u64> {
        self.content(holds).map(|content| content.size)
    }

    pub(super) fn content(&self, holds: Holds) -> Option<Content> {
        let index = usize::from(holds.0).checked_sub(1)?;
        self.contents.get(index).copied()
    }

    pub(super) fn all_in(&self, places: Statuses) -> bool {
        self.states.iter().all(|state| state.place().is_in(places))
    }

    /// Forgets operations that have nothing left to do, and lets the oldest ones go loose when too many linger.
    pub(super) fn follow_few(&mut self) {
        loop {
            let lingering = || {
                let slots = bits(self.used).filter_map(|slot| Some((slot, self.slots[slot]?)));
                slots.filter(|(_, open)| open.standing != Standing::Waits)
            };
            let spent = |slot: usize| self.states.iter().all(|state| state.phase(slot) == DONE);
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
        if !self.plans.steps(plan).is_empty() && !self.loose.contains(&loose) {
            self.loose.push(loose);
            self.closed = false;
        }
    }
}

#[inline]
fn stepped(state: State, to: Place, contents: Contents, brings: Holds) -> State {
    let there = state.at(to);
    match contents {
        Contents::Stay => there,
        Contents::Come => there.holding(brings),
        Contents::Go => there.holding(Holds::NOTHING),
    }
}
