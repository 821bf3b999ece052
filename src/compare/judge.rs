//! What became of each figure, and of all together.

use super::comparable::{DifferingKey, NotComparable, comparable};
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
            let contrast = contrast(a, b, of_a, of_b);
            rows.push(row(figure, of_a, of_b, contrast, matter));
        }
    }
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
        unmatched: [only(a, b), only(b, a)],
        keys,
        runs: [a.document.runs.len(), b.document.runs.len()],
        cautions: [a, b].iter().flat_map(|it| cautions(it)).collect(),
        rows,
    })
}

/// The two sides of a figure: pairs where every seed of one side was also the other's, in virtual time. None where a side has
/// fewer than two runs.
fn contrast(
    a: &Results,
    b: &Results,
    of_a: &BTreeMap<u32, f64>,
    of_b: &BTreeMap<u32, f64>,
) -> Option<Contrast> {
    let (a_by_seed, b_by_seed) = (by_seed(&a.document, of_a), by_seed(&b.document, of_b));
    let common = a_by_seed.iter();
    let common = common.filter_map(|(seed, a)| Some((*a, *b_by_seed.get(seed)?)));
    let pairs: Vec<(f64, f64)> = common.collect();
    let fewer = of_a.len().min(of_b.len());
    if a.document.clock == "virtual" && fewer >= 2 && pairs.len() == fewer {
        return Some(Contrast::Paired(pairs));
    }
    let mean =
        |values: &BTreeMap<u32, f64>| Mean::of(&values.values().copied().collect::<Vec<_>>());
    Some(Contrast::Apart(mean(of_a)?, mean(of_b)?))
}

fn by_seed(document: &Document, values: &BTreeMap<u32, f64>) -> BTreeMap<u64, f64> {
    let runs = document.runs.iter();
    runs.filter_map(|run| Some((run.seed, *values.get(&run.run)?)))
        .collect()
}

/// A row for itself, before all are judged together.
fn row(
    figure: &Figure,
    of_a: &BTreeMap<u32, f64>,
    of_b: &BTreeMap<u32, f64>,
    contrast: Option<Contrast>,
    matter: f64,
) -> Row {
    let mean = |values: &BTreeMap<u32, f64>| values.values().sum::<f64>() / values.len() as f64;
    let mut row = Row {
        figure: figure.clone(),
        a: mean(of_a),
        b: mean(of_b),
        interval: None,
        matters: matter,
        basis: Basis::Nothing,
        probability: 1.0,
        change: Change::CannotTell,
    };
    let Some(contrast) = contrast else {
        return row;
    };
    row.basis = match contrast {
        Contrast::Paired(_) => Basis::Pairs,
        Contrast::Apart(..) => Basis::Runs,
    };
    (row.a, row.b) = contrast.means();
    let interval = contrast.ratio_interval(CONFIDENCE);
    row.interval = interval.map(|(low, high)| (low - 1.0, high - 1.0));
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
