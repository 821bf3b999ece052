//! The universal scalability law: how throughput goes with concurrency.
//!
//! At a concurrency N the throughput is X = λN ÷ (1 + σ(N - 1) + κN(N - 1)), after N. Gunther, *Guerrilla Capacity Planning*, 2007:
//! λ is what one client does alone, σ the share of the work that only one can do at a time, and κ what it costs each to agree with
//! each other. So N ÷ X is a sum of 1, N - 1 and N(N - 1), with weights that least squares of relative errors find. What the law says
//! is worth something only where the points lie on it: that is judged by what they miss it by, never by R².

use crate::statistics::{CONFIDENCE, Estimate, student};
use rmpfit::{MPFitter, MPPar, MPResult};

/// Fewer points are refused: three weights fit any three.
pub const FEWEST: usize = 6;
/// Points that miss the law by more than this, on average, show something else.
const SCATTER: f64 = 0.1;
/// So many standard errors below zero a slope is with a probability of one in twenty where there is none.
const FALLS: f64 = 1.645;
/// How seldom points on the law are taken for a bent curve.
const BENT: f64 = 0.005;

/// What was measured at one load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// How many operations were open at once, on average.
    pub concurrency: f64,
    /// How many were completed in a second.
    pub throughput: f64,
}

/// The law that the points follow.
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    /// What one client does alone, a second.
    pub lambda: Estimate,
    /// Contention, 0 to 1.
    pub sigma: Estimate,
    /// The cost of coherence; never negative.
    pub kappa: Estimate,
    /// Where throughput is greatest; none where κ is not told apart from zero, or the points beyond do not fall.
    pub peak: Option<Peak>,
    /// The greatest concurrency of the points.
    pub most: f64,
    /// By how much of itself a point misses the law, as the root of the mean square.
    pub scatter: f64,
}

/// Where throughput is greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// The concurrency there.
    pub concurrency: Estimate,
    /// The throughput there, a second.
    pub throughput: Estimate,
}

/// Why no law is told.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Unlawful {
    /// Too few points, or all of them at nearly one concurrency.
    #[error("the scalability law needs {FEWEST} loads that are far apart, and there are {0}")]
    Few(usize),
    /// They lie on no smooth curve.
    #[error("throughput follows no scalability law: points miss it by {:.0} %", 100.0 * .0)]
    Scattered(f64),
    /// They lie on another curve.
    #[error(
        "throughput follows no scalability law: points lie on one side of it for long stretches"
    )]
    Bent,
}

impl Law {
    /// The throughput at a concurrency, a second.
    pub fn at(&self, concurrency: f64) -> f64 {
        throughput(&weights(self), concurrency)
    }

    /// Fits it to points of which each is as exact as the others, as a share of itself.
    pub fn fit(points: &[Observation]) -> Result<Law, Unlawful> {
        let is_usable = |it: &&Observation| {
            it.concurrency > 0.0
                && it.throughput > 0.0
                && (it.throughput / it.concurrency).is_finite()
        };
        let mut points: Vec<Observation> = points.iter().filter(is_usable).copied().collect();
        points.sort_by(|a, b| a.concurrency.total_cmp(&b.concurrency));
        points.dedup_by(|a, b| a.concurrency == b.concurrency);
        let far = |few: &[Observation]| {
            few.last()
                .map_or(0.0, |last| last.concurrency / few[0].concurrency)
                >= 2.0
        };
        if points.len() < FEWEST || !far(&points) {
            return Err(Unlawful::Few(points.len()));
        }
        let fitted = Fit::of(&points, false)?;
        if fitted.scatter > SCATTER {
            return Err(Unlawful::Scattered(fitted.scatter));
        }
        if is_bent(&fitted.residuals) {
            return Err(Unlawful::Bent);
        }
        // A weight below zero is no law; what is nearest to the points without one is.
        let bounded = Fit::of(&points, true)?;
        let ratio = |over: usize| move |it: &[f64; 3]| it[over] / it[0];
        let of = |figure: &dyn Fn(&[f64; 3]) -> f64| Estimate {
            mean: figure(&bounded.weights),
            reach: fitted.reach(figure),
        };
        let kappa = fitted.estimate(&ratio(2));
        let peak = (kappa.low() > 0.0).then(|| Peak {
            concurrency: fitted.estimate(&peak),
            throughput: fitted.estimate(&|it| throughput(it, peak(it))),
        });
        Ok(Law {
            lambda: of(&|it| 1.0 / it[0]),
            sigma: of(&ratio(1)),
            kappa: of(&ratio(2)),
            peak: peak.filter(|it| {
                let concurrency = it.concurrency.mean;
                concurrency.is_finite() && falls(&points, concurrency, fitted.scatter)
            }),
            most: points.last().map_or(0.0, |last| last.concurrency),
            scatter: fitted.scatter,
        })
    }
}

/// Whether throughput falls beyond a concurrency, by a straight line through what was measured there: a curve that only levels off
/// looks like one with a peak to the law. One point there or none says nothing against it.
fn falls(points: &[Observation], concurrency: f64, scatter: f64) -> bool {
    let beyond = points.iter().filter(|it| it.concurrency >= concurrency);
    let beyond: Vec<&Observation> = beyond.collect();
    if beyond.len() < 2 {
        return true;
    }
    let mean = |of: fn(&Observation) -> f64| {
        beyond.iter().map(|it| of(it)).sum::<f64>() / beyond.len() as f64
    };
    let (concurrency, throughput) = (mean(|it| it.concurrency), mean(|it| it.throughput));
    let away = |it: &Observation| it.concurrency - concurrency;
    let spread: f64 = beyond.iter().map(|it| away(it).powi(2)).sum();
    let rise = beyond
        .iter()
        .map(|it| away(it) * it.throughput)
        .sum::<f64>()
        / spread;
    rise < -FALLS * scatter * throughput / spread.sqrt()
}

fn weights(law: &Law) -> [f64; 3] {
    let alone = 1.0 / law.lambda.mean;
    [alone, alone * law.sigma.mean, alone * law.kappa.mean]
}

/// N ÷ X.
fn time(weights: &[f64; 3], concurrency: f64) -> f64 {
    let others = concurrency - 1.0;
    weights[0] + weights[1] * others + weights[2] * concurrency * others
}

fn throughput(weights: &[f64; 3], concurrency: f64) -> f64 {
    concurrency / time(weights, concurrency)
}

/// The concurrency of the greatest throughput.
fn peak(weights: &[f64; 3]) -> f64 {
    ((weights[0] - weights[1]) / weights[2]).sqrt()
}

/// The weights that fit best, and how exact they are.
struct Fit {
    weights: [f64; 3],
    covariance: [[f64; 3]; 3],
    /// By how much of itself each point misses, in order of concurrency.
    residuals: Vec<f64>,
    scatter: f64,
    /// Student's factor for the points that are left over.
    student: f64,
}

struct Points<'p> {
    points: &'p [Observation],
    bounds: Vec<MPPar>,
}

impl MPFitter for Points<'_> {
    fn eval(&mut self, params: &[f64], deviates: &mut [f64]) -> MPResult<()> {
        let weights = [params[0], params[1], params[2]];
        for (deviate, point) in deviates.iter_mut().zip(self.points) {
            let measured = point.concurrency / point.throughput;
            *deviate = (measured - time(&weights, point.concurrency)) / measured;
        }
        Ok(())
    }

    fn number_of_points(&self) -> usize {
        self.points.len()
    }

    fn parameters(&self) -> &[MPPar] {
        &self.bounds
    }
}

impl Fit {
    fn of(points: &[Observation], bounded: bool) -> Result<Fit, Unlawful> {
        let bound = |_| MPPar {
            limited_low: bounded,
            limit_low: 0.0,
            ..MPPar::new()
        };
        let mut fitter = Points {
            points,
            bounds: (0..3).map(bound).collect(),
        };
        let first = points[0].concurrency / points[0].throughput;
        let mut weights = [first, 0.01 * first, 1e-4 * first];
        let freedom = (points.len() - 3) as f64;
        // A fit that does not end has nothing to say of the points.
        let status =
            (fitter.mpfit(&mut weights)).map_err(|_| Unlawful::Scattered(f64::INFINITY))?;
        let variance = status.best_norm / freedom;
        let covariance =
            |row: usize| [0, 1, 2].map(|column| status.covar[3 * row + column] * variance);
        Ok(Fit {
            weights,
            covariance: [0, 1, 2].map(covariance),
            scatter: variance.sqrt(),
            residuals: status.resid,
            student: student::quantile(freedom, CONFIDENCE),
        })
    }

    fn estimate(&self, figure: &dyn Fn(&[f64; 3]) -> f64) -> Estimate {
        Estimate {
            mean: figure(&self.weights),
            reach: self.reach(figure),
        }
    }

    /// How far the interval of a figure of the weights reaches: as far as it changes with them.
    fn reach(&self, figure: &dyn Fn(&[f64; 3]) -> f64) -> f64 {
        let slopes = [0, 1, 2].map(|at| {
            let step = 1e-4 * self.covariance[at][at].sqrt().max(f64::MIN_POSITIVE);
            let moved = |by: f64| {
                let mut weights = self.weights;
                weights[at] += by;
                figure(&weights)
            };
            (moved(step) - moved(-step)) / (2.0 * step)
        });
        let mut variance = 0.0;
        for (row, slope) in self.covariance.iter().zip(slopes) {
            for (covariance, other) in row.iter().zip(slopes) {
                variance += slope * other * covariance;
            }
        }
        self.student * variance.max(0.0).sqrt()
    }
}

/// Whether the signs of the residuals change so seldom as chance alone would bring about less than once in two hundred times, after
/// A. Wald and J. Wolfowitz, 1940.
fn is_bent(residuals: &[f64]) -> bool {
    let above = residuals.iter().filter(|it| **it > 0.0).count();
    let below = residuals.len() - above;
    let changes = residuals
        .windows(2)
        .filter(|two| (two[0] > 0.0) != (two[1] > 0.0));
    let runs = changes.count() + 1;
    let all = choose(above + below, above);
    let ways: f64 = (1..=runs).map(|runs| ways(above, below, runs)).sum();
    above > 0 && below > 0 && ways / all < BENT
}

/// In how many orders so many of each sign make so many runs.
fn ways(above: usize, below: usize, runs: usize) -> f64 {
    let split = |count: usize, parts: usize| match (count, parts) {
        (_, 0) => 0.0,
        (count, parts) => choose(count - 1, parts - 1),
    };
    let half = runs / 2;
    match runs % 2 {
        0 => 2.0 * split(above, half) * split(below, half),
        _ => {
            split(above, half + 1) * split(below, half)
                + split(above, half) * split(below, half + 1)
        }
    }
}

fn choose(of: usize, some: usize) -> f64 {
    if some > of {
        return 0.0;
    }
    (0..some)
        .map(|n| (of - n) as f64 / (n + 1) as f64)
        .product()
}

#[cfg(test)]
#[path = "usl_tests.rs"]
mod tests;
