//! Why a journal cannot be cleaned up after.

use std::io;
use std::path::PathBuf;

/// Why a journal cannot be cleaned up after.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read or written.
    #[error("cannot use the journal {}", .0.display())]
    Unusable(PathBuf, #[source] io::Error),
    /// Its run is under way.
    #[error("the run of {} is still under way: stop it first", .0.display())]
    UnderWay(PathBuf),
    /// It is something else.
    #[error("{} is no journal of stormglass: line {} makes no sense", .0.display(), .1)]
    Foreign(PathBuf, usize),
}
