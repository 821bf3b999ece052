//! `findings.md`: the page that a person reads.

use super::words::{
    capital, clean, demand, explained, found, monthly, of_tries, title, tried, with_interval,
};
use super::{curl, families, file_name, numbered};
use crate::report::number::{counted, thousands};
use crate::report::terminal::marked;
use crate::sweep::{Finding, SweepResult, Tally, Variant, shows_locations};
use std::fmt::Write as _;
use stormglass_model::script::{Script, Step};

/// The page, in GitHub's Markdown.
pub fn page(result: &SweepResult) -> String {
    let mut text = format!("# Sweep of {}\n\n", prose(&result.target));
    let _ = writeln!(
        text,
        "**{}**: {}. Tried: {}; seed {}.",
        marked(result.verdict()),
        found(result),
        tried(result),
        result.seed
    );
    if let Some(line) = families::line(result) {
        let _ = writeln!(text, "\n[Not tried](#not-tried): {line}.");
    }
    if result.interrupted {
        text.push_str("\nThe sweep was interrupted; what follows is what was found until then.\n");
    }
    if let Some(because) = result.unjudged_because() {
        let _ = writeln!(text, "\nNot judged in full: {}.", prose(&because));
    }
    if !result.notes.is_empty() {
        text.push('\n');
    }
    for note in &result.notes {
        let _ = writeln!(text, "- {}", prose(note));
    }
    if !result.findings.is_empty() {
        overview(&mut text, result);
    }
    for (number, finding) in numbered(result) {
        one(&mut text, result, number, finding);
    }
    text.push_str(&families::section(result));
    left(&mut text, result);
    text
}

/// What the sweep leaves on the server.
fn left(text: &mut String, result: &SweepResult) {
    if result.left.is_empty() && result.left_data.is_empty() {
        return;
    }
    text.push_str("\n## Left behind\n\n");
    if !result.left.is_empty() {
        let left: Vec<String> = result.left.iter().map(|image| clean(image)).collect();
        text.push_str("These images may still be there:\n\n");
        text.push_str(&fenced("text", &left.join("\n")));
    }
    if let Some(first) = result.left_data.first() {
        let _ = writeln!(
            text,
            "{} of deleted images are still in the store or the staging area, since the server did not remove them.\n\
             `left-data.txt` lists them, and once nobody needs them they can be removed. The first is {}.",
            capital(&counted(result.left_data.len() as u64, "file")),
            prose(first),
        );
    }
}

fn overview(text: &mut String, result: &SweepResult) {
    text.push_str(
        "\n| no. | severity | what is wrong | shown | accepted |\n|--:|---|---|--:|---|\n",
    );
    for (number, finding) in numbered(result) {
        let _ = writeln!(
            text,
            "| [{number}](#finding-{number}) | {} | {}: {} | {} | {} |",
            finding.severity(),
            title(finding.cause),
            prose(&finding.worst().sentence),
            with_interval(finding.worst().shortest()),
            if finding.accepted { "yes" } else { "" },
        );
    }
    text.push_str(
        "\nEach finding has one cause, and lists the ways in which it showed. *Shown* says how often the shortest\n\
         script showed the worst of them, and between which shares the true one lies 19 times of 20.\n",
    );
}

fn one(text: &mut String, result: &SweepResult, number: usize, finding: &Finding) {
    let worst = finding.worst();
    let _ = writeln!(
        text,
        "\n<a id=\"finding-{number}\"></a>\n\n## {number}. {}\n",
        title(finding.cause)
    );
    let _ = writeln!(
        text,
        "{}{}\n",
        explained(finding.cause.mechanism),
        needs(finding)
    );
    text.push_str("| severity | what shows | shown | shortest script |\n|---|---|--:|---|\n");
    for variant in &finding.variants {
        let shortest = variant.shortest();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            variant.severity,
            prose(&variant.sentence),
            with_interval(shortest),
            code(&shortest.script.to_string()),
        );
    }
    if let Some(month) = &finding.month {
        let sentence = monthly(month, finding.severity());
        let _ = writeln!(text, "\n{}.", capital(&sentence));
    }
    let demand = demand(worst.invariant);
    let _ = writeln!(
        text,
        "\nIt must hold that {demand} (`{}`). To see the first again:\n",
        worst.invariant
    );
    text.push_str(&fenced("sh", &clean(&worst.repeat)));
    happened(text, number, worst);
    by_hand(text, result, worst);
    elsewhere(text, finding);
    accepting(text, finding);
}

/// What the server must be set to for the finding to show at all.
fn needs(finding: &Finding) -> &'static str {
    let mut shortest = finding
        .variants
        .iter()
        .map(|variant| &variant.shortest().script);
    match (
        shortest.clone().all(shows_locations),
        shortest.any(shows_locations),
    ) {
        (true, _) => {
            " It shows only where the server has `show_multiple_locations = true`, which is not the default."
        }
        (false, true) => {
            " What uses locations shows only where the server has `show_multiple_locations = true`, which is not the default."
        }
        (false, false) => "",
    }
}

/// A part that is shown when a reader asks for it.
fn folded(text: &mut String, summary: &str, content: &str) {
    let _ = writeln!(
        text,
        "\n<details><summary>{summary}</summary>\n\n{content}\n</details>"
    );
}

fn happened(text: &mut String, number: usize, variant: &Variant) {
    let timeline = super::text::draw(variant);
    if timeline.is_empty() {
        return;
    }
    let drawing = file_name(number, "svg");
    let block = fenced("text", timeline.trim_end_matches('\n'));
    let content = format!("![the same as a drawing]({drawing})\n\n{block}");
    folded(text, "What happened", &content);
}

fn by_hand(text: &mut String, result: &SweepResult, variant: &Variant) {
    let commands = curl::commands(&result.target, &result.looks, variant);
    if commands.is_empty() {
        return;
    }
    let mut content =
        "What was sent and answered, for bash; made-up data is zeros here.".to_owned();
    if let Some(name) = command_between(&variant.shortest().script) {
        let _ = write!(
            content,
            " Between the requests the scenario's command `{name}` was run."
        );
    }
    content.push_str("\n\n");
    content.push_str(&fenced("sh", commands.trim_end_matches('\n')));
    folded(text, "By hand, with curl", &content);
}

/// The most scripts of a finding that are listed; all are in `findings.csv`.
const LISTED: usize = 6;

/// The other scripts that showed it.
fn elsewhere(text: &mut String, finding: &Finding) {
    let others: Vec<(&Variant, &Tally)> = (finding.variants.iter())
        .flat_map(|variant| {
            variant.tallies[1..]
                .iter()
                .map(move |tally| (variant, tally))
        })
        .collect();
    if others.is_empty() {
        return;
    }
    let mut table = "| symptom | shown | script |\n|---|--:|---|\n".to_owned();
    for (variant, tally) in others.iter().take(LISTED) {
        let script = code(&tally.script.to_string());
        let _ = writeln!(
            table,
            "| {} | {} | {script} |",
            variant.symptom,
            of_tries(tally)
        );
    }
    if others.len() > LISTED {
        let more = thousands((others.len() - LISTED) as u64);
        let _ = writeln!(table, "\n… and {more} more, in `findings.csv`.");
    }
    let summary = format!(
        "Other scripts that showed it: {}",
        thousands(others.len() as u64)
    );
    folded(text, &summary, &table);
}

/// A command that stands alone in the script: no request shows where.
fn command_between(script: &Script) -> Option<&str> {
    script.steps().iter().find_map(|step| match step {
        Step::Run(name) => Some(name.as_str()),
        Step::Act(_) | Step::Race { .. } | Step::Rivals { .. } => None,
    })
}

fn accepting(text: &mut String, finding: &Finding) {
    let _ = writeln!(
        text,
        "\n{} `{}`",
        match finding.accepted {
            true => "It is accepted, by this line in the file of accepted findings:",
            false => "To accept it, add this line to the file of accepted findings:",
        },
        finding.cause
    );
}

/// Foreign text in a paragraph or a cell: it shows as it is, whatever it means in HTML or Markdown.
fn prose(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (index, c) in clean(text).chars().enumerate() {
        let marks_up = "\\`*_[]|#~".contains(c) || index == 0 && "-+=".contains(c);
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if marks_up => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A span of code in a cell of a table. Scripts hold neither backticks nor bars.
fn code(text: &str) -> String {
    format!("`{}`", text.replace(['`', '|'], "·"))
}

/// A block of code, with a fence that is longer than any in it.
fn fenced(language: &str, content: &str) -> String {
    let longest = content.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{content}\n{fence}\n")
}
