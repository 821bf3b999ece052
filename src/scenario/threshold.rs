//! What is demanded of the results: `[thresholds]`.

use super::document::{Entry, Value};
use super::reader::{Input, Reader};
use super::story::WrittenStory;
use super::value::parse_share;
use crate::metrics::{Aggregate, Comparison, Threshold, ThresholdSubject, TransitionKey};
use stormglass_model::lifecycle::{EDGES, Operation, Profile, TASK_EDGES};
use stormglass_model::units::Span;

/// The key of thresholds about arrivals that could not start.
const DROPPED: &str = "dropped";

/// What a run measures, so that thresholds can be about it.
pub(super) struct Measured<'a> {
    /// The edges of the target.
    pub profile: Profile,
    /// None when they could not be read.
    pub stories: Option<&'a [WrittenStory]>,
}

impl Measured<'_> {
    /// Whether it is certain that no story does the operation.
    fn lacks(&self, operation: Operation) -> bool {
        let does = |it: &WrittenStory| it.story.acts().any(|act| act.operation == operation);
        (self.stories).is_some_and(|stories| !stories.iter().any(does))
    }
}

/// Reads `[thresholds]`.
pub(super) fn read(input: Input, measured: &Measured) -> Vec<Threshold> {
    let entries = input.entries("a table", "[thresholds]");
    (entries.into_iter().flatten())
        .flat_map(|(entry, input)| demands(input, entry, measured))
        .collect()
}

fn demands(input: Input, entry: &Entry, measured: &Measured) -> Vec<Threshold> {
    let subject = subject(input.reader, entry, measured);
    let items = match &input.node.value {
        Value::Array(_) => input.list("", "").into_iter().flatten().collect(),
        _ => vec![input],
    };
    let threshold = |item: Input| {
        let expression = item.text("a demand", "\"p(99) < 20s\"")?;
        let (aggregate, comparison, bound) = demand(item, expression)?;
        let subject = subject?;
        if let Some((message, help)) = senseless(subject, aggregate) {
            return item.refuse(message, help);
        }
        Some(Threshold {
            key: entry.key.clone(),
            expression: expression.to_owned(),
            subject,
            aggregate,
            comparison,
            bound,
        })
    };
    items.into_iter().filter_map(threshold).collect()
}

/// Why there is no such number of what a threshold is about, and what to write.
fn senseless(
    subject: ThresholdSubject,
    aggregate: Aggregate,
) -> Option<(&'static str, &'static str)> {
    match (subject, aggregate) {
        (ThresholdSubject::Transition(_), Aggregate::ErrorRate) => Some((
            "a transition has no error rate",
            "demand it of an operation, for example `upload`",
        )),
        (ThresholdSubject::Dropped, Aggregate::Count | Aggregate::Rate) => None,
        (ThresholdSubject::Dropped, _) => Some((
            "dropped arrivals have a rate and a count, and no latency",
            "write `rate < 1%` or `count < 100`",
        )),
        (_, Aggregate::Rate) => Some((
            "only dropped arrivals have a rate",
            "write it under the key `dropped`; of an operation write `error_rate`",
        )),
        _ => None,
    }
}

fn subject(reader: &Reader, entry: &Entry, measured: &Measured) -> Option<ThresholdSubject> {
    let (at, key) = (entry.spot, entry.key.as_str());
    if let Some((from, to)) = key.split_once("->") {
        let (from, to) = (from.trim(), to.trim());
        let transition = transition(reader, entry, (from, to), measured.profile)?;
        if transition.is_task() && measured.lacks(Operation::Import) {
            let help = "add `\"import\"` to a story, or leave the threshold out";
            reader.wrong(at, "no story imports, so there are no tasks", help);
            return None;
        }
        return Some(ThresholdSubject::Transition(transition));
    }
    if key == DROPPED {
        return Some(ThresholdSubject::Dropped);
    }
    let Some(operation) = Operation::from_name(key) else {
        let names = Operation::ALL.iter().map(|operation| operation.name());
        let names: Vec<&str> = names.chain([DROPPED]).collect();
        reader.unknown(at, "operation", key, &names);
        return None;
    };
    if measured.lacks(operation) {
        let help = "add it to a story, or leave the threshold out";
        reader.wrong(at, format!("no story does `{operation}`"), help);
        return None;
    }
    Some(ThresholdSubject::Operation(operation))
}

fn transition(
    reader: &Reader,
    entry: &Entry,
    (from, to): (&str, &str),
    profile: Profile,
) -> Option<TransitionKey> {
    let subjects = EDGES.iter().filter(|edge| edge.allowed_by(profile));
    let tasks = TASK_EDGES.iter().filter(|edge| edge.allowed_by(profile));
    let legal: Vec<(String, TransitionKey)> = subjects
        .map(|edge| TransitionKey::Subject(edge.from, edge.to))
        .chain(tasks.map(|edge| TransitionKey::Task(edge.from, edge.to)))
        .map(|key| {
            let (source, target) = key.names();
            (format!("{source}->{target}"), key)
        })
        .collect();
    let wanted = format!("{from}->{to}");
    if let Some((_, found)) = legal.iter().find(|(name, _)| *name == wanted) {
        return Some(*found);
    }
    let message = format!("`{wanted}` is no transition of profile {profile}");
    let names = legal.iter().map(|(name, _)| name.as_str());
    let begins = format!("{from}->");
    let starting: Vec<&str> = (names.clone())
        .filter(|name| !from.is_empty() && name.starts_with(&begins))
        .collect();
    let help = match starting.is_empty() {
        false => format!("from `{from}` there are: {}", starting.join(", ")),
        true => format!("there are: {}", names.collect::<Vec<_>>().join(", ")),
    };
    reader.wrong(entry.spot, message, help);
    None
}

fn demand(input: Input, text: &str) -> Option<(Aggregate, Comparison, f64)> {
    let comparisons = [
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    let split = (comparisons.into_iter())
        .find_map(|(sign, comparison)| Some((text.split_once(sign)?, comparison)));
    let Some(((left, right), comparison)) = split else {
        let help = "write for example `p(99) < 20s`, `count > 0` or `error_rate < 1%`";
        return input.refuse(format!("`{text}` compares nothing"), help);
    };
    let (left, right) = (left.trim(), right.trim());
    let Some(aggregate) = aggregate(left) else {
        let message = format!("`{left}` is nothing that can be demanded");
        let help = "write one of p(99), mean, avg, min, max, count, error_rate, rate; percentiles lie between 0 and 100";
        return input.refuse(message, help);
    };
    let (bound, help) = match aggregate {
        Aggregate::Count => {
            let number = right.parse().ok();
            let number = number.filter(|n: &f64| n.is_finite() && *n >= 0.0);
            (number, "a number: `count > 1000`")
        }
        Aggregate::ErrorRate | Aggregate::Rate => {
            (parse_share(right), "a share: `error_rate < 1%`")
        }
        Aggregate::Percentile(_) | Aggregate::Mean | Aggregate::Min | Aggregate::Max => {
            let span = Span::parse(right).ok();
            (span.map(|span| span.0 as f64), "a duration: `p(99) < 20s`")
        }
    };
    let Some(bound) = bound else {
        let message = format!("`{left}` cannot be compared with `{right}`");
        return input.refuse(message, format!("compare it with {help}"));
    };
    Some((aggregate, comparison, bound))
}

fn aggregate(text: &str) -> Option<Aggregate> {
    match text {
        "mean" | "avg" => Some(Aggregate::Mean),
        "min" => Some(Aggregate::Min),
        "max" => Some(Aggregate::Max),
        "count" => Some(Aggregate::Count),
        "error_rate" => Some(Aggregate::ErrorRate),
        "rate" => Some(Aggregate::Rate),
        _ => {
            let inner = text.strip_prefix("p(")?.strip_suffix(')')?;
            let percentile: f64 = inner.trim().parse().ok()?;
            ((0.0..=100.0).contains(&percentile)).then_some(Aggregate::Percentile(percentile))
        }
    }
}
