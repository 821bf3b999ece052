//! The arrival rate as a curve of segments. The area under it says how many arrivals are due, and its inverse when.

use super::rate::{ArrivalRate, Ramp, RampShape};
use crate::units::{Rate, Span, Time};
use std::sync::Arc;

/// Areas that differ by less than this share are the same: far less than an arrival, and more than all rounding of a long load.
const ROUNDING: f64 = 1e-12;

/// What may be lost of so large an area by rounding.
fn rounding(area: f64) -> f64 {
    ROUNDING * area.max(1e3)
}

/// How the rate goes within a segment.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// By so much per second, per second.
    Linear(f64),
    /// By the factor e to the power of this, per second; never zero.
    Exponential(f64),
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    /// Seconds at which it starts, from the start of the load or of the period.
    start: f64,
    /// Its length in seconds; it may be endless.
    length: f64,
    /// The rate at its start, per second.
    rate: f64,
    change: Change,
    /// The area under those before it.
    before: f64,
}

/// Where in a curve the last arrival was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    segment: usize,
    /// The area used up inside the segment; of a curve that is repeated, since the load began.
    pub area: f64,
}

impl Place {
    /// The beginning of a curve, with so much of its area used up.
    pub const fn with(area: f64) -> Place {
        Place { segment: 0, area }
    }
}

/// An arrival rate over the whole of a load.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    /// Never empty.
    segments: Arc<[Segment]>,
    /// The length of a period, if the segments are repeated for ever. If not, the last of them is endless.
    every: Option<Span>,
}

impl Curve {
    /// The curve of a rate.
    pub fn of(rate: &ArrivalRate) -> Curve {
        match rate {
            ArrivalRate::Ramps { from, ramps } => Curve::of_ramps(*from, ramps),
            ArrivalRate::Cycle { every, knots } => Curve::of_cycle(*every, knots),
            ArrivalRate::Counts { period, counts } => {
                let mut pieces = Pieces::default();
                for count in counts.iter() {
                    let rate = count / period.as_secs_f64();
                    pieces.line(*period, rate, rate);
                }
                pieces.held(0.0)
            }
        }
    }

    fn of_ramps(from: Rate, ramps: &[Ramp]) -> Curve {
        let (mut pieces, mut last) = (Pieces::default(), from.0);
        for &Ramp { length, to, shape } in ramps {
            match shape {
                RampShape::Linear => pieces.line(length, last, to.0),
                RampShape::Step => pieces.line(length, to.0, to.0),
                RampShape::Exponential => pieces.power(length, last, to.0),
            }
            last = to.0;
        }
        pieces.held(last)
    }

    fn of_cycle(every: Span, knots: &[(Span, Rate)]) -> Curve {
        let (Some(&(first, rise)), Some(&(last, fall))) = (knots.first(), knots.last()) else {
            return Pieces::default().held(0.0);
        };
        // The line from the last knot to the first of the next period is cut where the period begins.
        let (left, all) = (every - last, every - last + first);
        let middle = match all > left {
            true => fall.0 + (rise.0 - fall.0) * (left.as_secs_f64() / all.as_secs_f64()),
            false => rise.0,
        };
        let mut pieces = Pieces::default();
        pieces.line(first, middle, rise.0);
        for pair in knots.windows(2) {
            pieces.line(pair[1].0 - pair[0].0, pair[0].1.0, pair[1].1.0);
        }
        pieces.line(left, fall.0, middle);
        pieces.repeated(every)
    }

    /// How many arrivals are due in its first `length`.
    pub fn area(&self, length: Span) -> f64 {
        let (turns, rest) = match self.every {
            Some(every) => (length.0 / every.0.max(1), length.0 % every.0.max(1)),
            None => (0, length.0),
        };
        let seconds = Span(rest).as_secs_f64();
        let parts = self.segments.iter().map(|segment| {
            let covered = (seconds - segment.start).clamp(0.0, segment.length);
            segment.area_after(covered)
        });
        let turns = match turns {
            0 => 0.0,
            turns => turns as f64 * self.period(),
        };
        turns + parts.sum::<f64>()
    }

    /// How many are due in all; infinite where they do not dry up.
    pub fn whole(&self) -> f64 {
        match (self.every, self.period()) {
            (Some(_), area) if area > 0.0 => f64::INFINITY,
            (_, area) => area,
        }
    }

    /// The highest rate, per second.
    pub fn highest(&self) -> f64 {
        let ends = self.segments.iter().flat_map(|segment| {
            let end = match segment.length.is_finite() {
                true => segment.rate_after(segment.length),
                false => segment.rate,
            };
            [segment.rate, end]
        });
        ends.fold(0.0, f64::max)
    }

    /// The area under all segments.
    fn period(&self) -> f64 {
        let last = self.segments.last();
        last.map_or(0.0, |last| last.before + last.area_after(last.length))
    }

    /// When the arrival is due whose area `place` has; none when so many never come.
    pub fn due(&self, place: &mut Place) -> Option<Time> {
        match self.every {
            Some(every) => self.due_in_cycle(every, place.area),
            None => self.due_once(place),
        }
    }

    fn due_once(&self, place: &mut Place) -> Option<Time> {
        loop {
            let segment = self.segments.get(place.segment)?;
            let whole = segment.area_after(segment.length);
            // What rounding leaves of an area is not in this segment but at the beginning of the next.
            if whole - place.area > rounding(place.area) {
                let seconds = segment.start + segment.seconds_to(place.area);
                return Some(Time((seconds * 1e9).round() as u64));
            }
            if place.segment + 1 == self.segments.len() {
                return None;
            }
            place.area = (place.area - whole).max(0.0);
            place.segment += 1;
        }
    }

    /// From the area since the load began, not from the arrival before: so nothing adds up over the periods.
    fn due_in_cycle(&self, every: Span, area: f64) -> Option<Time> {
        let period = self.period();
        if period <= 0.0 {
            return None;
        }
        let mut turns = (area / period).floor();
        // One rounding for product and difference together.
        let mut rest = (-turns).mul_add(period, area).max(0.0);
        let same = rounding(area);
        if period - rest <= same {
            (turns, rest) = (turns + 1.0, 0.0);
        }
        let ended =
            |segment: &Segment| segment.before + segment.area_after(segment.length) - rest <= same;
        let at = self.segments.partition_point(ended);
        let segment = self.segments.get(at).or(self.segments.last())?;
        let seconds = segment.start + segment.seconds_to((rest - segment.before).max(0.0));
        let begun = (turns as u64).saturating_mul(every.0);
        Some(Time(begun) + Span::from_secs_f64(seconds))
    }
}

/// A curve under construction.
#[derive(Default)]
struct Pieces {
    segments: Vec<Segment>,
    end: Span,
    area: f64,
}

impl Pieces {
    /// A straight line from one rate to another.
    fn line(&mut self, length: Span, from: f64, to: f64) {
        if length > Span::ZERO {
            let slope = (to - from) / length.as_secs_f64();
            self.push(length, from, Change::Linear(slope));
        }
    }

    /// A rate that grows or shrinks by equal factors. From zero, or to it, it cannot: it is a line then.
    fn power(&mut self, length: Span, from: f64, to: f64) {
        let growth = (to / from).ln() / length.as_secs_f64();
        match growth.is_finite() && growth != 0.0 {
            true => self.push(length, from, Change::Exponential(growth)),
            false => self.line(length, from, to),
        }
    }

    fn push(&mut self, length: Span, rate: f64, change: Change) {
        let segment = Segment {
            start: self.end.as_secs_f64(),
            length: length.as_secs_f64(),
            rate,
            change,
            before: self.area,
        };
        self.area += segment.area_after(segment.length);
        self.end += length;
        self.segments.push(segment);
    }

    /// The rate is held at the end for ever.
    fn held(mut self, rate: f64) -> Curve {
        self.segments.push(Segment {
            start: self.end.as_secs_f64(),
            length: f64::INFINITY,
            rate,
            change: Change::Linear(0.0),
            before: self.area,
        });
        Curve {
            segments: self.segments.into(),
            every: None,
        }
    }

    /// The whole is repeated for ever.
    fn repeated(self, every: Span) -> Curve {
        Curve {
            segments: self.segments.into(),
            every: Some(every),
        }
    }
}

impl Segment {
    /// How many arrivals are due within the first `seconds` of the segment.
    fn area_after(&self, seconds: f64) -> f64 {
        if seconds.is_infinite() {
            return if self.rate > 0.0 { f64::INFINITY } else { 0.0 };
        }
        match self.change {
            Change::Linear(slope) => seconds * (self.rate + 0.5 * slope * seconds),
            Change::Exponential(growth) => self.rate / growth * (growth * seconds).exp_m1(),
        }
    }

    /// The rate after so many seconds of the segment.
    fn rate_after(&self, seconds: f64) -> f64 {
        match self.change {
            Change::Linear(slope) => self.rate + slope * seconds,
            Change::Exponential(growth) => self.rate * (growth * seconds).exp(),
        }
    }

    /// The inverse of [`Segment::area_after`].
    fn seconds_to(&self, area: f64) -> f64 {
        if area == 0.0 {
            return 0.0;
        }
        match self.change {
            Change::Linear(0.0) => area / self.rate,
            Change::Linear(slope) => {
                // The root in the form that loses no digits when the slope is small.
                let root = (self.rate * self.rate + 2.0 * slope * area).max(0.0).sqrt();
                (2.0 * area / (self.rate + root)).min(self.length)
            }
            Change::Exponential(growth) => {
                ((growth * area / self.rate).ln_1p() / growth).min(self.length)
            }
        }
    }
}
