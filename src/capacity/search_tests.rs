//! Searches of functions whose answer is known.

use super::*;
use crate::metrics::{Aggregate, ThresholdSubject};
use rand_xoshiro::rand_core::Rng as _;
use stormglass_model::lifecycle::Operation;
use stormglass_model::random::Seed;

/// A demand on the mean of an operation.
fn demand(bound: f64) -> Threshold {
    Threshold {
        key: "upload".to_owned(),
        expression: format!("mean < {bound}ns"),
        phase: None,
        story: None,
        windows: None,
        subject: ThresholdSubject::Operation(Operation::Upload),
        aggregate: Aggregate::Mean,
        comparison: Comparison::Less,
        bound,
    }
}

/// A figure by value, to which each replication adds noise of its own.
struct Noisy<F> {
    figure: F,
    noise: f64,
    seed: u64,
    measured: u32,
    /// What was said of the points.
    said: Vec<Point>,
}

impl<F: Fn(f64) -> Option<f64>> Measure for Noisy<F> {
    type Error = ();

    fn measure(
        &mut self,
        value: f64,
        replications: ops::Range<u32>,
        _: bool,
    ) -> Result<Vec<Sample>, Stop<()>> {
        self.measured += replications.len() as u32;
        let samples = replications.map(|replication| {
            let mut rng = Seed(self.seed).numbered(replication.into()).rng();
            // Nearly normal: the sum of twelve uniform ones.
            let sum: f64 = (0..12)
                .map(|_| rng.next_u64() as f64 / u64::MAX as f64)
                .sum();
            let figure = (self.figure)(value).map(|it| it * (self.noise * (sum - 6.0)).exp());
            Sample {
                figures: vec![figure],
                void: false,
                overloaded: false,
                lost: false,
            }
        });
        Ok(samples.collect())
    }

    fn decided(&mut self, point: &Point) {
        self.said.push(point.clone());
    }
}

const BUDGET: Budget = Budget {
    most: 32,
    within: 0.01,
    spread: 0,
};

fn found(range: &Range, bound: f64, measure: &mut impl Measure<Error = ()>) -> Found {
    match search(range, &[demand(bound)], BUDGET, measure) {
        (_, Ok(Answer::Found(found))) => found,
        (points, other) => panic!("{other:?}: {points:?}"),
    }
}

/// The mean sojourn time of an M/M/1 queue of rate 1: 1 ÷ (1 - x). It is 10 at x = 0.9.
#[test]
fn intervals_of_a_load_cover_the_truth_as_often_as_they_say() {
    let range = Range::new("load.arrivals.rate", "0.1/s", "0.99/s").unwrap();
    let (mut covered, mut runs) = (0, 0);
    for seed in 0..400 {
        let mut queue = Noisy {
            figure: |x: f64| Some(1e9 / (1.0 - x)),
            noise: 0.1,
            seed,
            measured: 0,
            said: Vec::new(),
        };
        let found = found(&range, 10e9, &mut queue);
        assert!(found.below);
        assert!((found.value - 0.9).abs() < 0.02, "{found:?}");
        covered += u32::from((found.low..=found.high).contains(&0.9));
        runs += queue.measured;
    }
    assert!((368..=392).contains(&covered), "{covered} of 400");
    assert!(runs < 400 * 50, "{runs} replications");
}

#[test]
fn the_lowest_whole_number_that_is_enough_is_found() {
    let range = Range::new("service.store.slots", "1", "200").unwrap();
    for seed in 0..100 {
        let mut slots = Noisy {
            figure: |x: f64| Some(37.5e9 / x),
            noise: 0.002,
            seed,
            measured: 0,
            said: Vec::new(),
        };
        let found = found(&range, 1e9, &mut slots);
        assert!(!found.below);
        assert_eq!((found.value, found.low, found.high), (38.0, 38.0, 38.0));
    }
}

#[test]
fn whole_numbers_that_cannot_be_told_apart_from_the_bound_are_within_the_interval() {
    let range = Range::new("service.store.slots", "1", "200").unwrap();
    let mut slots = Noisy {
        figure: |x: f64| Some(38e9 / x),
        noise: 0.1,
        seed: 7,
        measured: 0,
        said: Vec::new(),
    };
    let found = found(&range, 1e9, &mut slots);
    assert!(found.low <= 38.0 && 38.0 <= found.high, "{found:?}");
    assert!(found.low < found.high, "{found:?}");
}

#[test]
fn ends_that_both_hold_or_neither_are_told() {
    let range = Range::new("load.arrivals.rate", "1/s", "2/s").unwrap();
    for (bound, answer) in [(1.0, Answer::Nowhere), (9e9, Answer::Everywhere)] {
        let mut flat = Noisy {
            figure: |x: f64| Some(x * 1e9),
            noise: 0.0,
            seed: 1,
            measured: 0,
            said: Vec::new(),
        };
        let (points, found) = search(&range, &[demand(bound)], BUDGET, &mut flat);
        assert_eq!(found, Ok(answer));
        assert_eq!(points.len(), 2);
    }
}

/// Beyond 1.5 nothing ends any more.
#[test]
fn where_nothing_happens_no_demand_holds() {
    let range = Range::new("load.arrivals.rate", "1/s", "4/s").unwrap();
    let mut wall = Noisy {
        figure: |x: f64| (x < 1.5).then_some(1e9),
        noise: 0.01,
        seed: 1,
        measured: 0,
        said: Vec::new(),
    };
    let found = found(&range, 2e9, &mut wall);
    assert!(found.low < 1.5 && 1.5 <= found.high, "{found:?}");
    assert!(found.high - found.low < 0.01, "{found:?}");
}

/// Knows what the load asks of its only resource; a sketch is off by a factor.
struct Sketched<M> {
    inner: M,
    asked: fn(f64) -> f64,
    off: f64,
    looked_at: Vec<f64>,
}

impl<M: Measure<Error = ()>> Measure for Sketched<M> {
    type Error = ();

    fn measure(
        &mut self,
        value: f64,
        replications: ops::Range<u32>,
        whole: bool,
    ) -> Result<Vec<Sample>, Stop<()>> {
        self.looked_at.push(value);
        self.inner.measure(value, replications, whole)
    }

    fn sketch(&mut self, value: f64) -> Result<Vec<f64>, Stop<()>> {
        Ok(vec![(self.asked)(value) * self.off])
    }

    fn asked(&self, value: f64) -> Vec<f64> {
        vec![(self.asked)(value)]
    }

    fn decided(&mut self, _: &Point) {}
}

/// An M/M/1 queue of rate 1 that is offered up to a hundred times too much: no run is spent far beyond what it can do.
#[test]
fn the_utilisation_law_says_where_to_look() {
    let range = Range::new("load.arrivals.rate", "0.1/s", "100/s").unwrap();
    for off in [1.0, 0.3, 3.0] {
        let mut queue = Sketched {
            inner: Noisy {
                figure: |x: f64| Some(if x < 1.0 { 1e9 / (1.0 - x) } else { 1e18 }),
                noise: 0.02,
                seed: 5,
                measured: 0,
                said: Vec::new(),
            },
            asked: |x| x,
            off,
            looked_at: Vec::new(),
        };
        let found = found(&range, 10e9, &mut queue);
        assert!((found.value / 0.9 - 1.0).abs() < 0.01, "{off}: {found:?}");
        let farthest = queue.looked_at.iter().copied().fold(0.0, f64::max);
        assert!(farthest < 1.1, "{off}: {:?}", queue.looked_at);
    }
}

/// What is asked for says nothing of a demand that gives way at a tenth of it, or never: the search looks elsewhere.
#[test]
fn where_the_law_misleads_the_search_still_finds_it() {
    let range = Range::new("load.arrivals.rate", "0.1/s", "100/s").unwrap();
    let sketched = |edge: f64, bound: f64| {
        let mut queue = Sketched {
            inner: Noisy {
                figure: move |x: f64| Some(1e9 * x / edge),
                noise: 0.001,
                seed: 5,
                measured: 0,
                said: Vec::new(),
            },
            asked: |x| x,
            off: 1.0,
            looked_at: Vec::new(),
        };
        search(&range, &[demand(bound)], BUDGET, &mut queue).1
    };
    for edge in [0.15, 0.95, 1.2, 30.0] {
        match sketched(edge, 1e9) {
            Ok(Answer::Found(found)) => {
                assert!((found.value / edge - 1.0).abs() < 0.01, "{edge}: {found:?}");
            }
            other => panic!("{edge}: {other:?}"),
        }
    }
    assert_eq!(sketched(1.0, 1e12), Ok(Answer::Everywhere));
    assert_eq!(sketched(1.0, 1e6), Ok(Answer::Nowhere));
}

/// Interrupted after so many batches.
struct Interrupted<M>(M, u32);

impl<M: Measure<Error = ()>> Measure for Interrupted<M> {
    type Error = ();

    fn measure(
        &mut self,
        value: f64,
        replications: ops::Range<u32>,
        whole: bool,
    ) -> Result<Vec<Sample>, Stop<()>> {
        match self.1.checked_sub(1) {
            Some(left) => self.1 = left,
            None => return Err(Stop::Interrupted),
        }
        self.0.measure(value, replications, whole)
    }

    fn decided(&mut self, point: &Point) {
        self.0.decided(point);
    }
}

#[test]
fn an_interrupted_search_says_how_far_it_had_come() {
    let range = Range::new("load.arrivals.rate", "0.1/s", "0.9/s").unwrap();
    let queue = || Noisy {
        figure: |x: f64| Some(1e9 / (1.0 - x)),
        noise: 0.0,
        seed: 1,
        measured: 0,
        said: Vec::new(),
    };
    let at = |batches| {
        search(
            &range,
            &[demand(2e9)],
            BUDGET,
            &mut Interrupted(queue(), batches),
        )
    };
    assert_eq!(at(1).1, Ok(Answer::Unfinished(None)));
    let (points, answer) = at(4);
    let Ok(Answer::Unfinished(Some((holds, fails)))) = answer else {
        panic!("{answer:?}");
    };
    assert!((0.1..0.5).contains(&holds) && (0.5..0.9).contains(&fails));
    // A value that was about to be measured is no point.
    let decided = points.iter().filter(|point| point.holds.is_some());
    assert_eq!((decided.count(), points.len()), (4, 4));
}

/// Four replications that differ by a tenth do not tell a figure from a bound that is a hundredth away.
#[test]
fn what_is_too_near_the_bound_is_not_decided_and_nothing_is_said_twice() {
    let range = Range::new("service.store.slots", "1", "200").unwrap();
    for seed in 0..20 {
        let mut slots = Noisy {
            figure: |x: f64| Some(38e9 / x),
            noise: 0.1,
            seed,
            measured: 0,
            said: Vec::new(),
        };
        let (points, answer) = search(&range, &[demand(1e9)], BUDGET, &mut slots);
        let Ok(Answer::Found(found)) = answer else {
            panic!("{answer:?}");
        };
        for point in points {
            let (value, holds) = (point.value, point.holds);
            let between = found.low < value && value < found.high;
            assert!(!between || holds.is_none(), "{seed}: {point:?}, {found:?}");
            assert!(
                holds.is_none_or(|holds| holds == (value > 38.0)),
                "{seed}: {point:?}"
            );
        }
        for (at, point) in slots.said.iter().enumerate() {
            assert!(!slots.said[..at].contains(point), "{seed}: {point:?}");
        }
    }
}

/// A share that is missed by a tenth of its bound decides, and not a time of which a fiftieth is left; and what may not happen
/// decides nothing while it does not.
#[test]
fn demands_in_different_units_are_compared_by_their_bounds() {
    let share = |text: &str, aggregate, bound| Threshold {
        key: "upload".to_owned(),
        expression: text.to_owned(),
        aggregate,
        comparison: Comparison::LessOrEqual,
        ..demand(bound)
    };
    let demands = [
        demand(1e9),
        share("error_rate <= 0.01", Aggregate::ErrorRate, 0.01),
        share("error_rate <= 0", Aggregate::ErrorRate, 0.0),
    ];
    let deciding = |figures: [f64; 3]| {
        let point = Point {
            value: 1.0,
            samples: vec![Sample {
                figures: figures.map(Some).to_vec(),
                void: false,
                overloaded: false,
                lost: false,
            }],
            holds: None,
        };
        point.deciding(&demands)
    };
    assert_eq!(deciding([0.98e9, 0.011, 0.0]), 1);
    assert_eq!(deciding([0.98e9, 0.002, 0.0]), 0);
    // Far from a time's bound is nearer than never having failed at all.
    assert_eq!(deciding([0.08e9, 0.0, 0.0]), 0);
    assert_eq!(deciding([1.5e9, 0.011, 0.0]), 0);
    assert_eq!(deciding([0.98e9, 0.002, 0.001]), 2);
}
