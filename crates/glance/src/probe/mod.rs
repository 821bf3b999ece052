//! Probes: what a real server's image table and store say of the images of a run.
//!
//! Everything here only reads. Of single images it reads those that it is asked for, and of all others no more than how many there are
//! and how much they take. No password is ever shown.

mod address;
mod bucket;
mod database;
mod error;
mod looks;
mod rows;
mod stock;
mod store;
mod table;

pub use error::ProbeError;
pub use stock::Stock;
pub use table::ImageRow;

use crate::answer::ImageId;
use crate::auth::Secret;
use crate::generator::Generator;
use crate::http::Routes;
use crate::target::ProbeTarget;
use database::Database;
use rows::Registry;
use std::time::Duration;
use store::Store;
use stormglass_model::history::ProbeReading;

/// How many images are asked for at once.
const CHUNK: usize = 500;
/// An image that is never there; to ask for it shows whether one can ask.
const NOBODY: [ImageId; 1] = [ImageId([0; 16])];

/// The longest that a reading of all that is asked for may take.
const WHOLE: Duration = Duration::from_secs(60);

/// Waits for a reading no longer than that, and hardly at all once the user wants to stop.
async fn within<T>(
    generator: &Generator,
    reading: impl Future<Output = Result<T, ProbeError>>,
) -> Result<T, ProbeError> {
    let timed = tokio::time::timeout(WHOLE, reading);
    match generator.interruption().hurry(timed).await {
        Some(Ok(read)) => read,
        Some(Err(_)) => Err(ProbeError::TooSlow(WHOLE)),
        None => Err(ProbeError::Interrupted),
    }
}

/// Reads the database and the store of one server. It must run inside a `tokio::task::LocalSet`.
pub struct Probe {
    database: Option<Database>,
    store: Option<Store>,
    generator: Generator,
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Probe").field(&self.describe()).finish()
    }
}

impl Probe {
    /// Connects to what `target` names by `routes`, and makes sure that it is there and can be read. A minute at most.
    pub async fn open(target: &ProbeTarget, routes: &Routes) -> Result<Probe, ProbeError> {
        let url = target.database.as_ref().map(Secret::reveal);
        let mut database = url.map(|url| Database::new(url, routes)).transpose()?;
        let store = Store::of(target, routes)?;
        let reading = async {
            if let Some(database) = &mut database {
                Registry::read(database, &NOBODY).await?;
            }
            if let Some(store) = &store {
                store.look(&NOBODY).await?;
            }
            Ok(())
        };
        within(routes.generator(), reading).await?;
        Ok(Probe {
            database,
            store,
            generator: routes.generator().clone(),
        })
    }

    /// A probe reading of each image, in the order asked. What the server is doing meanwhile may be seen half done: ask at rest. A database
    /// that went away, and may be on its way back, is waited for a little; all of it takes a minute at most.
    pub async fn read(&mut self, images: &[ImageId]) -> Result<Vec<ProbeReading>, ProbeError> {
        let generator = self.generator.clone();
        within(&generator, self.read_unhurried(images)).await
    }

    async fn read_unhurried(
        &mut self,
        images: &[ImageId],
    ) -> Result<Vec<ProbeReading>, ProbeError> {
        let mut reading = Vec::with_capacity(images.len());
        for images in images.chunks(CHUNK) {
            let rows = match &mut self.database {
                Some(database) => Some(Registry::read(database, images).await?),
                None => None,
            };
            let held = match &self.store {
                Some(store) => Some(store.look(images).await?),
                None => None,
            };
            let store_of = |place: &str| self.store.as_ref()?.position(place);
            reading.extend(images.iter().enumerate().map(|(at, &id)| {
                let entry = rows.as_ref().map(|rows| rows.entry(id, store_of));
                let named = entry.as_ref().map(|entry| &entry.stores[..]);
                ProbeReading {
                    row: entry.as_ref().map(|entry| entry.row),
                    data: held.as_ref().map(|held| held[at].of_row(named)),
                    tasks_open: entry.as_ref().map(|entry| entry.tasks_open),
                }
            }));
        }
        Ok(reading)
    }

    /// What the server stores at all, by status; none where no database is probed. A minute at most.
    pub async fn stock(&mut self) -> Result<Option<Vec<Stock>>, ProbeError> {
        let generator = self.generator.clone();
        match &mut self.database {
            Some(database) => Ok(Some(within(&generator, stock::read(database)).await?)),
            None => Ok(None),
        }
    }

    /// The newest hundred thousand rows of the image table; none where no database is probed. A minute at most.
    pub async fn images(&mut self) -> Result<Option<Vec<ImageRow>>, ProbeError> {
        let generator = self.generator.clone();
        match &mut self.database {
            Some(database) => Ok(Some(within(&generator, table::read(database)).await?)),
            None => Ok(None),
        }
    }

    /// What is read, without credentials: `postgresql, file store`.
    pub fn describe(&self) -> String {
        let database = self.database.as_ref().map(Database::kind);
        let store = self.store.as_ref().map(Store::kind);
        let parts: Vec<&str> = database.into_iter().chain(store).collect();
        parts.join(", ")
    }
}
