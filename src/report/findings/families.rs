//! What a sweep did not try, by family of scripts.

use super::words::clean;
use crate::report::number::thousands;
use crate::sweep::{FamilyTally, SweepResult};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The list of scripts that were not tried.
const NOT_TRIED: &str = "not-tried.txt";

/// Families of which not every script was tried.
fn unfinished(result: &SweepResult) -> impl Iterator<Item = &FamilyTally> {
    let unfinished = |tally: &&FamilyTally| !tally.not_tried.is_empty();
    result.families.iter().filter(unfinished)
}

/// `12 of 64 commands, 3 of 900 rivals`, if anything was not tried.
pub fn line(result: &SweepResult) -> Option<String> {
    let part = |tally: &FamilyTally| {
        let missed = thousands(tally.not_tried.len() as u64);
        let planned = thousands(u64::from(tally.planned));
        format!("{missed} of {planned} {}", tally.family)
    };
    let parts: Vec<String> = unfinished(result).map(part).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A section of the page that counts them.
pub fn section(result: &SweepResult) -> String {
    let mut text = String::new();
    if unfinished(result).next().is_none() {
        return text;
    }
    let _ = write!(
        text,
        "\n## Not tried\n\nThe time was too short for some scripts; `--for` gives more. `{NOT_TRIED}` lists them.\n\n\
         | family | planned | not tried |\n|---|--:|--:|\n"
    );
    for tally in &result.families {
        let missed = tally.not_tried.len();
        let _ = writeln!(text, "| {} | {} | {missed} |", tally.family, tally.planned);
    }
    text
}

/// The file of [`NOT_TRIED`], if there is any need of one: a script a line, below its family.
pub fn not_tried(result: &SweepResult) -> Option<(String, Vec<u8>)> {
    let family = |tally: &FamilyTally| {
        let scripts = tally
            .not_tried
            .iter()
            .map(|script| clean(&script.to_string()));
        format!(
            "# {}\n{}\n",
            tally.family,
            scripts.collect::<Vec<_>>().join("\n")
        )
    };
    let text: String = unfinished(result).map(family).collect();
    (!text.is_empty()).then(|| (NOT_TRIED.to_owned(), text.into_bytes()))
}

/// Each family, how much of it was planned, and what of it was not tried.
pub fn list(result: &SweepResult) -> Value {
    let one = |tally: &FamilyTally| {
        let missed = tally.not_tried.iter().map(ToString::to_string);
        json!({
            "family": tally.family.name(),
            "planned": tally.planned,
            "not_tried": missed.collect::<Vec<_>>(),
        })
    };
    result.families.iter().map(one).collect()
}
