//! `stormglass report`: makes the page and the picture of a folder of results again.

use super::Exit;
use crate::report::{self, PAGE, PICTURE};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};

/// Makes report.html and report.svg from the files of results folders, and from nothing else.
///
/// Those that Stormglass made are replaced; any other file is refused, and stays as it is. Sweeps and comparisons have no
/// report.svg.
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
    /// Where the page goes, or the picture if the name ends in .svg, for one folder [default: both into the folder]
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
        let made = match &arguments.out {
            Some(file) if file.extension().is_some_and(|it| it == "svg") => picture(folder, file),
            Some(file) => page(folder, file),
            None => both(folder),
        };
        match made {
            Ok(files) => {
                let lines = files.iter().map(|file| format!("{}\n", file.display()));
                super::say(&lines.collect::<String>())?;
            }
            Err(error) => {
                tell!("stormglass: {error:#}");
                exit = Exit::CouldNotRun;
            }
        }
    }
    Ok(exit)
}

fn page(folder: &Path, file: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let page = report::page(folder)?;
    report::write_page(file, &page).with_context(|| unwritable(file))?;
    Ok(vec![file.to_owned()])
}

fn picture(folder: &Path, file: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let picture = report::picture(folder)?;
    let picture = picture.with_context(|| format!("{} has no picture", folder.display()))?;
    report::write_picture(file, &picture).with_context(|| unwritable(file))?;
    Ok(vec![file.to_owned()])
}

/// The picture and the page, or neither.
fn both(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (page_file, picture_file) = (folder.join(PAGE), folder.join(PICTURE));
    let (page, picture) = (report::page(folder)?, report::picture(folder)?);
    if picture.is_some() {
        report::replaceable_pages(&page_file, &picture_file)
            .with_context(|| format!("cannot write into {}", folder.display()))?;
    }
    let mut files = Vec::new();
    if let Some(picture) = picture {
        report::write_picture(&picture_file, &picture)
            .with_context(|| unwritable(&picture_file))?;
        files.push(picture_file);
    }
    report::write_page(&page_file, &page).with_context(|| unwritable(&page_file))?;
    files.push(page_file);
    Ok(files)
}

fn unwritable(file: &Path) -> String {
    format!("cannot write {}", file.display())
}
