//! A journal after its run, for whoever cleans up.

use super::book::Journal;
use super::contents::{Contents, JournalRun};
use super::error::JournalError;
use super::file::{self, JournalFile};
use super::undo::Undo;
use crate::answer::RunId;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Reads the runs of the journal at `path`.
pub fn read(path: &Path) -> Result<Vec<JournalRun>, JournalError> {
    let bytes = file::read(path).map_err(|error| JournalError::Unusable(path.to_owned(), error))?;
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
        let unusable = |error| JournalError::Unusable(path.to_owned(), error);
        // Before it is opened for writing, which alone does something to some devices.
        read(path)?;
        let file = JournalFile::open(path).map_err(unusable)?;
        // Where there are no locks nobody is kept out.
        let locked = file.lock();
        if locked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            return Err(JournalError::UnderWay(path.to_owned()));
        }
        let bytes = file.read().map_err(unusable)?;
        let contents = proven(path, &bytes)?;
        // Half a line at the end would spoil what is added.
        if contents.whole < bytes.len() {
            file.truncate(contents.whole as u64).map_err(unusable)?;
        }
        let journal = Journal::reopened(path, file);
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
