use super::*;
use stormglass_model::random::{Seed, unit};

/// 2026-11-30 00:00:00 UTC, a Monday.
const MIDNIGHT: u64 = 1_795_996_800;

/// Poisson arrivals over so many hours, of which each says its rate.
fn poisson(hours: u64, seed: u64, rate: impl Fn(u64) -> f64) -> Arrivals {
    let mut rng = Seed(seed).rng();
    let (mut at, mut arrivals) = (0.0_f64, Arrivals::default());
    let highest = (0..hours).map(&rate).fold(0.0, f64::max);
    loop {
        at -= (1.0 - unit(&mut rng)).ln() / highest;
        let hour = (at / 3_600.0) as u64;
        if hour >= hours {
            arrivals.sort();
            return arrivals;
        }
        if unit(&mut rng) * highest < rate(hour) {
            let time = Time::ZERO + Span::from_secs_f64(MIDNIGHT as f64 + at);
            arrivals.add(time, time, Span(1));
        }
    }
}

#[test]
fn a_rate_that_is_constant_has_no_cycle_and_no_bursts() {
    let arrivals = poisson(72, 1, |_| 0.02);
    let rate = arrivals.rate(false);
    assert_eq!(rate.cycle, None);
    let per_second = rate.per_second.unwrap();
    // Four standard errors of a count.
    assert!(
        (per_second / 0.02 - 1.0).abs() < 4.0 / (rate.count as f64).sqrt(),
        "{per_second}"
    );
    let spread = rate.dispersion.unwrap();
    assert!(spread.low < 1.1 && spread.high > 0.9, "{spread:?}");
}

/// Of a hundred constant rates one is taken for a cycle.
#[test]
fn chance_seldom_makes_a_cycle() {
    let found = (0..50).filter(|seed| poisson(48, *seed, |_| 0.01).rate(false).cycle.is_some());
    assert!(found.count() <= 3);
}

#[test]
fn a_day_is_found_and_its_hours() {
    let busy = |hour: u64| {
        if (8..18).contains(&(hour % 24)) {
            0.1
        } else {
            0.02
        }
    };
    let rate = poisson(26, 2, busy).rate(false);
    let cycle = rate.cycle.unwrap();
    assert_eq!(cycle.every, Span::from_secs(DAY));
    assert!(cycle.likely < CHANCE);
    for (hour, found) in (0..24).zip(&cycle.hours) {
        let expected = busy(hour);
        let error = 5.0 * (expected * 3_600.0).sqrt() / 3_600.0;
        assert!(
            (found - expected).abs() < error,
            "{hour}: {found} {expected}"
        );
    }
    let spread = rate.dispersion.unwrap();
    assert!(spread.low < 1.2, "the day explains it: {spread:?}");
}

#[test]
fn a_week_is_told_from_a_day() {
    let busy = |hour: u64| match (hour / 24 % 7 < 5, (8..18).contains(&(hour % 24))) {
        (true, true) => 0.1,
        _ => 0.02,
    };
    let cycle = poisson(14 * 24, 3, busy).rate(false).cycle.unwrap();
    assert_eq!(
        (cycle.every, cycle.hours.len()),
        (Span::from_secs(WEEK), 168)
    );
    assert!(
        cycle.hours[10] > 3.0 * cycle.hours[5 * 24 + 10],
        "Monday and Saturday at ten"
    );
    let every_day = |hour: u64| {
        if (8..18).contains(&(hour % 24)) {
            0.1
        } else {
            0.02
        }
    };
    let cycle = poisson(14 * 24, 3, every_day).rate(false).cycle.unwrap();
    assert_eq!(cycle.every, Span::from_secs(DAY));
}

#[test]
fn bursts_are_told() {
    let mut arrivals = Arrivals::default();
    for burst in 0..60 {
        for n in 0..10 {
            let time = Time((MIDNIGHT + burst * 600) * 1_000_000_000 + n * 1_000_000);
            arrivals.add(time, time, Span(1));
        }
    }
    assert!(arrivals.rate(false).dispersion.unwrap().low > 2.0);
}

/// Arrivals of a rate of four a second, told in whole seconds.
#[test]
fn whole_seconds_make_no_bursts() {
    let exact = poisson(1, 4, |_| 4.0);
    let mut coarse = Arrivals::default();
    for since in exact.since_first() {
        let second = Span::from_secs(since.as_secs_f64() as u64 + MIDNIGHT);
        coarse.add(Time::ZERO + second, Time::ZERO + second, Span::from_secs(1));
    }
    let rate = coarse.rate(false);
    let spread = rate.dispersion.unwrap();
    assert!(spread.low < 1.1 && spread.high > 0.9, "{spread:?}");
    assert_eq!(rate.interval.0 % 1_000_000_000, 0);
}

#[test]
fn few_arrivals_say_little_and_none_nothing() {
    let mut arrivals = Arrivals::default();
    assert_eq!(arrivals.rate(false).per_second, None);
    arrivals.add(Time(5), Time(5), Span(1));
    assert_eq!(arrivals.rate(false).per_second, None);
    arrivals.add(Time(5), Time(5), Span(1));
    let rate = arrivals.rate(false);
    assert_eq!(
        (rate.count, rate.per_second, rate.dispersion),
        (2, None, None)
    );
}
