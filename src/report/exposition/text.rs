//! The text format of Prometheus, version 0.0.4.

use super::families::{Kind, MetricFamily, Sample, Value, bounds, cumulative};
use std::fmt::Write as _;

/// Every family in turn.
pub fn text(families: &[MetricFamily<'_>]) -> String {
    let mut text = String::new();
    for MetricFamily {
        name,
        help,
        kind,
        samples,
    } in families
    {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // A string refuses nothing.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for sample in samples {
            write_sample(&mut text, name, sample);
        }
    }
    text
}

fn write_sample(text: &mut String, name: &str, sample: &Sample<'_>) {
    let labels = labels(sample);
    let plain = braces(&labels);
    let _ = match sample.value {
        Value::Count(count) => writeln!(text, "{name}{plain} {count}"),
        Value::Number(number) => writeln!(text, "{name}{plain} {number}"),
        Value::Spread(responses) => {
            let le = bounds().map(|bound| bound.to_string());
            for (le, count) in le.chain(["+Inf".to_owned()]).zip(cumulative(responses)) {
                let le = braces(&[&labels[..], &[format!("le=\"{le}\"")]].concat());
                let _ = writeln!(text, "{name}_bucket{le} {count}");
            }
            let sum = responses.sum_ns as f64 / 1e9;
            let _ = writeln!(text, "{name}_sum{plain} {sum}");
            writeln!(text, "{name}_count{plain} {}", responses.count())
        }
    };
}

fn braces(labels: &[String]) -> String {
    match labels {
        [] => String::new(),
        labels => format!("{{{}}}", labels.join(",")),
    }
}

fn labels(sample: &Sample<'_>) -> Vec<String> {
    let escaped = |text: &str| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        text.replace('\n', "\\n")
    };
    let labels = sample.labels.iter();
    labels
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect()
}
