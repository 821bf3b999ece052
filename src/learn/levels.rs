//! How long operations took while much or little else went on, for who fits a model to it.

use super::arrivals::Arrivals;
use crate::statistics::{Durations, levels};
use std::fmt::Write as _;
use stormglass_model::lifecycle::Operation;

/// The name of the file, and its header.
pub const LEVELS: &str = "levels.csv";
/// `beside_from`, `beside_to`: how many other requests were open on average; the last level has no end.
pub const LEVELS_HEAD: &str = "beside_from,beside_to,operation,count,p50_us,p99_us";
/// The name of the file, and its header.
pub const RATES: &str = "rates.csv";
/// `share`: the share of the time in which no more images came in a second.
pub const RATES_HEAD: &str = "share,images_per_s";

/// The two files, if there is enough for them.
pub fn files(
    durations: &Durations<Operation>,
    arrivals: &Arrivals,
) -> Option<[(&'static str, String); 2]> {
    let levels = levels(std::slice::from_ref(durations));
    let rates = arrivals.rates();
    if levels.is_empty() || rates.is_empty() {
        return None;
    }
    let mut of_levels = format!("{LEVELS_HEAD}\n");
    for level in levels {
        let to = match level.to.is_finite() {
            true => level.to.to_string(),
            false => String::new(),
        };
        for it in level.kinds {
            let (p50, p99) = (it.p50.0 as f64 / 1e3, it.p99.0 as f64 / 1e3);
            let (from, kind, count) = (level.from, it.kind, it.count);
            let _ = writeln!(of_levels, "{from},{to},{kind},{count},{p50:.1},{p99:.1}");
        }
    }
    let mut of_rates = format!("{RATES_HEAD}\n");
    for (share, rate) in rates {
        let _ = writeln!(of_rates, "{share},{rate:.6}");
    }
    Some([(LEVELS, of_levels), (RATES, of_rates)])
}
