//! Why a service cannot be calibrated.

use crate::engine::RunError;
use stormglass_model::lifecycle::Verdict;

/// Why a service cannot be calibrated.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// A storm could not be run.
    #[error("the storm `{0}` could not be run: {1}")]
    Run(String, RunError),
    /// A storm was not valid: what it measured is of a service that is wrong.
    #[error("the storm `{storm}` is {verdict}: {why}")]
    NotValid {
        /// Which one.
        storm: String,
        /// How it was judged.
        verdict: Verdict,
        /// The first violation, or why it is unknown.
        why: String,
    },
    /// Operations failed.
    #[error(
        "in the storm `{0}` {1} of {2} operations did not succeed: a model of what works cannot be fitted to that"
    )]
    Failing(String, u64, u64),
    /// There was too little to measure.
    #[error(
        "in the storm `{0}` an operation was done {1} times; give each storm longer with --for"
    )]
    TooShort(String, u64),
    /// The user wants to stop.
    #[error("interrupted after {0} of {1} storms")]
    Interrupted(usize, usize),
    /// An earlier calibration did not measure a storm.
    #[error(
        "the earlier calibration has no storm `{0}`: give the same scenario, --users and --processes"
    )]
    NotMeasured(String),
    /// Logs are of too few levels of load.
    #[error(
        "the logs tell of {0} levels of load with a hundred operations each, and {1} are needed: learn from longer logs, or of busier times"
    )]
    FewLevels(usize, usize),
    /// No parameters are found.
    #[error("the fit does not end: {0}")]
    NoFit(String),
}
