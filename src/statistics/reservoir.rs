//! A sample of values that come one after the other, of which nobody knows how many there will be.

use stormglass_model::random::{Rng, Seed, unit};

/// As many values as are kept: each of all values is among them equally likely.
///
/// J. S. Vitter, "Random sampling with a reservoir", ACM Transactions on Mathematical Software 11 (1985), algorithm R.
#[derive(Clone, Debug)]
pub struct Reservoir<T> {
    values: Vec<T>,
    count: u64,
    most: usize,
    rng: Rng,
}

impl<T> Reservoir<T> {
    /// An empty one that keeps `most` values. What is drawn is the same each time.
    pub fn of(most: usize) -> Reservoir<T> {
        Reservoir {
            values: Vec::new(),
            count: 0,
            most,
            rng: Seed(1985).rng(),
        }
    }

    /// Takes a value.
    pub fn add(&mut self, value: T) {
        self.count += 1;
        if self.values.len() < self.most {
            self.values.push(value);
            return;
        }
        let at = (unit(&mut self.rng) * self.count as f64) as usize;
        if let Some(place) = self.values.get_mut(at) {
            *place = value;
        }
    }

    /// Those that are kept.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// How many came.
    pub const fn count(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_kept_equally_likely() {
        let mut reservoir = Reservoir::of(1_000);
        (0..100_000).for_each(|value| reservoir.add(f64::from(value)));
        assert_eq!(
            (reservoir.count(), reservoir.values().len()),
            (100_000, 1_000)
        );
        let mean = reservoir.values().iter().sum::<f64>() / 1_000.0;
        // Four standard errors of the mean of a thousand uniform values.
        assert!(
            (mean - 50_000.0).abs() < 4.0 * 28_868.0 / 1_000.0_f64.sqrt(),
            "{mean}"
        );
    }
}
