//! `--learned`: what `stormglass learn` found out about the traffic of a service.

use crate::learn::{RIVALS, RIVALS_HEAD};
use crate::sweep::Traffic;
use anyhow::{Context, bail, ensure};
use std::collections::BTreeMap;
use std::path::Path;
use stormglass_glance::input;
use stormglass_model::lifecycle::Operation;
use stormglass_model::operations::ApiCall;
use stormglass_model::units::Bytes;

/// Reads the folder that it wrote.
pub fn traffic(folder: &Path) -> anyhow::Result<Traffic> {
    let file = folder.join(RIVALS);
    let text = input::text(&file, Bytes(16 << 20)).with_context(|| {
        format!(
            "cannot read {}: --learned names a folder that `stormglass learn --out` wrote",
            file.display()
        )
    })?;
    let (met, days) = rivals(&text).with_context(|| format!("cannot read {}", file.display()))?;
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
    let mut lines = text.lines();
    ensure!(
        lines.next() == Some(RIVALS_HEAD),
        "its first line is not `{RIVALS_HEAD}`"
    );
    let (mut met, mut days) = (Met::new(), 0.0);
    for (line, number) in lines.zip(2..) {
        let wrong = || format!("line {number} is no row of {RIVALS_HEAD}");
        let fields: Vec<&str> = line.split(',').collect();
        let [under_way, began, times, length] = fields[..] else {
            bail!(wrong());
        };
        let operation = |name: &str| Operation::from_name(name).with_context(wrong);
        let length: f64 = length.parse().with_context(wrong)?;
        ensure!(length.is_finite() && length > 0.0, wrong());
        days = length;
        let call = |name: &str| anyhow::Ok(operation(name)?.kind().api_call());
        let times: u64 = times.parse().with_context(wrong)?;
        let count = met.entry((call(under_way)?, call(began)?)).or_default();
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
