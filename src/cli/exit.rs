//! How the process ends.

use crate::metrics::{Conclusion, StormResult};
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
    /// The generator was the bottleneck, or failed.
    Generator = 92,
    /// A comparison found something slower or bigger by more than matters.
    Worse = 98,
    /// A threshold failed.
    Threshold = 99,
    /// The scenario is wrong.
    Scenario = 104,
    /// It was interrupted; what was measured until then is kept.
    Interrupted = 105,
}

/// The end of a command that has told the user why already.
#[derive(Debug, thiserror::Error)]
#[error("it was told why the exit code is {}", *.0 as u8)]
pub struct Told(pub Exit);

impl Exit {
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

    /// How a storm ended.
    pub fn of_storm(result: &StormResult) -> Exit {
        match result.conclusion() {
            Conclusion::Invalid => Exit::Invalid,
            Conclusion::Interrupted => Exit::Interrupted,
            Conclusion::Unknown => Exit::Unknown,
            Conclusion::LocalFailure | Conclusion::LoadNotOffered => Exit::Generator,
            Conclusion::ThresholdFailed => Exit::Threshold,
            Conclusion::Good => Exit::Valid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{self, RunOptions};
    use std::path::Path;
    use stormglass_glance::{LocalCause, LocalFailure};

    const STORM: &str = r#"
schema = 1
name = "one subject"
[load]
users = 1
subjects = 1
[[story]]
name = "create"
steps = ["create"]
[thresholds]
create = ["count > 0"]
"#;

    #[test]
    fn the_exit_code_that_wins() {
        let scenario = crate::scenario::parse("a test", STORM, Path::new("."), &[]).unwrap();
        let mut result = engine::run(&scenario, &RunOptions::default()).unwrap();
        for (verdict, interrupted, bottleneck, met, code) in [
            (Verdict::Invalid, false, true, false, 90),
            (Verdict::Invalid, true, true, false, 90),
            (Verdict::Unknown, false, true, false, 91),
            (Verdict::Unknown, true, true, false, 105),
            (Verdict::Valid, true, true, false, 105),
            (Verdict::Valid, false, true, false, 92),
            (Verdict::Valid, false, true, true, 92),
            (Verdict::Valid, false, false, false, 99),
            (Verdict::Valid, false, false, true, 0),
        ] {
            result.verdict = verdict;
            result.runs[0].interrupted = interrupted;
            result.generator_bottleneck = bottleneck;
            result.thresholds[0].met = met;
            assert_eq!(Exit::of_storm(&result) as u8, code);
        }
        // A failure of this machine may be why nothing is known, or why it was stopped, and never makes a server wrong.
        result.runs[0].local_failure = Some(LocalFailure {
            cause: LocalCause::OpenFiles,
            what: "cannot connect".to_owned(),
        });
        for (verdict, interrupted, code) in [
            (Verdict::Invalid, false, 90),
            (Verdict::Unknown, false, 92),
            (Verdict::Valid, false, 92),
            (Verdict::Valid, true, 92),
        ] {
            result.verdict = verdict;
            result.runs[0].interrupted = interrupted;
            assert_eq!(Exit::of_storm(&result) as u8, code);
        }
    }
}
