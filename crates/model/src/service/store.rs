//! The store: which subject holds how many bytes.

use crate::history::Level;
use crate::table::Table;
use crate::units::{Bytes, Time};

/// Bytes by subject, and in all.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    held: Table<u64>,
    stored: Level,
    capacity: Option<Bytes>,
}

impl Store {
    pub(crate) fn new(capacity: Option<Bytes>) -> Store {
        Store {
            held: Table::default(),
            stored: Level::default(),
            capacity,
        }
    }

    /// The bytes of the subject in `slot`.
    #[inline]
    pub(crate) fn held(&mut self, slot: u32) -> &mut u64 {
        self.held.at(slot)
    }

    /// All bytes.
    pub(crate) fn stored(&mut self) -> &mut Level {
        &mut self.stored
    }

    /// Takes bytes in, unless they are more than it has room for. No store holds more than 64 bits count.
    #[inline]
    pub(crate) fn reserve(&mut self, now: Time, slot: u32, bytes: u64) -> bool {
        let most = self.capacity.map_or(u64::MAX, |capacity| capacity.0);
        let after = self.stored.now().checked_add(bytes);
        if after.is_none_or(|after| after > most) {
            return false;
        }
        self.stored.add(now, bytes);
        *self.held.at(slot) += bytes;
        true
    }

    /// Removes bytes, as many as there are at most; says how many they were.
    #[inline]
    pub(crate) fn remove(&mut self, now: Time, slot: u32, bytes: u64) -> u64 {
        let held = self.held.at(slot);
        let bytes = bytes.min(*held);
        *held -= bytes;
        self.stored.sub(now, bytes);
        bytes
    }
}
