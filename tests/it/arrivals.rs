//! The pacer: when stories arrive.

use std::sync::Arc;
use stormglass_model::load::{ArrivalRate, Arrivals, Merged, Pacer, Ramp, RampShape, Spacing};
use stormglass_model::random::{Rng, Seed, unit};
use stormglass_model::units::{Rate, Span, Time};

fn due(rate: &ArrivalRate, spacing: Spacing, until: Span) -> Vec<Time> {
    let rate = rate.clone();
    let mut pacer = Pacer::new(&Arrivals::Paced { rate, spacing }, Seed(1).rng());
    std::iter::from_fn(|| pacer.next_due())
        .take_while(|due| due.0 < until.0)
        .collect()
}

fn seconds(due: &[Time]) -> Vec<f64> {
    due.iter().map(|due| due.as_secs_f64()).collect()
}

fn ramps(from: f64, ramps: &[Ramp]) -> ArrivalRate {
    let (from, ramps) = (Rate(from), ramps.to_vec());
    ArrivalRate::Ramps { from, ramps }
}

fn ramp(seconds: u64, to: f64, shape: RampShape) -> Ramp {
    Ramp {
        length: Span::from_secs(seconds),
        to: Rate(to),
        shape,
    }
}

fn cycle(every: u64, knots: &[(u64, f64)]) -> ArrivalRate {
    let knots = knots.iter();
    ArrivalRate::Cycle {
        every: Span::from_secs(every),
        knots: knots
            .map(|&(at, rate)| (Span::from_secs(at), Rate(rate)))
            .collect(),
    }
}

/// The area under a rate that follows ramps, up to so many seconds.
fn area_of_ramps(mut rate: f64, ramps: &[Ramp], until_s: f64) -> f64 {
    let (mut sum, mut left) = (0.0, until_s);
    for ramp in ramps {
        let (length, to) = (ramp.length.as_secs_f64(), ramp.to.0);
        let covered = left.min(length);
        let way = if length > 0.0 { covered / length } else { 1.0 };
        sum += match ramp.shape {
            RampShape::Linear => covered * (rate + 0.5 * (to - rate) * way),
            RampShape::Step => covered * to,
            // The mean of a rate between two ends is their difference by that of their logarithms.
            RampShape::Exponential if (to / rate).ln() * way == 0.0 => covered * rate,
            RampShape::Exponential => {
                let end = rate * (to / rate).powf(way);
                covered * (end - rate) / (end / rate).ln()
            }
        };
        (rate, left) = (to, left - covered);
        if covered < length {
            return sum;
        }
    }
    sum + left * rate
}

/// The area under the lines between knots of a cycle, up to so many seconds of it.
fn area_of_cycle(every: f64, knots: &[(u64, f64)], until_s: f64) -> f64 {
    // The knots of the period before, of this one and of the next, so that every line is between two of them.
    let around = [-every, 0.0, every].into_iter();
    let all: Vec<(f64, f64)> = around
        .flat_map(|shift| {
            knots
                .iter()
                .map(move |&(at, rate)| (at as f64 + shift, rate))
        })
        .collect();
    let parts = all.windows(2).map(|pair| {
        let ((from, low), (to, high)) = (pair[0], pair[1]);
        let rate = |at: f64| low + (high - low) * (at - from) / (to - from);
        let (start, end) = (from.max(0.0), to.min(until_s));
        if start < end {
            (end - start) * (rate(start) + rate(end)) / 2.0
        } else {
            0.0
        }
    });
    parts.sum()
}

/// So many even arrivals as an area has.
fn wanted(area: f64) -> f64 {
    (area - 1e-6).ceil().max(0.0)
}

#[test]
fn even_arrivals_begin_at_once_and_keep_their_distance() {
    let even = due(&ramps(2.0, &[]), Spacing::Even, Span::from_secs(2));
    assert_eq!(seconds(&even), [0.0, 0.5, 1.0, 1.5]);
    let rate = ramps(
        0.0,
        &[
            ramp(10, 20.0, RampShape::Linear),
            ramp(10, 0.0, RampShape::Linear),
        ],
    );
    let due = due(&rate, Spacing::Even, Span::from_secs(1_000_000_000));
    assert_eq!(due.len(), 200, "two triangles of a hundred");
    assert!((due[100].as_secs_f64() - 10.0).abs() < 1e-6);
    assert!(due.is_sorted());
}

fn chosen<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[(unit(rng) * of.len() as f64) as usize]
}

/// Whatever the rate, its ramps, their shapes and the length of the load, both ends included.
#[test]
fn a_load_has_as_many_even_arrivals_as_the_area_under_its_rate() {
    let rates = [0.0, 1.0 / 3_600.0, 0.1, 1.0, 7.0, 60.0];
    for seed in 0..2_000 {
        let mut rng = Seed(seed).rng();
        let from = chosen(&mut rng, &rates);
        let mut last = from;
        let count = chosen(&mut rng, &[0, 1, 2, 3]);
        let all: Vec<Ramp> = (0..count)
            .map(|_| {
                let length = chosen(&mut rng, &[0, 1, 7, 60, 3_600]);
                let to = chosen(&mut rng, &rates);
                let shape = match chosen(&mut rng, RampShape::ALL) {
                    RampShape::Exponential if last * to == 0.0 => RampShape::Linear,
                    shape => shape,
                };
                last = to;
                ramp(length, to, shape)
            })
            .collect();
        let whole: u64 = all.iter().map(|ramp| ramp.length.0 / 1_000_000_000).sum();
        // At a knot, between two, and beyond the last.
        let until = Span::from_secs(chosen(&mut rng, &[whole, whole / 2 + 1, whole + 3_600]));
        let rate = ramps(from, &all);
        let area = area_of_ramps(from, &all, until.as_secs_f64());
        let even = due(&rate, Spacing::Even, until);
        assert_eq!(even.len() as f64, wanted(area), "{rate:?} {until}: {area}");
        let arrivals = Arrivals::Paced {
            rate: rate.clone(),
            spacing: Spacing::Even,
        };
        let expected = arrivals.expected(until);
        assert!((expected - area).abs() < 1e-6, "{expected} of {area}");
        let poisson = due(&rate, Spacing::Poisson, until).len() as f64;
        assert!(
            (poisson - area).abs() <= 6.0 * area.sqrt() + 6.0,
            "{poisson} of {area}"
        );
    }
}

#[test]
fn a_step_jumps_at_once_and_an_exponential_ramp_takes_each_doubling_the_same_time() {
    let rate = ramps(
        1.0,
        &[
            ramp(10, 2.0, RampShape::Step),
            ramp(10, 4.0, RampShape::Step),
        ],
    );
    let due_s = seconds(&due(&rate, Spacing::Even, Span::from_secs(21)));
    assert_eq!(due_s[..3], [0.0, 0.5, 1.0]);
    assert_eq!(due_s[20..23], [10.0, 10.25, 10.5]);
    assert_eq!(due_s.len(), 20 + 40 + 4);
    // From 1 to 16 a second in 40 s: a doubling each 10 s has twice the arrivals of the one before.
    let rate = ramps(1.0, &[ramp(40, 16.0, RampShape::Exponential)]);
    let even = due(&rate, Spacing::Even, Span::from_secs(40));
    let within = |from: u64, to: u64| {
        let (from, to) = (Span::from_secs(from).0, Span::from_secs(to).0);
        even.iter()
            .filter(|due| (from..to).contains(&due.0))
            .count() as f64
    };
    for (at, doubled) in [(0, 14.43), (10, 28.85), (20, 57.71), (30, 115.4)] {
        let seen = within(at, at + 10);
        assert!((seen - doubled).abs() <= 1.0, "{seen} from {at} s");
    }
}

/// By any time, over thousands of periods, within one arrival.
#[test]
fn a_cycle_has_as_many_arrivals_by_any_time_as_the_area_under_it() {
    for seed in 0..100 {
        let mut rng = Seed(seed).rng();
        let every = chosen(&mut rng, &[7, 60, 86_400]);
        let count = chosen(&mut rng, &[1, 2, 3, 7]);
        let mut times: Vec<u64> = (0..count)
            .map(|_| (unit(&mut rng) * (every + 1) as f64) as u64)
            .collect();
        times.sort_unstable();
        let rates = [0.0, 0.3, 1.0, 7.0].map(|rate| rate * 60.0 / every as f64);
        let knots: Vec<(u64, f64)> = times
            .iter()
            .map(|&at| (at, chosen(&mut rng, &rates)))
            .collect();
        let rate = cycle(every, &knots);
        let period = area_of_cycle(every as f64, &knots, every as f64);
        let arrivals = Arrivals::Paced {
            rate: rate.clone(),
            spacing: Spacing::Even,
        };
        if period < 1e-9 {
            assert_eq!(arrivals.ever(), 0.0);
            assert!(Pacer::new(&arrivals, Seed(1).rng()).next_due().is_none());
            continue;
        }
        let until = Span::from_secs(every * 3_000);
        let even = due(&rate, Spacing::Even, until);
        assert!(even.is_sorted());
        for _ in 0..50 {
            let at = Span((unit(&mut rng) * until.0 as f64) as u64);
            let (turns, rest) = (
                at.0 / (every * 1_000_000_000),
                at.0 % (every * 1_000_000_000),
            );
            let rest_s = Span(rest).as_secs_f64();
            let area = turns as f64 * period + area_of_cycle(every as f64, &knots, rest_s);
            let came = even.partition_point(|due| due.0 < at.0) as f64;
            assert!(
                (came - area).abs() <= 1.0 + 1e-6,
                "{rate:?} {at}: {came} of {area}"
            );
            let expected = arrivals.expected(at);
            assert!(
                (expected - area).abs() <= 1e-9 * area.max(1.0),
                "{expected} of {area}"
            );
        }
    }
}

/// To the nanosecond: what rounding loses must not add up.
#[test]
fn the_last_of_many_periods_is_like_the_first() {
    let whole = [
        (1, 0.0),
        (3, 0.125),
        (5, 20.0),
        (6, 20.0),
        (8, 9.75),
        (8, 0.0),
    ];
    let tenths = [(0, 3.3), (10, 6.6), (10, 0.1)];
    // Of the second each tenth period begins with an arrival.
    for (knots, periods, count) in [(&whole[..], 1, 70), (&tenths[..], 10, 495)] {
        let length = Span::from_secs(10 * periods);
        let area = area_of_cycle(10.0, knots, 10.0) * periods as f64;
        assert!((area - count as f64).abs() < 1e-9, "{area}");
        let all = Span(length.0 * 10_000);
        let even = due(&cycle(10, knots), Spacing::Even, all);
        assert_eq!(even.len(), count * 10_000);
        for turn in [1, 2, 77, 9_999] {
            for index in 0..count {
                let (first, later) = (even[index], even[turn * count + index]);
                let shifted = first.0 + turn as u64 * length.0;
                let apart = shifted.abs_diff(later.0);
                assert!(apart <= 1, "{first:?} {later:?} of turn {turn}");
            }
        }
    }
}

#[test]
fn poisson_arrivals_of_a_cycle_follow_its_rate() {
    let rate = cycle(100, &[(0, 0.0), (50, 40.0)]);
    let poisson = due(&rate, Spacing::Poisson, Span::from_secs(100_000));
    let mut tenths = [0.0; 10];
    for due in &poisson {
        tenths[(due.0 / 10_000_000_000 % 10) as usize] += 1.0;
    }
    for (tenth, came) in tenths.into_iter().enumerate() {
        let middle = 10.0 * tenth as f64 + 5.0;
        let mean = 0.8 * (50.0 - (middle - 50.0_f64).abs()) * 10.0 * 1_000.0;
        assert!(
            (came - mean).abs() < 6.0 * mean.sqrt(),
            "{came} of {mean} in tenth {tenth}"
        );
    }
}

#[test]
fn poisson_arrivals_have_mean_and_variance_of_poisson() {
    let due = seconds(&due(
        &ramps(100.0, &[]),
        Spacing::Poisson,
        Span::from_secs(1_000),
    ));
    assert!(
        (due.len() as f64 / 100_000.0 - 1.0).abs() < 0.01,
        "{}",
        due.len()
    );
    let mut counts = vec![0.0; 1_000];
    due.iter()
        .for_each(|&at| counts[(at as usize).min(999)] += 1.0);
    let mean = counts.iter().sum::<f64>() / 1e3;
    let variance = counts.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / 1e3;
    assert!(
        (variance / mean - 1.0).abs() < 0.15,
        "{variance} against {mean}"
    );
}

#[test]
fn every_period_has_the_arrivals_that_were_counted() {
    let mut rng = Seed(3).rng();
    let counts: Vec<f64> = (0..20_000)
        .map(|_| chosen(&mut rng, &[0.0, 1.0, 3.0, 7.0, 1_000.0]))
        .collect();
    let period = Span::from_secs(3_600);
    let rate = ArrivalRate::Counts {
        period,
        counts: counts.clone().into(),
    };
    let even = due(&rate, Spacing::Even, Span(u64::MAX));
    let mut came = vec![0.0; counts.len()];
    even.iter()
        .for_each(|due| came[(due.0 / period.0) as usize] += 1.0);
    assert!(
        came == counts,
        "{} of {}",
        even.len(),
        counts.iter().sum::<f64>()
    );
    // The first of a period comes at its beginning, and the others at equal distances.
    let seven = counts.iter().position(|&count| count == 7.0).unwrap() as u64;
    let start = even.partition_point(|due| due.0 < seven * period.0);
    for (index, due) in even[start..start + 7].iter().enumerate() {
        let wanted = seven * period.0 + index as u64 * period.0 / 7;
        assert!(due.0.abs_diff(wanted) <= 1, "{due:?} at {index} of seven");
    }
}

#[test]
fn listed_arrivals_come_as_they_are_listed() {
    let times: Arc<[Time]> = [0, 5, 5, 9].map(Time).into();
    let listed = Arrivals::Listed(Arc::clone(&times));
    let mut pacer = Pacer::new(&listed, Seed(1).rng());
    let came: Vec<Time> = std::iter::from_fn(|| pacer.next_due()).collect();
    assert_eq!(came, *times);
    assert_eq!(pacer.next_due(), None);
    assert_eq!(
        (
            listed.ever(),
            listed.expected(Span(5)),
            listed.expected(Span(6))
        ),
        (4.0, 1.0, 3.0)
    );
    let crowds = [0, 3, 4, 5, 9].map(|length| listed.crowd(Span(length)));
    assert_eq!(crowds, [2.0, 2.0, 3.0, 3.0, 4.0]);
}

/// Each pacer's arrivals are what they are alone, and all come in order.
#[test]
fn merged_arrivals_are_those_of_every_pacer_in_order() {
    let listed = Arrivals::Listed((0..40).map(|n| Time(n * 500_000_000)).collect());
    let paced = |rate: ArrivalRate, spacing| Arrivals::Paced { rate, spacing };
    let all = [
        paced(ramps(2.0, &[]), Spacing::Even),
        paced(cycle(10, &[(0, 0.0), (5, 9.0)]), Spacing::Poisson),
        listed,
        paced(
            ramps(3.0, &[ramp(9, 0.0, RampShape::Linear)]),
            Spacing::Poisson,
        ),
    ];
    let pacer = |index: usize| Pacer::new(&all[index], Seed(index as u64).rng());
    let mut merged = Merged::new((0..all.len()).map(pacer).collect());
    let came: Vec<(Time, usize)> = std::iter::from_fn(|| merged.next_due()).take(400).collect();
    assert_eq!(came.len(), 400);
    assert!(came.is_sorted(), "by time, then by pacer");
    for index in 0..all.len() {
        let mine = came
            .iter()
            .filter(|(_, of)| *of == index)
            .map(|(due, _)| *due);
        let mut alone = pacer(index);
        assert!(
            mine.clone().all(|due| Some(due) == alone.next_due()),
            "pacer {index}"
        );
        let end = came.last().map(|(due, _)| *due);
        assert!(
            alone.next_due().is_none_or(|next| Some(next) >= end),
            "pacer {index} is behind"
        );
        assert!(mine.count() > 10);
    }
}
