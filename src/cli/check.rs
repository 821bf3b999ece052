//! `stormglass check`: judges a saved history from what its clients saw.

use super::Exit;
use crate::report::{Checked, PARTIAL};
use anyhow::Context;
use clap::Args;
use std::io::{self, BufRead, BufReader};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;
use stormglass_glance::input::Input;
use stormglass_model::checker::concurrent::{self, Rules};
use stormglass_model::history::file::{ReadError, Reader};

/// Judges a history that `run --history` saved, from what its clients saw and nothing else.
///
/// Exits with 0 where it is valid, 90 where an invariant was violated, 91 where the judgement of some subjects is inconclusive or the history
/// was cut short, and 1 where the file is no history or was altered; the message names the line.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stormglass run scenarios/smoke.toml --history --out /tmp/smoke
  stormglass check /tmp/smoke/history.jsonl
  stormglass check /tmp/smoke/history.jsonl --json | jq '.violations_by_kind[].sentence'
  zcat history.jsonl.gz | stormglass check -")]
pub struct Arguments {
    /// The history, as JSON Lines; `-` reads standard input
    history: PathBuf,
    /// Prints a JSON document in place of the text
    #[arg(long)]
    json: bool,
    /// How many threads work [default: one a core]
    #[arg(long, value_name = "N", value_parser = super::threads)]
    threads: Option<NonZeroUsize>,
}

/// Reads the history, judges each subject of it, and shows what that came to.
pub fn check(arguments: &Arguments) -> anyhow::Result<Exit> {
    let path = &arguments.history;
    let checked = if path.as_os_str() == "-" {
        judged(io::stdin().lock(), arguments.threads).context("cannot check standard input")?
    } else {
        let cannot = || format!("cannot check {}", path.display());
        let file = Input::open(path).with_context(cannot)?;
        let file = BufReader::with_capacity(1 << 16, file);
        judged(file, arguments.threads).with_context(cannot)?
    };
    let partial = path.with_file_name(PARTIAL);
    if partial.exists() {
        tell!(
            "stormglass: the folder is partial: read {}",
            partial.display()
        );
    }
    let text = |colour| checked.text(colour);
    super::show(arguments.json, false, || checked.json(), text)?;
    Ok(Exit::of(checked.verdict(), false))
}

/// Subjects, and events of them, that are in memory at once.
const SUBJECTS: usize = 4_096;
const EVENTS: usize = 1 << 18;

/// Reads some subjects, judges them side by side, and goes on.
fn judged(input: impl BufRead, threads: Option<NonZeroUsize>) -> Result<Checked, ReadError> {
    let threads = threads
        .or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get);
    let mut reader = Reader::new(input)?;
    let rules = Rules::of(reader.header());
    let mut checked = Checked::new(reader.header().clone());
    loop {
        let (mut runs, mut histories) = (Vec::new(), Vec::new());
        let mut events = 0;
        while histories.len() < SUBJECTS && events < EVENTS {
            let Some(read) = reader.next() else { break };
            let (run, history) = read?;
            events += history.events.len();
            runs.push(run);
            histories.push(history);
        }
        if histories.is_empty() {
            checked.whole = reader.is_whole();
            return Ok(checked);
        }
        let judgements = concurrent::judge_all(&histories, &rules, threads);
        for ((run, history), judgement) in runs.into_iter().zip(&histories).zip(judgements) {
            checked.add(run, history, judgement.verdict, judgement.violations);
        }
    }
}
