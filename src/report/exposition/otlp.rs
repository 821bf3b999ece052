//! The same metrics as an export request of OTLP, in its JSON encoding; <https://opentelemetry.io/docs/specs/otlp/>.
//!
//! Names lose what OTLP says apart, the unit and `_total`. Whoever turns them into names of Prometheus by the rules of both projects gets
//! those that `/metrics` has.

use super::families::{Kind, MetricFamily, Sample, Value, bounds};
use serde_json::{Value as Json, json};
use stormglass_model::units::Span;

/// Counts are since the beginning of the run.
const CUMULATIVE: u8 = 2;

/// The bytes of a request. Instants are since 1970.
pub fn otlp(families: &[MetricFamily<'_>], began: Span, now: Span) -> Vec<u8> {
    let is_info = |family: &&MetricFamily<'_>| family.name.ends_with("_info");
    let about = families
        .iter()
        .filter(is_info)
        .flat_map(|family| &family.samples);
    let about = about
        .flat_map(|sample| &sample.labels)
        .map(|(name, value)| match *name {
            "version" => attribute("service.version", value),
            name => attribute(&format!("stormglass.{name}"), value),
        });
    let service = [attribute("service.name", "stormglass")];
    let metrics = families.iter().filter(|family| !is_info(family));
    let metrics = metrics.map(|family| metric(family, began, now));
    let request = json!({ "resourceMetrics": [{
        "resource": { "attributes": service.into_iter().chain(about).collect::<Vec<_>>() },
        "scopeMetrics": [{
            "scope": { "name": "stormglass", "version": env!("CARGO_PKG_VERSION") },
            "metrics": metrics.collect::<Vec<_>>(),
        }],
    }] });
    request.to_string().into_bytes()
}

fn attribute(name: &str, value: &str) -> Json {
    json!({ "key": name, "value": { "stringValue": value } })
}

/// A metric's name and unit.
fn name_and_unit(name: &str) -> (String, &'static str) {
    let name = name.trim_end_matches("_total");
    let units = [("_seconds", "s"), ("_bytes", "By")];
    let found = units
        .into_iter()
        .find_map(|(end, unit)| Some((name.strip_suffix(end)?, unit)));
    let (name, unit) = found.unwrap_or((name, ""));
    (name.replacen('_', ".", 1), unit)
}

fn metric(family: &MetricFamily<'_>, began: Span, now: Span) -> Json {
    let (name, unit) = name_and_unit(family.name);
    let points: Vec<Json> = family
        .samples
        .iter()
        .map(|sample| point(sample, began, now))
        .collect();
    let (kind, data) = match family.kind {
        Kind::Gauge => ("gauge", json!({ "dataPoints": points })),
        Kind::Counter => (
            "sum",
            json!({ "dataPoints": points, "aggregationTemporality": CUMULATIVE, "isMonotonic": true }),
        ),
        Kind::Histogram => (
            "histogram",
            json!({ "dataPoints": points, "aggregationTemporality": CUMULATIVE }),
        ),
    };
    json!({ "name": name, "unit": unit, "description": family.help, kind: data })
}

fn point(sample: &Sample<'_>, began: Span, now: Span) -> Json {
    let labels = sample.labels.iter();
    let attributes: Vec<Json> = labels.map(|(name, value)| attribute(name, value)).collect();
    // Whole numbers of 64 bits are strings in this encoding.
    let text = |count: u64| Json::from(count.to_string());
    let mut point = json!({
        "attributes": attributes,
        "startTimeUnixNano": text(began.0),
        "timeUnixNano": text(now.0),
    });
    match sample.value {
        Value::Count(count) => point["asInt"] = text(count),
        Value::Number(number) => point["asDouble"] = number.into(),
        Value::Spread(responses) => {
            point["count"] = text(responses.count());
            point["sum"] = (responses.sum_ns as f64 / 1e9).into();
            point["bucketCounts"] = responses.classes.iter().map(|&count| text(count)).collect();
            point["explicitBounds"] = bounds().collect();
        }
    }
    point
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_become_names_of_prometheus_again() {
        for (name, expected, unit) in [
            (
                "stormglass_covered_seconds_total",
                "stormglass.covered",
                "s",
            ),
            ("stormglass_response_seconds", "stormglass.response", "s"),
            ("stormglass_stored_bytes", "stormglass.stored", "By"),
            ("stormglass_stories_due_total", "stormglass.stories_due", ""),
            ("stormglass_faults_open", "stormglass.faults_open", ""),
        ] {
            assert_eq!(name_and_unit(name), (expected.to_owned(), unit));
        }
    }
}
