//! A state of a subject in 64 bits: its status, whose data it holds, and how far each open operation has come.

use crate::history::Seen;
use crate::lifecycle::SubjectStatus;
use rustc_hash::FxHashSet;
use std::ops::{Deref, DerefMut};

/// A status, or not being there yet, as a small number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u8);

impl Place {
    pub(super) const NOWHERE: Place = Place(0);

    pub(super) const fn of(status: Option<SubjectStatus>) -> Place {
        match status {
            None => Place::NOWHERE,
            Some(status) => Place(status.index() as u8 + 1),
        }
    }

    pub(super) fn status(self) -> Option<SubjectStatus> {
        let index = self.0.checked_sub(1)?;
        SubjectStatus::ALL.get(usize::from(index)).copied()
    }
}

/// A set of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places(u16);

impl Places {
    pub(super) const EVERY: Places = Places(u16::MAX);
    /// What clients are told is not there.
    pub(super) const GONE: Places =
        Places::of(&[SubjectStatus::PendingDelete, SubjectStatus::Deleted])
            .or(Places(1 << Place::NOWHERE.0));
    pub(super) const THERE: Places = Places::EVERY.without(Places::GONE);
    /// What an admin may read in, and beside him everybody in active alone.
    pub(super) const READABLE: Places =
        Places::of(&[SubjectStatus::Active, SubjectStatus::Deactivated]);
    /// In the middle of something.
    pub(super) const BUSY: Places = Places::of(&[
        SubjectStatus::Saving,
        SubjectStatus::Uploading,
        SubjectStatus::Importing,
    ]);

    pub(super) const fn only(place: Place) -> Places {
        Places(1 << place.0)
    }

    pub(super) const fn of(statuses: &[SubjectStatus]) -> Places {
        let mut bits = 0;
        let mut i = 0;
        while i < statuses.len() {
            bits |= 1 << Place::of(Some(statuses[i])).0;
            i += 1;
        }
        Places(bits)
    }

    /// Those that a client can have been shown as this.
    pub(super) const fn shown(seen: Seen) -> Places {
        match seen {
            Seen::Status(status) => Places::of(&[status]),
            Seen::Gone => Places::GONE,
        }
    }

    pub(super) const fn or(self, other: Places) -> Places {
        Places(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Places) -> Places {
        Places(self.0 & !other.0)
    }

    pub(super) const fn has(self, place: Place) -> bool {
        self.0 & (1 << place.0) != 0
    }

    /// The one place of a set of one.
    pub(super) fn sole(self) -> Option<Place> {
        (self.0.count_ones() == 1).then(|| Place(self.0.trailing_zeros() as u8))
    }

    pub(super) fn contains(self, status: SubjectStatus) -> bool {
        self.has(Place::of(Some(status)))
    }
}

/// Whose data a subject holds: a place in the judge's table of contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holds(pub u8);

impl Holds {
    pub(super) const NOTHING: Holds = Holds(0);
    /// Data that nobody knows: it is what whoever reads it says.
    pub(super) const ANYTHING: Holds = Holds(15);
    /// Never in a state: data that no upload brought.
    pub(super) const STRANGE: Holds = Holds(16);
    /// How many contents the table has room for.
    pub(super) const KNOWN: usize = 14;
}

/// How far an operation has come.
pub(super) mod phase {
    pub const WAITING: u8 = 0;
    pub const HOLDING: u8 = 1;
    pub const DONE: u8 = 2;
    pub const FAILED: u8 = 3;
    pub const FURTHER: u8 = 4;
}

/// Operations that are followed at once.
pub(super) const SLOTS: usize = 14;

const PLACE: u64 = 0xf;
const HOLDS_AT: u32 = 4;
const SLOTS_AT: u32 = 8;
const PHASE: u64 = 0b0111;
const LOOKED: u64 = 0b1000;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct State(u64);

impl State {
    /// Before it was created, with nothing open.
    pub(super) const START: State = State(0);

    #[inline]
    pub(super) const fn place(self) -> Place {
        Place((self.0 & PLACE) as u8)
    }

    #[inline]
    pub(super) const fn holds(self) -> Holds {
        Holds((self.0 >> HOLDS_AT & 0xf) as u8)
    }

    #[inline]
    pub(super) const fn at(self, place: Place) -> State {
        State(self.0 & !PLACE | place.0 as u64)
    }

    #[inline]
    pub(super) const fn holding(self, holds: Holds) -> State {
        State(self.0 & !(0xf << HOLDS_AT) | (holds.0 as u64 & 0xf) << HOLDS_AT)
    }

    #[inline]
    pub(super) const fn phase(self, slot: usize) -> u8 {
        (self.0 >> (SLOTS_AT + 4 * slot as u32) & PHASE) as u8
    }

    #[inline]
    pub(super) const fn in_phase(self, slot: usize, phase: u8) -> State {
        let at = SLOTS_AT + 4 * slot as u32;
        State(self.0 & !(PHASE << at) | (phase as u64) << at)
    }

    /// Whether the operation has had an instant that it tells of.
    #[inline]
    pub(super) const fn looked(self, slot: usize) -> bool {
        self.0 & LOOKED << (SLOTS_AT + 4 * slot as u32) != 0
    }

    #[inline]
    pub(super) const fn looking(self, slot: usize) -> State {
        State(self.0 | LOOKED << (SLOTS_AT + 4 * slot as u32))
    }

    /// Without the operation.
    #[inline]
    pub(super) const fn without(self, slot: usize) -> State {
        State(self.0 & !((PHASE | LOOKED) << (SLOTS_AT + 4 * slot as u32)))
    }
}

/// States without repetition. Whoever changes them in place calls [`States::tidy`].
#[derive(Clone, Debug, Default)]
pub(super) struct States {
    list: Vec<State>,
    /// The same, while there are many and more are added.
    crowd: FxHashSet<State>,
}

/// From so many states on a set answers whether one is there already.
const CROWD: usize = 48;

impl States {
    #[inline]
    pub(super) fn add(&mut self, state: State) {
        if self.list.len() < CROWD {
            if !self.list.contains(&state) {
                self.list.push(state);
            }
            return;
        }
        if self.crowd.is_empty() {
            self.crowd.extend(self.list.iter().copied());
        }
        if self.crowd.insert(state) {
            self.list.push(state);
        }
    }

    /// They were changed in place, and more are added now.
    #[inline]
    pub(super) fn reconsider(&mut self) {
        if !self.crowd.is_empty() {
            self.crowd.clear();
        }
    }

    /// States that have become the same are one.
    #[inline]
    pub(super) fn tidy(&mut self) {
        if self.list.len() > 1 {
            self.list.sort_unstable();
            self.list.dedup();
        }
    }
}

impl Deref for States {
    type Target = Vec<State>;

    fn deref(&self) -> &Vec<State> {
        &self.list
    }
}

impl DerefMut for States {
    fn deref_mut(&mut self) -> &mut Vec<State> {
        &mut self.list
    }
}
