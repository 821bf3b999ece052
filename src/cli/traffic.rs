//! `--learned`: what `stormglass learn` found out about the traffic of a service.

use super::learned::{read, rows};
use crate::learn::{RIVALS, RIVALS_HEAD};
use crate::sweep::Traffic;
use std::collections::BTreeMap;
use std::path::Path;
use stormglass_model::lifecycle::Operation;
use stormglass_model::operations::ApiCall;

/// Reads the folder that it wrote.
pub fn traffic(folder: &Path) -> anyhow::Result<Traffic> {
    let (met, days) = read(folder, RIVALS, "", rivals)?;
    let scenario = super::read(&folder.join("scenario.toml"), &[])?;
    let weights: f64 = scenario.stories.iter().map(|it| it.weight).sum();
    let sizes = scenario.stories.iter().map(|it| it.weight * it.size.mean());
    let bytes = sizes.sum::<f64>() / weights.max(f64::MIN_POSITIVE);
    let prices = scenario.prices.filter(|prices| prices.tib_month > 0.0);
    Ok(Traffic {
        met,
        days,
        bytes,
        tib_month: prices.map(|prices| (prices.tib_month, prices.currency)),
    })
}

type Met = BTreeMap<(ApiCall, ApiCall), u64>;

/// Reads `rivals.csv`: how often each pair met, and in how many days.
fn rivals(text: &str) -> anyhow::Result<(Met, f64)> {
    let rows = rows(text, RIVALS_HEAD, |[under_way, began, times, days]| {
        let call = |name| Some(Operation::from_name(name)?.kind().api_call());
        let days: f64 = days.parse().ok()?;
        let pair = (call(under_way)?, call(began)?);
        (days.is_finite() && days > 0.0).then_some((pair, times.parse::<u64>().ok()?, days))
    })?;
    let (mut met, mut days) = (Met::new(), 0.0);
    for (pair, times, length) in rows {
        days = length;
        let count = met.entry(pair).or_default();
        *count = count.saturating_add(times);
    }
    Ok((met, days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_rivals_is_read_or_refused() {
        let read = |rows: &str| rivals(&format!("{RIVALS_HEAD}\n{rows}"));
        let (met, days) = read("upload,delete,12,7.5\nshow,delete,1,7.5\n").unwrap();
        assert_eq!(met[&(ApiCall::Upload, ApiCall::Delete)], 12);
        assert!((days - 7.5).abs() < 1e-9 && met.len() == 2);
        for wrong in [
            "upload,delete,12",
            "upload,delete,-1,1",
            "upload,burn,1,1",
            "upload,delete,1,0",
            "upload,delete,1,NaN",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(rivals("a,b\n").is_err());
    }
}
