//! What was read and what was learned, for whoever asked.

use super::learned::Learned;
use super::line::Why;
use super::line::stamp::written as date;
use super::lives::WINDOW;
use super::reading::{Jumps, Tally};
use super::request::Format;
use super::text::{Draft, lives, of};
use crate::report::number::{counted, rate, thousands};
use std::fmt::Write as _;

/// All of it, of a draft if there is one.
pub fn text(learned: &Learned, draft: Option<&Draft>) -> String {
    let mut text = read(learned);
    text += &seen(learned);
    if let Some(draft) = draft {
        text += &drafted(learned, draft);
    }
    text
}

fn read(learned: &Learned) -> String {
    let tally = &learned.tally;
    let mut text = String::from("read\n");
    for format in Format::ALL {
        let (requests, beside) = (tally.requests[format.index()], tally.beside[format.index()]);
        let rest = match (requests, beside) {
            (_, 0) | (0, _) => String::new(),
            _ => format!(", {} of which say nothing of an image", thousands(beside)),
        };
        let (one, several) = lines_of(*format);
        row(&mut text, requests + beside, one, several, &rest);
    }
    let (one, several) = ("subject of a history", "subjects of histories");
    row(&mut text, learned.subjects, one, several, "");
    for why in Why::ALL {
        let count = tally.unread[why.index()];
        if count > 0 {
            row(
                &mut text,
                count,
                "line",
                "lines",
                &format!(" not read: {why}"),
            );
            if let Some(form) = tally.forms[why.index()]
                .as_ref()
                .filter(|form| !form.is_empty())
            {
                let _ = writeln!(text, "               the first has the form {form}");
            }
        }
    }
    for (name, error) in &tally.cut {
        let _ = writeln!(
            text,
            "  {name} ended early ({error}): what came before is read"
        );
    }
    text + &dates(tally)
}

/// What is to be known of dates.
fn dates(tally: &Tally) -> String {
    let mut text = String::new();
    if let Some((first, last)) = tally.range {
        let _ = writeln!(text, "  from {} to {} UTC", date(first), date(last));
    }
    if tally.zoneless > 0 {
        let _ = writeln!(
            text,
            "  {} have no time zone: they are taken as UTC",
            counted(tally.zoneless, "date")
        );
    }
    for (Jumps { count, farthest }, how) in
        [(tally.back, "was set back"), (tally.ahead, "leapt ahead")]
    {
        if count > 0 {
            let _ = writeln!(
                text,
                "  the clock {how} {}, by {farthest} at most: what follows is read as if it had not, and hours of the day are not told",
                counted(count, "time")
            );
        }
    }
    text
}

/// What one line of a format is, and several.
const fn lines_of(format: Format) -> (&'static str, &'static str) {
    match format {
        Format::Uwsgi => ("line of uWSGI", "lines of uWSGI"),
        Format::Eventlet => (
            "line of glance-api (eventlet)",
            "lines of glance-api (eventlet)",
        ),
        Format::Combined => ("line of nginx or Apache", "lines of nginx or Apache"),
        Format::Haproxy => ("line of HAProxy", "lines of HAProxy"),
        Format::Notification => ("notification", "notifications"),
        Format::Log => (
            "other line of a service's log",
            "other lines of a service's log",
        ),
    }
}

/// Lines of so many of something: one, or several.
fn row(text: &mut String, count: u64, one: &str, several: &str, what: &str) {
    if count > 0 {
        let noun = if count == 1 { one } else { several };
        let _ = writeln!(text, "  {:>12} {noun}{what}", thousands(count));
    }
}

fn seen(learned: &Learned) -> String {
    let counts = &learned.lives.counts;
    let stories = &learned.lives.stories;
    let older: u64 = counts.older.values().sum();
    let window = format!(" whose image is not known: no first request on a new id within {WINDOW}");
    let mut text = String::new();
    for (count, one, several, what) in [
        (stories.lives, "image", "images", " from the create on"),
        (
            counts.older_images,
            "image",
            "images",
            " older than the logs, in no story",
        ),
        (older, "operation", "operations", " on these"),
        (counts.lists, "list", "lists", ", which are in no story"),
        (counts.other, "other request", "other requests", ""),
        (
            counts.missed,
            "request",
            "requests",
            " that were refused, of images that nothing else tells of",
        ),
        (
            counts.failed_creates,
            "create",
            "creates",
            " that did not succeed",
        ),
        (counts.orphans, "create", "creates", &window),
        (
            counts.paired_among,
            "create",
            "creates",
            " paired with an image by time: access logs do not say the id, notifications do",
        ),
        (
            counts.beyond,
            "operation",
            "operations",
            " beyond the 4,096th of an image",
        ),
        (
            stories.overlaps,
            "operation",
            "operations",
            " that began before the one before had ended: they follow each other here",
        ),
        (
            stories.strange,
            "operation",
            "operations",
            " for another project than the image's: the owner does them here",
        ),
        (
            stories.crowded,
            "image",
            "images",
            " of sequences beyond the 20,000th",
        ),
    ] {
        row(&mut text, count, one, several, what);
    }
    match text.is_empty() {
        true => text,
        false => format!("seen\n{text}"),
    }
}

fn drafted(learned: &Learned, draft: &Draft) -> String {
    let all = learned.lives.stories.lives;
    let (told, stories) = draft.told;
    let plural = if stories == 1 { "story" } else { "stories" };
    let mut text = format!(
        "learned\n  {stories} {plural} of {} images\n",
        of(told, all)
    );
    let rare = format!(" left out as rare, of {}", lives(draft.rare.1));
    row(
        &mut text,
        draft.rare.0 as u64,
        "other sequence",
        "other sequences",
        &rare,
    );
    let ended = learned.lives.stories.ended;
    if ended.cut > 0 {
        let _ = writeln!(
            text,
            "  {} had not ended when the logs did",
            lives(ended.cut)
        );
    }
    if ended.none_ended {
        text += "  no image was deleted while it was seen: needed are longer logs\n";
    } else if ended.kept > 0 {
        let _ = writeln!(
            text,
            "  {} stay: they were silent for longer than any that was deleted",
            lives(ended.kept)
        );
    }
    if let Some(per_second) = draft.rate.per_second {
        let cycle = draft
            .rate
            .cycle
            .as_ref()
            .map_or("", |cycle| match cycle.hours.len() {
                24 => ", by the hour of the day",
                _ => ", by the hour of the week",
            });
        let bursts = draft
            .rate
            .dispersion
            .filter(|it| it.low > 1.0)
            .map_or("", |_| ", in bursts");
        let _ = writeln!(text, "  {} images{cycle}{bursts}", rate(per_second));
    }
    for ((operation, step), count) in &draft.stand_in {
        let _ = writeln!(
            text,
            "  {step} stands for {operation}, which the embedded service does not do ({})",
            lives(*count)
        );
    }
    for (operation, count) in &draft.left_out {
        let _ = writeln!(
            text,
            "  {operation} is left out: the embedded service does not do it there ({})",
            lives(*count)
        );
    }
    if draft.no_sizes {
        text += "  no source says sizes: needed are notifications, request_length in an nginx log, downloads, or --database\n";
    }
    text
}
