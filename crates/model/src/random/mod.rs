//! Randomness that repeats: one seed split by name, and the distributions of a scenario.
//!
//! No generator is shared between subjects or faults, so adding one does not reshuffle the rest. The service
//! has one of its own, for the lengths of its visits in the order in which they begin.

mod distribution;

pub use distribution::{Distribution, DistributionError, Drawn, SHAPES, Shape};

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

/// The generator used everywhere: portable, small and fast.
pub type Rng = Xoshiro256PlusPlus;

/// A seed from which others are split by name or number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seed(pub u64);

impl Seed {
    /// The seed that belongs to `name` under this one.
    pub fn named(self, name: &str) -> Seed {
        // FNV-1a folds the bytes, mixing spreads them: the same on every platform, for ever.
        let folded = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Seed(mix(self.0 ^ mix(folded)))
    }

    /// The seed that belongs to `number` under this one.
    #[inline]
    pub fn numbered(self, number: u64) -> Seed {
        Seed(mix(self.0 ^ mix(number.wrapping_add(0x9e37_79b9_7f4a_7c15))))
    }

    /// A generator that starts here.
    #[inline]
    pub fn rng(self) -> Rng {
        Rng::seed_from_u64(self.0)
    }
}

/// The finaliser of splitmix64: every bit of the input reaches every bit of the output.
#[inline]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// How long so many waits take together, at least one, as a multiple of what is to be expected, where each is as likely to end at any
/// moment: a number of a gamma distribution about 1.
pub(crate) fn of_waits(count: f64, rng: &mut Rng) -> f64 {
    use rand_distr::Distribution as _;
    let count = count.max(1.0);
    rand_distr::Gamma::new(count, count.recip()).map_or(1.0, |it| it.sample(rng))
}

/// A number in `[0, 1)` with 53 random bits.
#[inline]
pub fn unit(rng: &mut Rng) -> f64 {
    use rand_xoshiro::rand_core::Rng as _;
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}
