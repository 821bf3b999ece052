//! What may be shown of a text that somebody else wrote: what can be seen, and no credential that is known by its place.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use std::borrow::Cow;
use std::ops::Range;

/// Whether a character steers a terminal, turns the direction of writing, or cannot be seen at all: controls, separators of lines,
/// and what Unicode calls default-ignorable, with what only marks other text.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
            | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Lines with `·` for every character that is hidden, and without the credentials of URLs.
pub fn printable(text: &str) -> Cow<'_, str> {
    let stays = |c: char| c == '\n' || !is_hidden(c);
    let seen = match text.chars().all(stays) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(
            text.chars()
                .map(|c| match c {
                    '\r' | '\t' => ' ',
                    c if stays(c) => c,
                    _ => '·',
                })
                .collect(),
        ),
    };
    match seen.contains(":/") && seen.contains('@') {
        true => Cow::Owned(without_credentials(&seen)),
        false => seen,
    }
}

/// A text whose URLs have lost `user:password@`.
pub fn without_credentials(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || "\"'`<>|".contains(c) || is_hidden(c);
    let (mut kept, mut from) = (String::with_capacity(text.len()), 0);
    for found in user_infos(text, ends) {
        kept.push_str(&text[from..found.start]);
        from = found.end + 1;
    }
    kept.push_str(&text[from..]);
    kept
}

/// Where `user:password` stands in the URLs of a text, of which each goes on until something `ends` it. A password may hold a slash,
/// as it should not, so that it is all before the last `@` where there is a colon before that. One slash may be missing.
pub fn user_infos(text: &str, ends: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(at) = after_scheme(&text[from..]) {
        let mut start = from + at;
        from = (text[start..].find(&ends)).map_or(text.len(), |length| start + length);
        let Some(end) = text[start..from].rfind('@').map(|at| start + at) else {
            continue;
        };
        // A URL may stand in the path of another.
        loop {
            let url = &text[start..=end];
            let authority = &url[..url.find(['/', '?', '#']).unwrap_or(url.len())];
            if authority.contains(['@', ':']) {
                found.push(start..end);
                break;
            }
            match after_scheme(url) {
                Some(at) => start += at,
                None => break,
            }
        }
    }
    found
}

/// Where what follows the first `://` or `:/` begins.
fn after_scheme(text: &str) -> Option<usize> {
    let rest = &text[text.find(":/")?..];
    let rest = rest.strip_prefix("://").or(rest.strip_prefix(":/"))?;
    Some(text.len() - rest.len())
}

/// What a key ends with that names a credential.
const CREDENTIALS: [&str; 13] = [
    "token",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "database",
    "key",
    "apikey",
    "credential",
    "credentials",
    "pwd",
    "pass",
];

/// Whether what stands under this key is a credential: `admin_token`, also where it is misspelt.
pub fn names_credential(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let mut words = key
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let whole: String = words.clone().collect();
    let word = words.next_back().unwrap_or_default();
    CREDENTIALS.iter().any(|credential| {
        // One slip, so that `tokn` counts; none for what is so short that it would be another word, two for what is long.
        let slips = match credential.len() {
            ..=4 => 0,
            5..=7 => 1,
            _ => 2,
        };
        whole.ends_with(credential) || strsim::damerau_levenshtein(word, credential) <= slips
    })
}

/// A text without the words that a shell's command takes for credentials: `-pX`, `--password=X`, `TOKEN=X`, `user:X@`.
pub fn without_those_of(command: &str, text: &str) -> String {
    let mut text = without_credentials(text);
    for secret in credentials_of(command).filter(|secret| secret.len() > 2) {
        text = text.replace(secret, "…");
    }
    text
}

/// Whether a shell's command holds what may be a credential: a word that speaks of one, or is more than a name, a path, an option or
/// a variable. It rather is too many than too few; what looks like a name is not known to be one.
pub fn holds_credential(command: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_./$~*!?[]{},".contains(c);
    let odd = |word: &str| {
        let is_random = word.len() >= RANDOM
            && word.contains(|c: char| c.is_ascii_digit())
            && word.chars().all(char::is_alphanumeric);
        is_random || !word.chars().all(plain) || word.starts_with("-p") || word.starts_with("-u")
    };
    let mut parts = command.split(|c: char| !c.is_alphanumeric() && c != '_');
    words_of(command).any(odd) || parts.any(names_credential)
}

/// Letters of a word with digits that is more likely random than a name.
const RANDOM: usize = 12;

/// The words of a shell's command.
fn words_of(command: &str) -> impl Iterator<Item = &str> {
    let splits = |c: char| c.is_whitespace() || "'\"`;|&<>()".contains(c);
    command.split(splits).filter(|word| !word.is_empty())
}

/// What a shell's command takes for credentials, but for those of URLs.
fn credentials_of(command: &str) -> impl Iterator<Item = &str> {
    words_of(command)
        .scan(false, |follows, word| {
            let secret = match word.split_once('=') {
                Some((key, value)) if names_credential(key) => Some(value),
                _ if *follows => Some(word),
                _ => (word.strip_prefix("-p").or(word.strip_prefix("-u")))
                    .filter(|it| !it.is_empty()),
            };
            let announces = word.starts_with('-') || word.ends_with([':', '=']);
            *follows = announces && names_credential(word);
            Some(secret.filter(|secret| !secret.is_empty()))
        })
        .flatten()
}

/// A text without a secret, as it is or as a server may have written it: in hex, in base64 at any offset, percent-encoded.
pub(crate) fn redacted(text: &str, secret: &str) -> String {
    let mut text = text.to_owned();
    for form in forms(secret) {
        if text.contains(&form) {
            text = text.replace(&form, "");
        }
    }
    text
}

/// How a secret may be written.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent = |all: bool, upper: bool| -> String {
        let one = |&byte: &u8| match (
            all || !byte.is_ascii_alphanumeric() && !b"-_.~".contains(&byte),
            upper,
        ) {
            (false, _) => char::from(byte).to_string(),
            (true, true) => format!("%{byte:02X}"),
            (true, false) => format!("%{byte:02x}"),
        };
        bytes.iter().map(one).collect()
    };
    let in_json = secret.replace('/', "\\/");
    let mut forms = vec![secret.to_owned(), in_json, hex.to_ascii_uppercase(), hex];
    for all in [false, true] {
        forms.extend([percent(all, true), percent(all, false)]);
    }
    // What stands before it shifts it by 0, 1 or 2 bytes; the letters at its ends are its neighbours' as well.
    for shift in 0..3 {
        let shifted: Vec<u8> = vec![0; shift]
            .into_iter()
            .chain(bytes.iter().copied())
            .collect();
        for engine in [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD] {
            let text = engine.encode(&shifted);
            let whole = &text[(shift * 8).div_ceil(6)..(shifted.len() * 8) / 6];
            forms.push(whole.to_owned());
        }
    }
    // A form of a few letters would be found anywhere.
    forms.retain(|form| form.len() >= 4 || form == secret);
    forms.retain(|form| !form.is_empty());
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_a_dot() {
        let text = "a\u{1b}[2J\u{9b}b\u{202e}c\u{200b}d\u{7f}\u{e0041}\u{ad}\u{2066}\u{fe0f}\r\te\nf é ✓ 日本";
        assert_eq!(printable(text), "a·[2J·b·c·d·····  e\nf é ✓ 日本");
        assert!(matches!(printable("plain\ntext ✓"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_url_loses_its_credentials_however_odd_they_are() {
        for (url, expected) in [
            ("http://me:secret@host/a@b", "http://b"),
            ("http://me@host/a", "http://host/a"),
            ("at http://me:se/cret@host: no", "at http://host: no"),
            ("x://a:b@c y://d:e@f", "x://c y://f"),
            ("http://host/a@b", "http://host/a@b"),
            ("me@host", "me@host"),
            ("http://host:80/", "http://host:80/"),
            ("http://a/http://b:c@d/e", "http://a/http://d/e"),
            ("http:/b:c@d/e", "http:/d/e"),
        ] {
            assert_eq!(without_credentials(url), expected, "{url}");
        }
    }

    #[test]
    fn a_misspelt_credential_is_one() {
        for key in [
            "token",
            "tokne",
            "toke",
            "admin_tokn",
            "PASSWORD",
            "OS_PASSWORD",
            "pasword",
            "secrt",
            "databse",
            "secret_key",
            "api-key",
            "--password",
            "password:",
            "apiKey",
            "x.token",
            "databasee",
        ] {
            assert!(names_credential(key), "{key}");
        }
        for key in [
            "timeout",
            "token_env",
            "users",
            "name",
            "rate",
            "weight",
            "steps",
            "url",
            "cloud",
            "store",
            "run",
            "kind",
            "",
        ] {
            assert!(!names_credential(key), "{key}");
        }
    }

    #[test]
    fn the_credentials_of_a_command_are_not_repeated() {
        let hidden = |command, text| without_those_of(command, text);
        assert_eq!(hidden("mysql -phunter2 x", "denied: hunter2"), "denied: …");
        assert_eq!(hidden("TOKEN='hunter2' x", "no hunter2"), "no …");
        assert_eq!(hidden("x --password hunter2", "no hunter2"), "no …");
        assert_eq!(
            hidden("curl -H 'X-Auth-Token: hunter2'", "no hunter2"),
            "no …"
        );
        assert_eq!(hidden("echo no way", "no way"), "no way");
    }

    #[test]
    fn a_command_with_a_credential_is_known() {
        for command in [
            "mysql -phunter2 x",
            "TOKEN='hunter2' x",
            "x --password hunter2",
            "curl -H 'X-Auth-Token: hunter2'",
            r#"curl -d '{"password":"hunter2"}' http://127.0.0.1"#,
            "psql postgres://me:hunter2@db/glance",
            "mysql -p'hunter2'",
            "curl -u me:hunter2 x",
            "curl --user me:hunter2 x",
            "./undo 7f3a9c0de1b24",
            "AUTH=hunter2 ./undo",
        ] {
            assert!(holds_credential(command), "{command}");
        }
        for command in [
            "systemctl start glance-api",
            "echo undone >>log",
            "mv $STORE/away/$STORMGLASS_IMAGE $STORE/",
            "./fault undo kill-api",
            "ssh glance1 systemctl start glance-api",
            "while [ ! -e go ]; do sleep 0.02; done; kill -9 $(cat /run/glance.pid) >&2",
        ] {
            assert!(!holds_credential(command), "{command}");
        }
    }

    #[test]
    fn a_secret_is_found_in_every_dress() {
        let secret = "se/cret+9";
        for before in ["", "a", "ab", "abc"] {
            let text = BASE64_STANDARD_NO_PAD.encode(format!("{before}{secret}xyz"));
            let left = redacted(&text, secret);
            assert!(left.len() + 10 <= text.len(), "{text} {left}");
        }
        for text in [
            "<se/cret+9>",
            "<73652f637265742b39>",
            "<se%2Fcret%2B9>",
            "<se%2fcret%2b9>",
        ] {
            assert_eq!(redacted(text, secret), "<>", "{text}");
        }
    }
}
