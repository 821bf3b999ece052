//! What the figures of several runs are worth: the mean over runs, and where the truth lies. Runs are never pooled for it.

use super::totals::{responses, transitions};
use crate::metrics::{Latency, RunResult, Threshold};
use crate::statistics::{CONFIDENCE, Estimate};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::slice;

/// The mean of a quantile (0 to 1) over runs in nanoseconds; none for fewer than two.
pub fn of_quantile(by_run: &[Latency], at: f64) -> Option<Estimate> {
    let values = by_run.iter().map(|run| run.quantile(at).0 as f64);
    estimate(&values.collect::<Vec<_>>())
}

fn estimate(values: &[f64]) -> Option<Estimate> {
    let estimate = Estimate::of(values, CONFIDENCE)?;
    estimate.reach.is_finite().then_some(estimate)
}

/// A threshold's figure over runs, each judged alone; none where fewer than two have it.
pub fn of_threshold(threshold: &Threshold, position: usize, runs: &[RunResult]) -> Option<Value> {
    let values = each(threshold, position, runs);
    estimate(&values).map(|estimate| interval(estimate, values.len()))
}

/// A threshold's figure in each run that has it.
fn each(threshold: &Threshold, position: usize, runs: &[RunResult]) -> Vec<f64> {
    let of_run = |run| threshold.judge(position, slice::from_ref(run)).value;
    runs.iter().filter_map(of_run).collect()
}

/// The threshold whose figure is known least, and within which share of itself: how far its interval over runs reaches to either
/// side. None where nothing was measured.
pub fn known_within<'t>(
    thresholds: &'t [Threshold],
    runs: &[RunResult],
) -> Option<(&'t Threshold, f64)> {
    let of = |(position, threshold): (usize, &'t Threshold)| {
        let estimate = Estimate::of(&each(threshold, position, runs), CONFIDENCE)?;
        let share = match estimate.reach > 0.0 {
            true => estimate.reach / estimate.mean.abs(),
            false => 0.0,
        };
        Some((threshold, share))
    };
    let known = thresholds.iter().enumerate().filter_map(of);
    known.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// An interval over runs, as `run.json` writes it.
pub fn interval(estimate: Estimate, runs: usize) -> Value {
    json!({
        "mean": estimate.mean,
        "low": estimate.low(),
        "high": estimate.high(),
        "runs": runs,
    })
}

/// Mean, median and 99th percentile of each transition and of each operation's response time, in nanoseconds, after warm-up.
pub fn intervals(runs: &[RunResult]) -> Vec<Value> {
    let mut figures: BTreeMap<(&str, String), Vec<Latency>> = BTreeMap::new();
    for total in transitions(runs) {
        let kind = if total.key.is_task() { "task:" } else { "" };
        let (from, to) = total.key.names();
        figures.insert(("transition", format!("{kind}{from}->{to}")), total.by_run);
    }
    for run in runs {
        for (operation, latency) in responses(slice::from_ref(run)) {
            let key = ("operation", operation.name().to_owned());
            figures.entry(key).or_default().push(latency);
        }
    }
    let mut intervals = Vec::new();
    for ((what, name), by_run) in figures {
        let means: Vec<f64> = by_run.iter().map(Latency::mean_ns).collect();
        let numbers = [
            ("mean", estimate(&means)),
            ("p50", of_quantile(&by_run, 0.50)),
            ("p99", of_quantile(&by_run, 0.99)),
        ];
        for (quantity, estimate) in numbers {
            if let Some(estimate) = estimate {
                let mut figure = interval(estimate, by_run.len());
                figure[what] = json!(name);
                figure["quantity"] = json!(quantity);
                figure["unit"] = json!("ns");
                intervals.push(figure);
            }
        }
    }
    intervals
}
