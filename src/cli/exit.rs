//! How the process ends.

use crate::metrics::StormResult;
use std::process::{ExitCode, Termination};
use stormglass_model::lifecycle::Verdict;

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Valid, and every threshold met.
    Valid = 0,
    /// It could not run, or its results could not be written.
    CouldNotRun = 1,
    /// The command line made no sense.
    Usage = 2,
    /// An invariant was violated.
    Invalid = 90,
    /// It cannot be said whether it is valid.
    Unknown = 91,
    /// The generator was the bottleneck.
    Generator = 92,
    /// A threshold failed.
    Threshold = 99,
    /// The scenario is wrong.
    Scenario = 104,
    /// It was interrupted; what was measured until then is kept.
    Interrupted = 105,
}

impl Exit {
    /// The process's exit code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// How a storm ended. A violation counts however early the storm was cut short; otherwise a storm that
    /// was cut short says nothing about the rest.
    pub fn of(result: &StormResult) -> Exit {
        match result.verdict {
            Verdict::Invalid => Exit::Invalid,
            _ if result.interrupted() => Exit::Interrupted,
            Verdict::Unknown => Exit::Unknown,
            Verdict::Valid if result.generator_bottleneck => Exit::Generator,
            Verdict::Valid if !result.thresholds_met() => Exit::Threshold,
            Verdict::Valid => Exit::Valid,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}
