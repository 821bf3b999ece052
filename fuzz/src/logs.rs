//! Lines of logs. The library's door does not show how they are read, so that is compiled in here.
#![allow(dead_code, reason = "more is read than a fuzzer asks for")]

#[path = "../../src/learn/key.rs"]
mod key;
#[path = "../../src/learn/line/mod.rs"]
mod line;
#[path = "../../src/learn/request.rs"]
mod request;

/// A log, a line each. A line is read, or told why not; and its form holds no letter of it but `x`, and no digit but 9.
pub fn logs(data: &[u8]) {
    let keys = key::Keys::default();
    for text in data.split(|byte| *byte == b'\n') {
        if let Ok(line::Line::Request(_, request)) = line::read(&keys, text) {
            assert!(request.end() >= request.at && request.logged() >= request.at);
        }
        let is_plain = |c: char| !c.is_alphanumeric() || matches!(c, 'x' | '9');
        assert!(line::form(text).chars().all(is_plain));
    }
}
