//! How throughput scales, by the points of a search: in `search.json`, in `usl.csv` and in the summary.

use super::csv::table;
use super::number::{compact, percent};
use super::terminal::wrapped;
use crate::capacity::{SearchResult, usl};
use crate::statistics::Estimate;
use serde_json::{Value, json};
use std::io;

/// The weights of the scalability law with their intervals, or why there are none.
pub(super) fn scalability(result: &SearchResult) -> Value {
    let of = |it: Estimate| json!({ "mean": it.mean, "low": it.low().max(0.0), "high": it.high() });
    match result.scalability() {
        Ok(law) => json!({
            "lambda_per_s": of(law.lambda),
            "sigma": of(law.sigma),
            "kappa": of(law.kappa),
            "peak": law.peak.map(|it| json!({
                "concurrency": of(it.concurrency),
                "completions_per_s": of(it.throughput),
            })),
            "scatter": law.scatter,
        }),
        Err(why) => json!({ "refused": why.to_string() }),
    }
}

/// `usl.csv`: a row for each load, with what was measured and what the scalability law says.
pub(super) fn usl_csv(result: &SearchResult, law: &usl::Law) -> io::Result<Vec<u8>> {
    let records = result.observations().into_iter().map(|it| {
        let figures = [it.concurrency, it.throughput, law.at(it.concurrency)];
        figures.map(|figure| figure.to_string())
    });
    table("concurrency,completions_per_s,fitted_per_s", records)
}

/// How throughput scales, where there are enough values to say so.
pub(super) fn scaling(result: &SearchResult) -> Vec<String> {
    let line = match result.scalability() {
        Ok(law) => {
            let peak = match law.peak {
                Some(peak) => format!(
                    "most, {} ± {}/s, at {} ± {} in flight",
                    compact(peak.throughput.mean),
                    compact(peak.throughput.reach),
                    compact(peak.concurrency.mean),
                    compact(peak.concurrency.reach),
                ),
                None if law.kappa.low() > 0.0 => {
                    format!("no fall is seen up to {} in flight", compact(law.most))
                }
                None => "no finite peak".to_owned(),
            };
            format!(
                "  throughput: one in flight {} ± {}/s; contention {} ± {}; {peak}",
                compact(law.lambda.mean),
                compact(law.lambda.reach),
                percent(law.sigma.mean),
                percent(law.sigma.reach),
            )
        }
        Err(why) if result.asks_for_scaling => format!("  {why}"),
        // Nobody asked, and there is nothing to say.
        Err(_) => return Vec::new(),
    };
    wrapped(&line)
}
