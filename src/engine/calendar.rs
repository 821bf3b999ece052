//! The event calendar: what is due when, in order of time and, at equal times, of entry.
//!
//! What comes next is a short sorted list. What comes later waits in a radix heap in base 64: time only moves on, so an entry
//! waits on the level of the highest digit in which its time differs from a base that moves with now, in the bucket of that
//! digit. When the list is empty, the first bucket becomes the list, or, if it holds too many, is dealt out to lower levels.
//! Every move is sequential, which is what keeps the cost of an event nearly the same from ten thousand entries to ten
//! million. Entries of equal times are always in the same place and keep their order, so no sequence number is needed.

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
/// A bucket of at most so many entries is sorted.
const FEW: usize = 64;
/// So many entries are too many to be kept sorted: the later half returns to the buckets.
const CROWD: usize = 256;
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
    /// All that is due until `near_until`, in order.
    near: VecDeque<Entry<E>>,
    near_until: Time,
    /// What is due later, by level and digit.
    buckets: Vec<Bucket<E>>,
    /// One bit a bucket that holds anything, by level.
    filled: [u64; LEVELS],
    /// The buckets are those of times that differ from this one. It is not after now.
    base: Time,
    spare: Vec<Vec<Entry<E>>>,
    now: Time,
}

impl<E: Copy> Default for Calendar<E> {
    fn default() -> Self {
        Calendar {
            near: VecDeque::new(),
            near_until: Time::ZERO,
            buckets: std::iter::repeat_with(VecDeque::new)
                .take(LEVELS * WIDTH)
                .collect(),
            filled: [0; LEVELS],
            base: Time::ZERO,
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
        match self.near.front() {
            Some(first) => Some(first.at),
            None => self.first_bucket().and_then(|index| self.earliest(index)),
        }
    }

    /// The first entry, if it is due by `until`; now moves on to it. `soon` is shown entries that will come
    /// soon, some of them more than once.
    #[inline]
    pub fn pop_until(&mut self, until: Time, soon: impl FnMut(&E)) -> Option<(Time, E)> {
        if self.near.is_empty() {
            self.refill(until, soon);
        }
        let Entry { at, event } = *self.near.front()?;
        if at > until {
            return None;
        }
        self.near.pop_front();
        self.now = at;
        Some((at, event))
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

    /// Makes a list of what comes next, unless it comes after `until`.
    fn refill(&mut self, until: Time, mut soon: impl FnMut(&E)) {
        let Some(index) = self.first_bucket() else {
            return;
        };
        let Some(next) = self.earliest(index).filter(|&next| next <= until) else {
            return;
        };
        self.base = next;
        self.filled[index / WIDTH] &= !(1 << (index % WIDTH));
        let mut bucket = std::mem::take(&mut self.buckets[index]);
        let count: usize = bucket.iter().map(Vec::len).sum();
        if count <= SOON {
            bucket.iter().flatten().for_each(|entry| soon(&entry.event));
        }
        // All times of the bucket, or the first one alone.
        self.near_until = match count {
            ..=FEW => Time(next.0 | ((1 << (index / WIDTH * DIGIT as usize)) - 1)),
            _ => next,
        };
        for chunk in bucket.drain(..) {
            match count {
                ..=FEW => self.near.extend(&chunk),
                _ => chunk.iter().for_each(|&entry| self.place(entry)),
            }
            self.reuse(chunk);
        }
        if count <= FEW {
            let near = self.near.make_contiguous();
            near.sort_by_key(|entry| entry.at);
        }
        // The bucket is empty and nothing was placed in it, but its room can be used again.
        self.buckets[index] = bucket;
    }

    #[inline]
    fn place(&mut self, entry: Entry<E>) {
        if entry.at <= self.near_until {
            match self.near.back() {
                Some(last) if last.at > entry.at => self.insert(entry),
                _ => self.near.push_back(entry),
            }
            return;
        }
        let level = (63 - (entry.at.0 ^ self.base.0).leading_zeros()) / DIGIT;
        let digit = (entry.at.0 >> (level * DIGIT)) as usize % WIDTH;
        self.filled[level as usize] |= 1 << digit;
        let bucket = &mut self.buckets[level as usize * WIDTH + digit];
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

    /// Puts an entry where it belongs among those of the list.
    fn insert(&mut self, entry: Entry<E>) {
        let before = self.near.partition_point(|other| other.at <= entry.at);
        self.near.insert(before, entry);
        let (first, middle) = (self.near[0].at, self.near[self.near.len() / 2].at);
        if self.near.len() > CROWD && first < middle {
            self.near_until = Time(middle.0 - 1);
            let kept = self.near.partition_point(|other| other.at < middle);
            let later = self.near.split_off(kept);
            later.into_iter().for_each(|entry| self.place(entry));
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

    /// Times ahead by `ahead`, entered and taken in turns, come in order.
    fn comes_in_order(seed: u64, ahead: impl Fn(u64) -> u64) {
        let mut rng = Seed(seed).rng();
        let (mut calendar, mut model) = (Calendar::default(), BTreeMap::new());
        let (mut now, mut sequence) = (0_u64, 0_u64);
        for round in 0..2_000 {
            // More come in than go out, and then more go out.
            let share = if round % 1_000 < 700 { 4 } else { 1 };
            if rng.next_u64() % 5 < share {
                let at = now + ahead(rng.next_u64());
                calendar.push(Time(at), sequence);
                model.insert((at, sequence), ());
                sequence += 1;
                continue;
            }
            let until = now + ahead(rng.next_u64());
            let first = model.first_key_value().map(|(&(at, n), ())| (at, n));
            assert_eq!(calendar.next_due(), first.map(|(at, _)| Time(at)));
            let due = first.filter(|(at, _)| *at <= until);
            let popped = calendar.pop_until(Time(until), |_| {});
            assert_eq!(popped, due.map(|(at, n)| (Time(at), n)));
            if let Some(key) = due {
                model.remove(&key);
                now = key.0;
            }
        }
        let left = std::iter::from_fn(|| calendar.pop_until(Time::MAX, |_| {}));
        assert!(left.eq(model.into_keys().map(|(at, n)| (Time(at), n))));
    }

    #[test]
    fn entries_come_in_order_of_time_and_then_of_entry() {
        for seed in 0..200 {
            // Of many lengths but none long, many of them equal; all nearly as long; of all lengths.
            comes_in_order(seed, |random| (random >> (random % 40 + 24)) % 5_000);
            comes_in_order(seed, |random| random % 1_000_000);
            comes_in_order(seed, |random| random >> (random % 50 + 14));
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
