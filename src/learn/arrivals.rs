//! When images were created: at which rate, whether that follows the day or the week, and how evenly.

use crate::statistics::counts::{Dispersion, dispersion, nested};
use stormglass_model::units::{Span, Time};

/// The instants of creates.
#[derive(Debug, Default)]
pub struct Arrivals {
    /// On a clock that never jumps, and as the clock on the wall showed them.
    times: Vec<(Time, Time)>,
    /// How coarsely the coarsest of them is told.
    coarse: Span,
}

/// What they come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    /// How many.
    pub count: u64,
    /// From the first to the last.
    pub over: Span,
    /// Per second; none where fewer than two came, or all at once.
    pub per_second: Option<f64>,
    /// The rate by the hour of the day or of the week, if it depends on that.
    pub cycle: Option<Cycle>,
    /// How much counts vary beside what independent arrivals would.
    pub dispersion: Option<Dispersion>,
    /// The length of an interval of these counts.
    pub interval: Span,
    /// Arrivals in each of them.
    pub counts: Vec<u64>,
}

/// A rate that goes through the same again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Cycle {
    /// A day or a week. It begins at midnight in UTC, on a Monday.
    pub every: Span,
    /// Per second, in each hour of it.
    pub hours: Vec<f64>,
    /// How likely such differences are, if in truth there are none.
    pub likely: f64,
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;
/// Counts are taken in quarters of an hour, so that a single day says how an hour varies within itself.
const QUARTER: u64 = HOUR / 4;
/// A cycle is taken for one if it is less likely than this by chance.
const CHANCE: f64 = 0.01;
/// 1970 began on a Thursday.
const MONDAY: u64 = 3 * DAY;
/// Intervals of counts, about so many where arrivals suffice, and arrivals in each at least.
const INTERVALS: f64 = 200.0;
const FEWEST: f64 = 5.0;

impl Arrivals {
    /// Takes one.
    pub fn add(&mut self, at: Time, wall: Time, resolution: Span) {
        self.times.push((at, wall));
        self.coarse = self.coarse.max(resolution);
    }

    /// Puts them in order, once all are there.
    pub fn sort(&mut self) {
        self.times.sort_unstable();
    }

    /// The share of them that came until then; of none, all.
    pub fn share_until(&self, at: Time) -> f64 {
        let until = self.times.partition_point(|(it, _)| *it <= at);
        match self.times.len() {
            0 => 1.0,
            all => until as f64 / all as f64,
        }
    }

    /// Each since the first one.
    pub fn since_first(&self) -> impl Iterator<Item = Span> {
        let first = self.times.first().map_or(Time::ZERO, |(at, _)| *at);
        self.times.iter().map(move |(at, _)| at.since(first))
    }

    /// The first, as the clock on the wall showed it.
    pub fn begin(&self) -> Option<Time> {
        self.times.first().map(|(_, wall)| *wall)
    }

    /// What they come to. Where the clock jumped, hours of the day are not what they seem.
    pub fn rate(&self, has_jumped: bool) -> Rate {
        let count = self.times.len() as u64;
        let over = self.since_first().last().unwrap_or(Span::ZERO);
        let seconds = over.as_secs_f64();
        // The first arrival begins the time that is measured, and so does not count.
        let per_second = (seconds > 0.0 && count > 1).then(|| (count - 1) as f64 / seconds);
        let cycle = (!has_jumped).then(|| self.cycle()).flatten();
        let length = per_second.map_or(0.0, |rate| (seconds / INTERVALS).max(FEWEST / rate));
        // Of whole seconds no interval has a part.
        let coarse = self.coarse.0.max(1);
        let interval = Span(Span::from_secs_f64(length).0.div_ceil(coarse) * coarse);
        let length = interval.as_secs_f64();
        let counts = self.counts(interval, over);
        let rate_at = |at: f64| {
            let wall = self.begin().map_or(0.0, Time::as_secs_f64) + at;
            cycle.as_ref().map_or(per_second.unwrap_or(0.0), |cycle| {
                cycle.rate_at(wall as u64)
            })
        };
        let told = counts.iter().enumerate().map(|(at, count)| {
            let expected = rate_at((at as f64 + 0.5) * length) * length;
            (*count as f64, expected)
        });
        let told: Vec<(f64, f64)> = told.collect();
        Rate {
            count,
            over,
            per_second,
            dispersion: dispersion(&told),
            cycle,
            interval,
            counts,
        }
    }

    /// How many came in a second, at quiet times and at busy ones: with the share of intervals that had no more, the rate of each. Of
    /// intervals in which some twenty come on average, and no shorter than ten seconds; none where there are too few.
    pub fn rates(&self) -> Vec<(f64, f64)> {
        let over = self.since_first().last().unwrap_or(Span::ZERO);
        let mean = self.times.len() as f64 / over.as_secs_f64();
        let interval = Span::from_secs_f64((20.0 / mean).clamp(10.0, 1e9));
        let mut counts = self.counts(interval, over);
        counts.sort_unstable();
        let rate = |share: f64| {
            let place = (counts.len() as f64 * share).ceil() as usize;
            let count = counts.get(place.max(1) - 1)?;
            Some((share, *count as f64 / interval.as_secs_f64()))
        };
        let rates = [0.1, 0.3, 0.5, 0.7, 0.9, 0.99].into_iter().filter_map(rate);
        rates.filter(|(_, rate)| *rate > 0.0).collect()
    }

    /// How many came in each whole interval.
    fn counts(&self, interval: Span, over: Span) -> Vec<u64> {
        let whole = over.0.checked_div(interval.0).unwrap_or(0);
        let mut counts = vec![0; usize::try_from(whole).unwrap_or(0)];
        for at in self.since_first() {
            let place =
                at.0.checked_div(interval.0)
                    .and_then(|at| usize::try_from(at).ok());
            if let Some(count) = place.and_then(|at| counts.get_mut(at)) {
                *count += 1;
            }
        }
        counts
    }

    /// A rate by the hour of the week, if that says more than the hour of the day; else of the day, if that says anything.
    fn cycle(&self) -> Option<Cycle> {
        let quarters = self.quarters()?;
        let values: Vec<f64> = quarters.iter().map(|(_, count)| *count).collect();
        let groups = |every: u64| -> Vec<usize> {
            quarters
                .iter()
                .map(|(second, _)| hour_of(*second, every))
                .collect()
        };
        let covered = values.len() as u64 * QUARTER;
        let (constant, day) = (vec![0; values.len()], groups(DAY));
        let of_day = nested(&values, &constant, &day).filter(|_| covered >= DAY - 2 * QUARTER);
        let of_week =
            nested(&values, &day, &groups(WEEK)).filter(|_| covered >= WEEK - 2 * QUARTER);
        let (every, likely) = match (of_week, of_day) {
            (Some(likely), _) if likely < CHANCE => (WEEK, likely),
            (_, Some(likely)) if likely < CHANCE => (DAY, likely),
            _ => return None,
        };
        let mut hours = vec![(0.0, 0.0); usize::try_from(every / HOUR).ok()?];
        for (value, group) in values.iter().zip(groups(every)) {
            hours[group].0 += value;
            hours[group].1 += QUARTER as f64;
        }
        let hours = hours
            .into_iter()
            .map(|(count, seconds)| match seconds > 0.0 {
                true => count / seconds,
                false => 0.0,
            });
        Some(Cycle {
            every: Span::from_secs(every),
            hours: hours.collect(),
            likely,
        })
    }

    /// The second at which each whole quarter of an hour begins, and how many came in it.
    fn quarters(&self) -> Option<Vec<(u64, f64)>> {
        let quarter = |wall: Time| wall.0 / (QUARTER * 1_000_000_000);
        let walls = || self.times.iter().map(|(_, wall)| quarter(*wall));
        let (first, last) = (walls().min()? + 1, walls().max()?);
        let length = usize::try_from(last.checked_sub(first)?)
            .ok()
            .filter(|length| *length <= 1 << 20)?;
        let mut counts = vec![0.0; length];
        for at in walls() {
            let place = at
                .checked_sub(first)
                .and_then(|at| usize::try_from(at).ok());
            if let Some(count) = place.and_then(|at| counts.get_mut(at)) {
                *count += 1.0;
            }
        }
        Some((first..).map(|at| at * QUARTER).zip(counts).collect())
    }
}

/// The hour of a day or a week in which a second since 1970 lies.
fn hour_of(second: u64, every: u64) -> usize {
    ((second + MONDAY) % every / HOUR) as usize
}

impl Cycle {
    /// The rate at a second since 1970.
    fn rate_at(&self, second: u64) -> f64 {
        let every = (self.every.as_secs_f64() as u64).max(1);
        self.hours
            .get(hour_of(second, every))
            .copied()
            .unwrap_or(0.0)
    }
}

#[cfg(test)]
#[path = "arrivals_tests.rs"]
mod tests;
