//! What a storm did on average after its warm-up, and whether that warm-up was long enough.

use super::number::{compact, percent};
use crate::capacity::{AverageFigure, Averages, Basis, TooShort};
use serde_json::{Value, json};
use stormglass_model::units::Span;

/// One line for the summary; none where nothing happened after the warm-up.
pub fn line(averages: &Averages) -> Option<String> {
    let with_reach = |figure: AverageFigure, one: fn(f64) -> String| match figure.reach {
        Some((reach, _)) => format!("{} ± {}", one(figure.mean), one(reach)),
        None => one(figure.mean),
    };
    let span = |ns: f64| Span(ns.round() as u64).to_string();
    let parts = [
        (averages.in_flight).map(|it| format!("{} in flight", with_reach(it, compact))),
        (averages.response_ns).map(|it| format!("response {}", with_reach(it, span))),
        (averages.completions_per_s).map(|it| format!("{} done/s", with_reach(it, compact))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("  on average {}", parts.join(" · ")))
}

/// Whether an interval of the line is that of batch means within the only run.
pub fn has_batches(averages: &Averages) -> bool {
    let figures = [
        averages.in_flight,
        averages.response_ns,
        averages.completions_per_s,
    ];
    let mut reaches = figures.iter().flatten().filter_map(|figure| figure.reach);
    reaches.any(|(_, basis)| basis == Basis::Batches)
}

/// The same in `run.json`: `low` and `high` are null where nobody can say.
pub fn json(averages: &Averages) -> Value {
    let figure = |figure: Option<AverageFigure>, unit: &str| {
        figure.map(|AverageFigure { mean, reach }| {
            let basis = reach.map(|(_, basis)| match basis {
                Basis::Runs => "runs",
                Basis::Batches => "batches",
            });
            let reach = reach.map(|(reach, _)| reach);
            json!({
                "mean": mean,
                "low": reach.map(|reach| mean - reach),
                "high": reach.map(|reach| mean + reach),
                "unit": unit,
                "basis": basis,
            })
        })
    };
    json!({
        "in_flight": figure(averages.in_flight, ""),
        "response": figure(averages.response_ns, "ns"),
        "completions": figure(averages.completions_per_s, "per_s"),
    })
}

/// What to do about a warm-up that is too short.
pub fn warm_up(short: &TooShort) -> String {
    let share = percent(short.bias);
    let until = rounded_up(short.until_s);
    format!(
        "the warm-up is too short: the mean in flight is {share} lower for the beginning; write warm_up = \"{until}\""
    )
}

/// To two digits, so that it is nothing to read twice.
fn rounded_up(seconds: f64) -> Span {
    let digit = 10_f64.powf(seconds.max(1e-3).log10().floor() - 1.0);
    Span::from_secs_f64((seconds / digit).ceil() * digit)
}
