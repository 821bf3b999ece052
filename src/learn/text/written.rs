//! Values as a scenario writes them, with what they stand on.

use crate::report::number::{counted, thousands};
use crate::statistics::fit::{Fit, fitted, thinned};
use std::fmt::Write as _;
use stormglass_model::random::Shape;
use stormglass_model::units::{Bytes, Span};

/// What a distribution is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Lengths of time, in nanoseconds.
    Spans,
    /// Sizes, in bytes.
    Sizes,
}

/// A file that stands beside the scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Its name.
    pub name: String,
    /// Its lines.
    pub text: String,
}

/// A distribution as it is written.
pub struct Written {
    /// Its value in TOML.
    pub value: String,
    /// What it stands on.
    pub comment: String,
}

/// Values of a file of measured values, at most.
const QUANTILES: usize = 200;

/// The distribution of values of which `count` came, `values` being a sample of them: a family that is not rejected, or the values
/// themselves in a file called `name`.
pub fn distribution(
    files: &mut Vec<Beside>,
    unit: Unit,
    name: &str,
    values: &[f64],
    coarse: Span,
    count: u64,
) -> Written {
    let what = match unit {
        Unit::Spans => "wait",
        Unit::Sizes => "size",
    };
    let from = counted(count, what);
    match fitted(values, coarse.0 as f64) {
        Some(fit) => Written {
            value: shape(unit, &fit.shape),
            comment: format!("{from}; {}", not_rejected(&fit)),
        },
        None => {
            let name = format!("{name}.csv");
            let thin = thinned(values, QUANTILES);
            let thinned = match values.len() > thin.len() && thin.len() == QUANTILES {
                true => format!(", as {QUANTILES} means of equal parts"),
                false => String::new(),
            };
            let mut text = format!("# {from}{thinned}\nvalue,weight\n");
            for (value, weight) in thin {
                let _ = writeln!(text, "{},{weight}", one(unit, value));
            }
            files.push(Beside {
                name: name.clone(),
                text,
            });
            Written {
                value: format!("{{ empirical = {{ file = \"{name}\" }} }}"),
                comment: format!("{from}{thinned}"),
            }
        }
    }
}

fn not_rejected(fit: &Fit) -> String {
    let name = match fit.shape {
        Shape::Constant(_) => return "all alike, as far as this can be told".to_owned(),
        Shape::Exponential { .. } => "exponential",
        Shape::Lognormal { .. } => "log-normal",
        Shape::Uniform { .. } => "uniform",
        Shape::Pareto { .. } => "Pareto",
        Shape::Empirical(_) => "measured",
    };
    let tested = thousands(fit.tested as u64);
    format!(
        "{name} is not rejected by {tested} of them, p = {:.2}",
        fit.likely
    )
}

/// A distribution of this shape, as a scenario writes it.
fn shape(unit: Unit, shape: &Shape) -> String {
    let exact = |value: f64| format!("\"{}\"", one(unit, value));
    let one = |value: f64| exact(four_digits(value));
    match *shape {
        Shape::Constant(value) if unit == Unit::Sizes => exact(value),
        Shape::Constant(value) => one(value),
        Shape::Exponential { mean } => format!("{{ exponential = {{ mean = {} }} }}", one(mean)),
        Shape::Lognormal { median, p99 } => {
            format!(
                "{{ lognormal = {{ median = {}, p99 = {} }} }}",
                one(median),
                one(p99.max(median))
            )
        }
        Shape::Uniform { min, max } => format!(
            "{{ uniform = {{ min = {}, max = {} }} }}",
            one(min),
            one(max.max(min))
        ),
        Shape::Pareto { min, shape } => format!(
            "{{ pareto = {{ min = {}, shape = {} }} }}",
            one(min),
            number(shape)
        ),
        Shape::Empirical(_) => String::new(),
    }
}

/// One value, with its unit.
pub fn one(unit: Unit, value: f64) -> String {
    let value = value.max(0.0).round() as u64;
    match unit {
        Unit::Spans => Span(value).exact(),
        Unit::Sizes => Bytes(value).exact(),
    }
}

/// A value to four digits: more of them no sample of this kind is worth.
pub fn four_digits(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    let unit = 10_f64.powf(value.log10().floor() - 3.0);
    match unit <= 1.0 {
        true => value.round(),
        false => ((value / unit).round() * unit).round(),
    }
}

/// A number of four significant digits, without zeros that say nothing.
pub fn number(value: f64) -> String {
    if value <= 0.0 || !value.is_finite() {
        return "0".to_owned();
    }
    let decimals = (3.0 - value.log10().floor()).clamp(0.0, 15.0) as usize;
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_a_scenario_reads_them() {
        assert_eq!(one(Unit::Spans, four_digits(4_123_456_789.0)), "4123ms");
        assert_eq!(one(Unit::Sizes, 65_536.0), "64KiB");
        assert_eq!(one(Unit::Spans, -5.0), "0s");
        assert_eq!(number(0.045_123_4), "0.04512");
        assert_eq!(number(1234.6), "1235");
        assert_eq!(number(50.0), "50");
        assert_eq!(number(0.0), "0");
    }

    #[test]
    fn what_fits_nothing_goes_into_a_file() {
        let mut files = Vec::new();
        let written = distribution(
            &mut files,
            Unit::Sizes,
            "sizes-1",
            &[1024.0, 1024.0, 7.0],
            Span::ZERO,
            3,
        );
        assert_eq!(written.value, "{ empirical = { file = \"sizes-1.csv\" } }");
        assert_eq!(files[0].text, "# 3 sizes\nvalue,weight\n7B,1\n1KiB,2\n");
    }
}
