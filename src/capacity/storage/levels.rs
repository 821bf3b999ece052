//! Means and peaks. They are exact: no figure depends on how long the intervals of the timeline are.

use super::by_run::ByRun;
use crate::metrics::RunResult;
use stormglass_model::history::{Gauges, Level};
use stormglass_model::lifecycle::SubjectStatus;

/// Subjects and bytes of one status, or of all.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusLevel {
    /// The status; none: whatever it was.
    pub status: Option<SubjectStatus>,
    /// Subjects on average over the load without warm-up; none for all statuses together, among which are the deleted ones.
    pub subjects: Option<ByRun>,
    /// Bytes on average over the load without warm-up.
    pub bytes: ByRun,
    /// The most bytes that there ever were, in any run, however briefly; warm-up and settle count.
    pub bytes_max: u64,
}

/// All that the store held.
pub(super) fn stored(runs: &[RunResult]) -> Option<StatusLevel> {
    let level = |gauges: &Gauges| gauges.bytes_stored;
    Some(StatusLevel {
        status: None,
        subjects: None,
        bytes: over_load(runs, level)?,
        bytes_max: most(runs, level),
    })
}

/// Every status in which there ever was a subject or a byte.
pub(super) fn by_status(runs: &[RunResult]) -> Vec<StatusLevel> {
    let statuses = SubjectStatus::ALL.iter();
    let levels = statuses.filter_map(|&status| {
        let (subjects, bytes) = levels_of(status);
        let bytes_max = most(runs, bytes);
        let there = bytes_max > 0 || most(runs, subjects) > 0;
        there.then_some(StatusLevel {
            status: Some(status),
            subjects: Some(over_load(runs, subjects)?),
            bytes: over_load(runs, bytes)?,
            bytes_max,
        })
    });
    levels.collect()
}

/// The subjects and the bytes of a status.
pub(super) fn levels_of(
    status: SubjectStatus,
) -> (
    impl Fn(&Gauges) -> Level + Copy,
    impl Fn(&Gauges) -> Level + Copy,
) {
    let at = status.index();
    (
        move |it: &Gauges| it.subjects[at],
        move |it: &Gauges| it.bytes[at],
    )
}

/// The mean of a level over the load of each run without warm-up.
fn over_load(runs: &[RunResult], level: impl Fn(&Gauges) -> Level) -> Option<ByRun> {
    let means = runs.iter().map(|run| {
        let (mut area, mut ns) = (0, 0);
        for row in run.load_rows() {
            area += level(&row.end).area() - level(row.before).area();
            ns += u128::from(row.end.at.since(row.before.at).0);
        }
        area as f64 / ns as f64
    });
    ByRun::new(means.collect())
}

/// The most that a level ever was.
pub(super) fn most(runs: &[RunResult], level: impl Fn(&Gauges) -> Level) -> u64 {
    let rows = runs.iter().flat_map(|run| &run.timeline);
    rows.map(|row| level(&row.gauges).max()).max().unwrap_or(0)
}
