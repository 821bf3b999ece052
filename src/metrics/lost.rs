//! Whether a demand can still hold at the end of a run that goes on.

use super::judge::is_error;
use super::result::{OperationRow, TransitionKey, TransitionRow};
use super::threshold::{Aggregate, Comparison, Threshold, ThresholdSubject};
use stormglass_model::load::StoryId;
use stormglass_model::units::Span;

/// A demand on latencies that is lost once too much has missed it, whatever is still to come.
#[derive(Debug)]
pub(crate) struct Losable {
    threshold: Threshold,
    /// Whether it judges what is due in the phase at each position.
    judged: Vec<bool>,
    /// How many of what it is about there can be in all.
    most: f64,
}

/// What has missed a demand so far.
#[derive(Default)]
struct Missed {
    over: u64,
    errors: u64,
    sum_ns: f64,
}

impl Losable {
    /// None for a demand that can always be met again, or that a window ends. `phases` are the names of all phases of the run.
    pub(crate) fn new(threshold: &Threshold, phases: &[&str], most: f64) -> Option<Losable> {
        let is_of_latencies = matches!(
            threshold.subject,
            ThresholdSubject::Operation(_) | ThresholdSubject::Transition(_)
        );
        let only_grows = matches!(
            threshold.aggregate,
            Aggregate::Percentile(_) | Aggregate::Mean | Aggregate::Max | Aggregate::ErrorRate
        );
        let is_upper = matches!(
            threshold.comparison,
            Comparison::Less | Comparison::LessOrEqual
        );
        let judged = |name: &&str| {
            let named = threshold.phase.as_deref();
            named.map_or(**name != *"warm_up", |mine| **name == *mine)
        };
        let losable = is_of_latencies && only_grows && is_upper && threshold.windows.is_none();
        losable.then(|| Losable {
            threshold: threshold.clone(),
            judged: phases.iter().map(judged).collect(),
            most,
        })
    }

    /// Whether it cannot hold any more.
    pub(crate) fn is_lost<'r>(
        &self,
        transitions: impl Iterator<Item = &'r TransitionRow>,
        operations: impl Iterator<Item = &'r OperationRow>,
    ) -> bool {
        let bound = self.threshold.bound;
        let missed = match self.threshold.subject {
            ThresholdSubject::Transition(key) => self.transitions(key, transitions),
            ThresholdSubject::Operation(_) => self.operations(operations),
            ThresholdSubject::Dropped
            | ThresholdSubject::InFlight
            | ThresholdSubject::BytesStored
            | ThresholdSubject::Resource(_)
            | ThresholdSubject::Recovery(_) => return false,
        };
        match self.threshold.aggregate {
            Aggregate::Percentile(p) => missed.over as f64 > (1.0 - p / 100.0) * self.most,
            Aggregate::Max => missed.over > 0,
            Aggregate::Mean => missed.sum_ns > bound * self.most,
            Aggregate::ErrorRate => missed.errors as f64 > bound * self.most,
            Aggregate::Min
            | Aggregate::Count
            | Aggregate::Rate
            | Aggregate::Utilisation
            | Aggregate::MeanQueue
            | Aggregate::MaxQueue
            | Aggregate::Wait
            | Aggregate::Time => false,
        }
    }

    fn is_about(&self, phase: usize, story: StoryId) -> bool {
        self.judged[phase] && self.threshold.story.is_none_or(|mine| mine == story)
    }

    fn transitions<'r>(
        &self,
        key: TransitionKey,
        rows: impl Iterator<Item = &'r TransitionRow>,
    ) -> Missed {
        let mut missed = Missed::default();
        for row in rows.filter(|row| row.key == key && self.is_about(row.phase, row.story)) {
            missed.over += row.latency.over(self.bound());
            missed.sum_ns += row.latency.mean_ns() * row.latency.count() as f64;
        }
        missed
    }

    fn operations<'r>(&self, rows: impl Iterator<Item = &'r OperationRow>) -> Missed {
        let mut missed = Missed::default();
        for row in rows.filter(|row| self.is_about(row.phase, row.story)) {
            if self.threshold.subject != ThresholdSubject::Operation(row.operation) {
                continue;
            }
            missed.over += row.response.over(self.bound());
            missed.sum_ns += row.response.mean_ns() * row.response.count() as f64;
            missed.errors += u64::from(is_error(row.outcome)) * row.response.count();
        }
        missed
    }

    fn bound(&self) -> Span {
        Span(self.threshold.bound as u64)
    }
}
