//! The headline: what a storm comes to, in one sentence.

use super::number::{amount, counted, percent, thousands, units};
use super::terminal::Paint;
use super::totals::{Totals, unknown_because};
use crate::capacity::{self, Usage};
use crate::metrics::{Conclusion, Phase, StormResult, Threshold, ThresholdResult};
use stormglass_model::lifecycle::{Invariant, Verdict};
use stormglass_model::units::Span;

/// The sentence, which begins with the verdict.
pub fn sentence(result: &StormResult) -> String {
    let totals = Totals::of(result);
    let overload = overload(result);
    match result.conclusion() {
        Conclusion::Invalid => {
            let broken = Invariant::ALL.iter().zip(totals.violations);
            let broken = broken.filter(|&(_, count)| count > 0);
            let names: Vec<&str> = broken.map(|(invariant, _)| invariant.name()).collect();
            let count = counted(totals.violation_total(), "violation");
            format!("invalid: {count} of {}", listed(&names))
        }
        Conclusion::Interrupted => {
            let transitions = thousands(totals.transitions);
            format!("interrupted: no violation in the {transitions} transitions until then")
        }
        Conclusion::LocalFailure => {
            let failure = result.first_local_failure().map(ToString::to_string);
            let failure = failure.unwrap_or_default();
            match result.verdict {
                Verdict::Unknown => format!("unknown, since this machine failed: {failure}"),
                _ => format!("valid as far as it was judged, but this machine failed: {failure}"),
            }
        }
        Conclusion::Unknown => {
            let because = unknown_because(&result.runs).unwrap_or("it cannot be said why");
            match (overload, longer(result)) {
                (Some(short), _) => format!("unknown: {short}, and {because}"),
                (None, Some(longer)) => format!("unknown: {because}; {longer}"),
                (None, None) => format!("unknown: {because}"),
            }
        }
        Conclusion::LoadNotOffered => {
            let missed = missed(&totals).unwrap_or_default();
            format!("valid, but not the load that was asked for: {missed}")
        }
        Conclusion::ThresholdFailed => {
            let also = overload.map_or_else(String::new, |short| format!("; {short}"));
            format!("valid, but {}{also}", failed(result))
        }
        Conclusion::Good => {
            let dropped = missed(&totals).filter(|_| totals.dropped > 0);
            let buts: Vec<String> = overload.into_iter().chain(dropped).collect();
            match buts.is_empty() {
                true => format!(
                    "valid: no violation in {} transitions{}",
                    thousands(totals.transitions),
                    met(result)
                ),
                false => format!("valid, but {}{}", buts.join("; "), met(result)),
            }
        }
    }
}

/// The sentence with a mark, in the colour of what it says.
pub(super) fn marked(result: &StormResult, paint: Paint) -> String {
    let sentence = sentence(result);
    match result.conclusion() {
        Conclusion::Invalid | Conclusion::ThresholdFailed => paint.bad(&format!("✗ {sentence}")),
        Conclusion::Unknown => paint.doubtful(&format!("? {sentence}")),
        Conclusion::Good if sentence.starts_with("valid:") => paint.good(&format!("✓ {sentence}")),
        Conclusion::Interrupted
        | Conclusion::LocalFailure
        | Conclusion::LoadNotOffered
        | Conclusion::Good => paint.doubtful(&format!("! {sentence}")),
    }
}

/// The resource that was short, as the end of a sentence.
fn overload(result: &StormResult) -> Option<String> {
    let short = capacity::bottleneck(&result.runs).filter(Usage::is_short)?;
    let (resource, phase) = (short.resource, short.phase);
    let (units, load) = (units(resource, short.units), amount(resource, short.load));
    Some(format!(
        "{resource} was short in {phase}, with {units} for a load of {load}"
    ))
}

/// What gives operations that were still open more time; none where there were none.
fn longer(result: &StormResult) -> Option<String> {
    let open = result.runs.iter().find(|run| run.end.in_flight.now() > 0)?;
    let settled = open.phases.last().map_or(Span::ZERO, Phase::length);
    let longer = Span(settled.0.saturating_mul(2)).max(Span::from_secs(1));
    Some(format!("[settle] for = \"{longer}\" gives them longer"))
}

/// What of the load never came, or came late, if anything.
fn missed(totals: &Totals) -> Option<String> {
    let due = (totals.arrivals + totals.dropped).max(1) as f64;
    let dropped = (totals.dropped > 0).then(|| {
        let share = percent(totals.dropped as f64 / due);
        format!("{share} of the arrivals were dropped at max_in_flight")
    });
    let late = (totals.late > 0).then(|| {
        let share = percent(totals.late as f64 / due);
        format!("{share} came more than 10ms late")
    });
    let parts: Vec<String> = dropped.into_iter().chain(late).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// That every threshold is met, where there are any.
fn met(result: &StormResult) -> String {
    match result.thresholds.len() {
        0 => String::new(),
        1 => ", the threshold is met".to_owned(),
        all => format!(", all {all} thresholds met"),
    }
}

fn failed(result: &StormResult) -> String {
    let all = result.thresholds.len();
    let failed: Vec<&ThresholdResult> = (result.thresholds.iter())
        .filter(|judged| !judged.met)
        .collect();
    let ended = |judged: &&ThresholdResult| judged.window.is_some_and(|worst| worst.ended_load);
    // What ended the load is why there is no more of it.
    let first = failed.iter().copied().find(ended);
    let first = first.or(failed.first().copied());
    let first = first.map_or_else(String::new, |judged| {
        let why = match judged.window.filter(|worst| worst.ended_load) {
            Some(worst) => format!(", which ended the load after {}", Span(worst.to.0).exact()),
            None => String::new(),
        };
        format!(": {}{why}", demanded(&judged.threshold))
    });
    match (failed.len(), all) {
        (_, 1) => format!("the threshold is not met{first}"),
        (n, all) => format!("{n} of {all} thresholds not met{first}"),
    }
}

/// What a threshold demands, as it was written.
pub(super) fn demanded(threshold: &Threshold) -> String {
    let windows = threshold
        .windows
        .map(|windows| format!(" over {}", windows.length.exact()));
    let (key, expression) = (&threshold.key, &threshold.expression);
    format!("{key} {expression}{}", windows.unwrap_or_default())
}

/// `a`, `a and b`, `a, b and c`
pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
