//! A queue with so many units, first come first served, that measures itself.

use crate::history::ResourceGauge;
use crate::units::Time;
use std::collections::VecDeque;
use std::num::NonZeroU32;

/// Holders and waiters of one resource.
#[derive(Clone, Debug)]
pub(crate) struct Queue<T> {
    units: u64,
    busy: u64,
    /// While paused nobody is granted a unit; those who have one keep it.
    paused: bool,
    waiting: VecDeque<(Time, T)>,
    gauge: ResourceGauge,
    /// Up to when the integrals are counted.
    counted: Time,
}

impl<T> Queue<T> {
    pub(crate) fn new(units: NonZeroU32) -> Queue<T> {
        Queue {
            units: u64::from(units.get()),
            busy: 0,
            paused: false,
            waiting: VecDeque::new(),
            gauge: ResourceGauge::default(),
            counted: Time::ZERO,
        }
    }

    /// Asks for a unit. The value comes back if it is granted at once, else when its turn comes.
    pub(crate) fn acquire(&mut self, now: Time, value: T) -> Option<T> {
        self.count(now);
        self.gauge.arrivals += 1;
        if self.busy < self.units && !self.paused {
            self.busy += 1;
            self.gauge.grants += 1;
            return Some(value);
        }
        self.waiting.push_back((now, value));
        None
    }

    /// Gives a unit back that was held since `since`; whoever comes next in the queue has it then.
    pub(crate) fn release(&mut self, now: Time, since: Time) -> Option<T> {
        self.count(now);
        self.busy -= 1;
        self.gauge.releases += 1;
        self.gauge.hold_ns += u128::from(now.since(since).0);
        self.grant(now)
    }

    /// Stops or resumes granting. After resuming, call [`Queue::grant`] until it gives nothing.
    pub(crate) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Grants a free unit to the first in the queue.
    pub(crate) fn grant(&mut self, now: Time) -> Option<T> {
        if self.paused || self.busy >= self.units {
            return None;
        }
        self.count(now);
        let (since, value) = self.waiting.pop_front()?;
        self.busy += 1;
        self.gauge.grants += 1;
        self.gauge.wait_ns += u128::from(now.since(since).0);
        Some(value)
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.busy == 0 && self.waiting.is_empty()
    }

    /// The state now, with integrals up to now.
    pub(crate) fn gauge(&mut self, now: Time) -> ResourceGauge {
        self.count(now);
        ResourceGauge {
            units: self.units,
            queue: self.waiting.len() as u64,
            busy: self.busy,
            ..self.gauge
        }
    }

    #[inline]
    fn count(&mut self, now: Time) {
        let span = u128::from(now.since(self.counted).0);
        if span > 0 {
            self.gauge.queue_ns += span * self.waiting.len() as u128;
            self.gauge.busy_ns += span * u128::from(self.busy);
            self.counted = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_granted_in_order_and_waits_add_up() {
        let mut queue = Queue::new(NonZeroU32::MIN);
        assert_eq!(queue.acquire(Time(0), 'a'), Some('a'));
        assert_eq!(queue.acquire(Time(10), 'b'), None);
        assert_eq!(queue.acquire(Time(20), 'c'), None);
        assert_eq!(queue.release(Time(30), Time(0)), Some('b'));
        assert_eq!(queue.release(Time(50), Time(30)), Some('c'));
        assert_eq!(queue.release(Time(60), Time(50)), None);
        let gauge = queue.gauge(Time(60));
        assert_eq!(
            (gauge.wait_ns, gauge.queue_ns),
            (50, 50),
            "Little's law, exactly"
        );
        assert_eq!((gauge.hold_ns, gauge.busy_ns), (60, 60));
        assert_eq!((gauge.arrivals, gauge.grants, gauge.releases), (3, 3, 3));
    }

    #[test]
    fn a_paused_queue_grants_nothing() {
        let mut queue = Queue::new(NonZeroU32::MIN);
        queue.pause(true);
        assert_eq!(queue.acquire(Time(0), 'a'), None);
        assert_eq!(queue.grant(Time(1)), None);
        queue.pause(false);
        assert_eq!(queue.grant(Time(2)), Some('a'));
    }
}
