//! Reading values out of the tree: every mistake is noted, and reading goes on.

use super::document::{Entry, Node, Value};
use super::mistake::{Mistake, Source, Spot};
use std::cell::{Cell, RefCell};
use std::path::Path;
use stormglass_glance::auth::Environment;
use stormglass_model::units::Bytes;

/// No scenario, and no list of measured values beside one, is longer.
pub(super) const LONGEST: Bytes = Bytes(16 << 20);

/// What reading a scenario gathers on its way. All that reads notes what it finds in the same one, hence the cells.
pub(super) struct Reader<'a> {
    /// Where identities come from that the scenario only names.
    pub environment: &'a Environment,
    /// Whether the scenario is read for a clean-up only.
    pub cleans_up: bool,
    /// Where relative files lie.
    pub dir: &'a Path,
    /// The texts so far; spots point into them.
    pub sources: RefCell<Vec<Source>>,
    /// The mistakes so far.
    pub mistakes: RefCell<Vec<Mistake>>,
    /// Where texts stand that may be credentials, though no key says so.
    pub hidden: RefCell<Vec<Spot>>,
    /// Whether what is read now may hold credentials.
    pub in_target: Cell<bool>,
}

impl Reader<'_> {
    /// Notes a mistake.
    pub fn wrong(&self, at: Spot, message: impl Into<String>, help: impl Into<String>) {
        let mistake = Mistake::new(at, message, help);
        self.mistakes.borrow_mut().push(mistake);
    }

    /// Notes that no text of this value is shown: nobody knows what it is.
    pub fn hide(&self, node: &Node) {
        match &node.value {
            Value::String(_) => self.hidden.borrow_mut().push(node.spot),
            Value::Array(items) => items.iter().for_each(|item| self.hide(item)),
            Value::Table(entries) => entries.iter().for_each(|entry| self.hide(&entry.node)),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime => {}
        }
    }

    /// Notes a name that is none of those known here.
    pub fn unknown(&self, at: Spot, what: &str, name: &str, known: &[&str]) {
        let help = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "nothing can be written here".to_owned(),
            None => format!("known here: {}", known.join(", ")),
        };
        self.wrong(at, format!("unknown {what} `{name}`"), help);
    }
}

/// The known name that was probably meant.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |other: &str| strsim::damerau_levenshtein(name, other);
    let near = known.iter().copied().min_by_key(|other| distance(other))?;
    (distance(near) <= 1 + near.len().min(name.len()) / 3).then_some(near)
}

/// What shows where a scenario begins.
pub(super) const ROOT: &str = "schema = 1";

/// Something that can be read from one value of the tree.
pub(super) trait Read: Sized {
    /// The value, or none once its mistakes are noted.
    fn read(input: Input) -> Option<Self>;
}

/// One value of the tree, and the reader that notes what is wrong with it.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub reader: &'a Reader<'a>,
    pub node: &'a Node,
}

impl<'a> Input<'a> {
    /// Notes a mistake here.
    pub fn wrong(self, message: impl Into<String>, help: impl Into<String>) {
        self.reader.wrong(self.node.spot, message, help);
    }

    /// Notes a mistake that leaves no value.
    pub fn refuse<T>(self, message: impl Into<String>, help: impl Into<String>) -> Option<T> {
        self.wrong(message, help);
        None
    }

    /// Notes that the value has the wrong type.
    pub fn wrong_type<T>(self, wanted: &str, example: &str) -> Option<T> {
        self.refuse(
            format!("expected {wanted}, found {}", self.node.kind()),
            format!("write for example `{example}`"),
        )
    }

    /// Whether it is a table with this key.
    pub fn has(&self, key: &str) -> bool {
        match &self.node.value {
            Value::Table(entries) => entries.iter().any(|entry| entry.key == key),
            _ => false,
        }
    }

    /// The text, which nothing else may stand for.
    pub fn text(self, wanted: &str, example: &str) -> Option<&'a str> {
        match &self.node.value {
            Value::String(text) => Some(text),
            _ => self.wrong_type(wanted, example),
        }
    }

    /// The one of `known` that the text names.
    pub fn one_of<T: Copy>(
        self,
        what: &str,
        known: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Option<T> {
        let names: Vec<&str> = known.iter().map(|&value| name(value)).collect();
        let article = match what.starts_with(['a', 'e', 'i', 'o', 'u']) {
            true => "an",
            false => "a",
        };
        let example = format!("\"{}\"", names.first().unwrap_or(&""));
        let text = self.text(&format!("the name of {article} {what}"), &example)?;
        let found = known.iter().copied().find(|&value| name(value) == text);
        if found.is_none() {
            self.reader.unknown(self.node.spot, what, text, &names);
        }
        found
    }

    /// The key and the value of a table that must have exactly one key out of `known`.
    pub fn tagged(self, what: &str, known: &[&'static str]) -> Option<(&'static str, Input<'a>)> {
        let Value::Table(entries) = &self.node.value else {
            return None;
        };
        let [entry] = entries.as_slice() else {
            let count = entries.len();
            return self.refuse(
                format!("a {what} has exactly one key, and this table has {count}"),
                format!("known here: {}", known.join(", ")),
            );
        };
        let tag = known.iter().find(|&&tag| tag == entry.key);
        if tag.is_none() {
            (self.reader).unknown(entry.spot, what, &entry.key, known);
        }
        Some((tag?, self.inner(&entry.node)))
    }

    /// The elements, of what must be a list.
    pub fn list(
        self,
        wanted: &str,
        example: &str,
    ) -> Option<impl ExactSizeIterator<Item = Input<'a>> + use<'a>> {
        match &self.node.value {
            Value::Array(items) => Some(items.iter().map(move |item| self.inner(item))),
            _ => self.wrong_type(wanted, example),
        }
    }

    /// The elements of a list, each read alike; none if one could not be read.
    pub fn all<T>(
        self,
        wanted: &str,
        example: &str,
        read: impl Fn(Input<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        // Every element is read before any is missed, so that all mistakes show.
        let items: Vec<Option<T>> = self.list(wanted, example)?.map(read).collect();
        items.into_iter().collect()
    }

    /// The entries, of what must be a table with keys of the author's own.
    pub fn entries(
        self,
        wanted: &str,
        example: &str,
    ) -> Option<impl Iterator<Item = (&'a Entry, Input<'a>)> + use<'a>> {
        match &self.node.value {
            Value::Table(entries) => {
                Some((entries.iter()).map(move |entry| (entry, self.inner(&entry.node))))
            }
            _ => self.wrong_type(wanted, example),
        }
    }

    /// What `read` makes of the keys, of what must be a table; every key that it does not ask for is unknown.
    pub fn table<T>(
        self,
        example: &str,
        read: impl FnOnce(&mut Fields<'a>) -> Option<T>,
    ) -> Option<T> {
        let Value::Table(entries) = &self.node.value else {
            return self.wrong_type("a table", example);
        };
        let mut fields = Fields {
            whole: self,
            entries,
            known: Vec::new(),
        };
        let value = read(&mut fields);
        for entry in entries {
            if !fields.known.contains(&entry.key.as_str()) {
                (self.reader).unknown(entry.spot, "key", &entry.key, &fields.known);
                let is_table = matches!(entry.node.value, Value::Table(_));
                let is_root = example == ROOT;
                if self.reader.in_target.get() || is_root && is_table {
                    self.reader.hide(&entry.node);
                }
            }
        }
        value
    }

    /// Another value, read by the same reader.
    fn inner(self, node: &'a Node) -> Input<'a> {
        Input {
            reader: self.reader,
            node,
        }
    }
}

/// The keys of a table. Ask for all of them before any value that is missing ends the reading.
pub(super) struct Fields<'a> {
    /// The table itself.
    pub whole: Input<'a>,
    entries: &'a [Entry],
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Whether a key is there, whatever its value.
    pub fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// The value of a key, if it is there.
    pub fn input(&mut self, key: &'static str) -> Option<Input<'a>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        Some(self.whole.inner(&self.entry(key)?.node))
    }

    /// The value of a key that may be absent.
    pub fn get<T: Read>(&mut self, key: &'static str) -> Option<T> {
        T::read(self.input(key)?)
    }

    /// The value of a key, or what holds without it.
    pub fn or<T: Read>(&mut self, key: &'static str, default: T) -> T {
        self.get(key).unwrap_or(default)
    }

    /// The value of a key that may be absent, read by `read`.
    pub fn with<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Input<'a>) -> Option<T>,
    ) -> Option<T> {
        read(self.input(key)?)
    }

    /// The value of a key that must be there; `example` shows one.
    pub fn need<T: Read>(&mut self, key: &'static str, example: &str) -> Option<T> {
        self.need_with(key, example, T::read)
    }

    /// The value of a key that must be there, read by `read`.
    pub fn need_with<T>(
        &mut self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(Input<'a>) -> Option<T>,
    ) -> Option<T> {
        match self.input(key) {
            Some(input) => read(input),
            None => self.whole.refuse(
                format!("the key `{key}` is missing"),
                format!("write for example `{key} = {example}`"),
            ),
        }
    }

    /// The tables of a list like `[[phase]]`.
    pub fn tables(&mut self, key: &'static str) -> Vec<Input<'a>> {
        let (wanted, example) = (
            format!("a list of tables, one a {key}"),
            format!("[[{key}]]"),
        );
        let list = self.with(key, |input| input.list(&wanted, &example));
        list.into_iter().flatten().collect()
    }

    /// Notes a mistake at the value of a key; at the table, if the key is not there.
    pub fn wrong(&self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        let at = self.entry(key).map(|entry| entry.node.spot);
        (self.whole.reader).wrong(at.unwrap_or(self.whole.node.spot), message, help);
    }

    /// Notes a mistake at a key itself; at the table, if it is not there.
    pub fn wrong_key(&self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        let at = self.entry(key).map(|entry| entry.spot);
        (self.whole.reader).wrong(at.unwrap_or(self.whole.node.spot), message, help);
    }
}
