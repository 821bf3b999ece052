//! A latency histogram with exact count, sum and extremes.

use hdrhistogram::Histogram;
use stormglass_model::units::Span;

/// Latencies in nanoseconds: quantiles within 0.1 %, the rest exact.
#[derive(Clone, Debug)]
pub struct Latency {
    histogram: Histogram<u64>,
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
        // A histogram of automatic range refuses nothing that a span can hold.
        let _ = self.histogram.record(span.0);
        self.sum_ns += u128::from(span.0);
        self.min_ns = self.min_ns.min(span.0);
        self.max_ns = self.max_ns.max(span.0);
    }

    /// Adds the values of another.
    pub(crate) fn add(&mut self, other: &Latency) {
        let _ = self.histogram.add(&other.histogram);
        self.sum_ns += other.sum_ns;
        self.min_ns = self.min_ns.min(other.min_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The least value; zero when there is none.
    pub fn min(&self) -> Span {
        Span(if self.count() == 0 { 0 } else { self.min_ns })
    }

    /// The greatest value; zero when there is none.
    pub fn max(&self) -> Span {
        Span(self.max_ns)
    }

    /// The mean in nanoseconds; zero when there is no value.
    pub(crate) fn mean_ns(&self) -> f64 {
        self.sum_ns as f64 / self.count().max(1) as f64
    }

    /// The value at a quantile between 0 and 1, never beyond the extremes; zero when there is none.
    pub fn quantile(&self, quantile: f64) -> Span {
        let value = self.histogram.value_at_quantile(quantile);
        Span(value).clamp(self.min(), self.max())
    }

    /// The histogram itself, in nanoseconds, for export.
    pub(crate) fn histogram(&self) -> &Histogram<u64> {
        &self.histogram
    }
}
