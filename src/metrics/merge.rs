//! How parts of a measurement become one: the shards of a live run, and neighbouring intervals of a timeline.
//!
//! Flows add up, and so do the gauges of shards.

use super::latency::Latency;
use super::result::{RunResult, TimelineRow};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use stormglass_model::lifecycle::Invariant;
use stormglass_model::units::Time;

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
        whole.timeline = timeline(std::mem::take(&mut whole.timeline), shard.timeline);
        let end = whole.end.at.max(shard.end.at);
        whole.end = whole.end.until(end);
        whole.end.add_share(&shard.end.until(end));
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
        whole.local_failure = whole.local_failure.or(shard.local_failure);
        whole.interrupted |= shard.interrupted;
        whole.lost |= shard.lost;
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

/// Shards tick at about the same times, and the one that lasts longest joins as many intervals as any: each interval of the
/// other goes to the one that ends nearest to it, or in part to each that it covers. A shard that has ended stays as it was.
fn timeline(whole: Vec<TimelineRow>, part: Vec<TimelineRow>) -> Vec<TimelineRow> {
    let end = |rows: &[TimelineRow]| rows.last().map(|row| row.gauges.at);
    let (mut sum, part) = match end(&whole) >= end(&part) {
        true => (whole, part),
        false => (part, whole),
    };
    let ends: Vec<Time> = sum.iter().map(|row| row.gauges.at).collect();
    let mut part = part.into_iter().peekable();
    let mut share = TimelineRow::default();
    for (index, (sum, &at)) in sum.iter_mut().zip(&ends).enumerate() {
        let next = ends.get(index + 1);
        let nearest = |row: &TimelineRow| {
            next.is_none_or(|next| row.gauges.at.since(at) < next.since(row.gauges.at))
        };
        let mut heard = false;
        while let Some(mut row) = part.next_if(nearest) {
            sum.add_responses(&std::mem::take(&mut row.responses));
            if std::mem::replace(&mut heard, true) {
                row.gauges.join(&share.gauges);
            }
            share = row;
        }
        let mut now = share.clone();
        match part.peek() {
            None => now.gauges = now.gauges.until(at),
            Some(later) if !heard => now.gauges = now.gauges.towards(&later.gauges, at),
            Some(_) => {}
        }
        // Faults are every shard's own and open at the same times, so they are not added.
        sum.completions += now.completions;
        sum.response_ns += now.response_ns;
        sum.gauges.add_share(&now.gauges);
    }
    sum
}

/// Makes a run that has ended take less memory: its rows are packed, and intervals of its timeline joined until there are no
/// more than `intervals`, or one a phase.
pub fn fold(run: &mut RunResult, intervals: usize) {
    run.parts = run.load_parts();
    run.recoveries = Some(run.all_recoveries());
    let mut before = usize::MAX;
    while run.timeline.len() > intervals + 1 && run.timeline.len() < before {
        before = run.timeline.len();
        halve(&mut run.timeline);
    }
    let transitions = run.transitions.iter_mut().map(|row| &mut row.latency);
    // Where nothing was late the two are alike.
    let operations =
        (run.operations.iter_mut()).flat_map(|row| [&mut row.response, &mut row.service]);
    let responses = run.timeline.iter_mut().flat_map(|row| &mut row.responses);
    let responses = responses.map(|(_, latency)| latency);
    Latency::pack(transitions.chain(operations).chain(responses).collect());
    run.transitions.shrink_to_fit();
    run.operations.shrink_to_fit();
    (run.timeline.iter_mut()).for_each(|row| row.responses.shrink_to_fit());
    run.timeline.shrink_to_fit();
}

/// Joins every two neighbouring intervals of a phase, so that a timeline's memory does not grow with its run.
pub fn halve(timeline: &mut Vec<TimelineRow>) {
    let mut rows = std::mem::take(timeline).into_iter();
    timeline.reserve(rows.len() / 2 + 2);
    timeline.extend(rows.next());
    let mut first: Option<TimelineRow> = None;
    for mut row in rows {
        first = match first.take() {
            None => Some(row),
            Some(first) if first.phase == row.phase => {
                row.join(&first);
                timeline.push(row);
                None
            }
            Some(first) => {
                timeline.push(first);
                Some(row)
            }
        };
    }
    timeline.extend(first);
}

#[cfg(test)]
mod tests {
    use super::*;
    use stormglass_model::history::Gauges;

    /// Rows that end then, with so many arrivals and so many subjects in flight since the row before.
    fn rows(rows: &[(u64, u64, u64)]) -> Vec<TimelineRow> {
        let mut gauges = Gauges::default();
        let row = |&(at, arrivals, in_flight)| {
            let now = gauges.in_flight.now();
            gauges.in_flight.sub(gauges.at, now);
            gauges.in_flight.add(gauges.at, in_flight);
            (gauges.at, gauges.arrivals) = (Time(at), arrivals);
            let in_flight = gauges.in_flight.look(Time(at));
            TimelineRow {
                gauges: Gauges {
                    in_flight,
                    ..gauges.clone()
                },
                ..TimelineRow::default()
            }
        };
        rows.iter().map(row).collect()
    }

    fn shown(rows: &[TimelineRow]) -> Vec<(u64, u64, u128, u64)> {
        let row = |row: &TimelineRow| {
            let gauges = &row.gauges;
            (
                gauges.at.0,
                gauges.arrivals,
                gauges.in_flight.area(),
                gauges.in_flight.max(),
            )
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn a_shard_that_ends_first_stays_counted() {
        let long = || rows(&[(0, 0, 0), (10, 1, 5), (20, 2, 0), (30, 3, 0)]);
        let short = || rows(&[(0, 0, 0), (10, 1, 1), (15, 2, 2)]);
        for (whole, part) in [(long(), short()), (short(), long())] {
            let sum = timeline(whole, part);
            let expected = [
                (0, 0, 0, 0),
                (10, 2, 60, 6),
                (20, 4, 80, 7),
                (30, 5, 100, 2),
            ];
            assert_eq!(shown(&sum), expected);
        }
    }

    #[test]
    fn a_shard_that_ended_before_the_other_joined_its_intervals_is_joined_too() {
        let long = rows(&[(0, 0, 0), (20, 2, 1), (40, 4, 1)]);
        let short = rows(&[(0, 0, 0), (10, 1, 7), (20, 2, 3), (30, 3, 4)]);
        let expected = [(0, 0, 0, 0), (20, 4, 120, 8), (40, 7, 220, 5)];
        assert_eq!(shown(&timeline(long, short)), expected);
    }

    #[test]
    fn an_interval_that_a_shard_did_not_end_has_its_part() {
        let long = rows(&[(0, 0, 0), (10, 1, 0), (20, 2, 0), (30, 3, 0)]);
        let late = rows(&[(0, 0, 0), (18, 2, 5), (29, 3, 0)]);
        let mut sum = timeline(long, late);
        let areas: Vec<u128> = sum.iter().map(|row| row.gauges.in_flight.area()).collect();
        assert_eq!(areas, [0, 50, 90, 90]);
        assert_eq!(sum.remove(1).gauges.in_flight.max(), 5, "at any time of it");
    }

    #[test]
    fn intervals_of_two_phases_are_never_joined() {
        let mut rows = rows(&[
            (0, 0, 0),
            (10, 1, 1),
            (20, 2, 9),
            (30, 3, 2),
            (40, 4, 3),
            (50, 5, 4),
        ]);
        rows[4..].iter_mut().for_each(|row| row.phase = 1);
        halve(&mut rows);
        let expected = [
            (0, 0, 0, 0),
            (20, 2, 100, 9),
            (30, 3, 120, 9),
            (50, 5, 190, 4),
        ];
        assert_eq!(shown(&rows), expected);
    }
}
