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
    /// Several units, of which one is longer than the one before it, or as long.
    #[error("`{0}` does not go from longer units to shorter ones; write for example \"1h30m\"")]
    Order(String),
    /// Negative, not finite, or beyond what 64 bits hold.
    #[error("`{0}` is out of range: it must be at least zero and below {1}")]
    OutOfRange(String, &'static str),
}

/// How quantities of one kind are written.
struct Units {
    /// Each unit that values are shown in with how many of the least it is, in order.
    table: &'static [(&'static str, f64)],
    /// What else is understood.
    others: &'static [(&'static str, f64)],
    /// Whether one text may hold several, `1h30m`.
    adds_up: bool,
    names: &'static str,
    example: &'static str,
    /// Every quantity is below this, and how that is told.
    limit: (f64, &'static str),
}

/// 2⁶³: far beyond any run or store, and sums of two still fit in 64 bits.
const LIMIT: f64 = 9_223_372_036_854_775_808.0;

const SPANS: Units = Units {
    table: &[
        ("ns", 1.0),
        ("us", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 60e9),
        ("h", 3_600e9),
        ("d", 86_400e9),
    ],
    others: &[
        ("µs", 1e3),
        ("sec", 1e9),
        ("min", 60e9),
        ("second", 1e9),
        ("minute", 60e9),
        ("hour", 3_600e9),
        ("day", 86_400e9),
        ("w", 604_800e9),
        ("week", 604_800e9),
    ],
    adds_up: true,
    names: "ns, us, ms, s, m, h, d, w",
    example: "\"250ms\"",
    limit: (LIMIT, "292 years"),
};
const BYTES: Units = Units {
    table: &[
        ("B", 1.0),
        ("KiB", 1024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
        ("TiB", 1_099_511_627_776.0),
        ("PiB", 1_125_899_906_842_624.0),
    ],
    others: &[
        ("kB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("TB", 1e12),
        ("PB", 1e15),
    ],
    adds_up: false,
    names: "B, KiB, MiB, GiB, TiB, PiB, kB, MB, GB, TB, PB",
    example: "\"64KiB\"",
    limit: (LIMIT, "8192 PiB"),
};
const RATES: Units = Units {
    table: &[("/s", 1.0), ("/m", 1.0 / 60.0), ("/h", 1.0 / 3_600.0)],
    others: &[
        ("/sec", 1.0),
        ("/min", 1.0 / 60.0),
        ("/second", 1.0),
        ("/minute", 1.0 / 60.0),
        ("/hour", 1.0 / 3_600.0),
        ("/d", 1.0 / 86_400.0),
        ("/day", 1.0 / 86_400.0),
        ("/w", 1.0 / 604_800.0),
        ("/week", 1.0 / 604_800.0),
    ],
    adds_up: false,
    names: "/s, /m, /h, /d, /w",
    example: "\"50/s\"",
    limit: (1e12, "1000000000000/s"),
};

impl Units {
    /// Reads `"250ms"`, in the least unit; also as a whole number, which beyond 2⁵³ the other cannot always hold.
    fn parse(&self, text: &str) -> Result<(f64, u64), UnitError> {
        let mut rest = text.trim();
        let (mut sum, mut whole, mut shortest) = (0.0, 0_u64, f64::INFINITY);
        loop {
            let (number, after) = rest.split_at(number_length(rest));
            let digits = number.replace('_', "");
            let number: f64 =
                (digits.parse()).map_err(|_| UnitError::NoNumber(text.to_owned(), self.example))?;
            let next =
                |c: char| self.adds_up && (c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
            let (unit, next) = after.split_at(after.find(next).unwrap_or(after.len()));
            let unit = unit.trim();
            if unit.is_empty() {
                return Err(UnitError::NoUnit(text.to_owned(), self.names));
            }
            let factor = (self.factor(unit))
                .ok_or_else(|| UnitError::UnknownUnit(unit.to_owned(), self.names))?;
            let part = number * factor;
            sum += part;
            let (limit, told) = self.limit;
            if part.is_sign_negative() && part != 0.0 || !(0.0..limit).contains(&sum) {
                return Err(UnitError::OutOfRange(text.to_owned(), told));
            }
            if factor >= shortest {
                return Err(UnitError::Order(text.to_owned()));
            }
            let exact = digits.parse().ok().filter(|_| factor >= 1.0);
            let exact = exact.and_then(|number: u64| number.checked_mul(factor as u64));
            whole = whole.saturating_add(exact.unwrap_or(part.round() as u64));
            shortest = factor;
            rest = next;
            if rest.is_empty() {
                return Ok((sum, whole));
            }
        }
    }

    /// How many of the least a unit is, which may stand as a word in the plural.
    fn factor(&self, unit: &str) -> Option<f64> {
        let mut all = self.table.iter().chain(self.others);
        let singular = unit.strip_suffix('s').filter(|word| word.len() >= 3);
        all.find(|(name, _)| *name == unit || singular == Some(*name))
            .map(|(_, factor)| *factor)
    }
}

/// How long the number is with which a text begins.
fn number_length(text: &str) -> usize {
    // An `e` belongs to the number only when an exponent follows; no unit starts with one.
    let is_exponent = |at: usize, c: char| {
        matches!(c, 'e' | 'E')
            && text[at + 1..].starts_with(|d: char| d.is_ascii_digit() || d == '-' || d == '+')
    };
    text.char_indices()
        .find(|&(at, c)| {
            !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | '_') || is_exponent(at, c))
        })
        .map_or(text.len(), |(at, _)| at)
}

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

    /// Reads `"250ms"`: a decimal number and one of ns, us, ms, s, m, h, d, w; or several, as in `"1h30m"`.
    pub fn parse(text: &str) -> Result<Span, UnitError> {
        SPANS.parse(text).map(|(_, whole)| Span(whole))
    }

    /// As a scenario writes it, to the nanosecond: a whole number of the longest unit that fits.
    pub fn exact(self) -> String {
        exact(self.0, SPANS.table, ("s", 1e9))
    }
}

impl Bytes {
    /// Reads `"64KiB"`: a decimal number and a binary or decimal unit.
    pub fn parse(text: &str) -> Result<Bytes, UnitError> {
        BYTES.parse(text).map(|(_, whole)| Bytes(whole))
    }

    /// As a scenario writes it, to the byte: a whole number of the largest unit that fits.
    pub fn exact(self) -> String {
        exact(self.0, BYTES.table, BYTES.table[0])
    }

    /// Reads a transfer rate, `"1GiB/s"`, in bytes per second.
    pub fn parse_per_second(text: &str) -> Result<Bytes, UnitError> {
        let per = text.rsplit_once('/').map(|(size, per)| (size, per.trim()));
        match per {
            Some((size, "s" | "sec" | "second")) => Bytes::parse(size),
            _ => Err(UnitError::NoUnit(
                text.to_owned(),
                "MiB/s, GiB/s, MB/s and so on",
            )),
        }
    }
}

impl Rate {
    /// Reads `"50/s"`: a decimal number and one of /s, /m, /h, /d, /w.
    pub fn parse(text: &str) -> Result<Rate, UnitError> {
        RATES.parse(text).map(|(rate, _)| Rate(rate))
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

/// A value as a whole number of the longest unit that fits; `zero` is the unit of nothing.
fn exact(value: u64, units: &[(&str, f64)], zero: (&str, f64)) -> String {
    let divides = |unit: &&(&str, f64)| value > 0 && value.is_multiple_of(unit.1 as u64);
    let (unit, length) = units.iter().rev().find(divides).unwrap_or(&zero);
    format!("{}{unit}", value / *length as u64)
}

/// Writes a value with three significant digits and the largest unit that leaves it at least one.
fn scaled(f: &mut fmt::Formatter<'_>, value: u64, units: &[(&str, f64)]) -> fmt::Result {
    let value = value as f64;
    let fits = units.iter().rev().find(|(_, length)| value >= *length);
    let (unit, length) = fits.unwrap_or(&units[0]);
    let number = value / length;
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
    f.pad(&format!("{text}{unit}"))
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        scaled(f, self.0, SPANS.table)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        scaled(f, self.0, SPANS.table)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        scaled(f, self.0, BYTES.table)
    }
}
