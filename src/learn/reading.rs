//! Logs read side by side, as one sequence of requests in the order in which they were written down.

use super::input::{self, OpenError, Source, Text};
use super::key::Keys;
use super::line::{self, Line, Why};
use super::request::{Format, Request};
use std::collections::VecDeque;
use stormglass_model::units::{Span, Time};

/// What became of the lines.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Lines that say of a request, by [`Format::index`].
    pub requests: [u64; Format::COUNT],
    /// Lines of a format that say of none.
    pub beside: [u64; Format::COUNT],
    /// Lines that were not understood, by [`Why::index`].
    pub unread: [u64; Why::COUNT],
    /// The form of the first line of each of these: its letters and digits are alike.
    pub forms: [Option<String>; Why::COUNT],
    /// Requests whose date has no zone.
    pub zoneless: u64,
    /// Files that ended before their end, and why.
    pub cut: Vec<(String, String)>,
    /// How often the clock was set back, and how far at most.
    pub back: Jumps,
    /// The same of leaps ahead.
    pub ahead: Jumps,
    /// When the first request was written down, and the last, as the logs say.
    pub range: Option<(Time, Time)>,
}

/// How often a clock jumped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jumps {
    /// So often.
    pub count: u64,
    /// The farthest.
    pub farthest: Span,
}

impl Jumps {
    fn add(&mut self, by: Span) {
        self.count += 1;
        self.farthest = self.farthest.max(by);
    }
}

impl Tally {
    fn unread(&mut self, why: Why, text: &[u8]) {
        self.unread[why.index()] += 1;
        self.forms[why.index()].get_or_insert_with(|| line::form(text));
    }
}

/// A request, and what the clock on the wall showed when it began, should that have jumped.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// The request, on a clock that never jumps.
    pub request: Request,
    /// When it began, as the log says.
    pub wall: Time,
}

/// A distance between lines beyond which the clock was set, and the log not silent.
const SILENCE: Span = Span::from_secs(7 * 86_400);
/// A line may be dated so much earlier than the one before, since it may be dated to the beginning of what took long.
const LATE: Span = Span::from_secs(600);
/// So many lines in a row that are late show that the clock was set back.
const ALL_LATE: usize = 8;

/// One log, whose parts follow each other.
struct Log {
    parts: VecDeque<Source>,
    open: Option<(String, Text)>,
    buffer: Vec<u8>,
    /// The latest instant so far.
    latest: Time,
    /// How far the clock is behind by now.
    behind: Span,
    /// Requests that are late, until it is known why.
    late: Vec<Request>,
    /// Requests whose time is known.
    ready: VecDeque<Told>,
    /// Its next request.
    next: Option<Told>,
}

/// All logs together.
pub struct Reading {
    keys: Keys,
    logs: Vec<Log>,
    /// What became of the lines so far.
    pub tally: Tally,
    now: Time,
    /// How far the clock is ahead by now.
    ahead: Span,
}

impl Reading {
    /// Begins with the first request of each log.
    pub fn new(logs: Vec<Vec<Source>>, keys: Keys) -> Result<Reading, OpenError> {
        let logs = logs.into_iter().map(|parts| Log {
            parts: parts.into(),
            open: None,
            buffer: Vec::new(),
            latest: Time::ZERO,
            behind: Span::ZERO,
            late: Vec::new(),
            ready: VecDeque::new(),
            next: None,
        });
        let mut reading = Reading {
            keys,
            logs: logs.collect(),
            tally: Tally::default(),
            now: Time::ZERO,
            ahead: Span::ZERO,
        };
        for log in &mut reading.logs {
            log.advance(&reading.keys, &mut reading.tally)?;
        }
        Ok(reading)
    }

    /// The next request, in the order in which all were written down.
    pub fn next(&mut self) -> Result<Option<Told>, OpenError> {
        let due = |log: &&mut Log| log.next.map(|told| told.request.logged());
        let waiting = self.logs.iter_mut().filter(|log| log.next.is_some());
        let Some(log) = waiting.min_by_key(due) else {
            return Ok(None);
        };
        let Some(mut told) = log.next.take() else {
            return Ok(None);
        };
        log.advance(&self.keys, &mut self.tally)?;
        let logged = told.request.logged();
        let first = self.tally.range.map_or(logged, |(first, _)| first);
        self.tally.range = Some((
            first,
            logged.max(self.tally.range.map_or(logged, |(_, last)| last)),
        ));
        let leap = logged.since(self.now);
        if self.now > Time::ZERO && leap > SILENCE {
            self.tally.ahead.add(leap);
            self.ahead += leap;
        }
        self.now = self.now.max(logged);
        told.request.at = Time(told.request.at.0.saturating_sub(self.ahead.0));
        Ok(Some(told))
    }
}

impl Log {
    /// Reads on to the next request, through as many parts as it takes.
    fn advance(&mut self, keys: &Keys, tally: &mut Tally) -> Result<(), OpenError> {
        while self.ready.is_empty() {
            let Some((name, text)) = &mut self.open else {
                let Some(part) = self.parts.pop_front() else {
                    self.release();
                    break;
                };
                self.open = Some((part.name.clone(), part.open()?));
                continue;
            };
            let found = match input::next_line(text, &mut self.buffer) {
                Ok(Some(Ok(line))) => line::read(keys, line).map_err(|why| (why, line)),
                Ok(Some(Err(why))) => Err((why, &[][..])),
                Ok(None) => {
                    self.open = None;
                    continue;
                }
                Err(error) => {
                    tally.cut.push((name.clone(), error.to_string()));
                    self.open = None;
                    continue;
                }
            };
            match found {
                Ok(Line::Request(format, request)) => {
                    tally.requests[format.index()] += 1;
                    tally.zoneless += u64::from(request.is_zoneless);
                    self.date(request, tally);
                }
                Ok(Line::Beside(format)) => tally.beside[format.index()] += 1,
                Ok(Line::Blank) => {}
                Err((why, line)) => tally.unread(why, line),
            }
        }
        self.next = self.ready.pop_front();
        Ok(())
    }

    /// Finds out whether a request that is late began before those that were told already, or the clock was set back.
    fn date(&mut self, request: Request, tally: &mut Tally) {
        let lag = self.latest.since(request.logged() + self.behind);
        if lag <= LATE {
            self.release();
            self.tell(request);
            return;
        }
        self.late.push(request);
        if self.late.len() == ALL_LATE {
            let first = self.late[0].logged() + self.behind;
            let lag = self.latest.since(first);
            tally.back.add(lag);
            self.behind += lag;
            self.release();
        }
    }

    /// Tells requests that were late.
    fn release(&mut self) {
        for request in std::mem::take(&mut self.late) {
            self.tell(request);
        }
    }

    /// Tells a request on a clock that is never set back.
    fn tell(&mut self, mut request: Request) {
        let wall = request.at;
        request.at = request.at + self.behind;
        self.latest = self.latest.max(request.logged());
        self.ready.push_back(Told { request, wall });
    }
}
