//! What a scenario says of the arrival rate over a load.

use crate::named;
use crate::units::{Rate, Span};
use std::sync::Arc;

named! {
    /// How a ramp goes from one arrival rate to the next.
    RampShape {
        /// By equal amounts in equal times.
        Linear = "linear",
        /// At once, and the new rate is then held for the length of the ramp.
        Step = "step",
        /// By equal factors in equal times. Both rates are above zero.
        Exponential = "exponential",
    }
}

/// A change of the arrival rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    /// How long it takes.
    pub length: Span,
    /// The rate at its end, held until the next ramp.
    pub to: Rate,
    /// How it gets there.
    pub shape: RampShape,
}

/// How the arrival rate goes over a load.
#[derive(Clone, Debug, PartialEq)]
pub enum ArrivalRate {
    /// It starts at `from` and follows the ramps, one after the other.
    Ramps {
        /// The rate at the start.
        from: Rate,
        /// How it changes.
        ramps: Vec<Ramp>,
    },
    /// It is linear between knots, and the whole is repeated for ever.
    Cycle {
        /// The length of a period; above zero.
        every: Span,
        /// Rates at times within a period, in order; two at the same time are a jump. From the last it goes on to the first of
        /// the next period.
        knots: Vec<(Span, Rate)>,
    },
    /// So many arrivals in each period, one after the other, and none after the last.
    Counts {
        /// The length of a period; above zero.
        period: Span,
        /// How many arrive in each; finite and never negative.
        counts: Arc<[f64]>,
    },
}
