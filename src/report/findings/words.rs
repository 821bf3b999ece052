//! Words that every report of findings shares.

use crate::finding::{Finding, SweepResult, Symptom};
use crate::history::{Books, Row};
use crate::lifecycle::{Invariant, Verdict};
use crate::report::number::thousands;

/// What a symptom means, in a sentence without a stop.
pub fn meaning(symptom: Symptom) -> &'static str {
    match symptom {
        Symptom::SubjectLost => "An acknowledged image is not there",
        Symptom::Hollow => "The registry says that there is data, and the store has none, or less",
        Symptom::Corrupt => "Data differs from what was acknowledged",
        Symptom::TwoUploads => "Two uploads into one image were acknowledged",
        Symptom::Exposed => "Data was read by one who may not have it",
        Symptom::Revived => "A deleted image is back",
        Symptom::Trespass => "Somebody did what he may not",
        Symptom::Orphan => "The store holds data of an image that has none",
        Symptom::StagedOrphan => "The staging area holds data that nothing will take in",
        Symptom::StuckSubject => "An image is in the middle of something that nobody does",
        Symptom::StuckTask => "A task never ends, while its image is at rest",
        Symptom::Undone => "An acknowledged change is undone, or was never done",
        Symptom::WrongStatus => "An image was seen in a status that it cannot have",
        Symptom::BadRow => "The registry's row contradicts itself",
        Symptom::Forbidden => "An operation was acknowledged in a status that forbids it",
        Symptom::Unreadable => "Data that is there could not be read",
        Symptom::ServerError => "The server failed with an error of its own",
        Symptom::NoAnswer => "No answer came, though nothing was broken",
    }
}

/// What an invariant demands.
pub fn demand(invariant: Invariant) -> &'static str {
    match invariant {
        Invariant::Edge => "every change of status is a legal edge",
        Invariant::Terminal => "nothing happens to a deleted image or a finished task",
        Invariant::LocationNeverSaving => "an image created with a location is never saving",
        Invariant::OneUpload => "two uploads never both succeed",
        Invariant::Acknowledged => "what was acknowledged is true afterwards",
        Invariant::Access => "data is read only in the statuses and by the roles that may",
        Invariant::ScrubTime => "a pending delete lasts at least the scrub time",
        Invariant::Conservation => "images and bytes are neither lost nor left behind",
        Invariant::Progress => "at the end nothing is stuck",
        Invariant::Answer => "no request ends with an error of the server's own",
    }
}

/// `11 of 60`
pub fn of(shown: u32, tries: u32) -> String {
    format!(
        "{} of {}",
        thousands(u64::from(shown)),
        thousands(u64::from(tries))
    )
}

/// How often a finding showed at the point where it shows best.
pub fn at_best(finding: &Finding) -> String {
    let (shown, tries) = finding
        .tallies
        .first()
        .map_or(finding.shortest, |tally| (tally.shown, tally.tries));
    of(shown, tries)
}

/// `1 finding`, `2 findings`
pub fn count(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        n => format!("{} {noun}s", thousands(n)),
    }
}

/// The verdict with its mark.
pub fn verdict(result: &SweepResult) -> &'static str {
    match result.verdict() {
        Verdict::Valid => "✓ valid",
        Verdict::Invalid => "✗ invalid",
        Verdict::Unknown => "? unknown",
    }
}

/// What was tried, in one line.
pub fn tried(result: &SweepResult) -> String {
    let (run, planned) = result.cells;
    let scripts = of(run, planned);
    let tries = count(result.tries, "try").replace("trys", "tries");
    let unknown = match result.unknown {
        0 => String::new(),
        n => format!(", {} of them without a verdict", thousands(n)),
    };
    format!("{scripts} scripts, {tries}{unknown}, in {}", result.wall)
}

/// How many findings there are, accepted ones apart.
pub fn found(result: &SweepResult) -> String {
    let fresh = result.fresh().count() as u64;
    let accepted = result.findings.len() as u64 - fresh;
    match (fresh, accepted) {
        (0, 0) => "nothing found".to_owned(),
        (fresh, 0) => count(fresh, "finding"),
        (0, accepted) => format!("nothing new, {}", count(accepted, "accepted finding")),
        (fresh, accepted) => format!("{}, {accepted} more accepted", count(fresh, "finding")),
    }
}

/// What the server's books said, a part an entry.
pub fn books(books: &Books) -> Vec<String> {
    let mut parts = vec![match books.row {
        None => "the registry was not read".to_owned(),
        Some(Row::Absent) => "the registry has no row".to_owned(),
        Some(row) => row_in_words(row),
    }];
    match books.data {
        None => parts.push("the store was not read".to_owned()),
        Some(held) => {
            parts.push(match held.bytes {
                None => "the store holds no file".to_owned(),
                Some(bytes) => format!("the store holds {}", count(bytes, "byte")),
            });
            if let Some(staged) = held.staged {
                parts.push(format!("the staging area holds {}", count(staged, "byte")));
            }
        }
    }
    match books.tasks_open {
        None => {}
        Some(0) => parts.push("no task is open".to_owned()),
        Some(1) => parts.push("1 task is open".to_owned()),
        Some(n) => parts.push(format!("{n} tasks are open")),
    }
    parts
}

fn row_in_words(row: Row) -> String {
    let Row::Present {
        status,
        deleted,
        content,
        locations,
        in_store,
    } = row
    else {
        return String::new();
    };
    let mut text = format!("the registry says {status}");
    if deleted {
        text.push_str(", marked as deleted");
    }
    if let Some(content) = content {
        text.push_str(&format!(", {}", count(content.size, "byte")));
    }
    match (locations, in_store) {
        (0, _) => text.push_str(", no location"),
        (n, true) => text.push_str(&format!(", {}", count(u64::from(n), "location"))),
        (n, false) => text.push_str(&format!(", {} elsewhere", count(u64::from(n), "location"))),
    }
    text
}

/// Foreign text as one printable line: no control characters, and none that turn the direction of writing or have no width.
pub fn clean(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}')
    };
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if hidden(c) => '\u{b7}',
            c => c,
        })
        .collect()
}

/// Cut to so many characters, the last of them `…`.
pub fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(columns.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

/// As text or an attribute of XML; what is no character of XML goes.
pub fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{b7}'),
            c => escaped.push(c),
        }
    }
    escaped
}
