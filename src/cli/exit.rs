//! How the process ends.

use crate::metrics::StormResult;
use std::process::ExitCode;
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

    /// How a judgement ends. A violation counts however early the work was cut short; otherwise what was cut short says
    /// nothing about the rest.
    pub fn of(verdict: Verdict, interrupted: bool) -> Exit {
        match verdict {
            Verdict::Invalid => Exit::Invalid,
            _ if interrupted => Exit::Interrupted,
            Verdict::Unknown => Exit::Unknown,
            Verdict::Valid => Exit::Valid,
        }
    }

    /// How a storm ended. In a valid one a slow generator says more than a threshold, of which it may be the cause.
    pub fn of_storm(result: &StormResult) -> Exit {
        match Exit::of(result.verdict, result.interrupted()) {
            Exit::Valid if result.generator_bottleneck => Exit::Generator,
            Exit::Valid if !result.thresholds_met() => Exit::Threshold,
            exit => exit,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Aggregate, Comparison, Threshold, ThresholdResult, ThresholdSubject};
    use stormglass_model::lifecycle::Operation;

    #[test]
    fn the_exit_code_that_wins() {
        for interrupted in [false, true] {
            assert_eq!(Exit::of(Verdict::Invalid, interrupted).code(), 90);
        }
        assert_eq!(Exit::of(Verdict::Valid, true).code(), 105);
        assert_eq!(Exit::of(Verdict::Unknown, true).code(), 105);
        assert_eq!(Exit::of(Verdict::Unknown, false).code(), 91);
        assert_eq!(Exit::of(Verdict::Valid, false).code(), 0);
    }

    #[test]
    fn a_slow_generator_says_more_than_a_threshold() {
        let storm = |verdict, generator_bottleneck, met| StormResult {
            stories: Vec::new(),
            runs: Vec::new(),
            thresholds: vec![ThresholdResult {
                threshold: Threshold {
                    key: "upload".to_owned(),
                    expression: "count > 1".to_owned(),
                    subject: ThresholdSubject::Operation(Operation::Upload),
                    aggregate: Aggregate::Count,
                    comparison: Comparison::Greater,
                    bound: 1.0,
                },
                value: None,
                met,
            }],
            verdict,
            generator_bottleneck,
            threads: 1,
            wall_s: 0.0,
            cpu_s: 0.0,
            peak_rss_bytes: 0,
        };
        for (verdict, bottleneck, met, code) in [
            (Verdict::Invalid, true, false, 90),
            (Verdict::Unknown, true, false, 91),
            (Verdict::Valid, true, false, 92),
            (Verdict::Valid, true, true, 92),
            (Verdict::Valid, false, false, 99),
            (Verdict::Valid, false, true, 0),
        ] {
            assert_eq!(
                Exit::of_storm(&storm(verdict, bottleneck, met)).code(),
                code
            );
        }
    }
}
