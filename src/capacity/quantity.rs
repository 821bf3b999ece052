//! What a key of a scenario holds, as a number that can be varied.

use std::fmt;
use stormglass_model::units::{Bytes, Rate, Span};

/// What a number of a scenario is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A whole number.
    Whole,
    /// Any number.
    Number,
    /// Nanoseconds.
    Time,
    /// Bytes.
    Size,
    /// Bytes a second.
    Bandwidth,
    /// A second.
    Rate,
}

/// A number with its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// In nanoseconds, bytes, bytes a second, or a second.
    pub value: f64,
    /// Which of these.
    pub unit: Unit,
}

/// Why something cannot be varied.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RangeError {
    /// An end is no number.
    #[error("`{0}` is no number; write for example 8, 2/s, 64KiB or 250ms")]
    NoNumber(String),
    /// The ends are counted in different units.
    #[error("`{0}` and `{1}` are not of one kind; give both ends the same unit")]
    Mixed(String, String),
    /// Nothing lies between the ends.
    #[error("nothing lies between {0} and {1}; --to must be above --from")]
    Empty(Quantity, Quantity),
}

/// The values of a key that are looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The key of the scenario, `load.arrivals.rate`.
    pub key: String,
    /// The least value.
    pub from: f64,
    /// The greatest.
    pub to: f64,
    /// What they are counted in.
    pub unit: Unit,
}

impl Quantity {
    /// Reads `8`, `0.5`, `2/s`, `64KiB`, `1GiB/s` or `250ms`.
    pub fn parse(text: &str) -> Result<Quantity, RangeError> {
        let text = text.trim();
        let plain = text.replace('_', "");
        let whole = plain.parse::<u32>().map(f64::from).ok();
        let number = plain.parse::<f64>().ok().filter(|value| value.is_finite());
        let readings = [
            (Unit::Whole, whole),
            (Unit::Number, number),
            (Unit::Rate, Rate::parse(text).ok().map(|rate| rate.0)),
            (Unit::Time, Span::parse(text).ok().map(|span| span.0 as f64)),
            (Unit::Size, Bytes::parse(text).ok().map(|it| it.0 as f64)),
            (
                Unit::Bandwidth,
                Bytes::parse_per_second(text).ok().map(|it| it.0 as f64),
            ),
        ];
        let mut read = readings
            .into_iter()
            .filter_map(|(unit, value)| Some((unit, value?)));
        let (unit, value) = (read.next()).ok_or_else(|| RangeError::NoNumber(text.to_owned()))?;
        Ok(Quantity { value, unit })
    }

    /// As a scenario writes it.
    fn toml(self) -> String {
        let Quantity { value, unit } = self;
        let whole = value.round();
        match unit {
            Unit::Whole => format!("{whole}"),
            Unit::Number => format!("{value:?}"),
            Unit::Rate => format!("\"{value}/s\""),
            Unit::Time => format!("\"{whole}ns\""),
            Unit::Size => format!("\"{whole}B\""),
            Unit::Bandwidth => format!("\"{whole}B/s\""),
        }
    }
}

impl fmt::Display for Quantity {
    /// For people, to four digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Quantity { value, unit } = *self;
        let text = match unit {
            Unit::Whole => format!("{}", value.round()),
            Unit::Number => digits(value),
            Unit::Time => scaled(value, &SECONDS, 1e-9),
            Unit::Size => scaled(value, &SIZES, 1.0),
            Unit::Bandwidth => format!("{}/s", scaled(value, &SIZES, 1.0)),
            Unit::Rate => match value {
                rate if rate >= 1.0 || rate == 0.0 => format!("{}/s", digits(rate)),
                rate if rate * 60.0 >= 1.0 => format!("{}/m", digits(rate * 60.0)),
                rate => format!("{}/h", digits(rate * 3_600.0)),
            },
        };
        f.pad(&text)
    }
}

const SECONDS: [(&str, f64); 7] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3_600.0),
    ("d", 86_400.0),
];
const SIZES: [(&str, f64); 6] = [
    ("B", 1.0),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
    ("PiB", 1_125_899_906_842_624.0),
];

/// In the largest unit that leaves at least one of it.
fn scaled(value: f64, units: &[(&str, f64)], base: f64) -> String {
    let value = value * base;
    let fits = units.iter().rev().find(|(_, length)| value >= *length);
    let (unit, length) = fits.unwrap_or(&units[0]);
    format!("{}{unit}", digits(value / length))
}

/// Four digits, without zeros that say nothing.
fn digits(value: f64) -> String {
    let before = value.abs().log10().floor().max(0.0);
    let decimals = if value == 0.0 {
        0
    } else {
        (3.0 - before).max(0.0) as usize
    };
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

impl Range {
    /// The values of `key` from one to another, as the command line writes them.
    pub fn new(key: &str, from: &str, to: &str) -> Result<Range, RangeError> {
        let (low, high) = (Quantity::parse(from)?, Quantity::parse(to)?);
        let unit = match (low.unit, high.unit) {
            (a, b) if a == b => a,
            (Unit::Whole, Unit::Number) | (Unit::Number, Unit::Whole) => Unit::Number,
            _ => return Err(RangeError::Mixed(from.to_owned(), to.to_owned())),
        };
        if low.value >= high.value {
            return Err(RangeError::Empty(low, high));
        }
        Ok(Range {
            key: key.to_owned(),
            from: low.value,
            to: high.value,
            unit,
        })
    }

    /// One of its values.
    pub fn at(&self, value: f64) -> Quantity {
        let unit = self.unit;
        Quantity { value, unit }
    }

    /// What sets the key of a scenario to a value.
    pub fn setting(&self, value: f64) -> String {
        format!("{}={}", self.key, self.at(value).toml())
    }

    /// A value that lies in the middle of two, by ratio where they are far apart; none where none lies between.
    pub(super) fn middle(&self, low: f64, high: f64) -> Option<f64> {
        let far = low > 0.0 && high / low > 2.0;
        let middle = if far {
            (low * high).sqrt()
        } else {
            0.5 * (low + high)
        };
        let middle = self.rounded(middle);
        (low < middle && middle < high).then_some(middle)
    }

    /// So many values from one end to the other, of which each is as many times the one before where both ends are above zero.
    pub fn spread(&self, count: u32) -> Vec<f64> {
        let last = f64::from(count.saturating_sub(1).max(1));
        let value = |n: u32| {
            let way = f64::from(n) / last;
            let value = match self.from > 0.0 {
                true => self.from * (self.to / self.from).powf(way),
                false => self.from + (self.to - self.from) * way,
            };
            self.rounded(value)
        };
        let mut values: Vec<f64> = (0..count).map(value).collect();
        values.dedup();
        values
    }

    /// The nearest value that the key can have.
    pub(super) fn rounded(&self, value: f64) -> f64 {
        match self.unit {
            Unit::Whole | Unit::Time | Unit::Size | Unit::Bandwidth => value.round(),
            Unit::Number | Unit::Rate => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_varied_is_written_and_shown_in_its_unit() {
        for (text, unit, toml, shown) in [
            ("8", Unit::Whole, "8", "8"),
            ("0.5", Unit::Number, "0.5", "0.5"),
            ("120/m", Unit::Rate, "\"2/s\"", "2/s"),
            ("30/h", Unit::Rate, "\"0.008333333333333333/s\"", "30/h"),
            ("250ms", Unit::Time, "\"250000000ns\"", "250ms"),
            ("64KiB", Unit::Size, "\"65536B\"", "64KiB"),
            ("1GiB/s", Unit::Bandwidth, "\"1073741824B/s\"", "1GiB/s"),
        ] {
            let quantity = Quantity::parse(text).unwrap();
            assert_eq!(quantity.unit, unit, "{text}");
            assert_eq!(quantity.toml(), toml, "{text}");
            assert_eq!(quantity.to_string(), shown, "{text}");
        }
        assert_eq!(digits(12_345.678), "12346");
        assert_eq!(digits(1.23456), "1.235");
        let range = Range::new("a.b", "1/s", "10/s").unwrap();
        assert_eq!(range.setting(2.5), "a.b=\"2.5/s\"");
    }

    #[test]
    fn what_is_no_range_is_told() {
        for (from, to, told) in [
            ("soon", "8", "`soon` is no number"),
            ("2/s", "8", "give both ends the same unit"),
            ("8", "8", "nothing lies between 8 and 8"),
            ("9s", "250ms", "nothing lies between 9s and 250ms"),
        ] {
            let error = Range::new("a", from, to).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_middle_is_a_value_of_the_key() {
        let whole = Range::new("a", "1", "100").unwrap();
        assert_eq!(whole.middle(1.0, 100.0), Some(10.0));
        assert_eq!(whole.middle(4.0, 6.0), Some(5.0));
        assert_eq!(whole.middle(4.0, 5.0), None);
        let any = Range::new("a", "1.0", "100").unwrap();
        assert_eq!(any.middle(4.0, 5.0), Some(4.5));
        let wide = Range::new("a", "1", "64").unwrap();
        assert_eq!(wide.spread(7), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
        assert_eq!(
            Range::new("a", "1", "3").unwrap().spread(7),
            [1.0, 2.0, 3.0]
        );
        let none = Range::new("a", "0", "8").unwrap();
        assert_eq!(none.spread(5), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert!(none.spread(0).is_empty());
    }
}
