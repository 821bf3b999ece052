//! The timelines of all runs, by the names of their columns, and what they come to together.

use super::chart::{Band, Numbers, Series};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Points that a chart has at most, where it may choose.
const POINTS: usize = 1_024;

/// Columns that a heat map has at most.
const COLUMNS: usize = 200;

/// The timeline of each run.
#[derive(Debug, Default)]
pub struct Timeline {
    runs: Vec<OneRun>,
    /// The instants of the charts, in seconds since the run began.
    grid: Vec<f64>,
    /// How long each operation took altogether, about.
    busy: BTreeMap<String, f64>,
}

/// How many values there were by time and size.
#[derive(Debug, Default, Serialize)]
pub struct Heat {
    /// The ends of the columns, in seconds.
    at: Vec<f64>,
    /// The bounds of the rows, one more than there are rows, in seconds.
    bounds: Numbers,
    /// Of each column, the counts of its rows.
    counts: Vec<Vec<u64>>,
}

/// A row of `quantiles.csv`.
#[derive(Deserialize)]
struct QuantilesLine {
    run: u32,
    t_s: f64,
    operation: String,
    count: u64,
    p50_us: f64,
    p90_us: f64,
    p99_us: f64,
    p999_us: f64,
    max_us: f64,
}

/// A row of `heatmap.csv`.
#[derive(Deserialize)]
struct HeatLine {
    t_s: f64,
    from_us: f64,
    to_us: f64,
    count: u64,
}

/// The quantiles of an operation over time, as they are called and as columns.
pub const QUANTILES: [(&str, &str); 5] = [
    ("p50", "p50_us"),
    ("p90", "p90_us"),
    ("p99", "p99_us"),
    ("p99.9", "p999_us"),
    ("most", "max_us"),
];

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
        Ok(Timeline {
            runs,
            grid,
            busy: BTreeMap::new(),
        })
    }

    /// Adds `quantiles.csv`: the columns are called by operation and quantile.
    pub fn add_quantiles(&mut self, bytes: &[u8]) -> Result<(), csv::Error> {
        for line in csv::Reader::from_reader(bytes).deserialize() {
            let line: QuantilesLine = line?;
            let Some(run) = self.runs.iter_mut().find(|run| run.run == line.run) else {
                continue;
            };
            let Ok(at) = run.ends.binary_search_by(|end| end.total_cmp(&line.t_s)) else {
                continue;
            };
            let of = [
                line.p50_us,
                line.p90_us,
                line.p99_us,
                line.p999_us,
                line.max_us,
            ];
            for ((_, quantile), us) in QUANTILES.iter().zip(of) {
                let column = (run.columns).entry(format!("{}:{quantile}", line.operation));
                column.or_insert_with(|| vec![f64::NAN; run.ends.len()])[at] = us / 1e6;
            }
            // By how long its operations took together, the busiest first.
            *self.busy.entry(line.operation).or_default() += line.count as f64 * line.p50_us;
        }
        Ok(())
    }

    /// The operations, those first that took the most time together.
    pub fn operations(&self) -> Vec<&str> {
        let mut operations: Vec<(&str, f64)> = (self.busy.iter())
            .map(|(operation, busy)| (operation.as_str(), *busy))
            .collect();
        operations.sort_by(|a, b| b.1.total_cmp(&a.1));
        operations
            .into_iter()
            .map(|(operation, _)| operation)
            .collect()
    }

    /// A quantile of an operation over time.
    pub fn quantile(&self, name: &str, operation: &str, quantile: &str) -> Option<Series> {
        self.mean(name, &format!("{operation}:{quantile}"))
    }

    /// Adds `heatmap.csv`, all runs together.
    pub fn heat(&self, bytes: &[u8]) -> Result<Heat, csv::Error> {
        let mut cells: BTreeMap<(usize, u64), u64> = BTreeMap::new();
        let mut bounds: BTreeMap<u64, f64> = BTreeMap::new();
        // Bounds are positive, and the bits of such numbers are in their order.
        let step = self.grid.len().div_ceil(COLUMNS).max(1);
        for line in csv::Reader::from_reader(bytes).deserialize() {
            let HeatLine {
                t_s,
                from_us,
                to_us,
                count,
            } = line?;
            let at = self.grid.partition_point(|end| *end < t_s) / step;
            let (from, to) = (from_us.max(0.0).to_bits(), to_us.max(0.0).to_bits());
            bounds.extend([(from, from_us), (to, to_us)]);
            *cells.entry((at, from)).or_default() += count;
        }
        if cells.is_empty() {
            return Ok(Heat::default());
        }
        let rows: Vec<u64> = bounds.keys().copied().collect();
        let at = self.grid.chunks(step).filter_map(|chunk| chunk.last());
        let at: Vec<f64> = at.copied().collect();
        let mut counts = vec![vec![0; rows.len().saturating_sub(1)]; at.len()];
        for ((column, from), count) in cells {
            let row = rows.binary_search(&from).unwrap_or(0);
            let cell = counts
                .get_mut(column)
                .and_then(|column| column.get_mut(row));
            cell.into_iter().for_each(|cell| *cell += count);
        }
        let bounds = bounds.values().map(|us| us / 1e6).collect();
        Ok(Heat {
            at,
            bounds: Numbers(bounds),
            counts,
        })
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

impl Heat {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
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
        // Of the second: 3 for a half and 5 for a half; 2 and then 4.
        let second = rate.values()[1];
        assert!((second - (4.0 + 3.0) / 2.0).abs() < 1e-9, "{second}");
    }
}
