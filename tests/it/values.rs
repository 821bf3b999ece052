//! The plain values of `stormglass-model`: quantities, chance, arrivals, faults, tables and edges.

use stormglass_model::fault::{Effect, Fault, FaultId, FaultKind, Faults, Place};
use stormglass_model::lifecycle::{EDGES, Profile, SubjectStatus, subject_edge};
use stormglass_model::random::{Distribution, Seed, Shape};
use stormglass_model::table::{Slots, Table};
use stormglass_model::units::{Bytes, Rate, Span, Time};

#[test]
fn durations_sizes_and_rates_are_read() {
    assert_eq!(Span::parse("250ms"), Ok(Span::from_millis(250)));
    assert_eq!(Span::parse("1.5s"), Ok(Span(1_500_000_000)));
    assert_eq!(Span::parse("3d"), Ok(Span::from_secs(3 * 86_400)));
    assert_eq!(Span::parse("0s"), Ok(Span::ZERO));
    for (text, seconds) in [
        ("1h30m", 5_400),
        ("1w", 604_800),
        ("1d 12h", 129_600),
        ("2 minutes", 120),
        ("1 hour 30 min", 5_400),
        ("90sec", 90),
        ("1.5h0m1s", 5_401),
    ] {
        assert_eq!(Span::parse(text), Ok(Span::from_secs(seconds)), "{text}");
    }
    assert_eq!(Bytes::parse("64KiB"), Ok(Bytes(65_536)));
    assert_eq!(Bytes::parse("1.5kB"), Ok(Bytes(1_500)));
    assert_eq!(Bytes::parse_per_second("1GiB/s"), Ok(Bytes(1 << 30)));
    assert_eq!(Bytes::parse_per_second("1.5 MB/sec"), Ok(Bytes(1_500_000)));
    assert_eq!(Rate::parse("120/m"), Ok(Rate(2.0)));
    assert_eq!(Rate::parse("120/min"), Ok(Rate(2.0)));
    assert_eq!(Rate::parse("86400/d"), Ok(Rate(1.0)));
    assert_eq!(Rate::parse("86400 /day"), Ok(Rate(1.0)));
}

#[test]
fn a_text_that_is_no_quantity_is_refused() {
    for text in [
        "",
        "ms",
        "5",
        "-1s",
        "NaNs",
        "1e300s",
        "5 parsecs",
        "1h30",
        "30m1h",
        "1h1h",
        "1h-30m",
        "1.2.3s",
        "1ss",
    ] {
        assert!(Span::parse(text).is_err(), "{text}");
    }
    for text in ["-1B", "5", "1e30PiB", "1kb"] {
        assert!(Bytes::parse(text).is_err(), "{text}");
    }
    assert!(Rate::parse("inf/s").is_err());
    assert!(Bytes::parse_per_second("1GiB").is_err());
}

#[test]
fn values_are_shown_short() {
    assert_eq!(Span(1_500_000).to_string(), "1.5ms");
    assert_eq!(Span(183).to_string(), "183ns");
    assert_eq!(Span::from_secs(86_400 * 3).to_string(), "3d");
    assert_eq!(Bytes(1_288_490_189).to_string(), "1.2GiB");
    assert_eq!(Bytes(0).to_string(), "0B");
}

#[test]
fn what_is_shown_can_be_read_back() {
    for power in 0..62 {
        for length in [1_u64 << power, (1 << power) + 1, (1 << power) / 9 * 10 + 7] {
            let (span, bytes) = (Span(length), Bytes(length));
            assert_eq!(Span::parse(&span.exact()), Ok(span), "{}", span.exact());
            let near = |read: u64| (read as f64 / length as f64 - 1.0).abs() < 0.006;
            assert!(
                Span::parse(&span.to_string()).is_ok_and(|it| near(it.0)),
                "{span}"
            );
            assert!(
                Bytes::parse(&bytes.to_string()).is_ok_and(|it| near(it.0)),
                "{bytes}"
            );
        }
    }
}

fn sample(shape: Shape) -> Vec<f64> {
    let distribution = Distribution::<Bytes>::new(&shape).unwrap();
    let mut rng = Seed(7).rng();
    let mut values: Vec<f64> = (0..100_000)
        .map(|_| distribution.draw(&mut rng).0 as f64)
        .collect();
    values.sort_by(f64::total_cmp);
    values
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn draws_have_the_parameters_asked_for() {
    let close = |a: f64, b: f64| (a / b - 1.0).abs() < 0.03;
    assert!(close(mean(&sample(Shape::Exponential { mean: 1e6 })), 1e6));
    let lognormal = sample(Shape::Lognormal {
        median: 1e6,
        p99: 2e7,
    });
    assert!(close(lognormal[50_000], 1e6), "{}", lognormal[50_000]);
    assert!(
        (lognormal[99_000] / 2e7 - 1.0).abs() < 0.1,
        "{}",
        lognormal[99_000]
    );
    let uniform = sample(Shape::Uniform { min: 1e3, max: 3e3 });
    assert!(close(mean(&uniform), 2e3) && uniform[0] >= 1e3);
    assert!(
        sample(Shape::Pareto {
            min: 1e3,
            shape: 1.5
        })[0]
            >= 1e3
    );
    let empirical = sample(Shape::Empirical(vec![(1.0, 3.0), (9.0, 1.0), (5.0, 0.0)]));
    assert!(close(mean(&empirical), 3.0));
}

#[test]
fn a_shape_that_is_none_is_refused() {
    let refused = |shape| Distribution::<Span>::new(&shape).is_err();
    assert!(refused(Shape::Constant(f64::NAN)));
    assert!(refused(Shape::Exponential { mean: -1.0 }));
    assert!(refused(Shape::Lognormal {
        median: 2.0,
        p99: 1.0
    }));
    assert!(refused(Shape::Lognormal {
        median: 0.0,
        p99: 1.0
    }));
    assert!(refused(Shape::Uniform { min: 2.0, max: 1.0 }));
    assert!(refused(Shape::Pareto {
        min: 1.0,
        shape: 0.0
    }));
    assert!(refused(Shape::Empirical(vec![])));
    assert!(refused(Shape::Empirical(vec![(1.0, 0.0)])));
    assert!(!refused(Shape::Constant(0.0)));
}

#[test]
fn seeds_differ_by_name_and_number_and_repeat() {
    let seed = Seed(42);
    assert_eq!(seed.named("a"), Seed(42).named("a"));
    assert_ne!(seed.named("a"), seed.named("b"));
    assert_ne!(seed.numbered(0), seed.numbered(1));
    assert_ne!(seed.numbered(0), seed);
}

fn fault(name: &str, kind: FaultKind) -> Fault {
    Fault {
        name: name.into(),
        place: Place::StorePut,
        kind,
        from: Time::ZERO,
        to: None,
    }
}

#[test]
fn open_rules_apply_in_order_and_healed_ones_do_not() {
    let latency = fault("slow", FaultKind::Latency { add: Span(5) });
    let full = fault("full", FaultKind::Full);
    let mut faults = Faults::new(&[latency.clone(), latency, full], Seed(1));
    assert_eq!(
        faults.strike(Place::StorePut),
        Effect::Pass { later: Span::ZERO }
    );
    faults.set(FaultId(0), true);
    faults.set(FaultId(1), true);
    assert_eq!(
        faults.strike(Place::StorePut),
        Effect::Pass { later: Span(10) }
    );
    assert_eq!(
        faults.strike(Place::StoreGet),
        Effect::Pass { later: Span::ZERO }
    );
    faults.set(FaultId(2), true);
    assert_eq!(faults.strike(Place::StorePut), Effect::Full);
    faults.set(FaultId(2), false);
    assert_eq!(
        faults.strike(Place::StorePut),
        Effect::Pass { later: Span(10) }
    );
}

#[test]
fn adding_a_fault_does_not_reshuffle_another() {
    let a = fault("a", FaultKind::Error { probability: 0.5 });
    let b = Fault {
        place: Place::StoreGet,
        ..fault("b", FaultKind::Error { probability: 0.5 })
    };
    let draws = |rules: &[Fault], of: u16| {
        let mut faults = Faults::new(rules, Seed(9));
        (0..rules.len()).for_each(|i| faults.set(FaultId(i as u16), true));
        assert!(usize::from(of) < rules.len());
        (0..64)
            .map(|_| faults.strike(Place::StorePut))
            .collect::<Vec<_>>()
    };
    assert_eq!(draws(std::slice::from_ref(&a), 0), draws(&[b, a], 1));
}

#[test]
fn values_stay_where_they_are_put() {
    let mut table = Table::<u64>::default();
    assert_eq!(table.get(9), None);
    *table.at(10_000) = 7;
    assert_eq!((table.get(10_000), table.get(9_999)), (Some(&7), Some(&0)));
}

#[test]
fn slots_are_used_again() {
    let mut slots = Slots::default();
    assert_eq!((slots.take(), slots.take()), (0, 1));
    slots.give_back(0);
    assert_eq!((slots.take(), slots.take()), (0, 2));
    assert_eq!((slots.held(), slots.high_water()), (3, 3));
}

#[test]
fn each_profile_has_the_edges_of_the_specification() {
    let count = |profile| EDGES.iter().filter(|edge| edge.allowed_by(profile)).count();
    assert_eq!(
        count(Profile::V1),
        14,
        "fifteen rows less the one of the other upload rule"
    );
    assert_eq!(count(Profile::V2), 14);
    assert_eq!(count(Profile::Glance), 23);
}

#[test]
fn nothing_leaves_deleted_and_nothing_repeats() {
    for (i, edge) in EDGES.iter().enumerate() {
        assert_ne!(edge.from, Some(SubjectStatus::Deleted));
        assert!(
            EDGES[..i]
                .iter()
                .all(|other| (other.from, other.to) != (edge.from, edge.to))
        );
        for &profile in Profile::ALL {
            let found = subject_edge(profile, edge.from, edge.to);
            assert_eq!(found, edge.allowed_by(profile).then_some(edge));
        }
    }
}
