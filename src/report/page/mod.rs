//! `report.html`: one file that opens without a network, made from a folder of results and nothing else.
//!
//! What a chart shows is embedded once, as JSON, and drawn by `assets/page.js` with uPlot. All else is markup that needs no script.
//! A policy in the page forbids the network and every script but these two.

mod axis;
mod chart;
mod charts;
mod compare;
mod contents;
mod frontier;
mod layout;
mod lifecycle;
mod live;
mod picture;
mod plot;
mod search;
mod sections;
mod sweep;
mod timeline;

pub use contents::PageError;
pub(crate) use live::{LivePage, POINTS, Point};
pub use picture::{PICTURE, picture};

use chart::{Chart, Instants};
use charts::Charts;
use compare::Compared;
use contents::{Contents, Stretch};
use frontier::Frontier;
use maud::Markup;
use search::Search;
use serde::Serialize;
use std::path::Path;
use sweep::Sweep;
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

/// The page of a folder of results: of a run, a search, a sweep, or a comparison.
pub fn page(folder: &Path) -> Result<Vec<u8>, PageError> {
    let has = |file: &str| folder.join(file).exists();
    match () {
        () if has(contents::RUN) => of_run(folder),
        () if has(contents::SEARCH) => of_search(folder),
        () if has(contents::SWEEP) => {
            let sweep = Sweep::read(folder)?;
            Ok(values(&sweep.title(), &sweep.body(), &[]))
        }
        () if has(contents::COMPARE) => of_comparison(folder),
        // Why there is none, it says.
        () => of_run(folder),
    }
}

fn of_run(folder: &Path) -> Result<Vec<u8>, PageError> {
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
    let comparison = folder.join(contents::COMPARE).exists();
    let comparison = match comparison {
        true => Compared::read(folder)?.section(),
        false => Markup::default(),
    };
    let body = sections::run(&contents, &charts, comparison);
    let title = format!("{}: {}", contents.run.scenario, contents.run.verdict);
    Ok(layout::document(&title, &body, &data))
}

fn of_comparison(folder: &Path) -> Result<Vec<u8>, PageError> {
    let comparison = Compared::read(folder)?;
    Ok(values(&comparison.title(), &comparison.body(), &[]))
}

fn of_search(folder: &Path) -> Result<Vec<u8>, PageError> {
    if frontier::is_of_two_keys(folder)? {
        let frontier = Frontier::read(folder)?;
        let charts = [frontier.chart()];
        let title = format!("{}: {}", frontier.scenario, frontier.key);
        return Ok(values(&title, &frontier.body(&charts), &charts));
    }
    let search = Search::read(folder)?;
    let charts = search.charts();
    let title = format!("{}: {}", search.scenario, search.key);
    Ok(values(&title, &search.body(&charts), &charts))
}

/// A page whose charts are over values of a key.
fn values(title: &str, body: &Markup, charts: &[Chart]) -> Vec<u8> {
    let data = Data {
        time: Instants(&[]),
        phases: &[],
        faults: &[],
        charts: charts.iter().collect(),
        heat: &Heat::default(),
    };
    layout::document(title, body, &data)
}
