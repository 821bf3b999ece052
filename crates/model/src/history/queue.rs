//! What a resource of the embedded service has seen, and how it stands.

use super::Level;
use crate::config::Work;

/// A resource of the service, whether a queue or shared: what it has seen so far, and how it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResourceGauge {
    /// How many units there are.
    pub units: u64,
    /// How many of them whoever is served has: one in a queue. Of a shared resource, how many one has at full speed.
    pub each: u64,
    /// Whether a fault keeps those who wait from getting any.
    pub paused: bool,
    /// How many wait. Of a shared resource, by how many there are more than could be at full speed with what is in use.
    pub queue: Level,
    /// How many units are held.
    pub busy: Level,
    /// How many have asked for a unit so far.
    pub arrivals: u64,
    /// How many have got one so far.
    pub grants: u64,
    /// How many have given theirs back so far.
    pub releases: u64,
    /// Waits and holds by whose work it was, indexed by [`Work::index`].
    pub work: [WorkGauge; Work::COUNT],
}

/// What one kind of work did at a queue so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WorkGauge {
    /// The waits of those who got a unit, summed, in nanoseconds. Of a shared resource, by how much longer they took than at full speed.
    pub wait_ns: u128,
    /// The holds that have ended, summed, in nanoseconds. Of a shared resource, how long they would have taken at full speed.
    pub hold_ns: u128,
}

impl ResourceGauge {
    /// What happened since `earlier`, the look before or one before that; the levels are those of now.
    pub fn since(&self, earlier: &ResourceGauge) -> ResourceGauge {
        let mut work = self.work;
        for (work, earlier) in work.iter_mut().zip(&earlier.work) {
            work.wait_ns -= earlier.wait_ns;
            work.hold_ns -= earlier.hold_ns;
        }
        ResourceGauge {
            arrivals: self.arrivals - earlier.arrivals,
            grants: self.grants - earlier.grants,
            releases: self.releases - earlier.releases,
            work,
            ..*self
        }
    }

    /// The waits of those who got a unit, summed, in nanoseconds.
    pub fn wait_ns(&self) -> u128 {
        self.work.iter().map(|work| work.wait_ns).sum()
    }

    /// The holds that have ended, summed, in nanoseconds.
    pub fn hold_ns(&self) -> u128 {
        self.work.iter().map(|work| work.hold_ns).sum()
    }

    /// Adds another shard's or run's share of the same queue; what the levels become, [`Level::add_share`] says.
    pub fn add(&mut self, other: &ResourceGauge) {
        self.queue.add_share(&other.queue);
        self.busy.add_share(&other.busy);
        self.add_share(other);
    }

    /// The same without the levels.
    pub(super) fn add_share(&mut self, other: &ResourceGauge) {
        self.units += other.units;
        self.each = self.each.max(other.each);
        self.arrivals += other.arrivals;
        self.grants += other.grants;
        self.releases += other.releases;
        for (sum, other) in self.work.iter_mut().zip(&other.work) {
            sum.wait_ns += other.wait_ns;
            sum.hold_ns += other.hold_ns;
        }
    }
}
