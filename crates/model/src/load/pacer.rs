//! The pacer: a pure value that says when each arrival is due.
//!
//! The arrival rate is linear between knots. Arrival k is due where the area under the rate reaches the
//! sum of k increments. Those of Poisson arrivals are exponential. Those of even spacing are ones, but for the first, which is
//! zero: the first arrival comes at once, and one that would fall on the end of the load belongs to what comes after it. So a
//! load has as many as the area under its rate, rounded up. Nothing here depends on how the arrivals before went, so load stays
//! open.

use crate::named;
use crate::random::{Rng, unit};
use crate::units::{Rate, Span, Time};

named! {
    /// How arrivals are spaced.
    Spacing {
        /// Independent of each other: exponential distances.
        Poisson = "poisson",
        /// At equal distances.
        Even = "even",
    }
}

/// A linear change of the arrival rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    /// How long it takes.
    pub length: Span,
    /// The rate at its end, held until the next ramp.
    pub to: Rate,
}

/// Areas that differ by less than this share are the same: far less than an arrival, and more than all rounding of a long load.
const ROUNDING: f64 = 1e-12;

#[derive(Clone, Copy, Debug)]
struct Segment {
    /// Seconds at which it starts.
    start: f64,
    /// Its length in seconds; the last one is endless.
    length: f64,
    /// The rate at its start, per second.
    rate: f64,
    /// How the rate changes, per second squared.
    slope: f64,
}

/// When arrivals are due.
#[derive(Clone, Debug)]
pub struct Pacer {
    segments: Vec<Segment>,
    spacing: Spacing,
    rng: Rng,
    /// Where the last arrival was: the segment, and the area used up inside it.
    segment: usize,
    area: f64,
}

impl Pacer {
    /// Arrivals that start at `rate` and follow the ramps, one after the other.
    pub fn new(rate: Rate, ramps: &[Ramp], spacing: Spacing, rng: Rng) -> Pacer {
        let mut segments = Vec::with_capacity(ramps.len() + 1);
        let (mut start, mut current) = (0.0, rate.0);
        for ramp in ramps {
            let length = ramp.length.as_secs_f64();
            if length > 0.0 {
                let slope = (ramp.to.0 - current) / length;
                segments.push(Segment {
                    start,
                    length,
                    rate: current,
                    slope,
                });
                start += length;
            }
            current = ramp.to.0;
        }
        segments.push(Segment {
            start,
            length: f64::INFINITY,
            rate: current,
            slope: 0.0,
        });
        Pacer {
            segments,
            spacing,
            rng,
            segment: 0,
            area: match spacing {
                Spacing::Even => -1.0,
                Spacing::Poisson => 0.0,
            },
        }
    }

    /// When the next arrival is due; none when no more will ever be.
    pub fn next_due(&mut self) -> Option<Time> {
        self.area += match self.spacing {
            Spacing::Even => 1.0,
            Spacing::Poisson => -(1.0 - unit(&mut self.rng)).ln(),
        };
        loop {
            let segment = self.segments[self.segment];
            let whole = segment.area_after(segment.length);
            // What rounding leaves of an area is not in this segment but at the beginning of the next.
            if whole - self.area > ROUNDING * self.area.max(1e3) {
                let seconds = segment.start + segment.seconds_to(self.area);
                return Some(Time((seconds * 1e9).round() as u64));
            }
            if self.segment + 1 == self.segments.len() {
                return None;
            }
            self.area = (self.area - whole).max(0.0);
            self.segment += 1;
        }
    }
}

impl Segment {
    /// How many arrivals are due within the first `seconds` of the segment.
    fn area_after(&self, seconds: f64) -> f64 {
        if seconds.is_infinite() {
            return if self.rate > 0.0 { f64::INFINITY } else { 0.0 };
        }
        seconds * (self.rate + 0.5 * self.slope * seconds)
    }

    /// The inverse of [`Segment::area_after`].
    fn seconds_to(&self, area: f64) -> f64 {
        if area == 0.0 {
            return 0.0;
        }
        if self.slope == 0.0 {
            return area / self.rate;
        }
        // The root in the form that loses no digits when the slope is small.
        let root = (self.rate * self.rate + 2.0 * self.slope * area)
            .max(0.0)
            .sqrt();
        (2.0 * area / (self.rate + root)).min(self.length)
    }
}
