//! What a scenario says of arrivals: how many there are by when and how they are spaced, or when each is due.

use super::curve::Curve;
use super::rate::ArrivalRate;
use crate::named;
use crate::units::{Rate, Span, Time};
use std::sync::Arc;

named! {
    /// How arrivals are spaced.
    Spacing {
        /// Independent of each other: exponential distances.
        Poisson = "poisson",
        /// At equal distances.
        Even = "even",
    }
}

/// When stories arrive.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// As many by any time as the area under the rate up to then.
    Paced {
        /// How many.
        rate: ArrivalRate,
        /// At which distances.
        spacing: Spacing,
    },
    /// At these times, which ascend.
    Listed(Arc<[Time]>),
}

impl Arrivals {
    /// Poisson arrivals at a rate that never changes.
    pub const fn at(rate: Rate) -> Arrivals {
        Arrivals::Paced {
            rate: ArrivalRate::Ramps {
                from: rate,
                ramps: Vec::new(),
            },
            spacing: Spacing::Poisson,
        }
    }

    /// How many are due in the first `length` of a load, on average.
    pub fn expected(&self, length: Span) -> f64 {
        match self {
            Arrivals::Paced { rate, .. } => Curve::of(rate).area(length),
            Arrivals::Listed(times) => times.partition_point(|due| due.0 < length.0) as f64,
        }
    }

    /// How many are ever due, on average; infinite where they do not dry up.
    pub fn ever(&self) -> f64 {
        match self {
            Arrivals::Paced { rate, .. } => Curve::of(rate).whole(),
            Arrivals::Listed(times) => times.len() as f64,
        }
    }

    /// How many are due within any stretch of such a length at most, on average.
    pub fn crowd(&self, length: Span) -> f64 {
        let times = match self {
            Arrivals::Paced { rate, .. } => {
                return Curve::of(rate).highest() * length.as_secs_f64();
            }
            Arrivals::Listed(times) => times,
        };
        let mut first = 0;
        let mut most = 0;
        for (last, &due) in times.iter().enumerate() {
            while due.since(times[first]) > length {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        most as f64
    }
}
