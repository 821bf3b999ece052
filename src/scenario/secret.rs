//! Credentials in the text of a scenario: never on a command line, never in a message.

use super::document::{Entry, Node, Value};
use super::mistake::{Mistake, Source, Spot};
use std::collections::BTreeMap;

/// Whether what is written under this key, as it stands in a text, is a credential.
fn is_secret(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key).trim();
    let last = last.trim_matches(['"', '\'']);
    let word = last.rsplit('_').next().unwrap_or(last);
    ["token", "password", "secret", "database", "key"].contains(&word)
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
                let mine = is_secret(&entry.key).then_some(entry).into_iter();
                mine.chain(credentials(&entry.node))
            })
            .collect(),
        Value::Array(items) => (items.iter()).flat_map(credentials).collect(),
        _ => Vec::new(),
    }
}

/// Makes every credential unreadable, in the texts and in what is said of them.
pub(super) fn hide(sources: &mut [Source], mistakes: &mut [Mistake], root: &Node) {
    // What was read says exactly where a credential stands, over several lines as well.
    let mut read: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for Spot { source, start, end } in credentials(root).iter().map(|it| it.node.spot) {
        read.entry(source).or_default().push((start, end));
    }
    for (index, source) in sources.iter_mut().enumerate() {
        let stretches = stretches(&source.text, read.remove(&index).unwrap_or_default());
        for mistake in mistakes.iter_mut() {
            for sentence in [&mut mistake.message, &mut mistake.help] {
                let secrets = stretches
                    .iter()
                    .filter_map(|&(from, to)| source.text.get(from..to));
                *sentence = silenced(sentence, secrets);
            }
        }
        source.text = blackened(&source.text, &stretches);
    }
}

/// A sentence without the credentials that it quotes.
fn silenced<'a>(sentence: &str, secrets: impl Iterator<Item = &'a str>) -> String {
    let mut silenced = sentence.to_owned();
    for secret in secrets.map(|secret| secret.trim_matches(['"', '\''])) {
        silenced = silenced.replace(&format!("`{secret}`"), "`…`");
        silenced = silenced.replace(&format!("`\"{secret}\"`"), "`\"…\"`");
    }
    if let Some((from, to)) = user_info(&silenced) {
        silenced.replace_range(from..to, "…");
    }
    silenced
}

/// Where credentials stand in a text: those that were read, and others.
fn stretches(text: &str, mut stretches: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    // What was not read, since it is wrong, is blackened to the end of its line.
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let value = secret_value(line).map(|from| (from, line.trim_end().len()));
        let found = value.into_iter().chain(user_info(line));
        stretches.extend(found.map(|(from, to)| (at + from, at + to)));
        at += line.len();
    }
    stretches
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

/// Where the value of the first credential of a line begins.
fn secret_value(line: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(equals) = line[from..].find('=').map(|at| from + at) {
        let key = line[..equals].trim_end();
        let word = key
            .rsplit(|c: char| c.is_whitespace() || "{,".contains(c))
            .next();
        if word.is_some_and(is_secret) {
            let value = &line[equals + 1..];
            return Some(equals + 1 + value.len() - value.trim_start().len());
        }
        from = equals + 1;
    }
    None
}

/// Where `user:password` stands in a URL.
fn user_info(line: &str) -> Option<(usize, usize)> {
    let from = line.find("://")? + 3;
    let rest = &line[from..];
    let end = rest.find(['/', '"', '\'', ' ', '\n']).unwrap_or(rest.len());
    rest[..end].rfind('@').map(|at| (from, from + at))
}
