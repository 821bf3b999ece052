//! The store: which subject holds how many bytes.

use crate::table::Table;
use crate::units::Bytes;

/// Bytes by subject, and in all.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    held: Table<u64>,
    stored: u64,
    capacity: Option<Bytes>,
}

impl Store {
    pub(crate) fn new(capacity: Option<Bytes>) -> Store {
        Store {
            held: Table::default(),
            stored: 0,
            capacity,
        }
    }

    /// The bytes of the subject in `slot`.
    #[inline]
    pub(crate) fn held(&mut self, slot: u32) -> &mut u64 {
        self.held.at(slot)
    }

    /// All bytes.
    #[inline]
    pub(crate) fn stored(&self) -> u64 {
        self.stored
    }

    /// Takes bytes in, unless they are more than it has room for.
    #[inline]
    pub(crate) fn reserve(&mut self, slot: u32, bytes: u64) -> bool {
        let after = self.stored.saturating_add(bytes);
        if self.capacity.is_some_and(|capacity| after > capacity.0) {
            return false;
        }
        self.stored = after;
        *self.held.at(slot) += bytes;
        true
    }

    /// Removes bytes, as many as there are at most; says how many they were.
    #[inline]
    pub(crate) fn remove(&mut self, slot: u32, bytes: u64) -> u64 {
        let held = self.held.at(slot);
        let bytes = bytes.min(*held);
        *held -= bytes;
        self.stored -= bytes;
        bytes
    }
}
