//! The mistakes of a scenario: all of them, each where it was written and with what would be right.

use super::document::Spot;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource};
use std::fmt;

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
}

/// A text that a scenario is made of.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// What to call it: a path, or `--set`.
    pub name: String,
    pub text: String,
}

/// Every mistake of a scenario, in the order of its text. Never empty.
#[derive(Clone, Debug)]
pub struct Mistakes {
    sources: Vec<Source>,
    list: Vec<Mistake>,
}

/// How wide messages are, in characters.
const WIDTH: usize = 100;

impl Mistakes {
    pub(super) fn new(sources: Vec<Source>, mut list: Vec<Mistake>) -> Mistakes {
        list.sort_by_key(|mistake| mistake.spot);
        Mistakes { sources, list }
    }

    /// A file that cannot be read at all.
    pub(super) fn unreadable(path: &str, why: &str) -> Mistakes {
        let mistake = Mistake {
            spot: None,
            message: format!("cannot read {path}: {why}"),
            help: "name a scenario file; scenarios/ holds some to start from".to_owned(),
        };
        Mistakes::new(Vec::new(), vec![mistake])
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// What is wrong, one message a mistake, without places.
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
            .with_width(WIDTH)
            .with_context_lines(0)
            .with_links(false);
        let sources: Vec<NamedSource<String>> = self
            .sources
            .iter()
            .map(|source| NamedSource::new(&source.name, source.text.clone()))
            .collect();
        let mut out = String::new();
        for mistake in &self.list {
            let source = mistake.spot.and_then(|spot| sources.get(spot.source));
            // A `String` takes every write, and a spot always lies inside its source.
            if (handler.render_report(&mut out, &Shown { mistake, source })).is_err() {
                out.push_str(&mistake.message);
            }
            out.push('\n');
        }
        out.push_str(&match self.count() {
            1 => "1 mistake\n".to_owned(),
            n => format!("{n} mistakes\n"),
        });
        out
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plain())
    }
}

impl std::error::Error for Mistakes {}

/// A mistake with the text it points into, as miette wants it.
struct Shown<'a> {
    mistake: &'a Mistake,
    source: Option<&'a NamedSource<String>>,
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mistake.fmt(f)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistake.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.mistake.help))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.map(|source| source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let spot = self.mistake.spot?;
        let span = (spot.start, spot.end.saturating_sub(spot.start));
        Some(Box::new(std::iter::once(
            LabeledSpan::new_primary_with_span(None, span),
        )))
    }
}
