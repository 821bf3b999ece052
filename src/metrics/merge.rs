//! How parts of a measurement become one: the shards of a live run, and neighbouring intervals of a timeline.
//!
//! Flows add up, and so do the gauges of shards.

use super::result::{RunResult, TimelineRow};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use stormglass_model::history::Gauges;
use stormglass_model::lifecycle::Invariant;

/// Makes one result of a live run's shards.
pub fn shards(shards: Vec<RunResult>) -> Option<RunResult> {
    let mut shards = shards.into_iter();
    let mut whole = shards.next()?;
    for shard in shards {
        rows(
            &mut whole.transitions,
            shard.transitions,
            |row| (row.phase, row.story, row.key),
            |sum, row| sum.latency.add(&row.latency),
        );
        rows(
            &mut whole.operations,
            shard.operations,
            |row| (row.phase, row.story, row.operation, row.outcome),
            |sum, row| {
                sum.response.add(&row.response);
                sum.service.add(&row.service);
            },
        );
        rows(
            &mut whole.resources,
            shard.resources,
            |row| (row.phase, row.resource),
            |sum, row| sum.flow.add(&row.flow),
        );
        timeline(&mut whole.timeline, shard.timeline);
        add_gauges(&mut whole.end, &shard.end);
        whole.verdict = whole.verdict.max(shard.verdict);
        whole.unknown_because = whole.unknown_because.or(shard.unknown_because);
        whole.violations.extend(shard.violations);
        for index in 0..Invariant::COUNT {
            whole.violation_counts[index] += shard.violation_counts[index];
        }
        for (phase, other) in whole.phases.iter_mut().zip(shard.phases) {
            phase.from = phase.from.max(other.from);
            phase.to = phase.to.max(other.to);
        }
        whole.interrupted |= shard.interrupted;
        whole.notes.extend(shard.notes);
        whole.histories.extend(shard.histories);
    }
    whole.histories.sort_by_key(|history| history.subject);
    whole.violations.sort_by_key(|violation| violation.at);
    Some(whole)
}

/// Adds rows to those with the same key; the result is in the order of keys.
fn rows<R, K: Ord>(
    whole: &mut Vec<R>,
    part: Vec<R>,
    key: impl Fn(&R) -> K,
    add: impl Fn(&mut R, &R),
) {
    let mut rows: BTreeMap<K, R> = BTreeMap::new();
    for row in whole.drain(..).chain(part) {
        match rows.entry(key(&row)) {
            Entry::Occupied(mut sum) => add(sum.get_mut(), &row),
            Entry::Vacant(entry) => _ = entry.insert(row),
        }
    }
    whole.extend(rows.into_values());
}

/// Shards tick at the same times until they end; one that has ended stays as it was in the rows after it.
fn timeline(whole: &mut Vec<TimelineRow>, part: Vec<TimelineRow>) {
    let ended = |rows: &[TimelineRow]| rows.last().cloned().unwrap_or_default();
    let (whole_end, part_end) = (ended(whole), ended(&part));
    for row in whole.iter_mut().skip(part.len()) {
        add_row(row, &part_end);
    }
    for (index, mut other) in part.into_iter().enumerate() {
        match whole.get_mut(index) {
            Some(row) => add_row(row, &other),
            None => {
                add_row(&mut other, &whole_end);
                whole.push(other);
            }
        }
    }
}

/// Faults are every shard's own and open at the same times, so they are not added.
fn add_row(sum: &mut TimelineRow, part: &TimelineRow) {
    sum.completions += part.completions;
    add_gauges(&mut sum.gauges, &part.gauges);
}

fn add_gauges(sum: &mut Gauges, part: &Gauges) {
    sum.at = sum.at.max(part.at);
    sum.arrivals += part.arrivals;
    sum.dropped += part.dropped;
    sum.late += part.late;
    sum.in_flight += part.in_flight;
    sum.subjects
        .iter_mut()
        .zip(part.subjects)
        .for_each(|(sum, part)| *sum += part);
    sum.purged += part.purged;
    sum.bytes_stored += part.bytes_stored;
    sum.bytes_pending_delete += part.bytes_pending_delete;
    sum.events += part.events;
    sum.resources
        .iter_mut()
        .zip(&part.resources)
        .for_each(|(sum, part)| sum.add(part));
}

/// Joins every two neighbouring intervals, so that a timeline's memory does not grow with its run.
pub fn halve(timeline: &mut Vec<TimelineRow>) {
    let last = timeline.len().saturating_sub(1);
    let mut index = 0..=last;
    timeline.retain(|_| (index.next()).is_some_and(|index| index % 2 == 0 || index == last));
}

#[cfg(test)]
mod tests {
    use super::*;
    use stormglass_model::units::Time;

    fn rows(rows: &[(u64, u64)]) -> Vec<TimelineRow> {
        let row = |&(at, arrivals)| TimelineRow {
            gauges: Gauges {
                at: Time(at),
                arrivals,
                ..Gauges::default()
            },
            ..TimelineRow::default()
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn a_shard_that_ends_first_stays_counted() {
        let long = || rows(&[(0, 0), (10, 1), (20, 2), (30, 3)]);
        let short = || rows(&[(0, 0), (10, 1), (15, 2)]);
        for (mut whole, part) in [(long(), short()), (short(), long())] {
            timeline(&mut whole, part);
            assert_eq!(whole, rows(&[(0, 0), (10, 2), (20, 4), (30, 5)]));
        }
    }
}
