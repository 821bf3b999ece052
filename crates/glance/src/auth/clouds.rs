//! Who clients are, as the OpenStack ecosystem says it: `clouds.yaml`, `OS_CLOUD` and the `OS_*` variables. `secure.yaml`, which
//! holds what others shall not read, is laid over `clouds.yaml`.
//!
//! Which source counts is decided by who asks: a scenario's `cloud` names one of `clouds.yaml`, or `envvars` for the variables;
//! [`crate::target_from_environment`] takes `STORMGLASS_TOKEN`, else `OS_CLOUD`, else the variables. Sources are never mixed: with a cloud
//! of `clouds.yaml`, the other `OS_*` variables are not read.

use super::environment::Environment;
use super::identity::{Cloud, Mistake};
use super::keys::{self, Keys};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::Chars;
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::TScalarStyle;

/// No file of clouds is longer.
const FILE_MAX: u64 = 1024 * 1024;
/// No file of clouds is nested deeper; what is handled recursively must end.
const DEPTH_MAX: usize = 32;
/// No file of clouds holds more.
const NODES_MAX: usize = 100_000;
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// What openstacksdk calls the cloud that the `OS_*` variables describe.
pub const ENVVARS: &str = "envvars";

/// The cloud `name` of `clouds.yaml`, or that of the `OS_*` variables if it is [`ENVVARS`].
pub fn cloud(environment: &Environment, name: &str) -> Result<Cloud, Mistake> {
    if name == ENVVARS {
        return keys::of_variables(environment)?.cloud(environment);
    }
    of_file(environment, name)?.cloud(environment)
}

/// The cloud that the environment speaks of: `OS_CLOUD`'s, else that of the `OS_*` variables; none if it speaks of none.
pub fn from_environment(environment: &Environment) -> Result<Option<Cloud>, Mistake> {
    let name = match environment.said("OS_CLOUD") {
        Some(name) => name,
        None if keys::are_said(environment) => ENVVARS,
        None => return Ok(None),
    };
    cloud(environment, name).map(Some)
}

/// What `clouds.yaml` says of the cloud `name`.
fn of_file(environment: &Environment, name: &str) -> Result<Keys, Mistake> {
    let path = file(environment)?;
    let mut clouds = entries(read(&path)?);
    let Some(mut cloud) = clouds.remove(name) else {
        let known: Vec<&str> = clouds.keys().map(String::as_str).collect();
        let help = match known.as_slice() {
            [] => "it has no clouds".to_owned(),
            known => format!("it has: {}", known.join(", ")),
        };
        let message = format!("no cloud `{name}` in {}", path.display());
        return Err(Mistake::new(message, help));
    };
    if let Some(secure) = secure(environment, &path) {
        let secrets = entries(read(&secure)?).remove(name);
        lay_over(&mut cloud, secrets.unwrap_or_default());
    }
    let source = format!("cloud `{name}` of {}", path.display());
    Ok(Keys {
        values: flat(cloud, &source)?,
        source,
        variables: false,
    })
}

fn file(environment: &Environment) -> Result<PathBuf, Mistake> {
    let places = environment.places();
    let named = environment.path("OS_CLIENT_CONFIG_FILE");
    named.or_else(|| find(&places, "clouds")).ok_or_else(|| {
        let searched: Vec<String> = (places.iter())
            .map(|folder| folder.display().to_string())
            .collect();
        let message = format!("no clouds.yaml in {}", searched.join(", "));
        let help = "put one there, or name it with OS_CLIENT_CONFIG_FILE";
        Mistake::new(message, help)
    })
}

fn secure(environment: &Environment, clouds: &Path) -> Option<PathBuf> {
    let beside = clouds.parent().map(Path::to_owned);
    let places: Vec<PathBuf> = beside.into_iter().chain(environment.places()).collect();
    let named = environment.path("OS_CLIENT_SECURE_FILE");
    named.or_else(|| find(&places, "secure"))
}

fn find(places: &[PathBuf], name: &str) -> Option<PathBuf> {
    let mut paths = (places.iter())
        .flat_map(|folder| ENDINGS.map(|ending| folder.join(format!("{name}.{ending}"))));
    paths.find(|path| path.is_file())
}

/// What a file says, in texts, lists and tables. Numbers and the like stay as they were written: `0123` is a password too.
/// Mistakes in it are told by their line, never by its text.
fn read(path: &Path) -> Result<Value, Mistake> {
    let unreadable = |why: String| {
        let message = format!("cannot read {}: {why}", path.display());
        Mistake::new(message, "name a file of clouds that can be read")
    };
    let length = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if length.len() > FILE_MAX || !length.is_file() {
        return Err(unreadable("this is no file of clouds".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    parse(&text).map_err(|line| {
        let message = format!("line {line} of {} is not YAML", path.display());
        Mistake::new(message, "check its indentation, quotes and brackets")
    })
}

/// What stands below `clouds`.
fn entries(root: Value) -> Map<String, Value> {
    into_map(into_map(root).remove("clouds").unwrap_or_default())
}

/// The keys that say something; `auth`'s win over those beside it, where openstacksdk takes them from as well.
fn flat(cloud: Value, source: &str) -> Result<BTreeMap<String, String>, Mistake> {
    let mut values = BTreeMap::new();
    let Value::Object(mut beside) = cloud else {
        let message = format!("{source} is no table of keys");
        return Err(Mistake::new(message, "write `auth:` and what is below it"));
    };
    let auth = into_map(beside.remove("auth").unwrap_or_default());
    for (key, node) in beside.into_iter().chain(auth) {
        match node {
            _ if !Keys::is_known(&key) => {}
            Value::String(text) => {
                values.insert(key, text);
            }
            Value::Null => {}
            _ => {
                let message = format!("`{key}` of {source} is not one value");
                return Err(Mistake::new(message, "write a text"));
            }
        }
    }
    Ok(values)
}

/// What is below its keys; nothing where it has none.
fn into_map(node: Value) -> Map<String, Value> {
    match node {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn lay_over(place: &mut Value, over: Value) {
    match (place, over) {
        (_, Value::Null) => {}
        (Value::Object(map), Value::Object(over)) => {
            for (key, node) in over {
                lay_over(map.entry(key).or_insert(Value::Null), node);
            }
        }
        (place, over) => *place = over,
    }
}

/// Takes in what `<<` refers to: it counts where nothing nearer is said.
fn merge(map: &mut Map<String, Value>) {
    let bases = match map.remove("<<") {
        Some(Value::Array(list)) => list,
        base => base.into_iter().collect(),
    };
    for (key, node) in bases.into_iter().flat_map(into_map) {
        map.entry(key).or_insert(node);
    }
}

/// Reads the first document of some YAML; fails with the line where it is wrong.
fn parse(text: &str) -> Result<Value, usize> {
    let mut reading = Reading {
        parser: Parser::new_from_str(text),
        anchors: BTreeMap::new(),
        nodes: 0,
        line: 1,
    };
    loop {
        match reading.event()? {
            Event::StreamEnd => return Ok(Value::Null),
            Event::Nothing | Event::StreamStart | Event::DocumentStart => {}
            event => return reading.node(event, 0),
        }
    }
}

/// A text that is being read.
struct Reading<'a> {
    parser: Parser<Chars<'a>>,
    /// What was given a name, with how many nodes it has.
    anchors: BTreeMap<usize, (Value, usize)>,
    nodes: usize,
    line: usize,
}

impl Reading<'_> {
    fn event(&mut self) -> Result<Event, usize> {
        let (event, mark) = (self.parser.next_token()).map_err(|error| error.marker().line())?;
        self.line = mark.line();
        Ok(event)
    }

    fn node(&mut self, event: Event, depth: usize) -> Result<Value, usize> {
        let before = self.nodes;
        self.nodes += 1;
        // Names that stand for names that stand for names can make a long text of a short one.
        if depth > DEPTH_MAX || self.nodes > NODES_MAX {
            return Err(self.line);
        }
        let (node, anchor) = match event {
            Event::Alias(anchor) => {
                let (node, nodes) = self.anchors.get(&anchor).ok_or(self.line)?;
                self.nodes += nodes;
                return Ok(node.clone());
            }
            Event::Scalar(text, style, anchor, _) => {
                let nothing = matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL");
                let node = match style == TScalarStyle::Plain && nothing {
                    true => Value::Null,
                    false => Value::String(text),
                };
                (node, anchor)
            }
            Event::SequenceStart(anchor, _) => (Value::Array(self.list(depth)?), anchor),
            Event::MappingStart(anchor, _) => (Value::Object(self.map(depth)?), anchor),
            _ => return Err(self.line),
        };
        if anchor > 0 {
            let nodes = self.nodes - before;
            self.anchors.insert(anchor, (node.clone(), nodes));
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Value>, usize> {
        let mut list = Vec::new();
        loop {
            match self.event()? {
                Event::SequenceEnd => return Ok(list),
                event => list.push(self.node(event, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Map<String, Value>, usize> {
        let mut map = Map::new();
        loop {
            let key = match self.event()? {
                Event::MappingEnd => break,
                event => self.node(event, depth + 1)?,
            };
            let event = self.event()?;
            let node = self.node(event, depth + 1)?;
            if let Value::String(key) = key {
                map.insert(key, node);
            }
        }
        merge(&mut map);
        Ok(map)
    }
}
