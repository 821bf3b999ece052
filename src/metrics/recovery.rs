//! How long a run took to recover from a fault, read off its timeline.

use super::result::{RunResult, TimelineRow};
use std::collections::BTreeMap;
use stormglass_model::fault::FaultId;
use stormglass_model::units::{Span, Time};

/// How an interval of a timeline was.
struct Interval {
    from: Time,
    to: Time,
    /// The mean response time of the operations that ended in it, in nanoseconds; none where none ended.
    response_ns: Option<f64>,
    /// How much work waited for any resource, on average.
    queued: f64,
}

impl Interval {
    fn of(before: &TimelineRow, row: &TimelineRow) -> Interval {
        let (earlier, now) = (&before.gauges, &row.gauges);
        let ended = row.completions - before.completions;
        let response_ns = (row.response_ns - before.response_ns) as f64 / ended as f64;
        let queues = now.resources.iter().zip(&earlier.resources);
        let area: u128 = queues
            .map(|(now, earlier)| now.queue.area() - earlier.queue.area())
            .sum();
        Interval {
            from: earlier.at,
            to: now.at,
            response_ns: (ended > 0).then_some(response_ns),
            queued: area as f64 / now.at.since(earlier.at).0.max(1) as f64,
        }
    }
}

impl RunResult {
    /// The faults from which it recovered, and how long that took.
    pub(super) fn all_recoveries(&self) -> BTreeMap<FaultId, Span> {
        let faults = self.faults.iter().map(|turn| turn.fault);
        let recovered = faults.filter_map(|fault| Some((fault, recovery(self, fault)?)));
        recovered.collect()
    }

    /// How long it took to recover from a fault; none where it did not.
    pub(super) fn recovery(&self, fault: FaultId) -> Option<Span> {
        match &self.recoveries {
            Some(known) => known.get(&fault).copied(),
            None => recovery(self, fault),
        }
    }
}

/// From the heal of a fault to the end of the first whole interval after it in which response times and queues were no longer than
/// in the worst interval before the fault opened, within as long a time as it was open, or in the one interval just before it. An
/// interval in which nothing ended shows no response time. None where there was no such interval, or no fault.
fn recovery(run: &RunResult, fault: FaultId) -> Option<Span> {
    let at = |opens| {
        let turns = &mut run.faults.iter();
        turns.find(|turn| turn.fault == fault && turn.open == opens)
    };
    let (opened, healed) = (at(true)?.at, at(false)?.at);
    let begin = Time(opened.0.saturating_sub(healed.since(opened).0));
    let pairs = run.timeline.windows(2);
    let intervals: Vec<Interval> = pairs.map(|pair| Interval::of(&pair[0], &pair[1])).collect();
    let before = &intervals[..intervals.partition_point(|it| it.to <= opened)];
    let same = before.partition_point(|it| it.from < begin);
    let band = &before[same.min(before.len().saturating_sub(1))..];
    let response_ns = band.iter().filter_map(|it| it.response_ns);
    let response_ns = response_ns.max_by(f64::total_cmp)?;
    let queued = band.iter().map(|it| it.queued).fold(0.0, f64::max);
    let mut after = intervals.iter().filter(|it| it.from >= healed);
    let recovered = after
        .find(|it| it.queued <= queued && it.response_ns.is_some_and(|mean| mean <= response_ns));
    recovered.map(|it| it.to.since(healed))
}
