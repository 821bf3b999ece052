//! The file of a journal: the only calls of the journal to the file system. What they are used for is decided elsewhere.

use crate::input;
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Bytes of the largest journal: that of ten million images which are all written for themselves takes less.
const SIZE_MAX: u64 = 1 << 30;

/// A journal's file, open for adding to its end.
#[derive(Debug)]
pub(super) struct JournalFile(File);

impl JournalFile {
    /// Makes it where nothing is, for nobody else to read. Its name may not be on the disk yet.
    pub fn create(path: &Path) -> io::Result<JournalFile> {
        let mut options = OpenOptions::new();
        let file = options.create_new(true).append(true).mode(0o600).open(path);
        file.map(JournalFile)
    }

    /// Opens the one that is there.
    pub fn open(path: &Path) -> io::Result<JournalFile> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).open(path).map(JournalFile)
    }

    /// Keeps others from opening it until the process ends; `WouldBlock`: another one does.
    pub fn lock(&self) -> io::Result<()> {
        Ok(flock(&self.0, FlockOperation::NonBlockingLockExclusive)?)
    }

    /// How many bytes it has.
    pub fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    /// Adds bytes to its end. After an error, some of them may be there.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Returns when what was added is on the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    /// Takes away what is behind so many bytes.
    pub fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    /// What it holds; of a device or a pipe nothing, since those are no journals and may have no end.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let about = self.0.metadata()?;
        if !about.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        if about.len() <= SIZE_MAX {
            (&self.0).take(SIZE_MAX + 1).read_to_end(&mut bytes)?;
        }
        match about.len().max(bytes.len() as u64) > SIZE_MAX {
            true => Err(io::Error::other("it is larger than any journal")),
            false => Ok(bytes),
        }
    }
}

/// What the journal at `path` holds. It is not opened for writing, which alone does something to some devices.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    JournalFile(input::opened(path)?).read()
}

/// Returns when the names in the folder of `path` are on the disk.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
