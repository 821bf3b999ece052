//! What a storm did on average after its warm-up, and where the truth lies.
//!
//! Of several runs the interval is Student's over them. Of one run it is that of batch means, where the timeline allows one: where it
//! is short, or neighbours resemble each other for long, there is none.

use crate::metrics::{RunResult, Stretch, TimelineRow};
use crate::statistics::{CONFIDENCE, Estimate, batch_means};

/// A mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AverageFigure {
    /// The mean over all runs.
    pub mean: f64,
    /// How far its interval reaches to either side, and what that is made of; none where nobody can say.
    pub reach: Option<(f64, Basis)>,
}

/// What an interval is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Runs, of which each says one thing.
    Runs,
    /// Batches of one run.
    Batches,
}

/// What a storm did on average over its load, without warm-up and settle; none where nothing of the kind happened.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Averages {
    /// Operations that were open at once.
    pub in_flight: Option<AverageFigure>,
    /// The response time of an operation, in nanoseconds.
    pub response_ns: Option<AverageFigure>,
    /// Operations completed in a second.
    pub completions_per_s: Option<AverageFigure>,
}

impl Averages {
    /// Of the runs of a storm.
    pub fn of(runs: &[RunResult]) -> Averages {
        let steps: Vec<Vec<Step>> = runs.iter().map(steps).collect();
        Averages {
            in_flight: figure(&steps, |step| (step.in_flight, step.length_s)),
            response_ns: figure(&steps, |step| (step.response_ns, step.completions)),
            completions_per_s: figure(&steps, |step| {
                (step.completions / step.length_s, step.length_s)
            }),
        }
    }
}

/// An interval of the load.
struct Step {
    length_s: f64,
    in_flight: f64,
    completions: f64,
    /// The mean of those that completed; 0 where none did.
    response_ns: f64,
}

fn steps(run: &RunResult) -> Vec<Step> {
    let load = run.intervals();
    let load = load.filter(|(_, now)| run.stretch(now.phase) == Stretch::Load);
    load.map(|(before, now)| step(before, now)).collect()
}

fn step(before: &TimelineRow, now: &TimelineRow) -> Step {
    let length = now.gauges.at.since(before.gauges.at);
    let area = now.gauges.in_flight.area() - before.gauges.in_flight.area();
    let completions = (now.completions - before.completions) as f64;
    let response_ns = (now.response_ns - before.response_ns) as f64;
    Step {
        length_s: length.as_secs_f64(),
        in_flight: area as f64 / length.0 as f64,
        completions,
        response_ns: if completions > 0.0 {
            response_ns / completions
        } else {
            0.0
        },
    }
}

fn figure(runs: &[Vec<Step>], of: impl Fn(&Step) -> (f64, f64)) -> Option<AverageFigure> {
    let series = |run: &Vec<Step>| -> Vec<(f64, f64)> {
        let all = run.iter().map(&of);
        all.filter(|(_, weight)| *weight > 0.0).collect()
    };
    let runs: Vec<Vec<(f64, f64)>> = runs.iter().map(series).collect();
    let mean = |series: &[(f64, f64)]| {
        let weight: f64 = series.iter().map(|(_, weight)| weight).sum();
        series
            .iter()
            .map(|(value, weight)| value * weight)
            .sum::<f64>()
            / weight
    };
    let means: Vec<f64> = runs.iter().map(|series| mean(series)).collect();
    if let [only] = runs.as_slice() {
        let reach = batch_means(only).map(|it| it.reach(CONFIDENCE));
        return means[0].is_finite().then(|| AverageFigure {
            mean: means[0],
            reach: reach.map(|reach| (reach, Basis::Batches)),
        });
    }
    let estimate = Estimate::of(&means, CONFIDENCE)?;
    Some(AverageFigure {
        mean: estimate.mean,
        reach: (estimate.reach.is_finite()).then_some((estimate.reach, Basis::Runs)),
    })
}
