//! What was learned, as a scenario: every figure with a comment that says where it comes from.

mod load;
mod service;
mod story;
mod written;

pub use load::Replay;
pub use story::lives;
pub use written::Beside;

use super::arrivals::Rate;
use super::levels;
use super::lives::Lives;
use super::rivals::RIVALS;
use super::stories::Ended;
use super::table::Table;
use crate::report::number::{counted, percent, thousands};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use stormglass_model::lifecycle::Operation;

/// What is wanted of a scenario.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Sequences of a smaller share are left out.
    pub rare: f64,
    /// Whether arrivals are listed, each at its own time.
    pub replay: Option<Replay>,
}

/// A scenario, and what it says in short.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The scenario.
    pub text: String,
    /// The files that stand beside it.
    pub files: Vec<Beside>,
    /// Lives that its stories stand for, and how many stories they are.
    pub told: (u64, usize),
    /// Sequences that are too rare, and lives of them.
    pub rare: (usize, u64),
    /// When stories arrive.
    pub rate: Rate,
    /// Steps that are left out, each with how many lives have it.
    pub left_out: BTreeMap<Operation, u64>,
    /// Steps that stand for others.
    pub stand_in: BTreeMap<(Operation, Operation), u64>,
    /// Whether sizes are missing.
    pub no_sizes: bool,
}

/// The scenario of these lives. Fails where nothing is known of which it could be made, with what would be needed.
pub fn draft(
    lives: &Lives,
    table: Option<&Table>,
    sources: &str,
    has_jumped: bool,
    wanted: &Wanted,
) -> Result<Draft, String> {
    let rate = lives.arrivals.rate(has_jumped);
    let mut files = Vec::new();
    files.extend(lives.rivals.csv().map(|text| Beside {
        name: RIVALS.to_owned(),
        text,
    }));
    let of_levels = levels::files(&lives.durations, &lives.arrivals);
    files.extend(of_levels.into_iter().flatten().map(|(name, text)| Beside {
        name: name.to_owned(),
        text,
    }));
    let service = service::table(&mut files, &lives.durations);
    let load = load::table(&mut files, &lives.arrivals, &rate, wanted.replay)?;
    let failures = failures(lives);
    let told = lives
        .stories
        .told(&lives.arrivals, lives.counts.end, wanted.rare);
    let rare = told.rare;
    let Ended {
        cut, none_ended, ..
    } = lives.stories.ended;
    let usable: Vec<_> = told
        .stories
        .iter()
        .filter(|story| story::begins(story.steps))
        .collect();
    if usable.is_empty() {
        return Err(nothing(rare));
    }
    let lives_told = usable.iter().map(|story| story.lives).sum();
    let mut stories = story::Stories {
        files,
        ..story::Stories::default()
    };
    let mut tables = String::new();
    let sizes = sizes(lives, table);
    for (at, story) in usable.iter().enumerate() {
        let _ = write!(tables, "\n{}", stories.table(at + 1, story, &sizes));
    }
    let text = format!(
        "# Learned from {sources}.\n# scenarios/README.md explains every key; docs/learn.md says how figures were found.\nschema = 1\n\
         name = \"{}\"\n\n{service}\n{load}{failures}{}{}{tables}",
        wanted.name,
        table.map_or_else(String::new, |table| format!("\n{}", table.forecast())),
        left_out(rare, cut, none_ended)
    );
    let story::Stories {
        files,
        left_out,
        stand_in,
        no_sizes,
    } = stories;
    Ok(Draft {
        text,
        files,
        told: (lives_told, usable.len()),
        rare,
        rate,
        left_out,
        stand_in,
        no_sizes,
    })
}

/// The sizes of all stories together; where no log tells any, those of the image table.
fn sizes<'a>(lives: &'a Lives, table: Option<&'a Table>) -> story::Sizes<'a> {
    let told = &lives.stories.sizes;
    match table {
        Some(table) if told.count() == 0 => story::Sizes {
            values: &table.sizes,
            count: table.sizes.len() as u64,
            whose: ", of the image table: the logs tell none",
        },
        _ => story::Sizes {
            values: told.values(),
            count: told.count(),
            whose: ", of other stories: of this one no source says any",
        },
    }
}

fn nothing((sequences, lives): (usize, u64)) -> String {
    match sequences {
        0 => "no image was seen from its create on, so there is no story: needed are the lines of creates and of what follows them, or \
              notifications"
            .to_owned(),
        _ => format!("all {sequences} sequences of steps are rare ({lives} lives in all): choose a smaller --rare"),
    }
}

/// What failed, which a scenario can have as a fault.
fn failures(lives: &Lives) -> String {
    let failures = &lives.stories.failures;
    let all: u64 = failures.values().map(|it| it.server).sum();
    let mut text = String::new();
    for (operation, it) in failures {
        let _ = writeln!(
            text,
            "# {}: {} failed, {} by an error of the server; {} tried again. They are no steps.",
            operation,
            thousands(it.count),
            thousands(it.server),
            thousands(it.again)
        );
    }
    let done: u64 = lives
        .durations
        .kinds()
        .map(|operation| lives.durations.count(operation))
        .sum();
    if all > 0 && done > 0 {
        let share = all as f64 / (all + done) as f64;
        let _ = write!(
            text,
            "# To have as many errors of the server ({} of {}):\n# [[fault]]\n# name = \"errors\"\n# at = \"api\"\n\
             # kind = {{ error = {{ probability = {} }} }}\n",
            thousands(all),
            counted(all + done, "request"),
            written::number(share)
        );
    }
    match text.is_empty() {
        true => text,
        false => format!("\n{text}"),
    }
}

fn left_out((sequences, lives): (usize, u64), cut: u64, none_ended: bool) -> String {
    let mut text = String::new();
    if sequences > 0 {
        let _ = writeln!(
            text,
            "# Left out as too rare: {}, of {}. The stories below stand for them as well.",
            counted(sequences as u64, "sequence"),
            story::lives(lives)
        );
    }
    if cut > 0 {
        let _ = writeln!(
            text,
            "# {} had not ended when the logs did: weights make up for that, waits as long as the logs do not.",
            story::lives(cut)
        );
    }
    if none_ended {
        text += "# No image was deleted while it was seen: the stories end where the logs do. Longer logs tell how long images live.\n";
    }
    text
}

/// How many of how many, with the share.
pub fn of(part: u64, all: u64) -> String {
    format!(
        "{} of {} ({})",
        thousands(part),
        thousands(all),
        percent(part as f64 / all.max(1) as f64)
    )
}
