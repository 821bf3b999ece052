//! Whether one mean is larger than another, and by how much.

use super::mean::Mean;
use super::student::{beyond, quantile};

/// What two sides, `a` and `b`, say of one figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Contrast {
    /// Values that belong together, such as those of runs with one seed: what both have in common cancels out.
    Paired(Vec<(f64, f64)>),
    /// Means that have nothing in common.
    Apart(Mean, Mean),
}

/// A difference with its error.
struct Difference {
    mean: f64,
    error: f64,
    freedom: f64,
}

impl Contrast {
    /// The means of the two sides.
    pub fn means(&self) -> (f64, f64) {
        match self {
            Contrast::Paired(pairs) => {
                let n = pairs.len() as f64;
                let sum = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
                (sum(|pair| pair.0), sum(|pair| pair.1))
            }
            Contrast::Apart(a, b) => (a.value, b.value),
        }
    }

    /// `b − ratio·a − offset`. Of pairs, Student's paired difference; otherwise Welch's, with the degrees of freedom of
    /// Welch and Satterthwaite (B. L. Welch, "The generalization of 'Student's' problem", Biometrika 34, 1947).
    fn difference(&self, ratio: f64, offset: f64) -> Difference {
        match self {
            Contrast::Paired(pairs) => {
                let values: Vec<f64> = pairs.iter().map(|(a, b)| b - ratio * a - offset).collect();
                match Mean::of(&values) {
                    Some(mean) => Difference {
                        mean: mean.value,
                        error: mean.variance.sqrt(),
                        freedom: mean.freedom,
                    },
                    None => Difference {
                        mean: 0.0,
                        error: f64::INFINITY,
                        freedom: 1.0,
                    },
                }
            }
            Contrast::Apart(a, b) => {
                let of_a = ratio * ratio * a.variance;
                let variance = of_a + b.variance;
                let freedom =
                    variance.powi(2) / (of_a.powi(2) / a.freedom + b.variance.powi(2) / b.freedom);
                Difference {
                    mean: b.value - ratio * a.value - offset,
                    error: variance.sqrt(),
                    freedom: match freedom.is_finite() {
                        true => freedom,
                        false => a.freedom.min(b.freedom),
                    },
                }
            }
        }
    }

    /// How likely figures this far above are, from 0 to 1, if in truth `b ≤ ratio·a + offset`.
    pub fn above(&self, ratio: f64, offset: f64) -> f64 {
        self.difference(ratio, offset).beyond(1.0)
    }

    /// How likely figures this far below are, from 0 to 1, if in truth `b ≥ ratio·a + offset`.
    pub fn below(&self, ratio: f64, offset: f64) -> f64 {
        self.difference(ratio, offset).beyond(-1.0)
    }

    /// The interval of `b − a`.
    pub fn difference_interval(&self, confidence: f64) -> (f64, f64) {
        let difference = self.difference(1.0, 0.0);
        let reach = reach(difference.error, difference.freedom, confidence);
        (difference.mean - reach, difference.mean + reach)
    }

    /// The interval of `b ÷ a`: all ratios that the two sides do not speak against (E. C. Fieller, "Some problems in interval
    /// estimation", Journal of the Royal Statistical Society B 16, 1954). None where `a` may be zero, since there it has no end.
    pub fn ratio_interval(&self, confidence: f64) -> Option<(f64, f64)> {
        let (a, b) = self.means();
        let Difference { error, freedom, .. } = self.difference(b / a, 0.0);
        if error == 0.0 {
            return Some((b / a, b / a));
        }
        let (of_a, of_b, of_both) = match self {
            Contrast::Apart(a, b) => (a.variance, b.variance, 0.0),
            Contrast::Paired(pairs) => variances(pairs)?,
        };
        let squared = |variance: f64| reach(variance.sqrt(), freedom, confidence).powi(2);
        let covered = match of_both < 0.0 {
            true => -squared(-of_both),
            false => squared(of_both),
        };
        let (quadratic, linear, constant) = (
            a * a - squared(of_a),
            a * b - covered,
            b * b - squared(of_b),
        );
        let root = (linear * linear - quadratic * constant).max(0.0).sqrt();
        let ends = ((linear - root) / quadratic, (linear + root) / quadratic);
        (quadratic > 0.0 && ends.0.is_finite() && ends.1.is_finite()).then_some(ends)
    }
}

impl Difference {
    /// How likely a difference as far on this side of zero is, if the truth is zero.
    fn beyond(&self, side: f64) -> f64 {
        match self.error == 0.0 && self.mean == 0.0 {
            true => 1.0,
            false => beyond(side * self.mean / self.error, self.freedom),
        }
    }
}

/// How far an interval reaches to either side.
fn reach(error: f64, freedom: f64, confidence: f64) -> f64 {
    match error == 0.0 {
        true => 0.0,
        false => quantile(freedom, confidence) * error,
    }
}

/// The variances of the means of pairs, and their covariance; none for fewer than two.
fn variances(pairs: &[(f64, f64)]) -> Option<(f64, f64, f64)> {
    let of = |value: fn(&(f64, f64)) -> f64| Mean::of(&pairs.iter().map(value).collect::<Vec<_>>());
    let (a, b) = (of(|pair| pair.0)?, of(|pair| pair.1)?);
    let products: f64 = (pairs.iter())
        .map(|pair| (pair.0 - a.value) * (pair.1 - b.value))
        .sum();
    let n = pairs.len() as f64;
    Some((a.variance, b.variance, products / (n - 1.0) / n))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours of sleep that two drugs added to that of ten patients: Student, "The probable error of a mean", Biometrika 6
    /// (1908). What the tests say of them is in the manual of R's `sleep` and `t.test`.
    const FIRST: [f64; 10] = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    const SECOND: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    fn paired() -> Contrast {
        Contrast::Paired(FIRST.into_iter().zip(SECOND).collect())
    }

    fn apart() -> Contrast {
        Contrast::Apart(Mean::of(&FIRST).unwrap(), Mean::of(&SECOND).unwrap())
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    }

    #[test]
    fn pairs_are_those_of_the_textbook() {
        near(2.0 * paired().above(1.0, 0.0), 0.002_832_89);
        let (low, high) = paired().difference_interval(0.95);
        near(low, 0.700_114_2);
        near(high, 2.459_885_8);
    }

    #[test]
    fn welch_is_that_of_the_textbook() {
        near(2.0 * apart().above(1.0, 0.0), 0.079_394_14);
        near(1.0 - apart().below(1.0, 0.0), 0.079_394_14 / 2.0);
        let (low, high) = apart().difference_interval(0.95);
        near(low, -0.205_483_2);
        near(high, 3.365_483_2);
        near(apart().difference(1.0, 0.0).freedom, 17.776_474);
    }

    /// At an end of the interval the test is exactly undecided.
    #[test]
    fn the_interval_of_a_ratio_agrees_with_the_test() {
        let pairs: Vec<(f64, f64)> = (FIRST.into_iter().zip(SECOND))
            .map(|(a, b)| (a + 9.0, b + 9.0))
            .collect();
        let contrast = Contrast::Paired(pairs);
        let (low, high) = contrast.ratio_interval(0.95).unwrap();
        near(contrast.above(low, 0.0), 0.025);
        near(contrast.below(high, 0.0), 0.025);
        assert_eq!(apart().ratio_interval(0.95), None, "the first may be zero");
    }

    #[test]
    fn figures_that_never_differ_are_certain() {
        let contrast = Contrast::Paired(vec![(2.0, 2.0), (3.0, 3.0)]);
        assert_eq!(contrast.above(1.0, 0.0), 1.0);
        assert_eq!(contrast.ratio_interval(0.95), Some((1.0, 1.0)));
        let fixed = |value| Mean::of(&[value, value]).unwrap();
        let contrast = Contrast::Apart(fixed(10.0), fixed(11.0));
        assert_eq!(contrast.above(1.05, 0.0), 0.0);
        near(contrast.ratio_interval(0.95).unwrap().1, 1.1);
        assert_eq!(
            Contrast::Paired(vec![(1.0, 2.0)]).ratio_interval(0.95),
            None
        );
    }
}
