//! The results folder: found or refused before the storm starts, never overwritten, and marked as partial until all is in it.

use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The file that marks a folder of which not all is known to be there. It comes first and goes last.
pub const PARTIAL: &str = "partial";

/// What it says to whoever opens it.
const PARTIAL_TEXT: &str = "\
Not all results of this run are here: it is under way, or it was killed, or something could not be written.
Each file beside this one is whole. `stormglass cleanup` removes what such a run has left on a server.
";

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
                Ok(()) => return Folder { path, made: true }.marked(),
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
        Folder { path, made }.marked()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes every file, whatever becomes of the others. If none is lost, the folder is no longer partial.
    pub fn write<N: Into<String>>(
        &self,
        files: impl Iterator<Item = (N, io::Result<Vec<u8>>)>,
    ) -> Kept {
        let mut kept = self.write_some(files);
        self.complete(&mut kept);
        kept
    }

    /// Writes files of which more will follow: the folder stays partial until it is complete.
    pub(crate) fn write_some<N: Into<String>>(
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

    /// Takes the mark away once everything is written, and nothing lost: each name is on the disk already.
    pub(crate) fn complete(&self, kept: &mut Kept) {
        if kept.lost.is_empty() {
            let mark = self.path.join(PARTIAL);
            let removed = fs::remove_file(&mark).and_then(|()| sync_folder_of(&mark));
            kept.lost
                .extend(removed.err().map(|error| (PARTIAL.to_owned(), error)));
        }
    }

    /// Takes an unused folder away again; what holds anything, or was there before, stays, and what holds anything stays marked.
    pub fn discard(&self) {
        let is_mark =
            |entry: io::Result<fs::DirEntry>| entry.is_ok_and(|entry| entry.file_name() == PARTIAL);
        if fs::read_dir(&self.path).is_ok_and(|mut entries| entries.all(is_mark)) {
            // A folder that cannot be removed does no harm.
            let _ = fs::remove_file(self.path.join(PARTIAL));
            if self.made {
                let _ = fs::remove_dir(&self.path);
            }
        }
    }

    /// A disk that is full or read-only is better known now than after the storm. Of two runs that take one folder, one is refused.
    fn marked(self) -> Result<Folder, FolderError> {
        let mark = self.path.join(PARTIAL);
        let text = PARTIAL_TEXT.as_bytes();
        let written = create(&mark).and_then(|mut file| {
            file.write_all(text)?;
            file.sync_all()?;
            sync_folder_of(&mark)
        });
        match written {
            Ok(()) => Ok(self),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(FolderError::InUse(self.path))
            }
            Err(source) => {
                self.discard();
                Err(unwritable(&self.path)(source))
            }
        }
    }
}

/// Writes a file under a name that nothing has yet; what is there stays, and is an error.
pub fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    whole(path, |mut file| file.write_all(content))
}

/// Writes a page under its name, in place of one that Stormglass wrote; anything else that is there stays, and is an error.
pub fn write_page(path: &Path, page: &[u8]) -> io::Result<()> {
    replace_own(path, page, GENERATOR, NOT_OURS)
}

/// Whether a file can be written under this name: nothing is there, or one whose head says `mark`; `why` says what else it is.
pub fn replaceable(path: &Path, mark: &str, why: &'static str) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
        Ok(there) if there.is_file() && says(path, mark)? => Ok(true),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, why)),
    }
}

/// Writes a file under its name, in place of one whose head says `mark`; anything else that is there stays, and is an error.
pub fn replace_own(path: &Path, content: &[u8], mark: &str, why: &'static str) -> io::Result<()> {
    let is_ours = replaceable(path, mark, why)?;
    // Whoever was killed in the middle left a part, which is in nobody's way.
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let written = create(&part)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| match is_ours {
            true => fs::rename(&part, path).and_then(|()| sync_folder_of(path)),
            false => name_once(&part, path),
        });
    written.inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}

/// Writes a picture under its name, in place of one that Stormglass wrote.
pub fn write_picture(path: &Path, picture: &[u8]) -> io::Result<()> {
    replace_own(path, picture, PICTURE_MARK, NOT_OURS)
}

/// Whether a page and a picture can be written under these names.
pub fn replaceable_pages(page: &Path, picture: &Path) -> io::Result<()> {
    replaceable(page, GENERATOR, NOT_OURS)?;
    replaceable(picture, PICTURE_MARK, NOT_OURS)?;
    Ok(())
}

/// Why a page or a picture is not replaced.
const NOT_OURS: &str = "what is there was not made by Stormglass, name another file with --out";

/// What the head of each picture says.
pub const PICTURE_MARK: &str = "<metadata>stormglass ";

/// What the head of each page says.
pub const GENERATOR: &str = "<meta name=\"generator\" content=\"stormglass ";

/// Whether the head of this file says so.
fn says(path: &Path, mark: &str) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(4_096).read_to_end(&mut head)?;
    Ok(String::from_utf8_lossy(&head).contains(mark))
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
    let file = create(&part)?;
    let written = write(&file)
        .and_then(|()| file.sync_all())
        .and_then(|()| name_once(&part, path));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}

/// A file that was not there. It may name images and servers, which are nobody else's business.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
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
    sync_folder_of(path)
}

/// What was renamed or removed in a folder is so on the disk only after this.
fn sync_folder_of(path: &Path) -> io::Result<()> {
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
