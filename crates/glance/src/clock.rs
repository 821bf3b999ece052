//! The wall clock, read for time-outs and for the times in an answer.

use stormglass_model::units::Span;
use tokio::time::Instant;

#[allow(
    clippy::disallowed_methods,
    reason = "time-outs of a real server are in real time"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn since(began: Instant) -> Span {
    Span(now().saturating_duration_since(began).as_nanos() as u64)
}
