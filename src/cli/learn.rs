//! `stormglass learn`: from logs to a scenario.

use super::reach::wait_for;
use super::{Exit, Told, report_unwritten};
use crate::learn::{self, Draft, Replay, Table, Wanted};
use crate::report::{Folder, Kept};
use crate::scenario::{self, Target};
use clap::Args;
use std::path::{Path, PathBuf};
use stormglass_glance::{Probe, ProbeError};

/// Learns a scenario from logs: which stories images live through, how often, how large they are, when they arrive.
///
/// Reads uWSGI's request lines, glance-api's access log, nginx, Apache and HAProxy access logs, notifications as JSON lines, and
/// histories of Stormglass, in any mix; each file shows by its lines what it is. Files may be packed by gzip and rotated. No id, name,
/// address or token of anybody gets into what is written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass learn /var/log/glance/uwsgi.log* --out learned
  stormglass learn access.log access.log.1 access.log.2.gz notifications.jsonl --out learned
  zstdcat api.log.zst | stormglass learn - --out learned
  stormglass learn uwsgi.log --database my-glance.toml --out learned
  stormglass learn uwsgi.log --replay --speed 10 --out ten-times
  stormglass run learned/scenario.toml")]
pub struct Arguments {
    /// Logs and histories; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where the scenario goes: a folder that is empty or does not exist [default: only show what was learned]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A scenario that says where the server's database is ([target.glance.probe]): its image table says sizes, and what is stored
    #[arg(long, value_name = "SCENARIO")]
    database: Option<PathBuf>,
    /// What the scenario is called
    #[arg(long, value_name = "NAME", default_value = "learned", value_parser = super::init::name)]
    name: String,
    /// Sequences of a smaller share of lives become no story
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = super::share)]
    rare: f64,
    /// Lets each story arrive at its own time, in place of a rate
    #[arg(long)]
    replay: bool,
    /// How many times faster a replay goes
    #[arg(long, value_name = "N", requires = "replay", default_value = "1", value_parser = speed)]
    speed: f64,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text
        .parse()
        .ok()
        .filter(|speed| (1e-3..=1e6).contains(speed));
    speed.ok_or_else(|| "write a number from 0.001 to 1000000, as 10".to_owned())
}

/// Reads, shows and writes.
pub fn learn(arguments: &Arguments) -> anyhow::Result<Exit> {
    let folder = arguments.out.as_deref().map(Folder::named).transpose()?;
    let done = learned(arguments, folder.as_ref());
    if let (Err(_) | Ok(Exit::CouldNotRun), Some(folder)) = (&done, &folder) {
        folder.discard();
    }
    done
}

fn learned(arguments: &Arguments, folder: Option<&Folder>) -> anyhow::Result<Exit> {
    let mut learned = learn::learn(&arguments.files)?;
    if learned.is_empty() {
        super::say(&learn::screen(&learned, None))?;
        tell!(
            "stormglass: nothing to learn from: no line is a request of an image service. What is read are uWSGI's request lines, \
             glance-api's access log, the combined format of nginx and Apache, HAProxy's httplog, notifications as JSON lines, and \
             histories"
        );
        return Ok(Exit::CouldNotRun);
    }
    if let Some(file) = &arguments.database {
        learned.table = Some(table(file)?);
    }
    let wanted = Wanted {
        name: arguments.name.clone(),
        rare: arguments.rare,
        replay: arguments.replay.then_some(Replay {
            speed: arguments.speed,
        }),
    };
    let draft = match learned.draft(&wanted) {
        Ok(draft) => draft,
        Err(why) => {
            super::say(&learn::screen(&learned, None))?;
            tell!("stormglass: nothing is written: {why}");
            return Ok(Exit::CouldNotRun);
        }
    };
    super::say(&learn::screen(&learned, Some(&draft)))?;
    match folder {
        Some(folder) => write(folder, &draft),
        None => {
            tell!("stormglass: nothing is written; --out DIR writes the scenario");
            Ok(Exit::Valid)
        }
    }
}

/// What the image table of a server says, of which nothing but sizes, statuses and ages is read.
fn table(file: &Path) -> anyhow::Result<Table> {
    let target = match super::read(file, &[])?.target {
        Target::Glance(target) => target,
        Target::Embedded(_) => return Err(no_database(file).into()),
    };
    let Some(declared) = &target.probe else {
        return Err(no_database(file).into());
    };
    let read = wait_for(async {
        let mut probe = Probe::open(declared, &target.routes).await?;
        let rows = probe.images().await?;
        Ok::<_, ProbeError>(rows.zip(probe.stock().await?))
    })??;
    match read {
        Some((rows, stock)) => Ok(Table::of(&rows, &stock)),
        None => Err(no_database(file).into()),
    }
}

fn no_database(file: &Path) -> Told {
    let file = file.display();
    tell!(
        "stormglass: {file} names no database: write `database` or `database_env` into its [target.glance.probe]"
    );
    Told(Exit::Usage)
}

const SCENARIO: &str = "scenario.toml";

/// Writes the files, and the scenario once the reader has found nothing wrong with it.
fn write(folder: &Folder, draft: &Draft) -> anyhow::Result<Exit> {
    let files = draft
        .files
        .iter()
        .map(|file| (file.name.clone(), Ok(file.text.clone().into_bytes())));
    let mut kept: Kept = folder.write_some(files);
    let path = folder.path().join(SCENARIO);
    if kept.lost.is_empty() {
        scenario::parse(&path.display().to_string(), &draft.text, folder.path(), &[])
            .map_err(|mistakes| -> Told { super::told(&mistakes) })?;
        folder.stream(&mut kept, SCENARIO, |mut file| {
            std::io::Write::write_all(&mut file, draft.text.as_bytes())
        });
        folder.complete(&mut kept);
    }
    if !kept.lost.is_empty() {
        return Ok(report_unwritten(&kept, folder));
    }
    super::say(&format!("{}\n", path.display()))?;
    Ok(Exit::Valid)
}
