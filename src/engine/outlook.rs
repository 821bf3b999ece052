//! What can still come of the demands of a run that is under way.

use crate::metrics::{Losable, OperationRow, Threshold, ThresholdSubject, TransitionRow};
use crate::scenario::Scenario;
use stormglass_model::lifecycle::Operation;
use stormglass_model::load::{Arrivals, Story};
use stormglass_model::units::{Span, Time};

/// The demands that may be lost, and until when that ends a run.
pub(super) struct Outlook {
    losable: Vec<Losable>,
    /// Half of what is judged. What is lost by then missed its bound twice over; later than that the whole run is worth its time, as
    /// it tells by how much.
    until: Time,
    /// How far apart it is asked.
    step: Span,
}

impl Outlook {
    /// Of a scenario that is to end as soon as a demand is lost.
    pub(super) fn new(scenario: &Scenario) -> Option<Outlook> {
        let length = scenario.load.duration.filter(|_| scenario.ends_when_lost)?;
        let arrivals = most_arrivals(scenario, length)?;
        let named = scenario.phases.iter().map(|phase| phase.name.as_str());
        let phases: Vec<&str> = named.chain(["settle"]).collect();
        let losable = scenario.thresholds.iter().filter_map(|threshold| {
            let each = scenario.stories.iter().map(|story| times(threshold, story));
            let tries = 1.0 + f64::from(scenario.load.retries.map_or(0, |it| it.most));
            Losable::new(threshold, &phases, arrivals * tries * each.max()? as f64)
        });
        let warm_up = scenario.load.warm_up;
        let judged = Span(length.0.saturating_sub(warm_up.0));
        Some(Outlook {
            losable: losable.collect(),
            until: Time::ZERO + warm_up + Span(judged.0 / 2),
            step: Span((judged.0 / LOOKS).max(1)),
        })
    }

    /// When to ask next.
    pub(super) fn next_look(&self, now: Time) -> Option<Time> {
        Some(now + self.step).filter(|next| *next <= self.until)
    }

    /// Whether a demand cannot hold any more, in the first half of the run.
    pub(super) fn is_lost<'r, T, O>(
        &self,
        now: Time,
        transitions: impl Fn() -> T,
        operations: impl Fn() -> O,
    ) -> bool
    where
        T: Iterator<Item = &'r TransitionRow>,
        O: Iterator<Item = &'r OperationRow>,
    {
        let mut losable = self.losable.iter();
        now <= self.until && losable.any(|it| it.is_lost(transitions(), operations()))
    }
}

/// How often it is asked in a run that is lost only at its end.
const LOOKS: u64 = 200;

/// More arrivals than there ever will be, but for one run of a billion; none where nobody can say.
fn most_arrivals(scenario: &Scenario, length: Span) -> Option<f64> {
    let arrivals = scenario.load.model.arrivals();
    if arrivals.is_empty() {
        return None;
    }
    let mean: f64 = arrivals
        .iter()
        .map(|it: &Arrivals| it.expected(length))
        .sum();
    // Six standard deviations of a Poisson number, and some for small ones, which are skew.
    let most = mean + 6.0 * mean.sqrt() + 20.0;
    let subjects = scenario.load.subjects.map_or(f64::INFINITY, |it| it as f64);
    Some(most.min(subjects))
}

/// How often what the threshold is about can happen to one subject of a story at most.
fn times(threshold: &Threshold, story: &Story) -> usize {
    let is_of = |operation: Operation| match threshold.subject {
        ThresholdSubject::Operation(mine) => mine == operation,
        // An operation takes no transition twice, and neither does what goes on after it.
        ThresholdSubject::Transition(_) => true,
        ThresholdSubject::Dropped
        | ThresholdSubject::InFlight
        | ThresholdSubject::BytesStored
        | ThresholdSubject::Resource(_)
        | ThresholdSubject::Recovery(_) => false,
    };
    story.acts().filter(|act| is_of(act.operation)).count()
}
