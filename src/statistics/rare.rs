//! Exact intervals of what happens seldom: a count, and a share of few tries.

use statrs::distribution::{Beta, ContinuousCDF, Gamma};

/// Where the mean of a Poisson count lies, if so many were counted: Garwood's interval.
pub fn count(counted: u64, confidence: f64) -> (f64, f64) {
    let (n, tail) = (counted as f64, (1.0 - confidence) / 2.0);
    let at = |shape: f64, share: f64| {
        Gamma::new(shape, 1.0).map_or(f64::NAN, |it| it.inverse_cdf(share))
    };
    let low = if counted == 0 { 0.0 } else { at(n, tail) };
    (low, at(n + 1.0, 1.0 - tail))
}

/// Where a probability lies, if something showed in so many of so many tries: the interval of Clopper and Pearson.
pub fn share(shown: u64, tries: u64, confidence: f64) -> (f64, f64) {
    let (k, n, tail) = (shown as f64, tries as f64, (1.0 - confidence) / 2.0);
    let at =
        |a: f64, b: f64, share: f64| Beta::new(a, b).map_or(f64::NAN, |it| it.inverse_cdf(share));
    let low = if shown == 0 {
        0.0
    } else {
        at(k, n - k + 1.0, tail)
    };
    let high = if shown >= tries {
        1.0
    } else {
        at(k + 1.0, n - k, 1.0 - tail)
    };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near((low, high): (f64, f64), expected: (f64, f64)) {
        assert!((low - expected.0).abs() < 5e-4, "{low} {high}");
        assert!((high - expected.1).abs() < 5e-4, "{low} {high}");
    }

    /// Tables of exact limits.
    #[test]
    fn limits_are_those_of_the_tables() {
        near(count(0, 0.95), (0.0, 3.6889));
        near(count(1, 0.95), (0.0253, 5.5716));
        near(count(10, 0.95), (4.7954, 18.3904));
        near(share(0, 10, 0.95), (0.0, 0.3085));
        near(share(10, 10, 0.95), (0.6915, 1.0));
        near(share(3, 20, 0.95), (0.0321, 0.3789));
        near(share(0, 0, 0.95), (0.0, 1.0));
    }
}
