//! Thresholds: what an operator demands of a run.

use super::result::{TransitionKey, WorstWindow};
use stormglass_model::config::Resource;
use stormglass_model::fault::FaultId;
use stormglass_model::lifecycle::Operation;
use stormglass_model::load::StoryId;
use stormglass_model::named;
use stormglass_model::units::Span;

/// What a threshold is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThresholdSubject {
    /// A transition's latency, or how often it was taken.
    Transition(TransitionKey),
    /// An operation's response time, its error rate, or how often it ended.
    Operation(Operation),
    /// Arrivals that could not start.
    Dropped,
    /// Operations that are open.
    InFlight,
    /// Bytes in the store of the embedded service.
    BytesStored,
    /// A queue of the embedded service.
    Resource(Resource),
    /// The time after a fault until all is as it was before.
    Recovery(FaultId),
}

/// Which number of it is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregate {
    /// A percentile, 0 to 100.
    Percentile(f64),
    /// The mean: of latencies, or of a level over time.
    Mean,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// How many there were.
    Count,
    /// (fail + unknown) ÷ all, of operations only.
    ErrorRate,
    /// Of all arrivals those that were dropped, 0 to 1; of operations and transitions, how many a second.
    Rate,
    /// The share of a resource's units that was held, on average over time, 0 to 1.
    Utilisation,
    /// How many waited for a resource, on average over time.
    MeanQueue,
    /// The most that ever waited for a resource.
    MaxQueue,
    /// The mean wait for a resource, of those who got it.
    Wait,
    /// How long a recovery takes from the heal of the fault.
    Time,
}

named! {
    /// How the number is compared with the bound.
    Comparison {
        /// Below the bound.
        Less = "<",
        /// Not above the bound.
        LessOrEqual = "<=",
        /// Above the bound.
        Greater = ">",
        /// Not below the bound.
        GreaterOrEqual = ">=",
    }
}

named! {
    /// What a bound and the number that is compared with it are in.
    Unit {
        /// Nanoseconds.
        Nanoseconds = "ns",
        /// How many, not always a whole number.
        Count = "count",
        /// A part of the whole, 0 to 1.
        Share = "share",
        /// How many a second.
        PerSecond = "per_s",
        /// Bytes.
        Bytes = "bytes",
    }
}

/// Windows of time, in each of which a threshold must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// How long each is; above zero.
    pub length: Span,
    /// Whether the load ends when the first window has failed.
    pub abort_on_fail: bool,
}

/// One demand, as the scenario wrote it and as it is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The key in the scenario, `saving->active`.
    pub key: String,
    /// The expression in the scenario, `p(99) < 20s`.
    pub expression: String,
    /// The phase that it is judged in; none: all but warm-up.
    pub phase: Option<String>,
    /// The story whose subjects it is about; none: all of them.
    pub story: Option<StoryId>,
    /// What it is about.
    pub subject: ThresholdSubject,
    /// Which number.
    pub aggregate: Aggregate,
    /// Compared how.
    pub comparison: Comparison,
    /// With what, in the threshold's unit.
    pub bound: f64,
    /// In which windows it must hold; none: over all of what is judged.
    pub windows: Option<Windows>,
}

/// A threshold with what was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct ThresholdResult {
    /// The demand.
    pub threshold: Threshold,
    /// What was measured, in the unit of the bound; none when nothing of the kind happened.
    pub value: Option<f64>,
    /// Whether it was met. What never happened meets no latency bound.
    pub met: bool,
    /// Of a threshold with windows, the one in which it was worst.
    pub window: Option<WorstWindow>,
}

impl Comparison {
    /// Whether `value` compares so with `bound`.
    pub(crate) fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Comparison::Less => value < bound,
            Comparison::LessOrEqual => value <= bound,
            Comparison::Greater => value > bound,
            Comparison::GreaterOrEqual => value >= bound,
        }
    }
}

impl ThresholdSubject {
    /// The unit of such a number of it; none where there is no such number.
    pub(crate) fn unit(self, aggregate: Aggregate) -> Option<Unit> {
        use Aggregate as A;
        match (self, aggregate) {
            (
                ThresholdSubject::Transition(_) | ThresholdSubject::Operation(_),
                A::Percentile(_) | A::Mean | A::Min | A::Max,
            )
            | (ThresholdSubject::Resource(_), A::Wait)
            | (ThresholdSubject::Recovery(_), A::Time) => Some(Unit::Nanoseconds),
            (
                ThresholdSubject::Transition(_)
                | ThresholdSubject::Operation(_)
                | ThresholdSubject::Dropped,
                A::Count,
            )
            | (ThresholdSubject::InFlight, A::Mean | A::Max)
            | (ThresholdSubject::Resource(_), A::MeanQueue | A::MaxQueue) => Some(Unit::Count),
            (ThresholdSubject::Operation(_), A::ErrorRate)
            | (ThresholdSubject::Dropped, A::Rate)
            | (ThresholdSubject::Resource(_), A::Utilisation) => Some(Unit::Share),
            (ThresholdSubject::Transition(_) | ThresholdSubject::Operation(_), A::Rate) => {
                Some(Unit::PerSecond)
            }
            (ThresholdSubject::BytesStored, A::Mean | A::Max) => Some(Unit::Bytes),
            _ => None,
        }
    }
}

impl Threshold {
    /// Whether such a number is as it should be.
    pub(crate) fn holds(&self, value: f64) -> bool {
        self.comparison.holds(value, self.bound)
    }

    /// What its bound and its value are in.
    pub(crate) fn unit(&self) -> Unit {
        // The reader refuses numbers that there are not.
        self.subject.unit(self.aggregate).unwrap_or(Unit::Count)
    }
}
