//! Reports: what a storm measured, as bytes. One file a format.
//!
//! Every exporter is a pure function from values; only `folder` touches the disk, and nothing here prints
//! or knows an engine or a target.

mod advice;
mod averages;
mod calibration;
mod clients;
mod compare;
mod csv;
pub mod diagram;
pub(crate) mod exposition;
mod findings;
mod folder;
mod frontier;
mod headline;
mod history;
mod hlog;
mod intervals;
mod json;
mod junit;
pub mod number;
mod origin;
mod page;
#[cfg(feature = "parquet")]
pub mod parquet;
mod scalability;
mod search;
mod storage;
mod summary;
mod terminal;
mod totals;

pub use advice::{advice_files, advice_json, advice_sentence, advice_summary, setup_point};
pub use calibration::{
    calibrated_scenario, calibration_json, calibration_sentence, calibration_summary, stopped_json,
};
pub use clients::{Judged, clients_files, clients_json, clients_summary};
pub use compare::{compare_files, compare_json, compare_sentence, compare_text};
pub use findings::{
    files as sweep_files, sentence as sweep_sentence, summary as sweep_summary, sweep_json,
};
pub use folder::{
    Folder, FolderError, Kept, PARTIAL, replace_own, replaceable, replaceable_pages, write_new,
    write_page, write_picture,
};
pub use frontier::{frontier_files, frontier_json, frontier_sentence, frontier_summary};
pub use headline::sentence;
pub use history::{Checked, HISTORY, history};
pub(crate) use intervals::known_within;
pub use json::run_json;
pub use junit::{JUNIT_HEAD, junit};
pub use origin::{Host, Origin};
pub(crate) use page::{LivePage, POINTS, Point};
pub use page::{PAGE, PICTURE, page, picture};
pub use search::{search_files, search_json, search_point, search_sentence, search_summary};
pub use summary::summary;
pub use terminal::Paint;

use crate::metrics::StormResult;
use std::io;

/// Every file of a run, in the order of their worth: should the disk fill up, the first ones are kept.
///
/// The contents are made one at a time, so that no more than one of them is in memory.
pub fn files(
    origin: &Origin,
    result: &StormResult,
) -> impl Iterator<Item = (&'static str, io::Result<Vec<u8>>)> {
    type StormExport = fn(&Origin, &StormResult) -> io::Result<Vec<u8>>;
    let exports: [(&str, StormExport); 11] = [
        ("run.json", |origin, result| Ok(run_json(origin, result))),
        ("violations.csv", csv::violations),
        ("transitions.csv", |_, result| csv::transitions(result)),
        ("operations.csv", |_, result| csv::operations(result)),
        ("resources.csv", |_, result| csv::resources(result)),
        ("levels.csv", |_, result| csv::levels(result)),
        ("storage.csv", |_, result| storage::csv(result)),
        ("timeline.csv", |_, result| csv::timeline(result)),
        ("quantiles.csv", |_, result| csv::quantiles(result)),
        ("heatmap.csv", |_, result| csv::heatmap(result)),
        ("latencies.hlog", |_, result| hlog::latencies(result)),
    ];
    // Only where somebody asked to see them apart.
    let tenants = result.tenants.iter().any(Option::is_some);
    let tenants: Option<(&str, StormExport)> =
        tenants.then_some(("tenants.csv", |_, result| csv::tenants(result)));
    exports
        .into_iter()
        .chain(tenants)
        .map(move |(name, export)| (name, export(origin, result)))
}
