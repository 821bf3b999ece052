//! What a change costs.

use super::read::Results;
use crate::statistics::{CONFIDENCE, Contrast, Mean};
use std::collections::BTreeMap;

/// What both sides cost in a month.
#[derive(Clone, Debug, PartialEq)]
pub struct CostChange {
    /// What it is counted in.
    pub currency: String,
    /// The first.
    pub a: f64,
    /// The second.
    pub b: f64,
    /// The interval of `b − a`; none where a side has a single run.
    pub difference: Option<(f64, f64)>,
}

/// None where a side has no prices, or they are in different currencies.
pub(super) fn cost_change(a: &Results, b: &Results) -> Option<CostChange> {
    let ([of_a, of_b], currency) = both(a, b)?;
    let mean = |costs: &BTreeMap<u64, f64>| costs.values().sum::<f64>() / costs.len() as f64;
    let common = of_a
        .iter()
        .filter_map(|(seed, a)| Some((*a, *of_b.get(seed)?)));
    let pairs: Vec<(f64, f64)> = common.collect();
    let fewer = of_a.len().min(of_b.len());
    let apart = || {
        let [a, b] = [&of_a, &of_b].map(|it| Mean::of(&it.values().copied().collect::<Vec<_>>()));
        Some(Contrast::Apart(a?, b?))
    };
    let contrast = match a.document.clock == "virtual" && fewer >= 2 && pairs.len() == fewer {
        true => Some(Contrast::Paired(pairs)),
        false => apart(),
    };
    let (mean_a, mean_b) = match &contrast {
        Some(contrast) => contrast.means(),
        None => (mean(&of_a), mean(&of_b)),
    };
    Some(CostChange {
        currency,
        a: mean_a,
        b: mean_b,
        difference: contrast.map(|it| it.difference_interval(CONFIDENCE)),
    })
}

/// What the runs of both cost by their seeds, and in which currency.
fn both(a: &Results, b: &Results) -> Option<([BTreeMap<u64, f64>; 2], String)> {
    let of = |results: &Results| {
        let cost = results.document.cost()?;
        let seeds = results.document.runs.iter().map(|run| run.seed);
        let by_seed: BTreeMap<u64, f64> = seeds.zip(cost.month_by_run.iter().copied()).collect();
        (!by_seed.is_empty()).then(|| (by_seed, cost.currency.clone()))
    };
    let ((of_a, currency), (of_b, other)) = (of(a)?, of(b)?);
    (currency == other).then_some(([of_a, of_b], currency))
}
