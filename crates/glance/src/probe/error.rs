//! Why the database or the store of a server cannot be read.

use std::path::{Path, PathBuf};

/// Why the database or the store cannot be read. What is written here can be shown: no credential is part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The database's URL is not understood.
    #[error(
        "the probe's database is no URL that is understood: {0}; write it as Glance's own settings do, \
         for example postgresql://user:password@host/glance"
    )]
    Address(&'static str),
    /// Nothing can be asked of the database.
    #[error("cannot connect to {database}: {why}; check the probe's `database`")]
    Connect {
        /// Which, without credentials.
        database: String,
        /// What was in the way.
        why: String,
    },
    /// The database does not have the tables or columns of an image service.
    #[error(
        "{database} says: {why}; is this Glance's database, and migrated (`glance-manage db_sync`)?"
    )]
    NotGlance {
        /// Which, without credentials.
        database: String,
        /// What is missing.
        why: String,
    },
    /// The database does not let this user read.
    #[error(
        "{database} says: {why}; let the probe's user SELECT from images, image_locations and tasks"
    )]
    Denied {
        /// Which, without credentials.
        database: String,
        /// What it said.
        why: String,
    },
    /// The database answered something that an image service never writes, or an error.
    #[error("{database} cannot be read: {why}")]
    Query {
        /// Which, without credentials.
        database: String,
        /// What it said.
        why: String,
    },
    /// A folder or file of the store cannot be looked at.
    #[error(
        "cannot look at {}: {why}; the probe's `store` and `staging` are folders that this machine can read, mounted \
         where the server has them",
        path.display()
    )]
    Store {
        /// The folder or file.
        path: PathBuf,
        /// What was in the way.
        why: String,
    },
    /// The bucket of the store cannot be listed.
    #[error(
        "cannot list {bucket}: {why}; check the probe's `endpoint`, `region` and keys, which must be allowed s3:ListBucket"
    )]
    Bucket {
        /// Which, without credentials.
        bucket: String,
        /// What was in the way.
        why: String,
    },
}

impl ProbeError {
    pub(super) fn store(path: &Path, why: impl Into<String>) -> ProbeError {
        ProbeError::Store {
            path: path.to_owned(),
            why: why.into(),
        }
    }
}
