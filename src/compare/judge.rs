//! What became of each figure, and of all together.

use super::comparable::{DifferingKey, NotComparable, comparable};
use super::cost::{CostChange, cost_change};
use super::document::Document;
use super::figure::Figure;
use super::read::Results;
use crate::statistics::{CONFIDENCE, Contrast, Mean, adjusted};
use std::collections::BTreeMap;
use stormglass_model::named;

named! {
    /// What became of a figure, or of all together.
    Change {
        /// Worse by more than matters: slower, or bigger.
        Worse = "worse",
        /// Better by more than matters: faster, or smaller.
        Better = "better",
        /// Changed by less than matters, if at all.
        Same = "same",
        /// The figures vary too much, or are too few.
        CannotTell = "cannot tell",
    }
}

named! {
    /// What makes the interval of a figure.
    Basis {
        /// Differences between runs with one seed.
        Pairs = "pairs",
        /// Runs, each side for itself.
        Runs = "runs",
        /// What happened within one run, of a side that has no other.
        Within = "within one run",
        /// There is none.
        Nothing = "nothing",
    }
}

/// A figure on both sides, and what became of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which figure.
    pub figure: Figure,
    /// Its mean over the runs of the first, in the figure's unit.
    pub a: f64,
    /// The same of the second.
    pub b: f64,
    /// The interval of the change as a share of `a`, and so −0.1 is a tenth less; none where that has no end.
    pub interval: Option<(f64, f64)>,
    /// The interval of `b − a`, in the figure's unit.
    pub difference: Option<(f64, f64)>,
    /// The change as a share of `a` that matters.
    pub matters: f64,
    /// What the interval is made of.
    pub basis: Basis,
    /// How likely a change as far beyond what matters is where there is none, as one of all these rows.
    pub probability: f64,
    /// What became of it.
    pub change: Change,
}

impl Row {
    /// The change as a share of the first; none of nothing.
    pub fn share(&self) -> Option<f64> {
        Some(self.b / self.a - 1.0).filter(|share| share.is_finite())
    }

    /// What became of it in a word.
    pub fn word(&self) -> &'static str {
        match self.change {
            Change::Worse => self.figure.words().0,
            Change::Better => self.figure.words().1,
            Change::Same | Change::CannotTell => self.change.name(),
        }
    }
}

/// What a comparison came to.
#[derive(Debug)]
pub struct CompareResult {
    /// The smallest change that matters, as a share.
    pub matter: f64,
    /// Every figure that both sides have, in the order of figures.
    pub rows: Vec<Row>,
    /// How many figures only the first has, and only the second.
    pub unmatched: [usize; 2],
    /// The keys in which the scenarios differ.
    pub keys: Vec<DifferingKey>,
    /// Runs of each side.
    pub runs: [usize; 2],
    /// What to know of the two sides before one believes it.
    pub cautions: Vec<String>,
    /// What became of all together.
    pub change: Change,
    /// What the change costs, where both have prices in one currency.
    pub cost: Option<CostChange>,
}

impl CompareResult {
    /// How many figures changed so.
    pub fn count(&self, change: Change) -> usize {
        self.rows.iter().filter(|row| row.change == change).count()
    }

    /// How many replications would tell of about half the figures of which nothing can be told now; none where no figure has
    /// an interval. An interval narrows with the root of their number.
    pub fn replications(&self) -> Option<u64> {
        let unclear = (self.rows.iter()).filter(|row| row.change == Change::CannotTell);
        let factors = unclear.filter_map(|row| {
            let (low, high) = row.interval?;
            let distance = (row.matters - row.share()?.abs()).abs();
            // What is just as large as what matters would never be told.
            Some((0.5 * (high - low) / distance.max(0.25 * row.matters)).powi(2))
        });
        let mut factors: Vec<f64> = factors.collect();
        factors.sort_by(f64::total_cmp);
        let runs = self.runs[0].min(self.runs[1]) as f64;
        let factor = factors.get(factors.len() / 2)?;
        Some((runs * factor.max(1.25)).ceil() as u64)
    }
}

/// Compares two folders; `matter` is the smallest change that matters, as a share above zero.
///
/// A row is worse or better only where the figures speak against every smaller change: of all rows together, so that a single
/// row misleads in no more than 5 of 100 comparisons of what is the same (Holm). It is the same where its own interval lies
/// within what matters. All together are worse if any row is, and the same if every row is.
pub fn compare(a: &Results, b: &Results, matter: f64) -> Result<CompareResult, NotComparable> {
    let keys = comparable(a, b)?;
    let mut rows = Vec::new();
    for (figure, of_a) in &a.values {
        if let Some(of_b) = b.values.get(figure) {
            rows.push(row(figure, [of_a, of_b], sides(figure, a, b), matter));
        }
    }
    for (figure, of_a) in &a.within {
        // What is of runs as well was compared above.
        let is_new = !a.values.contains_key(figure);
        if let Some(of_b) = b.within.get(figure).filter(|_| is_new) {
            let contrast = (Basis::Within, Contrast::Apart(*of_a, *of_b));
            rows.push(row(figure, [&BTreeMap::new(); 2], Some(contrast), matter));
        }
    }
    rows.sort_by(|a, b| a.figure.cmp(&b.figure));
    let tested: Vec<f64> = (rows.iter())
        .filter(|row| row.basis != Basis::Nothing)
        .map(|row| row.probability)
        .collect();
    let tested = adjusted(&tested);
    let judged = rows.iter_mut().filter(|row| row.basis != Basis::Nothing);
    for (row, probability) in judged.zip(tested) {
        row.probability = probability;
        if probability < 1.0 - CONFIDENCE {
            row.change = match (row.b > row.a) == row.figure.more_is_worse() {
                true => Change::Worse,
                false => Change::Better,
            };
        }
    }
    let only = |mine: &Results, other: &Results| {
        let absent = |figure: &&Figure| !other.values.contains_key(*figure);
        mine.values.keys().filter(absent).count()
    };
    Ok(CompareResult {
        matter,
        change: overall(&rows),
        cost: cost_change(a, b),
        unmatched: [only(a, b), only(b, a)],
        keys,
        runs: [a.document.runs.len(), b.document.runs.len()],
        cautions: [a, b].iter().flat_map(|it| cautions(it)).collect(),
        rows,
    })
}

/// The two sides of a figure: pairs where every seed of one side was also the other's, in virtual time. A side of one run has
/// the error that it says itself, if any.
fn sides(figure: &Figure, a: &Results, b: &Results) -> Option<(Basis, Contrast)> {
    let [of_a, of_b] = [a, b].map(|it| by_seed(&it.document, it.values.get(figure)));
    let common = of_a.iter();
    let common = common.filter_map(|(seed, a)| Some((*a, *of_b.get(seed)?)));
    let pairs: Vec<(f64, f64)> = common.collect();
    let fewer = of_a.len().min(of_b.len());
    if a.document.clock == "virtual" && fewer >= 2 && pairs.len() == fewer {
        return Some((Basis::Pairs, Contrast::Paired(pairs)));
    }
    let mean = |results: &Results, values: &BTreeMap<u64, f64>| {
        let of_runs = Mean::of(&values.values().copied().collect::<Vec<_>>());
        of_runs.or_else(|| results.within.get(figure).copied())
    };
    let basis = match fewer {
        0 | 1 => Basis::Within,
        _ => Basis::Runs,
    };
    Some((basis, Contrast::Apart(mean(a, &of_a)?, mean(b, &of_b)?)))
}

fn by_seed(document: &Document, values: Option<&BTreeMap<u32, f64>>) -> BTreeMap<u64, f64> {
    let runs = document.runs.iter();
    runs.filter_map(|run| Some((run.seed, *values?.get(&run.run)?)))
        .collect()
}

/// A row for itself, before all are judged together.
fn row(
    figure: &Figure,
    [of_a, of_b]: [&BTreeMap<u32, f64>; 2],
    sides: Option<(Basis, Contrast)>,
    matter: f64,
) -> Row {
    let mean = |values: &BTreeMap<u32, f64>| values.values().sum::<f64>() / values.len() as f64;
    let mut row = Row {
        figure: figure.clone(),
        a: mean(of_a),
        b: mean(of_b),
        interval: None,
        difference: None,
        matters: matter,
        basis: Basis::Nothing,
        probability: 1.0,
        change: Change::CannotTell,
    };
    let Some((basis, contrast)) = sides else {
        return row;
    };
    row.basis = basis;
    (row.a, row.b) = contrast.means();
    let interval = contrast.ratio_interval(CONFIDENCE);
    row.interval = interval.map(|(low, high)| (low - 1.0, high - 1.0));
    row.difference = Some(contrast.difference_interval(CONFIDENCE));
    // What is almost nothing may change by a large share of itself.
    let least = figure.negligible();
    let (up, down) = match matter * row.a > least {
        true => ((1.0 + matter, 0.0), (1.0 - matter, 0.0)),
        false => ((1.0, least), (1.0, -least)),
    };
    row.matters = matter.max(least / row.a);
    // Either side may be exceeded, so each has half of what may mislead.
    let beyond = contrast
        .above(up.0, up.1)
        .min(contrast.below(down.0, down.1));
    row.probability = (2.0 * beyond).min(1.0);
    let within = contrast
        .below(up.0, up.1)
        .max(contrast.above(down.0, down.1));
    if within < 0.5 * (1.0 - CONFIDENCE) {
        row.change = Change::Same;
    }
    row
}

fn overall(rows: &[Row]) -> Change {
    let any = |change| rows.iter().any(|row| row.change == change);
    if any(Change::Worse) {
        Change::Worse
    } else if any(Change::Better) {
        Change::Better
    } else if any(Change::CannotTell) || rows.is_empty() {
        Change::CannotTell
    } else {
        Change::Same
    }
}

fn cautions(results: &Results) -> Vec<String> {
    let document = &results.document;
    let path = results.path.display();
    let verdict = (document.verdict != "valid").then(|| format!("{path} is {}", document.verdict));
    let load = (document.generator.was_bottleneck)
        .then(|| format!("{path} did not offer the load that was asked for"));
    verdict.into_iter().chain(load).collect()
}

#[cfg(test)]
mod tests {
    use super::super::document::{Generator, Run};
    use super::super::figure::{Measured, Quantity};
    use super::super::within::Within;
    use super::*;
    use std::path::PathBuf;

    /// Sums of twelve uniform numbers, from SplitMix64.
    fn normal(state: &mut u64) -> f64 {
        let mut uniform = || {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..12).map(|_| uniform()).sum::<f64>() - 6.0
    }

    /// Results of six runs with a hundred figures whose runs differ by a twentieth; the first is larger by `more`.
    fn results(state: &mut u64, seed: u64, more: f64) -> Results {
        let run = |run: u32| Run {
            run,
            seed: seed + u64::from(run),
            transitions: 0,
            phases: Vec::new(),
        };
        let figure = |at: usize| Figure {
            measured: Measured::Operation(format!("{at:03}")),
            quantity: Quantity::Mean,
            phase: "load".to_owned(),
            story: None,
        };
        let mut value = |at: usize| {
            let mean = if at == 0 { 1.0 + more } else { 1.0 };
            1e9 * mean * (1.0 + 0.05 * normal(state))
        };
        let values = (0..100)
            .map(|at| (figure(at), (1..=6).map(|run| (run, value(at))).collect()))
            .collect();
        Results {
            path: PathBuf::new(),
            values,
            within: Within::new(),
            document: Document {
                scenario: String::new(),
                scenario_sha256: String::new(),
                scenario_keys: None,
                clock: "virtual".to_owned(),
                target: "embedded".to_owned(),
                target_url: None,
                profile: "v2".to_owned(),
                interrupted: false,
                verdict: "valid".to_owned(),
                operations: 0,
                generator: Generator {
                    was_bottleneck: false,
                },
                latencies: Vec::new(),
                runs: (1..=6).map(run).collect(),
                storage: None,
            },
        }
    }

    /// In how many of 400 comparisons all together changed so.
    fn changed(more: f64, matter: f64, change: Change, seed_b: u64) -> usize {
        let mut state = 11;
        let changed = (0..400).filter(|_| {
            let a = results(&mut state, 0, 0.0);
            let b = results(&mut state, seed_b, more);
            compare(&a, &b, matter).unwrap().change == change
        });
        changed.count()
    }

    /// With so small a change that matters nothing but chance is left: 5 of 100, half of it in either direction. Pairs and runs
    /// are tested differently, so both are counted.
    #[test]
    fn of_a_hundred_figures_chance_names_none_in_ninety_five_comparisons() {
        for seed_b in [0, 1_000] {
            let worse = changed(0.0, 1e-6, Change::Worse, seed_b);
            assert!(worse <= 20, "{worse} of 400");
        }
    }

    /// The runs of the figure differ by a twentieth, so its mean over six is known to about a twenty-fifth.
    #[test]
    fn one_figure_of_a_hundred_is_found_where_its_change_is_large_enough() {
        let found = changed(0.5, 0.05, Change::Worse, 1_000);
        assert!(found >= 390, "{found} of 400");
        // A change of just what matters is not more than that.
        let found = changed(0.5, 0.5, Change::Worse, 1_000);
        assert!(found <= 20, "{found} of 400");
    }
}
