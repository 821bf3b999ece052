//! Why the database or the store of a server cannot be read.

use crate::generator::LocalFailure;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why the database or the store cannot be read: which of them, without credentials, and why. All of it can be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The database's URL is not understood.
    #[error(
        "the probe's database is no URL that is understood: {0}; write it as Glance's own settings do, \
         for example postgresql://user:password@host/glance"
    )]
    Address(&'static str),
    /// Something failed on this machine.
    #[error("the probe failed on this machine: {0}")]
    Local(LocalFailure),
    /// A reading took too long.
    #[error("the probe did not end within {0:?}: the database or the store is too slow")]
    TooSlow(Duration),
    /// The user wanted to stop before it ended.
    #[error("the probe was interrupted")]
    Interrupted,
    /// Nothing can be asked of the database.
    #[error("cannot connect to {0}: {1}; check the probe's `database`")]
    Connect(String, String),
    /// The database does not have the tables or columns of an image service.
    #[error("{0} says: {1}; is this Glance's database, and migrated (`glance-manage db_sync`)?")]
    NotGlance(String, String),
    /// The database does not let this user read.
    #[error("{0} says: {1}; let the probe's user SELECT from images, image_locations and tasks")]
    Denied(String, String),
    /// The database answered something that an image service never writes, or an error.
    #[error("{0} cannot be read: {1}")]
    Query(String, String),
    /// A folder or file of the store cannot be looked at.
    #[error(
        "cannot look at {path}: {1}; the probe's `store` and `staging` are folders that this machine can read, mounted \
         where the server has them",
        path = .0.display()
    )]
    Store(PathBuf, String),
    /// The bucket of the store cannot be listed.
    #[error(
        "cannot list {0}: {1}; check the probe's `endpoint`, `region` and keys, which must be allowed s3:ListBucket"
    )]
    Bucket(String, String),
}

impl ProbeError {
    pub(super) fn store(path: &Path, why: impl Into<String>) -> ProbeError {
        ProbeError::Store(path.to_owned(), why.into())
    }
}

/// One row of a database, each cell as text or null.
pub(super) type Cells = Vec<Option<String>>;

/// What is wrong with a database's answer: which error of a probe it is, once the database's name is known, and why.
pub(super) enum DatabaseError {
    Server(fn(String, String) -> ProbeError, String),
    /// It could not be asked, since something failed on this machine.
    Local(LocalFailure),
}

impl DatabaseError {
    /// No answer came, and this is why.
    pub(super) fn unanswered(why: String, error: &(dyn std::error::Error + 'static)) -> Self {
        match LocalFailure::of("cannot ask the database", error) {
            Some(failure) => DatabaseError::Local(failure),
            None => DatabaseError::Server(ProbeError::Connect, why),
        }
    }
}
