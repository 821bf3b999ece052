//! Whether the warm-up is long enough.
//!
//! What is in flight tells how full a service is. A storm begins with nothing in flight, so that its first intervals pull the mean
//! down until the service is as full as it will be. The rule of the marginal standard error ([`least_error`]) says when that is. It
//! alone would accuse chance: what it cuts off must also surely be below the rest, and matter. Where more is in flight at first, as of
//! users who all begin at once, that is the load that was asked for.

use crate::metrics::RunResult;
use crate::statistics::{Estimate, batch_means, least_error};
use stormglass_model::units::Time;

/// A warm-up that is too short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TooShort {
    /// When what is in flight has come to rest, in seconds since the run began; the mean over runs.
    pub until_s: f64,
    /// How far the mean in flight after the warm-up is below that of the rest, as a share of the latter.
    pub bias: f64,
}

/// The rest must be at least this share of the load: of less nobody knows whether it goes on so.
const REST: f64 = 0.5;
/// A bias that does not matter.
const MATTERS: f64 = 0.01;
/// How sure it must be that the beginning differs: the rule looks at every instant, and takes the best.
const SURE: f64 = 0.999;
/// So many standard deviations of the rest the beginning is off, where nothing else can be said.
const FAR: f64 = 3.5;

/// Whether the warm-up of the runs is too short. None also where nobody can say, and where a fault opened before things came to rest:
/// what it brought about is no part of the beginning.
pub fn too_short(runs: &[RunResult]) -> Option<TooShort> {
    let warm_up = runs.iter().map(RunResult::warm_up_s).fold(0.0, f64::max);
    let in_flight = |run: &RunResult| run.means_of(|gauges| &gauges.in_flight);
    let series: Vec<Vec<(f64, f64)>> = runs.iter().map(in_flight).collect();
    let found = judge(&series, warm_up)?;
    let opened = runs.iter().filter_map(|run| run.faults.first());
    let opened = opened.map(|fault| fault.at.since(Time::ZERO).as_secs_f64());
    (opened.fold(f64::INFINITY, f64::min) > found.until_s).then_some(found)
}

fn judge(runs: &[Vec<(f64, f64)>], warm_up_s: f64) -> Option<TooShort> {
    let cuts: Option<Vec<Cut>> = runs.iter().map(|run| Cut::of(run, warm_up_s)).collect();
    let cuts = cuts?;
    let biases: Vec<f64> = cuts.iter().map(|cut| cut.bias).collect();
    let bias = Estimate::of(&biases, SURE)?;
    // Each run may say so by itself, or all together.
    let is_sure = |cut: &&Cut| cut.is_sure && cut.bias < -MATTERS;
    let sure = cuts.iter().filter(is_sure);
    let surely = 2 * sure.count() > cuts.len() || bias.high() < 0.0;
    (surely && bias.mean < -MATTERS).then(|| TooShort {
        until_s: cuts.iter().map(|cut| cut.until_s).sum::<f64>() / cuts.len() as f64,
        bias: -bias.mean,
    })
}

/// Where the beginning of one run ends.
struct Cut {
    until_s: f64,
    bias: f64,
    /// Whether the beginning surely differs from the rest, as far as this run alone says.
    is_sure: bool,
}

impl Cut {
    /// Of steps of a run; none where it has not come to rest.
    fn of(steps: &[(f64, f64)], warm_up_s: f64) -> Option<Cut> {
        let total: f64 = steps.iter().map(|(length, _)| length).sum();
        let until_s = total - least_error(steps, REST)?;
        let (mut beginning, mut rest) = (Vec::new(), Vec::new());
        let mut before_s = 0.0;
        for &(length, value) in steps {
            let middle_s = before_s + length / 2.0;
            before_s += length;
            if middle_s > until_s {
                rest.push((value, length));
            } else if middle_s > warm_up_s {
                beginning.push((value, length));
            }
        }
        let (begins_s, first) = sum(&beginning);
        let (rests_s, last) = sum(&rest);
        if begins_s == 0.0 || last == 0.0 {
            // The warm-up is long enough, or nothing was in flight.
            return Some(Cut {
                until_s,
                bias: 0.0,
                is_sure: false,
            });
        }
        let away = first / begins_s - last / rests_s;
        let reach = match batch_means(&rest) {
            // A mean over less time is known as much less.
            Some(mean) => mean.reach(SURE) * (1.0 + rests_s / begins_s).sqrt(),
            // Nobody knows how much the rest is worth. What is far from all of it is no part of it all the same.
            None => FAR * deviation(&rest, last / rests_s),
        };
        let is_sure = away < -reach;
        let bias = away * begins_s / (begins_s + rests_s) / (last / rests_s);
        Some(Cut {
            until_s,
            bias,
            is_sure,
        })
    }
}

/// The standard deviation of values with their weights about their mean.
fn deviation(values: &[(f64, f64)], mean: f64) -> f64 {
    let weights: f64 = values.iter().map(|(_, weight)| weight).sum();
    let squares = values
        .iter()
        .map(|(it, weight)| (it - mean).powi(2) * weight);
    (squares.sum::<f64>() / weights).sqrt()
}

/// The weights of values, and the values times these.
fn sum(values: &[(f64, f64)]) -> (f64, f64) {
    let add = |(weights, sum): (f64, f64), (value, weight): &(f64, f64)| {
        (weights + weight, sum + value * weight)
    };
    values.iter().fold((0.0, 0.0), add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::rand_core::Rng as _;
    use stormglass_model::random::Seed;

    /// A level about 100 that fills with this time constant, each of 400 steps keeping so much of the noise of the one before.
    fn fills(seed: u64, constant: f64, kept: f64) -> Vec<(f64, f64)> {
        let mut rng = Seed(seed).named("level").rng();
        let mut noise = 0.0;
        let steps = (0..400).map(|at| {
            let sum: f64 = (0..12)
                .map(|_| rng.next_u64() as f64 / u64::MAX as f64)
                .sum();
            noise = kept * noise + (1.0 - kept * kept).sqrt() * 10.0 * (sum - 6.0);
            let full = 1.0 - (-f64::from(at) / constant).exp();
            (1.0, 100.0 * full + noise)
        });
        steps.collect()
    }

    fn accused(constant: f64, kept: f64, runs: u64, warm_up_s: f64) -> Vec<TooShort> {
        let storms = (0..200).filter_map(|storm| {
            let runs = (0..runs).map(|run| fills(storm * 100 + run, constant, kept));
            judge(&runs.collect::<Vec<_>>(), warm_up_s)
        });
        storms.collect()
    }

    #[test]
    fn what_is_full_from_the_beginning_is_hardly_ever_accused() {
        for kept in [0.0, 0.5, 0.9, 0.98] {
            for runs in [1, 4] {
                let accused = accused(1e-9, kept, runs, 0.0).len();
                assert!(accused <= 2, "{kept}, {runs} runs: {accused} of 200");
            }
        }
    }

    #[test]
    fn what_fills_slowly_is_accused_until_its_warm_up_is_long_enough() {
        for (kept, runs, least) in [
            (0.0, 1, 195),
            (0.5, 1, 195),
            (0.95, 1, 150),
            (0.5, 4, 195),
            (0.95, 4, 140),
        ] {
            let found = accused(20.0, kept, runs, 0.0);
            assert!(found.len() >= least, "{kept}, {runs} runs: {}", found.len());
            let until = found.iter().map(|it| it.until_s).sum::<f64>() / found.len() as f64;
            assert!((30.0..100.0).contains(&until), "{until}");
            // Of 400 steps it lacks 20 to the full.
            let bias = found.iter().map(|it| it.bias).sum::<f64>() / found.len() as f64;
            assert!((0.04..0.06).contains(&bias), "{bias}");
            let later = accused(20.0, kept, runs, 100.0).len();
            assert!(later <= 2, "{kept}, {runs} runs: {later} of 200");
        }
    }

    #[test]
    fn what_never_comes_to_rest_says_nothing_of_the_warm_up() {
        // By chance a few seem to have come to rest; that the beginning is lower is true of them too.
        let found = accused(400.0, 0.5, 1, 0.0).len();
        assert!(found <= 6, "{found} of 200");
        assert_eq!(judge(&[], 0.0), None);
        assert_eq!(judge(&[vec![(1.0, 0.0); 50]], 0.0), None);
    }
}
