//! Thresholds: what an operator demands of a run's latencies and error rates.

use super::latency::Latency;
use super::result::{RunResult, TransitionKey};
use stormglass_model::lifecycle::{Operation, Outcome};
use stormglass_model::named;

/// What a threshold is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThresholdSubject {
    /// A transition's latency.
    Transition(TransitionKey),
    /// An operation's response time, or its error rate.
    Operation(Operation),
    /// Arrivals that could not start.
    Dropped,
}

/// Which number of it is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregate {
    /// A percentile, 0 to 100, in nanoseconds.
    Percentile(f64),
    /// The mean in nanoseconds.
    Mean,
    /// The least value in nanoseconds.
    Min,
    /// The greatest value in nanoseconds.
    Max,
    /// How many there were.
    Count,
    /// (fail + unknown) ÷ all, of operations only.
    ErrorRate,
    /// Of all arrivals those that were dropped, 0 to 1.
    Rate,
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

/// One demand, as the scenario wrote it and as it is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The key in the scenario, `saving->active`.
    pub key: String,
    /// The expression in the scenario, `p(99) < 20s`.
    pub expression: String,
    /// What it is about.
    pub subject: ThresholdSubject,
    /// Which number.
    pub aggregate: Aggregate,
    /// Compared how.
    pub comparison: Comparison,
    /// With what: nanoseconds, a count, or a rate from 0 to 1.
    pub bound: f64,
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

impl Threshold {
    /// Judges it over all phases but warm-up, all runs together.
    pub(crate) fn judge(&self, runs: &[RunResult]) -> ThresholdResult {
        let (latency, errors) = self.gather(runs);
        let (dropped, due) = dropped(runs);
        let value = match self.aggregate {
            Aggregate::Count if self.subject == ThresholdSubject::Dropped => Some(dropped as f64),
            Aggregate::Rate => (due > 0).then(|| dropped as f64 / due as f64),
            Aggregate::Count => Some(latency.count() as f64),
            _ if latency.count() == 0 => None,
            Aggregate::Percentile(p) => Some(latency.quantile(p / 100.0).0 as f64),
            Aggregate::Mean => Some(latency.mean_ns()),
            Aggregate::Min => Some(latency.min().0 as f64),
            Aggregate::Max => Some(latency.max().0 as f64),
            Aggregate::ErrorRate => Some(errors as f64 / latency.count() as f64),
        };
        let met = value.is_some_and(|value| self.comparison.holds(value, self.bound));
        ThresholdResult {
            threshold: self.clone(),
            value,
            met,
        }
    }

    /// The latencies it is about, and how many of them ended in an error.
    fn gather(&self, runs: &[RunResult]) -> (Latency, u64) {
        let mut latency = Latency::default();
        let mut errors = 0;
        for run in runs {
            match self.subject {
                ThresholdSubject::Dropped => {}
                ThresholdSubject::Transition(key) => {
                    let rows = run.transitions.iter().filter(|row| row.key == key);
                    rows.filter(|row| !run.is_warm_up(row.phase))
                        .for_each(|row| latency.add(&row.latency));
                }
                ThresholdSubject::Operation(operation) => {
                    let rows = run.operations.iter();
                    // What never left this machine says nothing of the server.
                    let rows = rows
                        .filter(|row| row.operation == operation && row.outcome != Outcome::Local);
                    for row in rows.filter(|row| !run.is_warm_up(row.phase)) {
                        latency.add(&row.response);
                        if matches!(row.outcome, Outcome::Fail | Outcome::Unknown) {
                            errors += row.response.count();
                        }
                    }
                }
            }
        }
        (latency, errors)
    }
}

/// After warm-up: how many arrivals were dropped, and how many were due.
fn dropped(runs: &[RunResult]) -> (u64, u64) {
    let rows = runs.iter().flat_map(|run| {
        let rows = run.phase_rows().into_iter();
        rows.filter(|row| !run.is_warm_up(row.phase))
    });
    rows.fold((0, 0), |(dropped, due), row| {
        let lost = row.end.dropped - row.before.dropped;
        let started = row.end.arrivals - row.before.arrivals;
        (dropped + lost, due + started + lost)
    })
}
