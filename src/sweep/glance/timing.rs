//! When a rival is sent: anywhere in the time that the operation beside it takes, as long as that is on this server just now.

use std::collections::BTreeMap;
use stormglass_model::random::{Rng, unit};
use stormglass_model::script::{Act, Point};
use stormglass_model::units::Span;

/// How long an operation is thought to take before one was seen.
const GUESS: Span = Span::from_millis(15);
/// The longest spread: what takes longer waits for something, and its beginning and end matter most.
const LONGEST: Span = Span::from_millis(150);
/// How long data is held back at a point at most, so that the rival comes to pass inside the operation.
const HELD: Span = Span::from_millis(40);
/// Each time that is seen counts so much against those before it.
const NEWEST: f64 = 0.2;

/// How long operations take from a point of theirs to their end, rivals beside them or not.
#[derive(Debug, Default)]
pub(super) struct Timing(BTreeMap<(Act, Point), f64>);

/// The times of one try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spacing {
    /// How long the first operation waits. Only where both start together.
    pub first: Span,
    /// How long its data is held back at the point.
    pub held: Span,
    /// How long the rival waits from the point on.
    pub rival: Span,
}

impl Timing {
    /// An operation took so long from the point to its end, apart from what its client held it up.
    pub(super) fn saw(&mut self, act: Act, at: Point, took: Span) {
        let took = took.0 as f64;
        let mean = self.0.entry((act, at)).or_insert(took);
        *mean += NEWEST * (took - *mean);
    }

    fn takes(&self, act: Act, at: Point) -> Span {
        let seen = self.0.get(&(act, at)).map(|mean| Span(*mean as u64));
        seen.unwrap_or(GUESS).min(LONGEST)
    }

    /// Times for one more try: half of the time both meet at the point itself. What counts on a server is the order of what the two
    /// read and write, so otherwise every way to overlap must come up, whatever takes long in which of them.
    pub(super) fn spacing(&self, first: Act, at: Point, rival: Act, rng: &mut Rng) -> Spacing {
        let at_once = unit(rng) < 0.5;
        let is_held = at_once || unit(rng) < 0.25;
        let mut part = |of: Span| Span((unit(rng) * of.0 as f64) as u64);
        let held = part(HELD);
        let after = self.takes(first, at);
        match at {
            _ if at_once => Spacing {
                held,
                ..Spacing::default()
            },
            Point::Before => {
                let before = self.takes(rival, Point::Before).0;
                let from = part(Span(before + after.0)).0;
                Spacing {
                    first: Span(before.saturating_sub(from)),
                    held: Span::ZERO,
                    rival: Span(from.saturating_sub(before)),
                }
            }
            _ => {
                let held = if is_held { held } else { Span::ZERO };
                Spacing {
                    first: Span::ZERO,
                    held,
                    rival: part(Span(held.0 + after.0)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stormglass_model::lifecycle::Operation;
    use stormglass_model::random::Seed;

    /// The times of a delete beside an upload, where they take so many milliseconds from here on.
    fn spacings(at: Point, upload: u64, delete: u64) -> Vec<Spacing> {
        let [one, other] = [Operation::Upload, Operation::Delete].map(Act::usual);
        let mut timing = Timing::default();
        timing.saw(one, at, Span::from_millis(upload));
        timing.saw(other, Point::Before, Span::from_millis(delete));
        let rng = &mut Seed(7).rng();
        let times = (0..2_000).map(|_| timing.spacing(one, at, other, rng));
        times.collect()
    }

    fn has_all_tenths(of: Span, times: impl Iterator<Item = Span>) -> bool {
        let mut tenths = [false; 10];
        for time in times.filter(|time| time.0 > 0) {
            tenths[(time.0 * 10 / of.0.max(1)).min(9) as usize] = true;
        }
        tenths == [true; 10]
    }

    #[test]
    fn rivals_are_spread_over_what_the_operation_takes_on_this_server() {
        let times = spacings(Point::LastByte, 60, 10);
        let free = times.iter().filter(|times| times.held == Span::ZERO);
        let late = free.map(|times| times.rival);
        assert!(has_all_tenths(Span::from_millis(60), late));
        let at_once = times.iter().filter(|times| times.rival == Span::ZERO);
        let at_once = at_once.count();
        assert!((800..1_200).contains(&at_once), "{at_once}");
        assert!(times.iter().all(|times| times.first == Span::ZERO));
    }

    #[test]
    fn before_its_request_either_may_be_the_first() {
        let times = spacings(Point::Before, 30, 10);
        let first = times.iter().map(|times| times.first);
        assert!(has_all_tenths(Span::from_millis(10), first));
        let rival = times.iter().map(|times| times.rival);
        assert!(has_all_tenths(Span::from_millis(30), rival));
        let both = |times: &&Spacing| times.first.0 > 0 && times.rival.0 > 0;
        assert_eq!(times.iter().find(both), None);
    }
}
