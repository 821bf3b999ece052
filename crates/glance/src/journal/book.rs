//! The journal of a run under way.

use super::contents::{AHEAD, BATCH, Contents, JournalRun};
use super::file::{self, JournalFile};
use super::line::Line;
use super::undo::Undo;
use crate::answer::{ImageId, RunId};
use crate::system::{NativeSystem, System};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The journal that runs write to; clones share it, between threads as well.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Mutex<Book>>);

#[derive(Debug)]
struct Book {
    system: Arc<dyn System>,
    path: PathBuf,
    file: Option<JournalFile>,
    /// The number of what a command does next.
    next: u64,
    runs: BTreeMap<RunId, Open>,
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
    /// A journal that will lie at `path`, from the first create or command on: a run that does neither has none. What lies
    /// there already is never written over.
    pub fn at(path: &Path) -> Journal {
        Journal::on(Arc::new(NativeSystem), path)
    }

    /// The same on `system`.
    pub fn on(system: Arc<dyn System>, path: &Path) -> Journal {
        Journal::new(system, path, None)
    }

    /// The journal of a run that has ended.
    pub(super) fn reopened(system: Arc<dyn System>, path: &Path, file: JournalFile) -> Journal {
        Journal::new(system, path, Some(file))
    }

    fn new(system: Arc<dyn System>, path: &Path, file: Option<JournalFile>) -> Journal {
        Journal(Arc::new(Mutex::new(Book {
            system,
            path: path.to_owned(),
            file,
            next: 1,
            runs: BTreeMap::new(),
        })))
    }

    /// Where it lies, or will.
    pub fn path(&self) -> PathBuf {
        self.lock().path.clone()
    }

    /// The system on whose disk that is.
    pub(crate) fn system(&self) -> Arc<dyn System> {
        Arc::clone(&self.lock().system)
    }

    /// Whether it says that nothing is left: no image, and no command that is not undone. What cannot be read says nothing.
    pub fn is_done(&self) -> bool {
        let book = self.lock();
        book.file.is_none() || book.contents().is_some_and(|contents| contents.is_done())
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
        let begins = (!open.begun).then(|| Line::Run(run, server.to_owned()));
        let begun = |line| begins.into_iter().chain([line]);
        let near = match (open.unused.len() as u64) < AHEAD {
            true => reserved..reserved.saturating_add(AHEAD),
            false => 0..0,
        };
        let Some(number) = near.into_iter().find(|at| ImageId::new(run, *at) == id) else {
            book.write(begun(Line::Image(run, id)))?;
            book.open(run).begun = true;
            return Ok(());
        };
        let to = number.saturating_add(BATCH);
        book.write(begun(Line::Numbers(run, to)))?;
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
            true => book.write([Line::ending(run, left)]),
            false => Ok(()),
        }
    }

    /// To be called before a command is run. An error means that it must not be. Gives its number, for [`Journal::undone`].
    pub(crate) fn did(&self, undo: Undo) -> io::Result<u64> {
        let mut book = self.lock();
        let number = book.next;
        book.write([Line::Did(number, undo)])?;
        book.next += 1;
        Ok(number)
    }

    /// What has this number was taken back.
    pub(crate) fn undone(&self, number: u64) -> io::Result<()> {
        self.lock().write([Line::Undone(number)])
    }

    /// Nothing of `run` is left.
    pub(super) fn done(&self, run: RunId) -> io::Result<()> {
        self.lock().write([Line::Done(run)])
    }

    /// Those of `ids` that `run` may have created.
    pub(crate) fn own(&self, run: RunId, ids: &BTreeSet<ImageId>) -> Vec<ImageId> {
        let book = self.lock();
        if ids.is_empty() || book.file.is_none() {
            return Vec::new();
        }
        let runs = book.contents().unwrap_or_default().runs;
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

    fn contents(&self) -> Option<Contents> {
        Contents::parse(&file::read(&*self.system, &self.path).ok()?).ok()
    }

    /// Adds whole lines, on the disk when this returns.
    fn write(&mut self, lines: impl IntoIterator<Item = Line>) -> io::Result<()> {
        let mut text = String::new();
        for line in lines {
            let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "a path is no UTF-8");
            write!(text, "{line}").map_err(not_text)?;
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(JournalFile::create(&*self.system, &self.path)?),
        };
        file.add(&text)
    }
}
