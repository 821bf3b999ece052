//! `calibrate --learned`: what `stormglass learn` found out about how long operations take under load.

use super::learned::{read, rows};
use crate::calibrate::Logged;
use crate::learn::{LEVELS, LEVELS_HEAD, RATES, RATES_HEAD};
use crate::statistics::{Level, Quantiles};
use anyhow::ensure;
use std::path::Path;
use stormglass_model::lifecycle::Operation;
use stormglass_model::units::Span;

/// Reads the folder that it wrote.
pub fn logged(folder: &Path) -> anyhow::Result<Logged> {
    let wanted = " of logs that tell how long requests took";
    Ok(Logged {
        levels: read(folder, LEVELS, wanted, levels)?,
        images_per_s: read(folder, RATES, wanted, rates)?,
    })
}

/// Reads `levels.csv`.
fn levels(text: &str) -> anyhow::Result<Vec<Level<Operation>>> {
    let rows = rows(text, LEVELS_HEAD, |[from, to, kind, count, p50, p99]| {
        let to = match to {
            "" => f64::INFINITY,
            to => amount(to)?,
        };
        let micros = |text| Some(Span::from_secs_f64(amount(text)? / 1e6));
        let quantiles = Quantiles {
            kind: Operation::from_name(kind)?,
            count: count.parse().ok()?,
            p50: micros(p50)?,
            p99: micros(p99)?,
        };
        Some((amount(from)?, to, quantiles))
    })?;
    let mut levels: Vec<Level<Operation>> = Vec::new();
    for (from, to, quantiles) in rows {
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
    let rates: Vec<f64> = rows(text, RATES_HEAD, |[_, rate]| {
        amount(rate).filter(|rate| *rate > 0.0)
    })?;
    ensure!(!rates.is_empty(), "it has no rates");
    Ok(rates)
}

fn amount(text: &str) -> Option<f64> {
    let amount = text.parse::<f64>().ok();
    amount.filter(|it| it.is_finite() && *it >= 0.0)
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
