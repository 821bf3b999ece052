//! Names of images, projects and clients as keyed hashes: what a log says of a person never gets further than the line it stands in.

use std::hash::{BuildHasher, RandomState};

/// Stands for a name. Two of one run are equal if the names are; of another run they say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u64);

/// Makes keys under a secret that is drawn anew for each run, is kept nowhere, and decides nothing that is written.
#[derive(Clone, Debug, Default)]
pub struct Keys(RandomState);

impl Keys {
    /// The key of a name.
    pub fn of(&self, name: &str) -> Key {
        Key(self.0.hash_one(name))
    }

    /// The key of an image, which some logs write without hyphens or in capitals.
    pub fn of_image(&self, id: &str) -> Key {
        match id
            .bytes()
            .any(|byte| byte == b'-' || byte.is_ascii_uppercase())
        {
            false => self.of(id),
            true => self.of(&id.replace('-', "").to_ascii_lowercase()),
        }
    }
}
