//! `stormglass init`: a scenario from a few answers.

use super::exit::Exit;
use crate::report::write_new;
use crate::scenario::draft::{self, Draft, Sizes};
use anyhow::{Context, bail};
use clap::Args;
use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use stormglass_model::units::{Bytes, Rate, Span};

/// Writes a scenario from a few answers: how many slots and how much disk, when is it full, what gives first?
///
/// What no option says is asked, if there is a terminal to ask on; otherwise it has its default.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass init --out my-cloud.toml
  stormglass init --uploads 5000/h --sizes 2GiB-40GiB --life 3d --delayed-delete 3d --out snapshots.toml
  stormglass init --uploads 5000/h --sizes 2GiB-40GiB --slots 16 --capacity 2PiB < /dev/null > snapshots.toml")]
pub struct Arguments {
    /// What the scenario is called [default: the name of the file, or my-cloud]
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,
    /// How many images are uploaded, as 5000/h [default: 1000/h]
    #[arg(long, value_name = "RATE", value_parser = draft::uploads)]
    uploads: Option<Rate>,
    /// How large they are: a size, or the least and the greatest, all between being alike [default: 1GiB-10GiB]
    #[arg(long, value_name = "SIZES", value_parser = draft::sizes)]
    sizes: Option<Sizes>,
    /// How long each is kept before its user deletes it [default: 3d]
    #[arg(long, value_name = "TIME", value_parser = draft::length)]
    life: Option<Span>,
    /// For how long the data of a deleted image is kept; 0s removes it at once [default: 0s]
    #[arg(long, value_name = "TIME", value_parser = draft::length)]
    delayed_delete: Option<Span>,
    /// How often each image is downloaded [default: 1]
    #[arg(long, value_name = "N", value_parser = draft::downloads)]
    downloads: Option<u32>,
    /// How fast one transfer is [default: 256MiB/s]
    #[arg(long, value_name = "SPEED", value_parser = draft::bandwidth)]
    bandwidth: Option<Bytes>,
    /// How many transfers the store takes at once [default: so many that they are busy for less than 80 % of their time]
    #[arg(long, value_name = "N", value_parser = draft::slots)]
    slots: Option<NonZeroU32>,
    /// How much the store holds [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = super::size)]
    capacity: Option<Bytes>,
    /// Where the scenario goes: a file that does not exist [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn name(text: &str) -> Result<String, String> {
    match crate::scenario::is_name(text) {
        true => Ok(text.to_owned()),
        false => Err("write up to 100 letters, digits, `-`, `_` or inner dots".to_owned()),
    }
}

/// Asks what is not said, and writes the scenario.
pub fn init(arguments: &Arguments) -> anyhow::Result<Exit> {
    let asks = io::stdin().is_terminal() && io::stderr().is_terminal();
    if let Some(out) = &arguments.out {
        free(out).map_err(anyhow::Error::msg)?;
    }
    let (draft, out) = match asks {
        true => asked(arguments)?,
        false => (given(arguments), arguments.out.clone()),
    };
    let refused = (draft.capacity).and_then(|capacity| draft::holds(capacity, draft.sizes).err());
    if let Some(why) = refused.or_else(|| draft.refused()) {
        tell!("stormglass: {why}");
        return Ok(Exit::Usage);
    }
    let Some(out) = out else {
        super::say(&draft.text(&format!("{}.toml", draft.name)))?;
        warn_if_long(&draft);
        return Ok(Exit::Valid);
    };
    let file = out.display().to_string();
    write_new(&out, draft.text(&file).as_bytes())
        .with_context(|| format!("cannot write {file}"))?;
    super::say(&format!("{file}\n"))?;
    warn_if_long(&draft);
    Ok(Exit::Valid)
}

/// More images than a run of seconds has.
const MANY: f64 = 5e6;

fn warn_if_long(draft: &Draft) {
    let images = draft.images();
    if images > MANY {
        let millions = images / 1e6;
        tell!(
            "stormglass: a run of it has {millions:.0} million images, which takes minutes; for a first look divide uploads, \
             slots and capacity by ten"
        );
    }
}

/// What the options say, and defaults for the rest.
fn given(arguments: &Arguments) -> Draft {
    let default = Draft::default();
    Draft {
        name: (arguments.name.clone()).unwrap_or_else(|| named_after(arguments.out.as_deref())),
        uploads: arguments.uploads.unwrap_or(default.uploads),
        sizes: arguments.sizes.unwrap_or(default.sizes),
        life: arguments.life.unwrap_or(default.life),
        delayed_delete: arguments.delayed_delete.unwrap_or(default.delayed_delete),
        downloads: arguments.downloads.unwrap_or(default.downloads),
        bandwidth: arguments.bandwidth.unwrap_or(default.bandwidth),
        slots: arguments.slots,
        capacity: arguments.capacity,
    }
}

/// The name that a file gives its scenario, if it can.
fn named_after(file: Option<&Path>) -> String {
    let stem = file
        .and_then(Path::file_stem)
        .and_then(|stem| stem.to_str());
    let stem = stem.filter(|stem| crate::scenario::is_name(stem));
    stem.map_or_else(|| Draft::default().name, str::to_owned)
}

/// What the options say, and answers for the rest; and where the scenario goes.
fn asked(arguments: &Arguments) -> anyhow::Result<(Draft, Option<PathBuf>)> {
    tell!("A scenario from a few answers. An empty line takes what is in brackets.");
    let mut draft = given(arguments);
    if arguments.uploads.is_none() {
        draft.uploads = ask("How many images are uploaded?", "1000/h", draft::uploads)?;
    }
    if arguments.sizes.is_none() {
        let question = "How large are they? A size, or the least and the greatest.";
        draft.sizes = ask(question, "1GiB-10GiB", draft::sizes)?;
    }
    if arguments.life.is_none() {
        let question = "How long is each kept before its user deletes it?";
        draft.life = ask(question, "3d", draft::length)?;
    }
    if arguments.delayed_delete.is_none() {
        let question = "For how long is the data of a deleted image kept? 0s: not at all.";
        draft.delayed_delete = ask(question, "0s", draft::length)?;
    }
    if arguments.downloads.is_none() {
        draft.downloads = ask("How often is each downloaded?", 1, draft::downloads)?;
    }
    if arguments.bandwidth.is_none() {
        draft.bandwidth = ask("How fast is one transfer?", "256MiB/s", draft::bandwidth)?;
    }
    if arguments.slots.is_none() {
        let enough = draft.enough_slots();
        let slots = ask(
            "How many transfers does the store take at once?",
            enough,
            draft::slots,
        )?;
        draft.slots = (slots != enough).then_some(slots);
    }
    if arguments.capacity.is_none() {
        let sizes = draft.sizes;
        let parse = |text: &str| match text {
            NO_LIMIT => Ok(None),
            text => draft::capacity(text, sizes).map(Some),
        };
        draft.capacity = ask("How much does the store hold?", NO_LIMIT, parse)?;
    }
    let mut out = arguments.out.clone();
    if out.is_none() && io::stdout().is_terminal() {
        let default = format!("{}.toml", draft.name);
        let parse = |text: &str| match text {
            "-" => Ok(None),
            path => free(Path::new(path)).map(|()| Some(PathBuf::from(path))),
        };
        out = ask(
            "Which file does it go to? `-` shows it here.",
            default,
            parse,
        )?;
        if arguments.name.is_none() && out.is_some() {
            draft.name = named_after(out.as_deref());
        }
    }
    Ok((draft, out))
}

const NO_LIMIT: &str = "no limit";

/// Asks until the answer can be read.
fn ask<T>(
    question: &str,
    default: impl Display,
    parse: impl Fn(&str) -> Result<T, String>,
) -> anyhow::Result<T> {
    let default = default.to_string();
    loop {
        let _ = write!(io::stderr(), "{question} [{default}] ");
        let mut line = String::new();
        if io::stdin()
            .lock()
            .read_line(&mut line)
            .context("cannot read the answer")?
            == 0
        {
            let _ = writeln!(io::stderr());
            bail!("no answer: nothing was written");
        }
        let answer = match line.trim() {
            "" => default.as_str(),
            answer => answer,
        };
        match parse(answer) {
            Ok(value) => return Ok(value),
            Err(why) => tell!("{why}"),
        }
    }
}

/// Nothing that exists is written over.
fn free(path: &Path) -> Result<(), String> {
    match path.symlink_metadata() {
        Ok(_) => Err(format!(
            "{} exists already: name another file",
            path.display()
        )),
        Err(_) => Ok(()),
    }
}
