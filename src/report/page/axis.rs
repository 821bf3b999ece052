//! Where an axis has its marks, and what stands at them.

use super::chart::Unit;
use crate::report::number::{compact, percent};
use stormglass_model::units::{Bytes, Span};

/// A double has some six hundred powers of ten.
const MOST_RUNGS: usize = 2_000;

/// The steps of an axis of time, in seconds.
const INSTANTS: [f64; 31] = [
    1e-3,
    2e-3,
    5e-3,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    2_592_000.0,
    31_536_000.0,
];

/// Marks of an axis of time that begins at zero.
pub fn instants(end: f64) -> Vec<f64> {
    let step = INSTANTS.into_iter().find(|step| end / step <= 8.0);
    let step = step.unwrap_or(end / 4.0);
    (0..=(end / step) as u32)
        .map(|n| f64::from(n) * step)
        .collect()
}

/// Marks of a logarithmic axis: powers of ten, and what is between where there are few.
pub fn powers(low: f64, high: f64) -> Vec<f64> {
    let all: Vec<f64> = std::iter::successors(Some(low), |at| Some(rung(at * 1.01, true)))
        .take_while(|at| *at <= high * 1.001)
        .take(MOST_RUNGS)
        .collect();
    let decades: Vec<f64> = (all.iter().copied()).filter(|at| is_decade(*at)).collect();
    if decades.len() < 3 {
        return all;
    }
    let every = decades.len().div_ceil(6);
    decades.into_iter().step_by(every).collect()
}

/// Marks of a linear axis in a unit; sizes have powers of 1,024.
pub fn levels(unit: Unit, low: f64, high: f64) -> Vec<f64> {
    let size = match unit {
        Unit::Bytes | Unit::BytesPerSecond => 1024_f64.powf(high.max(1.0).log(1024.0).floor()),
        Unit::Count | Unit::PerSecond | Unit::Seconds | Unit::Share => 1.0,
    };
    let steps = steps(low / size, high / size, 6);
    steps.iter().map(|step| step * size).collect()
}

/// The next of 1, 2, 5, 10, 20 … at or above a positive value, or at or below it.
pub fn rung(value: f64, above: bool) -> f64 {
    let decade = 10_f64.powf(value.log10().floor());
    let rungs = [1.0, 2.0, 5.0, 10.0].map(|part| part * decade);
    let found = match above {
        true => rungs.into_iter().find(|rung| *rung >= value * 0.999_999),
        false => rungs
            .into_iter()
            .rev()
            .find(|rung| *rung <= value * 1.000_001),
    };
    found.unwrap_or(decade)
}

pub fn is_decade(value: f64) -> bool {
    let power = value.log10();
    (power - power.round()).abs() < 1e-6
}

/// About so many round values between two.
pub fn steps(low: f64, high: f64, count: u32) -> Vec<f64> {
    let step = rung((high - low) / f64::from(count), true);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|n| n as f64 * step).collect()
}

pub fn written(unit: Unit, value: f64) -> String {
    match unit {
        _ if value == 0.0 => "0".to_owned(),
        Unit::Count => compact(value),
        Unit::PerSecond => format!("{}/s", compact(value)),
        // Round seconds stay what they are: 100s, not 1.67m.
        Unit::Seconds if value >= 60.0 && value % 60.0 > 0.0 && value < 10_000.0 => {
            format!("{value:.0}s")
        }
        Unit::Seconds => Span::from_secs_f64(value).to_string(),
        Unit::Bytes => Bytes(value as u64).to_string(),
        Unit::BytesPerSecond => format!("{}/s", Bytes(value as u64)),
        Unit::Share => percent(value),
    }
}

/// An instant as its two longest units: `1h 30m`.
pub fn instant(seconds: f64) -> String {
    if seconds < 60.0 {
        return match seconds {
            0.0 => "0".to_owned(),
            seconds => Span::from_secs_f64(seconds).to_string(),
        };
    }
    let (mut left, mut parts) = (seconds.round() as u64, Vec::new());
    for (size, name) in [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")] {
        if left >= size && parts.len() < 2 {
            parts.push(format!("{}{name}", left / size));
        }
        left %= size;
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_few() {
        assert_eq!(steps(0.0, 9.1, 6), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(instants(8_100.0), [0.0, 1_800.0, 3_600.0, 5_400.0, 7_200.0]);
        let tib = 1024_f64.powi(4);
        assert_eq!(
            levels(Unit::Bytes, 0.0, 2.4 * tib),
            [0.0, 0.5, 1.0, 1.5, 2.0].map(|n| n * tib)
        );
        assert_eq!(powers(0.001, 100.0).len(), 6);
        let few: Vec<String> = powers(2.0, 20.0)
            .into_iter()
            .map(|at| written(Unit::Seconds, at))
            .collect();
        assert_eq!(few, ["2s", "5s", "10s", "20s"]);
        for wild in [0.0, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, f64::NAN] {
            assert!(powers(wild, f64::MAX).len() <= MOST_RUNGS && instants(wild).len() < 10);
        }
    }

    #[test]
    fn what_stands_at_marks_can_be_read() {
        let shown = [0.0, 45.0, 5_400.0, 86_400.0, 93_600.0].map(instant);
        assert_eq!(shown, ["0", "45s", "1h 30m", "1d", "1d 2h"]);
        let seconds = [100.0, 200.0, 1_000.0, 120.0].map(|at| written(Unit::Seconds, at));
        assert_eq!(seconds, ["100s", "200s", "1000s", "2m"]);
        assert_eq!(written(Unit::PerSecond, 12_500.0), "12.5k/s");
    }
}
