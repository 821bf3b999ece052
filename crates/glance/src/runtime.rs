//! What waits for the network, where the system gives enough for it.

use crate::generator::{LocalFailure, room_for};
use crate::system::{NativeSystem, System};
use std::io;
use tokio::runtime::Runtime;

/// Files that a runtime and what is begun beside it take. Tokio would rather panic than do without some of them.
const FILES: usize = 8;

/// Why nothing can wait for the network.
#[derive(Debug, thiserror::Error)]
pub enum NoRuntime {
    /// Something failed on this machine.
    #[error(transparent)]
    Local(LocalFailure),
    /// The system gives no thread, or nothing to wait with.
    #[error("cannot start: {0}; stop other programs, or ask for fewer --threads")]
    System(io::Error),
}

impl From<io::Error> for NoRuntime {
    fn from(error: io::Error) -> NoRuntime {
        match LocalFailure::of("cannot start", &error) {
            Some(failure) => NoRuntime::Local(failure),
            None => NoRuntime::System(error),
        }
    }
}

impl From<LocalFailure> for NoRuntime {
    fn from(failure: LocalFailure) -> NoRuntime {
        NoRuntime::Local(failure)
    }
}

/// A runtime of the operating system's for this thread.
pub fn runtime() -> Result<Runtime, NoRuntime> {
    runtime_of(&NativeSystem)
}

/// The same of another system.
pub fn runtime_of(system: &dyn System) -> Result<Runtime, NoRuntime> {
    room_for(FILES)?;
    Ok(system.runtime()?)
}
