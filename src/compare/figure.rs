//! What is compared.

use crate::metrics::Unit;
use std::fmt;
use stormglass_model::named;

/// What a figure is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measured {
    /// A transition's latency, `saving → active`.
    Transition(String),
    /// An operation's response time where it was acknowledged, or its error rate.
    Operation(String),
    /// A queue of the embedded service.
    Resource(String),
    /// What goes up and down: bytes, or operations in flight.
    Level(String),
    /// Operations that ended, however.
    Throughput,
}

named! {
    /// Which number of it.
    Quantity {
        /// The mean: of latencies, or of a level over time.
        Mean = "mean",
        /// The median.
        Median = "p50",
        /// The 99th percentile.
        P99 = "p99",
        /// The most that there ever was.
        Max = "max",
        /// (fail + unknown) ÷ all.
        ErrorRate = "error_rate",
        /// How many a second.
        Rate = "rate",
        /// The share of the units that was held, on average over time.
        Utilisation = "utilisation",
        /// How many waited, on average over time.
        MeanQueue = "mean_queue",
        /// The mean wait of those who got it.
        Wait = "wait",
        /// How long it was held, on average.
        Hold = "hold",
    }
}

/// A number that both sides have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Figure {
    /// What it is of.
    pub measured: Measured,
    /// Which number of it.
    pub quantity: Quantity,
    /// The phase.
    pub phase: String,
    /// The story whose subjects it is of; none: all of them.
    pub story: Option<String>,
}

impl Figure {
    /// Of all stories.
    pub fn of(measured: Measured, quantity: Quantity, phase: &str) -> Figure {
        Figure {
            measured,
            quantity,
            phase: phase.to_owned(),
            story: None,
        }
    }

    /// What its numbers are in.
    pub fn unit(&self) -> Unit {
        match (&self.measured, self.quantity) {
            (_, Quantity::ErrorRate | Quantity::Utilisation) => Unit::Share,
            (_, Quantity::Rate) => Unit::PerSecond,
            (Measured::Level(name), _) if name.starts_with("bytes") => Unit::Bytes,
            (Measured::Level(_), _) | (_, Quantity::MeanQueue) => Unit::Count,
            (
                _,
                Quantity::Mean
                | Quantity::Median
                | Quantity::P99
                | Quantity::Max
                | Quantity::Wait
                | Quantity::Hold,
            ) => Unit::Nanoseconds,
        }
    }

    /// A change of less than this never matters, in the figure's unit: a queue that is hardly ever there may double.
    pub fn negligible(&self) -> f64 {
        match self.unit() {
            Unit::Nanoseconds => 10_000.0,
            Unit::Count => 0.01,
            Unit::Share => 0.001,
            Unit::PerSecond => 1e-6,
            Unit::Bytes => 1.0,
        }
    }

    /// Whether more of it is worse.
    pub fn more_is_worse(&self) -> bool {
        self.quantity != Quantity::Rate
    }

    /// What it is called where it is worse, and where it is better.
    pub fn words(&self) -> (&'static str, &'static str) {
        match self.unit() {
            Unit::Nanoseconds | Unit::PerSecond => ("slower", "faster"),
            Unit::Count | Unit::Share | Unit::Bytes => ("bigger", "smaller"),
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Measured::Transition(name)
            | Measured::Operation(name)
            | Measured::Resource(name)
            | Measured::Level(name) => f.write_str(name),
            Measured::Throughput => f.write_str("throughput"),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {}", self.measured, self.quantity.name())?;
        if self.phase != "load" {
            write!(f, " in {}", self.phase)?;
        }
        match &self.story {
            Some(story) => write!(f, ", {story}"),
            None => Ok(()),
        }
    }
}
