//! `calibrate --learned`: what `stormglass learn` found out about how long operations take under load.

use crate::calibrate::Logged;
use crate::learn::{LEVELS, LEVELS_HEAD, RATES, RATES_HEAD};
use crate::statistics::{Level, Quantiles};
use anyhow::{Context, bail, ensure};
use std::path::Path;
use stormglass_glance::input;
use stormglass_model::lifecycle::Operation;
use stormglass_model::units::{Bytes, Span};

/// Reads the folder that it wrote.
pub fn logged(folder: &Path) -> anyhow::Result<Logged> {
    let read = |name: &str| {
        let file = folder.join(name);
        let text = input::text(&file, Bytes(16 << 20)).with_context(|| {
            format!(
                "cannot read {}: --learned names a folder that `stormglass learn --out` wrote of logs that tell how long requests took",
                file.display()
            )
        })?;
        anyhow::Ok((text, file))
    };
    let (text, file) = read(LEVELS)?;
    let levels = levels(&text).with_context(|| format!("cannot read {}", file.display()))?;
    let (text, file) = read(RATES)?;
    let images_per_s = rates(&text).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Logged {
        images_per_s,
        levels,
    })
}

/// Reads `levels.csv`.
fn levels(text: &str) -> anyhow::Result<Vec<Level<Operation>>> {
    let mut levels: Vec<Level<Operation>> = Vec::new();
    for (number, fields) in rows(text, LEVELS_HEAD)? {
        let wrong = || format!("line {number} is no row of {LEVELS_HEAD}");
        let [from, to, operation, count, p50, p99] = fields[..] else {
            bail!(wrong());
        };
        let amount = |text: &str| {
            let amount: f64 = text.parse().with_context(wrong)?;
            ensure!(amount.is_finite() && amount >= 0.0, wrong());
            Ok(amount)
        };
        let from = amount(from)?;
        let to = match to {
            "" => f64::INFINITY,
            to => amount(to)?,
        };
        let micros = |text: &str| anyhow::Ok(Span::from_secs_f64(amount(text)? / 1e6));
        let quantiles = Quantiles {
            kind: Operation::from_name(operation).with_context(wrong)?,
            count: count.parse().with_context(wrong)?,
            p50: micros(p50)?,
            p99: micros(p99)?,
        };
        match levels.last_mut().filter(|it| it.from == from) {
            Some(level) => level.kinds.push(quantiles),
            None => levels.push(Level {
                from,
                to,
                kinds: vec![quantiles],
            }),
        }
    }
    Ok(levels)
}

/// Reads `rates.csv`.
fn rates(text: &str) -> anyhow::Result<Vec<f64>> {
    let rows = rows(text, RATES_HEAD)?.into_iter();
    let rates = rows.map(|(number, fields)| {
        let wrong = || format!("line {number} is no row of {RATES_HEAD}");
        let [_, rate] = fields[..] else {
            bail!(wrong());
        };
        let rate: f64 = rate.parse().with_context(wrong)?;
        ensure!(rate.is_finite() && rate > 0.0, wrong());
        Ok(rate)
    });
    let rates: Vec<f64> = rates.collect::<anyhow::Result<_>>()?;
    ensure!(!rates.is_empty(), "it has no rates");
    Ok(rates)
}

/// The rows after the first line, with their numbers.
fn rows<'a>(text: &'a str, head: &str) -> anyhow::Result<Vec<(usize, Vec<&'a str>)>> {
    let mut lines = text.lines();
    ensure!(lines.next() == Some(head), "its first line is not `{head}`");
    Ok((2..)
        .zip(lines.map(|line| line.split(',').collect()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_or_refused() {
        let read = |rows: &str| levels(&format!("{LEVELS_HEAD}\n{rows}"));
        let two =
            read("0,0.25,create,120,5000.0,9000.0\n0,0.25,show,130,1000,2000\n48,,show,100,1,2\n");
        let two = two.unwrap();
        assert_eq!((two.len(), two[0].kinds.len()), (2, 2));
        assert_eq!(two[0].kinds[0].p99, Span::from_millis(9));
        assert!(two[1].to.is_infinite());
        for wrong in [
            "0,0.25,create,120,5000",
            "0,0.25,burn,120,5000,9000",
            "0,0.25,create,-1,5000,9000",
            "0,0.25,create,120,NaN,9000",
            "-1,0.25,create,120,5000,9000",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(levels("a,b\n").is_err());
    }

    #[test]
    fn rates_are_read_or_refused() {
        let read = |rows: &str| rates(&format!("{RATES_HEAD}\n{rows}"));
        assert_eq!(read("0.1,2\n0.5,3.5\n").unwrap(), [2.0, 3.5]);
        for wrong in ["", "0.1", "0.1,0", "0.1,-1", "0.1,inf", "0.1,x"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
