//! What a run measured, as plain values: latencies, rows and the result that reports are made from.

mod conclusion;
mod judge;
mod latency;
mod lost;
pub mod merge;
mod packed;
mod recovery;
mod result;
mod storm;
mod tally;
mod threshold;
mod window;

pub use conclusion::Conclusion;
pub use latency::Latency;
pub(crate) use latency::{IntervalLatency, empty_histogram};
pub(crate) use lost::Losable;
pub(crate) use result::{ALL, PARTS, Stretch};
pub use result::{
    FaultTurn, LoadParts, OperationRow, Phase, PhaseRow, RunResult, TimelineRow, TransitionKey,
    TransitionRow, WorstWindow,
};
pub use storm::StormResult;
pub(crate) use tally::{BOUNDS, Figures, QueueFigures, Responses, Tally};
pub(crate) use threshold::Unit;
pub use threshold::{Aggregate, Comparison, Threshold, ThresholdResult, ThresholdSubject, Windows};
pub(crate) use window::WindowMeter;
