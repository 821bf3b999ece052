//! `stormglass report`: makes the page of a folder of results again.

use super::Exit;
use crate::report::{self, PAGE};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};

/// Makes report.html from the files of results folders, and from nothing else.
///
/// A report.html that Stormglass made is replaced; any other file is refused, and stays as it is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass report results/smoke-42-1
  stormglass report results/*/
  stormglass report results/smoke-42-1 --out smoke.html")]
pub struct Arguments {
    /// Folders that `stormglass run`, `search`, `sweep` or `compare --out` wrote
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// Where the page goes, for one folder [default: report.html in the folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Makes each page that can be made, and says why where none can.
pub fn report(arguments: &Arguments) -> anyhow::Result<Exit> {
    if arguments.out.is_some() && arguments.folders.len() > 1 {
        tell!("stormglass: --out names one file, and there are several folders: leave it out");
        return Ok(Exit::Usage);
    }
    let mut exit = Exit::Valid;
    for folder in &arguments.folders {
        let file = arguments.out.clone().unwrap_or_else(|| folder.join(PAGE));
        match one(folder, &file) {
            Ok(()) => super::say(&format!("{}\n", file.display()))?,
            Err(error) => {
                tell!("stormglass: {error:#}");
                exit = Exit::CouldNotRun;
            }
        }
    }
    Ok(exit)
}

fn one(folder: &Path, file: &Path) -> anyhow::Result<()> {
    let page = report::page(folder)?;
    report::write_page(file, &page).with_context(|| format!("cannot write {}", file.display()))
}
