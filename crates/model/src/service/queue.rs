//! A queue with so many units, first come first served, that measures itself.

use crate::config::Work;
use crate::history::ResourceGauge;
use crate::units::Time;
use std::collections::VecDeque;
use std::num::NonZeroU32;

/// Holders and waiters of one resource.
#[derive(Clone, Debug)]
pub(crate) struct Queue<T> {
    /// While paused nobody is granted a unit; those who have one keep it.
    paused: bool,
    waiting: VecDeque<(Time, Work, T)>,
    gauge: ResourceGauge,
}

impl<T> Queue<T> {
    pub(crate) fn new(units: NonZeroU32) -> Queue<T> {
        Queue {
            paused: false,
            waiting: VecDeque::new(),
            gauge: ResourceGauge {
                units: u64::from(units.get()),
                each: 1,
                ..ResourceGauge::default()
            },
        }
    }

    /// Asks for a unit. The value comes back if it is granted at once, else when its turn comes.
    pub(crate) fn acquire(&mut self, now: Time, work: Work, value: T) -> Option<T> {
        self.gauge.arrivals += 1;
        if self.has_free() {
            self.gauge.busy.add(now, 1);
            self.gauge.grants += 1;
            return Some(value);
        }
        self.gauge.queue.add(now, 1);
        self.waiting.push_back((now, work, value));
        None
    }

    /// Gives a unit back that was held since `since`; whoever comes next in the queue has it then.
    pub(crate) fn release(&mut self, now: Time, work: Work, since: Time) -> Option<T> {
        self.gauge.busy.sub(now, 1);
        self.gauge.releases += 1;
        self.gauge.work[work.index()].hold_ns += u128::from(now.since(since).0);
        self.grant(now)
    }

    /// Whoever has held a unit since `since` hands it to another of the same kind, past all who wait.
    pub(crate) fn pass_on(&mut self, now: Time, work: Work, since: Time) {
        self.gauge.arrivals += 1;
        self.gauge.grants += 1;
        self.gauge.releases += 1;
        self.gauge.work[work.index()].hold_ns += u128::from(now.since(since).0);
    }

    /// Stops or resumes granting. After resuming, call [`Queue::grant`] until it gives nothing.
    pub(crate) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Grants a free unit to the first in the queue.
    pub(crate) fn grant(&mut self, now: Time) -> Option<T> {
        if !self.has_free() {
            return None;
        }
        let (since, work, value) = self.waiting.pop_front()?;
        self.gauge.queue.sub(now, 1);
        self.gauge.busy.add(now, 1);
        self.gauge.grants += 1;
        self.gauge.work[work.index()].wait_ns += u128::from(now.since(since).0);
        Some(value)
    }

    /// Whether so many wait already.
    pub(crate) fn is_full(&self, most: u64) -> bool {
        !self.has_free() && self.waiting.len() as u64 >= most
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.gauge.busy.now() == 0 && self.waiting.is_empty()
    }

    /// The state now, with integrals up to now; extremes count from here on.
    pub(crate) fn gauge(&mut self, now: Time) -> ResourceGauge {
        ResourceGauge {
            paused: self.paused,
            queue: self.gauge.queue.look(now),
            busy: self.gauge.busy.look(now),
            ..self.gauge
        }
    }

    #[inline]
    fn has_free(&self) -> bool {
        !self.paused && self.gauge.busy.now() < self.gauge.units
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_granted_in_order_and_waits_add_up() {
        let mut queue = Queue::new(NonZeroU32::MIN);
        assert_eq!(queue.acquire(Time(0), Work::Request, 'a'), Some('a'));
        assert_eq!(queue.acquire(Time(10), Work::Request, 'b'), None);
        assert_eq!(queue.acquire(Time(20), Work::Request, 'c'), None);
        assert_eq!(queue.release(Time(30), Work::Request, Time(0)), Some('b'));
        assert_eq!(queue.release(Time(50), Work::Request, Time(30)), Some('c'));
        assert_eq!(queue.release(Time(60), Work::Request, Time(50)), None);
        let gauge = queue.gauge(Time(60));
        assert_eq!(
            (gauge.wait_ns(), gauge.queue.area()),
            (50, 50),
            "Little's law, exactly"
        );
        assert_eq!((gauge.hold_ns(), gauge.busy.area()), (60, 60));
        assert_eq!((gauge.arrivals, gauge.grants, gauge.releases), (3, 3, 3));
    }

    #[test]
    fn a_paused_queue_grants_nothing() {
        let mut queue = Queue::new(NonZeroU32::MIN);
        queue.pause(true);
        assert_eq!(queue.acquire(Time(0), Work::Request, 'a'), None);
        assert_eq!(queue.grant(Time(1)), None);
        queue.pause(false);
        assert_eq!(queue.grant(Time(2)), Some('a'));
    }
}
