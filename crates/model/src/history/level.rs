//! A quantity that goes up and down by steps, measured exactly.

use crate::units::{Span, Time};

/// How much of something there is, and how much there has been: its integral over time since the beginning of the run, and
/// its extremes since the last look. Nothing in it depends on when one looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Level {
    now: u64,
    /// Up to when the integral is counted.
    counted: Time,
    /// The integral over time, in units times nanoseconds.
    area: u128,
    /// The least that there was for any time since the last look; `u64::MAX` while no time has passed.
    min: u64,
    /// The most that there was since the last look, however briefly.
    max: u64,
}

impl Default for Level {
    fn default() -> Self {
        Level::constant(0)
    }
}

impl Level {
    /// A level that has been at `value` for no time yet.
    pub const fn constant(value: u64) -> Level {
        Level {
            now: value,
            counted: Time::ZERO,
            area: 0,
            min: u64::MAX,
            max: value,
        }
    }

    /// How much there is.
    #[inline]
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// The least that there was for any time since the look before.
    pub const fn min(&self) -> u64 {
        if self.min == u64::MAX {
            self.now
        } else {
            self.min
        }
    }

    /// The most that there was since the look before, however briefly.
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// The integral over time since the beginning of the run, in units times nanoseconds.
    pub const fn area(&self) -> u128 {
        self.area
    }

    /// There is so much more of it at `at`.
    #[inline]
    pub fn add(&mut self, at: Time, more: u64) {
        self.count(at);
        self.now = self.now.saturating_add(more);
        self.max = self.max.max(self.now);
    }

    /// There is so much less of it at `at`, and never less than none.
    #[inline]
    pub fn sub(&mut self, at: Time, less: u64) {
        self.count(at);
        self.now = self.now.saturating_sub(less);
    }

    /// There is so much of it from `at` on.
    pub fn set(&mut self, at: Time, value: u64) {
        match value.checked_sub(self.now) {
            Some(more) => self.add(at, more),
            None => self.sub(at, self.now - value),
        }
    }

    /// How it stands at `at`; its extremes count from here on.
    pub fn look(&mut self, at: Time) -> Level {
        self.count(at);
        let seen = *self;
        self.min = u64::MAX;
        self.max = self.now;
        seen
    }

    /// The same level later, if nothing happened to it in between.
    #[must_use]
    pub fn until(mut self, at: Time) -> Level {
        self.count(at);
        self
    }

    /// How it stood at `at`, between this look and a later one, as far as the two can tell: the integral grew evenly, and the
    /// extremes of the stretch between them may have been at any time of it.
    #[must_use]
    pub fn towards(self, later: &Level, at: Time) -> Level {
        let whole = later.counted.since(self.counted).0.max(1);
        let part = at.since(self.counted).0.min(whole);
        let grown = later.area.saturating_sub(self.area);
        Level {
            counted: self.counted + Span(part),
            area: self.area + ((grown as f64 * (part as f64 / whole as f64)) as u128).min(grown),
            ..Level {
                now: self.now,
                ..*later
            }
        }
    }

    /// Takes over the extremes of the stretch before.
    pub fn join(&mut self, before: &Level) {
        self.min = self.min.min(before.min);
        self.max = self.max.max(before.max);
    }

    /// Adds another shard's share of the same quantity. Since the extremes of the two need not have come at the same time, the
    /// least of the sum is no less than the result's, and the most no more.
    pub fn add_share(&mut self, share: &Level) {
        self.min = self.min.saturating_add(share.min);
        self.max = self.max.saturating_add(share.max);
        self.now = self.now.saturating_add(share.now);
        self.area += share.area;
        self.counted = self.counted.max(share.counted);
    }

    #[inline]
    fn count(&mut self, at: Time) {
        let span = at.since(self.counted).0;
        if span > 0 {
            self.area += u128::from(self.now) * u128::from(span);
            self.min = self.min.min(self.now);
            self.counted = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_and_integral_are_exact_wherever_one_looks() {
        let mut level = Level::default();
        level.add(Time(10), 3);
        let first = level.look(Time(20));
        assert_eq!((first.min(), first.max(), first.area()), (0, 3, 30));
        level.add(Time(20), 4); // for no time: a peak, but nobody's minimum
        level.sub(Time(20), 6);
        level.add(Time(25), 2);
        let second = level.look(Time(30));
        assert_eq!((second.min(), second.max(), second.now()), (1, 7, 3));
        assert_eq!(second.area() - first.area(), 5 + 15);
        let nothing_since = level.look(Time(30));
        assert_eq!((nothing_since.min(), nothing_since.max()), (3, 3));
        assert_eq!(level.until(Time(40)).area(), second.area() + 30);
    }
}
