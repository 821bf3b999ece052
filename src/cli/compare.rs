//! `stormglass compare`: two folders of results in, what changed out.

use super::{Exit, Told};
use crate::compare::{self, Change, CompareResult, Results};
use crate::report::{self, Folder, PAGE};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};

/// Compares two runs, or two sets of replications: what is slower, bigger, faster, smaller, or the same.
///
/// Exits with 98 where a figure is slower or bigger by more than matters, and with 91 where nothing can be told of any figure.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass run scenarios/smoke.toml --replications 8 --out /tmp/before
  stormglass run scenarios/smoke.toml --replications 8 --set service.store.slots=2 --out /tmp/after
  stormglass compare /tmp/before /tmp/after
  stormglass compare /tmp/before /tmp/after --matter 2% --json | jq .change")]
pub struct Arguments {
    /// The results that were before
    #[arg(value_name = "A")]
    before: PathBuf,
    /// The results that are compared with them
    #[arg(value_name = "B")]
    after: PathBuf,
    /// The smallest change that matters
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = super::share)]
    matter: f64,
    /// Shows every figure, not only those that changed
    #[arg(long)]
    all: bool,
    /// Writes compare.json, compare.csv and report.html into a folder that is empty or does not exist
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Only the exit code, and errors
    #[arg(long)]
    quiet: bool,
    /// Prints compare.json in place of the table
    #[arg(long)]
    json: bool,
}

/// Compares, shows, and writes where that is asked for.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Arguments { before, after, .. } = arguments;
    let (a, b) = (Results::read(before)?, Results::read(after)?);
    let result = compare::compare(&a, &b, arguments.matter).context("nothing was compared")?;
    let paths = [before, after].map(|path| path.display().to_string());
    let paths = [paths[0].as_str(), paths[1].as_str()];
    if let Some(out) = &arguments.out {
        let folder = Folder::named(out)?;
        let mut kept = folder.write_some(report::compare_files(paths, &result));
        super::add_page(&folder, &mut kept);
        folder.complete(&mut kept);
        if !kept.lost.is_empty() {
            return Err(Told(super::report_unwritten(&kept, &folder)).into());
        }
    }
    super::show(
        arguments.json,
        arguments.quiet,
        || report::compare_json(paths, &result),
        |colour| report::compare_text(paths, &result, arguments.all, colour),
    )?;
    Ok(exit(&result))
}

/// Results that a run is compared with once it has ended.
pub struct Baseline {
    results: Results,
    matter: f64,
}

impl Baseline {
    /// Reads them before anything runs: what is no folder of results is better known then.
    pub fn read(path: &Path, matter: f64) -> anyhow::Result<Baseline> {
        let results = Results::read(path)?;
        Ok(Baseline { results, matter })
    }

    /// Compares a run whose results are written, and adds what came of it to them. `ran` is how the run itself ended.
    pub fn judge(&self, folder: &Folder, ran: Exit, shows: bool) -> anyhow::Result<Exit> {
        let result = match self.compared(folder.path()) {
            Ok(result) => result,
            // Why the run is not valid says more.
            Err(error) if ran != Exit::Valid => {
                tell!("stormglass: {error:#}");
                return Ok(ran);
            }
            Err(error) => return Err(error),
        };
        let paths = [&self.results.path, folder.path()].map(|path| path.display().to_string());
        let paths = [paths[0].as_str(), paths[1].as_str()];
        let kept = folder.write_some(report::compare_files(paths, &result));
        if !kept.lost.is_empty() {
            return Ok(super::report_unwritten(&kept, folder));
        }
        let page = folder.path().join(PAGE);
        report::write_page(&page, &report::page(folder.path())?)
            .with_context(|| format!("cannot write {}", page.display()))?;
        if shows {
            super::say("\n")?;
        }
        let text = |colour| report::compare_text(paths, &result, false, colour);
        super::show(false, !shows, Vec::new, text)?;
        let exit = both(ran, exit(&result));
        if !shows && exit != ran {
            tell!("stormglass: {}", report::compare_sentence(&result));
        }
        Ok(exit)
    }

    fn compared(&self, run: &Path) -> anyhow::Result<CompareResult> {
        let run = Results::read(run)?;
        compare::compare(&self.results, &run, self.matter).context("nothing was compared")
    }
}

/// How a run that was compared ends: of what is wrong with it, the lowest code.
fn both(ran: Exit, compared: Exit) -> Exit {
    match (ran, compared) {
        (Exit::Valid, compared) => compared,
        (Exit::Threshold, Exit::Worse) => Exit::Worse,
        (ran, _) => ran,
    }
}

/// How a comparison ends.
fn exit(result: &CompareResult) -> Exit {
    let told = result.count(Change::CannotTell) < result.rows.len();
    match result.change {
        Change::Worse => Exit::Worse,
        Change::CannotTell if !told => Exit::Unknown,
        Change::Better | Change::Same | Change::CannotTell => Exit::Valid,
    }
}
