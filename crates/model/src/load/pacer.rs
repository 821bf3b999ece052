//! The pacer: a pure value that says when each arrival is due.
//!
//! Arrival k is due where the area under the arrival rate reaches the sum of k increments. Those of Poisson arrivals are
//! exponential. Those of even spacing are ones, but for the first, which is
//! zero: the first arrival comes at once, and one that would fall on the end of the load belongs to what comes after it. So a
//! load has as many as the area under its rate, rounded up. Nothing here depends on how the arrivals before went, so load stays
//! open.

use super::arrivals::{Arrivals, Spacing};
use super::curve::{Curve, Place};
use crate::random::{Rng, unit};
use crate::units::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// When arrivals are due.
#[derive(Clone, Debug)]
pub struct Pacer(Way);

#[derive(Clone, Debug)]
enum Way {
    Paced {
        curve: Curve,
        spacing: Spacing,
        rng: Rng,
        place: Place,
    },
    Listed {
        times: Arc<[Time]>,
        next: usize,
    },
}

impl Pacer {
    /// The arrivals from the first on; `rng` draws distances that are random.
    pub fn new(arrivals: &Arrivals, rng: Rng) -> Pacer {
        Pacer(match arrivals {
            Arrivals::Paced { rate, spacing } => Way::Paced {
                curve: Curve::of(rate),
                spacing: *spacing,
                rng,
                place: Place::with(match spacing {
                    Spacing::Even => -1.0,
                    Spacing::Poisson => 0.0,
                }),
            },
            Arrivals::Listed(times) => Way::Listed {
                times: Arc::clone(times),
                next: 0,
            },
        })
    }

    /// When the next arrival is due; none when no more will ever be.
    pub fn next_due(&mut self) -> Option<Time> {
        match &mut self.0 {
            Way::Paced {
                curve,
                spacing,
                rng,
                place,
            } => {
                place.area += match spacing {
                    Spacing::Even => 1.0,
                    Spacing::Poisson => -(1.0 - unit(rng)).ln(),
                };
                curve.due(place)
            }
            Way::Listed { times, next } => {
                let due = times.get(*next).copied();
                *next += 1;
                due
            }
        }
    }
}

/// The arrivals of several pacers as one, in the order in which they are due. Of those that are due at once the first pacer's
/// come first.
#[derive(Clone, Debug)]
pub struct Merged {
    pacers: Vec<Pacer>,
    /// The next arrival of each pacer that has one.
    next: BinaryHeap<Reverse<(Time, usize)>>,
}

impl Merged {
    /// The arrivals of all pacers, from the first on.
    pub fn new(mut pacers: Vec<Pacer>) -> Merged {
        let first = |(index, pacer): (usize, &mut Pacer)| Some(Reverse((pacer.next_due()?, index)));
        let next = pacers.iter_mut().enumerate().filter_map(first).collect();
        Merged { pacers, next }
    }

    /// When the next arrival is due, and the position of its pacer; none when no more will ever be.
    pub fn next_due(&mut self) -> Option<(Time, usize)> {
        let Reverse((due, index)) = self.next.pop()?;
        let pacer = self.pacers.get_mut(index);
        let next = pacer.and_then(Pacer::next_due);
        self.next.extend(next.map(|due| Reverse((due, index))));
        Some((due, index))
    }
}
