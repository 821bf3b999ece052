//! What a sweep found, as bytes: a page for people, drawings, and files for CI.
//!
//! Everything a server said is foreign text here. `words::clean` makes it printable, and each format escapes it once more in its own way.

mod curl;
pub(super) mod drawing;
mod families;
pub(super) mod happened;
mod json;
mod junit;
mod page;
mod rows;
mod sarif;
mod summary;
mod text;
mod timeline;
mod words;

pub use json::sweep_json;
pub(super) use sarif::fingerprint;
pub use summary::summary;
#[cfg(feature = "parquet")]
pub(super) use words::reading;
pub use words::sentence;
pub(super) use words::{capital, clean, instant, xml};

use crate::sweep::{Finding, SweepResult};
use junit::junit;
use page::page;
use rows::rows;
use sarif::sarif;
use std::borrow::Cow;
use std::io;
use stormglass_glance::shown::printable;
use stormglass_model::history::file::{Header, Writer};

/// The list of what its images have left in the store and in the staging area.
const LEFT_DATA: &str = "left-data.txt";

/// Every file of a sweep by its name, in the order of their worth: should the disk fill up, the first ones are kept.
pub fn files(result: &SweepResult) -> impl Iterator<Item = (String, io::Result<Vec<u8>>)> {
    let tables = [
        ("findings.md", Ok(page(result).into_bytes())),
        ("sweep.json", Ok(sweep_json(result))),
        ("findings.csv", rows(result)),
        ("findings.sarif", Ok(sarif(result))),
        ("findings.junit.xml", Ok(junit(result).into_bytes())),
    ];
    let tables = tables
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes));
    let drawings = numbered(result).map(|(number, finding)| {
        let svg = drawing::draw(number, finding.cause, finding.worst()).into_bytes();
        (file_name(number, "svg"), Ok(svg))
    });
    let histories = numbered(result)
        .map(|(number, finding)| (file_name(number, "jsonl"), history(result, finding)));
    let left: String = (result.left_data.iter())
        .map(|path| words::clean(path) + "\n")
        .collect();
    let left =
        (!result.left_data.is_empty()).then(|| (LEFT_DATA.to_owned(), Ok(left.into_bytes())));
    let not_tried = families::not_tried(result).map(|(name, text)| (name, Ok(text)));
    let files = tables.chain(left).chain(not_tried).chain(drawings);
    files
        .map(|(name, bytes)| (name, bytes.map(seen)))
        .chain(histories)
}

/// A file as people open it: whatever became of a text on its way here, nothing is in it that cannot be seen.
fn seen(bytes: Vec<u8>) -> Vec<u8> {
    match std::str::from_utf8(&bytes).map(printable) {
        Ok(Cow::Owned(text)) => text.into_bytes(),
        _ => bytes,
    }
}

/// What was seen of a finding's subject, for `stormglass check`.
fn history(result: &SweepResult, finding: &Finding) -> io::Result<Vec<u8>> {
    let header = Header {
        scenario: finding.worst().shortest().script.to_string(),
        seed: result.seed,
        profile: result.rules.profile,
        delayed_delete: result.rules.delayed_delete,
        one_identity: result.rules.one_identity,
    };
    let mut writer = Writer::new(Vec::new(), &header)?;
    writer.write(1, &finding.worst().example.history)?;
    writer.finish()
}

/// Findings with the numbers that every file calls them by.
fn numbered(result: &SweepResult) -> impl Iterator<Item = (usize, &Finding)> {
    (1..).zip(&result.findings)
}

/// `finding-03.svg`
fn file_name(number: usize, ending: &str) -> String {
    format!("finding-{number:02}.{ending}")
}
