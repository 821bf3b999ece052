//! The mistakes of a scenario: all of them, each where it was written and with what would be right.

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, MietteError,
    NamedSource, Report, SourceCode, SourceSpan, SpanContents,
};
use std::sync::Arc;
use stormglass_glance::shown::{is_hidden, printable};

/// A stretch of one of the texts a scenario is made of, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    /// Which text: the file is 0, then every `--set` in order, then the files it refers to.
    pub source: usize,
    pub start: usize,
    pub end: usize,
}

/// One mistake.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    /// Where; none when there is no text to point into.
    pub spot: Option<Spot>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl Mistake {
    pub fn new(spot: Spot, message: impl Into<String>, help: impl Into<String>) -> Mistake {
        Mistake {
            spot: Some(spot),
            message: message.into(),
            help: help.into(),
        }
    }

    /// As miette shows it, with the text it points into.
    fn report(&self, texts: &[Arc<Lines>]) -> Report {
        let plain = MietteDiagnostic::new(line(&self.message)).with_help(line(&self.help));
        let text = (self.spot).and_then(|spot| Some((spot, texts.get(spot.source)?)));
        let Some((spot, text)) = text else {
            return plain.into();
        };
        let span = caret(text.0.inner(), spot.start, spot.end);
        let label = LabeledSpan::new_primary_with_span(None, span);
        Report::new(plain.with_label(label)).with_source_code(Arc::clone(text))
    }
}

/// A text that a scenario is made of.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// What to call it: a path, or `--set`.
    pub name: String,
    pub text: String,
}

/// The mistakes of a scenario, in the order of its text: the first hundred of them. Never empty.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", self.plain())]
pub struct Mistakes {
    sources: Vec<Source>,
    list: Vec<Mistake>,
    count: usize,
}

impl Mistakes {
    /// The first in the order of the text, and how many there are in all.
    pub(super) fn new(sources: Vec<Source>, list: Vec<Mistake>, count: usize) -> Mistakes {
        Mistakes {
            sources,
            list,
            count,
        }
    }

    /// A file that cannot be read at all.
    pub(super) fn unreadable(path: &str, why: &str) -> Mistakes {
        let mistake = Mistake {
            spot: None,
            message: format!("cannot read {path}: {why}"),
            help: "name a scenario file; scenarios/ holds some to start from".to_owned(),
        };
        Mistakes::new(Vec::new(), vec![mistake], 1)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// What is wrong, one message a mistake that is shown, without places.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|mistake| mistake.message.as_str())
    }

    /// For a terminal: colours, and lines drawn around the text.
    pub fn graphical(&self) -> String {
        self.render(GraphicalTheme::unicode())
    }

    /// For everything else: no colours, nothing but ASCII around the text.
    pub fn plain(&self) -> String {
        self.render(GraphicalTheme::none())
    }

    fn render(&self, theme: GraphicalTheme) -> String {
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_wrap_lines(false)
            .with_context_lines(WHOLE_LINES)
            .with_links(false);
        let texts: Vec<Arc<Lines>> = (self.sources.iter())
            .map(|source| {
                Arc::new(Lines(NamedSource::new(
                    line(&source.name),
                    seen(&source.text),
                )))
            })
            .collect();
        let mut out = String::new();
        for mistake in &self.list {
            let report = mistake.report(&texts);
            // A `String` takes every write, and a spot always lies inside its source.
            if (handler.render_report(&mut out, report.as_ref())).is_err() {
                out.push_str(&line(&mistake.message));
            }
            out.push('\n');
        }
        out.push_str(&match (self.count, self.list.len()) {
            (1, _) => "1 mistake\n".to_owned(),
            (all, shown) if shown < all => {
                format!("{all} mistakes; the first {shown} are shown\n")
            }
            (all, _) => format!("{all} mistakes\n"),
        });
        out
    }
}

/// A text as one line in which nothing is hidden.
fn line(text: &str) -> String {
    printable(text).replace('\n', " ")
}

/// A text of several lines in which nothing is hidden, and every byte is in its place.
fn seen(text: &str) -> String {
    let shown = |c: char| match c.len_utf8() {
        _ if c == '\n' || c == '\t' || !is_hidden(c) => c.to_string(),
        _ if c == '\r' => " ".to_owned(),
        1 => "?".to_owned(),
        2 => "·".to_owned(),
        3 => "…".to_owned(),
        _ => "··".to_owned(),
    };
    text.chars().map(shown).collect()
}

/// Where the caret goes, as offset and length: what is missing is marked where it was looked for.
fn caret(text: &str, start: usize, end: usize) -> (usize, usize) {
    let (before, after) = (&text[..start], &text[end..]);
    if end > start {
        let character = |at: &usize| text.is_char_boundary(*at);
        let near = (start..=end.min(start.saturating_add(NEAR)))
            .rev()
            .find(character);
        return (start, near.unwrap_or(end) - start);
    }
    match (after.chars().next(), before.chars().next_back()) {
        (Some(next), _) if next != '\n' => (start, next.len_utf8()),
        (_, Some(last)) if last != '\n' => (start - last.len_utf8(), last.len_utf8()),
        _ => (start, 0),
    }
}

/// Bytes of a line that are shown before and after the stretch.
const NEAR: usize = 1_000;

/// Asks [`Lines`] for the lines of a stretch; none asks for the stretch alone.
const WHOLE_LINES: usize = 1;

/// A text of which the lines that hold a stretch are shown, whole and without their neighbours.
#[derive(Debug)]
struct Lines(NamedSource<String>);

impl SourceCode for Lines {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = self.0.inner().as_bytes();
        let (start, end) = (span.offset(), span.offset() + span.len());
        if before < WHOLE_LINES || end > text.len() {
            return self.0.read_span(span, before, after);
        }
        let line_end = |&byte: &u8| byte == b'\n';
        let line = (text[..start].iter().rposition(line_end)).map_or(0, |at| at + 1);
        let last = (text[end..].iter().position(line_end)).map_or(text.len(), |at| end + at);
        // Of a long line only what is near: nobody reads more, and what draws it counts columns with 16 bits.
        let character = |at: &usize| self.0.inner().is_char_boundary(*at);
        let from = (line.max(start.saturating_sub(NEAR))..=start).find(character);
        let to = (end..=last.min(end.saturating_add(NEAR)))
            .rev()
            .find(character);
        let (from, to) = (from.unwrap_or(start), to.unwrap_or(end));
        self.0.read_span(&(from, to - from).into(), 0, 0)
    }
}
