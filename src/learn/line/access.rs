//! The combined format of nginx and Apache, and the common one before it:
//!
//! `ADDRESS IDENT USER [DATE] "METHOD TARGET HTTP/1.1" STATUS BYTES "REFERER" "AGENT" …`
//!
//! What follows the agent is the operator's own. Understood are `rt=0.123`, `request_time=0.123` and a bare `0.123` as seconds
//! (nginx, whose date is then that of the end), a bare `123456` as microseconds (Apache's `%D`), and `rl=` or `request_length=` as the
//! bytes that came in.

use super::super::key::Keys;
use super::super::request::Request;
use super::fields::{Fields, Why, between, lasting};
use super::stamp;
use stormglass_model::units::Span;

/// Whether it looks like one: a date in brackets, and then a request in quotes.
pub fn is_one(line: &str) -> bool {
    let date = between(line, "[", "] \"").or_else(|| between(line, "[", "]  \""));
    date.is_some_and(|(date, _)| date.len() >= 11 && date.matches('/').count() == 2)
}

/// Reads a line.
pub fn read(keys: &Keys, line: &str) -> Result<Request, Why> {
    let (client, rest) = line.split_once('[').ok_or(Why::Broken)?;
    let (date, rest) = rest.split_once(']').ok_or(Why::Broken)?;
    let stamp = stamp::common(date).ok_or(Why::Date)?;
    let (request, rest) = between(rest, "\"", "\"").ok_or(Why::Broken)?;
    let mut words = rest.split_ascii_whitespace();
    let status = words
        .next()
        .and_then(|word| word.parse().ok())
        .ok_or(Why::Broken)?;
    let sent = words
        .next()
        .map(|word| word.parse().ok())
        .ok_or(Why::Broken)?;
    // A client that sent no request at all, and was told so.
    let (method, target) = super::path::of_request(request).unwrap_or(("", ""));
    let quoted: Vec<&str> = rest.split('"').collect();
    // Before, between and behind two quoted texts.
    let own = match quoted.len() {
        5.. => quoted[4..].join("\""),
        _ => String::new(),
    };
    let agent = quoted.get(3).copied().unwrap_or_default();
    let Own {
        took,
        is_end,
        received,
    } = Own::of(&own);
    Ok(Fields {
        stamp,
        is_end,
        took,
        method,
        target,
        status,
        received,
        sent,
        client: &format!("{client}{agent}"),
        project: None,
    }
    .request(keys))
}

/// What stands behind the agent.
#[derive(Default)]
struct Own {
    took: Option<Span>,
    is_end: bool,
    received: Option<u64>,
}

impl Own {
    fn of(text: &str) -> Own {
        let mut own = Own::default();
        for word in text.split_ascii_whitespace() {
            let word = word.trim_matches(|c| matches!(c, '"' | ',' | ';' | '|'));
            match word.split_once('=') {
                Some(("rt" | "request_time", seconds)) => own.seconds(seconds),
                Some(("rl" | "request_length", bytes)) => own.received = bytes.parse().ok(),
                Some(_) => {}
                None if own.took.is_some() => {}
                None if word.contains('.') => own.seconds(word),
                // Shorter numbers are something else, such as a count of connections.
                None if word.len() >= 3 => own.took = lasting(word, 1e3),
                None => {}
            }
        }
        own
    }

    fn seconds(&mut self, number: &str) {
        if let Some(took) = lasting(number, 1e9) {
            (self.took, self.is_end) = (Some(took), true);
        }
    }
}
