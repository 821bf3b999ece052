//! Credentials in the text of a scenario: never on a command line, never in a message.

use super::document::{Node, Value};
use super::mistake::Mistake;

/// Whether what is written under this key is a credential.
fn is_secret(key: &str) -> bool {
    let key = key.trim().trim_matches(['"', '\'']);
    let key = key.rsplit('.').next().unwrap_or(key).trim();
    let key = key.trim_matches(['"', '\'']);
    ["token", "password", "secret", "database"].contains(&key)
        || ["_token", "_password", "_secret"]
            .iter()
            .any(|end| key.ends_with(end))
}

/// Refuses a credential in the text of a `--set`: the arguments of a process are there for everybody to see.
pub(super) fn refuse(setting: &str, set: &Node, source: usize) -> Option<Mistake> {
    let key = setting.split_once('=').map_or(setting, |(key, _)| key);
    let secret = match is_secret(key) {
        true => Some(last_of(key)),
        false => within(set, source),
    }?;
    let message = format!("`{secret}` is a credential, and everybody can see a command line");
    let help = format!("write `{secret}_env = \"NAME\"` in the scenario, and export it as NAME");
    let at = super::document::Spot {
        source,
        start: 0,
        end: key.len(),
    };
    Some(Mistake::new(at, message, help))
}

fn last_of(key: &str) -> &str {
    let last = key.rsplit('.').next().unwrap_or(key);
    last.trim().trim_matches(['"', '\''])
}

/// The first credential that this source brought into the tree.
fn within(node: &Node, source: usize) -> Option<&str> {
    match &node.value {
        Value::Table(entries) => entries.iter().find_map(|entry| {
            let mine = entry.node.spot.source == source && is_secret(&entry.key);
            match mine {
                true => Some(entry.key.as_str()),
                false => within(&entry.node, source),
            }
        }),
        Value::Array(items) => items.iter().find_map(|item| within(item, source)),
        _ => None,
    }
}

/// The text with every credential blackened, byte for byte, so that places in it stay where they are.
pub(super) fn blackened(text: &str, root: Option<(&Node, usize)>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut black = |from: usize, to: usize| {
        if let Some(stretch) = bytes.get_mut(from..to) {
            stretch
                .iter_mut()
                .filter(|byte| **byte != b'\n')
                .for_each(|byte| *byte = b'*');
        }
    };
    // What was read says exactly where a credential stands, over several lines as well.
    if let Some((node, source)) = root {
        let mut spots = Vec::new();
        gather(node, source, &mut spots);
        spots.into_iter().for_each(|(from, to)| black(from, to));
    }
    // What was not read, since it is wrong, is blackened to the end of its line.
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(from) = secret_value(line) {
            black(at + from, at + line.trim_end().len());
        }
        if let Some((from, to)) = user_info(line) {
            black(at + from, at + to);
        }
        at += line.len();
    }
    String::from_utf8(bytes).unwrap_or_default()
}

fn gather(node: &Node, source: usize, spots: &mut Vec<(usize, usize)>) {
    match &node.value {
        Value::Table(entries) => {
            for entry in entries {
                let spot = entry.node.spot;
                if is_secret(&entry.key) && spot.source == source {
                    spots.push((spot.start, spot.end));
                }
                gather(&entry.node, source, spots);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, source, spots)),
        _ => {}
    }
}

/// Where the value of the first credential of a line begins.
fn secret_value(line: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(equals) = line[from..].find('=').map(|at| from + at) {
        let key = line[..equals].trim_end();
        let start = key.rfind(|c: char| c.is_whitespace() || "{,".contains(c));
        if is_secret(&key[start.map_or(0, |at| at + 1)..]) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_blackened_wherever_they_stand() {
        let check = |text: &str| {
            let root = super::super::document::parse(text).root;
            for black in [blackened(text, None), blackened(text, Some((&root, 0)))] {
                assert_eq!(black.len(), text.len());
                assert!(!black.contains("swordfish"), "{black}");
            }
        };
        check("token = \"swordfish\"");
        check("admin_token=swordfish\nseed = 1");
        check("target = { glance = { \"token\" = 'swordfish', url = 5 } }");
        check("target.glance.token = \"swordfish");
        check("[target.glance.probe]\ndatabase = \"postgresql://me:swordfish@host/glance\"");
        check("url = \"http://me:swordfish@host\" # é");
        let kept = "token_env = \"MEMBER\"\nname = \"token\"\nurl = \"http://host/@x\"";
        assert_eq!(blackened(kept, None), kept);
        let long = "token = \"\"\"\nswordfish\n\"\"\"\nseed = 5";
        let root = super::super::document::parse(long).root;
        let black = blackened(long, Some((&root, 0)));
        assert!(
            !black.contains("swordfish") && black.ends_with("seed = 5"),
            "{black}"
        );
    }
}
