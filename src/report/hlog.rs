//! `latencies.hlog`: an HdrHistogram log, V2, that HdrHistogram's own tools read and plot.
//!
//! Values are nanoseconds. A log interval is a phase; runs and stories are added up. The tag says which
//! transition (`queued->saving`, `->queued` for creation, `task:pending->processing`) or which operation,
//! whatever its outcome (`upload:response`, `upload:service`).

use super::totals::rows;
use crate::metrics::{Latency, StormResult, TransitionKey, empty_histogram};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;
use stormglass_model::units::{Span, Time};

/// The whole log.
pub fn latencies(result: &StormResult) -> io::Result<Vec<u8>> {
    let mut log = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut writer = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .add_comment(
            "[Values are nanoseconds; an interval is a phase, in seconds since the run began]",
        )
        .with_max_value_divisor(1e6)
        .begin_log_with(&mut log, &mut serializer)?;
    for (index, (from, length)) in phases(result).into_iter().enumerate() {
        for (tag, histogram) in histograms(result, index) {
            writer
                .write_histogram(
                    &histogram,
                    Duration::from_nanos(from.0),
                    Duration::from_nanos(length.0),
                    Tag::new(&tag),
                )
                .map_err(io::Error::other)?;
        }
    }
    Ok(log)
}

/// When each phase began and how long it lasted, in the run where it lasted longest.
fn phases(result: &StormResult) -> Vec<(Time, Span)> {
    let mut phases: Vec<(Time, Span)> = Vec::new();
    for run in &result.runs {
        for (index, phase) in run.phases.iter().enumerate() {
            match phases.get_mut(index) {
                None => phases.push((phase.from, phase.length())),
                Some((_, length)) => *length = phase.length().max(*length),
            }
        }
    }
    phases
}

/// The histograms of one phase by their tags: transitions first, then operations.
fn histograms(result: &StormResult, phase: usize) -> Vec<(String, Histogram<u64>)> {
    let transitions = rows(&result.runs, |run| &run.transitions)
        .filter(|(_, row)| row.phase == phase)
        .map(|(_, row)| (row.key, &row.latency));
    let operations = rows(&result.runs, |run| &run.operations)
        .filter(|(_, row)| row.phase == phase)
        .flat_map(|(_, row)| {
            let times = [("response", &row.response), ("service", &row.service)];
            times.map(|(time, latency)| ((row.operation, time), latency))
        });
    let transitions = summed(transitions).map(|(key, sum)| (tag(key), sum));
    let operations =
        summed(operations).map(|((operation, time), sum)| (format!("{operation}:{time}"), sum));
    transitions.chain(operations).collect()
}

/// The sums of the latencies that have the same key, in the order of keys.
fn summed<'r, K: Ord>(
    rows: impl Iterator<Item = (K, &'r Latency)>,
) -> impl Iterator<Item = (K, Histogram<u64>)> {
    let mut sums: BTreeMap<K, Histogram<u64>> = BTreeMap::new();
    for (key, latency) in rows {
        // One of automatic range takes every other.
        let _ = (sums.entry(key).or_insert_with(empty_histogram)).add(latency.histogram());
    }
    sums.into_iter()
}

/// `queued->saving`; a task's with `task:` in front.
fn tag(key: TransitionKey) -> String {
    let kind = if key.is_task() { "task:" } else { "" };
    let (from, to) = key.names();
    format!("{kind}{from}->{to}")
}
