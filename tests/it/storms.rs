//! Whole storms through the library: those that are shipped, those with a planted defect, and any seed.

mod defects;
mod demands;
mod exact;
mod glance_rules;
mod golden;
mod levels;
mod lost;
mod queues;
mod random_storms;
mod seeds;
mod shipped;
mod storage;
mod theory;
mod told;
mod windows;

use crate::report::file;
use crate::report::sample::origin;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use stormglass::{RunOptions, Scenario, StormResult};
use stormglass_model::config::Defect;
use stormglass_model::lifecycle::{EDGES, Invariant, Profile, TASK_EDGES};

/// A file below `scenarios/`, without its ending.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.toml"))
}

/// A shipped scenario with some of its keys set anew.
pub fn read(name: &str, overrides: &[&str]) -> Scenario {
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    stormglass::read(&path(name), &overrides)
        .unwrap_or_else(|mistakes| panic!("{name}: {mistakes}"))
}

/// Runs it on so many threads at most.
pub fn run(scenario: &Scenario, threads: usize) -> StormResult {
    let options = RunOptions {
        threads: NonZeroUsize::new(threads),
        ..RunOptions::default()
    };
    stormglass::run(scenario, &options).unwrap()
}

/// The invariant that a planted defect breaks.
pub const fn broken_by(defect: Defect) -> Invariant {
    match defect {
        Defect::LateUploadRevivesDeleted | Defect::TaskRunTwice => Invariant::Terminal,
        Defect::DeactivateQueued | Defect::LastLocationRequeues | Defect::FailedTaskHasResult => {
            Invariant::Edge
        }
        Defect::LocationPassesSaving => Invariant::LocationNeverSaving,
        Defect::SecondUploadAccepted | Defect::RefusedUploadOverwrites => Invariant::OneUpload,
        Defect::UploadCorrupted | Defect::LostCreate | Defect::LostDelete => {
            Invariant::Acknowledged
        }
        Defect::DeactivatedDownloadAllowed => Invariant::Access,
        Defect::ScrubTooEarly => Invariant::ScrubTime,
        Defect::DeleteLeavesBytes | Defect::DataLost => Invariant::Conservation,
        Defect::FailedUploadStaysSaving | Defect::TaskStuck => Invariant::Progress,
    }
}

/// A transition as `transitions.csv` names it: kind, from, to.
pub type Taken = (String, String, String);

/// The transitions that the `transitions.csv` of a result tells of.
pub fn taken(result: &StormResult) -> BTreeSet<Taken> {
    let csv = file(&origin(), result, "transitions.csv");
    let mut reader = csv::Reader::from_reader(csv.as_slice());
    let rows = reader.deserialize::<std::collections::BTreeMap<String, String>>();
    rows.map(|row| {
        let row = row.unwrap();
        assert!(row["count"].parse::<u64>().unwrap() > 0, "{row:?}");
        (row["kind"].clone(), row["from"].clone(), row["to"].clone())
    })
    .collect()
}

/// Every transition that a profile allows.
pub fn edges(profile: Profile) -> BTreeSet<Taken> {
    let name = |kind: &str, from: Option<&str>, to: &str| {
        (
            kind.to_owned(),
            from.unwrap_or("").to_owned(),
            to.to_owned(),
        )
    };
    let subjects = EDGES
        .iter()
        .filter(|edge| edge.allowed_by(profile))
        .map(|edge| name("subject", edge.from.map(|from| from.name()), edge.to.name()));
    let tasks = TASK_EDGES
        .iter()
        .filter(|edge| edge.allowed_by(profile))
        .map(|edge| name("task", edge.from.map(|from| from.name()), edge.to.name()));
    subjects.chain(tasks).collect()
}
