//! `report.html`: one file that opens without a network, made from a folder of results and nothing else.
//!
//! What a chart shows is embedded once, as JSON, and drawn by `assets/page.js` with uPlot. All else is markup that needs no script.
//! A policy in the page forbids the network and every script but these two.

mod chart;
mod charts;
mod contents;
mod layout;
mod lifecycle;
mod sections;
mod timeline;

pub use contents::PageError;

use chart::{Chart, Instants};
use charts::Charts;
use contents::{Contents, Stretch};
use serde::Serialize;
use std::path::Path;
use timeline::Heat;

/// The file's name in a folder of results.
pub const PAGE: &str = "report.html";

/// What the script draws.
#[derive(Serialize)]
struct Data<'c> {
    /// The instants of all charts over time, in seconds since the run began: each point stands for what lies before it.
    time: Instants<'c>,
    phases: &'c [Stretch],
    faults: &'c [Stretch],
    charts: Vec<&'c Chart>,
    heat: &'c Heat,
}

/// The page of a folder of results.
pub fn page(folder: &Path) -> Result<Vec<u8>, PageError> {
    let contents = Contents::read(folder)?;
    let charts = Charts::of(&contents);
    // Replications have the same phases and faults, or nearly: those of the first stand for all.
    let first = contents.run.runs.first();
    let data = Data {
        time: Instants(contents.timeline.grid()),
        phases: first.map_or(&[], |run| &run.phases),
        faults: first.map_or(&[], |run| &run.faults),
        charts: charts.all().collect(),
        heat: &contents.heat,
    };
    let body = sections::run(&contents, &charts);
    let title = format!("{}: {}", contents.run.scenario, contents.run.verdict);
    Ok(layout::document(&title, &body, &data))
}
