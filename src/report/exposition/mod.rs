//! Metrics of a run under way, by the conventions of Prometheus: base units, counters that end with `_total`, and histograms in
//! place of quantiles, which nobody can put together again.

mod families;
#[cfg(feature = "otlp")]
mod otlp;
mod protobuf;
mod text;

pub use families::RunMetrics;
#[cfg(feature = "otlp")]
pub use otlp::otlp;
pub use protobuf::protobuf;
pub use text::text;
