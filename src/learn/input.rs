//! Files of logs: opened, unpacked, and put in the order in which they were written.

use super::key::Keys;
use super::line::{self, Line};
use flate2::bufread::MultiGzDecoder;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use stormglass_glance::input::Input;
use stormglass_model::units::Time;

/// A file that is open, unpacked as it is read.
pub type Text = BufReader<Box<dyn Read>>;

/// Bytes that are read at once, of which the first show what the file is.
const CHUNK: usize = 1 << 16;

/// Why a file is not read at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system says so.
    #[error("cannot read {0}: {1}")]
    Unreadable(String, io::Error),
    /// It is packed in a way that is not unpacked here.
    #[error("{0} is packed by {1}: unpack it on the way, `{2} {0} | stormglass learn - --out DIR`")]
    Packed(String, &'static str, &'static str),
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Lines of a log, of any format.
    Log,
    /// A history that Stormglass saved.
    History,
}

/// Where a file's bytes come from.
enum Place {
    /// A file, which is opened when its turn comes.
    File(PathBuf),
    /// A pipe or standard input, which can be opened only once.
    Open(Text),
}

/// A file that was looked at.
pub struct Source {
    /// What its user called it.
    pub name: String,
    /// What is in it.
    pub kind: Kind,
    place: Place,
    /// The log that it is a part of: its name without what rotation adds.
    log: PathBuf,
    /// The first instant that it tells.
    begins: Option<Time>,
}

impl Source {
    /// Looks at a file; `-` is standard input.
    pub fn new(path: &Path, keys: &Keys) -> Result<Source, OpenError> {
        let is_stdin = path.as_os_str() == "-";
        let name = match is_stdin {
            true => "standard input".to_owned(),
            false => path.display().to_string(),
        };
        let unreadable = |error| OpenError::Unreadable(name.clone(), error);
        let mut text = match is_stdin {
            true => unpacked(&name, io::stdin().lock())?,
            false => unpacked(&name, Input::open(path).map_err(unreadable)?)?,
        };
        // What cannot be unpacked is told when it is read.
        let first = text.fill_buf().unwrap_or_default();
        let (kind, begins) = (kind(first), begins(keys, first));
        let is_file = !is_stdin && fs::metadata(path).is_ok_and(|it| it.is_file());
        Ok(Source {
            name,
            kind,
            place: match is_file {
                true => Place::File(path.to_owned()),
                false => Place::Open(text),
            },
            log: unrotated(path),
            begins,
        })
    }

    /// Opens it for reading.
    pub fn open(self) -> Result<Text, OpenError> {
        match self.place {
            Place::Open(text) => Ok(text),
            Place::File(path) => {
                let file = Input::open(&path);
                unpacked(
                    &self.name,
                    file.map_err(|error| OpenError::Unreadable(self.name.clone(), error))?,
                )
            }
        }
    }
}

/// The logs that these files are the parts of, each with its parts in the order in which they begin.
pub fn logs(mut sources: Vec<Source>) -> Vec<Vec<Source>> {
    // Parts that tell no instant stay where they were named.
    sources.sort_by(|a, b| a.log.cmp(&b.log));
    let mut logs: Vec<Vec<Source>> = Vec::new();
    for source in sources {
        match logs.last_mut() {
            Some(log) if log.last().is_some_and(|last| last.log == source.log) => log.push(source),
            _ => logs.push(vec![source]),
        }
    }
    for log in &mut logs {
        log.sort_by_key(|source| source.begins);
    }
    logs
}

fn unpacked(name: &str, file: impl Read + 'static) -> Result<Text, OpenError> {
    let mut raw = BufReader::with_capacity(CHUNK, file);
    let first = raw
        .fill_buf()
        .map_err(|error| OpenError::Unreadable(name.to_owned(), error))?;
    let packed = |by, with| Err(OpenError::Packed(name.to_owned(), by, with));
    match first {
        [0x1f, 0x8b, ..] => {
            let boxed: Box<dyn Read> = Box::new(MultiGzDecoder::new(raw));
            Ok(BufReader::with_capacity(CHUNK, boxed))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => packed("zstd", "zstdcat"),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => packed("xz", "xzcat"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => packed("bzip2", "bzcat"),
        _ => {
            let boxed: Box<dyn Read> = Box::new(raw);
            Ok(BufReader::with_capacity(CHUNK, boxed))
        }
    }
}

/// A history says so in its first line.
fn kind(first: &[u8]) -> Kind {
    let line = first
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let is_header = line.starts_with('{')
        && ["\"schema\"", "\"scenario\"", "\"profile\""]
            .iter()
            .all(|key| line.contains(key));
    if is_header { Kind::History } else { Kind::Log }
}

fn begins(keys: &Keys, first: &[u8]) -> Option<Time> {
    let mut lines = first.split(|byte| *byte == b'\n');
    lines.find_map(|text| match line::read(keys, text) {
        Ok(Line::Request(_, request)) => Some(request.logged()),
        _ => None,
    })
}

/// The name of the log that a file was rotated out of: without `.gz`, `.1` or `-20261129`.
fn unrotated(path: &Path) -> PathBuf {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match name.rsplit_once(['.', '-']) {
        Some((log, number)) if is_number(number) => log,
        _ => name,
    };
    path.with_file_name(name)
}

/// Bytes of a line at most.
const LONGEST: u64 = 1 << 20;

/// The next line, without its end; none at the end of the file. Of what is too long, nothing is kept.
pub fn next_line<'a>(
    text: &mut Text,
    buffer: &'a mut Vec<u8>,
) -> io::Result<Option<Result<&'a [u8], line::Why>>> {
    buffer.clear();
    let read = text.by_ref().take(LONGEST).read_until(b'\n', buffer)?;
    if read == 0 {
        return Ok(None);
    }
    if buffer.last() != Some(&b'\n') && read as u64 == LONGEST {
        skip_line(text)?;
        buffer.clear();
        return Ok(Some(Err(line::Why::Long)));
    }
    Ok(Some(Ok(buffer.strip_suffix(b"\n").unwrap_or(buffer))))
}

fn skip_line(text: &mut Text) -> io::Result<()> {
    loop {
        let chunk = text.fill_buf()?;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let (read, is_over) = match end {
            Some(at) => (at + 1, true),
            None => (chunk.len(), chunk.is_empty()),
        };
        text.consume(read);
        if is_over {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rotation_adds_to_a_name_is_no_part_of_it() {
        for name in [
            "api.log",
            "api.log.1",
            "api.log.12.gz",
            "api.log-20261129",
            "api.log-20261129.gz",
            "api.log.gz",
        ] {
            assert_eq!(
                unrotated(&Path::new("/var/log").join(name)),
                Path::new("/var/log/api.log"),
                "{name}"
            );
        }
        assert_eq!(
            unrotated(Path::new("glance-api.log")),
            Path::new("glance-api.log")
        );
    }
}
