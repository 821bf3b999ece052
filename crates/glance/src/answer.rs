//! What is asked of the server and what came of it, as plain values.

use crate::shown::{is_hidden, without_credentials};
use std::fmt;
use stormglass_model::history::{Content, Seen};
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use stormglass_model::units::{Bytes, Span, Time};

/// The identifier of an image: a UUID chosen by the client, so that an image whose create was never answered can be deleted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageId(pub [u8; 16]);

impl ImageId {
    /// The image of `subject` in `run`. Glance never lets an identifier be used twice, not even after a delete, so `run` must
    /// be new with every run (see [`RunId::fresh`]); one seed for two runs would make every create of the second a 409.
    pub fn new(run: RunId, subject: u64) -> ImageId {
        // Murmur3's finalizer spreads both, so that the identifiers of two runs share nothing to be mixed up by.
        let high = mix(run.0 ^ mix(subject));
        let low = mix(high ^ subject);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        bytes[6] = bytes[6] & 0x0f | 0x40; // a version 4 UUID of the common variant: Glance checks the form
        bytes[8] = bytes[8] & 0x3f | 0x80;
        ImageId(bytes)
    }

    /// Reads the 36 characters of a UUID.
    pub fn parse(text: &str) -> Option<ImageId> {
        let hyphens = [8, 13, 18, 23];
        let well_formed = text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| match byte {
                b'-' => hyphens.contains(&at),
                _ => byte.is_ascii_hexdigit() && !hyphens.contains(&at),
            });
        if !well_formed {
            return None;
        }
        let value = u128::from_str_radix(&text.replace('-', ""), 16).ok()?;
        Some(ImageId(value.to_be_bytes()))
    }
}

fn mix(mut value: u64) -> u64 {
    value = (value ^ value >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    value = (value ^ value >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    value ^ value >> 33
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", u128::from_be_bytes(self.0));
        let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &hex[part]);
        write!(f, "{a}-{b}-{c}-{d}-{e}")
    }
}

impl fmt::Debug for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which run an image belongs to; sixteen hexadecimal digits in its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

impl RunId {
    /// One that no run has had before: the time in nanoseconds, spread by the process and `seed`.
    #[allow(
        clippy::disallowed_methods,
        reason = "it must differ between two runs of one seed"
    )]
    pub fn fresh(seed: u64) -> RunId {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let nanos = since.map_or(0, |time| time.as_nanos() as u64);
        RunId(mix(nanos ^ mix(seed ^ u64::from(std::process::id()) << 32)))
    }

    /// Reads the sixteen digits of one.
    pub fn parse(text: &str) -> Option<RunId> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u64::from_str_radix(text, 16)
            .ok()
            .filter(|_| digits)
            .map(RunId)
    }

    /// The tag on every image of the run, `stormglass-` and the run.
    pub fn tag(self) -> String {
        format!("stormglass-{self}")
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// One operation on one subject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request {
    /// What to do.
    pub operation: Operation,
    /// On whose behalf.
    pub who: Who,
    /// On which image.
    pub id: ImageId,
    /// An upload sends so many bytes. A download reads at most one byte more, which is enough to know that it got too much:
    /// give the largest size that was ever sent to the subject.
    pub size: Bytes,
    /// An upload's bytes are made from this; the same seed and size give the same bytes. An update of the property writes it.
    pub content_seed: u64,
    /// How much of the data an aborted upload sends, from 0 to 1; the last byte is never sent.
    pub fraction: f64,
}

/// How an operation went.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// How it ended, as a client sees it.
    pub outcome: Outcome,
    /// What the answer showed of the subject, if anything.
    pub observed: Option<Seen>,
    /// The status code of the last reply; none when there was none, [`Ending::NO_HTTP`](stormglass_model::history::Ending::NO_HTTP)
    /// where it was no HTTP.
    pub http_status: Option<u16>,
    /// Upload: what was sent, once all of it was, whatever the outcome. Download: what was received.
    /// Show: what the server says it holds. None when it is not known. Its checksum is the first eight bytes of the MD5,
    /// big-endian; MD5 since that is what Glance reports.
    pub content: Option<Content>,
    /// What the record that was shown holds in the property that updates set; none where it is not set.
    pub property: Option<u64>,
    /// How long it waited for one of this client's connections; not the server's doing.
    pub waited: Span,
    /// How long opening a connection took; zero on one that was kept.
    pub connect: Span,
    /// Whether this side gave it up in the middle, since something failed on this machine or the user wants to stop: then no
    /// answer is owed.
    pub broken_off: bool,
    /// One short line on what went wrong, safe to print; empty when nothing did.
    pub note: String,
    /// What went over the wire, in order; kept only if the client was told to keep it.
    pub exchanges: Vec<Exchange>,
}

impl Answer {
    /// An answer of which only the outcome is known.
    pub fn new(outcome: Outcome) -> Answer {
        Answer {
            outcome,
            observed: None,
            http_status: None,
            content: None,
            property: None,
            waited: Span::ZERO,
            connect: Span::ZERO,
            broken_off: false,
            note: String::new(),
            exchanges: Vec::new(),
        }
    }

    pub(crate) fn with_note(self, note: impl Into<String>) -> Answer {
        Answer {
            note: note.into(),
            ..self
        }
    }
}

/// One HTTP request of a history, and its reply. Holds no credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// When it was sent, from the beginning of the history.
    pub sent: Time,
    /// When its reply had come, or hope was given up; none when it was never known.
    pub ended: Option<Time>,
    /// On whose behalf.
    pub who: Who,
    /// `PUT`, say.
    pub method: String,
    /// From `/v2` on.
    pub path: String,
    /// Headers but those that say who asks, as they were sent.
    pub headers: Vec<(String, String)>,
    /// The body, where it is text.
    pub text: String,
    /// How many bytes of made-up data were declared as the body; none where it is text.
    pub data: Option<u64>,
    /// How many of them were sent.
    pub data_sent: u64,
    /// The status code of the reply; none when there was none.
    pub status: Option<u16>,
    /// The reply's text without the middle where it is long, or why there was none; one line, safe to print.
    pub reply: String,
}

/// One printable line of at most 160 characters from text that a server chose; HTML tags are dropped.
pub(crate) fn line(text: &str) -> String {
    printable(text).chars().take(160).collect()
}

/// The same with the end of what is too long: a record ends with what tells most.
pub(crate) fn both_ends(text: &str) -> String {
    let text = printable(text);
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= 480 {
        return text;
    }
    let part = |characters: &[char]| characters.iter().collect::<String>();
    let end = &characters[characters.len() - 155..];
    format!("{} … {}", part(&characters[..320]), part(end))
}

/// Of a longer text, its beginning and its end are read: blank padding cannot take long.
const READ: usize = 4096;

fn printable(text: &str) -> String {
    let mut kept = String::new();
    let mut inside_tag = false;
    let cut = text.len().saturating_sub(READ).max(READ);
    for (at, character) in text.char_indices() {
        if at >= READ && at < cut {
            continue;
        }
        match character {
            '<' => inside_tag = true,
            '>' if inside_tag => {
                inside_tag = false;
                kept.push(' ');
            }
            _ if inside_tag => {}
            c if is_hidden(c) || c.is_whitespace() => kept.push(' '),
            c => kept.push(c),
        }
    }
    let words: Vec<&str> = kept.split_whitespace().collect();
    without_credentials(&words.join(" "))
}
