//! Probes: what a real server's own books say of the images of a run, its image table and its store.
//!
//! Everything here only reads, and only the images it is asked for. No password is ever shown.

mod address;
mod bucket;
mod database;
mod rows;
mod store;

use crate::ImageId;
use crate::ProbeTarget;
use database::Database;
use rows::Registry;
use std::path::{Path, PathBuf};
use store::Store;
use stormglass_model::history::ProbeReading;

/// How many images are asked for at once.
const CHUNK: usize = 500;
/// An image that is never there; to ask for it shows whether one can ask.
const NOBODY: [ImageId; 1] = [ImageId([0; 16])];

/// Why the books cannot be read. What is written here can be shown: no credential is part of it.
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
        /// Which.
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
    fn store(path: &Path, why: impl Into<String>) -> ProbeError {
        ProbeError::Store {
            path: path.to_owned(),
            why: why.into(),
        }
    }
}

/// Reads the books of one server. It must run inside a `tokio::task::LocalSet`.
pub struct Probe {
    database: Option<Database>,
    store: Option<Store>,
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Probe").field(&self.describe()).finish()
    }
}

impl Probe {
    /// Connects to what `target` names, and makes sure that it is there and can be read.
    pub async fn open(target: &ProbeTarget) -> Result<Probe, ProbeError> {
        let mut database = target.database.as_deref().map(Database::new).transpose()?;
        if let Some(database) = &mut database {
            Registry::read(database, &NOBODY).await?;
        }
        let store = Store::of(target)?;
        if let Some(store) = &store {
            store.look(&NOBODY).await?;
        }
        Ok(Probe { database, store })
    }

    /// The books of each image, in the order asked. What the server is doing meanwhile may be seen half done: ask at rest. A database
    /// that went away, and may be on its way back, is waited for a little.
    pub async fn books(&mut self, images: &[ImageId]) -> Result<Vec<ProbeReading>, ProbeError> {
        let mut books = Vec::with_capacity(images.len());
        for images in images.chunks(CHUNK) {
            let rows = match &mut self.database {
                Some(database) => Some(Registry::read(database, images).await?),
                None => None,
            };
            let held = match &self.store {
                Some(store) => Some(store.look(images).await?),
                None => None,
            };
            let in_store = |place: &str| self.store.as_ref().is_some_and(|it| it.has(place));
            books.extend(images.iter().enumerate().map(|(at, &id)| {
                let entry = rows.as_ref().map(|rows| rows.entry(id, in_store));
                let (row, tasks_open) = entry.unzip();
                ProbeReading {
                    row,
                    data: held.as_ref().map(|held| held[at]),
                    tasks_open,
                }
            }));
        }
        Ok(books)
    }

    /// What is read, without credentials: `postgresql, file store`.
    pub fn describe(&self) -> String {
        let database = self.database.as_ref().map(Database::kind);
        let store = self.store.as_ref().map(Store::kind);
        let parts: Vec<&str> = database.into_iter().chain(store).collect();
        parts.join(", ")
    }
}
