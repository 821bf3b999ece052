//! Credentials in the text of a scenario: never on a command line, never in a message.

use super::document::{Entry, Node, Value};
use super::mistake::{Mistake, Source, Spot};
use std::collections::BTreeMap;
use stormglass_glance::shown::{names_credential, user_infos, without_credentials};

/// Keys of a target under which no credential stands. Any other, and so one that is misspelt, may be one.
const PLAIN: [&str; 24] = [
    "schema",
    "url",
    "cloud",
    "admin_cloud",
    "reader_cloud",
    "stranger_cloud",
    "other_project_cloud",
    "stranger_project",
    "ca",
    "insecure_endpoint",
    "timeout",
    "connections",
    "location",
    "delayed_delete",
    "too_large",
    "store",
    "staging",
    "endpoint",
    "region",
    "damages_data",
    "user",
    "project",
    "roles",
    "embedded",
];

/// The last part of a key, without quotes.
fn last(key: &str) -> &str {
    let last = key.rsplit('.').next().unwrap_or(key).trim();
    last.trim_matches(['"', '\''])
}

/// Whether what is written under this key is a credential, or may be one: in a command, or where a variable that holds it should be
/// named.
fn is_secret(key: &str) -> bool {
    let key = last(key);
    names_credential(key.strip_suffix("_env").unwrap_or(key)) || ["run", "undo"].contains(&key)
}

/// `KEY=VALUE` of a `--set` as it may be repeated: of a target only what is plain, and a variable's name.
pub fn repeatable(setting: &str) -> String {
    let Some((key, value)) = setting.split_once('=') else {
        return setting.to_owned();
    };
    let key = key.trim_end();
    format!("{key}={}", shown_value(key, value))
}

/// The value of a key as it may be shown; `…` for what may be a credential.
pub(super) fn shown_value(key: &str, value: &str) -> String {
    let of_target = key.trim_start_matches(['"', '\'']).starts_with("target");
    let is_plain = PLAIN.contains(&last(key)) && !value.contains('{') || key.ends_with("_env");
    let speaks = value.split(|c: char| !c.is_alphanumeric() && c != '_');
    match of_target && !is_plain
        || names_credential(last(key))
        || speaks.into_iter().any(names_credential)
    {
        true => "…".to_owned(),
        false => without_credentials(value),
    }
}

/// Refuses a credential that the `--set` with this number brought in: everybody can see the arguments of a process.
pub(super) fn refuse(root: &Node, source: usize) -> Option<Mistake> {
    let credentials = credentials(root);
    let mut from_there = credentials
        .iter()
        .filter(|it| it.node.spot.source == source);
    let Entry { key, spot, .. } = from_there.next()?;
    let message = format!("`{key}` is a credential, and everybody can see a command line");
    let help = format!("write `{key}_env = \"NAME\"` in the scenario, and export it as NAME");
    Some(Mistake::new(*spot, message, help))
}

/// Every credential, in order.
fn credentials(node: &Node) -> Vec<&Entry> {
    match &node.value {
        Value::Table(entries) => (entries.iter())
            .flat_map(|entry| {
                let mine = names_credential(&entry.key).then_some(entry).into_iter();
                mine.chain(credentials(&entry.node))
            })
            .collect(),
        Value::Array(items) => (items.iter()).flat_map(credentials).collect(),
        _ => Vec::new(),
    }
}

/// What is known of the texts.
pub(super) enum Known<'a> {
    /// What was read, and where else a credential may stand.
    Read(&'a Node, Vec<Spot>),
    /// Nothing: brackets or quotes are broken.
    Broken,
}

/// Makes every credential unreadable, in the texts and in what is said of them.
pub(super) fn hide(sources: &mut [Source], mistakes: &mut [Mistake], known: &Known) {
    let mut read = BTreeMap::new();
    // What was read says exactly where a credential stands, over several lines as well.
    if let Known::Read(root, hidden) = known {
        secrets(root, false, &mut read);
        hidden.iter().for_each(|&spot| note(spot, &mut read));
    }
    let is_broken = matches!(known, Known::Broken);
    for (index, source) in sources.iter_mut().enumerate() {
        let mut stretches = read.remove(&index).unwrap_or_default();
        unread(&source.text, is_broken, index, &mut stretches);
        for mistake in mistakes.iter_mut() {
            for sentence in [&mut mistake.message, &mut mistake.help] {
                let secrets =
                    (stretches.iter()).filter_map(|&(from, to)| source.text.get(from..to));
                *sentence = silenced(sentence, secrets);
            }
        }
        source.text = blackened(&source.text, &stretches);
    }
}

/// A sentence without the credentials that it quotes.
fn silenced<'a>(sentence: &str, secrets: impl Iterator<Item = &'a str>) -> String {
    let mut silenced = sentence.to_owned();
    for secret in secrets.map(|secret| secret.trim().trim_matches(['"', '\''])) {
        // What stood before a second `=`, or a space, may be quoted alone.
        for secret in [secret, secret.split(['=', ' ']).next().unwrap_or_default()] {
            match secret.len() {
                0 => {}
                // So short that words may hold it.
                1..8 => silenced = silenced.replace(&format!("`{secret}`"), "`…`"),
                _ => silenced = silenced.replace(secret, "…"),
            }
        }
    }
    without_credentials(&silenced)
}

/// Adds where credentials stand in a text of which not all was read.
fn unread(text: &str, is_broken: bool, source: usize, stretches: &mut Vec<(usize, usize)>) {
    // What was not read, since it is wrong, is blackened to the end of its line, and to where the next key begins.
    let is_broken = is_broken || source > 0;
    let starts_there = source > 0 && text.trim_start().starts_with("target");
    let (mut at, mut in_target, mut open) = (0, starts_there, false);
    for line in text.split_inclusive('\n') {
        let end = at + line.trim_end().len();
        let start = line.trim_start();
        if start.starts_with('[') && !open || start.starts_with("[target") {
            in_target = start.trim_start_matches('[').starts_with("target");
        }
        let begins_key = |line: &str| {
            let key = line.split(['=', ' ']).next().unwrap_or_default();
            !key.is_empty()
                && key
                    .chars()
                    .all(|c| c.is_alphanumeric() || "_-.".contains(c))
                && line.contains('=')
        };
        open &= is_broken && !start.starts_with('[') && !begins_key(start);
        let value = match open {
            true => Some(0),
            false => secret_value(line, is_broken, is_broken && in_target),
        };
        if let Some(from) = value {
            stretches.push((at + from, end));
            open = is_broken;
        }
        let of_urls = user_infos(line, |c| "\"' \n".contains(c)).into_iter();
        stretches.extend(of_urls.map(|it| (at + it.start, at + it.end)));
        at += line.len();
    }
}

/// Stretches of each text, by its number.
type Stretches = BTreeMap<usize, Vec<(usize, usize)>>;

fn note(spot: Spot, stretches: &mut Stretches) {
    let Spot { source, start, end } = spot;
    stretches.entry(source).or_default().push((start, end));
}

/// Where what was read as a secret stands. `hidden`: all that it holds is one, since of `token.x = …` only the key is where the table
/// stands.
fn secrets(node: &Node, hidden: bool, stretches: &mut Stretches) {
    if hidden {
        note(node.spot, stretches);
    }
    match &node.value {
        Value::Table(entries) => (entries.iter()).for_each(|Entry { key, node, .. }| {
            secrets(node, hidden || is_secret(key), stretches);
        }),
        Value::Array(items) => {
            (items.iter()).for_each(|item| secrets(item, hidden, stretches));
        }
        _ => {}
    }
}

/// The text with these stretches blackened, byte for byte, so that places in it stay where they are.
fn blackened(text: &str, stretches: &[(usize, usize)]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for &(from, to) in stretches {
        let stretch = bytes.get_mut(from..to).unwrap_or_default();
        let letters = stretch.iter_mut().filter(|byte| !b"\n\"'".contains(byte));
        letters.for_each(|byte| *byte = b'*');
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// Where the value of the first credential of a line begins. In a text that is `broken`, it may follow a colon or nothing but a
/// space; `in_target`, what no known key stands before is one.
fn secret_value(line: &str, broken: bool, in_target: bool) -> Option<usize> {
    let separates = |c: char| c == '=' || broken && (c == ':' || c.is_whitespace());
    // The last word, and whether a space has ended it.
    let (mut word, mut is_over) = (0..0, true);
    for (at, c) in line.char_indices() {
        // A space after a space says nothing new of the word.
        if separates(c) && !(is_over && c.is_whitespace()) {
            let word = &line[word.clone()];
            let of_target = in_target && c == '=' || word.starts_with("target.");
            let key = end_of(word);
            let is_unknown = of_target && !PLAIN.contains(&last(key));
            if is_secret(key) || broken && is_unknown && !word.is_empty() {
                let value =
                    line[at..].trim_start_matches(|c: char| separates(c) || c.is_whitespace());
                return (!value.is_empty()).then_some(line.len() - value.len());
            }
        }
        let next = at + c.len_utf8();
        if c.is_whitespace() {
            is_over = true;
        } else if "{,".contains(c) {
            (word, is_over) = (next..next, false);
        } else {
            let start = if is_over { at } else { word.start };
            (word, is_over) = (start..next, false);
        }
    }
    None
}

/// As much of a word as a key may be long, so that a long line takes time by its length.
fn end_of(word: &str) -> &str {
    const LONGEST: usize = 128;
    let from = word.char_indices().nth_back(LONGEST - 1);
    &word[from.map_or(0, |(at, _)| at)..]
}
