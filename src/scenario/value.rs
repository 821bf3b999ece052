//! Single values: numbers, names, durations, sizes, rates and distributions.

use super::document::Value;
use super::measured::{self, Kind};
use super::reader::{Fields, Input, Read};
use crate::metrics::ALL;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use stormglass_model::random::{Distribution, DistributionError, Drawn, SHAPES, Shape};
use stormglass_model::units::{Bytes, Rate, Span, UnitError};

impl Read for bool {
    fn read(input: Input) -> Option<bool> {
        match input.node.value {
            Value::Boolean(value) => Some(value),
            _ => input.wrong_type("true or false", "true"),
        }
    }
}

impl Read for String {
    fn read(input: Input) -> Option<String> {
        input.text("a string", "\"text\"").map(str::to_owned)
    }
}

/// A text that is shown in reports: not empty, and on one line.
pub(super) fn named(input: Input) -> Option<String> {
    let text = String::read(input)?;
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        let message = "a name must not be empty, nor hold line breaks or control characters";
        return input.refuse(message, "write for example `\"upload, keep, delete\"`");
    }
    if text == ALL {
        let message = format!("`{ALL}` is what results call all of them together");
        return input.refuse(message, "choose another name");
    }
    Some(text)
}

/// The `name` of one of several tables, which none of those before it has.
pub(super) fn own_name(
    t: &mut Fields,
    what: &str,
    example: &str,
    taken: &mut BTreeSet<String>,
) -> Option<String> {
    let name = t.need_with("name", example, named)?;
    if !taken.insert(name.clone()) {
        let help = format!("give each {what} a name of its own");
        t.wrong("name", format!("a second {what} is called `{name}`"), help);
    }
    Some(name)
}

/// A whole number from `least` to `most`, which `N` can hold.
pub(super) fn whole<N: TryFrom<i128>>(input: Input, least: i128, most: i128) -> Option<N> {
    let Value::Integer(value) = input.node.value else {
        return input.wrong_type("a whole number", "8");
    };
    let Some(value) = value.filter(|value| (least..=most).contains(value)) else {
        let help = format!("write a whole number from {least} to {most}");
        return input.refuse("the number is out of range", help);
    };
    N::try_from(value).ok()
}

impl Read for u64 {
    fn read(input: Input) -> Option<u64> {
        whole(input, 0, u64::MAX.into())
    }
}

impl Read for NonZeroU32 {
    fn read(input: Input) -> Option<NonZeroU32> {
        NonZeroU32::new(whole(input, 1, u32::MAX.into())?)
    }
}

/// A whole number of at least one.
pub(super) fn positive(input: Input) -> Option<u64> {
    whole(input, 1, u64::MAX.into())
}

impl Read for f64 {
    fn read(input: Input) -> Option<f64> {
        let value = match input.node.value {
            Value::Integer(Some(value)) => value as f64,
            Value::Float(value) => value,
            _ => return input.wrong_type("a number", "1.5"),
        };
        if !value.is_finite() || value < 0.0 {
            let message = format!("`{value}` is not a number that can be used here");
            return input.refuse(message, "write a finite number, at least zero");
        }
        Some(value)
    }
}

/// A share of a whole, as a text: `0.5` or `50%`, from 0 to 1.
pub fn parse_share(text: &str) -> Option<f64> {
    let (number, factor) = match text.trim().strip_suffix('%') {
        Some(number) => (number.trim_end(), 0.01),
        None => (text.trim(), 1.0),
    };
    let value = number.parse::<f64>().ok()? * factor;
    (0.0..=1.0).contains(&value).then_some(value)
}

/// A share of a whole: a number from 0 to 1, or a percentage.
pub(super) fn share(input: Input) -> Option<f64> {
    let share = match &input.node.value {
        Value::String(text) => parse_share(text),
        Value::Integer(Some(value)) => parse_share(&value.to_string()),
        Value::Float(value) => parse_share(&value.to_string()),
        _ => return input.wrong_type("a share of the whole", "\"50%\""),
    };
    share.or_else(|| {
        let message = "the share must lie between 0 and 1";
        input.refuse(message, "write for example `0.3` or `\"30%\"`")
    })
}

fn unit<T>(
    input: Input,
    what: &str,
    example: &str,
    parse: impl Fn(&str) -> Result<T, UnitError>,
) -> Option<T> {
    parse(input.text(what, example)?)
        .map_err(|error| {
            let help = format!("write {what}, for example `{example}`");
            input.wrong(error.to_string(), help);
        })
        .ok()
}

impl Read for Span {
    fn read(input: Input) -> Option<Span> {
        unit(input, Span::WHAT, Span::EXAMPLE, Span::parse)
    }
}

impl Read for Bytes {
    fn read(input: Input) -> Option<Bytes> {
        unit(input, Bytes::WHAT, Bytes::EXAMPLE, Bytes::parse)
    }
}

impl Read for Rate {
    fn read(input: Input) -> Option<Rate> {
        unit(input, "a rate", "\"50/s\"", Rate::parse)
    }
}

/// A length of time above zero.
pub(super) fn lasting(input: Input) -> Option<Span> {
    let span = Span::read(input)?;
    if span == Span::ZERO {
        let help = "write a duration, for example `\"5m\"`";
        return input.refuse("this duration must be above zero", help);
    }
    Some(span)
}

/// Bytes per second, above zero.
pub(super) fn bandwidth(input: Input) -> Option<Bytes> {
    let bytes = unit(
        input,
        "bytes per second",
        "\"1GiB/s\"",
        Bytes::parse_per_second,
    )?;
    if bytes == Bytes(0) {
        let help = "leave the key out for a bandwidth without limit";
        return input.refuse("a bandwidth of zero moves nothing", help);
    }
    Some(bytes)
}

/// What a distribution can be of.
pub(super) trait Quantity: Drawn + Read {
    /// What one is called.
    const WHAT: &str;
    /// How one is written.
    const EXAMPLE: &str;
    /// In nanoseconds or bytes.
    fn number(self) -> f64;
    /// Reads one from a list of measured values.
    fn measured(text: &str) -> Result<Self, UnitError>;
}

impl Quantity for Span {
    const WHAT: &str = "a duration";
    const EXAMPLE: &str = "\"250ms\"";

    fn number(self) -> f64 {
        self.0 as f64
    }

    // A plain number could be seconds as well as milliseconds: it must say.
    fn measured(text: &str) -> Result<Span, UnitError> {
        Span::parse(text)
    }
}

impl Quantity for Bytes {
    const WHAT: &str = "a size";
    const EXAMPLE: &str = "\"64KiB\"";

    fn number(self) -> f64 {
        self.0 as f64
    }

    // A plain number of a list of sizes is what `stat` and `du -b` print: bytes. Other tools add a fraction to it.
    fn measured(text: &str) -> Result<Bytes, UnitError> {
        match text.parse::<f64>() {
            Ok(_) => Bytes::parse(&format!("{text}B")),
            Err(_) => Bytes::parse(text),
        }
    }
}

impl<T: Quantity> Read for Distribution<T> {
    fn read(input: Input) -> Option<Distribution<T>> {
        let shape = match &input.node.value {
            Value::Table(_) => shape::<T>(input)?,
            Value::String(_) => Shape::Constant(T::read(input)?.number()),
            _ => {
                let wanted = format!("{} or a distribution", T::WHAT);
                return input.wrong_type(&wanted, T::EXAMPLE);
            }
        };
        let wrong = |error: DistributionError| {
            let help = match shape {
                Shape::Constant(_) => T::EXAMPLE,
                Shape::Exponential { .. } => "{ exponential = { mean = … } }",
                Shape::Lognormal { .. } => {
                    "{ lognormal = { median = …, p99 = … } }, 0 < median ≤ p99"
                }
                Shape::Uniform { .. } => "{ uniform = { min = …, max = … } }, min ≤ max",
                Shape::Pareto { .. } => "{ pareto = { min = …, shape = 1.5 } }, both above zero",
                Shape::Empirical(_) => "`value` or `value,weight` a line, one weight above zero",
            };
            input.wrong(error.to_string(), format!("write {help}"));
        };
        Distribution::new(&shape).map_err(wrong).ok()
    }
}

fn shape<T: Quantity>(input: Input) -> Option<Shape> {
    let names: Vec<&str> = (SHAPES.iter().map(|(name, _)| *name))
        .chain(["empirical"])
        .collect();
    let (tag, inner) = input.tagged("distribution", &names)?;
    inner.table("{ exponential = { mean = … } }", |t| {
        let Some((_, keys)) = SHAPES.iter().find(|(name, _)| *name == tag) else {
            let measured = t.need_with("file", "\"sizes.csv\"", |input| {
                let kind = Kind {
                    what: T::WHAT,
                    example: T::EXAMPLE,
                    parse: |text| T::measured(text).map(Quantity::number),
                };
                measured::read(input, &kind)
            });
            return measured.map(Shape::Empirical);
        };
        let number = |key: &&'static str| match *key {
            "shape" => t.need(key, "1.5"),
            key => t.need::<T>(key, T::EXAMPLE).map(Quantity::number),
        };
        // Every parameter is read before any is missed, so that all mistakes show.
        let numbers: Vec<Option<f64>> = keys.iter().map(number).collect();
        let numbers: Option<Vec<f64>> = numbers.into_iter().collect();
        Shape::with(tag, &numbers?)
    })
}
