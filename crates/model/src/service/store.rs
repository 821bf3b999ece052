//! The store: which subject holds how many bytes, and in which status.

use crate::config::StoreConfig;
use crate::history::{Gauges, Level};
use crate::lifecycle::SubjectStatus;
use crate::table::Table;
use crate::units::{Bytes, Time};

/// Bytes by subject, by status, and in all.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    held: Table<Held>,
    stored: Level,
    by_status: [Level; SubjectStatus::COUNT],
    capacity: Option<Bytes>,
    /// The capacity of which it is told when it was first too small.
    watched: Option<Bytes>,
    full: Option<Time>,
}

/// What one subject holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    bytes: u64,
    /// Its status, as the registry has it.
    status: SubjectStatus,
}

impl Default for Held {
    fn default() -> Held {
        Held {
            bytes: 0,
            status: SubjectStatus::Queued,
        }
    }
}

impl Store {
    pub(crate) fn new(config: &StoreConfig) -> Store {
        Store {
            held: Table::default(),
            stored: Level::default(),
            by_status: Default::default(),
            capacity: config.capacity,
            watched: config.watched.or(config.capacity),
            full: None,
        }
    }

    /// A subject comes into `slot`, with no bytes.
    #[inline]
    pub(crate) fn open(&mut self, slot: u32) {
        *self.held.at(slot) = Held::default();
    }

    /// The bytes of the subject in `slot`.
    #[inline]
    pub(crate) fn held(&mut self, slot: u32) -> u64 {
        self.held.at(slot).bytes
    }

    /// Fetches what is known of the subject in `slot` into the processor's cache.
    #[inline]
    pub(crate) fn fetch(&self, slot: u32) {
        std::hint::black_box(self.held.get(slot).map(|held| held.bytes));
    }

    /// The subject in `slot` has another status now, and so have its bytes.
    #[inline]
    pub(crate) fn moved(&mut self, now: Time, slot: u32, to: SubjectStatus) {
        let Held { bytes, status } = self.held.at(slot);
        let from = std::mem::replace(status, to);
        if *bytes > 0 && from != to {
            self.by_status[from.index()].sub(now, *bytes);
            self.by_status[to.index()].add(now, *bytes);
        }
    }

    /// How it stands.
    pub(crate) fn gauges(&mut self, now: Time, gauges: &mut Gauges) {
        gauges.bytes_stored = self.stored.look(now);
        gauges.bytes = (self.by_status).each_mut().map(|level| level.look(now));
        gauges.full = self.full;
    }

    /// Takes bytes in, unless they are more than it has room for. No store holds more than 64 bits count.
    #[inline]
    pub(crate) fn reserve(&mut self, now: Time, slot: u32, bytes: u64) -> bool {
        let after = self.stored.now().checked_add(bytes);
        let fits = |most: Option<Bytes>| {
            let most = most.map_or(u64::MAX, |most| most.0);
            after.is_some_and(|after| after <= most)
        };
        if self.full.is_none() && !fits(self.watched) {
            self.full = Some(now);
        }
        if !fits(self.capacity) {
            return false;
        }
        self.stored.add(now, bytes);
        let held = self.held.at(slot);
        held.bytes += bytes;
        self.by_status[held.status.index()].add(now, bytes);
        true
    }

    /// Removes bytes, as many as there are at most; says how many they were.
    #[inline]
    pub(crate) fn remove(&mut self, now: Time, slot: u32, bytes: u64) -> u64 {
        let held = self.held.at(slot);
        let bytes = bytes.min(held.bytes);
        held.bytes -= bytes;
        self.stored.sub(now, bytes);
        self.by_status[held.status.index()].sub(now, bytes);
        bytes
    }
}
