//! How clients try again.

use crate::units::Span;

/// How clients try again what failed. What was refused, or may have happened, they do not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retries {
    /// How often at most, beyond the first time.
    pub most: u8,
    /// The pause before the first.
    pub after: Span,
    /// How many times longer each pause is than the one before; at least one.
    pub factor: f64,
    /// The share of each pause that is left to chance: of zero it is always whole, of one any part of it.
    pub jitter: f64,
}

impl Retries {
    /// The pause before the retry of this number, from zero, where chance says `unit`, from 0 to 1.
    pub fn pause(&self, retry: u8, unit: f64) -> Span {
        let whole = self.after.as_secs_f64() * self.factor.powi(i32::from(retry));
        Span::from_secs_f64(whole * (1.0 - self.jitter * unit))
    }
}
