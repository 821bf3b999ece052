//! Which family of distributions values may come from, if the values do not speak against it.

use stormglass_model::random::{Distribution, Rng, Seed, Shape, unit};
use stormglass_model::units::Span;

/// A family that was not rejected.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The distribution, by maximum likelihood.
    pub shape: Shape,
    /// How likely values this far from it are, if they come from such a distribution; one where all values are alike.
    pub likely: f64,
    /// How many values it was tested with.
    pub tested: usize,
}

/// A fit is rejected if values this far away are less likely.
pub const REJECTED: f64 = 0.05;
/// Values that a test needs, and that it looks at at most.
pub const LEAST: usize = 20;
const MOST: usize = 500;
/// Values that differ by no more than this share of themselves are alike.
const ALIKE: f64 = 1e-3;
/// Samples that are drawn from a fit.
const DRAWN: usize = 99;

/// The family that fits best of those that are not rejected. `coarse` is how far off each value may be: the difference of two dates is
/// off by the difference of two parts of what they are told in.
///
/// The test is Kolmogorov's and Smirnov's. Parameters that come from the same values make them fit too well, so that the tables do not
/// hold: the fit's own samples, with parameters of their own, say what is far (W. Stute, W. González Manteiga, M. Presedo Quindimil,
/// "Bootstrap based goodness-of-fit tests", Metrika 40, 1993).
pub fn fitted(values: &[f64], coarse: f64) -> Option<Fit> {
    let values = &values[..values.len().min(MOST)];
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (least, greatest) = (*sorted.first()?, *sorted.last()?);
    if values.len() < LEAST || !least.is_finite() || !greatest.is_finite() {
        return None;
    }
    let tested = values.len();
    if greatest - least <= f64::max(2.0 * coarse, ALIKE * least) {
        let value = match coarse > 0.0 {
            true => mean(&sorted).max(0.0),
            false => sorted[tested / 2],
        };
        let shape = Shape::Constant(value);
        return Some(Fit {
            shape,
            likely: 1.0,
            tested,
        });
    }
    let mut best: Option<(f64, Fit)> = None;
    for (number, family) in FAMILIES.into_iter().enumerate() {
        let Some(shape) = family(&sorted) else {
            continue;
        };
        let far = distance(&sorted, &shape);
        let mut rng = Seed(1993).numbered(number as u64).rng();
        let farther = |_: &usize| {
            let sample = drawn(&shape, tested, coarse, &mut rng);
            let own = sample.as_deref().and_then(family);
            own.zip(sample)
                .is_some_and(|(own, sample)| distance(&sample, &own) >= far)
        };
        let likely = ((0..DRAWN).filter(farther).count() + 1) as f64 / (DRAWN + 1) as f64;
        let worth = information(&sorted, &shape);
        if likely >= REJECTED && best.as_ref().is_none_or(|(least, _)| worth < *least) {
            best = Some((
                worth,
                Fit {
                    shape,
                    likely,
                    tested,
                },
            ));
        }
    }
    best.map(|(_, fit)| fit)
}

/// Finds the parameters of sorted values.
type Family = fn(&[f64]) -> Option<Shape>;

const FAMILIES: [Family; 4] = [exponential, uniform, lognormal, pareto];

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn exponential(sorted: &[f64]) -> Option<Shape> {
    let mean = mean(sorted);
    (mean > 0.0).then_some(Shape::Exponential { mean })
}

fn uniform(sorted: &[f64]) -> Option<Shape> {
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    (min >= 0.0 && max > min).then_some(Shape::Uniform { min, max })
}

fn lognormal(sorted: &[f64]) -> Option<Shape> {
    let above = sorted.first().is_some_and(|least| *least > 0.0);
    let logs: Vec<f64> = sorted.iter().map(|value| value.ln()).collect();
    let mu = mean(&logs);
    let variance = logs.iter().map(|log| (log - mu).powi(2)).sum::<f64>() / logs.len() as f64;
    let p99 = (mu + Z99 * variance.sqrt()).exp();
    (above && variance > 0.0).then_some(Shape::Lognormal {
        median: mu.exp(),
        p99,
    })
}

fn pareto(sorted: &[f64]) -> Option<Shape> {
    let min = *sorted.first().filter(|least| **least > 0.0)?;
    let sum: f64 = sorted.iter().map(|value| (value / min).ln()).sum();
    (sum > 0.0).then(|| Shape::Pareto {
        min,
        shape: sorted.len() as f64 / sum,
    })
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

/// The share of a distribution at or below a value.
fn below(shape: &Shape, value: f64) -> f64 {
    match *shape {
        Shape::Constant(at) => f64::from(u8::from(value >= at)),
        Shape::Exponential { mean } => 1.0 - (-value.max(0.0) / mean).exp(),
        Shape::Uniform { min, max } => ((value - min) / (max - min)).clamp(0.0, 1.0),
        Shape::Lognormal { median, p99 } => {
            let sigma = (p99 / median).ln() / Z99;
            match value > 0.0 {
                true => {
                    0.5 * statrs::function::erf::erfc(
                        -((value / median).ln() / sigma) / std::f64::consts::SQRT_2,
                    )
                }
                false => 0.0,
            }
        }
        Shape::Pareto { min, shape } if value > min => 1.0 - (min / value).powf(shape),
        Shape::Pareto { .. } => 0.0,
        Shape::Empirical(ref values) => {
            let total: f64 = values.iter().map(|(_, weight)| weight).sum();
            let at = values
                .iter()
                .filter(|(it, _)| *it <= value)
                .map(|(_, weight)| weight);
            at.sum::<f64>() / total
        }
    }
}

/// How far the share of sorted values below any point is from that of the distribution, at most.
pub fn distance(sorted: &[f64], shape: &Shape) -> f64 {
    let n = sorted.len() as f64;
    let gaps = sorted.iter().enumerate().map(|(at, value)| {
        let share = below(shape, *value);
        (share - at as f64 / n).max((at + 1) as f64 / n - share)
    });
    gaps.fold(0.0, f64::max)
}

/// Sorted values of the distribution, told as coarsely as those that were measured.
fn drawn(shape: &Shape, count: usize, coarse: f64, rng: &mut Rng) -> Option<Vec<f64>> {
    let distribution = Distribution::<Span>::new(shape).ok()?;
    let one = |_| {
        let value = distribution.draw(rng).0 as f64;
        match coarse > 0.0 {
            true => value + coarse * (unit(rng) - unit(rng)),
            false => value,
        }
    };
    let mut values: Vec<f64> = (0..count).map(one).collect();
    values.sort_by(f64::total_cmp);
    Some(values)
}

/// Akaike's criterion: the less, the better. It counts parameters against the likelihood.
fn information(sorted: &[f64], shape: &Shape) -> f64 {
    let n = sorted.len() as f64;
    let logs: f64 = sorted
        .iter()
        .map(|value| value.max(f64::MIN_POSITIVE).ln())
        .sum();
    let (parameters, likelihood) = match *shape {
        Shape::Exponential { mean } => (1.0, -n * mean.ln() - n),
        Shape::Uniform { min, max } => (2.0, -n * (max - min).ln()),
        Shape::Lognormal { median, p99 } => {
            let sigma = (p99 / median).ln() / Z99;
            let width = sigma * (2.0 * std::f64::consts::PI).sqrt();
            (2.0, -logs - n * width.ln() - n / 2.0)
        }
        Shape::Pareto { min, shape } => (
            2.0,
            n * shape.ln() + n * shape * min.ln() - (shape + 1.0) * logs,
        ),
        Shape::Constant(_) | Shape::Empirical(_) => (1.0, f64::NEG_INFINITY),
    };
    2.0 * parameters - 2.0 * likelihood
}

/// Values that stand for all, each with its weight: the values themselves where few differ, else the means of so many parts of equal
/// weight, which keep the mean of all.
pub fn thinned(values: &[f64], most: usize) -> Vec<(f64, u64)> {
    let mut sorted: Vec<f64> = values.iter().map(|value| value.max(0.0).round()).collect();
    sorted.sort_by(f64::total_cmp);
    let mut counted: Vec<(f64, u64)> = Vec::new();
    for &value in &sorted {
        match counted.last_mut() {
            Some((last, count)) if *last == value => *count += 1,
            _ => counted.push((value, 1)),
        }
    }
    if counted.len() <= most {
        return counted;
    }
    let cut = |part: usize| part * sorted.len() / most;
    let part = |at: usize| &sorted[cut(at)..cut(at + 1)];
    let parts = (0..most).map(part).filter(|part| !part.is_empty());
    parts
        .map(|part| (mean(part).round(), part.len() as u64))
        .collect()
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;
