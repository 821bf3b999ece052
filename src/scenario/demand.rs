//! One demand of a threshold: which number, compared how, with what.

use super::document::Value;
use super::reader::Input;
use super::value::{lasting, parse_share};
use crate::metrics::{Aggregate, Comparison, ThresholdSubject, Unit, Windows};
use stormglass_model::config::Resource;
use stormglass_model::units::{Bytes, Rate, Span};

/// What a demand in every window looks like.
const EXAMPLE: &str = "{ demand = \"p(99) < 2s\", over = \"10s\" }";

/// Windows of a load, at most: a person looks at the worst of them, and each is judged.
const WINDOWS: u64 = 10_000;

/// The shortest window, where nobody knows how long the load is.
const SHORTEST: Span = Span::from_millis(1);

/// A demand as it was written: the expression and where it stands, and the windows.
pub(super) struct Written<'a> {
    pub input: Input<'a>,
    pub expression: &'a str,
    pub windows: Option<Windows>,
}

/// Reads a demand, in every window or over all. `load` is how long the load lasts, if that is known.
pub(super) fn written(input: Input, load: Option<Span>) -> Option<Written> {
    if !matches!(input.node.value, Value::Table(_)) {
        let expression = input.text("a demand", "\"p(99) < 20s\"")?;
        return Some(Written {
            input,
            expression,
            windows: None,
        });
    }
    input.table(EXAMPLE, |t| {
        let demand = t.need_with("demand", "\"p(99) < 2s\"", |it| {
            Some((it, it.text("a demand", "\"p(99) < 20s\"")?))
        });
        let is_there = t.has("over");
        let over = t.with("over", |it| window(it, load));
        let abort_on_fail = t.or("abort_on_fail", false);
        if abort_on_fail && !is_there {
            let help = "write for example `over = \"10s\"` beside it";
            let message = "only a demand in every window can end the load";
            t.wrong_key("abort_on_fail", message, help);
            return None;
        }
        let (input, expression) = demand?;
        let windows = over.map(|length| Windows {
            length,
            abort_on_fail,
        });
        (over.is_some() == is_there).then_some(Written {
            input,
            expression,
            windows,
        })
    })
}

/// The length of a window.
fn window(input: Input, load: Option<Span>) -> Option<Span> {
    let length = lasting(input)?;
    let least = load.map_or(SHORTEST, |load| Span(load.0.div_ceil(WINDOWS)));
    if length < least {
        let message = match load {
            Some(load) => format!(
                "these are {} windows, and there may be {WINDOWS}",
                load.0.div_ceil(length.0)
            ),
            None => "so short a window holds nothing".to_owned(),
        };
        return input.refuse(
            message,
            format!("write at least `over = \"{}\"`", least.exact()),
        );
    }
    Some(length)
}

/// What an expression demands.
pub(super) struct Demand {
    pub aggregate: Aggregate,
    pub comparison: Comparison,
    /// In the unit that such a number has.
    pub bound: f64,
}

/// Reads an expression such as `p(99) < 20s` about a subject; none of it is known where the key was wrong.
pub(super) fn read(input: Input, text: &str, subject: Option<ThresholdSubject>) -> Option<Demand> {
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
        let help = "write one of p(99), mean, avg, min, max, count, error_rate, rate; percentiles lie between 0 and 100; \
                    of a resource write utilisation, mean(queue), max(queue) or wait; of a recovery write time";
        return input.refuse(message, help);
    };
    let subject = subject?;
    let Some(unit) = subject.unit(aggregate) else {
        let (message, help) = senseless(subject, aggregate);
        return input.refuse(message, help);
    };
    let (bound, help) = bound(unit, right);
    let Some(bound) = bound else {
        let message = format!("`{left}` cannot be compared with `{right}`");
        return input.refuse(message, format!("compare it with {help}"));
    };
    Some(Demand {
        aggregate,
        comparison,
        bound,
    })
}

fn bound(unit: Unit, text: &str) -> (Option<f64>, &'static str) {
    match unit {
        Unit::Nanoseconds => {
            let span = Span::parse(text).ok();
            (span.map(|it| it.0 as f64), "a duration: `p(99) < 20s`")
        }
        Unit::Count => {
            let number = text.parse().ok();
            let number = number.filter(|n: &f64| n.is_finite() && *n >= 0.0);
            (number, "a number: `count > 1000`")
        }
        Unit::Share => (parse_share(text), "a share: `error_rate < 1%`"),
        Unit::PerSecond => {
            let rate = Rate::parse(text).ok();
            (rate.map(|rate| rate.0), "a rate: `rate > 5/s`")
        }
        Unit::Bytes => {
            let bytes = Bytes::parse(text).ok();
            (bytes.map(|it| it.0 as f64), "a size: `max < 2TiB`")
        }
    }
}

/// Why there is no such number of what a threshold is about, and what to write.
fn senseless(subject: ThresholdSubject, aggregate: Aggregate) -> (&'static str, String) {
    match (subject, aggregate) {
        (ThresholdSubject::Transition(_), Aggregate::ErrorRate) => (
            "a transition has no error rate",
            "demand it of an operation, for example `upload`".to_owned(),
        ),
        (ThresholdSubject::Recovery(_), _) => (
            "a recovery has a time, and nothing else",
            "write `time < 5m`".to_owned(),
        ),
        (_, Aggregate::Time) => (
            "only a recovery has a time",
            "write it under a key such as `recovery(NAME)`, with the name of a fault".to_owned(),
        ),
        (ThresholdSubject::Transition(_) | ThresholdSubject::Operation(_), _) => (
            "only a resource has a utilisation, a queue and a wait",
            format!(
                "write it under a key such as `resource:{}`",
                Resource::Slots
            ),
        ),
        (ThresholdSubject::Dropped, _) => (
            "dropped arrivals have a rate and a count, and no latency",
            "write `rate < 1%` or `count < 100`".to_owned(),
        ),
        (ThresholdSubject::InFlight, _) => (
            "operations in flight have a `mean` and a `max`",
            "write `mean < 100` or `max < 1000`".to_owned(),
        ),
        (ThresholdSubject::BytesStored, _) => (
            "bytes in the store have a `mean` and a `max`",
            "write `mean < 1TiB` or `max < 2TiB`".to_owned(),
        ),
        (ThresholdSubject::Resource(_), _) => (
            "a resource has a utilisation, a queue and a wait",
            "write `utilisation < 80%`, `mean(queue) < 10`, `max(queue) < 100` or `wait < 1s`"
                .to_owned(),
        ),
    }
}

fn aggregate(text: &str) -> Option<Aggregate> {
    match text {
        "mean" | "avg" => Some(Aggregate::Mean),
        "min" => Some(Aggregate::Min),
        "max" => Some(Aggregate::Max),
        "count" => Some(Aggregate::Count),
        "error_rate" => Some(Aggregate::ErrorRate),
        "rate" => Some(Aggregate::Rate),
        "utilisation" => Some(Aggregate::Utilisation),
        "mean(queue)" | "avg(queue)" => Some(Aggregate::MeanQueue),
        "max(queue)" => Some(Aggregate::MaxQueue),
        "wait" => Some(Aggregate::Wait),
        "time" => Some(Aggregate::Time),
        _ => {
            let inner = text.strip_prefix("p(")?.strip_suffix(')')?;
            let percentile: f64 = inner.trim().parse().ok()?;
            ((0.0..=100.0).contains(&percentile)).then_some(Aggregate::Percentile(percentile))
        }
    }
}
