//! What a comparison came to: `compare.json`, `compare.csv` and the table.

use super::csv::table;
use super::json::{Ordered, pretty};
use super::number::{counted, money, percent, thousands};
use super::summary::quantity;
use super::terminal::{Paint, WIDTH, clipped, cut, wrapped};
use crate::compare::{Basis, Change, CompareResult, CostChange, DifferingKey, Row};
use crate::statistics::CONFIDENCE;
use serde_json::{Value, json};
use std::io;

/// Rows of the table that are shown unless all are asked for.
const SHOWN: usize = 14;
/// Keys that differ, likewise.
const KEYS: usize = 5;
/// Columns of a figure's name.
const NAME: usize = 37;

/// Every file of a comparison, in the order of their worth.
pub fn compare_files(
    paths: [&str; 2],
    result: &CompareResult,
) -> impl Iterator<Item = (&'static str, io::Result<Vec<u8>>)> {
    [
        ("compare.json", Ok(compare_json(paths, result))),
        ("compare.csv", compare_csv(result)),
    ]
    .into_iter()
}

/// The document, indented, with a line feed at its end.
pub fn compare_json([a, b]: [&str; 2], result: &CompareResult) -> Vec<u8> {
    let key = |key: &DifferingKey| json!({ "key": key.key, "a": key.a, "b": key.b });
    let keys: Vec<Value> = result.keys.iter().map(key).collect();
    let counts = Change::ALL.map(|change| (change.name().to_owned(), json!(result.count(change))));
    let counts: serde_json::Map<String, Value> = counts.into_iter().collect();
    let rows: Vec<Value> = result.rows.iter().map(row).collect();
    pretty(&Ordered([
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("a", json!(a)),
        ("b", json!(b)),
        ("change", json!(result.change.name())),
        ("sentence", json!(compare_sentence(result))),
        ("matter", json!(result.matter)),
        ("confidence", json!(CONFIDENCE)),
        ("runs", json!(result.runs)),
        ("differing_keys", json!(keys)),
        ("cautions", json!(result.cautions)),
        ("figures_by_change", json!(counts)),
        ("unmatched", json!(result.unmatched)),
        ("cost", json!(result.cost.as_ref().map(cost))),
        ("figures", json!(rows)),
    ]))
}

/// What a month costs on both sides, and the interval of the difference.
fn cost(cost: &CostChange) -> Value {
    json!({
        "currency": cost.currency,
        "a": cost.a,
        "b": cost.b,
        "difference": cost.b - cost.a,
        "low": cost.difference.map(|it| it.0),
        "high": cost.difference.map(|it| it.1),
    })
}

fn row(row: &Row) -> Value {
    json!({
        "of": row.figure.measured.to_string(),
        "quantity": row.figure.quantity.name(),
        "phase": row.figure.phase,
        "story": row.figure.story,
        "unit": row.figure.unit().name(),
        "a": row.a,
        "b": row.b,
        "change_share": row.share(),
        "low": row.interval.map(|it| it.0),
        "high": row.interval.map(|it| it.1),
        "difference_low": row.difference.map(|it| it.0),
        "difference_high": row.difference.map(|it| it.1),
        "matters": Some(row.matters).filter(|it| it.is_finite()),
        "basis": row.basis.name(),
        "probability": row.probability,
        "change": row.change.name(),
        "verdict": row.word(),
    })
}

/// `compare.csv`: a row for each figure. `a` and `b` are in `unit`; the change, its interval and what matters are shares of `a`.
fn compare_csv(result: &CompareResult) -> io::Result<Vec<u8>> {
    let header =
        "of,quantity,phase,story,unit,a,b,change,change_low,change_high,matters,basis,verdict";
    let number = |value: Option<f64>| value.map_or_else(String::new, |it| it.to_string());
    let records = result.rows.iter().map(|row| {
        [
            row.figure.measured.to_string(),
            row.figure.quantity.name().to_owned(),
            row.figure.phase.clone(),
            row.figure.story.clone().unwrap_or_default(),
            row.figure.unit().name().to_owned(),
            row.a.to_string(),
            row.b.to_string(),
            number(row.share()),
            number(row.interval.map(|it| it.0)),
            number(row.interval.map(|it| it.1)),
            number(Some(row.matters).filter(|it| it.is_finite())),
            row.basis.name().to_owned(),
            row.word().to_owned(),
        ]
    });
    table(header, records)
}

/// What it comes to, in one sentence that begins with the change.
pub fn compare_sentence(result: &CompareResult) -> String {
    let (all, matter) = (
        counted(result.rows.len() as u64, "figure"),
        percent(result.matter),
    );
    let of = |change| thousands(result.count(change) as u64);
    let most = |change: Change| {
        let rows = result.rows.iter().filter(|row| row.change == change);
        let most = rows.max_by(|a, b| size(a).total_cmp(&size(b)));
        most.map_or_else(String::new, |row| {
            let share = row
                .share()
                .map_or_else(String::new, |it| format!(" by {}", signed(it)));
            format!(", most of all {}{share}", row.figure)
        })
    };
    match result.change {
        Change::Worse => {
            let count = of(Change::Worse);
            let word = worst_word(result);
            let better = match result.count(Change::Better) {
                0 => String::new(),
                _ => format!("; {} are better", of(Change::Better)),
            };
            format!(
                "{word}: {count} of {all} by more than {matter}{}{better}",
                most(Change::Worse)
            )
        }
        Change::Better => {
            let count = of(Change::Better);
            format!(
                "faster: {count} of {all} are better by more than {matter}{}",
                most(Change::Better)
            )
        }
        Change::Same => format!("same: all {all} within {matter} of what they were"),
        Change::CannotTell if result.rows.is_empty() => {
            "cannot tell: there is no figure that both have".to_owned()
        }
        Change::CannotTell => format!(
            "cannot tell: nothing is slower or bigger for certain; {} of {all} are the same, of {} it cannot be told",
            of(Change::Same),
            of(Change::CannotTell),
        ),
    }
}

/// Slower, if any figure of time is.
fn worst_word(result: &CompareResult) -> &'static str {
    let worse = result.rows.iter().filter(|row| row.change == Change::Worse);
    let mut words: Vec<&str> = worse.map(Row::word).collect();
    words.sort_unstable();
    match words.contains(&"slower") {
        true => "slower",
        false => words.first().copied().unwrap_or("worse"),
    }
}

/// How far beyond doubt a change is.
fn size(row: &Row) -> f64 {
    match row.interval {
        Some((low, high)) => low.abs().min(high.abs()),
        None => 0.0,
    }
}

/// The whole on one screen: the sentence, the keys that differ, and the rows that changed. `all` shows every row.
pub fn compare_text(paths: [&str; 2], result: &CompareResult, all: bool, colour: bool) -> String {
    let paint = Paint { colour };
    let sentence = compare_sentence(result);
    let mut lines = wrapped(&match result.change {
        Change::Worse => paint.bad(&format!("✗ {sentence}")),
        Change::Better | Change::Same => paint.good(&format!("✓ {sentence}")),
        Change::CannotTell => paint.doubtful(&format!("? {sentence}")),
    });
    lines.extend(sides(paths, result));
    lines.extend(keys(result));
    lines.extend(result.cost.as_ref().map(costs));
    for caution in &result.cautions {
        lines.extend(wrapped(&paint.doubtful(&format!("  {caution}"))));
    }
    let (shown, folded) = shown(result, all);
    if !shown.is_empty() {
        lines.push(String::new());
        let columns = columned("", ["A", "B", "change", "95 % interval"]);
        lines.push(columns.trim_end().to_owned());
    }
    for row in shown {
        let line = table_line(row);
        lines.push(match row.change {
            Change::Worse => paint.bad(&line),
            Change::Better => paint.good(&line),
            Change::Same | Change::CannotTell => line,
        });
    }
    if folded > 0 {
        lines.push(format!(
            "  … and {} more figures; --all shows them",
            thousands(folded as u64)
        ));
    }
    lines.extend(
        hint(result)
            .iter()
            .flat_map(|hint| wrapped(&format!("  {hint}"))),
    );
    lines.iter().map(|line| line.clone() + "\n").collect()
}

fn sides([a, b]: [&str; 2], result: &CompareResult) -> Vec<String> {
    let runs = |count: usize| counted(count as u64, "run");
    let any = |basis| result.rows.iter().any(|row| row.basis == basis);
    let seeds = match any(Basis::Pairs) {
        true => ", paired by their seeds",
        false => "",
    };
    let mut lines = vec![
        clipped(&format!("  A: {a}, {}", runs(result.runs[0]))),
        clipped(&format!("  B: {b}, {}{seeds}", runs(result.runs[1]))),
    ];
    if any(Basis::Within) {
        let what = "intervals are of what varied within one run, not of how runs differ";
        lines.push(format!("  {what}"));
    }
    lines
}

/// `costs 5,214 → 4,800 EUR a month: −414 (−420 to −408)`
fn costs(cost: &CostChange) -> String {
    let signed = |amount: f64| match amount < 0.0 {
        true => format!("−{}", money(amount)),
        false => format!("+{}", money(amount)),
    };
    let interval = cost.difference.map_or_else(String::new, |(low, high)| {
        format!(" ({} to {})", signed(low), signed(high))
    });
    clipped(&format!(
        "  costs {} → {} {} a month: {}{interval}",
        money(cost.a),
        money(cost.b),
        cost.currency,
        signed(cost.b - cost.a),
    ))
}

fn keys(result: &CompareResult) -> Vec<String> {
    let value = |value: &Option<String>| match value {
        Some(value) => cut(value, 30),
        None => "(default)".to_owned(),
    };
    let key = |key: &DifferingKey| {
        clipped(&format!(
            "  differs: {}: {} → {}",
            key.key,
            value(&key.a),
            value(&key.b)
        ))
    };
    let mut lines: Vec<String> = result.keys.iter().take(KEYS).map(key).collect();
    if result.keys.len() > KEYS {
        lines.push(format!(
            "  … and {} more keys that differ",
            result.keys.len() - KEYS
        ));
    }
    lines
}

/// The rows to show, those that changed most first, and how many are left out.
fn shown(result: &CompareResult, all: bool) -> (Vec<&Row>, usize) {
    let mut rows: Vec<&Row> = result.rows.iter().collect();
    rows.sort_by(|a, b| a.change.cmp(&b.change).then(size(b).total_cmp(&size(a))));
    let changed = |row: &&&Row| matches!(row.change, Change::Worse | Change::Better);
    let shown = match all {
        true => rows.len(),
        false => rows.iter().filter(changed).count().min(SHOWN),
    };
    let folded = rows.len() - shown;
    rows.truncate(shown);
    (rows, folded)
}

fn table_line(row: &Row) -> String {
    let unit = row.figure.unit();
    let interval = row.interval.map_or_else(
        || "–".to_owned(),
        |(low, high)| format!("{} to {}", signed(low), signed(high)),
    );
    let share = row.share().map_or_else(|| "–".to_owned(), signed);
    let cells = [
        quantity(row.a, unit),
        quantity(row.b, unit),
        share,
        interval,
    ];
    let cells = [0, 1, 2, 3].map(|at| cells[at].as_str());
    cut(
        &format!(
            "{} {}",
            columned(&row.figure.to_string(), cells),
            row.word()
        ),
        WIDTH,
    )
}

fn columned(name: &str, [a, b, change, interval]: [&str; 4]) -> String {
    let name = cut(name, NAME);
    format!("  {name:<NAME$}{a:>9}{b:>9}{change:>8} {interval:>18}")
}

/// `+11.2%`
fn signed(share: f64) -> String {
    let sign = if share < 0.0 { "−" } else { "+" };
    format!("{sign}{}", percent(share.abs()))
}

/// What would tell more.
fn hint(result: &CompareResult) -> Option<String> {
    let unclear = result.count(Change::CannotTell);
    if unclear == 0 {
        return None;
    }
    Some(match result.replications() {
        _ if result.runs.contains(&1) => {
            "one run says too little of some figures: run both with --replications 8".to_owned()
        }
        Some(needed) if needed <= 1_000 => format!(
            "about --replications {needed} on both sides would tell half of what cannot be told yet"
        ),
        _ => "what cannot be told is too rare for that: let the load last longer".to_owned(),
    })
}
