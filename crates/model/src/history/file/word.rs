//! Values that a line of a history writes as one word.

use crate::history::Seen;
use crate::lifecycle::{Operation, Outcome, Profile, SubjectStatus, Who};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// Eight bytes in hexadecimal digits, since not every reader of JSON holds 64 bits in a number.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Checksum(pub u64);

/// Reads a word as one of the values that are spelt so; `what` is what it should be.
struct Word<F> {
    what: &'static str,
    read: F,
}

impl<T, F: FnOnce(&str) -> Result<T, Vec<&'static str>>> de::Visitor<'_> for Word<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the word for its {}", self.what)
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<T, E> {
        (self.read)(word).map_err(|words| E::custom(unknown(word, self.what, &words)))
    }
}

/// Says what a word is not, and what it may have been meant to be.
fn unknown(word: &str, what: &str, words: &[&str]) -> String {
    let shown: String = word.chars().take(40).collect();
    let near = words
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&shown, known), known))
        .min();
    match near {
        Some((distance, known)) if distance <= 3 => {
            format!("`{shown}` is no {what}; did you mean `{known}`?")
        }
        Some(_) => format!("`{shown}` is no {what}; write {}", words.join(", ")),
        None => format!("`{shown}` is no {what}"),
    }
}

/// Reads one of `all`, of which each has a name.
fn one_of<'de, T: Copy, D: Deserializer<'de>>(
    deserializer: D,
    what: &'static str,
    all: impl Iterator<Item = T> + Clone,
    name: fn(T) -> &'static str,
) -> Result<T, D::Error> {
    let read = |word: &str| {
        let found = all.clone().find(|&value| name(value) == word);
        found.ok_or_else(|| all.clone().map(name).collect())
    };
    deserializer.deserialize_str(Word { what, read })
}

macro_rules! words {
    ($($type:ty: $what:literal;)+) => {
        $(impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                one_of(deserializer, $what, <$type>::ALL.iter().copied(), <$type>::name)
            }
        })+
    };
}

words! {
    Operation: "operation";
    Who: "client";
    Outcome: "outcome";
    SubjectStatus: "status";
    Profile: "profile";
}

fn seen_name(seen: Seen) -> &'static str {
    match seen {
        Seen::Status(status) => status.name(),
        Seen::Gone => "gone",
    }
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(seen_name(*self))
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let statuses = SubjectStatus::ALL.iter().copied().map(Seen::Status);
        let all = statuses.chain([Seen::Gone]);
        one_of(deserializer, "status", all, seen_name)
    }
}

impl Serialize for Checksum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Checksum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Word {
            what: "checksum, which is sixteen hexadecimal digits",
            read: |word: &str| {
                let digits = word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
                let number = u64::from_str_radix(word, 16).ok().filter(|_| digits);
                number.map(Checksum).ok_or_else(Vec::new)
            },
        })
    }
}
