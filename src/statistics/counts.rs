//! What counts of events in equal intervals say of their rate.

use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor};

/// How much counts vary beside what they would if events came independently of each other: one then, more where they come in bursts,
/// less where they come evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dispersion {
    /// The index of dispersion.
    pub index: f64,
    /// The lower end of its interval of 95 %.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Of counts, each with what was expected of it. None where there are too few.
pub fn dispersion(counts: &[(f64, f64)]) -> Option<Dispersion> {
    let expected: Vec<&(f64, f64)> = counts
        .iter()
        .filter(|(_, expected)| *expected > 0.0)
        .collect();
    let freedom = expected.len() as f64 - 1.0;
    if freedom < 9.0 {
        return None;
    }
    let squares: f64 = expected
        .iter()
        .map(|(count, expected)| (count - expected).powi(2) / expected)
        .sum();
    let chi = ChiSquared::new(freedom).ok()?;
    let [low, high] = [0.975, 0.025].map(|share| squares / chi.inverse_cdf(share));
    Some(Dispersion {
        index: squares / freedom,
        low,
        high,
    })
}

/// How likely it is that values differ this much between the groups of `fine`, if in truth they differ only between those of `coarse`,
/// each of which is made of whole groups of `fine`. Both say the group of each value. None where that cannot be told.
///
/// This is the analysis of variance of nested models: it asks how values vary within groups, and so needs no law of theirs.
pub fn nested(values: &[f64], coarse: &[usize], fine: &[usize]) -> Option<f64> {
    let (coarse_rest, coarse_groups) = rest(values, coarse);
    let (fine_rest, fine_groups) = rest(values, fine);
    let (between, within) = (
        fine_groups as f64 - coarse_groups as f64,
        values.len() as f64 - fine_groups as f64,
    );
    if between < 1.0 || within < 1.0 || fine_rest <= 0.0 {
        return None;
    }
    let ratio = ((coarse_rest - fine_rest) / between) / (fine_rest / within);
    let law = FisherSnedecor::new(between, within).ok()?;
    Some(1.0 - law.cdf(ratio.max(0.0)))
}

/// The squares about the means of groups, and how many groups there are.
fn rest(values: &[f64], groups: &[usize]) -> (f64, usize) {
    let most = groups.iter().max().map_or(0, |most| most + 1);
    let mut sums = vec![(0.0, 0.0); most];
    for (value, group) in values.iter().zip(groups) {
        sums[*group].0 += value;
        sums[*group].1 += 1.0;
    }
    let about = |(value, group): (&f64, &usize)| (value - sums[*group].0 / sums[*group].1).powi(2);
    let squares = values.iter().zip(groups).map(about).sum();
    (
        squares,
        sums.iter().filter(|(_, count)| *count > 0.0).count(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use stormglass_model::random::{Seed, unit};

    /// Arrivals of a Poisson process of this rate in each of some intervals.
    fn poisson(rates: &[f64], seed: u64) -> Vec<f64> {
        let mut rng = Seed(seed).rng();
        let mut one = |rate: &f64| {
            let (mut sum, mut count) = (0.0, 0.0);
            loop {
                sum -= (1.0 - unit(&mut rng)).ln();
                if sum > *rate {
                    return count;
                }
                count += 1.0;
            }
        };
        rates.iter().map(&mut one).collect()
    }

    #[test]
    fn independent_arrivals_have_an_index_of_one_and_bursts_more() {
        let expected = |counts: Vec<f64>| {
            counts
                .into_iter()
                .map(|count| (count, 8.0))
                .collect::<Vec<_>>()
        };
        let within = (0..100).filter(|seed| {
            let found = dispersion(&expected(poisson(&[8.0; 200], *seed))).unwrap();
            found.low <= 1.0 && 1.0 <= found.high
        });
        assert!(within.count() >= 88);
        let bursts = poisson(&[2.0, 2.0, 2.0, 26.0].repeat(50), 1);
        assert!(dispersion(&expected(bursts)).unwrap().low > 2.0);
        assert!(dispersion(&expected(vec![8.0; 200])).unwrap().high < 0.5);
        assert_eq!(dispersion(&[(8.0, 8.0); 9]), None);
    }

    /// The yields of three groups of plants, `PlantGrowth` of R's manual: F = 4.846 with 2 and 27 degrees of freedom, p = 0.01591.
    #[test]
    fn one_grouping_is_that_of_the_textbook() {
        let values = [
            4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14, 4.81, 4.17, 4.41, 3.59,
            5.87, 3.83, 6.03, 4.89, 4.32, 4.69, 6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15,
            5.80, 5.26,
        ];
        let groups: Vec<usize> = (0..30).map(|at| at / 10).collect();
        let p = nested(&values, &[0; 30], &groups).unwrap();
        assert!((p - 0.015_91).abs() < 1e-5, "{p}");
        assert_eq!(nested(&values, &[0; 30], &[0; 30]), None);
    }
}
