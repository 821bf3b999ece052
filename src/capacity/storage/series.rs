//! What was stored over time, with a band over the runs.

use super::by_run::{ByRun, mean};
use super::levels::{levels_of, most};
use crate::metrics::{RunResult, TimelineRow};
use stormglass_model::history::{Gauges, Level};
use stormglass_model::lifecycle::SubjectStatus;
use stormglass_model::units::Time;

/// One status in one interval.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRow<'r> {
    /// When the interval ended.
    pub to: Time,
    /// The phase that it is in.
    pub phase: &'r str,
    /// The status; none: all that was stored.
    pub status: Option<SubjectStatus>,
    /// Subjects in it; none for all that was stored.
    pub subjects: Option<Cell>,
    /// Bytes of these; none where nothing was ever stored, as far as anybody can see.
    pub bytes: Option<Cell>,
}

/// A level within an interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The mean over the interval, in each run.
    pub mean: ByRun,
    /// The most in any run, however briefly.
    pub most: u64,
}

/// All that was stored and the statuses in which there ever was a subject, interval by interval.
///
/// The intervals are those of the run that has the fewest, up to the end of the run that ended first. In virtual time every run has
/// ends of intervals at the same instants, so that means and peaks are exact. In real time the means of the other runs are
/// interpolated, and a peak may belong to the interval beside.
pub fn series(runs: &[RunResult]) -> Vec<SeriesRow<'_>> {
    let Some(grid) = runs.iter().min_by_key(|run| run.timeline.len()) else {
        return Vec::new();
    };
    let end = runs.iter().map(|run| run.end.at).min();
    let there = |status: &SubjectStatus| {
        let (subjects, bytes) = levels_of(*status);
        most(runs, subjects) > 0 || most(runs, bytes) > 0
    };
    let statuses: Vec<SubjectStatus> = (SubjectStatus::ALL.iter().copied()).filter(there).collect();
    let stores = most(runs, |it| it.bytes_stored) > 0;
    let mut rows = Vec::new();
    for pair in grid.timeline.windows(2) {
        let (from, to) = (pair[0].gauges.at, pair[1].gauges.at);
        if to == from || Some(to) > end {
            continue;
        }
        let phase = grid.phases[pair[1].phase].name.as_str();
        let row = |status, subjects, bytes: Option<Cell>| SeriesRow {
            to,
            phase,
            status,
            subjects,
            bytes: bytes.filter(|_| stores),
        };
        if stores {
            let bytes = cell(runs, |it| it.bytes_stored, from, to);
            rows.push(row(None, None, bytes));
        }
        for &status in &statuses {
            let (subjects, bytes) = levels_of(status);
            let subjects = cell(runs, subjects, from, to);
            rows.push(row(Some(status), subjects, cell(runs, bytes, from, to)));
        }
    }
    rows
}

fn cell(
    runs: &[RunResult],
    level: impl Fn(&Gauges) -> Level,
    from: Time,
    to: Time,
) -> Option<Cell> {
    let ns = u128::from(to.since(from).0);
    let mean_of = |run: &RunResult| {
        let [before, after] = [from, to].map(|at| at_instant(&run.timeline, &level, at));
        mean(&before?, &after?, ns).into()
    };
    let means: Option<Vec<f64>> = runs.iter().map(mean_of).collect();
    let most = runs.iter().flat_map(|run| within(&run.timeline, from, to));
    let most = most.map(|row| level(&row.gauges).max()).max();
    Some(Cell {
        mean: ByRun::new(means?)?,
        most: most.unwrap_or(0),
    })
}

/// How a level stood at an instant, as far as the looks around it can tell.
fn at_instant(
    timeline: &[TimelineRow],
    level: impl Fn(&Gauges) -> Level,
    at: Time,
) -> Option<Level> {
    let later = timeline.partition_point(|row| row.gauges.at <= at);
    let before = level(&timeline.get(later.checked_sub(1)?)?.gauges);
    Some(match timeline.get(later) {
        Some(row) => before.towards(&level(&row.gauges), at),
        None => before.until(at),
    })
}

/// The intervals of which any part lies between two instants.
fn within(timeline: &[TimelineRow], from: Time, to: Time) -> &[TimelineRow] {
    let first = timeline.partition_point(|row| row.gauges.at <= from);
    let last = timeline.partition_point(|row| row.gauges.at < to);
    timeline.get(first..=last).unwrap_or(&timeline[first..])
}
