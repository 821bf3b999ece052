//! Stormglass: an actor-based lifecycle load tester and chaos simulator for image services.
//!
//! This is the library's door; everything else is private. What it is for, each with an example:
//!
//! * [`run`]: a [`Scenario`] in, a [`StormResult`] with its verdict out (`examples/run_scenario.rs`). [`files`] turns the
//!   result into the bytes of every report.
//! * A history in, a verdict out: `stormglass_model::checker::concurrent::judge` (`examples/judge_history.rs`).
//! * A model service that is driven by hand: `stormglass_model::service` (`examples/drive_service.rs`).
//! * [`TestBed`]: scripts in, judged [`Trial`]s out, on the embedded service or on a real Glance. What a sweep made of many
//!   is a [`SweepResult`], and [`sweep_files`] are its reports.
//!
//! Data flows one way: scenario file → scenario → engine → history and metrics → verdict and reports. ARCHITECTURE.md says
//! which part may import which.

mod calibrate;
mod capacity;
mod cli;
mod compare;
mod engine;
mod learn;
mod live;
mod metrics;
mod report;
mod scenario;
mod statistics;
mod sweep;

pub use cli::main;
pub use engine::{Progress, RunError, RunOptions, SweepProgress, run};
pub use metrics::{
    Aggregate, Comparison, Conclusion, Latency, OperationRow, Phase, RunResult, StormResult,
    Threshold, ThresholdResult, ThresholdSubject, TimelineRow, TransitionKey, TransitionRow,
};
pub use report::{
    Checked, Folder, FolderError, Host, Kept, Origin, files, summary, sweep_files, sweep_summary,
};
pub use scenario::{
    Clock, Load, Mistakes, Model, NamedPhase, Scenario, Target, parse, parse_in, read,
};
pub use sweep::{
    Accepted, Cause, Caused, EmbeddedTestBed, Family, FamilyTally, Finding, GlanceTestBed,
    Mechanism, SweepResult, Tally, TestBed, TestBedError, Trial, Variant,
};
