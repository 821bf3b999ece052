//! What logs tell of the service itself: how long its operations take while hardly anything else goes on.

use super::written::{Beside, Unit, distribution, four_digits, one};
use crate::report::number::thousands;
use crate::statistics::{Durations, Sample};
use std::fmt::Write as _;
use stormglass_model::lifecycle::Operation;
use stormglass_model::units::Span;

/// An operation is as good as alone if others take no more of its time than this.
const ALONE: f64 = 0.1;
/// Samples that a figure needs.
const LEAST: usize = 20;
/// Bytes of a transfer, at least, whose set-up no longer counts.
const LARGE: u64 = 4 << 20;

/// The table.
pub fn table(files: &mut Vec<Beside>, durations: &Durations<Operation>) -> String {
    let mut text = String::from("[service]\n");
    let mut rows = String::new();
    for operation in durations.kinds() {
        let samples = alone(durations, operation);
        if let Some((median, high)) = quantiles(&samples) {
            let count = thousands(samples.len() as u64);
            let _ = writeln!(
                rows,
                "#   {:<18} {:>8} {:>8}   {count:>7}",
                operation.name(),
                median.to_string(),
                high.to_string()
            );
        }
    }
    if rows.is_empty() {
        return text
            + "# No source says how long operations take while hardly anything else goes on: these are defaults.\n";
    }
    text += "# How long operations took with next to nothing beside them:\n#   operation            median      p95   samples\n";
    text += &rows;
    text += "# How many workers, connections and slots there are, requests that are alone do not tell.\n";
    let creates: Vec<f64> = alone(durations, Operation::Create)
        .iter()
        .map(|it| it.took.0 as f64)
        .collect();
    if creates.len() >= LEAST {
        let written = distribution(
            files,
            Unit::Spans,
            "commit",
            &creates,
            coarse(&creates),
            creates.len() as u64,
        );
        let comment = written.comment.replace("waits", "creates");
        let _ = write!(
            text,
            "[service.registry]\ncommit = {}  # {comment}: a create is a commit and little else\n",
            written.value
        );
    }
    text + &bandwidth(durations)
}

/// What one transfer moves in a second.
fn bandwidth(durations: &Durations<Operation>) -> String {
    let transfers = [Operation::Download, Operation::Upload]
        .into_iter()
        .flat_map(|it| alone(durations, it));
    let speed = |it: Sample| {
        it.bytes
            .filter(|bytes| bytes.0 >= LARGE && it.took > Span::ZERO)
            .map(|bytes| bytes.0 as f64 / it.took.as_secs_f64())
    };
    let mut speeds: Vec<f64> = transfers.filter_map(speed).collect();
    if speeds.len() < LEAST {
        return String::new();
    }
    speeds.sort_by(f64::total_cmp);
    let median = one(Unit::Sizes, four_digits(speeds[speeds.len() / 2]));
    let count = thousands(speeds.len() as u64);
    format!(
        "[service.store]\nbandwidth = \"{median}/s\"  # the median of {count} transfers of 4MiB or more, alone\n"
    )
}

/// The samples of an operation with next to nothing beside them.
fn alone(durations: &Durations<Operation>, operation: Operation) -> Vec<Sample> {
    let mut samples = durations.samples(operation);
    samples.retain(|sample| sample.beside <= ALONE);
    samples
}

fn quantiles(samples: &[Sample]) -> Option<(Span, Span)> {
    let mut took: Vec<Span> = samples.iter().map(|it| it.took).collect();
    took.sort_unstable();
    let at = |share: f64| took.get((took.len() as f64 * share) as usize).copied();
    at(0.5).zip(at(0.95)).filter(|_| samples.len() >= LEAST)
}

/// How finely lengths are told that are all whole milliseconds.
fn coarse(values: &[f64]) -> Span {
    match values.iter().all(|value| value % 1e6 == 0.0) {
        true => Span(500_000),
        false => Span::ZERO,
    }
}
