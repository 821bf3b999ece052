//! Single values: numbers, names, durations, sizes, rates and distributions.

use super::document::{Node, Value};
use super::mistake::Source;
use super::mistake::Spot;
use super::reader::{Fields, Read, Reader, Written};
use std::num::NonZeroU32;
use stormglass_model::random::{Distribution, Drawn, Shape};
use stormglass_model::units::{Bytes, Rate, Span, UnitError};

impl Read for bool {
    fn read(reader: &mut Reader, node: &Node) -> Option<bool> {
        match node.value {
            Value::Boolean(value) => Some(value),
            _ => {
                reader.wrong_type(node, "true or false", "true");
                None
            }
        }
    }
}

impl Read for String {
    fn read(reader: &mut Reader, node: &Node) -> Option<String> {
        match &node.value {
            Value::String(text) => Some(text.clone()),
            _ => {
                reader.wrong_type(node, "a string", "\"text\"");
                None
            }
        }
    }
}

/// A text that is shown in reports: not empty, and on one line.
pub(super) struct Name(pub String);

impl Read for Name {
    fn read(reader: &mut Reader, node: &Node) -> Option<Name> {
        let text = String::read(reader, node)?;
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            let message = "a name must not be empty, nor hold line breaks or control characters";
            reader.wrong(
                node.spot,
                message,
                "write for example `\"upload, keep, delete\"`",
            );
            return None;
        }
        Some(Name(text))
    }
}

/// A whole number from `least` to `most`.
fn whole(reader: &mut Reader, node: &Node, least: i128, most: i128) -> Option<i128> {
    let Value::Integer(value) = node.value else {
        reader.wrong_type(node, "a whole number", "8");
        return None;
    };
    let inside = value.filter(|value| (least..=most).contains(value));
    if inside.is_none() {
        let help = format!("write a whole number from {least} to {most}");
        reader.wrong(node.spot, "the number is out of range", help);
    }
    inside
}

impl Read for u64 {
    fn read(reader: &mut Reader, node: &Node) -> Option<u64> {
        let value = whole(reader, node, 0, u64::MAX.into())?;
        u64::try_from(value).ok()
    }
}

impl Read for NonZeroU32 {
    fn read(reader: &mut Reader, node: &Node) -> Option<NonZeroU32> {
        let value = whole(reader, node, 1, u32::MAX.into())?;
        NonZeroU32::new(u32::try_from(value).ok()?)
    }
}

/// A whole number of at least one.
pub(super) struct Positive(pub u64);

impl Read for Positive {
    fn read(reader: &mut Reader, node: &Node) -> Option<Positive> {
        let value = whole(reader, node, 1, u64::MAX.into())?;
        u64::try_from(value).ok().map(Positive)
    }
}

impl Read for f64 {
    fn read(reader: &mut Reader, node: &Node) -> Option<f64> {
        let value = match node.value {
            Value::Integer(Some(value)) => value as f64,
            Value::Float(value) => value,
            _ => {
                reader.wrong_type(node, "a number", "1.5");
                return None;
            }
        };
        if value.is_finite() && value >= 0.0 {
            return Some(value);
        }
        let message = format!("`{value}` is not a number that can be used here");
        reader.wrong(node.spot, message, "write a finite number, at least zero");
        None
    }
}

/// A share of a whole: 0 to 1, or a percentage.
pub(super) struct Share(pub f64);

impl Share {
    /// Reads `0.5` or `50%`.
    pub fn parse(text: &str) -> Option<f64> {
        let (number, factor) = match text.trim().strip_suffix('%') {
            Some(number) => (number.trim_end(), 0.01),
            None => (text.trim(), 1.0),
        };
        let value = number.parse::<f64>().ok()? * factor;
        (0.0..=1.0).contains(&value).then_some(value)
    }
}

impl Read for Share {
    fn read(reader: &mut Reader, node: &Node) -> Option<Share> {
        let share = match &node.value {
            Value::String(text) => Share::parse(text),
            Value::Integer(Some(value)) => Share::parse(&value.to_string()),
            Value::Float(value) => Share::parse(&value.to_string()),
            _ => {
                reader.wrong_type(node, "a share of the whole", "\"50%\"");
                return None;
            }
        };
        if share.is_none() {
            let message = "the share must lie between 0 and 1";
            reader.wrong(node.spot, message, "write for example `0.3` or `\"30%\"`");
        }
        share.map(Share)
    }
}

fn unit<T>(
    reader: &mut Reader,
    node: &Node,
    what: &str,
    example: &str,
    parse: impl Fn(&str) -> Result<T, UnitError>,
) -> Option<T> {
    let Value::String(text) = &node.value else {
        reader.wrong_type(node, what, example);
        return None;
    };
    match parse(text) {
        Ok(value) => Some(value),
        Err(error) => {
            let help = format!("write {what}, for example `{example}`");
            reader.wrong(node.spot, error.to_string(), help);
            None
        }
    }
}

impl Read for Span {
    fn read(reader: &mut Reader, node: &Node) -> Option<Span> {
        unit(reader, node, Span::WHAT, Span::EXAMPLE, Span::parse)
    }
}

impl Read for Bytes {
    fn read(reader: &mut Reader, node: &Node) -> Option<Bytes> {
        unit(reader, node, Bytes::WHAT, Bytes::EXAMPLE, Bytes::parse)
    }
}

impl Read for Rate {
    fn read(reader: &mut Reader, node: &Node) -> Option<Rate> {
        unit(reader, node, "a rate", "\"50/s\"", Rate::parse)
    }
}

/// A length of time above zero.
pub(super) struct Lasting(pub Span);

impl Read for Lasting {
    fn read(reader: &mut Reader, node: &Node) -> Option<Lasting> {
        let span = Span::read(reader, node)?;
        if span == Span::ZERO {
            let help = "write a duration, for example `\"5m\"`";
            reader.wrong(node.spot, "this duration must be above zero", help);
            return None;
        }
        Some(Lasting(span))
    }
}

/// Bytes per second, above zero.
pub(super) struct Bandwidth(pub Bytes);

impl Read for Bandwidth {
    fn read(reader: &mut Reader, node: &Node) -> Option<Bandwidth> {
        let (what, example) = ("bytes per second", "\"1GiB/s\"");
        let bytes = unit(reader, node, what, example, Bytes::parse_per_second)?;
        if bytes == Bytes(0) {
            let help = "leave the key out for a bandwidth without limit";
            reader.wrong(node.spot, "a bandwidth of zero moves nothing", help);
            return None;
        }
        Some(Bandwidth(bytes))
    }
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
    fn measured(text: &str) -> Result<f64, UnitError>;
}

impl Quantity for Span {
    const WHAT: &str = "a duration";
    const EXAMPLE: &str = "\"250ms\"";

    fn number(self) -> f64 {
        self.0 as f64
    }

    // A plain number could be seconds as well as milliseconds: it must say.
    fn measured(text: &str) -> Result<f64, UnitError> {
        Span::parse(text).map(Span::number)
    }
}

impl Quantity for Bytes {
    const WHAT: &str = "a size";
    const EXAMPLE: &str = "\"64KiB\"";

    fn number(self) -> f64 {
        self.0 as f64
    }

    // A plain number of a list of sizes is what `stat` and `du -b` print: bytes.
    fn measured(text: &str) -> Result<f64, UnitError> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        match plain && !text.is_empty() {
            true => Bytes::parse(&format!("{text}B")).map(Bytes::number),
            false => Bytes::parse(text).map(Bytes::number),
        }
    }
}

impl<T: Quantity> Read for Distribution<T> {
    fn read(reader: &mut Reader, node: &Node) -> Option<Distribution<T>> {
        let shape = match &node.value {
            Value::Table(_) => shape::<T>(reader, node)?,
            Value::String(_) => Shape::Constant(T::read(reader, node)?.number()),
            _ => {
                reader.wrong_type(node, &format!("{} or a distribution", T::WHAT), T::EXAMPLE);
                return None;
            }
        };
        match Distribution::new(&shape) {
            Ok(distribution) => Some(distribution),
            Err(error) => {
                let help = match shape {
                    Shape::Constant(_) => T::EXAMPLE,
                    Shape::Exponential { .. } => "{ exponential = { mean = … } }",
                    Shape::Lognormal { .. } => {
                        "{ lognormal = { median = …, p99 = … } }, 0 < median ≤ p99"
                    }
                    Shape::Uniform { .. } => "{ uniform = { min = …, max = … } }, min ≤ max",
                    Shape::Pareto { .. } => {
                        "{ pareto = { min = …, shape = 1.5 } }, both above zero"
                    }
                    Shape::Empirical(_) => {
                        "`value` or `value,weight` a line, one weight above zero"
                    }
                };
                reader.wrong(node.spot, error.to_string(), format!("write {help}"));
                None
            }
        }
    }
}

fn shape<T: Quantity>(reader: &mut Reader, node: &Node) -> Option<Shape> {
    let known = ["exponential", "lognormal", "uniform", "pareto", "empirical"];
    let (tag, inner) = reader.tagged(node, "distribution", &known)?;
    let mut fields = Fields::of(reader, inner, "{ exponential = { mean = … } }")?;
    let mut number = |reader: &mut Reader, key| {
        (fields.required::<T>(reader, key, T::EXAMPLE)).map(Quantity::number)
    };
    // Every parameter is read before any is missed, so that all mistakes show.
    let shape = match tag {
        "exponential" => number(reader, "mean").map(|mean| Shape::Exponential { mean }),
        "lognormal" => {
            let (median, p99) = (number(reader, "median"), number(reader, "p99"));
            median
                .zip(p99)
                .map(|(median, p99)| Shape::Lognormal { median, p99 })
        }
        "uniform" => {
            let (min, max) = (number(reader, "min"), number(reader, "max"));
            min.zip(max).map(|(min, max)| Shape::Uniform { min, max })
        }
        "pareto" => {
            let min = number(reader, "min");
            let shape = fields.required::<f64>(reader, "shape", "1.5");
            min.zip(shape)
                .map(|(min, shape)| Shape::Pareto { min, shape })
        }
        _ => (fields.required::<Written<String>>(reader, "file", "\"sizes.csv\""))
            .and_then(|file| measured::<T>(reader, &file))
            .map(Shape::Empirical),
    };
    fields.done(reader);
    shape
}

/// Reads a list of measured values, `value` or `value,weight` a line; mistakes point into it.
fn measured<T: Quantity>(reader: &mut Reader, file: &Written<String>) -> Option<Vec<(f64, f64)>> {
    let text = match std::fs::read_to_string(reader.dir.join(&file.value)) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("cannot read `{}`: {error}", file.value);
            let help = "name a text file; a relative name is looked up beside the scenario";
            reader.wrong(file.spot, message, help);
            return None;
        }
    };
    let source = reader.sources.len();
    reader.sources.push(Source {
        name: file.value.clone(),
        text: text.clone(),
    });
    let mistakes = reader.mistakes.len();
    let mut values = Vec::new();
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let row = line.trim();
        let begins = start + (line.len() - line.trim_start().len());
        start += line.len();
        let header = index == 0 && row.split(',').next() == Some("value");
        if row.is_empty() || row.starts_with('#') || header {
            continue;
        }
        let spot = Spot {
            source,
            start: begins,
            end: begins + row.len(),
        };
        values.extend(measured_row::<T>(reader, row, spot));
    }
    (reader.mistakes.len() == mistakes).then_some(values)
}

fn measured_row<T: Quantity>(reader: &mut Reader, row: &str, spot: Spot) -> Option<(f64, f64)> {
    let (value, weight) = row.split_once(',').unwrap_or((row, "1"));
    let weight = weight.trim().parse::<f64>();
    let weight = weight
        .ok()
        .filter(|weight| weight.is_finite() && *weight >= 0.0);
    let help = format!(
        "write {} and, if they differ, a weight: `{},3`",
        T::WHAT,
        T::EXAMPLE
    )
    .replace('"', "");
    match (T::measured(value.trim()), weight) {
        (Ok(value), Some(weight)) => return Some((value, weight)),
        (Err(error), _) => reader.wrong(spot, error.to_string(), help),
        (Ok(_), None) => reader.wrong(spot, "the weight is not a number of at least zero", help),
    }
    None
}
