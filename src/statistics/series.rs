//! What one run says of a figure that was measured again and again, where neighbours resemble each other.

use super::mean::Mean;

/// Batches that a series is cut into.
const BATCHES: usize = 30;
/// Independent values that a series must be worth for an interval.
const LEAST: f64 = 12.0;

/// The mean of a series of `(value, weight)` whose neighbours resemble each other, such as intervals of a timeline with their
/// lengths: batch means.
///
/// The series is cut into 30 batches of about equal weight. If their means still resemble each other, with a correlation `r`
/// from one to the next, they are worth `n (1 − r) / (1 + r)` independent ones; a negative `r` counts as none. None where that
/// is fewer than 12, as in a series that grows from end to end, or in one of fewer values than batches.
pub fn batch_means(series: &[(f64, f64)]) -> Option<Mean> {
    let batches = batches(series)?;
    let n = BATCHES as f64;
    let value = batches.iter().sum::<f64>() / n;
    let squares: f64 = batches.iter().map(|it| (it - value).powi(2)).sum();
    let neighbours: f64 = (batches.windows(2))
        .map(|pair| (pair[0] - value) * (pair[1] - value))
        .sum();
    if !squares.is_finite() {
        return None;
    }
    let correlation = match squares == 0.0 {
        true => 0.0,
        // Estimated from so few it is too small by about (1 + 3 r) / n (M. G. Kendall, Biometrika 41, 1954).
        false => {
            let found = neighbours / squares;
            (found + (1.0 + 3.0 * found) / n).clamp(0.0, 1.0)
        }
    };
    let worth = n * (1.0 - correlation) / (1.0 + correlation);
    (worth >= LEAST).then(|| Mean {
        value,
        variance: squares / (n - 1.0) / worth,
        freedom: worth - 1.0,
    })
}

/// The means of batches of about equal weight; none where one would be empty.
fn batches(series: &[(f64, f64)]) -> Option<Vec<f64>> {
    let total: f64 = series.iter().map(|(_, weight)| weight).sum();
    let mut sums = [(0.0, 0.0); BATCHES];
    let mut before = 0.0;
    for (value, weight) in series {
        // The middle of the value says whose it is.
        let place = (before + weight / 2.0) / total * BATCHES as f64;
        let batch = &mut sums[(place as usize).min(BATCHES - 1)];
        batch.0 += value * weight;
        batch.1 += weight;
        before += weight;
    }
    let means = sums.map(|(sum, weight)| (weight > 0.0).then(|| sum / weight));
    means.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator for the tests alone: SplitMix64, and from it sums of twelve that are nearly normal.
    pub(super) struct Draws(pub u64);

    impl Draws {
        fn uniform(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        }

        pub fn normal(&mut self) -> f64 {
            (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
        }
    }

    /// A series in which each value keeps so much of the one before; its mean is 100.
    fn kept(draws: &mut Draws, share: f64, length: usize) -> Vec<(f64, f64)> {
        let mut state = draws.normal() / (1.0 - share * share).sqrt();
        let values = (0..length).map(|_| {
            state = share * state + draws.normal();
            (100.0 + state, 1.0)
        });
        values.collect()
    }

    /// The means of a thousand series whose neighbours are so much alike, as far as they have intervals, and the share of these
    /// intervals that hold the truth.
    fn covered(share: f64) -> (usize, f64) {
        let mut draws = Draws(7);
        let means = (0..1_000).filter_map(|_| batch_means(&kept(&mut draws, share, 600)));
        let means: Vec<Mean> = means.collect();
        let holds = |mean: &&Mean| {
            let reach = super::super::student::quantile(mean.freedom, 0.95);
            (mean.value - 100.0).abs() <= reach * mean.variance.sqrt()
        };
        let held = means.iter().filter(holds).count();
        (means.len(), held as f64 / means.len() as f64)
    }

    #[test]
    fn nineteen_intervals_of_twenty_hold_the_truth_however_alike_neighbours_are() {
        for (share, at_least) in [(0.0, 950), (0.5, 950), (0.9, 700)] {
            let (number, covered) = covered(share);
            assert!(number >= at_least, "{share}: {number}");
            assert!((0.93..0.98).contains(&covered), "{share}: {covered}");
        }
    }

    /// Such a series of 600 is worth six values.
    #[test]
    fn a_series_that_is_worth_too_little_has_no_interval() {
        let (number, _) = covered(0.98);
        assert!(number < 50, "{number}");
    }

    #[test]
    fn a_series_that_grows_or_is_short_says_nothing() {
        let growing: Vec<(f64, f64)> = (0..600).map(|at| (f64::from(at), 1.0)).collect();
        assert_eq!(batch_means(&growing), None);
        assert_eq!(batch_means(&growing[..20]), None);
        assert_eq!(batch_means(&[]), None);
        let constant = batch_means(&[(3.0, 1.0); 60]).unwrap();
        assert_eq!((constant.value, constant.variance), (3.0, 0.0));
    }

    #[test]
    fn weights_count() {
        // Twice as long at 1 as at 4.
        let series: Vec<(f64, f64)> = (0..300).flat_map(|_| [(1.0, 2.0), (4.0, 1.0)]).collect();
        assert!((batch_means(&series).unwrap().value - 2.0).abs() < 1e-9);
    }
}
