//! A state of a subject in 64 bits: its status, whose data it holds, and how far each open operation has come.

use crate::history::Seen;
use crate::lifecycle::{Statuses, SubjectStatus};
use crate::operations::Extent;
use rustc_hash::FxHashSet;
use std::ops::{Deref, DerefMut};

/// Those that a client can have been shown as this.
pub(super) const fn shown(seen: Seen) -> Statuses {
    match seen {
        Seen::Status(status) => Statuses::only(Some(status)),
        Seen::Gone => Statuses::GONE,
    }
}

/// Whose data a subject holds: its position in the checker's table of contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holds(pub u8);

impl Holds {
    pub(super) const NOTHING: Holds = Holds(0);
    /// Unknown data: the first read tells what it is.
    pub(super) const ANYTHING: Holds = Holds(15);
    /// Never in a state: data that no upload brought.
    pub(super) const STRANGE: Holds = Holds(16);
    /// How many contents the table has room for.
    pub(super) const KNOWN: usize = 14;
}

/// Operations that are followed at once.
pub(super) const SLOTS: usize = 14;

/// The bits of the status: zero is not being there, as the lowest bit is in [`Statuses`].
const STATUS: u64 = 0xf;
const HOLDS_AT: u32 = 4;
const SLOTS_AT: u32 = 8;
const EXTENT: u64 = 0b0111;
const LOOKED: u64 = 0b1000;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct State(u64);

impl State {
    /// Before it was created, with nothing open.
    pub(super) const START: State = State(0);

    /// None before it comes into being.
    #[inline]
    pub(super) fn status(self) -> Option<SubjectStatus> {
        let index = ((self.0 & STATUS) as usize).wrapping_sub(1);
        SubjectStatus::ALL.get(index).copied()
    }

    #[inline]
    pub(super) const fn is_in(self, set: Statuses) -> bool {
        set.bits() >> (self.0 & STATUS) & 1 != 0
    }

    #[inline]
    pub(super) const fn holds(self) -> Holds {
        Holds((self.0 >> HOLDS_AT & 0xf) as u8)
    }

    #[inline]
    pub(super) const fn at(self, status: SubjectStatus) -> State {
        State(self.0 & !STATUS | (status.index() as u64 + 1))
    }

    #[inline]
    pub(super) const fn holding(self, holds: Holds) -> State {
        State(self.0 & !(0xf << HOLDS_AT) | (holds.0 as u64 & 0xf) << HOLDS_AT)
    }

    /// How far an operation has come.
    #[inline]
    pub(super) const fn extent(self, slot: usize) -> Extent {
        match self.0 >> (SLOTS_AT + 4 * slot as u32) & EXTENT {
            0 => Extent::Waiting,
            1 => Extent::Holding,
            2 => Extent::Done,
            3 => Extent::Failed,
            _ => Extent::Further,
        }
    }

    #[inline]
    pub(super) const fn come(self, slot: usize, extent: Extent) -> State {
        let at = SLOTS_AT + 4 * slot as u32;
        State(self.0 & !(EXTENT << at) | (extent as u64) << at)
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
        State(self.0 & !((EXTENT | LOOKED) << (SLOTS_AT + 4 * slot as u32)))
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

    /// Keeps those that fit; false, and nothing changes, where none does.
    #[inline]
    pub(super) fn narrow(&mut self, fits: impl Fn(&State) -> bool) -> bool {
        let any = self.list.iter().any(&fits);
        if any {
            self.list.retain(fits);
        }
        any
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
