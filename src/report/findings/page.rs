//! `findings.md`: the page that a person reads.

use super::words::{at_best, clean, demand, found, meaning, of_tries, tried};
use super::{curl, families, file_name, numbered};
use crate::report::terminal::marked;
use crate::sweep::{Finding, SweepResult};
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
        one(&mut text, &result.target, number, finding);
    }
    text.push_str(&families::section(result));
    if !result.left.is_empty() {
        let left: Vec<String> = result.left.iter().map(|image| clean(image)).collect();
        text.push_str("\n## Left behind\n\nThese images may still be there; nothing else that the sweep made is.\n\n");
        text.push_str(&fenced("text", &left.join("\n")));
    }
    text
}

fn overview(text: &mut String, result: &SweepResult) {
    text.push_str(
        "\n| no. | severity | symptom | operations | at best | accepted |\n|--:|---|---|---|--:|---|\n",
    );
    for (number, finding) in numbered(result) {
        let key = &finding.key;
        let _ = writeln!(
            text,
            "| [{number}](#finding-{number}) | {} | {} | {} | {} | {} |",
            key.severity,
            key.symptom,
            prose(&key.operations),
            at_best(finding),
            if finding.accepted { "yes" } else { "" },
        );
    }
}

fn one(text: &mut String, target: &str, number: usize, finding: &Finding) {
    let key = &finding.key;
    let _ = writeln!(
        text,
        "\n<a id=\"finding-{number}\"></a>\n\n## {number}. {}: {}\n",
        key.symptom,
        prose(&key.operations)
    );
    let _ = writeln!(text, "{}\n", prose(&finding.sentence));
    let _ = writeln!(
        text,
        "**{}**: {}. It must hold that {} (`{}`).\n",
        key.severity,
        meaning(key.symptom),
        demand(key.invariant),
        key.invariant
    );
    text.push_str("| point | shown | script |\n|---|--:|---|\n");
    for tally in &finding.tallies {
        let point = tally.point().map(|point| point.to_string());
        let point = point.as_deref().unwrap_or("–");
        let shown = of_tries(tally);
        let script = code(&tally.script.to_string());
        let _ = writeln!(text, "| {point} | {shown} | {script} |");
    }
    let _ = writeln!(
        text,
        "\n### See it again\n\nThe shortest script that shows it, in {} tries:\n",
        of_tries(&finding.shortest)
    );
    text.push_str(&fenced("text", &finding.shortest.script.to_string()));
    text.push('\n');
    text.push_str(&fenced("sh", &clean(&finding.repeat)));
    happened(text, number, finding);
    by_hand(text, target, finding);
    accepting(text, finding);
}

fn happened(text: &mut String, number: usize, finding: &Finding) {
    let timeline = super::text::draw(finding);
    if timeline.is_empty() {
        return;
    }
    let drawing = file_name(number, "svg");
    let _ = writeln!(
        text,
        "\n### What happened\n\n![the same as a drawing]({drawing})\n"
    );
    text.push_str(&fenced("text", timeline.trim_end_matches('\n')));
}

fn by_hand(text: &mut String, target: &str, finding: &Finding) {
    let commands = curl::commands(target, finding);
    if commands.is_empty() {
        return;
    }
    text.push_str("\n### By hand\n\nWhat was sent and answered; made-up data is zeros here.");
    if let Some(name) = command_between(&finding.shortest.script) {
        let _ = write!(
            text,
            " Between the requests the scenario's command `{name}` was run."
        );
    }
    text.push_str("\n\n");
    text.push_str(&fenced("sh", commands.trim_end_matches('\n')));
}

/// A command that stands alone in the script: no request shows where.
fn command_between(script: &Script) -> Option<&str> {
    script.steps().iter().find_map(|step| match step {
        Step::Run(name) => Some(name.as_str()),
        Step::Act(_) | Step::Race { .. } | Step::Rivals { .. } => None,
    })
}

fn accepting(text: &mut String, finding: &Finding) {
    text.push_str(if finding.accepted {
        "\nIt is accepted by this line in the file of accepted findings:\n\n"
    } else {
        "\nIf it is known, and shall not fail a sweep, add this line to the file of accepted findings:\n\n"
    });
    text.push_str(&fenced("text", &clean(&finding.key.name())));
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
