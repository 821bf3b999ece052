//! The document around the sections: policy, styles, data and scripts.

use super::chart::Chart;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use sha2::{Digest, Sha256};
use stormglass_glance::shown::printable;

/// uPlot draws lines; <https://github.com/leeoniya/uPlot>.
const UPLOT: &str = include_str!("assets/uplot.js");
const UPLOT_STYLE: &str = include_str!("assets/uplot.css");
const UPLOT_LICENCE: &str = include_str!("assets/uplot.LICENSE");
const SCRIPT: &str = include_str!("assets/page.js");
const STYLE: &str = include_str!("assets/page.css");
/// What a page of a run under way has besides.
const LIVE_SCRIPT: &str = include_str!("assets/live.js");
const LIVE_STYLE: &str = include_str!("assets/live.css");

/// The bytes of a page with this body.
pub fn document(title: &str, body: &Markup, data: &impl Serialize) -> Vec<u8> {
    assembled(title, body, data, (&[SCRIPT], &[STYLE]), "")
}

/// The bytes of a page that asks whoever it came from what else there is to show, and nobody else.
pub fn live_document(title: &str, body: &Markup, data: &impl Serialize) -> Vec<u8> {
    let parts: (&[&str], &[&str]) = (&[SCRIPT, LIVE_SCRIPT], &[STYLE, LIVE_STYLE]);
    assembled(title, body, data, parts, "; connect-src 'self'")
}

/// A page with these scripts and styles. `allowed` is what its policy allows besides them.
fn assembled(
    title: &str,
    body: &Markup,
    data: &impl Serialize,
    (scripts, styles): (&[&str], &[&str]),
    allowed: &str,
) -> Vec<u8> {
    let uplot = format!("/*\n{UPLOT_LICENCE}*/\n{UPLOT}");
    let styles = [&[UPLOT_STYLE], styles].concat();
    let scripts = [&[uplot.as_str()], scripts].concat();
    let policy = policy(&scripts, &styles) + allowed;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content=(format!("stormglass {}", env!("CARGO_PKG_VERSION")));
                title { (printable(title)) " – Stormglass" }
                @for style in &styles { style { (PreEscaped(style)) } }
            }
            body {
                a.skip href="#main" { "Skip to the figures" }
                (PreEscaped(printable(&body.0)))
                script type="application/json" id="data" { (PreEscaped(embedded(data))) }
                @for script in &scripts { script { (PreEscaped(script)) } }
            }
        }
    };
    page.into_string().into_bytes()
}

/// Nothing may be loaded, and nothing may run but the scripts whose sums are here.
fn policy(scripts: &[&str], styles: &[&str]) -> String {
    let sums = |texts: &[&str]| -> String {
        let sum = |text: &&str| {
            format!(
                " 'sha256-{}'",
                BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()))
            )
        };
        texts.iter().map(sum).collect()
    };
    format!(
        "default-src 'none'; script-src{}; style-src{}; base-uri 'none'; form-action 'none'",
        sums(scripts),
        sums(styles)
    )
}

/// JSON in which nothing ends its element, nor begins a comment or another element.
fn embedded(data: &impl Serialize) -> String {
    // Of strings, numbers and lists JSON refuses nothing.
    let json = serde_json::to_string(data).unwrap_or_default();
    printable(&json)
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
}

/// The place of a chart.
pub fn figure(chart: &Chart) -> Markup {
    place(&chart.id, &chart.title, &chart.caption)
}

/// Where the script draws, and fills the table when it is opened.
pub fn place(id: &str, title: &str, caption: &str) -> Markup {
    html! {
        figure.chart id=(id) {
            figcaption { h3 { (title) } p { (caption) } }
            div.plot {}
            details { summary { "Table: " (title.to_lowercase()) } div.scroll.table {} }
            noscript { p { "This chart is drawn by a script, and scripts are switched off." } }
        }
    }
}

/// A table with a caption for those who hear it; numbers are aligned to the right.
pub fn table(caption: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Markup {
    html! {
        p.caption { (caption) }
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table aria-label=(caption) {
                thead { tr { @for name in head { th scope="col" { (name) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (at, cell) in row.iter().enumerate() {
                                @if at == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What a page or a picture begins with.
pub struct Head {
    /// What it is about.
    pub name: String,
    /// How the verdict is meant, and the mark before it.
    pub tone: (&'static str, &'static str),
    /// The verdict in one sentence.
    pub sentence: String,
    pub what: String,
}

/// The head of a page, with what else one must know.
pub fn head(head: &Head, notes: &[String]) -> Markup {
    let (tone, mark) = head.tone;
    html! {
        p.kicker { "Stormglass" }
        h1 { (head.name) }
        p class=(format!("verdict {tone}")) { span aria-hidden="true" { (mark) " " } (head.sentence) }
        p.what { (head.what) }
        @if !notes.is_empty() { ul.notes { @for note in notes { li { (note) } } } }
    }
}

/// The body of a page: a head, and sections that say anything, by id and title.
pub fn body(head: &Markup, version: &str, sections: &[(&str, &str, Markup)]) -> Markup {
    let there = sections.iter().filter(|(.., body)| !body.0.is_empty());
    let there: Vec<_> = there.collect();
    html! {
        header { (head) }
        nav aria-label="Sections" {
            ul { @for (id, title, _) in &there { li { a href=(format!("#{id}")) { (title) } } } }
        }
        main id="main" { @for (id, title, body) in &there { (section(id, title, body)) } }
        footer { p { "Made by Stormglass " (version) ". Charts: uPlot, MIT licence." } }
    }
}

/// A section with a heading that can be linked to.
fn section(id: &str, title: &str, body: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby=(format!("{id}-title")) {
            h2 id=(format!("{id}-title")) { (title) }
            (body)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_ends_no_element() {
        let name = "</script><script>alert(1)</script><!--<b>&\"'\u{2028}";
        let page = document(
            name,
            &html! { p { (name) } },
            &serde_json::json!({ "name": name }),
        );
        let page = String::from_utf8(page).unwrap();
        assert!(!page.contains("<script>alert"));
        assert!(!page.contains("<b>"));
        assert!(!page.contains('\u{2028}'), "what cannot be seen is shown");
        // Three scripts: the data and the two that the policy names.
        assert_eq!(page.matches("<script").count(), 3);
        let from = page.find("id=\"data\">").unwrap() + "id=\"data\">".len();
        let to = from + page[from..].find("</script>").unwrap();
        let data: serde_json::Value = serde_json::from_str(&page[from..to]).unwrap();
        assert_eq!(data["name"], name.replace('\u{2028}', "·"));
    }

    #[test]
    fn nothing_is_loaded() {
        let page = String::from_utf8(document("x", &html! {}, &())).unwrap();
        for word in [
            " src=",
            "<link",
            "@import",
            "url(http",
            "fetch(",
            "XMLHttpRequest",
        ] {
            assert!(!page.contains(word), "{word}");
        }
    }
}
