//! One image, without its status and its bytes.

use crate::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use stormglass_model::history::SubjectId;

/// An identifier, of an image or of a task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageId(u128);

impl ImageId {
    /// A random identifier of version four.
    pub fn random(bits: u128) -> ImageId {
        ImageId(bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62)
    }

    /// One that is written with its four dashes; none where it is none.
    pub fn parse(text: &str) -> Option<ImageId> {
        let dashes = |(at, byte): (usize, u8)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        if text.len() != 36 || !text.bytes().enumerate().all(dashes) {
            return None;
        }
        let digits = text.bytes().filter(|byte| *byte != b'-');
        let value = digits.filter_map(|byte| char::from(byte).to_digit(16));
        Some(ImageId(
            value.fold(0, |value, digit| value << 4 | u128::from(digit)),
        ))
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ImageId(id) = self;
        let part = |from: u32, digits: u32| (id >> from) & ((1 << (digits * 4)) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            part(96, 8),
            part(80, 4),
            part(64, 4),
            part(48, 4),
            part(0, 12)
        )
    }
}

impl fmt::Debug for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A closed set of words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum $name { $($variant),+ }

        impl $name {
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            pub fn from_name(name: &str) -> Option<$name> {
                match name { $($word => Some($name::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Who may see an image.
    Visibility { Public = "public", Community = "community", Shared = "shared", Private = "private" }
}

words! {
    /// What a project has made of an offer.
    MemberStatus { Pending = "pending", Accepted = "accepted", Rejected = "rejected" }
}

/// A project with which an image is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub status: MemberStatus,
    /// Seconds since 1970.
    pub created: u64,
    pub updated: u64,
}

/// A place where the data of an image lies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Location {
    pub url: String,
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// Whether it is this server's store.
    pub own: bool,
}

/// What is known of the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub size: Option<u64>,
    /// What it would take on a disk, of data that says so.
    pub virtual_size: Option<u64>,
    pub checksum: Option<String>,
    pub hash_algo: Option<String>,
    pub hash_value: Option<String>,
}

/// An image.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub id: ImageId,
    /// What the service calls it.
    pub subject: SubjectId,
    pub name: Option<String>,
    pub owner: Option<String>,
    pub visibility: Visibility,
    pub protected: bool,
    pub hidden: bool,
    pub min_disk: u64,
    pub min_ram: u64,
    pub disk_format: Option<String>,
    pub container_format: Option<String>,
    pub tags: BTreeSet<String>,
    pub properties: BTreeMap<String, String>,
    pub members: BTreeMap<String, Member>,
    pub locations: Vec<Location>,
    pub facts: Facts,
    /// What has become of its last import, if there was one.
    pub import: Option<Import>,
    /// Seconds since 1970.
    pub created: u64,
    pub updated: u64,
    /// The order in which it came, which decides between equal times.
    pub number: u64,
}

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Import {
    Running,
    Done,
    Failed,
}

impl Image {
    /// One of which nothing is said, and which is nobody's.
    pub fn bare() -> Image {
        Image {
            id: ImageId(0),
            subject: SubjectId { number: 0, slot: 0 },
            name: None,
            owner: None,
            visibility: Visibility::Shared,
            protected: false,
            hidden: false,
            min_disk: 0,
            min_ram: 0,
            disk_format: None,
            container_format: None,
            tags: BTreeSet::new(),
            properties: BTreeMap::new(),
            members: BTreeMap::new(),
            locations: Vec::new(),
            facts: Facts::default(),
            import: None,
            created: 0,
            updated: 0,
            number: 0,
        }
    }

    /// Whether data may be brought in, as far as the formats decide that.
    pub fn has_formats(&self) -> Result<(), Refusal> {
        let missing: Vec<&str> = [
            ("disk_format", &self.disk_format),
            ("container_format", &self.container_format),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.is_none().then_some(name))
        .collect();
        let missing = match missing.as_slice() {
            [] => return Ok(()),
            [one] => format!("Property {one}"),
            all => format!("Properties {}", all.join(", ")),
        };
        Err(Refusal::bad(format!(
            "{missing} must be set prior to saving data."
        )))
    }
}

/// What is answered where there is no such image, or none that whoever asks may see.
pub(crate) fn no_image(id: ImageId) -> Refusal {
    Refusal::missing(format!("Failed to find image {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read_as_they_are_written() {
        let text = "0f8fad5b-d9cb-469f-a165-70867728950e";
        assert_eq!(ImageId::parse(text).unwrap().to_string(), text);
        assert_eq!(
            ImageId::random(u128::MAX).to_string(),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
        assert_eq!(
            ImageId::random(0).to_string(),
            "00000000-0000-4000-8000-000000000000"
        );
        for wrong in [
            "",
            "0f8fad5bd9cb469fa16570867728950e",
            "0f8fad5b-d9cb-469f-a165-70867728950g",
            "0f8fad5b-d9cb-469f-a165-7086772895-e",
        ] {
            assert_eq!(ImageId::parse(wrong), None, "{wrong}");
        }
    }
}
