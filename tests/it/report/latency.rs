//! What a histogram of latencies keeps exactly.

use stormglass::Latency;
use stormglass_model::units::Span;

#[test]
fn extremes_are_exact_and_quantiles_close() {
    let mut latency = Latency::default();
    (1..=1_000_000).for_each(|n| latency.record(Span(n * 1_000)));
    assert_eq!(latency.count(), 1_000_000);
    let extremes = (latency.min(), latency.max());
    assert_eq!(extremes, (Span(1_000), Span(1_000_000_000)));
    let p99 = latency.quantile(0.99).0 as f64;
    assert!((p99 / 990e6 - 1.0).abs() < 0.001, "{p99}");
}

#[test]
fn the_longest_span_is_held() {
    let mut latency = Latency::default();
    latency.record(Span(u64::MAX >> 1));
    latency.record(Span(u64::MAX));
    assert_eq!(latency.count(), 2);
    assert_eq!(latency.max(), Span(u64::MAX));
}
