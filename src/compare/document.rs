//! What a comparison needs of `run.json`.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The part of `run.json` that says what ran.
#[derive(Debug, Deserialize)]
pub struct Document {
    pub scenario: String,
    pub scenario_sha256: String,
    /// Versions that could not compare did not write it.
    pub scenario_keys: Option<BTreeMap<String, String>>,
    pub clock: String,
    pub target: String,
    pub target_url: Option<String>,
    pub profile: String,
    pub interrupted: bool,
    pub verdict: String,
    /// Operations of all runs, for the check that no row is missing.
    pub operations: u64,
    pub generator: Generator,
    /// How many values the rows of all stories together have, likewise; versions that wrote no such rows did not say.
    #[serde(default)]
    pub latencies: Vec<Merged>,
    pub runs: Vec<Run>,
    /// Versions that did not say what is stored did not write it.
    #[serde(default)]
    pub storage: Option<Storage>,
}

#[derive(Debug, Deserialize)]
pub struct Storage {
    #[serde(default)]
    pub cost: Option<Cost>,
}

/// What a month costs.
#[derive(Debug, Deserialize)]
pub struct Cost {
    pub currency: String,
    pub month_by_run: Vec<f64>,
}

impl Document {
    /// What it costs, where the scenario has prices.
    pub fn cost(&self) -> Option<&Cost> {
        self.storage.as_ref()?.cost.as_ref()
    }
}

#[derive(Debug, Deserialize)]
pub struct Merged {
    pub transition: Option<String>,
    pub operation: Option<String>,
    count: u64,
}

impl Document {
    /// How many values there are of those that `which` picks.
    pub fn merged(&self, which: fn(&Merged) -> bool) -> u64 {
        let picked = self.latencies.iter().filter(|it| which(it));
        picked.map(|it| it.count).sum()
    }
}

#[derive(Debug, Deserialize)]
pub struct Generator {
    pub was_bottleneck: bool,
}

#[derive(Debug, Deserialize)]
pub struct Run {
    pub run: u32,
    pub seed: u64,
    /// Changes of status, likewise for the check.
    pub transitions: u64,
    pub phases: Vec<Phase>,
}

#[derive(Debug, Deserialize)]
pub struct Phase {
    pub name: String,
    pub from_s: f64,
    pub to_s: f64,
}

/// Where in a run a phase lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stretch {
    WarmUp,
    Load,
    Settle,
}

impl Run {
    /// Where the phase of this name lies; none where there is no such phase.
    pub fn stretch(&self, phase: &str) -> Option<Stretch> {
        let index = self.phases.iter().position(|it| it.name == phase)?;
        Some(match phase {
            "warm_up" => Stretch::WarmUp,
            _ if index > 0 && index + 1 == self.phases.len() => Stretch::Settle,
            _ => Stretch::Load,
        })
    }

    /// How long the phase of this name lasted, in seconds.
    pub fn length_s(&self, phase: &str) -> Option<f64> {
        let phase = self.phases.iter().find(|it| it.name == phase)?;
        Some(phase.to_s - phase.from_s)
    }
}
