//! The results folder: found or refused before the storm starts, never overwritten.

use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// A folder of this run alone, known to be writable when it was made.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Whether it was made for this run, so that an unused one may go again.
    made: bool,
}

/// Why there is nowhere to write to.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// `--out` names a folder that is in use.
    #[error("{} already holds something: results are never overwritten, name another folder", .0.display())]
    InUse(PathBuf),
    /// It cannot be made, read or written to.
    #[error("cannot write results into {}", .path.display())]
    Unwritable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What became of the files of a run.
#[derive(Debug, Default)]
pub struct Kept {
    /// The files that are whole.
    pub files: Vec<String>,
    /// Those that could not be written, and why; nothing is left of them.
    pub lost: Vec<(String, io::Error)>,
}

impl Folder {
    /// Makes `<base>/<name>-<seed>-<n>` with the first free number.
    pub fn numbered(base: &Path, name: &str, seed: u64) -> Result<Folder, FolderError> {
        fs::create_dir_all(base).map_err(unwritable(base))?;
        let name = file_name(name);
        let mut n = 1_u64;
        loop {
            let path = base.join(format!("{name}-{seed}-{n}"));
            // Making it and finding it free is one step, so two runs at once never share a folder.
            match fs::create_dir(&path) {
                Ok(()) => return Folder { path, made: true }.probed(),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => n += 1,
                Err(source) => return Err(unwritable(&path)(source)),
            }
        }
    }

    /// Takes the folder that the user named: one that is empty, or does not exist yet.
    pub fn named(path: &Path) -> Result<Folder, FolderError> {
        let made = !path.exists();
        fs::create_dir_all(path).map_err(unwritable(path))?;
        let mut entries = fs::read_dir(path).map_err(unwritable(path))?;
        if entries.next().is_some() {
            return Err(FolderError::InUse(path.to_owned()));
        }
        let path = path.to_owned();
        Folder { path, made }.probed()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes every file, whatever becomes of the others.
    pub fn write<N: Into<String>>(
        &self,
        files: impl Iterator<Item = (N, io::Result<Vec<u8>>)>,
    ) -> Kept {
        let mut kept = Kept::default();
        for (name, content) in files {
            self.stream(&mut kept, name, |mut file| file.write_all(&content?));
        }
        kept
    }

    /// Writes one more file, which need not be in memory as a whole.
    pub(crate) fn stream(
        &self,
        kept: &mut Kept,
        name: impl Into<String>,
        write: impl FnOnce(&File) -> io::Result<()>,
    ) {
        let name = name.into();
        match whole(&self.path.join(&name), write) {
            Ok(()) => kept.files.push(name),
            Err(error) => kept.lost.push((name, error)),
        }
    }

    /// Takes an unused folder away again; what holds anything, or was there before, stays.
    pub fn discard(&self) {
        if self.made {
            // A folder that cannot be removed does no harm.
            let _ = fs::remove_dir(&self.path);
        }
    }

    /// A disk that is full or read-only is better known now than after the storm.
    fn probed(self) -> Result<Folder, FolderError> {
        let probe = self.path.join(".probe");
        let written = whole(&probe, |mut file| file.write_all(&[0; 4096]));
        match written.and_then(|()| fs::remove_file(&probe)) {
            Ok(()) => Ok(self),
            Err(source) => {
                self.discard();
                Err(unwritable(&self.path)(source))
            }
        }
    }
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    |source| FolderError::Unwritable {
        path: path.to_owned(),
        source,
    }
}

/// Half a file reads like a whole one, so it is written under another name, and has its own once it is on the disk. What appeared
/// there meanwhile stays, and no link is followed.
fn whole(path: &Path, write: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".part");
    let part = path.with_file_name(name);
    let mut options = OpenOptions::new();
    // It may name images and servers, which are nobody else's business.
    let file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)?;
    let written = write(&file)
        .and_then(|()| file.sync_all())
        .and_then(|()| name_once(&part, path));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}

/// Renames `part` to `path`, unless something is there.
fn name_once(part: &Path, path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, part, CWD, path, RenameFlags::NOREPLACE) {
        // A file system that cannot do both at once.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => match fs::symlink_metadata(path) {
            Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(part, path)?,
        },
        renamed => renamed?,
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The scenario's name as one part of a path.
fn file_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = name.chars().map(plain).collect();
    match name.trim_start_matches('.') {
        "" => "storm".to_owned(),
        rest => rest.to_owned(),
    }
}
