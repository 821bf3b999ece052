//! What this package asks of the operating system while a run is under way: connections, names, processes and the journal's file.
//!
//! A [`System`] is the only door to them, so that a simulated one can stand in its place, in which each of them fails when a seed says
//! so and time is virtual.

mod blocking;
mod native;
mod process;

pub use native::NativeSystem;

pub(crate) use blocking::blocking;

use crate::answer::ImageId;
use rustix::process::Pid;
use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::process::ExitStatus;
use stormglass_model::units::Span;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;

/// Something that the operating system is at work on.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + 'a>>;

/// The operating system, as far as this package needs it.
pub trait System: Debug + Send + Sync {
    /// What waits for the network, and whose clock is the time.
    fn runtime(&self) -> io::Result<Runtime>;

    /// A connection to the first of these that takes one.
    fn connect<'a>(&'a self, places: &'a [SocketAddr]) -> Pending<'a, Box<dyn Socket>>;

    /// The addresses of a host.
    fn look_up<'a>(&'a self, host: &'a str) -> Pending<'a, Vec<IpAddr>>;

    /// The same, for one who can block.
    fn look_up_now(&self, host: &str) -> io::Result<Vec<IpAddr>>;

    /// Has somebody else do work that blocks, to its end even if nobody waits for it any more.
    fn block(&self, work: Box<dyn FnOnce() + Send>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Runs a command to its end, or to its time-out, and kills it then. Blocks. `under_way` hears of the process group once there is
    /// one, and none as soon as the number may be another's; it says whether to go on.
    fn run(
        &self,
        shell: &Shell<'_>,
        under_way: &dyn Fn(Option<ProcessGroup>) -> bool,
    ) -> io::Result<Ended>;

    /// Kills a process group; it may have ended by itself.
    fn kill(&self, group: ProcessGroup);

    /// Makes a file where there is nothing yet, for its owner alone. Its name is on the disk only once the folder is
    /// [synced](System::sync_folder_of).
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>>;

    /// Opens a file, to read it and to add to it; or only to read it.
    fn open(&self, path: &Path, adds: bool) -> io::Result<Box<dyn File>>;

    /// Has the names in the folder of `path` on the disk when it returns.
    fn sync_folder_of(&self, path: &Path) -> io::Result<()>;
}

/// A file that only grows. What is written is added at its end.
pub trait File: io::Write + Debug + Send {
    /// Reserves it for as long as it is open; an error of the kind `WouldBlock` where somebody else has done so.
    fn reserve(&self) -> io::Result<()>;

    /// Its length in bytes; an error where it is no regular file.
    fn length(&self) -> io::Result<u64>;

    /// Its first bytes, as many as there are and `most` at most.
    fn contents(&self, most: u64) -> io::Result<Vec<u8>>;

    /// Has all of it on the disk when it returns.
    fn sync(&self) -> io::Result<()>;

    /// Takes away what stands behind the first `length` bytes.
    fn cut(&self, length: u64) -> io::Result<()>;
}

/// A connection.
pub trait Socket: AsyncRead + AsyncWrite + Unpin {
    /// From now on closing it resets it.
    fn reset_on_close(&self);
}

/// A command, as `sh` gets it.
#[derive(Clone, Copy, Debug)]
pub struct Shell<'a> {
    /// Its text.
    pub text: &'a str,
    /// How long it may take.
    pub timeout: Span,
    /// The image that it is about, which `STORMGLASS_IMAGE` says; none: the variable is not set.
    pub image: Option<ImageId>,
    /// Its working directory; none: that of this process.
    pub folder: Option<&'a Path>,
}

/// The processes that one command has started, by the number of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessGroup(Pid);

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With zero.
    Well,
    /// Otherwise.
    Badly {
        /// How.
        status: ExitStatus,
        /// The last line that it wrote to standard error; empty if it wrote none.
        last: String,
    },
    /// Not in time, so that it was killed.
    Late {
        /// As above.
        last: String,
    },
}
