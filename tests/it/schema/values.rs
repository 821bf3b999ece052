//! The patterns of the schema take every value that the reader takes.

use super::check;
use proptest::prelude::*;
use serde_json::json;
use stormglass_model::units::{Bytes, Rate, Span};

/// A document with a duration, a size, a rate and a bandwidth.
fn document(span: &str, size: &str, rate: &str, bandwidth: &str) -> serde_json::Value {
    json!({
        "schema": 1,
        "name": "a",
        "service": { "scrub_time": span, "store": { "capacity": size, "bandwidth": bandwidth } },
        "load": { "arrivals": { "rate": rate }, "duration": "1h" },
        "story": [{ "name": "a", "steps": "create" }],
    })
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        "[+]?[0-9_]{0,3}[0-9]",
        "[0-9]{0,2}\\.[0-9]{1,3}",
        "[0-9]\\.?[eE][+-]?[0-9]"
    ]
}

const SPANS: &str =
    "(ns|us|µs|ms|s|m|h|d|w|sec|secs|min|mins|second|seconds|minutes?|hours?|days?|weeks?)";
const SIZES: &str = "(B|KiB|MiB|GiB|TiB|PiB|kB|MB|GB|TB|PB|KiBs)";

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(200)
    })]

    #[test]
    fn what_the_reader_takes_fits(
        span in (number(), " ?", SPANS).prop_map(|(n, blank, unit)| n + &blank + &unit),
        more in prop::option::of("[0-9]{1,2}(s|ms|ns)"),
        size in (number(), " ?", SIZES).prop_map(|(n, blank, unit)| n + &blank + &unit),
        rate in (number(), "/(s|m|h|d|w|sec|min|second|minute|hour|day|week)").prop_map(|(n, unit)| n + &unit),
        per in " ?/ ?(s|sec|second)",
    ) {
        let span = span + &more.unwrap_or_default();
        let bandwidth = format!("{size}{per}");
        let taken = Span::parse(&span).is_ok()
            && Bytes::parse(&size).is_ok()
            && Rate::parse(&rate).is_ok()
            && Bytes::parse_per_second(&bandwidth).is_ok();
        if taken {
            let fits = check("scenario", &document(&span, &size, &rate, &bandwidth));
            prop_assert!(fits.is_ok(), "{span} {size} {rate} {bandwidth}: {fits:?}");
        }
    }
}
