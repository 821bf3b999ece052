//! The utilisation law: at which value of a key the load asks for so much of the resource that is short first.
//!
//! What the load asks of a resource is its arrivals × the time for which each holds a unit ÷ the number of units. So it is
//! proportional to a rate or a size that is varied, to the inverse of a number of units, or nearly so, and is taken for a power of the
//! key. The law only says where to look: whether demands hold there, runs decide.

/// What the load asks of each resource, as a share of its units, at a value of the key.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) value: f64,
    /// By resource.
    pub(super) shares: Vec<f64>,
}

/// How what is asked goes with the key.
#[derive(Clone, Debug)]
pub(super) struct Law {
    /// Where the load asks for little.
    light: Asked,
    /// The other end of the range, where it asks for more.
    heavy: f64,
    /// By resource: the power of the key.
    exponents: Vec<f64>,
}

impl Asked {
    /// The largest share that is asked of any resource.
    pub(super) fn most(&self) -> f64 {
        self.shares.iter().copied().fold(0.0, f64::max)
    }
}

impl Law {
    /// From what is asked at two values, at neither of which more is asked than there is: what waits asks for nothing more. None where
    /// that tells nothing.
    pub(super) fn new(light: Asked, near: &Asked, heavy: f64) -> Option<Law> {
        let apart = (near.value / light.value).ln();
        let shares = light.shares.iter().zip(&near.shares);
        let exponents: Vec<f64> = shares
            .map(|(light, near)| match light.min(*near) > 0.0 {
                true => (near / light).ln() / apart,
                false => 0.0,
            })
            .collect();
        let all = exponents.iter().all(|it| it.is_finite());
        (all && exponents.iter().any(|it| it * apart > 0.0)).then_some(Law {
            light,
            heavy,
            exponents,
        })
    }

    /// The same law where longer runs have said more about what is asked at the lighter value.
    pub(super) fn corrected(mut self, shares: Vec<f64>) -> Law {
        self.light.shares = shares;
        self
    }

    /// The values at which the load asks for less and for more.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.light.value, self.heavy)
    }

    /// The value in the range at which the load asks for this share of the resource that is short first; the heavy end where it lies
    /// beyond.
    pub(super) fn value_at(&self, share: f64) -> f64 {
        let (mut less, mut more) = self.ends();
        if self.asked_at(more) <= share {
            return more;
        }
        for _ in 0..HALVINGS {
            let middle = (less * more).sqrt();
            match self.asked_at(middle) < share {
                true => less = middle,
                false => more = middle,
            }
        }
        less
    }

    /// The largest share that is asked of any resource at a value.
    fn asked_at(&self, value: f64) -> f64 {
        let ratio = value / self.light.value;
        let powers = self.light.shares.iter().zip(&self.exponents);
        powers
            .map(|(share, exponent)| share * ratio.powf(*exponent))
            .fold(0.0, f64::max)
    }
}

/// Enough for two values a million-fold apart to be told to a millionth.
const HALVINGS: u32 = 48;

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: f64, shares: &[f64]) -> Asked {
        Asked {
            value,
            shares: shares.to_vec(),
        }
    }

    /// A rate asks more of both resources, and units of one are varied the other way round.
    #[test]
    fn what_is_asked_is_a_power_of_the_key() {
        let rate = Law::new(asked(1.0, &[0.1, 0.02]), &asked(2.0, &[0.2, 0.04]), 100.0).unwrap();
        for share in [0.2, 0.9, 1.0, 3.0] {
            let found = rate.value_at(share);
            assert!((found / (10.0 * share) - 1.0).abs() < 1e-6, "{found}");
        }
        assert_eq!(rate.value_at(20.0), 100.0);
        let units = Law::new(
            asked(64.0, &[6.0 / 64.0, 0.3]),
            &asked(32.0, &[6.0 / 32.0, 0.3]),
            1.0,
        );
        let units = units.unwrap();
        // The other resource asks for three tenths whatever there is of the first.
        for share in [0.9, 0.31] {
            assert!((units.value_at(share) - 6.0 / share).abs() < 1e-6);
        }
        let found = units.corrected(vec![3.0 / 64.0, 0.3]).value_at(0.9);
        assert!((found - 3.0 / 0.9).abs() < 1e-6, "{found}");
    }

    #[test]
    fn there_is_no_law_where_nothing_more_is_asked() {
        let law = |light: &[f64], near: &[f64]| {
            Law::new(asked(1.0, light), &asked(2.0, near), 9.0).is_some()
        };
        assert!(law(&[0.1], &[0.11]));
        assert!(!law(&[0.1], &[0.1]));
        assert!(!law(&[0.1], &[0.09]));
        assert!(!law(&[0.0], &[0.1]));
        assert!(!law(&[], &[]));
        assert!(Law::new(asked(0.0, &[0.1]), &asked(2.0, &[0.2]), 9.0).is_none());
    }
}
