//! The timelines of all runs, by the names of their columns, and what they come to together.

use super::chart::{Band, Numbers, Series};
use std::collections::BTreeMap;

/// Points that a chart has at most, where it may choose.
const POINTS: usize = 1_024;

/// The timeline of each run.
#[derive(Debug, Default)]
pub struct Timeline {
    runs: Vec<OneRun>,
    /// The instants of the charts, in seconds since the run began.
    grid: Vec<f64>,
}

/// The intervals of a run, in order.
#[derive(Debug, Default)]
struct OneRun {
    run: u32,
    /// When each interval ended, in seconds since the run began.
    ends: Vec<f64>,
    /// What stands in each interval; NaN where nothing does.
    columns: BTreeMap<String, Vec<f64>>,
}

/// What a cell of the grid is to hold of the intervals that it covers.
#[derive(Clone, Copy)]
enum Fold {
    /// Their mean, by how long they lasted.
    Mean,
    Least,
    Most,
}

impl Timeline {
    /// Reads `timeline.csv`.
    pub fn read(bytes: &[u8]) -> Result<Timeline, csv::Error> {
        let mut reader = csv::Reader::from_reader(bytes);
        let header = reader.headers()?.clone();
        let mut runs: Vec<OneRun> = Vec::new();
        for record in reader.records() {
            let record = record?;
            let number = |name: &str| {
                let at = header.iter().position(|column| column == name);
                at.and_then(|at| record[at].parse::<f64>().ok())
                    .filter(|it| it.is_finite())
            };
            let (Some(run), Some(end)) = (number("run"), number("t_s")) else {
                continue;
            };
            let run = run as u32;
            if runs.last().is_none_or(|last| last.run != run) {
                runs.push(OneRun {
                    run,
                    ..OneRun::default()
                });
            }
            let Some(last) = runs.last_mut() else {
                continue;
            };
            // Time goes on; a line that says otherwise is none of ours.
            if last.ends.last().is_some_and(|before| *before >= end) {
                continue;
            }
            last.ends.push(end);
            for (name, cell) in header.iter().zip(&record) {
                if let Some(column) = last.columns.get_mut(name) {
                    column.push(cell.parse().unwrap_or(f64::NAN));
                } else {
                    let first = vec![cell.parse().unwrap_or(f64::NAN)];
                    last.columns.insert(name.to_owned(), first);
                }
            }
        }
        let grid = grid(&runs);
        Ok(Timeline { runs, grid })
    }

    /// The instants of the charts: the ends of what each point stands for, in seconds.
    pub fn grid(&self) -> &[f64] {
        &self.grid
    }

    /// How many a second there were of what a column counts.
    pub fn rate(&self, name: &str, column: &str) -> Option<Series> {
        let per_second = |run: &OneRun| {
            let counts = run.columns.get(column)?;
            let lengths = run.intervals().map(|(from, to)| to - from);
            let rates = counts.iter().zip(lengths);
            Some(rates.map(|(count, length)| count / length).collect())
        };
        self.series(name, &self.on_grid(per_second, Fold::Mean), None)
    }

    /// The mean of a level, between its least and its most; of several runs, between the least and the greatest mean of any.
    pub fn level(&self, name: &str, column: &str) -> Option<Series> {
        let of = |suffix: &str, fold| self.column(&format!("{column}{suffix}"), fold);
        let extremes = Some([of("_min", Fold::Least), of("_max", Fold::Most)]);
        self.series(name, &of("_mean", Fold::Mean), extremes)
    }

    /// What a column says is a mean over the interval.
    pub fn mean(&self, name: &str, column: &str) -> Option<Series> {
        self.series(name, &self.column(column, Fold::Mean), None)
    }

    fn column(&self, column: &str, fold: Fold) -> Vec<Vec<f64>> {
        self.on_grid(|run| run.columns.get(column).cloned(), fold)
    }

    /// What each run that has any says at the instants of the grid.
    fn on_grid(&self, of: impl Fn(&OneRun) -> Option<Vec<f64>>, fold: Fold) -> Vec<Vec<f64>> {
        let runs = self.runs.iter();
        let there = runs.filter_map(|run| Some(run.on(&self.grid, &of(run)?, fold)));
        there.collect()
    }

    /// None where no run has anything of it. The extremes are those of an only run.
    fn series(
        &self,
        name: &str,
        each: &[Vec<f64>],
        extremes: Option<[Vec<Vec<f64>>; 2]>,
    ) -> Option<Series> {
        if each.iter().flatten().all(|value| value.is_nan()) {
            return None;
        }
        let over_runs = |each: &[Vec<f64>], fold: fn(&[f64]) -> f64| -> Vec<f64> {
            let cell = |at: usize| {
                let cells = each.iter().map(|run| run[at]);
                let there: Vec<f64> = cells.filter(|value| !value.is_nan()).collect();
                if there.is_empty() {
                    f64::NAN
                } else {
                    fold(&there)
                }
            };
            (0..self.grid.len()).map(cell).collect()
        };
        let least = |there: &[f64]| there.iter().copied().fold(f64::INFINITY, f64::min);
        let most = |there: &[f64]| there.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mean = over_runs(each, |there| there.iter().sum::<f64>() / there.len() as f64);
        let ends = match (each.len(), &extremes) {
            (1, None) => None,
            (1, Some([low, high])) => Some([low.as_slice(), high]),
            (_, _) => Some([each, each]),
        };
        let band = ends.map(|[low, high]| Band {
            low: Numbers(over_runs(low, least)),
            high: Numbers(over_runs(high, most)),
        });
        Some(Series::new(name, mean, band))
    }
}

/// The intervals of the only run, or equal steps through the longest of several.
fn grid(runs: &[OneRun]) -> Vec<f64> {
    match runs {
        [only] if only.ends.len() <= 2 * POINTS => only.ends.clone(),
        runs => {
            let end = runs.iter().filter_map(|run| run.ends.last()).copied();
            let end = end.fold(0.0, f64::max);
            let most = runs.iter().map(|run| run.ends.len()).max().unwrap_or(0);
            let steps = most.min(POINTS);
            (1..=steps)
                .map(|step| end * step as f64 / steps as f64)
                .collect()
        }
    }
}

impl OneRun {
    /// From when to when each interval goes.
    fn intervals(&self) -> impl Iterator<Item = (f64, f64)> {
        let begins = std::iter::once(0.0).chain(self.ends.iter().copied());
        begins.zip(self.ends.iter().copied())
    }

    /// What the intervals say, on another grid.
    fn on(&self, grid: &[f64], values: &[f64], fold: Fold) -> Vec<f64> {
        let intervals: Vec<(f64, f64)> = self.intervals().collect();
        let (mut first, mut from) = (0, 0.0);
        let cell = |&to: &f64| {
            while intervals
                .get(first)
                .is_some_and(|interval| interval.1 <= from)
            {
                first += 1;
            }
            let covered = intervals.iter().zip(values).skip(first);
            let covered = covered.take_while(|((begin, _), _)| *begin < to);
            let (mut sum, mut length, mut extreme) = (0.0, 0.0, f64::NAN);
            for ((begin, end), value) in covered.filter(|(_, value)| !value.is_nan()) {
                let share = end.min(to) - begin.max(from);
                (sum, length) = (sum + value * share, length + share);
                extreme = match fold {
                    Fold::Least => value.min(extreme),
                    Fold::Most | Fold::Mean => value.max(extreme),
                };
            }
            from = to;
            match fold {
                Fold::Mean if length > 0.0 => sum / length,
                Fold::Mean => f64::NAN,
                Fold::Least | Fold::Most => extreme,
            }
        };
        grid.iter().map(cell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Timeline {
        Timeline::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_only_run_has_its_own_intervals() {
        let timeline = of("run,t_s,arrivals,x_min,x_mean,x_max\n1,2,10,0,1,3\n1,3,4,2,2,9\n");
        assert_eq!(timeline.grid(), [2.0, 3.0]);
        let rate = timeline.rate("arrivals", "arrivals").unwrap();
        assert_eq!(rate.values(), [5.0, 4.0]);
        let level = timeline.level("x", "x").unwrap();
        assert_eq!(level.values(), [1.0, 2.0]);
        let band = level.band().unwrap();
        assert_eq!(
            (&band.low.0[..], &band.high.0[..]),
            (&[0.0, 2.0][..], &[3.0, 9.0][..])
        );
        assert!(timeline.mean("y", "y").is_none());
    }

    #[test]
    fn several_runs_meet_on_equal_steps_and_nothing_is_lost() {
        // The second run joined its intervals; the first ended sooner.
        let timeline = of("run,t_s,n\n1,1,1\n1,2,3\n1,3,5\n2,2,4\n2,4,8\n");
        assert_eq!(timeline.grid().len(), 3);
        let (end, rate) = (4.0, timeline.rate("n", "n").unwrap());
        assert_eq!(timeline.grid().last(), Some(&end));
        let band = rate.band().unwrap();
        assert_eq!(band.low.0.len(), 3);
        let first = rate.values()[0];
        // Of the first third, 1⅓ s: 1 and then a third of 3 a second; 2 a second.
        let expected = ((1.0 + 3.0 / 3.0) / (4.0 / 3.0) + 2.0) / 2.0;
        assert!((first - expected).abs() < 1e-9, "{first}");
    }
}
