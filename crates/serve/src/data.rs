//! The bytes of images: in memory or in a folder, with the checksums that Glance gives.

use crate::catalog::ImageId;
use bytes::{Bytes, BytesMut};
use md5::{Digest as _, Md5};
use sha2::Sha512;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::rc::Rc;
use stormglass_model::history::Content;

/// Data is kept in pieces of so many bytes.
const PIECE: usize = 256 << 10;
/// So many bytes from the beginning say what format they are in.
const HEAD: usize = 1 << 10;

/// Bytes from the first to the one before the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub start: u64,
    pub end: u64,
}

/// Where bytes are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// In memory, so many bytes at most.
    Memory(u64),
    /// In a folder, a file an image.
    Folder(PathBuf),
}

/// Why bytes cannot be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unkept {
    #[error("there is no room for more data")]
    Full,
    #[error("the data cannot be written: {0}")]
    Broken(io::Error),
}

impl From<io::Error> for Unkept {
    fn from(error: io::Error) -> Unkept {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Unkept::Full,
            _ => Unkept::Broken(error),
        }
    }
}

/// All data, by image.
#[derive(Debug)]
pub(crate) struct Vault {
    keep: Keep,
    used: Rc<Cell<u64>>,
    files: u64,
    images: BTreeMap<ImageId, Rc<Blob>>,
    staged: BTreeMap<ImageId, Rc<Blob>>,
}

impl Vault {
    /// An empty one. A folder is made if it is not there, and must hold nothing.
    pub fn new(keep: Keep) -> io::Result<Vault> {
        if let Keep::Folder(folder) = &keep {
            fs::create_dir_all(folder)?;
            if fs::read_dir(folder)?.next().is_some() {
                let message = "it holds something already; name a new or an empty one";
                return Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, message));
            }
        }
        Ok(Vault {
            keep,
            used: Rc::default(),
            files: 0,
            images: BTreeMap::new(),
            staged: BTreeMap::new(),
        })
    }

    /// How many bytes there are, with those that are on their way.
    pub fn used(&self) -> u64 {
        self.used.get()
    }

    /// Begins to take data in.
    pub fn writer(&mut self) -> Result<Writer, Unkept> {
        let held = match &self.keep {
            Keep::Memory(_) => Sink::Memory(Vec::new(), BytesMut::new()),
            Keep::Folder(folder) => {
                self.files += 1;
                let path = folder.join(format!("incoming-{}", self.files));
                let file = File::create_new(&path)?;
                Sink::File(file, path)
            }
        };
        Ok(Writer {
            most: match self.keep {
                Keep::Memory(most) => most,
                Keep::Folder(_) => u64::MAX,
            },
            used: Rc::clone(&self.used),
            size: 0,
            md5: Md5::new(),
            sha512: Sha512::new(),
            head: Vec::new(),
            sink: Some(held),
        })
    }

    /// The data of an image from now on.
    pub fn put(&mut self, id: ImageId, blob: Rc<Blob>) -> io::Result<()> {
        if let Keep::Folder(folder) = &self.keep {
            blob.name(folder.join(id.to_string()))?;
        }
        self.images.insert(id, blob);
        Ok(())
    }

    pub fn get(&self, id: ImageId) -> Option<&Rc<Blob>> {
        self.images.get(&id)
    }

    pub fn remove(&mut self, id: ImageId) {
        self.images.remove(&id);
        self.staged.remove(&id);
    }

    /// The store has it no longer; what is staged stays.
    pub fn lose(&mut self, id: ImageId) {
        self.images.remove(&id);
    }

    pub fn stage(&mut self, id: ImageId, blob: Rc<Blob>) {
        self.staged.insert(id, blob);
    }

    pub fn unstage(&mut self, id: ImageId) -> Option<Rc<Blob>> {
        self.staged.remove(&id)
    }

    /// The data of an image with its first bit changed: what a planted defect makes of it.
    pub fn corrupt(&mut self, blob: &Blob) -> Result<Rc<Blob>, Unkept> {
        let mut writer = self.writer()?;
        let whole = Range {
            start: 0,
            end: blob.size,
        };
        let mut part = PartReader::new(blob, whole)?;
        let mut first = true;
        while let Some(piece) = part.next(blob)? {
            let mut piece = BytesMut::from(&piece[..]);
            if let Some(byte) = piece.first_mut().filter(|_| first) {
                *byte ^= 1;
            }
            first = false;
            writer.push(&piece)?;
        }
        Ok(Rc::new(writer.finish()?))
    }
}

/// The MD5 of what goes out.
#[derive(Debug, Default)]
pub(crate) struct Digest(Md5);

impl Digest {
    pub fn push(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    pub fn hex(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Data that is coming in.
#[derive(Debug)]
pub(crate) struct Writer {
    most: u64,
    used: Rc<Cell<u64>>,
    size: u64,
    md5: Md5,
    sha512: Sha512,
    head: Vec<u8>,
    sink: Option<Sink>,
}

#[derive(Debug)]
enum Sink {
    Memory(Vec<Bytes>, BytesMut),
    File(File, PathBuf),
}

impl Writer {
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes some more.
    pub fn push(&mut self, mut data: &[u8]) -> Result<(), Unkept> {
        let more = data.len() as u64;
        if self.used.get().saturating_add(more) > self.most {
            return Err(Unkept::Full);
        }
        self.used.update(|used| used + more);
        self.size += more;
        self.md5.update(data);
        self.sha512.update(data);
        let head = HEAD.saturating_sub(self.head.len()).min(data.len());
        self.head.extend_from_slice(&data[..head]);
        match &mut self.sink {
            Some(Sink::File(file, _)) => file.write_all(data)?,
            Some(Sink::Memory(pieces, open)) => {
                while !data.is_empty() {
                    let (now, rest) = data.split_at(data.len().min(PIECE - open.len()));
                    open.extend_from_slice(now);
                    data = rest;
                    if open.len() == PIECE {
                        pieces.push(std::mem::take(open).freeze());
                    }
                }
            }
            None => {}
        }
        Ok(())
    }

    /// The format that the data is in, as far as its beginning tells; none: nothing that is known.
    pub fn format(&self) -> Option<&'static str> {
        let head = &self.head[..];
        let at = |at: usize, mark: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(mark));
        [
            (0, &b"QFI\xfb"[..], "qcow2"),
            (0, b"KDMV", "vmdk"),
            (0, b"# Disk DescriptorFile", "vmdk"),
            (0, b"vhdxfile", "vhdx"),
            (0, b"conectix", "vhd"),
            (0x40, b"\x7f\x10\xda\xbe", "vdi"),
            (512, b"EFI PART", "gpt"),
        ]
        .into_iter()
        .find_map(|(place, mark, name)| at(place, mark).then_some(name))
    }

    /// All of it has come.
    pub fn finish(mut self) -> Result<Blob, Unkept> {
        let held = match self.sink.take() {
            Some(Sink::Memory(mut pieces, open)) => {
                if !open.is_empty() {
                    pieces.push(open.freeze());
                }
                Held::Memory(pieces)
            }
            Some(Sink::File(mut file, path)) => {
                let flushed = file.flush();
                let held = Held::File(RefCell::new(path));
                flushed?;
                held
            }
            None => Held::Memory(Vec::new()),
        };
        let md5: [u8; 16] = std::mem::take(&mut self.md5).finalize().into();
        let leading = md5.iter().take(8);
        let format = self.format();
        Ok(Blob {
            format,
            size: std::mem::take(&mut self.size),
            checksum: leading.fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
            md5: hex(&md5),
            sha512: hex(&std::mem::take(&mut self.sha512).finalize()),
            held,
            used: Rc::clone(&self.used),
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // What was not finished is given up.
        self.used.update(|used| used - self.size);
        if let Some(Sink::File(_, path)) = &self.sink {
            let _ = fs::remove_file(path);
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Data that is here. It goes with the last who holds it.
#[derive(Debug)]
pub(crate) struct Blob {
    pub size: u64,
    /// The first eight bytes of the MD5.
    pub checksum: u64,
    pub md5: String,
    pub sha512: String,
    /// What its beginning says of its format.
    pub format: Option<&'static str>,
    held: Held,
    used: Rc<Cell<u64>>,
}

#[derive(Debug)]
enum Held {
    Memory(Vec<Bytes>),
    File(RefCell<PathBuf>),
}

impl Blob {
    pub fn content(&self) -> Content {
        Content {
            size: self.size,
            checksum: self.checksum,
        }
    }

    /// Gives its file this name.
    fn name(&self, to: PathBuf) -> io::Result<()> {
        if let Held::File(path) = &self.held {
            fs::rename(&*path.borrow(), &to)?;
            *path.borrow_mut() = to;
        }
        Ok(())
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        self.used.update(|used| used - self.size);
        if let Held::File(path) = &self.held {
            let _ = fs::remove_file(&*path.borrow());
        }
    }
}

/// A part of some data, to be sent.
#[derive(Debug)]
pub(crate) struct Part {
    blob: Rc<Blob>,
    reader: PartReader,
    length: u64,
}

impl Part {
    pub fn new(blob: &Rc<Blob>, range: Range) -> io::Result<Part> {
        Ok(Part {
            reader: PartReader::new(blob, range)?,
            blob: Rc::clone(blob),
            length: range.end - range.start,
        })
    }

    /// How many bytes it has in all.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The next of its bytes; none at its end.
    pub fn next(&mut self) -> io::Result<Option<Bytes>> {
        self.reader.next(&self.blob)
    }
}

#[derive(Debug)]
struct PartReader {
    range: Range,
    file: Option<File>,
}

impl PartReader {
    fn new(blob: &Blob, range: Range) -> io::Result<PartReader> {
        let file = match &blob.held {
            Held::Memory(_) => None,
            // Whoever reads goes on reading when the file is removed.
            Held::File(path) => {
                let mut file = File::open(&*path.borrow())?;
                file.seek(SeekFrom::Start(range.start))?;
                Some(file)
            }
        };
        Ok(PartReader { range, file })
    }

    fn next(&mut self, blob: &Blob) -> io::Result<Option<Bytes>> {
        let left = self.range.end - self.range.start;
        if left == 0 {
            return Ok(None);
        }
        let bytes = match (&blob.held, &mut self.file) {
            (Held::Memory(pieces), _) => {
                let (piece, within) = (
                    self.range.start / PIECE as u64,
                    self.range.start % PIECE as u64,
                );
                let piece = pieces
                    .get(piece as usize)
                    .ok_or(io::ErrorKind::UnexpectedEof)?;
                let end = (within + left).min(piece.len() as u64);
                piece.slice(within as usize..end as usize)
            }
            (Held::File(_), Some(file)) => {
                let mut bytes = vec![0; left.min(PIECE as u64) as usize];
                file.read_exact(&mut bytes)?;
                bytes.into()
            }
            (Held::File(_), None) => return Err(io::ErrorKind::NotFound.into()),
        };
        self.range.start += bytes.len() as u64;
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(blob: &Rc<Blob>, start: u64, end: u64) -> Vec<u8> {
        let mut part = Part::new(blob, Range { start, end }).unwrap();
        let mut all = Vec::new();
        while let Some(bytes) = part.next().unwrap() {
            all.extend_from_slice(&bytes);
        }
        all
    }

    #[test]
    fn what_is_put_in_comes_out_in_parts_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        for keep in [
            Keep::Memory(1 << 30),
            Keep::Folder(folder.path().join("data")),
        ] {
            let mut vault = Vault::new(keep.clone()).unwrap();
            let data: Vec<u8> = (0..700_000_u32).map(|i| (i % 251) as u8).collect();
            let mut writer = vault.writer().unwrap();
            data.chunks(10_007)
                .for_each(|some| writer.push(some).unwrap());
            let blob = Rc::new(writer.finish().unwrap());
            let id = ImageId::random(1);
            vault.put(id, Rc::clone(&blob)).unwrap();
            assert_eq!(read(&blob, 0, 700_000), data);
            assert_eq!(read(&blob, 262_143, 262_146), data[262_143..262_146]);
            let corrupt = vault.corrupt(&blob).unwrap();
            assert_ne!(corrupt.checksum, blob.checksum);
            assert_eq!(read(&corrupt, 1, 700_000), data[1..]);
            drop(corrupt);
            vault.remove(id);
            assert_eq!(vault.used(), 700_000, "somebody still reads it");
            drop(blob);
            assert_eq!(vault.used(), 0);
            if let Keep::Folder(folder) = keep {
                assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
            }
        }
    }

    #[test]
    fn there_is_no_room_for_more_than_was_said() {
        let mut vault = Vault::new(Keep::Memory(10)).unwrap();
        let mut writer = vault.writer().unwrap();
        writer.push(&[0; 6]).unwrap();
        assert!(matches!(writer.push(&[0; 6]), Err(Unkept::Full)));
        drop(writer);
        assert_eq!(vault.used(), 0, "what was given up is free again");
    }

    #[test]
    fn checksums_are_those_of_glance() {
        let mut vault = Vault::new(Keep::Memory(10)).unwrap();
        let blob = vault.writer().unwrap().finish().unwrap();
        assert_eq!(blob.md5, "d41d8cd98f00b204e9800998ecf8427e");
        assert!(blob.sha512.starts_with("cf83e1357eefb8bdf1542850d66d8007"));
        assert_eq!(blob.content().checksum, 0xd41d_8cd9_8f00_b204);
    }
}
