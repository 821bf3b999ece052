use super::*;

/// Values of a distribution, in the order in which they were drawn.
fn sample(shape: &Shape, count: usize, seed: u64) -> Vec<f64> {
    let distribution = Distribution::<Span>::new(shape).unwrap();
    let mut rng = Seed(seed).rng();
    (0..count)
        .map(|_| distribution.draw(&mut rng).0 as f64)
        .collect()
}

const SHAPES: [Shape; 4] = [
    Shape::Exponential { mean: 4e9 },
    Shape::Uniform { min: 1e9, max: 9e9 },
    Shape::Lognormal {
        median: 2e9,
        p99: 40e9,
    },
    Shape::Pareto {
        min: 1e9,
        shape: 2.5,
    },
];

fn is_same_family(a: &Shape, b: &Shape) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

/// Each family is found again. A true one is rejected once in twenty times, as a test of five percent does.
#[test]
fn what_values_were_drawn_from_is_found_again() {
    for shape in &SHAPES {
        let found = (0..20).filter(|seed| {
            let fit = fitted(&sample(shape, 400, *seed), 0.0);
            fit.is_some_and(|fit| is_same_family(&fit.shape, shape))
        });
        assert!(found.count() >= 16, "{shape:?}");
    }
}

#[test]
fn parameters_are_those_of_the_values() {
    let Some(Shape::Exponential { mean }) =
        fitted(&sample(&SHAPES[0], 500, 1), 0.0).map(|fit| fit.shape)
    else {
        panic!("an exponential");
    };
    // Four standard errors of the mean of five hundred.
    assert!((mean / 4e9 - 1.0).abs() < 4.0 / 500.0_f64.sqrt(), "{mean}");
    let Some(Shape::Lognormal { median, p99 }) =
        fitted(&sample(&SHAPES[2], 500, 1), 0.0).map(|fit| fit.shape)
    else {
        panic!("a lognormal");
    };
    let sigma = 20.0_f64.ln() / Z99;
    assert!(
        (median / 2e9).ln().abs() < 4.0 * sigma / 500.0_f64.sqrt(),
        "{median}"
    );
    assert!(
        (p99 / 40e9).ln().abs() < 8.0 * sigma / 500.0_f64.sqrt(),
        "{p99}"
    );
}

/// What is of none of the families is rejected: two heaps far apart.
#[test]
fn what_fits_nothing_is_rejected() {
    let mut values = sample(&Shape::Uniform { min: 1e9, max: 2e9 }, 250, 1);
    values.extend(sample(
        &Shape::Uniform {
            min: 80e9,
            max: 90e9,
        },
        250,
        2,
    ));
    assert_eq!(fitted(&values, 0.0), None);
    assert_eq!(
        fitted(&values[..LEAST - 1], 0.0),
        None,
        "too few say nothing"
    );
    assert_eq!(fitted(&[], 0.0), None);
    assert_eq!(fitted(&[f64::NAN; 30], 0.0), None);
}

#[test]
fn what_is_always_the_same_is_constant_as_far_as_dates_tell() {
    let fit = fitted(&[5e9; 30], 0.0).unwrap();
    assert_eq!((fit.shape, fit.likely), (Shape::Constant(5e9), 1.0));
    let mut rng = Seed(3).rng();
    let coarse: Vec<f64> = (0..400)
        .map(|_| 5e9 + 1e9 * (unit(&mut rng) - unit(&mut rng)))
        .collect();
    let Some(Shape::Constant(value)) = fitted(&coarse, 1e9).map(|fit| fit.shape) else {
        panic!("a constant");
    };
    assert!((value / 5e9 - 1.0).abs() < 0.02, "{value}");
}

/// Dates of whole seconds do not hide an exponential of one second.
#[test]
fn coarse_dates_do_not_reject_what_is_true() {
    let truth = Shape::Exponential { mean: 1e9 };
    let found = (0..20).filter(|seed| {
        let mut rng = Seed(*seed).named("dates").rng();
        let told = |value: &f64| value + 1e9 * (unit(&mut rng) - unit(&mut rng));
        let values: Vec<f64> = sample(&truth, 400, *seed).iter().map(told).collect();
        let fit = fitted(&values, 1e9);
        fit.is_some_and(|fit| is_same_family(&fit.shape, &truth))
    });
    assert!(found.count() >= 16);
}

#[test]
fn thinned_values_keep_the_mean() {
    assert_eq!(thinned(&[3.0, 1.0, 3.0], 10), [(1.0, 1), (3.0, 2)]);
    let values = sample(&SHAPES[2], 10_000, 5);
    let thin = thinned(&values, 200);
    assert_eq!(thin.len(), 200);
    let total: u64 = thin.iter().map(|(_, weight)| weight).sum();
    let sum: f64 = thin
        .iter()
        .map(|(value, weight)| value * *weight as f64)
        .sum();
    assert_eq!(total, 10_000);
    assert!((sum / values.iter().sum::<f64>() - 1.0).abs() < 1e-6);
}
