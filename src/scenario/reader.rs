//! Reading values out of the tree: every mistake is noted, and reading goes on.

use super::document::{Entry, Node, Value};
use super::mistake::{Mistake, Source, Spot};
use std::path::Path;
use stormglass_glance::auth::Environment;

/// What reading a scenario gathers on its way.
pub(super) struct Reader<'a> {
    /// Where identities come from that the scenario only names.
    pub environment: &'a Environment,
    /// Where relative files lie.
    pub dir: &'a Path,
    /// The texts so far; spots point into them.
    pub sources: Vec<Source>,
    /// The mistakes so far.
    pub mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    /// Notes a mistake.
    pub fn wrong(&mut self, at: Spot, message: impl Into<String>, help: impl Into<String>) {
        self.mistakes.push(Mistake::new(at, message, help));
    }

    /// Notes that a value has the wrong type.
    pub fn wrong_type(&mut self, node: &Node, wanted: &str, example: &str) {
        self.wrong(
            node.spot,
            format!("expected {wanted}, found {}", node.kind()),
            format!("write for example `{example}`"),
        );
    }

    /// Notes a name that is none of those known here.
    pub fn unknown(&mut self, at: Spot, what: &str, name: &str, known: &[&str]) {
        let help = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "nothing can be written here".to_owned(),
            None => format!("known here: {}", known.join(", ")),
        };
        self.wrong(at, format!("unknown {what} `{name}`"), help);
    }

    /// The one of `known` that the text names.
    pub fn one_of<T: Copy>(
        &mut self,
        node: &Node,
        what: &str,
        known: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Option<T> {
        let names: Vec<&str> = known.iter().map(|&value| name(value)).collect();
        let Value::String(text) = &node.value else {
            let example = format!("\"{}\"", names.first().unwrap_or(&""));
            self.wrong_type(
                node,
                &format!("the name of {}", with_article(what)),
                &example,
            );
            return None;
        };
        let found = known.iter().copied().find(|&value| name(value) == text);
        if found.is_none() {
            self.unknown(node.spot, what, text, &names);
        }
        found
    }

    /// The key and the value of a table that must have exactly one key out of `known`.
    pub fn tagged<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&'static str],
    ) -> Option<(&'static str, &'n Node)> {
        let Value::Table(entries) = &node.value else {
            return None;
        };
        let [entry] = entries.as_slice() else {
            let count = entries.len();
            self.wrong(
                node.spot,
                format!("a {what} has exactly one key, and this table has {count}"),
                format!("known here: {}", known.join(", ")),
            );
            return None;
        };
        match known.iter().find(|&&tag| tag == entry.key) {
            Some(tag) => Some((tag, &entry.node)),
            None => {
                self.unknown(entry.spot, what, &entry.key, known);
                None
            }
        }
    }
}

fn with_article(what: &str) -> String {
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {what}")
}

/// The known name that was probably meant.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |other: &str| strsim::damerau_levenshtein(name, other);
    let near = known.iter().copied().min_by_key(|other| distance(other))?;
    (distance(near) <= 1 + near.len().min(name.len()) / 3).then_some(near)
}

/// Something that can be read from one value of the tree.
pub(super) trait Read: Sized {
    /// The value, or none once its mistakes are noted.
    fn read(reader: &mut Reader, node: &Node) -> Option<Self>;
}

/// A value with where it was written, for what is checked later.
#[derive(Clone, Debug)]
pub(super) struct Written<T> {
    pub value: T,
    pub spot: Spot,
}

impl<T: Read> Read for Written<T> {
    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let value = T::read(reader, node)?;
        Some(Written {
            value,
            spot: node.spot,
        })
    }
}

/// The keys of a table; those nobody asks for are unknown.
pub(super) struct Fields<'n> {
    entries: &'n [Entry],
    /// Where the table was written.
    pub spot: Spot,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The keys of `node`, which must be a table.
    pub fn of(reader: &mut Reader, node: &'n Node, example: &str) -> Option<Fields<'n>> {
        let Value::Table(entries) = &node.value else {
            reader.wrong_type(node, "a table", example);
            return None;
        };
        Some(Fields {
            entries,
            spot: node.spot,
            known: Vec::new(),
        })
    }

    /// The value of a key, if it is there.
    pub fn node(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        (self.entries.iter())
            .find(|entry| entry.key == key)
            .map(|entry| &entry.node)
    }

    /// Where a key that is there was written.
    pub fn key_spot(&self, key: &str) -> Option<Spot> {
        (self.entries.iter())
            .find(|entry| entry.key == key)
            .map(|entry| entry.spot)
    }

    /// The value of a key that may be absent.
    pub fn optional<T: Read>(&mut self, reader: &mut Reader, key: &'static str) -> Option<T> {
        T::read(reader, self.node(key)?)
    }

    /// The value of a key, or what holds without it.
    pub fn or<T: Read>(&mut self, reader: &mut Reader, key: &'static str, default: T) -> T {
        self.optional(reader, key).unwrap_or(default)
    }

    /// The value of a key that must be there; `example` shows one.
    pub fn required<T: Read>(
        &mut self,
        reader: &mut Reader,
        key: &'static str,
        example: &str,
    ) -> Option<T> {
        let Some(node) = self.node(key) else {
            reader.wrong(
                self.spot,
                format!("the key `{key}` is missing"),
                format!("write for example `{key} = {example}`"),
            );
            return None;
        };
        T::read(reader, node)
    }

    /// Notes every key that nobody asked for.
    pub fn done(self, reader: &mut Reader) {
        for entry in self.entries {
            if !self.known.contains(&entry.key.as_str()) {
                reader.unknown(entry.spot, "key", &entry.key, &self.known);
            }
        }
    }
}
