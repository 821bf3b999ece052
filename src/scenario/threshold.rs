//! What is demanded of the results: `[thresholds]`.

use super::document::{Entry, Node, Value};
use super::mistake::Spot;
use super::reader::Reader;
use super::value::Share;
use crate::metrics::{Aggregate, Comparison, Threshold, ThresholdSubject, TransitionKey};
use stormglass_model::lifecycle::{
    EDGES, Operation, Profile, SubjectStatus, TASK_EDGES, TaskStatus, subject_edge, task_edge,
};
use stormglass_model::units::Span;

/// What thresholds can be about.
pub(super) struct Known {
    /// The edges of the target.
    pub profile: Profile,
    /// What some story does; none when the stories could not be read.
    pub operations: Option<Vec<Operation>>,
}

/// Reads `[thresholds]`.
pub(super) fn read(reader: &mut Reader, node: &Node, known: &Known) -> Vec<Threshold> {
    let Value::Table(entries) = &node.value else {
        reader.wrong_type(node, "a table", "[thresholds]");
        return Vec::new();
    };
    (entries.iter())
        .flat_map(|entry| demands(reader, entry, known))
        .collect()
}

fn demands(reader: &mut Reader, entry: &Entry, known: &Known) -> Vec<Threshold> {
    let subject = subject(reader, &entry.key, entry.spot, known);
    let items = match &entry.node.value {
        Value::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(&entry.node),
    };
    let mut thresholds = Vec::new();
    for item in items {
        let Value::String(expression) = &item.value else {
            reader.wrong_type(item, "a demand", "\"p(99) < 20s\"");
            continue;
        };
        let demand = demand(reader, expression, item.spot);
        let Some(((aggregate, comparison, bound), subject)) = demand.zip(subject) else {
            continue;
        };
        if aggregate == Aggregate::ErrorRate && matches!(subject, ThresholdSubject::Transition(_)) {
            let message = "a transition has no error rate";
            reader.wrong(
                item.spot,
                message,
                "demand it of an operation, for example `upload`",
            );
        }
        thresholds.push(Threshold {
            key: entry.key.clone(),
            expression: expression.clone(),
            subject,
            aggregate,
            comparison,
            bound,
        });
    }
    thresholds
}

fn subject(reader: &mut Reader, key: &str, at: Spot, known: &Known) -> Option<ThresholdSubject> {
    if let Some((from, to)) = key.split_once("->") {
        return transition(reader, from.trim(), to.trim(), at, known)
            .map(ThresholdSubject::Transition);
    }
    let Some(operation) = Operation::from_name(key) else {
        let names: Vec<_> = Operation::ALL
            .iter()
            .map(|operation| operation.name())
            .collect();
        reader.unknown(at, "operation", key, &names);
        return None;
    };
    if known
        .operations
        .as_ref()
        .is_some_and(|done| !done.contains(&operation))
    {
        let message = format!("no story does `{operation}`");
        reader.wrong(at, message, "add it to a story, or leave the threshold out");
        return None;
    }
    Some(ThresholdSubject::Operation(operation))
}

fn transition(
    reader: &mut Reader,
    from: &str,
    to: &str,
    at: Spot,
    known: &Known,
) -> Option<TransitionKey> {
    let task = |name: &str| {
        TaskStatus::ALL
            .iter()
            .copied()
            .find(|status| status.name() == name)
    };
    let created = from.is_empty();
    let subject = (SubjectStatus::from_name(from), SubjectStatus::from_name(to));
    if let (from, Some(to)) = subject
        && from.is_some() != created
        && subject_edge(known.profile, from, to).is_some()
    {
        return Some(TransitionKey::Subject(from, to));
    }
    if let (from, Some(to)) = (task(from), task(to))
        && from.is_some() != created
        && task_edge(known.profile, from, to).is_some()
    {
        if known
            .operations
            .as_ref()
            .is_some_and(|done| !done.contains(&Operation::Import))
        {
            let message = "no story imports, so there are no tasks";
            reader.wrong(
                at,
                message,
                "add `\"import\"` to a story, or leave the threshold out",
            );
            return None;
        }
        return Some(TransitionKey::Task(from, to));
    }
    let message = format!(
        "`{from}->{to}` is no transition of profile {}",
        known.profile
    );
    let names = edges(known.profile);
    let starting: Vec<_> = (names.iter())
        .filter(|name| !created && name.starts_with(&format!("{from}->")))
        .map(String::as_str)
        .collect();
    let help = match starting.is_empty() {
        false => format!("from `{from}` there are: {}", starting.join(", ")),
        true => format!("there are: {}", names.join(", ")),
    };
    reader.wrong(at, message, help);
    None
}

/// Every transition of a profile, as a threshold writes it.
fn edges(profile: Profile) -> Vec<String> {
    let subjects = (EDGES.iter())
        .filter(|edge| edge.allowed_by(profile))
        .map(|edge| format!("{}->{}", edge.from.map_or("", SubjectStatus::name), edge.to));
    let tasks = (TASK_EDGES.iter())
        .filter(|edge| edge.allowed_by(profile))
        .map(|edge| format!("{}->{}", edge.from.map_or("", TaskStatus::name), edge.to));
    subjects.chain(tasks).collect()
}

type Demand = (Aggregate, Comparison, f64);

fn demand(reader: &mut Reader, text: &str, at: Spot) -> Option<Demand> {
    let comparisons = [
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    let split = (comparisons.into_iter())
        .find_map(|(sign, comparison)| Some((text.split_once(sign)?, comparison)));
    let Some(((left, right), comparison)) = split else {
        let message = format!("`{text}` compares nothing");
        reader.wrong(
            at,
            message,
            "write for example `p(99) < 20s`, `count > 0` or `error_rate < 1%`",
        );
        return None;
    };
    let (left, right) = (left.trim(), right.trim());
    let Some(aggregate) = aggregate(left) else {
        let message = format!("`{left}` is nothing that can be demanded");
        let help = "write one of p(99), mean, avg, min, max, count, error_rate; percentiles lie between 0 and 100";
        reader.wrong(at, message, help);
        return None;
    };
    let number = |text: &str| (text.parse().ok()).filter(|n: &f64| n.is_finite() && *n >= 0.0);
    let (bound, help) = match aggregate {
        Aggregate::Count => (number(right), "a number: `count > 1000`"),
        Aggregate::ErrorRate => (Share::parse(right), "a share: `error_rate < 1%`"),
        Aggregate::Percentile(_) | Aggregate::Mean | Aggregate::Min | Aggregate::Max => {
            let span = Span::parse(right).ok();
            (span.map(|span| span.0 as f64), "a duration: `p(99) < 20s`")
        }
    };
    if bound.is_none() {
        let message = format!("`{left}` cannot be compared with `{right}`");
        reader.wrong(at, message, format!("compare it with {help}"));
    }
    Some((aggregate, comparison, bound?))
}

fn aggregate(text: &str) -> Option<Aggregate> {
    match text {
        "mean" | "avg" => Some(Aggregate::Mean),
        "min" => Some(Aggregate::Min),
        "max" => Some(Aggregate::Max),
        "count" => Some(Aggregate::Count),
        "error_rate" => Some(Aggregate::ErrorRate),
        _ => {
            let inner = text.strip_prefix("p(")?.strip_suffix(')')?;
            let percentile: f64 = inner.trim().parse().ok()?;
            ((0.0..=100.0).contains(&percentile)).then_some(Aggregate::Percentile(percentile))
        }
    }
}
