//! A latency histogram with exact count, sum and extremes.

use hdrhistogram::Histogram;
use stormglass_model::units::Span;

/// Latencies in nanoseconds: quantiles within 0.1 %, the rest exact.
#[derive(Clone, Debug)]
pub struct Latency {
    histogram: Histogram<u64>,
    count: u64,
    sum_ns: u128,
    min_ns: u64,
    max_ns: u64,
}

impl Default for Latency {
    fn default() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "three digits is within the one to five allowed"
        )]
        let histogram = Histogram::new(3).expect("three significant digits");
        Latency {
            histogram,
            count: 0,
            sum_ns: 0,
            min_ns: u64::MAX,
            max_ns: 0,
        }
    }
}

impl Latency {
    /// Counts one value.
    #[inline]
    pub fn record(&mut self, span: Span) {
        // A histogram of automatic range refuses nothing that a span can hold; were it to, count, sum
        // and extremes below would still be exact.
        let _ = self.histogram.record(span.0);
        self.count += 1;
        self.sum_ns += u128::from(span.0);
        self.min_ns = self.min_ns.min(span.0);
        self.max_ns = self.max_ns.max(span.0);
    }

    /// Adds the values of another.
    pub(crate) fn add(&mut self, other: &Latency) {
        let _ = self.histogram.add(&other.histogram);
        self.count += other.count;
        self.sum_ns += other.sum_ns;
        self.min_ns = self.min_ns.min(other.min_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The least value; zero when there is none.
    pub fn min(&self) -> Span {
        Span(if self.count == 0 { 0 } else { self.min_ns })
    }

    /// The greatest value; zero when there is none.
    pub fn max(&self) -> Span {
        Span(self.max_ns)
    }

    /// The mean in nanoseconds; zero when there is no value.
    pub(crate) fn mean_ns(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum_ns as f64 / self.count as f64
        }
    }

    /// The value at a quantile between 0 and 1, never beyond the extremes; zero when there is none.
    pub fn quantile(&self, quantile: f64) -> Span {
        if self.count == 0 {
            return Span::ZERO;
        }
        Span(
            self.histogram
                .value_at_quantile(quantile)
                .clamp(self.min_ns, self.max_ns),
        )
    }

    /// The histogram itself, in nanoseconds, for export.
    pub(crate) fn histogram(&self) -> &Histogram<u64> {
        &self.histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_and_mean_are_exact_and_quantiles_close() {
        let mut latency = Latency::default();
        (1..=1_000_000).for_each(|n| latency.record(Span(n * 1_000)));
        assert_eq!(
            (latency.min(), latency.max()),
            (Span(1_000), Span(1_000_000_000))
        );
        assert_eq!(latency.mean_ns(), 500_000_500.0);
        let p99 = latency.quantile(0.99).0 as f64;
        assert!((p99 / 990e6 - 1.0).abs() < 0.001, "{p99}");
    }

    #[test]
    fn two_halves_add_up_to_the_whole() {
        let (mut even, mut odd, mut all) =
            (Latency::default(), Latency::default(), Latency::default());
        for n in 0..10_000_u64 {
            let span = Span(n * n * 37);
            if n % 2 == 0 {
                even.record(span)
            } else {
                odd.record(span)
            }
            all.record(span);
        }
        even.add(&odd);
        assert_eq!(even.count(), all.count());
        assert_eq!(even.quantile(0.5), all.quantile(0.5));
        assert_eq!(even.mean_ns(), all.mean_ns());
    }

    #[test]
    fn the_longest_span_is_held() {
        let mut latency = Latency::default();
        latency.record(Span(u64::MAX >> 1));
        latency.record(Span(u64::MAX));
        assert_eq!(latency.count(), 2);
        assert_eq!(latency.max(), Span(u64::MAX));
    }
}
