//! The page of a sweep: the verdict, what was tried and what that is worth, and each finding with its timeline.

use super::contents::{Files, PageError, SWEEP};
use super::layout::{self, Head, table};
use crate::report::findings::drawing::{self, WIDTH};
use crate::report::findings::happened::{Happened, OperationRow, Row, time};
use crate::report::findings::{capital, instant};
use crate::report::number::{counted, percent, thousands};
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;
use std::path::Path;
use stormglass_model::units::Span;

/// What the page needs of `sweep.json`; what an earlier version did not write is empty.
#[derive(Debug, Deserialize)]
pub struct Sweep {
    version: String,
    target: String,
    seed: u64,
    verdict: String,
    #[serde(default)]
    sentence: Option<String>,
    interrupted: bool,
    scripts_run: u64,
    scripts_planned: u64,
    #[serde(default)]
    families: Vec<Family>,
    tries: u64,
    tries_unknown: u64,
    wall_s: f64,
    notes: Vec<String>,
    images_left: Vec<String>,
    #[serde(default)]
    data_left: Vec<String>,
    findings: Vec<Finding>,
}

/// A family of scripts.
#[derive(Debug, Deserialize)]
struct Family {
    family: String,
    planned: u64,
    not_tried: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    number: u64,
    name: String,
    title: String,
    #[serde(default)]
    explanation: String,
    #[serde(default)]
    demand: String,
    severity: String,
    invariant: String,
    sentence: String,
    accepted: bool,
    shortest: Tried,
    repeat: String,
    shows_locations: bool,
    drawing: String,
    #[serde(default)]
    timeline: Option<Happened>,
    #[serde(default)]
    by_hand: Option<String>,
    #[serde(default)]
    month: Option<Month>,
    variants: Vec<Variant>,
}

/// What a finding comes to in a month.
#[derive(Debug, Deserialize)]
struct Month {
    sentence: String,
}

/// One of the ways in which a finding shows.
#[derive(Debug, Deserialize)]
struct Variant {
    severity: String,
    sentence: String,
    shortest: Tried,
}

/// A script, and how often it showed it.
#[derive(Debug, Deserialize)]
struct Tried {
    script: String,
    shown: u64,
    tries: u64,
    share_95: [f64; 2],
}

impl Tried {
    /// `11 of 60 (11–30 %)`: how often, and where the true share lies 19 times of 20.
    fn often(&self) -> String {
        let [low, high] = self.share_95.map(|share| (share * 100.0).round());
        let (shown, tries) = (thousands(self.shown), thousands(self.tries));
        format!("{shown} of {tries} ({low}–{high} %)")
    }
}

/// The most timelines in a page, so that it stays one to send on; the other findings name the file of theirs.
const DRAWN: usize = 32;

impl Sweep {
    /// Reads the folder of a sweep.
    pub fn read(folder: &Path) -> Result<Sweep, PageError> {
        Files(folder).json(SWEEP)
    }

    /// What was swept.
    pub fn title(&self) -> String {
        match self.target.as_str() {
            "embedded" => "Sweep of the embedded service".to_owned(),
            target => format!("Sweep of {target}"),
        }
    }

    /// The body of the page.
    pub fn body(&self) -> Markup {
        let tone = match self.verdict.as_str() {
            "invalid" => ("bad", "✗"),
            "valid" => ("good", "✓"),
            _ => ("doubtful", "?"),
        };
        let took = Span::from_secs_f64(self.wall_s.max(0.0));
        let what = format!("sweep · seed {} · {took}", self.seed);
        let head = Head {
            name: self.title(),
            tone,
            sentence: self.sentence.as_ref().unwrap_or(&self.verdict).clone(),
            what,
        };
        let sections = [
            ("findings", "Findings", self.findings()),
            ("tried", "What was tried", self.tried()),
            ("left", "Left behind", self.left()),
        ];
        layout::body(&layout::head(&head, &self.notes), &self.version, &sections)
    }

    fn findings(&self) -> Markup {
        if self.findings.is_empty() {
            return html! { p { "Nothing was found. " (self.worth()) } };
        }
        let name = "Findings, the worst first";
        html! {
            div.scroll tabindex="0" role="region" aria-label=(name) {
                table.texts aria-label=(name) {
                    thead { tr { @for name in ["no.", "severity", "what is wrong", "shown", "accepted"] { th scope="col" { (name) } } } }
                    tbody { @for finding in &self.findings { tr {
                        th scope="row" { a href=(format!("#finding-{}", finding.number)) { (finding.number) } }
                        td { (finding.severity) }
                        td { (finding.title) ": " (finding.sentence) }
                        td { (finding.shortest.often()) }
                        td { @if finding.accepted { "yes" } @else { "no" } }
                    } } }
                }
            }
            p.hint { "Each finding has one cause, and lists the ways in which it showed. Shown: how often the shortest script showed the \
                      worst of them, and between which shares the true one lies 19 times of 20." }
            @for (at, finding) in self.findings.iter().enumerate() { (one(finding, at < DRAWN)) }
        }
    }

    /// What it is worth that no script showed anything: how often a defect may show and still have been missed.
    fn worth(&self) -> String {
        let judged = self.tries.saturating_sub(self.tries_unknown);
        if judged == 0 || self.scripts_run == 0 {
            return "That is worth nothing: no try could be judged.".to_owned();
        }
        let each = judged as f64 / self.scripts_run as f64;
        let missed = 1.0 - 0.05_f64.powf(1.0 / each);
        format!(
            "{} of {} could be judged, {:.1} of each on average. A defect that a script shows in {} of its tries would be missed by that \
             many once in 20 times; what shows more seldom may well be there, and so may what no script does.",
            if judged == 1 {
                "1 try".to_owned()
            } else {
                format!("{} tries", thousands(judged))
            },
            counted(self.scripts_run, "script"),
            each,
            percent(missed),
        )
    }

    fn tried(&self) -> Markup {
        let judged = self.tries.saturating_sub(self.tries_unknown);
        let row = |name: &str, value: String| vec![name.to_owned(), value];
        let totals = [
            row(
                "scripts that were run",
                format!(
                    "{} of {}",
                    thousands(self.scripts_run),
                    thousands(self.scripts_planned)
                ),
            ),
            row("tries", thousands(self.tries)),
            row("tries that could be judged", thousands(judged)),
        ];
        let families = self.families.iter().map(|family| {
            let missed = family.not_tried.len() as u64;
            vec![
                family.family.clone(),
                thousands(family.planned),
                thousands(family.planned.saturating_sub(missed)),
                thousands(missed),
            ]
        });
        html! {
            (table("In all", &["", "count"], totals.into_iter()))
            @if !self.families.is_empty() {
                (table("Scripts by family", &["family", "planned", "tried", "not tried"], families))
            }
            @if !self.findings.is_empty() { p.hint { "Of what was not found: " (self.worth()) } }
            @if self.interrupted { p.hint { "The sweep was interrupted: this is what was tried until then." } }
        }
    }

    /// What it leaves on the server.
    fn left(&self) -> Markup {
        if self.images_left.is_empty() && self.data_left.is_empty() {
            return html! {};
        }
        html! {
            @if !self.images_left.is_empty() {
                p { "These images may still be there:" }
                ul { @for image in &self.images_left { li { code { (image) } } } }
            }
            @if !self.data_left.is_empty() {
                p { (counted(self.data_left.len() as u64, "file")) " of deleted images in the store or the staging area; \
                    left-data.txt lists them." }
            }
        }
    }
}

fn one(finding: &Finding, drawn: bool) -> Markup {
    let rows = finding.variants.iter().map(|variant| {
        vec![
            variant.severity.clone(),
            variant.sentence.clone(),
            variant.shortest.often(),
            variant.shortest.script.clone(),
        ]
    });
    html! {
        article.finding id=(format!("finding-{}", finding.number)) {
            h3 { (finding.number) ". " (finding.title) }
            p { (capital(finding.sentence.trim_end_matches('.'))) "." }
            @if !finding.explanation.is_empty() { p { (finding.explanation) } }
            @if finding.shows_locations {
                p.hint { "It shows only where the server has " code { "show_multiple_locations = true" } ", which is not the default." }
            }
            div.texts { (table("The ways in which it showed", &["severity", "what shows", "shown", "shortest script"], rows)) }
            @if let Some(month) = &finding.month { p { (capital(&month.sentence)) "." } }
            @match &finding.timeline {
                Some(happened) if drawn => (timeline(finding.number, happened)),
                _ => p.hint { "Its timeline is in " code { (finding.drawing) } "." },
            }
            @if !finding.demand.is_empty() {
                p { "It must hold that " (finding.demand) " (" code { (finding.invariant) } ")." }
            }
            dl {
                dt { "To see it again" } dd { code { (finding.repeat) } }
                dt { @if finding.accepted { "It is accepted as" } @else { "To accept it, a line" } } dd { code { (finding.name) } }
            }
            @if let Some(commands) = finding.by_hand.as_ref().filter(|_| drawn) {
                details {
                    summary { "By hand, with curl: finding " (finding.number) }
                    div.scroll tabindex="0" role="region" aria-label=(format!("Commands of finding {}", finding.number)) { pre { (commands) } }
                }
            }
        }
    }
}

/// The picture, and a table of the same for those who do not see it.
fn timeline(number: u64, happened: &Happened) -> Markup {
    let picture = drawing::picture(happened);
    let name = format!("Timeline of finding {number}");
    html! {
        figure id=(format!("timeline-{number}")) {
            figcaption { p {
                "Who did what when, and what was answered: a bar lasts from when an operation was sent to its answer. Green: done; \
                 blue: refused; red: failed; amber: not known."
            } }
            div.scroll tabindex="0" role="region" aria-label=(name) {
                svg.happened viewBox=(format!("0 0 {WIDTH} {:.0}", picture.height)) role="img"
                    aria-label=(format!("{name}; the table below has all of it")) { (PreEscaped(picture.svg)) }
            }
            details {
                summary { "Table: " (name.to_lowercase()) }
                (table(&name, &["what", "by", "from", "to", "answer", "in the script"], rows(happened).into_iter()))
            }
        }
    }
}

/// All that the picture shows, in order of time.
fn rows(happened: &Happened) -> Vec<Vec<String>> {
    let at = |seconds: f64| instant(time(seconds));
    let never = || "never".to_owned();
    let none = String::new;
    let mut rows: Vec<(f64, Vec<String>)> = Vec::new();
    for row in &happened.rows {
        let before = rows.last().map_or(0.0, |(at, _)| *at);
        rows.push(match row {
            Row::Operation(row) => (row.from_s, operation(row)),
            Row::Reading { at_s, found } => {
                let cells = ["probe reading".to_owned(), none(), at(*at_s), at(*at_s)];
                (*at_s, [&cells[..], &[found.join("; "), none()]].concat())
            }
            Row::LeftOut { rows } => {
                let more = format!("… and {rows} more …");
                (before, vec![more, none(), none(), none(), none(), none()])
            }
        });
    }
    for broken in &happened.broken {
        let what = "the server is broken on purpose".to_owned();
        let to = broken.to_s.map_or_else(never, at);
        rows.push((
            broken.from_s,
            vec![what, none(), at(broken.from_s), to, none(), none()],
        ));
    }
    if let Some(wrong) = happened.wrong_s {
        let what = "✗ what is seen here cannot be true".to_owned();
        rows.push((wrong, vec![what, none(), at(wrong), none(), none(), none()]));
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0)); // stable: what is as late stays in its order
    rows.into_iter().map(|(_, cells)| cells).collect()
}

fn operation(row: &OperationRow) -> Vec<String> {
    let at = |seconds: f64| instant(time(seconds));
    vec![
        row.operation.clone(),
        row.who.clone(),
        at(row.from_s),
        row.to_s.map_or_else(|| "never".to_owned(), at),
        row.answer.clone(),
        row.note.clone(),
    ]
}
