//! What independent replications say of a figure: its mean, and where the truth lies.

use super::mean::Mean;

/// How sure an interval is unless something else is said.
pub const CONFIDENCE: f64 = 0.95;

/// The mean of a figure over replications, with Student's interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// How far the interval reaches to either side; infinite for a single replication.
    pub reach: f64,
}

impl Estimate {
    /// Of one value a replication, with `confidence` from 0 to 1; none where there is no value.
    pub fn of(values: &[f64], confidence: f64) -> Option<Estimate> {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let reach = Mean::of(values).map_or(f64::INFINITY, |it| it.reach(confidence));
        mean.is_finite().then_some(Estimate { mean, reach })
    }

    /// The lower end of the interval.
    pub fn low(self) -> f64 {
        self.mean - self.reach
    }

    /// The upper end of the interval.
    pub fn high(self) -> f64 {
        self.mean + self.reach
    }
}

#[cfg(test)]
mod tests {
    use super::super::student::quantile;
    use super::*;

    #[test]
    fn intervals_are_those_of_the_tables() {
        for (freedom, confidence, expected) in [
            (1.0, 0.95, 12.706),
            (2.0, 0.95, 4.303),
            (9.0, 0.95, 2.262),
            (9.0, 0.99, 3.250),
            (30.0, 0.95, 2.042),
        ] {
            let found = quantile(freedom, confidence);
            assert!((found - expected).abs() < 6e-4, "{freedom}: {found}");
        }
        let estimate = Estimate::of(&[1.0, 2.0, 3.0], CONFIDENCE).unwrap();
        assert!((estimate.mean - 2.0).abs() < 1e-12);
        assert!((estimate.reach - 4.303 / 3.0_f64.sqrt()).abs() < 1e-3);
    }

    #[test]
    fn one_replication_says_nothing_of_how_far_off_it_is() {
        assert_eq!(
            Estimate::of(&[7.0], CONFIDENCE).map(Estimate::high),
            Some(f64::INFINITY)
        );
        assert_eq!(Estimate::of(&[], CONFIDENCE), None);
        assert_eq!(Estimate::of(&[f64::INFINITY, 1.0], CONFIDENCE), None);
    }
}
