//! The bytes of an upload: made as they are sent, never held whole, and digested on the way.

use crate::clock::now;
use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use md5::{Digest, Md5};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sha2::Sha512;
use std::cell::Cell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use stormglass_model::history::Content;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Bytes made at once. A multiple of eight, so that the generator's words are never cut and the content does not depend on it.
const CHUNK: u64 = 64 * 1024;

/// What ends a body in chunks.
const END: &str = "0\r\n\r\n";

/// Counts and digests bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub size: u64,
    hash: Md5,
}

impl Tally {
    pub fn add(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.hash.update(bytes);
    }

    /// The digest in hexadecimal digits.
    pub fn hex(self) -> String {
        let digest = self.hash.finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Of the digest the first eight bytes, big-endian.
    pub fn content(self) -> Content {
        let digest = self.hash.finalize();
        let leading = digest.iter().take(8);
        Content {
            size: self.size,
            checksum: leading.fold(0, |value, &byte| value << 8 | u64::from(byte)),
        }
    }
}

/// The pseudo-random content of one seed and size.
#[derive(Debug)]
struct Generator {
    random: Xoshiro256PlusPlus,
    made: Tally,
    size: u64,
}

impl Generator {
    fn new(seed: u64, size: u64) -> Generator {
        Generator {
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            made: Tally::default(),
            size,
        }
    }

    /// The next bytes, ending at `stop` at the latest; none there.
    fn next(&mut self, stop: u64) -> Option<Bytes> {
        let length = CHUNK.min(stop.min(self.size) - self.made.size) as usize;
        if length == 0 {
            return None;
        }
        let mut chunk = BytesMut::zeroed(length);
        self.random.fill_bytes(&mut chunk);
        if self.made.size == 0 && length >= 512 {
            // Glance looks at what a raw image holds, and one image in 65,536 would carry a boot record's signature by chance.
            chunk[510..512].fill(0);
        }
        self.made.add(&chunk);
        Some(chunk.freeze())
    }

    fn left(&self) -> u64 {
        self.size - self.made.size
    }
}

/// What an upload of this seed and size sends.
pub fn content_of(content_seed: u64, size: u64) -> Content {
    made(content_seed, size).content()
}

/// The MD5 of it in hexadecimal digits.
pub(crate) fn md5_of(content_seed: u64, size: u64) -> String {
    made(content_seed, size).hex()
}

/// The SHA-512 of it in the same.
pub(crate) fn sha512_of(content_seed: u64, size: u64) -> String {
    let mut generator = Generator::new(content_seed, size);
    let mut digest = Sha512::new();
    while let Some(chunk) = generator.next(size) {
        digest.update(&chunk);
    }
    let digits = digest.finalize().into_iter();
    digits.map(|byte| format!("{byte:02x}")).collect()
}

fn made(content_seed: u64, size: u64) -> Tally {
    let mut generator = Generator::new(content_seed, size);
    while generator.next(size).is_some() {}
    generator.made
}

/// Reads a checksum as Glance writes it, 32 hexadecimal digits, down to what a [`Content`] keeps.
pub(crate) fn leading_of_hex(checksum: &str) -> Option<u64> {
    let valid = checksum.len() == 32 && checksum.bytes().all(|byte| byte.is_ascii_hexdigit());
    let leading = checksum.get(..16).filter(|_| valid)?;
    u64::from_str_radix(leading, 16).ok()
}

/// How far a request's body has got; shared with whoever waits for the answer.
#[derive(Debug)]
pub(crate) struct Transfer {
    /// When bytes were last taken.
    pub at: Cell<Instant>,
    /// How many bytes of an upload were taken.
    pub taken: Cell<u64>,
    /// What was sent, once all of it was.
    pub content: Cell<Option<Content>>,
    /// Told when a body that stops half-way has got there.
    pub stopped: Notify,
}

/// The body of a request.
#[derive(Debug)]
pub(crate) enum Payload {
    /// A few bytes, perhaps none.
    Text(Bytes),
    /// An upload.
    Upload(Box<Upload>),
}

/// The streamed body of an upload.
#[derive(Debug)]
pub(crate) struct Upload {
    generator: Generator,
    stop: u64,
    /// Whether it goes in chunks, and does not say how many bytes there are.
    chunked: bool,
    transfer: Rc<Transfer>,
}

impl Transfer {
    fn new() -> Rc<Transfer> {
        Rc::new(Transfer {
            at: Cell::new(now()),
            taken: Cell::new(0),
            content: Cell::new(None),
            stopped: Notify::new(),
        })
    }
}

impl Payload {
    /// The most bytes of an upload that are made, and sent, at once.
    pub(crate) const CHUNK: u64 = CHUNK;

    pub(crate) fn text(text: impl Into<String>) -> Payload {
        Payload::Text(Bytes::from(text.into()))
    }

    /// The content of `seed`, declared as `size` bytes; it goes quiet after `stop` of them and never ends if that is less.
    pub(crate) fn upload(seed: u64, size: u64, stop: u64) -> Payload {
        let upload = Upload {
            generator: Generator::new(seed, size),
            stop: stop.min(size),
            chunked: false,
            transfer: Transfer::new(),
        };
        if size == 0 {
            upload.finish(); // nobody polls an empty body
        }
        Payload::Upload(Box::new(upload))
    }

    /// The same in chunks, if it is an upload.
    pub(crate) fn in_chunks(mut self) -> Payload {
        if let Payload::Upload(upload) = &mut self {
            upload.chunked = true;
        }
        self
    }

    pub(super) fn is_chunked(&self) -> bool {
        matches!(self, Payload::Upload(upload) if upload.chunked)
    }

    /// How many bytes it is on the wire: each chunk has a head of its length in hexadecimal digits, and an empty one ends it.
    pub(super) fn length_on_wire(&self) -> u64 {
        let left = self.left();
        let chunk = |length: u64| match length {
            0 => 0,
            length => format!("{length:x}\r\n\r\n").len() as u64,
        };
        match self.is_chunked() {
            true => left + left / CHUNK * chunk(CHUNK) + chunk(left % CHUNK) + END.len() as u64,
            false => left,
        }
    }

    /// How far it has got; a text has got there at once.
    pub(super) fn transfer(&self) -> Rc<Transfer> {
        match self {
            Payload::Text(_) => Transfer::new(),
            Payload::Upload(upload) => upload.transfer.clone(),
        }
    }

    /// How many of the bytes that it declares are still to be taken.
    pub(crate) fn left(&self) -> u64 {
        match self {
            Payload::Text(text) => text.len() as u64,
            Payload::Upload(upload) => upload.generator.left(),
        }
    }
}

impl Upload {
    fn poll(&mut self) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.transfer.at.set(now());
        match self.generator.next(self.stop) {
            Some(chunk) => {
                self.transfer.taken.set(self.generator.made.size);
                if self.generator.left() == 0 {
                    self.finish();
                }
                Poll::Ready(Some(Ok(Frame::data(chunk))))
            }
            None if self.stop < self.generator.size => {
                // Nobody will wake this body: the client hears of it and closes the connection.
                self.transfer.stopped.notify_one();
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }

    fn finish(&self) {
        let content = self.generator.made.clone().content();
        self.transfer.content.set(Some(content));
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Payload::Text(text) => {
                let text = Some(std::mem::take(text)).filter(|text| !text.is_empty());
                Poll::Ready(text.map(|text| Ok(Frame::data(text))))
            }
            Payload::Upload(upload) => upload.poll(),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        match self.is_chunked() {
            true => SizeHint::default(),
            false => SizeHint::with_exact(self.left()),
        }
    }
}
