//! What a search over two keys came to: `search.json`, `frontier.csv`, `capacity.csv` and the summary.

use super::csv::table;
use super::headline::listed;
use super::json::{Ordered, pretty};
use super::number::{counted, percent};
use super::origin::Origin;
use super::search::{
    AnswerValues, CAPACITY, answer, answer_name, capacity_rows, demand, document, edge, unit,
};
use super::terminal::{Paint, clipped, closing, wrapped};
use crate::capacity::{Answer, Found, Frontier, Range, SearchResult};
use serde_json::{Value, json};
use std::io;
use stormglass_model::units::Span;

/// Every file of a search over two keys, in the order of their worth.
pub fn frontier_files(
    origin: &Origin,
    frontier: &Frontier,
) -> impl Iterator<Item = (&'static str, io::Result<Vec<u8>>)> {
    [
        ("search.json", Ok(frontier_json(origin, frontier))),
        ("frontier.csv", frontier_csv(frontier)),
        ("capacity.csv", capacity_csv(frontier)),
    ]
    .into_iter()
}

/// The document: that of a search, with `across` for the key that was held, and `frontier` with the answer at each of its values in
/// place of one answer.
pub fn frontier_json(origin: &Origin, frontier: &Frontier) -> Vec<u8> {
    let Frontier { across, range, .. } = frontier;
    let of_key = |range: &Range| {
        let unit = unit(range.unit);
        json!({ "key": range.key, "from": range.from, "to": range.to, "unit": unit })
    };
    let demands = (frontier.answers.first()).map_or(&[][..], |(_, result)| &result.demands);
    let answers: Vec<Value> = frontier.answers.iter().map(one).collect();
    let all = AnswerValues {
        name: json!(name(frontier)),
        sentence: json!(frontier_sentence(frontier)),
        points: json!([]),
        ..AnswerValues::default()
    };
    let times = [frontier.wall_s, frontier.cpu_s];
    let document = document(origin, range, demands, all, Value::Null, times);
    let more = [("across", of_key(across)), ("frontier", json!(answers))];
    pretty(&Ordered(document.into_iter().chain(more)))
}

fn one((at, result): &(f64, SearchResult)) -> Value {
    let answer = answer(result);
    json!({
        "at": at,
        "answer": answer.name,
        "sentence": answer.sentence,
        "value": answer.value,
        "low": answer.low,
        "high": answer.high,
        "direction": answer.direction,
        "gives_way": answer.gives_way,
        "bottleneck": answer.bottleneck,
        "next": answer.next,
        "points": answer.points,
    })
}

fn name(frontier: &Frontier) -> &'static str {
    match frontier.ended() {
        Some(ended) => answer_name(ended),
        None => "frontier",
    }
}

/// `frontier.csv`: a row for each value of the key that was held.
fn frontier_csv(frontier: &Frontier) -> io::Result<Vec<u8>> {
    let units = [&frontier.across, &frontier.range].map(|range| unit(range.unit).to_owned());
    let [across_unit, range_unit] = &units;
    let records = frontier.answers.iter().map(|(at, result)| {
        let found = result.found();
        let number =
            |of: fn(&Found) -> f64| found.map_or_else(String::new, |found| of(found).to_string());
        let used = |at: usize| {
            let used = edge(result).get(at);
            used.map_or_else(Default::default, |it| {
                [it.resource.name().to_owned(), it.utilisation.to_string()]
            })
        };
        let gives_way = found.map(|found| demand(&result.demands[found.demand]));
        let mut record = vec![
            at.to_string(),
            across_unit.clone(),
            answer_name(result).to_owned(),
            number(|found| found.value),
            number(|found| found.low),
            number(|found| found.high),
            range_unit.clone(),
            gives_way.unwrap_or_default(),
        ];
        record.extend(used(0).into_iter().chain(used(1)));
        record
    });
    table(
        "across,across_unit,answer,value,low,high,unit,gives_way,bottleneck,utilisation,next,next_utilisation",
        records,
    )
}

/// `capacity.csv`: that of a search, and before each row the value that the other key was held at.
fn capacity_csv(frontier: &Frontier) -> io::Result<Vec<u8>> {
    let across_unit = unit(frontier.across.unit);
    let records = frontier.answers.iter().flat_map(|(at, result)| {
        let held = [at.to_string(), across_unit.to_owned()];
        capacity_rows(result).map(move |row| held.clone().into_iter().chain(row))
    });
    table(&format!("across,across_unit,{CAPACITY}"), records)
}

/// The answers in one sentence.
pub fn frontier_sentence(frontier: &Frontier) -> String {
    let (across, range) = (&frontier.across, &frontier.range);
    if let Some(ended) = frontier.ended() {
        let at = frontier.answers.last().map_or(across.from, |(at, _)| *at);
        let done = frontier.answers.len() - 1;
        let why = match &ended.failure {
            Some(failure) => format!(
                "the search ended with {} at {}: {failure}",
                across.key,
                across.at(at)
            ),
            None => format!("interrupted with {} at {}", across.key, across.at(at)),
        };
        return format!(
            "{why}; {done} of {} were done",
            counted(frontier.asked as u64, "value")
        );
    }
    let mut found = frontier.found();
    let first = found.next();
    let bound = |found: &Found| {
        let value = range.at(found.value);
        match found.below {
            true => format!("at most {value}"),
            false => format!("at least {value}"),
        }
    };
    let mut parts = Vec::new();
    if let Some((at, first)) = first {
        let verb = if first.below { "may be" } else { "must be" };
        let last = found.next_back().map_or_else(String::new, |(at, last)| {
            format!(", and {} at {}", bound(last), across.at(at))
        });
        let (bound, at) = (bound(first), across.at(at));
        parts.push(format!(
            "{} {verb} {bound} with {} at {at}{last}",
            range.key, across.key
        ));
    }
    parts.extend(without_an_answer(frontier));
    parts.join("; ")
}

/// The values of the key that was held at which there is no value of the other to name, by why.
fn without_an_answer(frontier: &Frontier) -> Vec<String> {
    let (across, range) = (&frontier.across, &frontier.range);
    let (from, to) = (range.at(range.from), range.at(range.to));
    let held = |is: fn(&Answer) -> bool| {
        let answers = frontier.answers.iter();
        let at = answers.filter(|(_, result)| is(&result.answer));
        let at: Vec<String> = at.map(|(at, _)| across.at(*at).to_string()).collect();
        let at: Vec<&str> = at.iter().map(String::as_str).collect();
        (!at.is_empty()).then(|| format!("with {} at {}", across.key, listed(&at)))
    };
    let parts = [
        held(|it| matches!(it, Answer::Everywhere))
            .map(|held| format!("{held} every demand holds from {from} to {to}")),
        held(|it| matches!(it, Answer::Nowhere))
            .map(|held| format!("{held} the demands hold at neither {from} nor {to}")),
        held(|it| matches!(it, Answer::NotOffered(..)))
            .map(|held| format!("{held} the load could not be offered from here")),
    ];
    parts.into_iter().flatten().collect()
}

/// What was found, on one screen.
pub fn frontier_summary(
    origin: &Origin,
    frontier: &Frontier,
    results: Option<&str>,
    colour: bool,
) -> String {
    let paint = Paint { colour };
    let sentence = frontier_sentence(frontier);
    let marked = match (frontier.ended(), frontier.found().next()) {
        (Some(ended), _) if ended.failure.is_some() => paint.bad(&format!("✗ {sentence}")),
        (None, Some(_)) => paint.good(&format!("✓ {sentence}")),
        (Some(_), _) | (None, None) => paint.doubtful(&format!("! {sentence}")),
    };
    let mut lines = wrapped(&marked);
    let points = frontier
        .answers
        .iter()
        .flat_map(|(_, result)| &result.points);
    let runs: usize = points.map(|(point, _)| point.samples.len()).sum();
    lines.push(clipped(&format!(
        "  {} · seed {} · {} in {}",
        origin.scenario,
        origin.seed,
        counted(runs as u64, "run"),
        Span::from_secs_f64(frontier.wall_s),
    )));
    lines.push(String::new());
    lines.extend(rows(frontier));
    lines.extend(closing(None, results.map(str::to_owned)));
    lines.join("\n") + "\n"
}

fn rows(frontier: &Frontier) -> Vec<String> {
    let (across, range) = (&frontier.across, &frontier.range);
    let [first, second] = [across, range].map(|it| it.key.chars().count().max(12));
    let mut lines = vec![clipped(&format!(
        "  {:<first$}  {:<second$}  {:<22}  {}",
        across.key, range.key, "95 % interval", "busiest there"
    ))];
    for (at, result) in &frontier.answers {
        let (value, interval) = match (result.found(), &result.answer) {
            (Some(found), _) => {
                let (low, high) = (range.at(found.low), range.at(found.high));
                (
                    range.at(found.value).to_string(),
                    format!("{low} to {high}"),
                )
            }
            (None, Answer::Everywhere) => ("any".to_owned(), "holds at both ends".to_owned()),
            (None, Answer::Nowhere) => ("none".to_owned(), "holds at neither end".to_owned()),
            (None, Answer::NotOffered(holds, _)) => (
                "–".to_owned(),
                format!("holds at {}, no more could be offered", range.at(*holds)),
            ),
            (None, Answer::Unfinished(Some((holds, fails)))) => (
                "–".to_owned(),
                format!("holds at {}, not at {}", range.at(*holds), range.at(*fails)),
            ),
            (None, _) => ("–".to_owned(), "not known".to_owned()),
        };
        let busiest = edge(result).first().map_or_else(String::new, |it| {
            format!("{} {}", it.resource, percent(it.utilisation))
        });
        let at = across.at(*at).to_string();
        lines.push(clipped(&format!(
            "  {at:<first$}  {value:<second$}  {interval:<22}  {busiest}"
        )));
    }
    lines
}
