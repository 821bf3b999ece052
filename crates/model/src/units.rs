//! Times, sizes and rates: newtypes, how they are written in a scenario and how they are shown.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// An instant of a run, in nanoseconds since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// A length of time in nanoseconds. Zero is legal everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// Events per second; finite and never negative when it was parsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Rate(pub f64);

/// Why a duration, a size or a rate could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// The text has no number in front.
    #[error("`{0}` does not start with a number; write for example {1}")]
    NoNumber(String, &'static str),
    /// The unit is missing.
    #[error("`{0}` has no unit; write one of {1}")]
    NoUnit(String, &'static str),
    /// The unit is not known.
    #[error("`{0}` is not a unit here; write one of {1}")]
    UnknownUnit(String, &'static str),
    /// Negative, not finite, or beyond what 64 bits hold.
    #[error("`{0}` is out of range: it must be at least zero and below {1}")]
    OutOfRange(String, &'static str),
}

const SPAN_UNITS: [(&str, f64); 7] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3_600e9),
    ("d", 86_400e9),
];
const BYTE_UNITS: [(&str, f64); 11] = [
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("PB", 1e15),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
    ("PiB", 1_125_899_906_842_624.0),
];
const RATE_UNITS: [(&str, f64); 3] = [("/s", 1.0), ("/m", 1.0 / 60.0), ("/h", 1.0 / 3_600.0)];
const SPAN_NAMES: &str = "ns, us, ms, s, m, h, d";
const BYTE_NAMES: &str = "B, KiB, MiB, GiB, TiB, PiB, kB, MB, GB, TB, PB";
const RATE_NAMES: &str = "/s, /m, /h";

/// Splits `"250ms"` into its number and the factor of its unit.
fn parse(
    text: &str,
    units: &[(&str, f64)],
    names: &'static str,
    example: &'static str,
) -> Result<f64, UnitError> {
    let trimmed = text.trim();
    // An `e` belongs to the number only when an exponent follows; no unit starts with one.
    let end = trimmed
        .char_indices()
        .find(|&(i, c)| {
            let exponent = matches!(c, 'e' | 'E')
                && trimmed[i + 1..]
                    .starts_with(|d: char| d.is_ascii_digit() || d == '-' || d == '+');
            !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | '_') || exponent)
        })
        .map_or(trimmed.len(), |(i, _)| i);
    let (number, unit) = trimmed.split_at(end);
    let unit = unit.trim();
    let number: f64 = number
        .replace('_', "")
        .parse()
        .map_err(|_| UnitError::NoNumber(text.to_owned(), example))?;
    if unit.is_empty() {
        return Err(UnitError::NoUnit(text.to_owned(), names));
    }
    let factor = units
        .iter()
        .find(|(name, _)| *name == unit || (unit == "µs" && *name == "us"))
        .ok_or_else(|| UnitError::UnknownUnit(unit.to_owned(), names))?
        .1;
    Ok(number * factor)
}

/// 2⁶³: far beyond any run or store, and sums of two still fit in 64 bits.
const LIMIT: f64 = 9_223_372_036_854_775_808.0;

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// Whole seconds.
    pub const fn from_secs(s: u64) -> Span {
        Span(s * 1_000_000_000)
    }

    /// Whole milliseconds.
    pub const fn from_millis(ms: u64) -> Span {
        Span(ms * 1_000_000)
    }

    /// Rounds to whole nanoseconds; negative and NaN become zero, too long saturates.
    pub fn from_secs_f64(s: f64) -> Span {
        Span((s * 1e9).round() as u64)
    }

    /// Seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Microseconds.
    pub fn as_micros_f64(self) -> f64 {
        self.0 as f64 / 1e3
    }

    /// Reads `"250ms"`: a decimal number and one of ns, us, ms, s, m, h, d.
    pub fn parse(text: &str) -> Result<Span, UnitError> {
        let ns = parse(text, &SPAN_UNITS, SPAN_NAMES, "\"250ms\"")?;
        if !(0.0..LIMIT).contains(&ns) {
            return Err(UnitError::OutOfRange(text.to_owned(), "292 years"));
        }
        Ok(Span(ns.round() as u64))
    }

    /// As a scenario writes it, to the nanosecond: a whole number of the longest unit that fits.
    pub fn exact(self) -> String {
        let divides = |unit: &&(&str, f64)| self.0 > 0 && self.0.is_multiple_of(unit.1 as u64);
        let (unit, length) = SPAN_UNITS.iter().rev().find(divides).unwrap_or(&("s", 1e9));
        format!("{}{unit}", self.0 / *length as u64)
    }
}

impl Bytes {
    /// Reads `"64KiB"`: a decimal number and a binary or decimal unit.
    pub fn parse(text: &str) -> Result<Bytes, UnitError> {
        let bytes = parse(text, &BYTE_UNITS, BYTE_NAMES, "\"64KiB\"")?;
        if !(0.0..LIMIT).contains(&bytes) {
            return Err(UnitError::OutOfRange(text.to_owned(), "8192 PiB"));
        }
        Ok(Bytes(bytes.round() as u64))
    }

    /// Reads a transfer rate, `"1GiB/s"`, in bytes per second.
    pub fn parse_per_second(text: &str) -> Result<Bytes, UnitError> {
        match text.trim().strip_suffix("/s") {
            Some(size) => Bytes::parse(size),
            None => Err(UnitError::NoUnit(
                text.to_owned(),
                "MiB/s, GiB/s, MB/s and so on",
            )),
        }
    }
}

impl Rate {
    /// Reads `"50/s"`: a decimal number and one of /s, /m, /h.
    pub fn parse(text: &str) -> Result<Rate, UnitError> {
        let rate = parse(text, &RATE_UNITS, RATE_NAMES, "\"50/s\"")?;
        if !(0.0..1e12).contains(&rate) {
            return Err(UnitError::OutOfRange(text.to_owned(), "1000000000000/s"));
        }
        Ok(Rate(rate))
    }
}

impl Time {
    /// The beginning of the run.
    pub const ZERO: Time = Time(0);
    /// Later than everything.
    pub const MAX: Time = Time(u64::MAX);

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Seconds since the run began.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Span) {
        *self = *self + other;
    }
}

impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

/// Writes a value with three significant digits and the largest unit that leaves it at least one.
fn scaled(f: &mut fmt::Formatter<'_>, value: u64, units: &[(&str, f64)]) -> fmt::Result {
    let value = value as f64;
    let mut chosen = units[0];
    for &unit in units {
        if value >= unit.1 {
            chosen = unit;
        }
    }
    let number = value / chosen.1;
    let decimals = match number {
        n if n >= 100.0 || n.fract() == 0.0 => 0,
        n if n >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{number:.decimals$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    f.pad(&format!("{text}{}", chosen.0))
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        scaled(f, self.0, &SPAN_UNITS)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        scaled(f, self.0, &SPAN_UNITS)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = [
            BYTE_UNITS[0],
            BYTE_UNITS[6],
            BYTE_UNITS[7],
            BYTE_UNITS[8],
            BYTE_UNITS[9],
            BYTE_UNITS[10],
        ];
        scaled(f, self.0, &binary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_sizes_and_rates_are_read() {
        assert_eq!(Span::parse("250ms"), Ok(Span::from_millis(250)));
        assert_eq!(Span::parse("1.5s"), Ok(Span(1_500_000_000)));
        assert_eq!(Span::parse("3d"), Ok(Span::from_secs(3 * 86_400)));
        assert_eq!(Span::parse("0s"), Ok(Span::ZERO));
        assert_eq!(Bytes::parse("64KiB"), Ok(Bytes(65_536)));
        assert_eq!(Bytes::parse("1.5kB"), Ok(Bytes(1_500)));
        assert_eq!(Bytes::parse_per_second("1GiB/s"), Ok(Bytes(1 << 30)));
        assert_eq!(Rate::parse("120/m"), Ok(Rate(2.0)));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "ms", "5", "-1s", "NaNs", "1e300s", "5 parsecs"] {
            assert!(Span::parse(text).is_err(), "{text}");
        }
        for text in ["-1B", "5", "1e30PiB", "1kb"] {
            assert!(Bytes::parse(text).is_err(), "{text}");
        }
        assert!(Rate::parse("inf/s").is_err());
        assert!(Bytes::parse_per_second("1GiB").is_err());
    }

    #[test]
    fn values_are_shown_short() {
        assert_eq!(Span(1_500_000).to_string(), "1.5ms");
        assert_eq!(Span(183).to_string(), "183ns");
        assert_eq!(Span::from_secs(86_400 * 3).to_string(), "3d");
        assert_eq!(Bytes(1_288_490_189).to_string(), "1.2GiB");
        assert_eq!(Bytes(0).to_string(), "0B");
    }
}
