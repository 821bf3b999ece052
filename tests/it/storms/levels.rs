//! Every level of every interval, phase and run, against an exact replay of the history, whatever the length of the intervals.
//!
//! `STORMGLASS_SEEDS=1000 cargo test --release --test it levels` tries more storms.

use super::random_storms;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use stormglass::{Progress, RunOptions, RunResult, Scenario, StormResult, TimelineRow};
use stormglass_model::history::{Event, Gauges, Level, Record};
use stormglass_model::lifecycle::SubjectStatus;
use stormglass_model::units::{Span, Time};

/// In flight, subjects by status, bytes stored, bytes by status.
const REPLAYED: usize = 1 + SubjectStatus::COUNT + 1 + SubjectStatus::COUNT;

/// A value from an instant on.
pub type Steps = Vec<(Time, u64)>;

/// What one subject holds, and in which status.
#[derive(Default)]
struct Held {
    bytes: u64,
    status: Option<SubjectStatus>,
}

/// The steps of every level that can be replayed.
pub fn replay(records: &[Record]) -> Vec<Steps> {
    let mut steps: Vec<Steps> = vec![vec![(Time::ZERO, 0)]; REPLAYED];
    let mut held: BTreeMap<u64, Held> = BTreeMap::new();
    let [in_flight, stored] = [0, 1 + SubjectStatus::COUNT];
    let bytes_in = |status: Option<SubjectStatus>| stored + 1 + status.unwrap().index();
    for record in records {
        let Record::Subject {
            at, subject, event, ..
        } = *record
        else {
            continue;
        };
        let mut step = |level: usize, by: i64| {
            let now = steps[level].last().unwrap().1;
            steps[level].push((at, now.checked_add_signed(by).unwrap()));
        };
        let subject = held.entry(subject.number).or_default();
        match event {
            Event::Invoked { .. } => step(in_flight, 1),
            Event::Completed { .. } => step(in_flight, -1),
            Event::Moved { from, to, .. } => {
                if let Some(from) = from {
                    step(1 + from.index(), -1);
                }
                step(1 + to.index(), 1);
                if subject.bytes > 0 {
                    step(bytes_in(from), -(subject.bytes as i64));
                    step(bytes_in(Some(to)), subject.bytes as i64);
                }
                subject.status = Some(to);
            }
            Event::Stored { bytes, .. } => {
                subject.bytes += bytes;
                step(stored, bytes as i64);
                step(bytes_in(subject.status), bytes as i64);
            }
            Event::Removed { bytes } => {
                subject.bytes -= bytes;
                step(stored, -(bytes as i64));
                step(bytes_in(subject.status), -(bytes as i64));
            }
            _ => {}
        }
    }
    steps
}

/// The least, the area and the most of a level between two instants, and whether nothing happened on either of them.
fn between(steps: &Steps, from: Time, to: Time) -> (u64, u128, u64, bool) {
    let first = steps.partition_point(|(at, _)| *at <= from);
    let inside = &steps[first..];
    let inside = &inside[..inside.partition_point(|(at, _)| *at < to)];
    let before = steps[first - 1].1;
    let (mut at, mut now, mut area) = (from, before, 0);
    let (mut min, mut max) = (u64::MAX, before);
    for &(next, value) in inside.iter().chain(&[(to, 0)]) {
        if next > at {
            area += u128::from(now) * u128::from(next.since(at).0);
            min = min.min(now);
            at = next;
        }
        now = value;
        if next < to {
            max = max.max(value);
        }
    }
    let quiet = |instant| {
        steps
            .iter()
            .all(|(at, _)| *at != instant || instant == Time::ZERO)
    };
    (
        min,
        area,
        max,
        quiet(from) && quiet(to) && from > Time::ZERO,
    )
}

pub fn run(storm: &Scenario) -> (StormResult, Vec<Record>) {
    let heard: Arc<Mutex<Vec<Record>>> = Arc::default();
    let listener = Arc::clone(&heard);
    let options = RunOptions {
        progress: Arc::new(Progress::heard_by(move |records: &[Record]| {
            listener.lock().unwrap().extend(records);
        })),
        ..RunOptions::default()
    };
    let result = stormglass::run(storm, &options).unwrap();
    let records = std::mem::take(&mut *heard.lock().unwrap());
    (result, records)
}

/// How many readings of intervals were compared exactly.
fn compare(seed: u64, run: &RunResult, steps: &[Steps]) -> u64 {
    let mut exact = 0;
    let pairs = run.timeline.windows(2);
    let ends = |row: &TimelineRow| row.gauges.clone();
    for (before, now) in pairs.map(|pair| (ends(&pair[0]), ends(&pair[1]))) {
        let levels = now.levels().zip(before.levels()).zip(steps).enumerate();
        for (index, ((level, earlier), steps)) in levels {
            let name = &Gauges::level_names()[index];
            let (min, area, max, quiet) = between(steps, before.at, now.at);
            let place = format!("seed {seed}, {name} from {} to {}", before.at, now.at);
            assert_eq!(level.area() - earlier.area(), area, "{place}: mean");
            if now.at > before.at {
                assert_eq!(level.min(), min, "{place}: least");
            }
            // What happens at the very end of an interval may belong to the next.
            assert!(
                level.max() >= max,
                "{place}: {} at most, not {max}",
                level.max()
            );
            if quiet {
                assert_eq!(level.max(), max, "{place}: most");
                exact += 1;
            }
        }
    }
    exact
}

/// The extremes and the area of a whole run, by level.
fn whole(run: &RunResult) -> Vec<(u64, u128, u64)> {
    let mut rows = run.timeline.iter().skip(1);
    let mut sum = rows.next().unwrap().gauges.clone();
    for row in rows {
        let mut next = row.gauges.clone();
        next.join(&sum);
        sum = next;
    }
    let figures = |level: &Level| (level.min(), level.area(), level.max());
    sum.levels().map(figures).collect()
}

#[test]
fn every_level_is_what_the_history_says_at_any_interval() {
    let intervals = [
        7_777_777,
        130_000_001,
        700_000_000,
        2_345_678_901,
        60_000_000_000,
    ];
    let seeds = std::env::var("STORMGLASS_SEEDS").map_or(25, |text| text.parse().unwrap());
    let mut exact = 0;
    for seed in 0..seeds {
        let mut storm = random_storms::storm(seed);
        let mut wholes = Vec::new();
        for interval in intervals {
            storm.interval = Some(Span(interval));
            let (result, records) = run(&storm);
            let run = &result.runs[0];
            let steps = replay(&records);
            exact += compare(seed, run, &steps);
            let end = run.end.at;
            let replayed: Vec<_> = steps.iter().map(|steps| most(steps, end)).collect();
            let figures = whole(run);
            assert_eq!(figures[..REPLAYED], replayed, "seed {seed}, the whole run");
            wholes.push(figures);
        }
        assert!(
            wholes.windows(2).all(|pair| pair[0] == pair[1]),
            "seed {seed}: {wholes:?}"
        );
    }
    assert!(
        exact > 1_000 * seeds,
        "only {exact} readings were compared exactly"
    );
}

/// The same of a level over a whole run.
pub fn most(steps: &Steps, end: Time) -> (u64, u128, u64) {
    let (min, area, _, _) = between(steps, Time::ZERO, end);
    let max = steps.iter().map(|(_, value)| *value).max();
    (min, area, max.unwrap())
}
