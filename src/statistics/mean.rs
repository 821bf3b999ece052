//! The mean of a figure, and how far off it may be.

use super::student::quantile;

/// A mean whose error is Student's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean itself.
    pub value: f64,
    /// The variance of the mean, not that of the values.
    pub variance: f64,
    /// The degrees of freedom that the variance is known with.
    pub freedom: f64,
}

impl Mean {
    /// How far its interval reaches to either side, with `confidence` from 0 to 1.
    pub fn reach(&self, confidence: f64) -> f64 {
        match self.variance == 0.0 {
            true => 0.0,
            false => quantile(self.freedom, confidence) * self.variance.sqrt(),
        }
    }

    /// Of independent values; none where there are fewer than two, or one of them is no number.
    pub fn of(values: &[f64]) -> Option<Mean> {
        let n = values.len() as f64;
        let value = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|it| (it - value).powi(2)).sum();
        let freedom = n - 1.0;
        (freedom >= 1.0 && squares.is_finite()).then(|| Mean {
            value,
            variance: squares / freedom / n,
            freedom,
        })
    }
}
