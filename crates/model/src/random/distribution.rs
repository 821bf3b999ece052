//! The distributions a scenario can name, for lengths of time and for sizes.

use super::{Rng, Seed, unit};
use crate::units::{Bytes, Span};
use rand_distr::Distribution as _;
use std::marker::PhantomData;
use std::sync::Arc;

/// The shape of a distribution, in nanoseconds or bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Always the same value.
    Constant(f64),
    /// Exponential with this mean.
    Exponential {
        /// The mean.
        mean: f64,
    },
    /// Log-normal with this median and 99th percentile.
    Lognormal {
        /// The median.
        median: f64,
        /// The 99th percentile; never below the median.
        p99: f64,
    },
    /// Evenly between two values.
    Uniform {
        /// The least value.
        min: f64,
        /// The greatest value.
        max: f64,
    },
    /// Pareto: a heavy tail above `min`.
    Pareto {
        /// The least value.
        min: f64,
        /// The tail's exponent; the smaller, the heavier.
        shape: f64,
    },
    /// Values drawn by weight from a list.
    Empirical(Vec<(f64, f64)>),
}

/// Every shape that is written with parameters: its name, and theirs in order.
pub const SHAPES: [(&str, &[&str]); 4] = [
    ("exponential", &["mean"]),
    ("lognormal", &["median", "p99"]),
    ("uniform", &["min", "max"]),
    ("pareto", &["min", "shape"]),
];

impl Shape {
    /// The shape of this name, with parameters as [`SHAPES`] has them.
    pub fn with(name: &str, parameters: &[f64]) -> Option<Shape> {
        match (name, parameters) {
            ("exponential", &[mean]) => Some(Shape::Exponential { mean }),
            ("lognormal", &[median, p99]) => Some(Shape::Lognormal { median, p99 }),
            ("uniform", &[min, max]) => Some(Shape::Uniform { min, max }),
            ("pareto", &[min, shape]) => Some(Shape::Pareto { min, shape }),
            _ => None,
        }
    }
}

/// Why a shape is no distribution.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DistributionError {
    /// A parameter is negative or not a number.
    #[error("{0} must be a number and not negative")]
    NotANumber(&'static str),
    /// A log-normal or Pareto parameter is zero.
    #[error("{0} must be above zero")]
    Zero(&'static str),
    /// `p99` below `median`.
    #[error("p99 must not be below the median")]
    P99BelowMedian,
    /// `max` below `min`.
    #[error("max must not be below min")]
    MaxBelowMin,
    /// No values, or no weight.
    #[error("an empirical distribution needs at least one value with a weight above zero")]
    Empty,
}

/// Something a distribution can be drawn as.
pub trait Drawn: Copy {
    /// So many nanoseconds or bytes.
    fn whole(value: u64) -> Self;
}

impl Drawn for Span {
    #[inline]
    fn whole(value: u64) -> Span {
        Span(value)
    }
}

impl Drawn for Bytes {
    #[inline]
    fn whole(value: u64) -> Bytes {
        Bytes(value)
    }
}

#[derive(Clone, Debug)]
enum Sampler {
    Constant(u64),
    Exponential(f64),
    Lognormal(rand_distr::LogNormal<f64>),
    Uniform {
        min: f64,
        width: f64,
    },
    Pareto(rand_distr::Pareto<f64>),
    /// Values with the running total of their weights, scaled to one.
    Empirical(Arc<[(f64, f64)]>),
}

/// A valid distribution of lengths of time or of sizes.
#[derive(Clone, Debug)]
pub struct Distribution<T> {
    shape: Shape,
    sampler: Sampler,
    drawn: PhantomData<T>,
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

impl<T: Drawn> Distribution<T> {
    /// A distribution of this shape, if its parameters make sense.
    pub fn new(shape: &Shape) -> Result<Self, DistributionError> {
        let sampler = match *shape {
            Shape::Constant(value) => Sampler::Constant(whole(not_negative("the value", value)?)),
            Shape::Exponential { mean } => Sampler::Exponential(not_negative("mean", mean)?),
            Shape::Lognormal { median, p99 } => {
                let (median, p99) = (positive("median", median)?, positive("p99", p99)?);
                if p99 < median {
                    return Err(DistributionError::P99BelowMedian);
                }
                let sigma = (p99 / median).ln() / Z99;
                rand_distr::LogNormal::new(median.ln(), sigma)
                    .map(Sampler::Lognormal)
                    .map_err(|_| DistributionError::NotANumber("p99"))?
            }
            Shape::Uniform { min, max } => {
                let (min, max) = (not_negative("min", min)?, not_negative("max", max)?);
                if max < min {
                    return Err(DistributionError::MaxBelowMin);
                }
                Sampler::Uniform {
                    min,
                    width: max - min,
                }
            }
            Shape::Pareto { min, shape } => {
                rand_distr::Pareto::new(positive("min", min)?, positive("shape", shape)?)
                    .map(Sampler::Pareto)
                    .map_err(|_| DistributionError::NotANumber("shape"))?
            }
            Shape::Empirical(ref values) => empirical(values)?,
        };
        Ok(Distribution {
            shape: shape.clone(),
            sampler,
            drawn: PhantomData,
        })
    }

    /// Always `value` nanoseconds or bytes.
    pub const fn constant(value: u64) -> Self {
        Distribution {
            shape: Shape::Constant(value as f64),
            sampler: Sampler::Constant(value),
            drawn: PhantomData,
        }
    }

    /// Its shape, in nanoseconds or bytes.
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The mean of its draws, in nanoseconds or bytes; infinite for a Pareto tail that has none.
    pub fn mean(&self) -> f64 {
        match &self.shape {
            Shape::Constant(value) => *value,
            Shape::Exponential { mean } => *mean,
            Shape::Lognormal { median, p99 } => {
                let sigma = (p99 / median).ln() / Z99;
                median * (sigma * sigma / 2.0).exp()
            }
            Shape::Uniform { min, max } => (min + max) / 2.0,
            Shape::Pareto { shape, .. } if *shape <= 1.0 => f64::INFINITY,
            Shape::Pareto { min, shape } => shape * min / (shape - 1.0),
            Shape::Empirical(values) => {
                let total: f64 = values.iter().map(|(_, weight)| weight).sum();
                values
                    .iter()
                    .map(|(value, weight)| value * weight)
                    .sum::<f64>()
                    / total
            }
        }
    }

    /// The mean of the squares of its draws, in square nanoseconds or bytes; infinite for a Pareto tail that has none.
    pub fn mean_square(&self) -> f64 {
        match &self.shape {
            Shape::Constant(value) => value * value,
            Shape::Exponential { mean } => 2.0 * mean * mean,
            Shape::Lognormal { median, p99 } => {
                let sigma = (p99 / median).ln() / Z99;
                median * median * (2.0 * sigma * sigma).exp()
            }
            Shape::Uniform { min, max } => (min * min + min * max + max * max) / 3.0,
            Shape::Pareto { shape, .. } if *shape <= 2.0 => f64::INFINITY,
            Shape::Pareto { min, shape } => shape * min * min / (shape - 2.0),
            Shape::Empirical(values) => {
                let total: f64 = values.iter().map(|(_, weight)| weight).sum();
                let squares = values.iter().map(|(value, weight)| value * value * weight);
                squares.sum::<f64>() / total
            }
        }
    }

    /// Whether every draw is zero.
    pub fn is_zero(&self) -> bool {
        match &self.sampler {
            Sampler::Constant(value) => *value == 0,
            Sampler::Exponential(mean) => *mean == 0.0,
            Sampler::Uniform { min, width } => *min == 0.0 && *width == 0.0,
            Sampler::Empirical(values) => values.iter().all(|(value, _)| *value == 0.0),
            Sampler::Lognormal(_) | Sampler::Pareto(_) => false,
        }
    }

    /// Draws a value.
    #[inline]
    pub fn draw(&self, rng: &mut Rng) -> T {
        T::whole(match self.sampler {
            Sampler::Constant(value) => value,
            _ => self.varied(rng),
        })
    }

    /// Draws a value from a generator that starts at `seed`. What is always the same needs none.
    #[inline]
    pub fn draw_at(&self, seed: Seed) -> T {
        T::whole(match self.sampler {
            Sampler::Constant(value) => value,
            _ => self.varied(&mut seed.rng()),
        })
    }

    fn varied(&self, rng: &mut Rng) -> u64 {
        whole(match &self.sampler {
            Sampler::Constant(value) => return *value,
            // The inverse of the distribution function; 1 - u is never zero.
            Sampler::Exponential(mean) => -mean * (1.0 - unit(rng)).ln(),
            Sampler::Lognormal(inner) => inner.sample(rng),
            Sampler::Uniform { min, width } => min + width * unit(rng),
            Sampler::Pareto(inner) => inner.sample(rng),
            Sampler::Empirical(values) => {
                let u = unit(rng);
                let index = values.partition_point(|(_, total)| *total <= u);
                values[index.min(values.len() - 1)].0
            }
        })
    }
}

/// Rounded; what 64 bits cannot hold saturates.
fn whole(value: f64) -> u64 {
    value.round() as u64
}

fn empirical(values: &[(f64, f64)]) -> Result<Sampler, DistributionError> {
    for &(value, weight) in values {
        not_negative("every value", value)?;
        not_negative("every weight", weight)?;
    }
    let total: f64 = values.iter().map(|(_, weight)| weight).sum();
    if total <= 0.0 || !total.is_finite() {
        return Err(DistributionError::Empty);
    }
    let mut so_far = 0.0;
    let cumulative = values
        .iter()
        .filter(|(_, weight)| *weight > 0.0)
        .map(|&(value, weight)| {
            so_far += weight / total;
            (value, so_far)
        })
        .collect();
    Ok(Sampler::Empirical(cumulative))
}

fn not_negative(name: &'static str, value: f64) -> Result<f64, DistributionError> {
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(DistributionError::NotANumber(name))
    }
}

fn positive(name: &'static str, value: f64) -> Result<f64, DistributionError> {
    match not_negative(name, value)? {
        0.0 => Err(DistributionError::Zero(name)),
        value => Ok(value),
    }
}
