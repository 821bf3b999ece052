//! Values that a line of a history writes as one word.

use crate::history::Seen;
use crate::lifecycle::{Operation, Outcome, Profile, SubjectStatus, Who};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// Eight bytes in hexadecimal digits, since not every reader of JSON holds 64 bits in a number.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Checksum(pub u64);

/// A value that is written as one word.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Word<T>(pub T);

/// What can be a word.
pub(super) trait Spelt: Sized + Copy {
    /// What it is, with its article.
    const WHAT: &'static str;
    fn spell(self) -> Cow<'static, str>;
    fn read(word: &str) -> Option<Self>;
    /// Words for a suggestion.
    fn words() -> Vec<&'static str>;
}

macro_rules! spelt {
    ($($type:ty: $what:literal;)+) => {
        $(impl Spelt for $type {
            const WHAT: &'static str = $what;
            fn spell(self) -> Cow<'static, str> {
                Cow::Borrowed(self.name())
            }
            fn read(word: &str) -> Option<Self> {
                <$type>::from_name(word)
            }
            fn words() -> Vec<&'static str> {
                <$type>::ALL.iter().map(|value| value.name()).collect()
            }
        })+
    };
}

spelt! {
    Operation: "operation";
    Who: "client";
    Outcome: "outcome";
    SubjectStatus: "status";
    Profile: "profile";
}

impl Spelt for Seen {
    const WHAT: &'static str = "status";

    fn spell(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Seen::Status(status) => status.name(),
            Seen::Gone => "gone",
        })
    }

    fn read(word: &str) -> Option<Seen> {
        match word {
            "gone" => Some(Seen::Gone),
            _ => SubjectStatus::from_name(word).map(Seen::Status),
        }
    }

    fn words() -> Vec<&'static str> {
        [SubjectStatus::words(), vec!["gone"]].concat()
    }
}

impl Spelt for Checksum {
    const WHAT: &'static str = "checksum, which is sixteen hexadecimal digits";

    fn spell(self) -> Cow<'static, str> {
        Cow::Owned(format!("{:016x}", self.0))
    }

    fn read(word: &str) -> Option<Checksum> {
        let digits = word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        u64::from_str_radix(word, 16)
            .ok()
            .filter(|_| digits)
            .map(Checksum)
    }

    fn words() -> Vec<&'static str> {
        Vec::new()
    }
}

impl<T: Spelt> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.spell())
    }
}

impl<'de, T: Spelt> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);
        impl<T: Spelt> de::Visitor<'_> for Visitor<T> {
            type Value = Word<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "the word for its {}", T::WHAT)
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Word<T>, E> {
                T::read(word)
                    .map(Word)
                    .ok_or_else(|| E::custom(unknown::<T>(word)))
            }
        }
        deserializer.deserialize_str(Visitor(PhantomData))
    }
}

/// Says what a word is not, and what it may have been meant to be.
fn unknown<T: Spelt>(word: &str) -> String {
    let shown: String = word.chars().take(40).collect();
    let words = T::words();
    let near = words
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&shown, known), known))
        .min();
    match near {
        Some((distance, known)) if distance <= 3 => {
            format!("`{shown}` is no {}; did you mean `{known}`?", T::WHAT)
        }
        Some(_) => format!("`{shown}` is no {}; write {}", T::WHAT, words.join(", ")),
        None => format!("`{shown}` is no {}", T::WHAT),
    }
}
