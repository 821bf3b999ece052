//! What a storm comes to, in one word: the exit code and the headline say the same.

use super::storm::StormResult;
use super::threshold::ThresholdSubject;
use stormglass_model::lifecycle::Verdict;

/// What a storm comes to. Where several of these hold, the first one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// An invariant was violated, however early the storm was cut short.
    Invalid,
    /// It was cut short, which says nothing about the rest.
    Interrupted,
    /// Something failed on the load generator's own machine, which may be why the rest cannot be said.
    LocalFailure,
    /// It cannot be said whether it is valid.
    Unknown,
    /// Over 1 % of the load was late or dropped. In a valid storm that says more than a threshold, of whose failure it may be
    /// the cause.
    LoadNotOffered,
    /// A threshold failed.
    ThresholdFailed,
    /// Valid, and every threshold met.
    Good,
}

impl StormResult {
    /// What it comes to.
    pub fn conclusion(&self) -> Conclusion {
        match self.verdict {
            Verdict::Invalid => Conclusion::Invalid,
            // It may be what stopped it.
            _ if self.first_local_failure().is_some() => Conclusion::LocalFailure,
            _ if self.interrupted() => Conclusion::Interrupted,
            Verdict::Unknown => Conclusion::Unknown,
            Verdict::Valid if self.generator_bottleneck => Conclusion::LoadNotOffered,
            Verdict::Valid if !self.thresholds_met() => Conclusion::ThresholdFailed,
            Verdict::Valid => Conclusion::Good,
        }
    }

    /// Whether over 1 % of the load of an open model was late, or was dropped although no threshold says how much may be.
    /// Virtual time is never late.
    pub(crate) fn load_not_offered(&self) -> bool {
        let sum = |of: fn(&super::RunResult) -> u64| self.runs.iter().map(of).sum::<u64>();
        let dropped = sum(|run| run.end.dropped);
        let late = sum(|run| run.end.late);
        let due = sum(|run| run.end.arrivals) + dropped;
        let judged = (self.thresholds.iter())
            .any(|judged| judged.threshold.subject == ThresholdSubject::Dropped);
        late * 100 > due || dropped * 100 > due && !judged
    }
}
