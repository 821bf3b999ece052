//! `--until-within`: how many replications are enough.

use super::exit::{Exit, Told};
use crate::engine::Enough;
use crate::metrics::{RunResult, Threshold};
use crate::report::known_within;
use crate::report::number::{counted, percent};
use std::sync::Arc;

/// Replications at most, unless somebody says.
pub const MOST: u32 = 100;

/// Says that replications are enough once the figure of each threshold is known within this share; none where no share is given.
pub fn enough(thresholds: &[Threshold], share: Option<f64>) -> Result<Option<Arc<Enough>>, Told> {
    let Some(share) = share else {
        return Ok(None);
    };
    if thresholds.is_empty() {
        tell!(
            "stormglass: --until-within is about the figures of thresholds, and there is none: write [thresholds]"
        );
        return Err(Told(Exit::Usage));
    }
    let thresholds = thresholds.to_vec();
    let known = move |runs: &[RunResult]| {
        known_within(&thresholds, runs).is_some_and(|(_, known)| known <= share)
    };
    Ok(Some(Arc::new(known)))
}

/// How well the figures are known after all, in one line.
pub fn told(thresholds: &[Threshold], share: f64, runs: &[RunResult]) -> String {
    let after = format!("after {}", counted(runs.len() as u64, "run"));
    let wanted = percent(share);
    match known_within(thresholds, runs) {
        Some((_, known)) if known <= share => {
            format!("{after} the figure of every threshold is known within {wanted}")
        }
        Some((threshold, known)) => format!(
            "{after} `{} {}` is known within {}, and not within {wanted}: give more --replications",
            threshold.key,
            threshold.expression,
            percent(known)
        ),
        None => format!("{after} no threshold has a figure"),
    }
}
