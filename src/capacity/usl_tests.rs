//! Points with known weights, and points that are on no such law.

use super::*;
use rand_xoshiro::rand_core::Rng as _;
use stormglass_model::random::Seed;

const LOADS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0];

/// Points of a law, each off by a share of itself that is nearly normal.
fn points(lambda: f64, sigma: f64, kappa: f64, noise: f64, seed: u64) -> Vec<Observation> {
    let mut rng = Seed(seed).rng();
    let mut normal = || {
        let sum: f64 = (0..12)
            .map(|_| rng.next_u64() as f64 / u64::MAX as f64)
            .sum();
        sum - 6.0
    };
    let point = |n: f64| {
        let exact = lambda * n / (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0));
        Observation {
            concurrency: n,
            throughput: exact * (1.0 + noise * normal()),
        }
    };
    LOADS.map(point).to_vec()
}

fn covers(estimate: Estimate, truth: f64) -> bool {
    (estimate.low()..=estimate.high()).contains(&truth)
}

#[test]
fn exact_points_give_back_their_law() {
    let law = Law::fit(&points(100.0, 0.05, 0.001, 0.0, 1)).unwrap();
    for (found, truth) in [(law.lambda, 100.0), (law.sigma, 0.05), (law.kappa, 0.001)] {
        assert!((found.mean / truth - 1.0).abs() < 1e-6, "{law:?}");
    }
    let peak = law.peak.unwrap();
    let concurrency = (0.95_f64 / 0.001).sqrt();
    assert!((peak.concurrency.mean / concurrency - 1.0).abs() < 1e-6);
    assert!((law.at(concurrency) / peak.throughput.mean - 1.0).abs() < 1e-6);
}

/// Of a thousand sets of points each: 95 in a hundred are meant, and 93 are asked for.
#[test]
fn intervals_cover_what_the_points_were_made_with() {
    for (sigma, kappa) in [(0.05, 0.001), (0.02, 0.0003), (0.2, 0.002)] {
        let (mut sigmas, mut kappas, mut peaks) = (0, 0, 0);
        for seed in 0..1_000 {
            let law = Law::fit(&points(100.0, sigma, kappa, 0.02, seed)).unwrap();
            sigmas += u32::from(covers(law.sigma, sigma));
            kappas += u32::from(covers(law.kappa, kappa));
            peaks += u32::from(law.peak.is_some());
        }
        assert!((930..=970).contains(&sigmas), "{sigma} {kappa}: {sigmas}");
        assert!((930..=970).contains(&kappas), "{sigma} {kappa}: {kappas}");
        assert!(peaks > 950, "{sigma} {kappa}: {peaks}");
    }
}

#[test]
fn without_a_cost_of_coherence_there_is_no_peak() {
    let (mut none, mut negative) = (0, 0);
    for seed in 0..1_000 {
        let law = Law::fit(&points(100.0, 0.05, 0.0, 0.02, seed)).unwrap();
        none += u32::from(law.peak.is_none());
        negative += u32::from(law.kappa.mean < 0.0 || law.sigma.mean < 0.0);
    }
    assert!(none >= 950, "{none}");
    assert_eq!(negative, 0);
}

/// Users of one server who think in between: all of the work is contention, and throughput levels off. Through what was measured the
/// law has a peak all the same.
#[test]
fn a_curve_that_levels_off_has_no_peak() {
    let mut number = 0.0;
    let (mut throughput, think, service) = (0.0, 0.05, 0.01);
    let mut queue = 0.0;
    let mut points = Vec::new();
    // Mean value analysis, exact for exponential times.
    while number < 64.0 {
        number += 1.0;
        let response = service * (1.0 + queue);
        throughput = number / (response + think);
        queue = throughput * response;
        if LOADS.contains(&number) {
            points.push(Observation {
                concurrency: queue,
                throughput,
            });
        }
    }
    assert!(
        (throughput - 100.0_f64).abs() < 1e-6,
        "as much as the server does"
    );
    let law = Law::fit(&points).unwrap();
    assert!(law.kappa.low() > 0.0 && law.peak.is_none(), "{law:?}");
    assert_eq!(law.most, queue);
}

#[test]
fn what_is_on_no_law_is_refused() {
    let mut accepted = 0;
    for seed in 0..200 {
        let mut rng = Seed(seed).rng();
        let noise = LOADS.map(|concurrency| Observation {
            concurrency,
            throughput: 1.0 + 99.0 * (rng.next_u64() as f64 / u64::MAX as f64),
        });
        accepted += u32::from(!matches!(Law::fit(&noise), Err(Unlawful::Scattered(_))));
    }
    assert_eq!(accepted, 0);
    let few = &points(100.0, 0.05, 0.001, 0.0, 1)[..5];
    assert_eq!(Law::fit(few), Err(Unlawful::Few(5)));
    let near: Vec<Observation> = (0..10)
        .map(|n| Observation {
            concurrency: 10.0 + 0.1 * f64::from(n),
            throughput: 50.0,
        })
        .collect();
    assert_eq!(Law::fit(&near), Err(Unlawful::Few(10)));
    // A step of a tenth is not far from a law, but on one side of it for long.
    let step: Vec<Observation> = (0..30)
        .map(|n| {
            let concurrency = 1.2_f64.powi(n);
            let part = if n % 16 < 8 { 0.97 } else { 1.03 };
            Observation {
                concurrency,
                throughput: part * 100.0 * concurrency / (1.0 + 0.05 * (concurrency - 1.0)),
            }
        })
        .collect();
    assert_eq!(Law::fit(&step), Err(Unlawful::Bent));
}

/// Signs of four and four: two runs in 2 of 70 orders, three in 6, and all counts together in every order.
#[test]
fn runs_are_counted_as_in_the_tables() {
    assert_eq!(ways(4, 4, 2), 2.0);
    assert_eq!(ways(4, 4, 3), 6.0);
    assert_eq!((1..=8).map(|runs| ways(4, 4, runs)).sum::<f64>(), 70.0);
}
