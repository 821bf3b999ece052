//! When a capacity is full.

use super::by_run::ByRun;
use super::trend::{Trend, ending};

/// When a capacity is full.
#[derive(Clone, Debug, PartialEq)]
pub enum Full {
    /// In every run it was, for the first time after so many seconds.
    Reached {
        /// Since the run began.
        after_s: ByRun,
    },
    /// In some runs it was, and in the others it was not.
    Sometimes {
        /// In how many.
        runs: usize,
        /// When it was first, in seconds since the run began.
        first_s: f64,
    },
    /// It will be after so many seconds, if what is stored goes on to grow as it did at the end of the load.
    Expected {
        /// Since the run began.
        after_s: ByRun,
    },
    /// What is stored levels off below it, or shrinks.
    Never,
    /// It was not, and nobody can say how what is stored goes on.
    Unclear,
}

/// What one run says of it.
#[derive(Clone, Debug)]
pub(super) struct Seen<'r> {
    /// When it was first full, in seconds since the run began.
    pub full_s: Option<f64>,
    /// What it stored up to the end of the load: lengths in seconds, and the mean over each in bytes.
    pub filling: &'r [(f64, f64)],
}

/// When a capacity of so many bytes is full, where what is stored goes as `trend` says.
pub(super) fn full(capacity: f64, runs: &[Seen], trend: &Trend) -> Full {
    let reached: Vec<f64> = runs.iter().filter_map(|run| run.full_s).collect();
    let first_s = reached.iter().copied().fold(f64::INFINITY, f64::min);
    let count = reached.len();
    match (ByRun::new(reached), trend) {
        (Some(after_s), _) if count == runs.len() => Full::Reached { after_s },
        (Some(_), _) => Full::Sometimes {
            runs: count,
            first_s,
        },
        (None, Trend::LevelsOff { .. } | Trend::Shrinks { .. }) => Full::Never,
        (None, Trend::Unclear) => Full::Unclear,
        (None, Trend::Grows { .. }) => {
            let each = runs.iter().map(|run| expected_s(capacity, run.filling));
            let each: Option<Vec<f64>> = each.collect();
            match each.and_then(ByRun::new) {
                Some(after_s) => Full::Expected { after_s },
                None => Full::Unclear,
            }
        }
    }
}

/// Along the line through the means of the last two quarters of the load.
fn expected_s(capacity: f64, filling: &[(f64, f64)]) -> Option<f64> {
    let end = ending(filling)?;
    let grows = end.per_second > 0.0;
    grows.then(|| end.at_s + (capacity - end.last) / end.per_second)
}

#[cfg(test)]
mod tests {
    use super::super::trend::trend;
    use super::*;

    /// A hundred steps of a second that grow so much a second, from an offset on.
    fn line(offset: f64, slope: f64) -> Vec<(f64, f64)> {
        let steps = (0..100).map(|n| (1.0, offset + slope * (f64::from(n) + 0.5)));
        steps.collect()
    }

    fn seen<'r>(full_s: &[Option<f64>], fillings: &'r [Vec<(f64, f64)>]) -> Vec<Seen<'r>> {
        let runs = full_s.iter().zip(fillings);
        runs.map(|(&full_s, filling)| Seen { full_s, filling })
            .collect()
    }

    #[test]
    fn a_line_is_drawn_on_to_the_capacity() {
        let fillings = [line(50.0, 2.0), line(0.0, 2.5), line(100.0, 2.0)];
        let runs = seen(&[None; 3], &fillings);
        let Full::Expected { after_s } = full(1050.0, &runs, &trend(&fillings)) else {
            panic!("it grows");
        };
        for (found, expected) in after_s.values().iter().zip([500.0, 420.0, 475.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        let interval = after_s.interval().unwrap();
        assert!(interval.low() < 465.0 && interval.high() > 465.0);
    }

    #[test]
    fn what_levels_off_is_never_full_and_what_was_full_says_when() {
        let level = [line(70.0, 0.0), line(71.0, 0.0)];
        let goes = trend(&level);
        assert_eq!(full(100.0, &seen(&[None; 2], &level), &goes), Full::Never);
        let some = full(70.5, &seen(&[None, Some(3.0)], &level), &goes);
        let expected = Full::Sometimes {
            runs: 1,
            first_s: 3.0,
        };
        assert_eq!(some, expected);
        let both = full(70.0, &seen(&[Some(2.0), Some(4.0)], &level), &goes);
        let after_s = ByRun::new(vec![2.0, 4.0]).unwrap();
        assert_eq!(both, Full::Reached { after_s });
        let neither = full(100.0, &seen(&[None; 2], &level), &Trend::Unclear);
        assert_eq!(neither, Full::Unclear);
    }
}
