//! What the lines of a journal say together.

use super::line::{Line, TITLE, TITLE_1};
use super::undo::Undo;
use crate::answer::{ImageId, RunId};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Numbers that are reserved at once.
pub(super) const BATCH: u64 = 256;
/// How far beyond the reserved numbers one is looked for, since shards of a run do not keep in step; and how many may lie
/// unused, since arrivals that are dropped take numbers with them. Beyond either an image is written for itself.
pub(super) const AHEAD: u64 = 4_096;

/// What a journal says of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRun {
    /// The run.
    pub run: RunId,
    /// The server it ran on.
    pub server: String,
    /// Images with a number below may exist.
    numbers: u64,
    /// So may these.
    others: Vec<ImageId>,
    /// Whether all of them are known to be gone.
    pub done: bool,
}

impl JournalRun {
    /// Every image that the run may have created, once.
    pub fn ids(&self) -> impl Iterator<Item = ImageId> {
        let numbered = (0..self.numbers).map(|number| ImageId::new(self.run, number));
        numbered.chain(self.others.iter().copied())
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.numbers + self.others.len() as u64
    }
}

/// What a journal says.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub runs: Vec<JournalRun>,
    /// What may have been done and was not undone, by its number, in the order in which it was done.
    pub undos: BTreeMap<u64, Undo>,
    /// Bytes of whole lines: what stands after the last end of a line was never acted upon.
    pub whole: usize,
    /// Where each run stands.
    places: FxHashMap<RunId, usize>,
}

impl Contents {
    /// Reads it, or says which line, from one, makes no sense.
    pub fn parse(bytes: &[u8]) -> Result<Contents, usize> {
        let end = bytes.iter().rposition(|byte| *byte == b'\n');
        let mut contents = Contents {
            whole: end.map_or(0, |end| end + 1),
            ..Contents::default()
        };
        if contents.whole == 0 {
            let begins = |title: &str| format!("{title}\n").as_bytes().starts_with(bytes);
            let begun = begins(TITLE) || begins(TITLE_1);
            return if begun { Ok(contents) } else { Err(1) };
        }
        let text = String::from_utf8_lossy(&bytes[..contents.whole]);
        for (at, line) in text.lines().enumerate() {
            let known = match at {
                0 => [TITLE, TITLE_1].contains(&line).then_some(()),
                _ => Line::parse(line).and_then(|line| contents.take(line)),
            };
            known.ok_or(at + 1)?;
        }
        Ok(contents)
    }

    /// Whether nothing is left: no image, and no command that is not undone.
    pub fn is_done(&self) -> bool {
        self.undos.is_empty() && self.runs.iter().all(|run| run.done)
    }

    /// Takes a line; none if it makes no sense after those before it.
    fn take(&mut self, line: Line) -> Option<()> {
        match line {
            Line::Run(run, server) => {
                self.places.entry(run).or_insert(self.runs.len());
                self.runs.push(JournalRun {
                    run,
                    server,
                    numbers: 0,
                    others: Vec::new(),
                    done: false,
                });
            }
            Line::Numbers(run, numbers) => {
                let known = self.open(run)?;
                // More at once are never reserved.
                if numbers > known.numbers.saturating_add(AHEAD + BATCH) {
                    return None;
                }
                known.numbers = known.numbers.max(numbers);
            }
            Line::Image(run, image) => self.open(run)?.others.push(image),
            Line::Left(run, _) => _ = self.open(run)?,
            Line::Done(run) => self.open(run)?.done = true,
            Line::Did(number, undo) => {
                if self.undos.insert(number, undo).is_some() {
                    return None;
                }
            }
            Line::Undone(number) => _ = self.undos.remove(&number)?,
        }
        Some(())
    }

    /// The run, which has more to tell and is therefore not done.
    fn open(&mut self, run: RunId) -> Option<&mut JournalRun> {
        let known = &mut self.runs[*self.places.get(&run)?];
        known.done = false;
        Some(known)
    }
}
