//! The page of a comparison: what changed, by how much, and how sure that is.

use super::contents::{COMPARE, Files, PageError};
use super::layout::{self, Head, table};
use super::sections::quantity;
use crate::report::number::{counted, percent};
use maud::{Markup, html};
use serde::Deserialize;
use std::path::Path;

/// What the page needs of `compare.json`.
#[derive(Debug, Deserialize)]
pub struct Compared {
    version: String,
    a: String,
    b: String,
    change: String,
    sentence: String,
    matter: f64,
    confidence: f64,
    runs: [u64; 2],
    differing_keys: Vec<Key>,
    cautions: Vec<String>,
    figures: Vec<Figure>,
}

/// A key of the scenario that differs.
#[derive(Debug, Deserialize)]
struct Key {
    key: String,
    a: Option<String>,
    b: Option<String>,
}

/// A figure of both.
#[derive(Debug, Deserialize)]
struct Figure {
    of: String,
    quantity: String,
    phase: String,
    /// None: of all stories together.
    story: Option<String>,
    unit: String,
    a: f64,
    b: f64,
    change_share: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    change: String,
    verdict: String,
}

/// The widest change that a bar shows, as a share.
const WIDEST: f64 = 2.0;

impl Compared {
    /// Reads it from a folder.
    pub fn read(folder: &Path) -> Result<Compared, PageError> {
        let mut compared: Compared = Files(folder).json(COMPARE)?;
        let size = |figure: &Figure| figure.change_share.map_or(f64::INFINITY, f64::abs);
        (compared.figures).sort_by(|a, b| size(b).total_cmp(&size(a)));
        Ok(compared)
    }

    /// The folders without what leads to them.
    pub fn title(&self) -> String {
        let name = |path: &str| {
            let last = Path::new(path).file_name();
            last.map_or_else(|| path.to_owned(), |it| it.to_string_lossy().into_owned())
        };
        format!("{} beside {}", name(&self.b), name(&self.a))
    }

    /// The body of a page of its own.
    pub fn body(&self) -> Markup {
        let tone = match self.change.as_str() {
            "worse" => ("bad", "✗"),
            "better" | "same" => ("good", "✓"),
            _ => ("doubtful", "?"),
        };
        let runs = self.runs.map(|runs| counted(runs, "run"));
        let what = format!(
            "comparison · A: {}, {} · B: {}, {}",
            self.a, runs[0], self.b, runs[1]
        );
        let head = Head {
            name: self.title(),
            tone,
            sentence: self.sentence.clone(),
            what,
        };
        let sections = [
            ("changed", "What changed", self.changed()),
            ("keys", "What differs in the scenarios", self.keys()),
            ("rest", "All other figures", self.rest()),
        ];
        layout::body(
            &layout::head(&head, &self.cautions),
            &self.version,
            &sections,
        )
    }

    /// The same as a part of another page.
    pub fn section(&self) -> Markup {
        html! {
            p { (self.sentence) }
            @for caution in &self.cautions { p.hint { (caution) } }
            p.what { "A: " (self.a) }
            (self.keys())
            (self.changed())
        }
    }

    fn keys(&self) -> Markup {
        if self.differing_keys.is_empty() {
            return html! { p.hint { "Nothing differs in the scenarios." } };
        }
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
        let rows = self.differing_keys.iter();
        let rows = rows.map(|key| vec![key.key.clone(), or_dash(&key.a), or_dash(&key.b)]);
        table("Keys that differ", &["key", "A", "B"], rows)
    }

    /// Whether a figure got worse or better by more than matters.
    fn has_changed(figure: &Figure) -> bool {
        matches!(figure.change.as_str(), "worse" | "better")
    }

    fn changed(&self) -> Markup {
        let changed = self.figures.iter().filter(|it| Compared::has_changed(it));
        let changed: Vec<&Figure> = changed.collect();
        if changed.is_empty() {
            let matter = percent(self.matter);
            return html! { p.hint { "No figure changed for sure by more than " (matter) "." } };
        }
        let ends = changed
            .iter()
            .flat_map(|it| [it.low, it.high, it.change_share]);
        let reach = ends
            .flatten()
            .fold(2.0 * self.matter, |most, end| most.max(end.abs()));
        let confidence = self.confidence * 100.0;
        html! {
            p.hint {
                "The bar reaches over the " (format!("{confidence:.0}")) " % interval of the change; the mark in it is the change. Grey: \
                 less than " (percent(self.matter)) ", which does not matter."
            }
            (self.rows(&changed, Some(reach.min(WIDEST))))
        }
    }

    fn rest(&self) -> Markup {
        html! {
            @for (change, title) in [("cannot tell", "Cannot be told"), ("same", "The same")] {
                @let there: Vec<&Figure> = self.figures.iter().filter(|it| it.change == change).collect();
                @if !there.is_empty() {
                    details {
                        summary { (title) ": " (counted(there.len() as u64, "figure")) }
                        (self.rows(&there, None))
                    }
                }
            }
        }
    }

    /// A table of figures, with bars that reach so far to either side if any.
    fn rows(&self, figures: &[&Figure], reach: Option<f64>) -> Markup {
        let one = |figure: &Figure, value: f64| quantity(value, &figure.unit);
        html! {
            div.scroll tabindex="0" role="region" aria-label="Figures of A and B" {
                table aria-label="Figures of A and B" {
                    thead { tr {
                        @for name in ["figure", "phase", "story", "A", "B", "change", "interval"] { th scope="col" { (name) } }
                        @if reach.is_some() { th scope="col" aria-label="the change as a bar" {} }
                        th scope="col" { "verdict" }
                    } }
                    tbody { @for figure in figures { tr {
                        th scope="row" { (figure.of) " " (figure.quantity) }
                        td { (figure.phase) }
                        td { (figure.story.as_deref().unwrap_or("all")) }
                        td { (one(figure, figure.a)) }
                        td { (one(figure, figure.b)) }
                        td { (figure.change_share.map_or_else(|| "–".to_owned(), signed)) }
                        td { (interval(figure)) }
                        @if let Some(reach) = reach { td { (self.bar(figure, reach)) } }
                        td { (figure.verdict) }
                    } } }
                }
            }
        }
    }

    /// The change with its interval on an axis whose middle is no change.
    fn bar(&self, figure: &Figure, reach: f64) -> Markup {
        let at = |share: f64| 100.0 + 98.0 * (share / reach).clamp(-1.0, 1.0);
        let matter = at(self.matter) - 100.0;
        html! {
            svg.bar viewBox="0 0 200 16" aria-hidden="true" {
                rect.band x=(round(100.0 - matter)) y="0" width=(round(2.0 * matter)) height="16" {}
                line.zero x1="100" x2="100" y1="0" y2="16" {}
                @if let (Some(low), Some(high)) = (figure.low, figure.high) {
                    line class=(figure.change) x1=(round(at(low))) x2=(round(at(high))) y1="8" y2="8" {}
                }
                @if let Some(share) = figure.change_share {
                    circle class=(figure.change) cx=(round(at(share))) cy="8" r="4.5" {}
                }
            }
        }
    }
}

fn round(value: f64) -> String {
    format!("{value:.1}")
}

fn signed(share: f64) -> String {
    let sign = if share > 0.0 {
        "+"
    } else if share < 0.0 {
        "−"
    } else {
        ""
    };
    format!("{sign}{}", percent(share.abs()))
}

fn interval(figure: &Figure) -> String {
    match figure.low.zip(figure.high) {
        Some((low, high)) => format!("{} – {}", signed(low), signed(high)),
        None => "–".to_owned(),
    }
}
