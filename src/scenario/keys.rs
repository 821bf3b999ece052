//! What a scenario says, key by key, so that results tell how two of them differ.

use super::document::{Entry, Node, Value};
use super::mistake::Source;
use super::secret::shown_value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// Every key with its value, without credentials. What has a `name` goes by it: `story.restore.weight`. Of each file that the
/// scenario refers to, the SHA-256.
pub(super) fn keys(root: &Node, referred: &[Source]) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    add(root, "", &mut keys);
    for Source { name, text } in referred {
        let name = Path::new(name).file_name().unwrap_or_default();
        let digest = Sha256::digest(text);
        let digest = digest.iter().map(|byte| format!("{byte:02x}"));
        keys.insert(format!("file {}", name.display()), digest.collect());
    }
    keys
}

fn add(node: &Node, path: &str, keys: &mut BTreeMap<String, String>) {
    match &node.value {
        Value::Table(entries) => {
            for entry in entries {
                add(&entry.node, &below(path, &entry.key), keys);
            }
        }
        Value::Array(items) => match items.iter().map(name).collect::<Option<Vec<_>>>() {
            Some(names) if !names.is_empty() => {
                for (item, name) in items.iter().zip(names) {
                    let path = below(path, name);
                    add(item, &path, keys);
                    keys.remove(&below(&path, "name"));
                }
            }
            _ => _ = keys.insert(path.to_owned(), shown(path, node)),
        },
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime => _ = keys.insert(path.to_owned(), shown(path, node)),
    }
}

/// Who the clients of a server are: nobody's business but the user's, who wrote it.
const IDENTITY: [&str; 3] = ["user", "project", "roles"];

fn shown(path: &str, node: &Node) -> String {
    let last = path.rsplit('.').next().unwrap_or(path);
    match path.starts_with("target") && IDENTITY.contains(&last) {
        true => "…".to_owned(),
        false => shown_value(path, &text(node)),
    }
}

/// A key in this table, as `--set` takes it.
fn below(path: &str, key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let key = match !key.is_empty() && key.chars().all(bare) {
        true => key.to_owned(),
        false => format!("{key:?}"),
    };
    match path {
        "" => key,
        path => format!("{path}.{key}"),
    }
}

/// What the element of a list is called.
fn name(item: &Node) -> Option<&str> {
    let Value::Table(entries) = &item.value else {
        return None;
    };
    let named = |entry: &&Entry| entry.key == "name";
    match &entries.iter().find(named)?.node.value {
        Value::String(name) => Some(name),
        _ => None,
    }
}

/// A value as TOML writes it; but for texts inside lists, without quotes.
fn text(node: &Node) -> String {
    match &node.value {
        Value::String(text) => text.clone(),
        _ => inner(node),
    }
}

fn inner(node: &Node) -> String {
    match &node.value {
        Value::String(text) => format!("{text:?}"),
        Value::Integer(Some(integer)) => integer.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Boolean(boolean) => boolean.to_string(),
        // No scenario that is read has one.
        Value::Integer(None) | Value::Datetime => String::new(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inner).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(entries) => {
            let entry = |Entry { key, node, .. }: &Entry| format!("{key} = {}", inner(node));
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}
