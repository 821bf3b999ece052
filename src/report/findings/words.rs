//! Words that every report of findings shares.

use crate::report::number::{counted, thousands};
use crate::sweep::{Finding, SweepResult, Tally};
use stormglass_model::checker::concurrent::Symptom;
use stormglass_model::history::{PresentRow, ProbeReading, Row};
use stormglass_model::lifecycle::{Invariant, SubjectStatus};
use stormglass_model::units::Time;

/// What a symptom means; goes into a sentence.
pub fn meaning(symptom: Symptom) -> &'static str {
    match symptom {
        Symptom::SubjectLost => "an acknowledged image is not there",
        Symptom::Hollow => "the registry says that there is data, and the store has none, or less",
        Symptom::Corrupt => "data differs from what was acknowledged",
        Symptom::TwoUploads => "two uploads into one image were acknowledged",
        Symptom::Exposed => "data was read by one who may not have it",
        Symptom::Revived => "a deleted image is back",
        Symptom::Trespass => "somebody did what he may not",
        Symptom::Orphan => "the store holds data of an image that has none",
        Symptom::StagedOrphan => "the staging area holds data that nothing will take in",
        Symptom::StuckSubject => "an image is in the middle of something that nobody does",
        Symptom::StuckTask => "a task never ends, while its image is at rest",
        Symptom::Undone => "an acknowledged change is undone, or was never done",
        Symptom::LostUpdate => "an acknowledged update of a property is undone",
        Symptom::WrongStatus => "an image was seen in a status that it cannot have",
        Symptom::BadRow => "the registry's row contradicts itself",
        Symptom::Forbidden => "an operation was acknowledged in a status that forbids it",
        Symptom::Unreadable => "data that is there could not be read",
        Symptom::Refused => "an operation was refused in a status that grants it",
        Symptom::ServerError => "the server failed with an error of its own",
        Symptom::NoAnswer => "no answer came, though nothing was broken",
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
fn of(shown: u32, tries: u32) -> String {
    format!(
        "{} of {}",
        thousands(u64::from(shown)),
        thousands(u64::from(tries))
    )
}

/// How often a script showed a finding.
pub fn of_tries(tally: &Tally) -> String {
    of(tally.shown, tally.tries)
}

/// How often a finding showed at the point where it shows best.
pub fn at_best(finding: &Finding) -> String {
    of_tries(finding.tallies.first().unwrap_or(&finding.shortest))
}

/// What was tried, in one line.
pub fn tried(result: &SweepResult) -> String {
    let (run, planned) = result.cases;
    let scripts = of(run, planned);
    let tries = match result.tries {
        1 => "1 try".to_owned(),
        n => format!("{} tries", thousands(n)),
    };
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
        (fresh, 0) => counted(fresh, "finding"),
        (0, accepted) => format!("nothing new, {}", counted(accepted, "accepted finding")),
        (fresh, accepted) => format!("{}, {accepted} more accepted", counted(fresh, "finding")),
    }
}

/// A probe reading: an entry each for the registry, the store, the staging area and tasks.
pub fn reading(reading: &ProbeReading) -> Vec<String> {
    let mut parts = vec![match reading.row {
        None => "registry: not read".to_owned(),
        Some(row) => registry(row),
    }];
    match reading.data {
        None => parts.push("store: not read".to_owned()),
        Some(held) => {
            let bytes = held.bytes.map(|bytes| counted(bytes, "byte"));
            parts.push(format!("store: {}", bytes.as_deref().unwrap_or("no data")));
            if let Some(staged) = held.staged {
                parts.push(format!("staging area: {}", counted(staged, "byte")));
            }
        }
    }
    match reading.tasks_open {
        None => {}
        Some(0) => parts.push("open tasks: none".to_owned()),
        Some(n) => parts.push(format!("open tasks: {n}")),
    }
    parts
}

fn registry(row: Row) -> String {
    match row {
        Row::Absent => "registry: no row".to_owned(),
        Row::Present(PresentRow {
            status,
            deleted,
            content,
            locations,
            in_store,
        }) => {
            let mark = match (status == SubjectStatus::Deleted, deleted) {
                (false, true) => ", marked deleted",
                (true, false) => ", not marked deleted",
                (false, false) | (true, true) => "",
            };
            let size = content.map(|content| format!(", {}", counted(content.size, "byte")));
            let places = match (locations, in_store) {
                (0, _) => "no location".to_owned(),
                (n, true) => counted(u64::from(n), "location"),
                (n, false) => format!("{} elsewhere", counted(u64::from(n), "location")),
            };
            format!(
                "registry: {status}{mark}{}, {places}",
                size.unwrap_or_default()
            )
        }
    }
}

/// An instant of a history; its beginning needs no unit.
pub fn instant(at: Time) -> String {
    match at {
        Time::ZERO => "0".to_owned(),
        at => at.to_string(),
    }
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
