//! The HTTP format of HAProxy, `option httplog`, behind whatever head the syslog writes:
//!
//! `… ADDRESS:PORT [DATE] FRONTEND BACKEND/SERVER TR/Tw/Tc/Tr/Ta STATUS BYTES - - ---- 1/1/1/0/0 0/0 {…} "METHOD TARGET HTTP/1.1"`
//!
//! The date is that of the request's first byte, in milliseconds of local time.

use super::super::key::Keys;
use super::super::request::Request;
use super::fields::{Fields, Why, between, lasting};
use super::stamp;

/// Whether it looks like one: behind the date three words, of which the third is five times.
pub fn is_one(line: &str) -> bool {
    between(line, " [", "] ").is_some_and(|(date, rest)| {
        let timers = rest.split_ascii_whitespace().nth(2).unwrap_or_default();
        let is_timer = |c: char| c.is_ascii_digit() || "/-+".contains(c);
        date.contains('.') && timers.matches('/').count() == 4 && timers.chars().all(is_timer)
    })
}

/// Reads a line.
pub fn read(keys: &Keys, line: &str) -> Result<Request, Why> {
    let (before, rest) = line.split_once(" [").ok_or(Why::Broken)?;
    let (date, rest) = rest.split_once("] ").ok_or(Why::Broken)?;
    let stamp = stamp::common(date).ok_or(Why::Date)?;
    let mut words = rest.split_ascii_whitespace().skip(2);
    let timers = words.next().ok_or(Why::Broken)?;
    let whole = timers.rsplit('/').next().unwrap_or_default();
    let took = lasting(whole.trim_start_matches('+'), 1e6);
    // -1 where no server answered.
    let status: i32 = words
        .next()
        .and_then(|word| word.parse().ok())
        .ok_or(Why::Broken)?;
    let sent = words
        .next()
        .and_then(|word| word.trim_start_matches('+').parse().ok());
    let request = between(rest, " \"", "\"").map_or("", |(request, _)| request);
    // A client that went before it had sent a request.
    let (method, target) = super::path::of_request(request).unwrap_or(("", ""));
    let address = before.rsplit(' ').next().unwrap_or_default();
    let address = address
        .rsplit_once(':')
        .map_or(address, |(address, _)| address);
    Ok(Fields {
        stamp,
        is_end: false,
        took,
        method,
        target,
        status: u16::try_from(status).unwrap_or(0),
        received: None,
        sent,
        client: address,
        project: None,
    }
    .request(keys))
}
