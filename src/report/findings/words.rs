//! Words that every report of findings shares.

use crate::report::number::{compact, counted, interval, thousands};
use crate::sweep::{Cause, Interval, Mechanism, Month, SweepResult, Tally};
use stormglass_glance::shown::{is_hidden, printable};
use stormglass_model::checker::concurrent::Severity;
use stormglass_model::history::{PresentRow, ProbeReading, Row};
use stormglass_model::lifecycle::{Invariant, SubjectStatus};
use stormglass_model::operations::ApiCall;
use stormglass_model::units::{Bytes, Time};

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

/// What a finding is, in one sentence without its full stop.
pub fn title(cause: Cause) -> String {
    let call = cause.call;
    let article = match call {
        ApiCall::Upload | ApiCall::Import | ApiCall::Update => "an",
        _ => "a",
    };
    let who = match cause.failed {
        true => format!("a failed {call}"),
        false => format!("{article} {call}"),
    };
    let told = match (cause.mechanism, cause.failed) {
        (Mechanism::StaleWrite, _) => {
            format!("{who} overwrites what another request has changed in between")
        }
        (Mechanism::NoCleanUp, _) => format!("{who} leaves something behind"),
        (Mechanism::NoRecovery, _) => {
            format!("{who} that the server breaks off is never taken up again nor undone")
        }
        (Mechanism::ServerError, _) => {
            format!("{who} is answered with an error of the server's own")
        }
        (Mechanism::BadAnswer, _) => format!("{who} gets no answer that can be read"),
        (Mechanism::WrongAccess, _) => {
            format!("{who} does what may not be done, or shows what may not be seen")
        }
        (Mechanism::WrongRefusal, _) => format!("{who} is refused that must be granted"),
        (Mechanism::WrongEffect, true) => format!("{who} has an effect all the same"),
        (Mechanism::WrongEffect, false) => {
            format!("{who} is acknowledged, and what it says is not true")
        }
    };
    capital(&told)
}

/// With a capital letter in front.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// What kind of mistake of the server a mechanism is.
pub fn explained(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::StaleWrite => {
            "The server reads the image, and later writes all of it back without asking whether it is still as it was read; it also does so when it cleans up after a request that has failed."
        }
        Mechanism::NoCleanUp => {
            "The server ends the request, and does not take back or finish all that it has begun for it."
        }
        Mechanism::NoRecovery => {
            "After its fault the server answers again, and nothing looks for what was under way."
        }
        Mechanism::ServerError => {
            "An error that can be foreseen reaches the client as a 5xx: the server does not catch it."
        }
        Mechanism::BadAnswer => "The client cannot know what has become of its request.",
        Mechanism::WrongAccess => {
            "The server does not look at the role or the status at the instant that counts."
        }
        Mechanism::WrongRefusal => "Nothing was in the way of it.",
        Mechanism::WrongEffect => "Nothing else that was sent explains it.",
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

/// The same, with the interval in which the true share lies 19 times of 20: `11 of 60 (11–30 %)`.
pub fn with_interval(tally: &Tally) -> String {
    let (low, high) = interval(tally.shown, tally.tries);
    let percent = |share: f64| (share * 100.0).round();
    format!("{} ({}–{} %)", of_tries(tally), percent(low), percent(high))
}

/// What a finding comes to in a month, in one sentence without its full stop.
pub fn monthly(month: &Month, severity: Severity) -> String {
    let what = match severity {
        Severity::BytesLeaked => "leaks",
        Severity::Stuck => "stuck images",
        Severity::DataLost | Severity::DataExposed | Severity::WrongAnswer => "times",
    };
    let times = within(month.times, compact);
    let met = counted(month.met, "meeting");
    let bytes = month.bytes.map_or_else(String::new, |it| {
        let size = |bytes: f64| Bytes(bytes as u64).to_string();
        format!(", {} more each month", within(it, size))
    });
    let cost = month
        .cost
        .as_ref()
        .map_or_else(String::new, |(it, currency)| {
            format!(", for {} {currency} a month more", within(*it, compact))
        });
    format!("in a month {times} {what}{bytes}{cost}: {met} of such operations were seen")
}

/// A figure with its interval.
fn within(figure: Interval, shown: impl Fn(f64) -> String) -> String {
    format!(
        "{} ({} to {})",
        shown(figure.value),
        shown(figure.low),
        shown(figure.high)
    )
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

/// What a sweep came to, in one sentence that begins with its verdict.
pub fn sentence(result: &SweepResult) -> String {
    let interrupted = if result.interrupted {
        " until it was interrupted"
    } else {
        ""
    };
    let because = result.unjudged_because();
    let because = because.map_or_else(String::new, |because| format!("; {because}"));
    format!(
        "{}: {}{interrupted}; {}{because}",
        result.verdict(),
        found(result),
        tried(result)
    )
}

/// A probe reading: an entry each for the registry, the store, the staging area and tasks.
pub fn reading(reading: &ProbeReading) -> Vec<String> {
    let mut parts = vec![match reading.row {
        None => "database row: not read".to_owned(),
        Some(row) => registry(row),
    }];
    match reading.data {
        None => parts.push("store: not read".to_owned()),
        Some(held) => {
            let bytes = held.bytes.map(|bytes| counted(bytes, "byte"));
            parts.push(format!("store: {}", bytes.as_deref().unwrap_or("no data")));
            if held.lacking {
                parts.push("a store that the row names: less".to_owned());
            }
            if let Some(stray) = held.stray {
                parts.push(format!("another store: {}", counted(stray, "byte")));
            }
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
        Row::Absent => "database row: none".to_owned(),
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
                "database row: {status}{mark}{}, {places}",
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

/// Foreign text as one printable line, without the credentials of URLs.
pub fn clean(text: &str) -> String {
    printable(text).replace('\n', " ")
}

/// As text or an attribute of XML, which holds nothing that cannot be seen.
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
            c if is_hidden(c) => escaped.push('·'),
            c => escaped.push(c),
        }
    }
    escaped
}
