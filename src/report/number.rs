//! How numbers are written: exact and plain for machines, short for people.

use stormglass_model::config::Resource;
use stormglass_model::units::Bytes;

/// Nanoseconds as microseconds, exactly: `1500` is `1.5`.
pub fn micros(ns: u64) -> String {
    scaled(ns, 3)
}

/// Nanoseconds as seconds, exactly.
pub fn seconds(ns: u64) -> String {
    scaled(ns, 9)
}

/// A mean of nanoseconds as microseconds, to the nanosecond.
pub fn mean_micros(ns: f64) -> String {
    micros(ns.round() as u64)
}

/// `numerator ÷ denominator` to six decimals; empty when nothing can be divided.
pub fn ratio(numerator: f64, denominator: f64) -> String {
    if denominator <= 0.0 {
        return String::new();
    }
    trimmed(&format!("{:.6}", numerator / denominator))
}

/// A number that is no ratio: to three decimals, without zeros that say nothing.
pub fn fixed(value: f64) -> String {
    trimmed(&format!("{value:.3}"))
}

/// An integer with its decimal point moved to the left.
fn scaled(value: u64, decimals: usize) -> String {
    let unit = 10_u64.pow(decimals as u32);
    trimmed(&format!("{}.{:0decimals$}", value / unit, value % unit))
}

/// Without zeros that say nothing.
fn trimmed(number: &str) -> String {
    match number.contains('.') {
        true => number
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        false => number.to_owned(),
    }
}

/// `1234567` as `1,234,567`.
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount of money: whole from a hundred on, and to a hundredth below.
pub fn money(amount: f64) -> String {
    match amount.abs() {
        large if large >= 100.0 => thousands(large.round() as u64),
        small => format!("{small:.2}"),
    }
}

/// So many units of a resource, without the word.
pub fn amount(resource: Resource, units: f64) -> String {
    match resource {
        Resource::Cores => compact(units / 1000.0),
        Resource::Bandwidth => format!("{}/s", Bytes(units as u64)),
        Resource::Workers
        | Resource::Connections
        | Resource::Slots
        | Resource::ScrubWorkers
        | Resource::TaskWorkers => compact(units),
    }
}

/// So many units of a resource.
pub fn units(resource: Resource, units: f64) -> String {
    let amount = amount(resource, units);
    match (resource, amount.as_str()) {
        (Resource::Bandwidth, _) => amount,
        (Resource::Cores, "1") => "1 processor".to_owned(),
        (Resource::Cores, _) => format!("{amount} processors"),
        (_, "1") => "1 unit".to_owned(),
        _ => format!("{amount} units"),
    }
}

/// Three significant digits with k, M or G: `461k`, `2.05M`.
pub fn compact(value: f64) -> String {
    let (number, suffix) = match value {
        v if v >= 999.5e6 => (v / 1e9, "G"),
        v if v >= 999.5e3 => (v / 1e6, "M"),
        v if v >= 999.5 => (v / 1e3, "k"),
        v => (v, ""),
    };
    format!("{}{suffix}", significant(number))
}

/// `1 finding`, `2,000 findings`
pub fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(count))
}

/// A rate by the second, minute or hour, whichever leaves at least one before the decimal point.
pub fn rate(per_second: f64) -> String {
    match per_second {
        r if r <= 0.0 => "0/s".to_owned(),
        r if r >= 0.9995 => format!("{}/s", compact(r)),
        r if r * 60.0 >= 0.9995 => format!("{}/m", significant(r * 60.0)),
        r => format!("{}/h", significant(r * 3_600.0)),
    }
}

/// A share from 0 to 1 in per cent.
pub fn percent(share: f64) -> String {
    format!("{}%", significant(share * 100.0))
}

/// Where the true share lies 19 times of 20, if something showed in so many of so many tries: Wilson's score interval.
pub fn interval(shown: u32, tries: u32) -> (f64, f64) {
    const Z: f64 = 1.96;
    if tries == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (f64::from(tries), f64::from(shown) / f64::from(tries));
    let centre = share + Z * Z / (2.0 * n);
    let reach = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    let [low, high] = [centre - reach, centre + reach].map(|bound| (bound / scale).clamp(0.0, 1.0));
    (low, high)
}

/// Three significant digits, at most two decimals, trailing zeros trimmed.
fn significant(value: f64) -> String {
    let decimals = match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    trimmed(&format!("{value:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the reports of `tests/it` do not happen to hold.
    #[test]
    fn numbers_have_the_digits_that_their_readers_want() {
        assert_eq!(micros(1_000_001), "1000.001");
        assert_eq!(seconds(86_400_000_000_001), "86400.000000001");
        assert_eq!(ratio(1.0, 3.0), "0.333333");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(compact(461_234.0), "461k");
        assert_eq!(compact(2_050_000.0), "2.05M");
        assert_eq!(rate(0.5), "30/m");
        assert_eq!(rate(1.0 / 3_600.0), "1/h");
        assert_eq!(percent(0.0123), "1.23%");
        let rounded = |shown, tries| {
            let (low, high) = interval(shown, tries);
            [low, high].map(|share| (share * 1e4).round() / 1e4)
        };
        // As tables of Wilson's interval have them.
        assert_eq!(rounded(10, 20), [0.2993, 0.7007]);
        assert_eq!(rounded(0, 20), [0.0, 0.1611]);
        assert_eq!(rounded(1, 1), [0.2065, 1.0]);
        assert_eq!(rounded(0, 0), [0.0, 1.0]);
    }
}
