//! The event calendar: what is due when, in order of time and, at equal times, of entry.
//!
//! A radix heap: time only moves on, so an entry waits in the bucket of the highest bit in which its time
//! differs from now, and moves to lower buckets as now comes near. Every move is sequential, which is what
//! keeps the cost of an event nearly the same from ten thousand entries to ten million. Entries of equal
//! times are always in the same bucket and keep their order, so no sequence number is needed.

use crate::units::Time;
use std::collections::VecDeque;

/// Entries of a chunk: buckets grow chunk by chunk, so nothing is copied and no memory is doubled.
const CHUNK: usize = 512;

#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    at: Time,
    event: E,
}

/// Entries by the time at which they are due.
#[derive(Debug)]
pub struct Calendar<E> {
    /// Bucket 0 is due at `now`; bucket b first differs from it in bit b − 1.
    buckets: [VecDeque<Vec<Entry<E>>>; 65],
    /// The read position in bucket 0.
    read: usize,
    /// Empty chunks to be used again.
    spare: Vec<Vec<Entry<E>>>,
    now: Time,
    len: usize,
}

impl<E: Copy> Default for Calendar<E> {
    fn default() -> Self {
        Calendar {
            buckets: std::array::from_fn(|_| VecDeque::new()),
            read: 0,
            spare: Vec::new(),
            now: Time::ZERO,
            len: 0,
        }
    }
}

impl<E: Copy> Calendar<E> {
    /// Enters an event. What is due before now is due now.
    #[inline]
    pub fn push(&mut self, at: Time, event: E) {
        self.len += 1;
        self.place(Entry {
            at: at.max(self.now),
            event,
        });
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// When the next entry is due. Now does not move on.
    pub fn next_due(&self) -> Option<Time> {
        let bucket = self.buckets.iter().find(|bucket| !bucket.is_empty())?;
        bucket.iter().flatten().map(|entry| entry.at).min()
    }

    /// The first entry, if it is due by `until`; now moves on to it.
    #[inline]
    pub fn pop_until(&mut self, until: Time) -> Option<(Time, E)> {
        if self.buckets[0].is_empty() && !self.refill(until) {
            return None;
        }
        if self.now > until {
            return None;
        }
        let chunk = &self.buckets[0][0];
        let entry = chunk[self.read];
        self.read += 1;
        self.len -= 1;
        if self.read == chunk.len() {
            self.read = 0;
            if let Some(chunk) = self.buckets[0].pop_front() {
                self.reuse(chunk);
            }
        }
        Some((entry.at, entry.event))
    }

    /// Moves now on to the next entry due by `until`, and what is due with it into bucket 0.
    fn refill(&mut self, until: Time) -> bool {
        let Some(index) = self.buckets.iter().position(|bucket| !bucket.is_empty()) else {
            return false;
        };
        let next = self.buckets[index]
            .iter()
            .flatten()
            .map(|entry| entry.at)
            .min();
        let Some(next) = next.filter(|&next| next <= until) else {
            return false;
        };
        self.now = next;
        for chunk in std::mem::take(&mut self.buckets[index]) {
            for &entry in &chunk {
                self.place(entry);
            }
            self.reuse(chunk);
        }
        true
    }

    #[inline]
    fn place(&mut self, entry: Entry<E>) {
        let bucket = 64 - (entry.at.0 ^ self.now.0).leading_zeros() as usize;
        match self.buckets[bucket].back_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(entry),
            _ => {
                let mut chunk = self
                    .spare
                    .pop()
                    .unwrap_or_else(|| Vec::with_capacity(CHUNK));
                chunk.push(entry);
                self.buckets[bucket].push_back(chunk);
            }
        }
    }

    fn reuse(&mut self, mut chunk: Vec<Entry<E>>) {
        // As many as a busy bucket may want back soon; the rest returns to the allocator.
        if self.spare.len() < 128 {
            chunk.clear();
            self.spare.push(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;
    use rand_xoshiro::rand_core::Rng as _;
    use std::collections::BTreeMap;

    #[test]
    fn entries_come_in_order_of_time_and_then_of_entry() {
        for seed in 0..200 {
            let mut rng = Seed(seed).rng();
            let (mut calendar, mut model) = (Calendar::default(), BTreeMap::new());
            let (mut now, mut sequence) = (0_u64, 0_u64);
            for _ in 0..2_000 {
                if rng.next_u64() % 5 < 3 {
                    let at = now + (rng.next_u64() >> (rng.next_u64() % 40 + 24)) % 5_000;
                    calendar.push(Time(at), sequence);
                    model.insert((at, sequence), ());
                    sequence += 1;
                } else {
                    let expected = model.pop_first().map(|((at, n), ())| (Time(at), n));
                    assert_eq!(calendar.next_due(), expected.map(|(at, _)| at));
                    assert_eq!(calendar.pop_until(Time::MAX), expected);
                    now = expected.map_or(now, |(at, _)| at.0);
                }
                assert_eq!(calendar.len(), model.len());
            }
        }
    }

    #[test]
    fn nothing_comes_before_it_is_due() {
        let mut calendar = Calendar::default();
        calendar.push(Time(100), 'a');
        assert_eq!(calendar.pop_until(Time(99)), None);
        calendar.push(Time(50), 'b');
        assert_eq!(calendar.pop_until(Time(99)), Some((Time(50), 'b')));
        assert_eq!(calendar.pop_until(Time(100)), Some((Time(100), 'a')));
        assert!(calendar.is_empty());
    }
}
