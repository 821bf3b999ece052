//! How long things took, and how much else was going on meanwhile.

use super::reservoir::Reservoir;
use std::collections::BTreeMap;
use stormglass_model::units::{Bytes, Span, Time};

/// One thing that was done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// How long it took.
    pub took: Span,
    /// What it moved, if that is told.
    pub bytes: Option<Bytes>,
    /// How many others were open beside it, on average.
    pub beside: f64,
}

/// Things that were done, of so many kinds.
#[derive(Debug)]
pub struct Durations<K> {
    samples: BTreeMap<K, Reservoir<(Time, Span, Option<Bytes>)>>,
    /// The second in which the first began.
    first: Option<u64>,
    /// The seconds that things were open, all together, in each second since.
    busy: Vec<f32>,
}

/// Samples of a kind that are kept.
const KEPT: usize = 10_000;
/// Seconds of which it is kept how busy they were: a year.
const SECONDS: usize = 366 * 86_400;
const SECOND: u64 = 1_000_000_000;

impl<K> Default for Durations<K> {
    fn default() -> Self {
        Durations {
            samples: BTreeMap::new(),
            first: None,
            busy: Vec::new(),
        }
    }
}

impl<K: Copy + Ord> Durations<K> {
    /// Takes what was done.
    pub fn add(&mut self, kind: K, at: Time, took: Span, bytes: Option<Bytes>) {
        let kept = self
            .samples
            .entry(kind)
            .or_insert_with(|| Reservoir::of(KEPT));
        kept.add((at, took, bytes));
        let first = *self.first.get_or_insert(at.0 / SECOND);
        for (second, part) in seconds(at, took) {
            let Some(place) = second
                .checked_sub(first)
                .and_then(|it| usize::try_from(it).ok())
            else {
                continue;
            };
            if place >= SECONDS {
                return;
            }
            if place >= self.busy.len() {
                self.busy.resize(place + 1, 0.0);
            }
            self.busy[place] += part as f32;
        }
    }

    /// All kinds of which there are samples.
    pub fn kinds(&self) -> impl Iterator<Item = K> {
        self.samples.keys().copied()
    }

    /// How often a kind was done.
    pub fn count(&self, kind: K) -> u64 {
        self.samples.get(&kind).map_or(0, Reservoir::count)
    }

    /// The samples of a kind.
    pub fn samples(&self, kind: K) -> Vec<Sample> {
        let kept = self.samples.get(&kind).map_or(&[][..], Reservoir::values);
        let sample = |&(at, took, bytes): &(Time, Span, Option<Bytes>)| Sample {
            took,
            bytes,
            beside: self.beside(at, took),
        };
        kept.iter().map(sample).collect()
    }

    /// How many others were open, on average over the seconds that it touches.
    fn beside(&self, at: Time, took: Span) -> f64 {
        let first = self.first.unwrap_or(0);
        let (mut own, mut all, mut count) = (0.0, 0.0, 0.0);
        for (second, part) in seconds(at, took) {
            let place = second
                .checked_sub(first)
                .and_then(|it| usize::try_from(it).ok());
            let busy = place
                .and_then(|place| self.busy.get(place))
                .copied()
                .unwrap_or(0.0);
            own += part;
            all += f64::from(busy);
            count += 1.0;
        }
        f64::max(all - own, 0.0) / f64::max(count, 1.0)
    }
}

/// How long things took while about so many others were open.
#[derive(Clone, Debug, PartialEq)]
pub struct Level<K> {
    /// So many at least.
    pub from: f64,
    /// And fewer than so many; infinite for the last.
    pub to: f64,
    /// Each kind of which there are enough.
    pub kinds: Vec<Quantiles<K>>,
}

/// How long a kind took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantiles<K> {
    /// Which one.
    pub kind: K,
    /// How many samples there are.
    pub count: u64,
    /// The median.
    pub p50: Span,
    /// The 99th percentile.
    pub p99: Span,
}

/// Where levels begin.
const EDGES: [f64; 9] = [0.0, 0.25, 0.75, 1.5, 3.0, 6.0, 12.0, 24.0, 48.0];
/// Samples that a 99th percentile needs.
const FEWEST: usize = 100;

/// The levels of which there is enough, in order.
pub fn levels<K: Copy + Ord>(all: &[Durations<K>]) -> Vec<Level<K>> {
    let mut samples: BTreeMap<K, Vec<Sample>> = BTreeMap::new();
    for durations in all {
        for kind in durations.kinds() {
            let own = durations.samples(kind);
            samples.entry(kind).or_default().extend(own);
        }
    }
    let ends = EDGES.iter().copied().skip(1).chain([f64::INFINITY]);
    let levels = EDGES.iter().copied().zip(ends).map(|(from, to)| Level {
        from,
        to,
        kinds: samples
            .iter()
            .filter_map(|(kind, samples)| quantiles(*kind, samples, from..to))
            .collect(),
    });
    levels.filter(|level| !level.kinds.is_empty()).collect()
}

fn quantiles<K>(kind: K, samples: &[Sample], level: std::ops::Range<f64>) -> Option<Quantiles<K>> {
    let there = samples.iter().filter(|it| level.contains(&it.beside));
    let mut took: Vec<Span> = there.map(|it| it.took).collect();
    if took.len() < FEWEST {
        return None;
    }
    took.sort_unstable();
    let at = |share: f64| {
        let place = (took.len() as f64 * share).ceil() as usize;
        took[place.clamp(1, took.len()) - 1]
    };
    Some(Quantiles {
        kind,
        count: took.len() as u64,
        p50: at(0.5),
        p99: at(0.99),
    })
}

/// The seconds that a length of time touches, each with the part of it that is covered. No more than a day of them.
fn seconds(at: Time, took: Span) -> impl Iterator<Item = (u64, f64)> {
    let end = at + took;
    let (first, last) = (at.0 / SECOND, end.0 / SECOND);
    (first..=last.min(first + 86_400)).map(move |second| {
        let (from, to) = (
            at.0.max(second * SECOND),
            end.0.min((second + 1).saturating_mul(SECOND)),
        );
        (second, to.saturating_sub(from) as f64 / SECOND as f64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Span {
        Span::from_millis(ms)
    }

    fn at(ms: u64) -> Time {
        Time(ms * 1_000_000)
    }

    #[test]
    fn what_is_open_beside_a_thing_is_what_others_took_in_its_seconds() {
        let mut durations = Durations::default();
        durations.add("create", at(10_100), ms(100), None);
        durations.add("upload", at(10_500), ms(1_000), Some(Bytes(7)));
        durations.add("show", at(99_000), ms(5), None);
        let create = durations.samples("create")[0];
        assert!((create.beside - 0.5).abs() < 1e-6, "{create:?}");
        let upload = durations.samples("upload")[0];
        assert!((upload.beside - 0.05).abs() < 1e-6, "{upload:?}");
        assert_eq!(durations.samples("show")[0].beside, 0.0);
        assert_eq!(durations.count("show"), 1);
    }

    #[test]
    fn levels_hold_what_was_done_beside_so_many() {
        let (mut quiet, mut busy) = (Durations::default(), Durations::default());
        for second in 0..200 {
            quiet.add("show", at(second * 10_000), ms(1 + second), None);
            // Two that take a second each, and one beside them.
            let begin = at(second * 2_000);
            busy.add("upload", begin, ms(1_000), None);
            busy.add("upload", begin, ms(1_000), None);
            busy.add("show", begin + ms(300), ms(20), None);
        }
        busy.add("seldom", at(0), ms(1), None);
        let levels = levels(&[quiet, busy]);
        let told = levels.iter().flat_map(|level| {
            let kinds = level.kinds.iter();
            kinds.map(|it| (level.from, level.to, it.kind, it.count, it.p50, it.p99))
        });
        let told: Vec<_> = told.collect();
        let expected = [
            (0.0, 0.25, "show", 200, ms(100), ms(198)),
            // An upload touches the second in which it ends, too: beside it is half of what was open in the first.
            (0.25, 0.75, "upload", 400, ms(1_000), ms(1_000)),
            (1.5, 3.0, "show", 200, ms(20), ms(20)),
        ];
        assert_eq!(told, expected);
    }
}
