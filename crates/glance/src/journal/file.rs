//! The file of a journal, which whole lines are added to. What they say is decided elsewhere.

use super::line::TITLE;
use crate::system::{File, System};
use std::io;
use std::path::Path;

/// Bytes of the largest journal: that of ten million images which are all written for themselves takes less.
const SIZE_MAX: u64 = 1 << 30;

/// A journal's file, open for adding to its end.
#[derive(Debug)]
pub(super) struct JournalFile {
    file: Box<dyn File>,
    /// Bytes of whole lines.
    length: u64,
    /// Whether something stands behind them, which must go before anything is added.
    spoilt: bool,
}

impl JournalFile {
    /// Makes it where nothing is, for nobody else to read. It stays reserved for as long as the process lives, so that nobody cleans up
    /// behind a run under way.
    pub fn create(system: &dyn System, path: &Path) -> io::Result<JournalFile> {
        let mut file = system.create(path)?;
        // A file system without locks is no reason not to run.
        let _ = file.reserve();
        let title = format!("{TITLE}\n");
        file.write_all(title.as_bytes())?;
        // By itself: a sync that fails may lose all that was written since the last one.
        file.sync()?;
        system.sync_folder_of(path)?;
        Ok(JournalFile {
            file,
            length: title.len() as u64,
            spoilt: false,
        })
    }

    /// Opens and reserves one that is there and holds `length` bytes of whole lines; an error of the kind `WouldBlock` where another
    /// process has reserved it.
    pub fn reserve(system: &dyn System, path: &Path) -> io::Result<JournalFile> {
        let file = system.open(path, true)?;
        // As above: where there are no locks nobody is kept out.
        match file.reserve() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
            Ok(()) | Err(_) => {}
        }
        Ok(JournalFile {
            length: file.length()?,
            file,
            spoilt: false,
        })
    }

    /// Takes away what stands behind so many bytes, which are whole lines: half a line would spoil what is added.
    pub fn end_at(&mut self, length: u64) -> io::Result<()> {
        if length < self.length {
            self.file.cut(length)?;
            self.length = length;
        }
        Ok(())
    }

    /// Adds whole lines, on the disk when this returns; or nothing.
    pub fn add(&mut self, lines: &str) -> io::Result<()> {
        if self.spoilt {
            self.file.cut(self.length)?;
        }
        self.spoilt = true;
        let written = self.file.write_all(lines.as_bytes());
        match written.and_then(|()| self.file.sync()) {
            Ok(()) => self.length += lines.len() as u64,
            // At once, since there may be no other time; and if it fails, before anything is added.
            Err(error) => return self.file.cut(self.length).and(Err(error)),
        }
        self.spoilt = false;
        Ok(())
    }

    /// What it holds.
    pub fn contents(&self) -> io::Result<Vec<u8>> {
        contents(&*self.file)
    }
}

/// What the journal at `path` holds. It is not opened for writing.
pub(super) fn read(system: &dyn System, path: &Path) -> io::Result<Vec<u8>> {
    contents(&*system.open(path, false)?)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_full_disk_nothing_is_added() {
        let device = std::fs::OpenOptions::new().append(true).open("/dev/full");
        let mut full = JournalFile {
            file: Box::new(device.unwrap()),
            length: 0,
            spoilt: false,
        };
        for _ in 0..2 {
            assert!(full.add("done 0000000000000007\n").is_err());
        }
    }
}
