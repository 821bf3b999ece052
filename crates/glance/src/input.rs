//! Files that somebody names: read only if they are files, or pipes, and no further than makes sense.
//!
//! A device or a folder is none. `/dev/zero` never ends, and a pipe that nobody writes to would be waited for for ever.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use stormglass_model::units::Bytes;

/// How long nothing may come through a pipe.
const SILENCE: Timespec = Timespec {
    tv_sec: 10,
    tv_nsec: 0,
};

/// A file or a pipe that is open for reading.
#[derive(Debug)]
pub struct Input {
    file: File,
    is_pipe: bool,
}

impl Input {
    /// Opens it, and refuses what is neither a file nor a pipe.
    pub fn open(path: &Path) -> io::Result<Input> {
        let file = opened(path)?;
        let kind = file.metadata()?.file_type();
        let is_pipe = kind.is_fifo();
        if !kind.is_file() && !is_pipe {
            let what = match kind.is_dir() {
                true => "a folder",
                false => "a device",
            };
            return Err(io::Error::other(format!("it is {what}, not a file")));
        }
        Ok(Input { file, is_pipe })
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_pipe {
            let mut pipe = [PollFd::new(&self.file, PollFlags::IN)];
            if poll(&mut pipe, Some(&SILENCE))? == 0 {
                let why = format!("nothing came through this pipe for {} s", SILENCE.tv_sec);
                return Err(io::Error::new(io::ErrorKind::TimedOut, why));
            }
        }
        self.file.read(buffer)
    }
}

/// Opens whatever is there. Nobody is waited for who might write to a pipe.
pub(crate) fn opened(path: &Path) -> io::Result<File> {
    let not_blocking = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    OpenOptions::new()
        .read(true)
        .custom_flags(not_blocking.bits() as i32)
        .open(path)
}

/// That it is a file of at most so many bytes, for one who will read it to its end.
pub(crate) fn check(path: &Path, most: Bytes) -> io::Result<()> {
    let Input { file, is_pipe } = Input::open(path)?;
    match is_pipe {
        true => Err(io::Error::other("it is a pipe, not a file")),
        false if file.metadata()?.len() > most.0 => Err(too_long(most)),
        false => Ok(()),
    }
}

fn too_long(most: Bytes) -> io::Error {
    let why = format!("it is longer than {most}, which no file of this kind is");
    io::Error::new(io::ErrorKind::FileTooLarge, why)
}

/// The bytes of a file that has at most so many.
pub fn bytes(path: &Path, most: Bytes) -> io::Result<Vec<u8>> {
    let input = Input::open(path)?;
    if input.file.metadata()?.len() > most.0 {
        return Err(too_long(most));
    }
    let mut bytes = Vec::new();
    input
        .take(most.0.saturating_add(1))
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most.0 {
        true => Err(too_long(most)),
        false => Ok(bytes),
    }
}

/// The same of a text.
pub fn text(path: &Path, most: Bytes) -> io::Result<String> {
    String::from_utf8(bytes(path, most)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no text of UTF-8"))
}
