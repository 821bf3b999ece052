//! `stormglass compare`: two folders of results in, what changed out.

use super::{Exit, Told};
use crate::compare::{self, Change, CompareResult, Results};
use crate::report::{self, Folder};
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
    /// Writes compare.json and compare.csv into a folder that is empty or does not exist
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
    let result = compared(before, after, arguments.matter)?;
    let paths = [before, after].map(|path| path.display().to_string());
    let paths = [paths[0].as_str(), paths[1].as_str()];
    if let Some(out) = &arguments.out {
        let folder = Folder::named(out)?;
        let kept = folder.write(report::compare_files(paths, &result));
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

/// Reads two folders and compares them.
pub fn compared(before: &Path, after: &Path, matter: f64) -> anyhow::Result<CompareResult> {
    let (before, after) = (Results::read(before)?, Results::read(after)?);
    compare::compare(&before, &after, matter).context("nothing was compared")
}

/// How a comparison ends.
pub fn exit(result: &CompareResult) -> Exit {
    let told = result.count(Change::CannotTell) < result.rows.len();
    match result.change {
        Change::Worse => Exit::Worse,
        Change::CannotTell if !told => Exit::Unknown,
        Change::Better | Change::Same | Change::CannotTell => Exit::Valid,
    }
}
