//! A saved history: JSON Lines. A header, then one event a line, then a trailer.
//!
//! ```text
//! {"schema":1,"scenario":"smoke","seed":42,"target":"embedded","profile":"v2","delayed_delete":false}
//! {"subject":3,"t_ns":0,"event":"invoked","op":7,"operation":"create","who":"member"}
//! {"subject":3,"t_ns":2000000,"event":"answered","op":7,"outcome":"ok"}
//! {"subject":3,"t_ns":2000000,"event":"invoked","op":8,"operation":"upload","who":"member","size":65536,"checksum":"0123456789abcdef"}
//! {"subject":3,"t_ns":9000000,"event":"answered","op":8,"outcome":"fail","http":500}
//! {"end":{"lines":5,"sha256":"980d65b620b4f42ce3031cff80ab32d1a330eb3fbec2bd9ecd1691046a8cdc2e"}}
//! ```
//!
//! The trailer counts the lines before it and has the SHA-256 of their bytes, line feeds included, as `head -n -1 FILE | sha256sum`
//! prints it. A file without a trailer was cut short, or comes from a version that wrote none: what is read of it is true, but more
//! may have followed.
//!
//! A subject's events stand together, in order of time; subjects in order of their runs and numbers. So no more
//! than one subject need be in memory, however long the file.
//!
//! | field | of | what |
//! |---|---|---|
//! | `run` | all | the replication, from one, which is left out |
//! | `subject` | all | its number in the run |
//! | `t_ns` | all | nanoseconds since the run began |
//! | `event` | all | `invoked`, `answered`, `property`, `broken` or `healed` (something of the server), `probed` |
//! | `op` | invoked, answered, property | which operation; unique within the subject |
//! | `operation`, `who` | invoked | what it asks for, and on whose behalf |
//! | `size`, `checksum` | invoked | what it would bring in; both or neither. The checksum is of sixteen hexadecimal digits |
//! | `spoiled` | invoked | whether its client does something wrong in the middle of it |
//! | `outcome` | answered | `ok`, `refused`, `fail`, `unknown` or `local` |
//! | `status` | answered | what the answer showed: a status, or `gone` |
//! | `size`, `checksum` | answered | what a read received, or a look says is held |
//! | `http` | answered | the status code of the reply; 0 where something came that is no reply of HTTP |
//! | `value` | property | what an update writes, or a look showed; sixteen hexadecimal digits, left out where it is not set |
//! | `row` | probed | of the registry: `"absent"`, or `{"present":{"status":…,"deleted":…,"size":…,"checksum":…,"locations":…,"in_store":…}}` |
//! | `data` | probed | of the store: `{"bytes":…,"staged":…,"stray":…}`, each left out where there is no file, and `"lacking":true` where one of several stores lacks it |
//! | `tasks_open` | probed | import tasks that have not ended |
//!
//! What is not known is left out. A header says `"one_identity":true` where one identity acted as the member and as the admin.

mod line;
mod trailer;
mod word;

use super::{ClientEvent, Observation, OpId, SubjectHistory};
use crate::lifecycle::Profile;
use crate::units::Time;
use line::{Line, Parsed};
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::cmp::Ordering;
use std::io::{self, BufRead, Read as _, Write};
use trailer::Lines;

/// The version of the format.
pub const SCHEMA: u32 = 1;

/// Bytes of a line, at most; no event comes near it.
const LONGEST: u64 = 1 << 20;

/// Events of one subject, at most: they are in memory together.
const MOST: usize = 1_000_000;

/// What a history says of itself in its first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name of the scenario.
    pub scenario: String,
    /// The seed of the first run.
    pub seed: u64,
    /// The rules of the server; those of a real one are `glance`.
    pub profile: Profile,
    /// Whether a delete keeps the data until the scrubber comes; none where that is not known, on a real server.
    pub delayed_delete: Option<bool>,
    /// Whether one identity acted as the member and as the admin, so that its roles are not known.
    pub one_identity: bool,
}

/// Writes a history, line by line.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    lines: Lines,
}

impl<W: Write> Writer<W> {
    /// Writes the header. Errors are those of `out`.
    pub fn new(out: W, header: &Header) -> io::Result<Writer<W>> {
        let lines = Lines::default();
        let mut writer = Writer { out, lines };
        writer.line(&line::HeaderLine::of(header))?;
        Ok(writer)
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.lines.add(&text);
        self.out.write_all(&text)
    }

    /// Writes the events of a subject of `run`, from one. Runs, and subjects within them, come in ascending order.
    pub fn write(&mut self, run: u32, history: &SubjectHistory) -> io::Result<()> {
        for event in &history.events {
            self.line(&Line::of(run, history.subject, event))?;
        }
        Ok(())
    }

    /// Writes the trailer, flushes, and gives back what it wrote to. What is never finished was cut short.
    pub fn finish(mut self) -> io::Result<W> {
        self.line(&self.lines.trailer())?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads a history, one subject at a time: the run, from one, and what was seen of the subject in it. After an error it ends.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    header: Header,
    /// The line that was read last.
    buffer: Vec<u8>,
    /// Its number.
    line: u64,
    /// Those before it.
    before: Lines,
    /// The first event of the next subject.
    next: Option<Entry>,
    ended: bool,
    whole: bool,
}

/// Why a history could not be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ReadError {
    /// The line, from one.
    pub line: u64,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The system says so.
    #[error("{0}")]
    Io(io::Error),
    /// There is no line at all.
    #[error("the file is empty; `stormglass run SCENARIO --history` writes a history")]
    Empty,
    /// The first line is something else.
    #[error("this is no header of a history ({0}); `stormglass run SCENARIO --history` writes one")]
    NoHeader(String),
    /// Another version wrote it.
    #[error(
        "its schema is {0}, and this version reads {SCHEMA}: check it with the version that wrote it"
    )]
    Schema(u64),
    /// A header where an event should be.
    #[error("a second header; check each history on its own")]
    SecondHeader,
    /// It ends before its last brace.
    #[error(
        "it ends in the middle: the file was cut short, so write it anew, or take this line away"
    )]
    CutShort,
    /// The trailer counts the first, and the second are there.
    #[error(
        "its trailer counts {0} lines, and before it are {1}: the file was altered, and is no proof; without this line what is left can be judged"
    )]
    OtherCount(u64, u64),
    /// The trailer speaks of other lines.
    #[error(
        "its trailer has another SHA-256 than the lines before it: the file was altered, and is no proof; without this line what is left can be judged"
    )]
    OtherHash,
    /// There is more.
    #[error("it stands after the trailer, which is the last line")]
    AfterTrailer,
    /// It is too long to be an event.
    #[error("it is longer than {LONGEST} bytes, which no event is; is this a history?")]
    TooLong,
    /// It is no JSON, or not of the right shape.
    #[error("column {0}: {1}")]
    Json(usize, String),
    /// Something that the event must say is not there.
    #[error("an event `{0}` must say `{1}`")]
    Missing(&'static str, &'static str),
    /// It says something that such an event does not.
    #[error("an event `{0}` does not say {1}")]
    Surplus(&'static str, String),
    /// Subjects are mixed up.
    #[error(
        "subject {0} of run {1} comes too late: keep a subject's events together, and sort subjects by run and number"
    )]
    Unsorted(u64, u32),
    /// Events are mixed up.
    #[error("it is earlier than the line before: sort a subject's events by `t_ns`")]
    Backwards,
    /// An answer to nothing.
    #[error(
        "operation {0} of this subject is answered before it is invoked; add the line that invokes it, or take this one away"
    )]
    NotInvoked(u64),
    /// One operation is two.
    #[error(
        "operation {0} of this subject is invoked for the second time; give each a number of its own"
    )]
    InvokedTwice(u64),
    /// One answer too many.
    #[error("operation {0} of this subject is answered for the second time; take one answer away")]
    AnsweredTwice(u64),
    /// More than memory should hold.
    #[error("subject {0} has more than {MOST} events, which is more than can be judged together")]
    TooMany(u64),
}

/// One event and whose it is.
#[derive(Clone, Copy, Debug)]
struct Entry {
    run: u32,
    subject: u64,
    event: ClientEvent,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    pub fn new(input: R) -> Result<Reader<R>, ReadError> {
        let header = Header {
            scenario: String::new(),
            seed: 0,
            profile: Profile::V2,
            delayed_delete: None,
            one_identity: false,
        };
        let mut reader = Reader {
            input,
            header,
            buffer: Vec::new(),
            line: 0,
            before: Lines::default(),
            next: None,
            ended: false,
            whole: false,
        };
        let found = match reader.read_line() {
            Ok(true) => line::header(&reader.buffer),
            Ok(false) => Err(Problem::Empty),
            Err(problem) => Err(problem),
        };
        reader.header = found.map_err(|problem| reader.at_line(problem))?;
        Ok(reader)
    }

    /// What the history says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Whether the trailer was read, so that nothing is missing. That is known once there is no next subject.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    fn at_line(&self, problem: Problem) -> ReadError {
        ReadError {
            line: self.line.max(1),
            problem,
        }
    }

    /// Reads the next line that is not blank into the buffer, if there is one.
    fn read_line(&mut self) -> Result<bool, Problem> {
        loop {
            self.before.add(&self.buffer);
            self.buffer.clear();
            let mut input = self.input.by_ref().take(LONGEST + 1);
            let read = input.read_until(b'\n', &mut self.buffer);
            if read.map_err(Problem::Io)? == 0 {
                return Ok(false);
            }
            self.line += 1;
            if self.buffer.len() as u64 > LONGEST {
                return Err(Problem::TooLong);
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn read_entry(&mut self) -> Result<Option<Entry>, Problem> {
        while self.read_line()? {
            match (line::parse(&self.buffer)?, self.whole) {
                (Parsed::Event(entry), false) => return Ok(Some(entry)),
                (Parsed::Trailer(trailer), false) => trailer.confirms(&self.before)?,
                (Parsed::Event(_) | Parsed::Trailer(_), true) => return Err(Problem::AfterTrailer),
            }
            self.whole = true;
        }
        Ok(None)
    }

    /// All events of the next subject.
    fn subject(&mut self) -> Result<Option<(u32, SubjectHistory)>, Problem> {
        let mut found: Option<(u32, SubjectHistory)> = None;
        let mut open = Open::default();
        loop {
            let next = match self.next.take() {
                None => self.read_entry()?,
                next => next,
            };
            let Some(entry) = next else {
                return Ok(found);
            };
            let (run, history) = found.get_or_insert_with(|| {
                let subject = entry.subject;
                (
                    entry.run,
                    SubjectHistory {
                        subject,
                        events: Vec::new(),
                    },
                )
            });
            match (entry.run, entry.subject).cmp(&(*run, history.subject)) {
                Ordering::Less => return Err(Problem::Unsorted(entry.subject, entry.run)),
                Ordering::Greater => {
                    self.next = Some(entry);
                    return Ok(found);
                }
                Ordering::Equal if history.events.len() == MOST => {
                    return Err(Problem::TooMany(entry.subject));
                }
                Ordering::Equal => {
                    open.take(&entry.event)?;
                    history.events.push(entry.event);
                }
            }
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<(u32, SubjectHistory), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.subject().map_err(|problem| self.at_line(problem));
        self.ended = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

/// The operations of one subject so far, each with whether it was answered.
#[derive(Default)]
struct Open {
    at: Time,
    answered: FxHashMap<OpId, bool>,
}

impl Open {
    fn take(&mut self, event: &ClientEvent) -> Result<(), Problem> {
        if event.at < self.at {
            return Err(Problem::Backwards);
        }
        self.at = event.at;
        match event.observation {
            Observation::Invoked { op, .. } => match self.answered.insert(op, false) {
                None => Ok(()),
                Some(_) => Err(Problem::InvokedTwice(op.0)),
            },
            Observation::Answered { op, .. } => match self.answered.insert(op, true) {
                Some(false) => Ok(()),
                Some(true) => Err(Problem::AnsweredTwice(op.0)),
                None => Err(Problem::NotInvoked(op.0)),
            },
            Observation::Property { op, .. } => match self.answered.contains_key(&op) {
                true => Ok(()),
                false => Err(Problem::NotInvoked(op.0)),
            },
            Observation::Broken(_) | Observation::Probed(_) => Ok(()),
        }
    }
}
