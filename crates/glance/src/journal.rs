//! The journal of a run: which images it may have created, on disk before the first of them is asked for.
//!
//! Lines of text that are only ever added, so that a crash leaves at most half a last line, which was never acted upon:
//!
//! ```text
//! stormglass journal 1
//! run RUN SERVER       a run begins
//! numbers RUN N        every image of the run with a number below N may exist
//! image RUN ID         so may this one, which has no number near those
//! left RUN ID…         all others are gone
//! done RUN             all are gone
//! ```
//!
//! A line is flushed to the disk, so that it outlives the machine as well as the process. That costs a fraction of a millisecond
//! to ten, up to as much as a create itself, and is therefore done once for 256 images: their numbers are reserved ahead of
//! their use. What is reserved and never used costs a cleanup one look each.

use crate::answer::{ImageId, RunId};
use crate::system::{File, NativeSystem, System};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Numbers that are reserved at once.
const BATCH: u64 = 256;
/// How far beyond the reserved numbers one is looked for, since shards of a run do not keep in step; and how many may lie
/// unused, since arrivals that are dropped take numbers with them. Beyond either an image is written for itself.
const AHEAD: u64 = 4_096;
const TITLE: &str = "stormglass journal 1";
/// Bytes of the largest journal: that of ten million images which are all written for themselves takes less.
const SIZE_MAX: u64 = 1 << 30;

/// The journal that runs write to; clones share it, between threads as well.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Mutex<Book>>);

#[derive(Debug)]
struct Book {
    system: Arc<dyn System>,
    path: PathBuf,
    pages: Option<Pages>,
    runs: BTreeMap<RunId, Open>,
}

/// What was written.
#[derive(Debug)]
struct Pages {
    file: Box<dyn File>,
    /// Bytes of whole lines.
    length: u64,
    /// Whether something stands behind them, which must go before anything is added.
    spoiled: bool,
}

/// A run that may create images.
#[derive(Debug, Default)]
struct Open {
    /// Whether its first line is on disk.
    begun: bool,
    /// Numbers below are on disk.
    reserved: u64,
    /// Numbers below may have been used.
    used: u64,
    /// The reserved numbers that nobody has used.
    unused: FxHashMap<ImageId, u64>,
    clients: u32,
    left: Vec<ImageId>,
}

impl Journal {
    /// A journal that will lie at `path`, from the first create on: a run that creates nothing has none. What lies there
    /// already is never written over.
    pub fn at(path: &Path) -> Journal {
        Journal::on(Arc::new(NativeSystem), path)
    }

    /// The same on `system`.
    pub fn on(system: Arc<dyn System>, path: &Path) -> Journal {
        Journal(Arc::new(Mutex::new(Book {
            system,
            path: path.to_owned(),
            pages: None,
            runs: BTreeMap::new(),
        })))
    }

    /// A client of `run` begins.
    pub(crate) fn opens(&self, run: RunId) {
        let mut book = self.lock();
        book.open(run).clients += 1;
    }

    /// To be called before the create of `id` is sent to `server`. An error means that it must not be sent.
    pub(crate) fn enter(&self, run: RunId, server: &str, id: ImageId) -> io::Result<()> {
        let mut book = self.lock();
        let open = book.open(run);
        if let Some(number) = open.unused.remove(&id) {
            open.used = open.used.max(number + 1);
            return Ok(());
        }
        let reserved = open.reserved;
        let begins = match open.begun {
            true => String::new(),
            false => format!("run {run} {server}\n"),
        };
        let near = match (open.unused.len() as u64) < AHEAD {
            true => reserved..reserved.saturating_add(AHEAD),
            false => 0..0,
        };
        let Some(number) = near.into_iter().find(|at| ImageId::new(run, *at) == id) else {
            book.write(&format!("{begins}image {run} {id}\n"))?;
            book.open(run).begun = true;
            return Ok(());
        };
        let to = number.saturating_add(BATCH);
        book.write(&format!("{begins}numbers {run} {to}\n"))?;
        let open = book.open(run);
        let fresh = (reserved..to).map(|number| (ImageId::new(run, number), number));
        open.unused.extend(fresh.filter(|(other, _)| *other != id));
        open.reserved = to;
        open.used = number + 1;
        open.begun = true;
        Ok(())
    }

    /// A client of `run` has deleted what it created, but for these. The last one's word is written.
    pub(crate) fn closes(&self, run: RunId, left: &[ImageId]) -> io::Result<()> {
        let mut book = self.lock();
        let open = book.open(run);
        open.clients = open.clients.saturating_sub(1);
        open.left.extend(left);
        if open.clients > 0 {
            return Ok(());
        }
        let left = std::mem::take(&mut open.left);
        // What is created after this is written anew.
        open.unused.clear();
        open.reserved = open.used;
        match open.begun {
            true => book.write(&ending(run, &left)),
            false => Ok(()),
        }
    }

    /// Those of `ids` that `run` may have created.
    pub(crate) fn own(&self, run: RunId, ids: &BTreeSet<ImageId>) -> Vec<ImageId> {
        let book = self.lock();
        if ids.is_empty() || book.pages.is_none() {
            return Vec::new();
        }
        let runs = read_on(&*book.system, &book.path).unwrap_or_default();
        let mine = runs.iter().filter(|other| other.run == run);
        mine.flat_map(JournalRun::ids)
            .filter(|id| ids.contains(id))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn open(&mut self, run: RunId) -> &mut Open {
        self.runs.entry(run).or_default()
    }

    /// Adds whole lines, on the disk when this returns.
    fn write(&mut self, lines: &str) -> io::Result<()> {
        let pages = match &mut self.pages {
            Some(pages) => pages,
            none => none.insert(begin(&*self.system, &self.path)?),
        };
        pages.add(lines)
    }
}

impl Pages {
    /// Adds whole lines, or nothing: half a line would spoil the next.
    fn add(&mut self, lines: &str) -> io::Result<()> {
        if self.spoiled {
            self.file.cut(self.length)?;
        }
        self.spoiled = true;
        let written = self.file.write_all(lines.as_bytes());
        match written.and_then(|()| self.file.sync()) {
            Ok(()) => self.length += lines.len() as u64,
            // At once, since there may be no other time; and if it fails, before anything is added.
            Err(error) => return self.file.cut(self.length).and(Err(error)),
        }
        self.spoiled = false;
        Ok(())
    }
}

/// Makes the file. It stays reserved for as long as the process lives, so that nobody cleans up behind a run under way.
fn begin(system: &dyn System, path: &Path) -> io::Result<Pages> {
    let mut file = system.create(path)?;
    // A file system without locks is no reason not to run.
    let _ = file.reserve();
    let title = format!("{TITLE}\n");
    file.write_all(title.as_bytes())?;
    // By itself: a sync that fails may lose all that was written since the last one.
    file.sync()?;
    system.sync_folder_of(path)?;
    Ok(Pages {
        file,
        length: title.len() as u64,
        spoiled: false,
    })
}

fn ending(run: RunId, left: &[ImageId]) -> String {
    if left.is_empty() {
        return format!("done {run}\n");
    }
    let ids: Vec<String> = left.iter().map(ImageId::to_string).collect();
    format!("left {run} {}\n", ids.join(" "))
}

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

/// Why a journal cannot be cleaned up after.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read or written.
    #[error("cannot use the journal {}", .0.display())]
    Unusable(PathBuf, #[source] io::Error),
    /// Its run is under way.
    #[error("the run of {} is still under way: stop it first", .0.display())]
    UnderWay(PathBuf),
    /// It is something else.
    #[error("{} is no journal of stormglass: line {} makes no sense", .0.display(), .1)]
    Foreign(PathBuf, usize),
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

/// Reads the runs of the journal at `path`.
pub fn read(path: &Path) -> Result<Vec<JournalRun>, JournalError> {
    read_on(&NativeSystem, path)
}

fn read_on(system: &dyn System, path: &Path) -> Result<Vec<JournalRun>, JournalError> {
    let unusable = |error| JournalError::Unusable(path.to_owned(), error);
    let file = system.open(path, false).map_err(unusable)?;
    let text = contents(&*file).map_err(unusable)?;
    Ok(prove(path, &text)?.1)
}

/// What the file holds.
fn contents(file: &dyn File) -> io::Result<Vec<u8>> {
    let bytes = match file.length()? <= SIZE_MAX {
        true => file.contents(SIZE_MAX + 1)?,
        false => Vec::new(),
    };
    match file.length()?.max(bytes.len() as u64) > SIZE_MAX {
        true => Err(io::Error::other("it is larger than any journal")),
        false => Ok(bytes),
    }
}

/// That it is a journal: how many bytes of it are whole lines, and the runs that these tell of.
fn prove(path: &Path, bytes: &[u8]) -> Result<(usize, Vec<JournalRun>), JournalError> {
    let (mut runs, mut places) = (Vec::new(), FxHashMap::default());
    // What stands after the last end of a line was never acted upon.
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    let whole = end.map_or(0, |end| end + 1);
    let begun = format!("{TITLE}\n");
    if whole == 0 && !begun.as_bytes().starts_with(bytes) {
        return Err(JournalError::Foreign(path.to_owned(), 1));
    }
    let text = String::from_utf8_lossy(&bytes[..whole]);
    for (at, line) in text.lines().enumerate() {
        let known = match at {
            0 => (line == TITLE).then_some(()),
            _ => take(&mut runs, &mut places, line),
        };
        known.ok_or_else(|| JournalError::Foreign(path.to_owned(), at + 1))?;
    }
    Ok((whole, runs))
}

/// Takes a line; `places` says where each run stands.
fn take(
    runs: &mut Vec<JournalRun>,
    places: &mut FxHashMap<RunId, usize>,
    line: &str,
) -> Option<()> {
    let (word, rest) = line.split_once(' ')?;
    let (run, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let run = RunId::parse(run)?;
    if word == "run" {
        places.entry(run).or_insert(runs.len());
        runs.push(JournalRun {
            run,
            server: rest.to_owned(),
            numbers: 0,
            others: Vec::new(),
            done: false,
        });
        return Some(());
    }
    let known = &mut runs[*places.get(&run)?];
    known.done = false;
    match word {
        "numbers" => {
            // More at once are never reserved.
            let most = known.numbers.saturating_add(AHEAD + BATCH);
            let numbers = rest.parse().ok().filter(|numbers| *numbers <= most)?;
            known.numbers = known.numbers.max(numbers);
        }
        "image" => known.others.push(ImageId::parse(rest)?),
        "done" => known.done = true,
        // Images that were gone once may be back: they are looked at again.
        "left" => {}
        _ => return None,
    }
    Some(())
}

/// Reserves the journal at `path` for one who cleans up, and notes what is done.
#[derive(Debug)]
pub struct Reopened {
    path: PathBuf,
    file: Box<dyn File>,
    runs: Vec<JournalRun>,
}

impl Reopened {
    /// Reserves it. Nothing is written before all of it is known to be a journal.
    pub fn new(path: &Path) -> Result<Reopened, JournalError> {
        Reopened::on(&NativeSystem, path)
    }

    /// The same on `system`.
    pub fn on(system: &dyn System, path: &Path) -> Result<Reopened, JournalError> {
        let unusable = |error| JournalError::Unusable(path.to_owned(), error);
        // Before it is opened for writing.
        read_on(system, path)?;
        let file = system.open(path, true).map_err(unusable)?;
        let reserved = file.reserve();
        // As above: where there are no locks nobody is kept out.
        if reserved.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            return Err(JournalError::UnderWay(path.to_owned()));
        }
        let bytes = contents(&*file).map_err(unusable)?;
        let (whole, runs) = prove(path, &bytes)?;
        // Half a line at the end would spoil what is added.
        if whole < bytes.len() {
            file.cut(whole as u64).map_err(unusable)?;
        }
        let path = path.to_owned();
        Ok(Reopened { path, file, runs })
    }

    /// The runs that it tells of.
    pub fn runs(&self) -> &[JournalRun] {
        &self.runs
    }

    /// Notes that nothing of `run` is left.
    pub fn done(&mut self, run: RunId) -> Result<(), JournalError> {
        let unusable = |error| JournalError::Unusable(self.path.clone(), error);
        let line = ending(run, &[]);
        self.file.write_all(line.as_bytes()).map_err(unusable)?;
        self.file.sync().map_err(unusable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_full_disk_nothing_is_created() {
        let full = Journal::at(Path::new("/dev/full"));
        let device = std::fs::OpenOptions::new().append(true).open("/dev/full");
        full.lock().pages = Some(Pages {
            file: Box::new(device.unwrap()),
            length: 0,
            spoiled: false,
        });
        let run = RunId(7);
        for _ in 0..2 {
            assert!(full.enter(run, "", ImageId::new(run, 0)).is_err());
        }
    }
}
