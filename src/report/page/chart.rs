//! A chart as data: what is drawn in a browser, and what the table behind it says.

use serde::{Serialize, Serializer};

/// A chart: lines over one axis.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    /// What it is known by in the page.
    pub id: String,
    /// What is above it.
    pub title: String,
    /// What is below it: what a line is, in words.
    pub caption: String,
    pub x: X,
    /// What the values are in.
    pub unit: Unit,
    /// Whether the values' axis is logarithmic.
    pub log: bool,
    /// Whether the series are put on top of each other.
    pub stacked: bool,
    pub series: Vec<Series>,
    /// Values that a line across the chart marks, such as a bound.
    pub marks: Vec<Mark>,
    /// From where to where on the horizontal axis the answer lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<[f64; 2]>,
}

/// What a chart's points are at.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum X {
    /// The instants that all charts over time share.
    Time,
    /// Percentiles: 10 is the 90th, 100 the 99th.
    Percentile(Numbers),
    /// Values of a key.
    Value {
        /// What they are values of.
        name: String,
        unit: Unit,
        at: Numbers,
    },
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Count,
    PerSecond,
    Seconds,
    Bytes,
    BytesPerSecond,
    Share,
}

/// A line, with what lies around it.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    name: String,
    values: Numbers,
    #[serde(skip_serializing_if = "Option::is_none")]
    band: Option<Band>,
    /// Whether it is reckoned and not measured, so that its points are no more than the line.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reckoned: bool,
}

/// How far the values reach.
#[derive(Clone, Debug, Serialize)]
pub struct Band {
    pub low: Numbers,
    pub high: Numbers,
}

impl Chart {
    /// Whether what is above the bound leaves no room to see the bound itself.
    pub fn dwarfs_its_bound(&self) -> bool {
        let shown = || {
            self.series
                .iter()
                .flat_map(|it| it.shown(true))
                .filter(|it| it.is_finite())
        };
        let bound = self.marks.iter().map(|mark| mark.value).fold(0.0, f64::max);
        let (least, most) = (
            shown().fold(f64::INFINITY, f64::min),
            shown().fold(0.0, f64::max),
        );
        bound > 0.0 && least > 0.0 && most > DWARFS * bound
    }
}

/// How many times its bound a figure must be to dwarf it.
const DWARFS: f64 = 5.0;

/// A value with a name.
#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    pub name: String,
    pub value: f64,
}

impl Series {
    /// A line through these values; NaN where there is none.
    pub fn new(name: &str, values: Vec<f64>, band: Option<Band>) -> Series {
        Series {
            name: name.to_owned(),
            values: Numbers(values),
            band,
            reckoned: false,
        }
    }

    /// A line that is reckoned, and not measured.
    pub fn reckoned(name: &str, values: Vec<f64>) -> Series {
        Series {
            reckoned: true,
            ..Series::new(name, values, None)
        }
    }

    /// Whether there is anything to see.
    pub fn is_zero(&self) -> bool {
        let all = |numbers: &Numbers| {
            numbers
                .0
                .iter()
                .all(|value| value.is_nan() || *value == 0.0)
        };
        all(&self.values) && self.band.as_ref().is_none_or(|band| all(&band.high))
    }

    /// The line alone: on top of each other, bands would mislead.
    pub fn without_band(self) -> Series {
        Series { band: None, ..self }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is reckoned and not measured.
    pub fn is_reckoned(&self) -> bool {
        self.reckoned
    }

    /// Every number that is drawn of it, with its band or without.
    pub fn shown(&self, with_band: bool) -> impl Iterator<Item = f64> {
        let band = self.band.iter().filter(move |_| with_band);
        let ends = band.flat_map(|band| band.low.0.iter().chain(&band.high.0));
        self.values.0.iter().chain(ends).copied()
    }

    /// The line; NaN where there is none.
    pub fn values(&self) -> &[f64] {
        &self.values.0
    }

    /// What lies around it.
    pub fn band(&self) -> Option<&Band> {
        self.band.as_ref()
    }
}

/// Numbers to as many digits as a pixel or a reader can tell; null for NaN.
#[derive(Clone, Debug, Default)]
pub struct Numbers(pub Vec<f64>);

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|&value| Rounded(value, 4)))
    }
}

/// The same of instants, which follow each other closely in a long run.
pub struct Instants<'i>(pub &'i [f64]);

impl Serialize for Instants<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|&value| Rounded(value, 8)))
    }
}

/// A number to so many significant digits.
struct Rounded(f64, usize);

impl Serialize for Rounded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Rounded(value, digits) = *self;
        if !value.is_finite() {
            return serializer.serialize_none();
        }
        let rounded: f64 = format!("{value:.*e}", digits - 1).parse().unwrap_or(value);
        match rounded.fract() == 0.0 && rounded.abs() < 9e15 {
            true => serializer.serialize_i64(rounded as i64),
            false => serializer.serialize_f64(rounded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_a_reader_can_tell() {
        let numbers = Numbers(vec![
            0.0,
            123_456.0,
            0.000_123_456,
            -1.0,
            f64::NAN,
            f64::INFINITY,
        ]);
        let text = serde_json::to_string(&numbers).unwrap();
        assert_eq!(text, "[0,123500,0.0001235,-1,null,null]");
        let text = serde_json::to_string(&Instants(&[604_800.25, 1e-9])).unwrap();
        assert_eq!(text, "[604800.25,1e-9]");
    }
}
