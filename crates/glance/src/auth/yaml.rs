//! YAML as far as files of clouds use it, with scalars told apart as YAML 1.1 does, which openstacksdk reads.

use std::collections::BTreeMap;
use std::str::Chars;
use yaml_rust2::parser::{Event, Parser, Tag};
use yaml_rust2::scanner::TScalarStyle;

/// No file of clouds is nested deeper; what is handled recursively must end.
const DEPTH_MAX: usize = 32;
/// No file of clouds holds more nodes, nor more bytes of text, once its names are filled in.
const NODES_MAX: usize = 100_000;
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// What stands below a table's keys.
pub(super) type Table = BTreeMap<String, Node>;

/// A value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Node {
    #[default]
    Null,
    Flag(bool),
    /// A text, or a number that is written as YAML would write it.
    Text(String),
    /// Stands without quotes, and YAML takes it for something that is written otherwise: `0123` for 83.
    Ambiguous,
    List(Vec<Node>),
    Table(Table),
}

impl Node {
    /// What is below its keys; nothing where it has none.
    pub(super) fn into_table(self) -> Table {
        match self {
            Node::Table(table) => table,
            _ => Table::new(),
        }
    }
}

/// Where some YAML is wrong, and what is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub line: usize,
    pub what: &'static str,
}

/// Reads the first document of some YAML.
pub(super) fn parse(text: &str) -> Result<Node, Wrong> {
    let mut reading = Reading {
        parser: Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)),
        anchors: BTreeMap::new(),
        held: Held::default(),
        line: 1,
    };
    loop {
        match reading.event()? {
            Event::StreamEnd => return Ok(Node::Null),
            Event::Nothing | Event::StreamStart | Event::DocumentStart => {}
            event => return reading.node(event, 0),
        }
    }
}

/// A text that is being read.
struct Reading<'a> {
    parser: Parser<Chars<'a>>,
    /// What was given a name, with how much it holds.
    anchors: BTreeMap<usize, (Node, Held)>,
    held: Held,
    line: usize,
}

/// How much a node holds, what is below it included.
#[derive(Clone, Copy, Default)]
struct Held {
    nodes: usize,
    bytes: usize,
}

impl Reading<'_> {
    fn event(&mut self) -> Result<Event, Wrong> {
        let (event, mark) = (self.parser.next_token()).map_err(|error| Wrong {
            line: error.marker().line(),
            what: "is not YAML",
        })?;
        self.line = mark.line();
        Ok(event)
    }

    fn wrong(&self, what: &'static str) -> Wrong {
        let line = self.line;
        Wrong { line, what }
    }

    /// Counts what is about to be held. Names that stand for names that stand for names can make a long text of a short one.
    fn hold(&mut self, more: Held) -> Result<(), Wrong> {
        self.held.nodes = self.held.nodes.saturating_add(more.nodes);
        self.held.bytes = self.held.bytes.saturating_add(more.bytes);
        match self.held.nodes > NODES_MAX || self.held.bytes > BYTES_MAX {
            true => Err(self.wrong("makes it hold more than any file of clouds does")),
            false => Ok(()),
        }
    }

    fn node(&mut self, event: Event, depth: usize) -> Result<Node, Wrong> {
        let before = self.held;
        let bytes = match &event {
            Event::Scalar(text, ..) => text.len(),
            _ => 0,
        };
        self.hold(Held { nodes: 1, bytes })?;
        if depth > DEPTH_MAX {
            return Err(self.wrong("is nested more deeply than in any file of clouds"));
        }
        let (node, anchor) = match event {
            Event::Alias(anchor) => {
                let held = self.named(anchor)?.1;
                self.hold(held)?;
                return Ok(self.named(anchor)?.0.clone());
            }
            Event::Scalar(text, style, anchor, tag) => (scalar(text, style, tag), anchor),
            Event::SequenceStart(anchor, _) => (Node::List(self.list(depth)?), anchor),
            Event::MappingStart(anchor, _) => (Node::Table(self.table(depth)?), anchor),
            _ => return Err(self.wrong("is not YAML")),
        };
        if anchor > 0 {
            let held = Held {
                nodes: self.held.nodes - before.nodes,
                bytes: self.held.bytes - before.bytes,
            };
            self.hold(held)?; // once more, for the name
            self.anchors.insert(anchor, (node.clone(), held));
        }
        Ok(node)
    }

    /// What was given a name.
    fn named(&self, anchor: usize) -> Result<&(Node, Held), Wrong> {
        (self.anchors.get(&anchor)).ok_or_else(|| self.wrong("is not YAML"))
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Wrong> {
        let mut list = Vec::new();
        loop {
            match self.event()? {
                Event::SequenceEnd => return Ok(list),
                event => list.push(self.node(event, depth + 1)?),
            }
        }
    }

    fn table(&mut self, depth: usize) -> Result<Table, Wrong> {
        let mut table = Table::new();
        loop {
            let key = match self.event()? {
                Event::MappingEnd => break,
                event => self.node(event, depth + 1)?,
            };
            let event = self.event()?;
            let node = self.node(event, depth + 1)?;
            if let Node::Text(key) = key {
                table.insert(key, node);
            }
        }
        merge(&mut table);
        Ok(table)
    }
}

/// Takes in what `<<` refers to: it counts where nothing nearer is said.
fn merge(table: &mut Table) {
    let bases = match table.remove("<<") {
        Some(Node::List(list)) => list,
        base => base.into_iter().collect(),
    };
    for (key, node) in bases.into_iter().flat_map(Node::into_table) {
        table.entry(key).or_insert(node);
    }
}

fn scalar(text: String, style: TScalarStyle, tag: Option<Tag>) -> Node {
    match tag {
        Some(tag) if tag.suffix == "str" => return Node::Text(text),
        Some(_) => return Node::Ambiguous,
        None if style != TScalarStyle::Plain => return Node::Text(text),
        None => {}
    }
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Node::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Node::Flag(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Node::Flag(false)
        }
        plain if is_respelled(plain) => Node::Ambiguous,
        _ => Node::Text(text),
    }
}

/// Whether YAML 1.1 takes a plain scalar for a number or a date that it would spell otherwise.
fn is_respelled(text: &str) -> bool {
    let all = |text: &str, allowed: fn(char) -> bool| !text.is_empty() && text.chars().all(allowed);
    let digits = |text: &str| all(text, |c| c.is_ascii_digit() || c == '_');
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_plain = !text.starts_with('+') && !text.contains('_');
    if let Some(rest) = bare.strip_prefix("0x") {
        return all(rest, |c| c.is_ascii_hexdigit() || c == '_');
    }
    if let Some(rest) = bare.strip_prefix("0b") {
        return all(rest, |c| matches!(c, '0' | '1' | '_'));
    }
    if matches!(bare.to_ascii_lowercase().as_str(), ".inf" | ".nan") {
        return true;
    }
    if !bare.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return false;
    }
    if digits(bare) {
        return match bare.strip_prefix('0') {
            Some("") => text != "0",
            // With an 8 or a 9 it is no octal number, and so a text.
            Some(rest) => all(rest, |c| matches!(c, '0'..='7' | '_')),
            None => !is_plain,
        };
    }
    let sixties = bare.split('.').next().unwrap_or_default();
    if sixties.contains(':') && sixties.split(':').all(digits) {
        return true;
    }
    if let Some((whole, fraction)) = bare.split_once('.') {
        let (fraction, power) = match fraction.split_once(['e', 'E']) {
            Some((fraction, power)) => (fraction, Some(power)),
            None => (fraction, None),
        };
        let signed = |power: &str| power.strip_prefix(['-', '+']).is_some_and(digits);
        let is_number = (whole.is_empty() || digits(whole))
            && (fraction.is_empty() || digits(fraction))
            && !(whole.is_empty() && fraction.is_empty())
            && power.is_none_or(signed);
        let spelled = text.parse::<f64>().map(|number| format!("{number:?}"));
        return is_number && spelled.as_deref() != Ok(text);
    }
    is_date(text)
}

/// `2026-11-28`, or with a time behind it.
fn is_date(text: &str) -> bool {
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3
        && parts.iter().all(number)
        && parts[0].len() == 4
        && parts[1..].iter().all(|part| matches!(part.len(), 1 | 2))
        && (rest.is_empty() || rest.trim_start().starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_written_otherwise_is_told_from_a_text() {
        let read = |text: &str| parse(text).unwrap();
        for text in [
            "12", "0", "-3", "2.0", "0.5", "0812", "1e3", "10.0.0.1", "a:1", "v2", "2026-11", "x_1",
        ] {
            assert_eq!(read(text), Node::Text(text.to_owned()), "{text}");
        }
        for text in [
            "0123",
            "007",
            "1_000",
            "+5",
            "0x1F",
            "0b11",
            "1:30",
            "2.10",
            "1.",
            ".5",
            ".inf",
            "2026-11-28",
            "1.5e+3",
            "00000000000000000000000000000001",
            "!!int 7",
        ] {
            assert_eq!(read(text), Node::Ambiguous, "{text}");
        }
        for text in ["'0123'", "\"0123\"", "!!str 0123"] {
            assert_eq!(read(text), Node::Text("0123".to_owned()), "{text}");
        }
        assert_eq!(read("\u{feff}on"), Node::Flag(true));
        assert_eq!(read("~"), Node::Null);
    }
    #[test]
    fn what_names_make_long_is_refused_before_it_is_held() {
        let long = "x".repeat(100_000);
        let scalars = format!("a: &a {long}\nb: [{}]", "*a,".repeat(50_000));
        let mut doubling = "a0: &a0 [x, x]\n".to_owned();
        let mut merging = format!("a0: &a0 {{k: {long}}}\n");
        for n in 1..30 {
            doubling += &format!("a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1);
            merging += &format!("a{n}: &a{n} {{<<: [*a{}, *a{}]}}\n", n - 1, n - 1);
        }
        // Every level that has a name is held once more for it.
        let mut nested = "x".to_owned();
        let wide = "y,".repeat(2_000);
        for n in 0..30 {
            nested = format!("&n{n} [{wide}{nested}]");
        }
        for (text, line) in [(scalars, 2), (doubling, 14), (merging, 6), (nested, 1)] {
            let wrong = parse(&text).unwrap_err();
            assert_eq!(
                wrong.what,
                "makes it hold more than any file of clouds does"
            );
            assert_eq!(wrong.line, line);
        }
        let deep = "[".repeat(40);
        assert!(parse(&deep).unwrap_err().what.contains("nested"));
    }
}
