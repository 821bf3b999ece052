//! From what an operator has to a scenario: logs, notifications and histories in; stories, sizes, arrivals and how long operations
//! take out.
//!
//! Lines become requests (`line`), requests of many files one sequence (`reading`), the sequence lives of images (`lives`), and lives
//! stories (`stories`). What is private, names of images, projects and clients, is a keyed hash from the line on (`key`), and nothing that
//! is written holds one.

mod arrivals;
mod event;
mod history;
mod input;
mod key;
mod learned;
mod levels;
mod life;
mod line;
mod lives;
mod reading;
mod request;
mod rivals;
mod screen;
mod stories;
mod table;
mod text;

pub use learned::Learned;
pub use levels::{LEVELS, LEVELS_HEAD, RATES, RATES_HEAD};
pub use rivals::{RIVALS, RIVALS_HEAD};
pub use screen::text as screen;
pub use table::Table;
pub use text::{Draft, Replay, Wanted};

use input::{Kind, OpenError, Source};
use key::Keys;
use lives::Lives;
use reading::Reading;
use std::path::PathBuf;
use stormglass_model::history::file::ReadError;

/// Why files say nothing.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// One of them cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A history is none, or was altered.
    #[error("{0}: {1}")]
    History(String, ReadError),
}

/// Reads files, in any order and of any format.
pub fn learn(paths: &[PathBuf]) -> Result<Learned, LearnError> {
    let keys = Keys::default();
    let mut lives = Lives::default();
    let (mut logs, mut subjects) = (Vec::new(), 0);
    for path in paths {
        let source = Source::new(path, &keys)?;
        match source.kind {
            Kind::Log => logs.push(source),
            Kind::History => {
                let name = source.name.clone();
                let read = history::read(source.open()?, &mut lives);
                subjects += read.map_err(|error| LearnError::History(name, error))?;
            }
        }
    }
    let mut reading = Reading::new(input::logs(logs), keys)?;
    while let Some(told) = reading.next()? {
        lives.take(&told);
    }
    lives.finish();
    Ok(Learned {
        tally: reading.tally,
        lives,
        subjects,
        files: paths.len(),
        table: None,
    })
}
