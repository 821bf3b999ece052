//! What lines of all formats have in common.

use super::super::key::Keys;
use super::super::request::{Answer, Asked, Format, Request};
use super::path;
use super::stamp::Stamp;
use stormglass_model::lifecycle::Operation;
use stormglass_model::named;
use stormglass_model::units::{Bytes, Span, Time};

/// A line that was understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Line {
    /// It says of a request.
    Request(Format, Request),
    /// It is of this format, and says of none.
    Beside(Format),
    /// Nothing is in it.
    Blank,
}

named! {
    /// Why a line was not understood.
    Why {
        /// None of the formats.
        Unknown = "of no format that is read",
        /// It is recognised, and ends before its last field, or a field is no number.
        Broken = "cut short, or with a field that cannot be read",
        /// It has no date, or one that is none.
        Date = "without a date that can be read",
        /// It is too long.
        Long = "longer than a line of a log",
    }
}

/// The fields that access logs have in common.
pub struct Fields<'a> {
    /// The date.
    pub stamp: Stamp,
    /// Whether the date is that of the end.
    pub is_end: bool,
    /// How long it took.
    pub took: Option<Span>,
    /// How it asks.
    pub method: &'a str,
    /// What it asks for.
    pub target: &'a str,
    /// The status code; zero where there was no answer.
    pub status: u16,
    /// Bytes that came in.
    pub received: Option<u64>,
    /// Bytes that went out.
    pub sent: Option<u64>,
    /// What tells its client from others.
    pub client: &'a str,
    /// The project that it is for.
    pub project: Option<&'a str>,
}

impl Fields<'_> {
    /// The request that they are of.
    pub fn request(self, keys: &Keys) -> Request {
        let asked = path::asked(keys, self.method, self.target);
        let operation = match asked {
            Asked::Image(_, operation) => Some(operation),
            _ => None,
        };
        let answer = Answer::of(self.status, operation);
        let bytes = match operation {
            Some(Operation::Download) => self.sent,
            Some(Operation::Upload | Operation::Stage) => self.received,
            _ => None,
        };
        let before = self.took.filter(|_| self.is_end).unwrap_or(Span::ZERO);
        Request {
            at: Time(self.stamp.at.0.saturating_sub(before.0)),
            resolution: self.stamp.resolution,
            took: self.took,
            asked,
            answer,
            is_server_error: answer == Answer::Failed && !(400..500).contains(&self.status),
            bytes: bytes.filter(|_| answer == Answer::Done).map(Bytes),
            client: keys.of(self.client),
            project: self.project.map(|project| keys.of(project)),
            is_notification: false,
            is_zoneless: self.stamp.is_zoneless,
        }
    }
}

/// The text between the first `open` and the `close` after it, and what follows.
pub fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<(&'a str, &'a str)> {
    let start = text.find(open)? + open.len();
    let rest = text.get(start..)?;
    let end = rest.find(close)?;
    Some((&rest[..end], &rest[end + close.len()..]))
}

/// A length of time that a log writes as a number of these.
pub fn lasting(number: &str, unit_ns: f64) -> Option<Span> {
    let value: f64 = number.parse().ok()?;
    let ns = value * unit_ns;
    (value.is_finite() && (0.0..1e18).contains(&ns)).then(|| Span(ns.round() as u64))
}
