//! A line of a log, in one of many formats, as a request. Which format it is, the line itself says; a file may mix them.

mod access;
mod eventlet;
mod fields;
mod haproxy;
mod notification;
mod path;
pub mod stamp;
mod uwsgi;

use super::key::Keys;
use super::request::Format;
pub use fields::{Line, Why};

/// Reads a line.
pub fn read(keys: &Keys, line: &[u8]) -> Result<Line, Why> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    if text.is_empty() {
        return Ok(Line::Blank);
    }
    if let Some(json) = notification::json(text) {
        return notification::read(keys, json);
    }
    let (format, request) = if let Some(at) = text
        .find("[pid: ")
        .filter(|_| text.contains("=> generated"))
    {
        (Format::Uwsgi, uwsgi::read(keys, &text[at..])?)
    } else if eventlet::is_one(text) {
        (Format::Eventlet, eventlet::read(keys, text)?)
    } else if haproxy::is_one(text) {
        (Format::Haproxy, haproxy::read(keys, text)?)
    } else if access::is_one(text) {
        (Format::Combined, access::read(keys, text)?)
    } else if eventlet::is_log(text) {
        return Ok(Line::Beside(Format::Log));
    } else {
        return Err(Why::Unknown);
    };
    Ok(Line::Request(format, request))
}

/// A line in which every letter and every digit is like any other: its form, and nothing of what it says.
pub fn form(line: &[u8]) -> String {
    const LONGEST: usize = 72;
    let mut form = String::new();
    for c in String::from_utf8_lossy(line).trim().chars().take(LONGEST) {
        form.push(match c {
            c if c.is_ascii_digit() => '9',
            c if c.is_ascii_punctuation() || c == ' ' => c,
            c if c.is_alphabetic() => 'x',
            _ => '·',
        });
    }
    if line.len() > LONGEST {
        form.push('…');
    }
    form
}

#[cfg(test)]
mod tests;
