//! The event calendar: what is due when, in order of time and, at equal times, of entry.
//!
//! A radix heap in base 64: time only moves on, so an entry waits on the level of the highest digit in which
//! its time differs from now, in the bucket of that digit, and moves to lower levels as now comes near.
//! Every move is sequential, which is what keeps the cost of an event nearly the same from ten thousand
//! entries to ten million. Entries of equal times are always in the same bucket and keep their order, so no
//! sequence number is needed.

use std::collections::VecDeque;
use stormglass_model::units::Time;

/// Entries of a chunk: buckets grow chunk by chunk, so nothing is copied and no memory is doubled.
const CHUNK: usize = 128;
/// Bits of a digit.
const DIGIT: u32 = 6;
/// Digits of a time.
const LEVELS: usize = 11;
/// Buckets of a level.
const WIDTH: usize = 1 << DIGIT;
/// A bucket of at most so many entries is due so soon that what its events need may be fetched ahead.
const SOON: usize = 256;
/// Empty chunks that are kept to be used again; more return to the allocator.
const SPARE: usize = 512;

#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    at: Time,
    event: E,
}

type Bucket<E> = VecDeque<Vec<Entry<E>>>;

/// Entries by the time at which they are due.
#[derive(Debug)]
pub struct Calendar<E> {
    /// What is due now, in order; the read position is in its first chunk.
    due: Bucket<E>,
    read: usize,
    /// By level and digit.
    buckets: Vec<Bucket<E>>,
    /// One bit a bucket that holds anything, by level.
    filled: [u64; LEVELS],
    spare: Vec<Vec<Entry<E>>>,
    now: Time,
}

impl<E: Copy> Default for Calendar<E> {
    fn default() -> Self {
        Calendar {
            due: VecDeque::new(),
            read: 0,
            buckets: std::iter::repeat_with(VecDeque::new)
                .take(LEVELS * WIDTH)
                .collect(),
            filled: [0; LEVELS],
            spare: Vec::new(),
            now: Time::ZERO,
        }
    }
}

impl<E: Copy> Calendar<E> {
    /// Enters an event. What is due before now is due now.
    #[inline]
    pub fn push(&mut self, at: Time, event: E) {
        self.place(Entry {
            at: at.max(self.now),
            event,
        });
    }

    /// When the next entry is due. Now does not move on.
    pub fn next_due(&self) -> Option<Time> {
        if !self.due.is_empty() {
            return Some(self.now);
        }
        self.first_bucket().and_then(|index| self.earliest(index))
    }

    /// The first entry, if it is due by `until`; now moves on to it. `soon` is shown entries that will come
    /// soon, some of them more than once.
    #[inline]
    pub fn pop_until(&mut self, until: Time, soon: impl FnMut(&E)) -> Option<(Time, E)> {
        if self.due.is_empty() && !self.refill(until, soon) {
            return None;
        }
        if self.now > until {
            return None;
        }
        let chunk = self.due.front()?;
        let entry = chunk[self.read];
        self.read += 1;
        if self.read == chunk.len() {
            self.read = 0;
            if let Some(chunk) = self.due.pop_front() {
                self.reuse(chunk);
            }
        }
        Some((entry.at, entry.event))
    }

    /// The bucket of the entries that come first: the lowest digit of the lowest level.
    fn first_bucket(&self) -> Option<usize> {
        let level = self.filled.iter().position(|&filled| filled != 0)?;
        Some(level * WIDTH + self.filled[level].trailing_zeros() as usize)
    }

    fn earliest(&self, index: usize) -> Option<Time> {
        self.buckets[index]
            .iter()
            .flatten()
            .map(|entry| entry.at)
            .min()
    }

    /// Moves now on to the next entry due by `until`, and what is due with it into `due`.
    fn refill(&mut self, until: Time, mut soon: impl FnMut(&E)) -> bool {
        let Some(index) = self.first_bucket() else {
            return false;
        };
        let Some(next) = self.earliest(index).filter(|&next| next <= until) else {
            return false;
        };
        self.now = next;
        self.filled[index / WIDTH] &= !(1 << (index % WIDTH));
        let mut bucket = std::mem::take(&mut self.buckets[index]);
        if bucket.len() <= SOON / CHUNK {
            bucket.iter().flatten().for_each(|entry| soon(&entry.event));
        }
        for chunk in bucket.drain(..) {
            for &entry in &chunk {
                self.place(entry);
            }
            self.reuse(chunk);
        }
        // The bucket is empty and nothing was placed in it, but its room can be used again.
        self.buckets[index] = bucket;
        true
    }

    #[inline]
    fn place(&mut self, entry: Entry<E>) {
        let differs = entry.at.0 ^ self.now.0;
        let bucket = if differs == 0 {
            &mut self.due
        } else {
            let level = (63 - differs.leading_zeros()) / DIGIT;
            let digit = (entry.at.0 >> (level * DIGIT)) as usize % WIDTH;
            self.filled[level as usize] |= 1 << digit;
            &mut self.buckets[level as usize * WIDTH + digit]
        };
        match bucket.back_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(entry),
            _ => {
                let mut chunk = self
                    .spare
                    .pop()
                    .unwrap_or_else(|| Vec::with_capacity(CHUNK));
                chunk.push(entry);
                bucket.push_back(chunk);
            }
        }
    }

    fn reuse(&mut self, mut chunk: Vec<Entry<E>>) {
        if self.spare.len() < SPARE {
            chunk.clear();
            self.spare.push(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::rand_core::Rng as _;
    use std::collections::BTreeMap;
    use stormglass_model::random::Seed;

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
                    assert_eq!(calendar.pop_until(Time::MAX, |_| {}), expected);
                    now = expected.map_or(now, |(at, _)| at.0);
                }
            }
            let left = std::iter::from_fn(|| calendar.pop_until(Time::MAX, |_| {}));
            assert!(left.eq(model.into_keys().map(|(at, n)| (Time(at), n))));
        }
    }

    #[test]
    fn nothing_comes_before_it_is_due() {
        let mut calendar = Calendar::default();
        calendar.push(Time(100), 'a');
        assert_eq!(calendar.pop_until(Time(99), |_| {}), None);
        calendar.push(Time(50), 'b');
        assert_eq!(calendar.pop_until(Time(99), |_| {}), Some((Time(50), 'b')));
        assert_eq!(
            calendar.pop_until(Time(100), |_| {}),
            Some((Time(100), 'a'))
        );
        assert_eq!(calendar.next_due(), None);
    }
}
