//! How far off a quantile is.

use statrs::distribution::{Beta, ContinuousCDF};

/// Values beyond a quantile that an error needs.
const BEYOND: f64 = 5.0;

/// The standard error of the quantile `at` (0 to 1) of so many independent values, where `value` gives the quantiles of the
/// distribution that they came from, or of the values themselves. None where fewer than five of them lie beyond it.
///
/// It is that of a bootstrap with endless redraws, and so needs no seed: the k-th of n values that are drawn from a
/// distribution is its quantile at a number drawn from Beta(k, n − k + 1) (B. Efron, "Bootstrap methods", Annals of Statistics 7,
/// 1979, section 3).
pub fn error(at: f64, values: f64, value: impl Fn(f64) -> f64) -> Option<f64> {
    let beyond = values * at.min(1.0 - at);
    if beyond < BEYOND {
        return None;
    }
    let beta = Beta::new(values * at, values * (1.0 - at) + 1.0).ok()?;
    // Of a normal one, so much lies within 1.96 standard errors.
    let ends = [0.025, 0.975].map(|share| value(beta.inverse_cdf(share)));
    Some((ends[1] - ends[0]) / (2.0 * 1.96))
}

#[cfg(test)]
mod tests {
    use super::error;

    /// For large n it is √(p (1 − p) ÷ n) ÷ density: of an exponential distribution of mean 1, √(p ÷ (n (1 − p))).
    #[test]
    fn the_error_is_that_of_large_samples() {
        for (at, values) in [(0.5_f64, 1_000.0), (0.99, 50_000.0)] {
            let found = error(at, values, |share| -(1.0 - share).ln()).unwrap();
            let expected = (at / (values * (1.0 - at))).sqrt();
            assert!((found / expected - 1.0).abs() < 0.02, "{found} {expected}");
        }
        assert_eq!(error(0.99, 400.0, |share| share), None);
    }
}
