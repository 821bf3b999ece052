//! The lines of `eventlet.wsgi.server`, by which glance-api logs requests when it serves by itself, behind the head of oslo.log:
//!
//! `DATE PID INFO eventlet.wsgi.server [req-R USER PROJECT …] ADDRESS - - [DATE] "METHOD TARGET HTTP/1.1" STATUS BYTES SECONDS`
//! `DATE PID INFO eventlet.wsgi.server [req-R USER PROJECT …] ADDRESS "METHOD TARGET HTTP/1.1" status: STATUS  len: BYTES time: SECONDS`
//!
//! The dates are those of the end; that of the head is finer.

use super::super::key::Keys;
use super::super::request::Request;
use super::fields::{Fields, Why, between, lasting};
use super::stamp;

const NAME: &str = "eventlet.wsgi.server";

/// Whether it looks like one.
pub fn is_one(line: &str) -> bool {
    let behind = || line.rsplit_once('"').map_or("", |(_, behind)| behind);
    line.contains("HTTP/1")
        && (line.contains(NAME) || behind().contains("status: ") || bare(behind()))
}

/// Whether a request is followed by a status, a length and seconds, and nothing else.
fn bare(behind: &str) -> bool {
    let mut words = behind.split_ascii_whitespace();
    let numbers =
        |word: Option<&str>| word.is_some_and(|it| it.bytes().all(|it| it.is_ascii_digit()));
    let whole = numbers(words.next()) && numbers(words.next());
    whole && words.next().is_some_and(|it| it.contains('.')) && words.next().is_none()
}

/// Whether a line has the head that oslo.log writes: `DATE PID LEVEL NAME`.
pub fn is_log(line: &str) -> bool {
    let Some((_, rest)) = head(line) else {
        return false;
    };
    let mut words = rest.split_ascii_whitespace();
    let is_pid = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let levels = [
        "TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "AUDIT", "NOTE",
    ];
    words.next().is_some_and(is_pid) && words.next().is_some_and(|level| levels.contains(&level))
}

/// The date with which oslo.log begins, wherever in the line its head is, and what follows.
pub fn head(line: &str) -> Option<(stamp::Stamp, &str)> {
    // A forwarder writes a few words before it.
    let starts = line.match_indices("20").map(|(at, _)| at).take(4);
    for at in starts.filter(|at| *at == 0 || line.as_bytes().get(at - 1) == Some(&b' ')) {
        let rest = line.get(at..)?;
        let end = rest.match_indices(' ').map(|(at, _)| at).nth(1);
        let (date, rest) = rest.split_at(end.unwrap_or(rest.len()));
        if let Some(stamp) = stamp::iso(date) {
            return Some((stamp, rest.trim_start()));
        }
    }
    None
}

/// Reads a line.
pub fn read(keys: &Keys, line: &str) -> Result<Request, Why> {
    let (before, rest) = line.split_once(" \"").ok_or(Why::Broken)?;
    let (request, rest) = rest.split_once('"').ok_or(Why::Broken)?;
    let (method, target) = super::path::of_request(request).ok_or(Why::Broken)?;
    let written = || between(before, "- - [", "]").and_then(|(date, _)| stamp::common(date));
    let stamp = head(line)
        .map(|(stamp, _)| stamp)
        .or_else(written)
        .ok_or(Why::Date)?;
    let mut numbers = rest
        .split_ascii_whitespace()
        .filter(|word| !word.ends_with(':'));
    let status = numbers
        .next()
        .and_then(|word| word.parse().ok())
        .ok_or(Why::Broken)?;
    let sent = numbers
        .next()
        .and_then(|word| word.parse().ok())
        .ok_or(Why::Broken)?;
    let took = numbers
        .next()
        .and_then(|word| lasting(word, 1e9))
        .ok_or(Why::Broken)?;
    let (context, address) = match before
        .split_once(NAME)
        .and_then(|(_, it)| between(it, "[", "] "))
    {
        Some((context, address)) => (context, address),
        None => ("", before),
    };
    let address = address.split(" - - [").next().unwrap_or_default();
    // `None` stands there where there is no global id.
    let mut identity = (context.split_ascii_whitespace())
        .skip_while(|word| !word.starts_with("req-"))
        .skip(1);
    let user = identity.next().unwrap_or_default();
    let project = identity.next().filter(|project| *project != "-");
    Ok(Fields {
        stamp,
        is_end: true,
        took: Some(took),
        method,
        target,
        status,
        received: None,
        sent: Some(sent),
        client: &format!("{address} {user}"),
        project,
    }
    .request(keys))
}
