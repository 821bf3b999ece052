//! uWSGI's own line of a request, as it writes it unless a `logformat` says otherwise:
//!
//! `[pid: P|app: A|req: N/M] ADDRESS (USER) {V vars in B bytes} [DATE] METHOD URI => generated B bytes in T msecs (HTTP/1.1 STATUS) …`
//!
//! The date is that of the request's beginning, in whole seconds of local time. The body that came in is not told.

use super::super::key::Keys;
use super::super::request::Request;
use super::fields::{Fields, Why, between, lasting};
use super::stamp;

/// Reads a line from its `[pid: ` on.
pub fn read(keys: &Keys, line: &str) -> Result<Request, Why> {
    let (_, rest) = between(line, "[pid: ", "] ").ok_or(Why::Broken)?;
    let (client, rest) = rest.split_once(" {").ok_or(Why::Broken)?;
    let (_, rest) = rest.split_once("} ").ok_or(Why::Broken)?;
    let (date, rest) = between(rest, "[", "] ").ok_or(Why::Broken)?;
    let (request, rest) = rest.split_once(" => generated ").ok_or(Why::Broken)?;
    let (method, target) = super::path::of_request(request).ok_or(Why::Broken)?;
    let stamp = stamp::ctime(date).ok_or(Why::Date)?;
    let mut words = rest.split_ascii_whitespace();
    let sent = words
        .next()
        .and_then(|word| word.parse().ok())
        .ok_or(Why::Broken)?;
    let mut words = words.skip_while(|word| *word != "in").skip(1);
    let (number, unit) = words.next().zip(words.next()).ok_or(Why::Broken)?;
    let unit_ns = match unit {
        "msecs" => 1e6,
        "micros" => 1e3,
        "secs" => 1e9,
        _ => return Err(Why::Broken),
    };
    let took = lasting(number, unit_ns).ok_or(Why::Broken)?;
    let (answer, _) = between(rest, "(HTTP/", ")").ok_or(Why::Broken)?;
    let status = answer
        .split_ascii_whitespace()
        .nth(1)
        .and_then(|word| word.parse().ok());
    Ok(Fields {
        stamp,
        is_end: false,
        took: Some(took),
        method,
        target,
        status: status.ok_or(Why::Broken)?,
        received: None,
        sent: Some(sent),
        client,
        project: None,
    }
    .request(keys))
}
