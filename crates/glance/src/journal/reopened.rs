//! A journal after its run, for whoever cleans up.

use super::book::Journal;
use super::contents::{Contents, JournalRun};
use super::error::JournalError;
use super::file::{self, JournalFile};
use super::undo::Undo;
use crate::answer::RunId;
use crate::system::{NativeSystem, System};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Reads the runs of the journal at `path`.
pub fn read(path: &Path) -> Result<Vec<JournalRun>, JournalError> {
    read_on(&NativeSystem, path)
}

fn read_on(system: &dyn System, path: &Path) -> Result<Vec<JournalRun>, JournalError> {
    let bytes = file::read(system, path);
    let bytes = bytes.map_err(|error| JournalError::Unusable(path.to_owned(), error))?;
    Ok(proven(path, &bytes)?.runs)
}

fn proven(path: &Path, bytes: &[u8]) -> Result<Contents, JournalError> {
    Contents::parse(bytes).map_err(|line| JournalError::Foreign(path.to_owned(), line))
}

/// Reserves the journal at `path` for one who cleans up, and notes what is done.
#[derive(Debug)]
pub struct Reopened {
    journal: Journal,
    contents: Contents,
}

impl Reopened {
    /// Reserves it. Nothing is written before all of it is known to be a journal.
    pub fn new(path: &Path) -> Result<Reopened, JournalError> {
        Reopened::on(Arc::new(NativeSystem), path)
    }

    /// The same on `system`.
    pub fn on(system: Arc<dyn System>, path: &Path) -> Result<Reopened, JournalError> {
        let unusable = |error| JournalError::Unusable(path.to_owned(), error);
        // Before it is opened for writing.
        read_on(&*system, path)?;
        let file = JournalFile::reserve(&*system, path);
        let mut file = file.map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => JournalError::UnderWay(path.to_owned()),
            _ => unusable(error),
        })?;
        let contents = proven(path, &file.contents().map_err(unusable)?)?;
        file.end_at(contents.whole as u64).map_err(unusable)?;
        let journal = Journal::reopened(system, path, file);
        Ok(Reopened { journal, contents })
    }

    /// The runs that it tells of.
    pub fn runs(&self) -> &[JournalRun] {
        &self.contents.runs
    }

    /// What commands may have done and nobody has undone, by its number in this journal, in the order in which it was done.
    pub fn not_undone(&self) -> &BTreeMap<u64, Undo> {
        &self.contents.undos
    }

    /// The journal, to be gone on with.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Notes that nothing of `run` is left.
    pub fn done(&mut self, run: RunId) -> Result<(), JournalError> {
        let noted = self.journal.done(run);
        noted.map_err(|error| JournalError::Unusable(self.journal.path(), error))
    }
}
