//! What a storm measured, all its runs together.

use super::result::RunResult;
use super::threshold::ThresholdResult;
use stormglass_glance::LocalFailure;
use stormglass_model::lifecycle::Verdict;

/// What a storm measured: all its runs, and what it cost to measure.
#[derive(Clone, Debug)]
pub struct StormResult {
    /// The names of the stories, by their ids.
    pub stories: Vec<String>,
    /// Whose each story is, by their ids; none where the scenario does not say.
    pub tenants: Vec<Option<String>>,
    /// One entry a replication, in order of their seeds.
    pub runs: Vec<RunResult>,
    /// Each threshold, judged over all runs.
    pub thresholds: Vec<ThresholdResult>,
    /// The worst verdict of all runs.
    pub verdict: Verdict,
    /// Whether the generator was the bottleneck: open load of which over 1 % came more than 10 ms late, or was dropped
    /// although no threshold says how much may be.
    pub generator_bottleneck: bool,
    /// How many arbiters or threads worked.
    pub threads: usize,
    /// Real time the storm took, in seconds.
    pub wall_s: f64,
    /// Processor time it took, in seconds.
    pub cpu_s: f64,
    /// The most memory it held, in bytes.
    pub peak_rss_bytes: u64,
    /// How much it was reckoned to take before it began, in bytes.
    pub estimated_bytes: u64,
}

impl StormResult {
    /// Whether every threshold was met.
    pub fn thresholds_met(&self) -> bool {
        self.thresholds.iter().all(|threshold| threshold.met)
    }

    /// What failed on the load generator's own machine first; none where nothing did.
    pub(crate) fn first_local_failure(&self) -> Option<&LocalFailure> {
        self.runs.iter().find_map(|run| run.local_failure.as_ref())
    }

    /// Whether the user cut it short.
    pub(crate) fn interrupted(&self) -> bool {
        self.runs.iter().any(|run| run.interrupted)
    }
}
