//! Whether something levels off, and when.
//!
//! Whether it does is told by the rule of the marginal standard error ([`least_error`]): there is an instant from which on the rest
//! of the load tells its own mean with the least standard error. Of something that hardly varies
//! no instant is better than the last; so it has also levelled off once it stays within 1 % of where it ends. When it does: as soon as
//! it first comes to within 1 % of the mean of that rest, which chance moves less than the instant itself.

use super::by_run::ByRun;
use crate::statistics::{Estimate, least_error};

/// The rest of the load after that instant must be at least this share of it: what is shorter is alike by chance.
const REST: f64 = 0.25;
/// Equal parts of the load, of which the last two say how it grows.
const PARTS: f64 = 4.0;
/// Equal parts of the load, of which the last two say whether it goes on so to the end.
const LAST_PARTS: f64 = 16.0;
/// What still grows at its end does so at this share of the pace at least.
const GOES_ON: f64 = 0.5;
/// Growth from the last part but one to the last that does not matter, as a share of the level.
const MATTERS: f64 = 0.01;
/// How sure it must be that something grows: nobody is to be warned of what chance does.
const SURE: f64 = 0.99;

/// How a level goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Trend {
    /// It has levelled off.
    LevelsOff {
        /// How long after the beginning of the run, in seconds.
        after_s: ByRun,
    },
    /// It still grew when the load ended.
    Grows {
        /// By how much in a second, in the last half of the load.
        per_second: ByRun,
    },
    /// It still shrank when the load ended.
    Shrinks {
        /// By how much in a second, below zero.
        per_second: ByRun,
    },
    /// Neither can be told.
    Unclear,
}

/// How a level goes that each run measured as steps: lengths in seconds, and the mean over each.
///
/// It grows or shrinks where the mean of the last quarter of the load differs from that of the quarter before by more than 1 %, and
/// surely so: Student's 99 % interval of the difference over the runs does not hold zero. A single run has no interval; it grows where it
/// has not levelled off. It must also go on so: what ended in the last quarter is over, though its mean is higher than before.
/// Otherwise it levels off if it does in every run.
pub(super) fn trend(runs: &[Vec<(f64, f64)>]) -> Trend {
    let ends: Option<Vec<Ending>> = runs.iter().map(|run| ending(run)).collect();
    let Some(ends) = ends else {
        return Trend::Unclear;
    };
    let after: Option<Vec<f64>> = runs.iter().map(|run| levels_off(run)).collect();
    let after_s = after.and_then(ByRun::new);
    let by_run = |of: fn(&Ending) -> f64| ByRun::new(ends.iter().map(of).collect());
    let (Some(per_second), Some(grown)) = (by_run(|it| it.per_second), by_run(|it| it.grown))
    else {
        return Trend::Unclear;
    };
    let interval = Estimate::of(per_second.values(), SURE).filter(|it| it.reach.is_finite());
    let surely = match interval {
        Some(interval) => interval.low() > 0.0 || interval.high() < 0.0,
        None => after_s.is_none(),
    };
    let goes_on = ends.iter().map(|it| it.at_last).sum::<f64>() / ends.len() as f64;
    let still = goes_on / per_second.mean() >= GOES_ON;
    match (surely && still && grown.mean().abs() > MATTERS, after_s) {
        (true, _) if grown.mean() > 0.0 => Trend::Grows { per_second },
        (true, _) => Trend::Shrinks { per_second },
        (false, Some(after_s)) => Trend::LevelsOff { after_s },
        (false, None) => Trend::Unclear,
    }
}

/// When a level has levelled off, in seconds; none where that leaves less than a quarter of the load.
fn levels_off(steps: &[(f64, f64)]) -> Option<f64> {
    let total: f64 = steps.iter().map(|(length, _)| length).sum();
    let rest = least_error(steps, REST).unwrap_or(0.0);
    let rest = rest.max(stays(steps, total));
    (rest >= REST * total).then(|| first_at(steps, mean_between(steps, total - rest, total)))
}

/// When a level first comes to a mean, in seconds: within what does not matter of it, or past it.
fn first_at(steps: &[(f64, f64)], mean: f64) -> f64 {
    let is_below = steps.first().is_some_and(|(_, value)| *value < mean);
    let away = |value: f64| (value - mean).abs() > MATTERS * mean && (value < mean) == is_below;
    let before = steps.iter().take_while(|(_, value)| away(*value));
    before.map(|(length, _)| length).sum()
}

/// For how long before the end a level was within what does not matter of its mean over the last part.
fn stays(steps: &[(f64, f64)], total: f64) -> f64 {
    let last = mean_between(steps, total * (1.0 - 1.0 / PARTS), total);
    let near = |value: f64| (value - last).abs() <= MATTERS * last;
    let late = steps.iter().rev().take_while(|(_, value)| near(*value));
    late.map(|(length, _)| length).sum()
}

/// How a level goes at the end of the load.
pub(super) struct Ending {
    /// The middle of the last part, in seconds.
    pub at_s: f64,
    /// The mean over the last part.
    pub last: f64,
    /// By how much it grows a second, from the last part but one to the last.
    pub per_second: f64,
    /// The same from one to the other, as a share of the larger.
    grown: f64,
    /// By how much it grows a second at the very end, from a sixteenth of the load to the last.
    at_last: f64,
}

/// None for fewer steps than there are parts.
pub(super) fn ending(steps: &[(f64, f64)]) -> Option<Ending> {
    let total: f64 = steps.iter().map(|(length, _)| length).sum();
    if (steps.len() as f64) < PARTS {
        return None;
    }
    let pair = |part: f64| {
        let last = mean_between(steps, total - part, total);
        (mean_between(steps, total - 2.0 * part, total - part), last)
    };
    let part = total / PARTS;
    let (before, last) = pair(part);
    let (earlier, latest) = pair(total / LAST_PARTS);
    Some(Ending {
        at_s: total - part / 2.0,
        last,
        per_second: (last - before) / part,
        grown: match last == before {
            true => 0.0,
            false => (last - before) / last.max(before),
        },
        at_last: (latest - earlier) / (total / LAST_PARTS),
    })
}

/// The mean between two instants, to whole steps and parts of them.
fn mean_between(steps: &[(f64, f64)], from: f64, to: f64) -> f64 {
    let (mut begin, mut sum) = (0.0, 0.0);
    for (length, value) in steps {
        let end = begin + length;
        let inside = (end.min(to) - f64::max(begin, from)).max(0.0);
        sum += inside * value;
        begin = end;
    }
    sum / (to - from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn steps(length: f64, count: u32, value: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        let steps = (0..count).map(|n| (length, value(f64::from(n) * length)));
        steps.collect()
    }

    /// Noise that repeats itself, with a mean of nought.
    fn noise(at: f64) -> f64 {
        (at * 1.7).sin() + (at * 0.9).cos()
    }

    #[test]
    fn what_fills_and_then_stays_levels_off_when_it_is_full() {
        let fills = |at: f64| 100.0 * (at / 30.0).min(1.0) + noise(at);
        let Trend::LevelsOff { after_s } = trend(&[steps(1.0, 100, fills)]) else {
            panic!("it levels off");
        };
        assert!((27.0..=31.0).contains(&after_s.mean()), "{after_s:?}");
        assert_eq!(after_s.interval(), None, "one run says nothing of others");
        // Constant from the beginning on.
        let constant = trend(&[steps(2.0, 50, |_| 7.0)]);
        let nought = ByRun::new(vec![0.0]).unwrap();
        assert_eq!(constant, Trend::LevelsOff { after_s: nought });
    }

    /// Between the last two quarters it grows, and yet not at the end.
    #[test]
    fn what_has_just_filled_does_not_grow_any_more() {
        let fills = |full: f64| move |at: f64| 100.0 * (at / full).min(1.0);
        let runs = |full: f64| [0.0, 0.3, 0.6].map(|more| steps(1.0, 200, fills(full + more)));
        let Trend::LevelsOff { after_s } = trend(&runs(145.0)) else {
            panic!("more than a quarter of the load is left");
        };
        assert!((142.0..147.0).contains(&after_s.mean()), "{after_s:?}");
        assert_eq!(trend(&runs(172.0)), Trend::Unclear, "for too short a time");
        assert!(matches!(trend(&runs(199.0)), Trend::Grows { .. }));
    }

    #[test]
    fn what_grows_to_the_end_does_not_level_off_and_its_pace_is_told() {
        let line = |slope: f64| steps(1.0, 60, move |at| slope * (at + 0.5) + noise(at));
        for runs in [vec![line(3.0)], vec![line(3.0), line(3.2), line(2.8)]] {
            let Trend::Grows { per_second } = trend(&runs) else {
                panic!("it grows");
            };
            assert!((per_second.mean() - 3.0).abs() < 0.05, "{per_second:?}");
            assert_eq!(per_second.values().len(), runs.len());
        }
        let falls = trend(&[steps(1.0, 60, |at| 100.0 - at)]);
        assert!(matches!(falls, Trend::Shrinks { .. }), "{falls:?}");
    }

    /// 1 − e^(−t/τ) is at 63 % after τ, and at 99.8 % after six times that.
    #[test]
    fn what_nears_its_end_has_levelled_off_once_enough_of_the_load_is_left() {
        let nears = |taus: f64| {
            steps(1.0, 600, move |at| {
                100.0 * (1.0 - (-at * taus / 600.0).exp())
            })
        };
        assert!(matches!(trend(&[nears(2.0)]), Trend::Grows { .. }));
        let run = nears(12.0);
        assert!(matches!(trend(&[run]), Trend::LevelsOff { .. }));
    }

    #[test]
    fn runs_that_disagree_say_nothing() {
        let up = steps(1.0, 60, |at| 100.0 + at);
        let down = steps(1.0, 60, |at| 200.0 - at);
        assert_eq!(trend(&[up.clone(), down]), Trend::Unclear);
        assert_eq!(trend(&[up[..3].to_vec()]), Trend::Unclear);
        assert_eq!(trend(&[vec![]]), Trend::Unclear);
    }

    proptest! {
        /// It does not matter in which unit a level or time is counted.
        #[test]
        fn units_do_not_matter(
            values in proptest::collection::vec(1.0..1e3_f64, 12..80),
            power in -20..20_i32,
        ) {
            let of = |factor: f64| values.iter().map(|it| (1.0, it * factor)).collect::<Vec<_>>();
            let factor = 2_f64.powi(power);
            prop_assert_eq!(levels_off(&of(1.0)), levels_off(&of(factor)));
            let seconds: Vec<_> = values.iter().map(|it| (factor, *it)).collect();
            let found = levels_off(&seconds).map(|after| after / factor);
            prop_assert_eq!(levels_off(&of(1.0)), found);
        }
    }
}
