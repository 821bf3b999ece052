//! What a search came to: `search.json`, `capacity.csv` and the summary.

use super::csv::table;
use super::headline::listed;
use super::json::{Entries, Ordered, pretty};
use super::number::{amount, counted, percent};
use super::origin::Origin;
use super::scalability::{scalability, scaling, usl_csv};
use super::summary::quantity;
use super::terminal::{Paint, clipped, closing, wrapped};
use crate::capacity::{Answer, Beside, Point, Range, ResourceUse, SearchResult, Unit};
use crate::metrics::Threshold;
use crate::statistics::{CONFIDENCE, Estimate};
use serde_json::{Value, json};
use std::io;
use stormglass_model::units::Span;

/// Every file of a search, in the order of their worth.
pub fn search_files(
    origin: &Origin,
    result: &SearchResult,
) -> impl Iterator<Item = (&'static str, io::Result<Vec<u8>>)> {
    [
        ("search.json", Ok(search_json(origin, result))),
        ("capacity.csv", capacity_csv(result)),
    ]
    .into_iter()
    .chain(
        result
            .scalability()
            .ok()
            .map(|law| ("usl.csv", usl_csv(result, &law))),
    )
}

/// The document: `value`, `low` and `high` are in `unit`; null where there is no answer.
pub fn search_json(origin: &Origin, result: &SearchResult) -> Vec<u8> {
    pretty(&Ordered(document(
        origin,
        &result.range,
        &result.demands,
        answer(result),
        scalability(result),
        [result.wall_s, result.cpu_s],
    )))
}

/// What every document of a search says, over whichever keys.
pub(super) fn document(
    origin: &Origin,
    range: &Range,
    demands: &[Threshold],
    answer: AnswerValues,
    scalability: Value,
    [wall_s, cpu_s]: [f64; 2],
) -> Entries<27> {
    let demands: Vec<String> = demands.iter().map(demand).collect();
    [
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("scenario", json!(origin.scenario)),
        ("scenario_sha256", json!(origin.scenario_sha256)),
        ("seed", json!(origin.seed)),
        ("target", json!(origin.target)),
        ("target_url", json!(origin.target_url)),
        ("repeat", json!(origin.repeat())),
        ("host", json!(origin.host)),
        ("key", json!(range.key)),
        ("from", json!(range.from)),
        ("to", json!(range.to)),
        ("unit", json!(unit(range.unit))),
        ("demands", json!(demands)),
        ("answer", answer.name),
        ("sentence", answer.sentence),
        ("value", answer.value),
        ("low", answer.low),
        ("high", answer.high),
        ("confidence", json!(CONFIDENCE)),
        ("direction", answer.direction),
        ("gives_way", answer.gives_way),
        ("bottleneck", answer.bottleneck),
        ("next", answer.next),
        ("scalability", scalability),
        ("points", answer.points),
        ("wall_s", json!(wall_s)),
        ("cpu_s", json!(cpu_s)),
    ]
}

/// What a document says of an answer; null and nothing where there is none.
#[derive(Default)]
pub(super) struct AnswerValues {
    pub name: Value,
    pub sentence: Value,
    pub value: Value,
    pub low: Value,
    pub high: Value,
    pub direction: Value,
    pub gives_way: Value,
    pub bottleneck: Value,
    pub next: Value,
    pub points: Value,
}

pub(super) fn answer(result: &SearchResult) -> AnswerValues {
    let found = result.found();
    let resources = edge(result);
    let use_of = |at: usize| json!(resources.get(at).map(resource));
    let points: Vec<Value> = result.points.iter().map(|it| point(result, it)).collect();
    AnswerValues {
        name: json!(answer_name(result)),
        sentence: json!(search_sentence(result)),
        value: json!(found.map(|it| it.value)),
        low: json!(found.map(|it| it.low)),
        high: json!(found.map(|it| it.high)),
        direction: json!(found.map(|it| if it.below { "at most" } else { "at least" })),
        gives_way: json!(found.map(|it| demand(&result.demands[it.demand]))),
        bottleneck: use_of(0),
        next: use_of(1),
        points: json!(points),
    }
}

/// The resources at the highest load that holds, or with the lowest resource that is enough.
pub(super) fn edge(result: &SearchResult) -> &[ResourceUse] {
    result
        .at_the_edge()
        .map_or(&[], |(_, beside)| &beside.resources)
}

pub(super) fn answer_name(result: &SearchResult) -> &'static str {
    match (&result.failure, &result.answer) {
        (Some(_), _) => "failed",
        (None, Answer::Found(_)) => "found",
        (None, Answer::Everywhere) => "everywhere",
        (None, Answer::Nowhere) => "nowhere",
        (None, Answer::NotOffered(..)) => "not-offered",
        (None, Answer::Unfinished(_)) => "unfinished",
    }
}

pub(super) const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Whole | Unit::Number => "",
        Unit::Time => "ns",
        Unit::Size => "bytes",
        Unit::Bandwidth => "bytes_per_s",
        Unit::Rate => "per_s",
    }
}

pub(super) fn demand(threshold: &Threshold) -> String {
    format!("{} {}", threshold.key, threshold.expression)
}

fn resource(used: &ResourceUse) -> Value {
    let waiting: Vec<&str> = used.waiting.iter().map(|work| work.name()).collect();
    json!({
        "resource": used.resource.name(),
        "units": used.units,
        "utilisation": used.utilisation,
        "asked_for": used.share,
        "waiting": waiting,
    })
}

fn point(result: &SearchResult, (point, beside): &(Point, Beside)) -> Value {
    let mut told = measured(&result.demands, point, beside);
    told["value"] = json!(point.value);
    told
}

/// What was measured with one value, or one set-up.
pub(super) fn measured(demands: &[Threshold], point: &Point, beside: &Beside) -> Value {
    let figures = demands.iter().enumerate().map(|(at, threshold)| {
        let figure = point.figure(at);
        json!({
            "demand": demand(threshold),
            "mean": figure.map(|it| it.mean),
            "low": figure.map(Estimate::low).filter(|it| it.is_finite()),
            "high": figure.map(Estimate::high).filter(|it| it.is_finite()),
            "bound": threshold.bound,
            "unit": threshold.unit().name(),
        })
    });
    json!({
        "runs": point.samples.len(),
        "holds": point.holds,
        "overloaded": point.is_overloaded(),
        "ended_early": point.is_lost(),
        "figures": figures.collect::<Vec<_>>(),
        "completions_per_s": mean(&beside.completions_per_s),
        "in_flight": mean(&beside.in_flight),
        "resources": beside.resources.iter().map(resource).collect::<Vec<_>>(),
    })
}

fn mean(values: &[f64]) -> Option<f64> {
    Estimate::of(values, CONFIDENCE).map(|it| it.mean)
}

/// `capacity.csv`: a row for each value that was looked at, with the figure of the demand that decides there. Figures are in the unit
/// of the bound: nanoseconds, a count, or a share.
pub fn capacity_csv(result: &SearchResult) -> io::Result<Vec<u8>> {
    table(CAPACITY, capacity_rows(result))
}

/// The header of `capacity.csv`.
pub(super) const CAPACITY: &str = "value,unit,runs,holds,demand,figure,figure_low,figure_high,bound,completions_per_s,in_flight,\
     bottleneck,utilisation,next,next_utilisation";

pub(super) fn capacity_rows(result: &SearchResult) -> impl Iterator<Item = Vec<String>> {
    result.points.iter().map(|(point, beside)| {
        let at = point.deciding(&result.demands);
        let figure = point.figure(at);
        let number = |value: Option<f64>| {
            let value = value.filter(|value| value.is_finite());
            value.map_or_else(String::new, |value| value.to_string())
        };
        let used = |at: usize| {
            let used = beside.resources.get(at);
            used.map_or_else(Default::default, |it| {
                [it.resource.name().to_owned(), it.utilisation.to_string()]
            })
        };
        let mut record = vec![
            point.value.to_string(),
            unit(result.range.unit).to_owned(),
            point.samples.len().to_string(),
            held(point.holds).to_owned(),
            demand(&result.demands[at]),
            number(figure.map(|it| it.mean)),
            number(figure.map(Estimate::low)),
            number(figure.map(Estimate::high)),
            result.demands[at].bound.to_string(),
            number(mean(&beside.completions_per_s)),
            number(mean(&beside.in_flight)),
        ];
        record.extend(used(0).into_iter().chain(used(1)));
        record
    })
}

/// The answer in one sentence.
pub fn search_sentence(result: &SearchResult) -> String {
    let range = &result.range;
    let key = &range.key;
    let (from, to) = (range.at(range.from), range.at(range.to));
    if let Some(failure) = &result.failure {
        return format!("the search ended: {failure}");
    }
    match &result.answer {
        Answer::Found(found) => {
            let value = range.at(found.value);
            let (low, high) = (range.at(found.low), range.at(found.high));
            let interval = match found.low == found.high {
                true => "every other number is told apart from it".to_owned(),
                false => format!("{low} to {high}, 95 % sure"),
            };
            match found.below {
                true => format!("{key} may be at most {value} ({interval})"),
                false => format!("{key} must be at least {value} ({interval})"),
            }
        }
        Answer::Everywhere => {
            let doubt = doubt(result);
            format!(
                "every demand holds at both ends, {from} and {to}{doubt}: widen the range of {key}"
            )
        }
        Answer::Nowhere => {
            let doubt = doubt(result);
            format!(
                "the demands hold at neither end, {from} nor {to}{doubt}: widen the range of {key}"
            )
        }
        Answer::NotOffered(holds, not) => format!(
            "every demand holds with {key} at {}, and beyond {} the load could not be offered from here",
            range.at(*holds),
            range.at(*not)
        ),
        Answer::Unfinished(None) => "interrupted before anything could be said".to_owned(),
        Answer::Unfinished(Some((holds, fails))) => format!(
            "interrupted: the demands hold with {key} at {}, and not at {}",
            range.at(*holds),
            range.at(*fails)
        ),
    }
}

/// Which ends are too near the bound for anyone to be sure.
fn doubt(result: &SearchResult) -> String {
    let range = &result.range;
    let ends = result.points.iter().map(|(point, _)| point);
    let ends = ends.filter(|it| it.value == range.from || it.value == range.to);
    let near: Vec<String> = (ends.filter(|it| it.holds.is_none()))
        .map(|it| range.at(it.value).to_string())
        .collect();
    let near: Vec<&str> = near.iter().map(String::as_str).collect();
    match near.is_empty() {
        true => String::new(),
        false => format!(" (at {} on average alone)", listed(&near)),
    }
}

/// What was found, on one screen.
pub fn search_summary(
    origin: &Origin,
    result: &SearchResult,
    results: Option<&str>,
    colour: bool,
) -> String {
    let paint = Paint { colour };
    let sentence = search_sentence(result);
    let marked = match (&result.failure, &result.answer) {
        (Some(_), _) => paint.bad(&format!("✗ {sentence}")),
        (None, Answer::Found(_) | Answer::Everywhere) => paint.good(&format!("✓ {sentence}")),
        (None, Answer::Nowhere) => paint.bad(&format!("✗ {sentence}")),
        (None, Answer::NotOffered(..) | Answer::Unfinished(_)) => {
            paint.doubtful(&format!("! {sentence}"))
        }
    };
    let mut lines = wrapped(&marked);
    let runs: usize = result.points.iter().map(|(it, _)| it.samples.len()).sum();
    lines.push(clipped(&format!(
        "  {} · seed {} · {} at {} in {}",
        origin.scenario,
        origin.seed,
        counted(runs as u64, "run"),
        counted(result.points.len() as u64, "value"),
        Span::from_secs_f64(result.wall_s),
    )));
    lines.extend(why(result));
    lines.extend(scaling(result));
    lines.push(String::new());
    lines.extend(points(result));
    lines.extend(closing(None, results.map(str::to_owned)));
    lines.join("\n") + "\n"
}

/// Which demand gives way, and which resource is why.
fn why(result: &SearchResult) -> Vec<String> {
    let (Some(found), Some((point, beside))) = (result.found(), result.at_the_edge()) else {
        return Vec::new();
    };
    let mut lines = vec![format!(
        "  first to give way: {}",
        demand(&result.demands[found.demand])
    )];
    let value = result.range.at(point.value);
    if let [first, rest @ ..] = beside.resources.as_slice() {
        let waiting: Vec<&str> = first.waiting.iter().map(|work| work.name()).collect();
        let waiting = match waiting.is_empty() {
            true => String::new(),
            false => format!(", {} wait for it", listed(&waiting)),
        };
        let next = rest.first().map_or_else(String::new, |next| {
            format!("; next: {}, {}", next.resource, percent(next.utilisation))
        });
        lines.push(format!(
            "  at {value}: {} of {} is {} used{waiting}{next}",
            first.resource,
            amount(first.resource, first.units),
            percent(first.utilisation),
        ));
    }
    lines.iter().flat_map(|line| wrapped(line)).collect()
}

/// Rows of the values nearest to the answer, as many as fit.
fn points(result: &SearchResult) -> Vec<String> {
    let edge = result
        .found()
        .map_or(result.range.from, |found| found.value);
    let mut nearest: Vec<&(Point, Beside)> = result.points.iter().collect();
    nearest.sort_by(|a, b| {
        let away = |it: &(Point, Beside)| (it.0.value / edge).ln().abs();
        away(a).total_cmp(&away(b))
    });
    let hidden = nearest.len().saturating_sub(ROWS);
    nearest.truncate(ROWS);
    nearest.sort_by(|a, b| a.0.value.total_cmp(&b.0.value));
    let width = result.range.key.chars().count().max(12);
    let mut lines = vec![format!(
        "  {:<width$}  {:<7}  {:>22}  {:<24}  {:>4}",
        result.range.key, "holds", "figure", "busiest", "runs"
    )];
    for (point, beside) in nearest {
        // Of one demand all the way, where one gives way.
        let gives_way = result.found().map(|found| found.demand);
        let at = gives_way.unwrap_or_else(|| point.deciding(&result.demands));
        let figure = figure_of(point, at, &result.demands[at]);
        let holds = held(point.holds);
        let busiest = beside.resources.first().map_or_else(String::new, |it| {
            format!("{} {}", it.resource, percent(it.utilisation))
        });
        let value = result.range.at(point.value);
        lines.push(clipped(&format!(
            "  {value:<width$}  {holds:<7}  {figure:>22}  {busiest:<24}  {:>4}",
            point.samples.len()
        )));
    }
    if hidden > 0 {
        lines.push(format!(
            "  {} more in capacity.csv",
            counted(hidden as u64, "value")
        ));
    }
    lines
}

/// What was decided about a value, in one line, while the search goes on.
pub fn search_point(range: &Range, demands: &[Threshold], point: &Point) -> String {
    let figures = demands.iter().enumerate().map(|(at, threshold)| {
        format!("{} {}", demand(threshold), figure_of(point, at, threshold))
    });
    let figures: Vec<String> = figures.collect();
    let holds = match point.holds {
        Some(true) => "holds",
        Some(false) => "does not hold",
        None if point.is_void() => "could not be offered",
        None => "is too near the bound to tell",
    };
    let runs = counted(point.samples.len() as u64, "run");
    let value = range.at(point.value);
    format!("{value} {holds} ({}; {runs})", figures.join(", "))
}

/// Whether demands hold, in a word.
pub(super) const fn held(holds: Option<bool>) -> &'static str {
    match holds {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    }
}

/// Values that a summary shows.
const ROWS: usize = 10;

/// A figure at a value, or why there is none.
pub(super) fn figure_of(point: &Point, at: usize, threshold: &Threshold) -> String {
    match point.figure(at) {
        _ if point.is_lost() => "missed early".to_owned(),
        _ if point.is_overloaded() => "work left over".to_owned(),
        Some(figure) => shown(threshold, figure),
        None => "never happened".to_owned(),
    }
}

/// A figure with how far its interval reaches.
fn shown(threshold: &Threshold, figure: Estimate) -> String {
    let one = |value: f64| quantity(value, threshold.unit());
    match figure.reach.is_finite() {
        true => format!("{} ± {}", one(figure.mean), one(figure.reach)),
        false => one(figure.mean),
    }
}
