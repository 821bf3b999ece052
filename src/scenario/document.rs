//! The text of a scenario as a tree that remembers where everything was written.
//!
//! `--set` texts are grafted into the tree of the file, each with spots into its own text. What reads the
//! tree therefore treats both alike, and so do its messages.

use super::mistake::{Mistake, Spot};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub spot: Spot,
    pub value: Value,
}

/// A value of TOML.
#[derive(Clone, Debug)]
pub(super) enum Value {
    String(String),
    /// None: more than 128 bits.
    Integer(Option<i128>),
    Float(f64),
    Boolean(bool),
    Datetime,
    Array(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: String,
    pub spot: Spot,
    pub node: Node,
}

impl Node {
    /// What kind of value it is, with its article.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::String(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a decimal number",
            Value::Boolean(_) => "true or false",
            Value::Datetime => "a date",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

/// The tree of a file, with its mistakes of syntax.
pub(super) struct Parsed {
    pub root: Node,
    pub mistakes: Vec<Mistake>,
    /// Whether brackets or quotes are broken, so that the tree says nothing about what was meant.
    pub broken: bool,
}

/// What the parser says where it goes on as if all had been written right.
const HARMLESS: [&str; 2] = ["duplicate key", UNQUOTED];
const UNQUOTED: &str = "string values must be quoted";

/// Reads a file.
pub(super) fn parse(text: &str) -> Parsed {
    let (table, errors) = DeTable::parse_recoverable(text);
    let broken = (errors.iter())
        .any(|error| !(HARMLESS.iter()).any(|harmless| error.message().starts_with(harmless)));
    let mut mistakes: Vec<Mistake> = (errors.iter())
        .map(|error| {
            let span = error.span().unwrap_or(0..0);
            syntax(error, text, spot(0, span, 0))
        })
        .collect();
    mistakes.sort_by_key(|mistake| mistake.spot);
    // One slip of the finger upsets the rest of its line, and a list left open the rest of the file.
    let lines = Lines::of(text);
    mistakes.dedup_by_key(|mistake| mistake.spot.map(|spot| lines.at(spot.start)));
    if (errors.iter()).any(|error| error.message().starts_with("unclosed array"))
        && let Some(at) = (mistakes.iter()).position(|it| it.message.starts_with("missing comma"))
    {
        mistakes.truncate(at + 1);
        mistakes[at].message = "a list is not closed before this".to_owned();
        mistakes[at].help = "write `]`, or `,` if the list goes on".to_owned();
    }
    let span = spot(0, table.span(), 0);
    Parsed {
        root: Node {
            spot: span,
            value: value(DeValue::Table(table.into_inner()), 0, 0),
        },
        mistakes,
        broken,
    }
}

/// Where the lines of a text end.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub fn of(text: &str) -> Lines {
        Lines(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The number of the line that holds the byte, from zero.
    pub fn at(&self, byte: usize) -> usize {
        self.0.partition_point(|end| *end < byte)
    }
}

/// Grafts `KEY=VALUE` into the tree. Gives a tree of what was grafted alone.
pub(super) fn set(root: &mut Node, source: usize, text: &str) -> Result<Node, Mistake> {
    let whole = spot(source, 0..text.len(), 0);
    let Some(equals) = equals_sign(text) else {
        return Err(Mistake::new(
            whole,
            format!("`{text}` does not set anything"),
            "write KEY=VALUE, for example `service.store.slots=8`",
        ));
    };
    let path = key_path(&text[..equals], source)?;
    let new = set_value(&text[equals + 1..], source, equals + 1)?;
    let alone = path.iter().rev().fold(new.clone(), |node, (key, at)| Node {
        spot: *at,
        value: Value::Table(vec![Entry {
            key: key.clone(),
            spot: *at,
            node,
        }]),
    });
    let mut node = root;
    let last = path.len() - 1;
    for (depth, (key, at)) in path.into_iter().enumerate() {
        let kind = node.kind();
        node = match &mut node.value {
            Value::Table(entries) => {
                let found = entries.iter().position(|entry| entry.key == key);
                let index = found.unwrap_or_else(|| {
                    entries.push(Entry {
                        key,
                        spot: at,
                        node: Node {
                            spot: at,
                            value: Value::Table(Vec::new()),
                        },
                    });
                    entries.len() - 1
                });
                if depth == last {
                    entries[index].spot = at;
                }
                &mut entries[index].node
            }
            Value::Array(items) => {
                let count = items.len();
                element(items, &key).ok_or_else(|| {
                    Mistake::new(
                        at,
                        format!("there is no element `{key}`"),
                        format!("the list has {count}; write a number from 0, or a name"),
                    )
                })?
            }
            _ => {
                return Err(Mistake::new(
                    at,
                    format!("`{key}` lies inside {kind}, not inside a table"),
                    "leave out the last part of the key",
                ));
            }
        };
    }
    *node = new;
    Ok(alone)
}

/// An element of a list by its number or by its `name`.
fn element<'a>(items: &'a mut [Node], key: &str) -> Option<&'a mut Node> {
    let named = |item: &Node| match &item.value {
        Value::Table(entries) => entries.iter().any(|entry| {
            entry.key == "name" && matches!(&entry.node.value, Value::String(name) if name == key)
        }),
        _ => false,
    };
    let index = items.iter().position(named).or_else(|| key.parse().ok())?;
    items.get_mut(index)
}

/// Where the key ends: the first `=` outside quotes.
fn equals_sign(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (c, quote) {
            ('=', None) => return Some(at),
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if c == open => quote = None,
            _ => {}
        }
    }
    None
}

fn key_path(key: &str, source: usize) -> Result<Vec<(String, Spot)>, Mistake> {
    let whole = spot(source, 0..key.len(), 0);
    let unreadable = |why: &str| {
        let help = "write its parts with dots between, for example `load.duration`; quote a part \
                    that holds more than letters, digits, `-` and `_`";
        Mistake::new(whole, format!("`{key}` is not a key: {why}"), help)
    };
    let document = format!("{key}=0");
    let table = DeTable::parse(&document).map_err(|error| unreadable(error.message()))?;
    let mut path = Vec::new();
    let mut inner = DeValue::Table(table.into_inner());
    while let DeValue::Table(table) = inner {
        let mut entries = table.into_iter();
        let (Some((key, value)), None) = (entries.next(), entries.next()) else {
            return Err(unreadable("it is not one key"));
        };
        path.push((key.get_ref().to_string(), spot(source, key.span(), 0)));
        inner = value.into_inner();
    }
    match path.is_empty() {
        true => Err(unreadable("it is empty")),
        false => Ok(path),
    }
}

/// The value of a `--set`: TOML, or else a bare word that stands for itself.
fn set_value(text: &str, source: usize, offset: usize) -> Result<Node, Mistake> {
    let trimmed = text.trim();
    let offset = offset + (text.len() - text.trim_start().len());
    match DeValue::parse(trimmed) {
        Ok(parsed) => Ok(node(parsed, source, offset)),
        Err(error) if trimmed.starts_with(['{', '[', '"', '\'']) => {
            let span = error.span().unwrap_or(0..trimmed.len());
            let mut mistake = syntax(&error, trimmed, spot(source, span, 0));
            mistake.spot = (mistake.spot).map(|at| spot(source, at.start..at.end, offset));
            Err(mistake)
        }
        Err(_) => Ok(Node {
            spot: spot(source, 0..trimmed.len(), offset),
            value: Value::String(trimmed.to_owned()),
        }),
    }
}

fn syntax(error: &toml::de::Error, text: &str, at: Spot) -> Mistake {
    let written = text.get(at.start..at.end).unwrap_or("").trim();
    match error.message().split_once(", expected ") {
        Some((UNQUOTED, _)) if written.is_empty() => {
            Mistake::new(at, "the value is missing", "write one after the `=`")
        }
        Some((UNQUOTED, _)) => Mistake::new(
            at,
            format!("`{written}` is no value of TOML"),
            format!("if it is text, quote it: `\"{written}\"`"),
        ),
        Some((message, right)) => Mistake::new(at, message, format!("expected {right}")),
        None if error.message() == "duplicate key" => {
            let message = format!("the key `{written}` is written twice");
            Mistake::new(at, message, "write each key of a table once")
        }
        None => Mistake::new(
            at,
            error.message(),
            "see https://toml.io for how TOML is written",
        ),
    }
}

fn spot(source: usize, span: std::ops::Range<usize>, offset: usize) -> Spot {
    Spot {
        source,
        start: span.start + offset,
        end: span.end + offset,
    }
}

fn node(parsed: Spanned<DeValue<'_>>, source: usize, offset: usize) -> Node {
    Node {
        spot: spot(source, parsed.span(), offset),
        value: value(parsed.into_inner(), source, offset),
    }
}

fn value(parsed: DeValue<'_>, source: usize, offset: usize) -> Value {
    match parsed {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Integer(integer) => {
            Value::Integer(i128::from_str_radix(integer.as_str(), integer.radix()).ok())
        }
        DeValue::Float(float) => Value::Float(float.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(boolean) => Value::Boolean(boolean),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::Array(items) => Value::Array(
            (items.into_iter())
                .map(|item| node(item, source, offset))
                .collect(),
        ),
        DeValue::Table(table) => {
            let mut entries: Vec<Entry> = (table.into_iter())
                .map(|(key, value)| Entry {
                    spot: spot(source, key.span(), offset),
                    key: key.into_inner().into_owned(),
                    node: node(value, source, offset),
                })
                .collect();
            // The map is sorted by key; a reader wants the order of the file.
            entries.sort_by_key(|entry| entry.spot);
            Value::Table(entries)
        }
    }
}
