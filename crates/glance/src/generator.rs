//! The load generator's own side: what failed on this machine, which no server is to blame for, and whether the user wants to stop.

use crate::commands::CommandError;
use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use stormglass_model::named;
use tokio::sync::Notify;

/// How long a wait for a server may go on once the user wants to stop.
const HASTE: Duration = Duration::from_secs(1);

named! {
    /// What this machine lacks.
    LocalCause {
        /// The process may open no more files (EMFILE).
        OpenFiles = "open-files",
        /// The system can open no more files (ENFILE).
        SystemFiles = "system-files",
        /// No port is left to connect from (EADDRNOTAVAIL).
        Ports = "ports",
        /// There is no memory (ENOMEM, ENOBUFS).
        Memory = "memory",
        /// The disk is full (ENOSPC).
        DiskFull = "disk-full",
        /// The user's share of the disk is used up (EDQUOT).
        DiskQuota = "disk-quota",
        /// A file may not become larger (EFBIG).
        FileSize = "file-size",
        /// The disk takes no writes (EROFS).
        ReadOnly = "read-only",
        /// The disk fails (EIO).
        DiskError = "disk-error",
        /// The user may have no more processes or threads (EAGAIN).
        Processes = "processes",
        /// The system does not let this user do it (EACCES, EPERM).
        Denied = "denied",
        /// A name leads to no address.
        Resolver = "resolver",
        /// The journal cannot be written for another reason.
        Journal = "journal",
    }
}

impl LocalCause {
    /// What a call of the system lacked on this machine; none where the other side is to blame, or nobody can say.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<LocalCause> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                let inner = error.get_ref().map(|inner| inner as &(dyn Error + 'static));
                return LocalCause::of_call(error).or_else(|| inner.and_then(LocalCause::of));
            }
            if error.is::<Unresolved>() {
                return Some(LocalCause::Resolver);
            }
            next = error.source();
        }
        None
    }

    fn of_call(error: &io::Error) -> Option<LocalCause> {
        use rustix::io::Errno;
        Some(match Errno::from_io_error(error)? {
            Errno::MFILE => LocalCause::OpenFiles,
            Errno::NFILE => LocalCause::SystemFiles,
            Errno::ADDRNOTAVAIL => LocalCause::Ports,
            Errno::NOMEM | Errno::NOBUFS => LocalCause::Memory,
            Errno::NOSPC => LocalCause::DiskFull,
            Errno::DQUOT => LocalCause::DiskQuota,
            Errno::FBIG => LocalCause::FileSize,
            Errno::ROFS => LocalCause::ReadOnly,
            Errno::IO => LocalCause::DiskError,
            Errno::ACCESS | Errno::PERM => LocalCause::Denied,
            _ => return None,
        })
    }

    /// What to do about it.
    fn advice(self) -> &'static str {
        match self {
            LocalCause::OpenFiles => "raise the limit with `ulimit -n`, or lower `connections`",
            LocalCause::SystemFiles => {
                "raise the system's limit (fs.file-max), or stop other programs"
            }
            LocalCause::Ports => {
                "widen net.ipv4.ip_local_port_range, or wait until closed connections are forgotten"
            }
            LocalCause::Memory => "free some memory, or ask for less load",
            LocalCause::DiskFull => "free some space, or name another folder with --out",
            LocalCause::DiskQuota => "free some of your space, or name another folder with --out",
            LocalCause::FileSize => "raise the limit with `ulimit -f`",
            LocalCause::ReadOnly => "name a folder with --out that can be written to",
            LocalCause::DiskError => {
                "look into the system's log, or name another folder with --out"
            }
            LocalCause::Processes => "raise the limit with `ulimit -u`, or stop other programs",
            LocalCause::Denied => {
                "look at the permissions of the files and at this machine's firewall"
            }
            LocalCause::Resolver => "check the name, and the resolver of this machine",
            LocalCause::Journal => "name another folder with --out",
        }
    }
}

/// Something failed on this machine. Shown in one line, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {}", cause.advice())]
pub struct LocalFailure {
    /// What was lacking.
    pub cause: LocalCause,
    /// What failed, in one line without credentials.
    pub what: String,
}

impl LocalFailure {
    /// What a call of the system came to, if this machine is to blame; `what` says what it was for.
    pub(crate) fn of(what: &str, error: &(dyn Error + 'static)) -> Option<LocalFailure> {
        LocalCause::of(error).map(|cause| LocalFailure {
            cause,
            what: format!("{what}: {error}"),
        })
    }

    /// Why a command was not done, or not taken back, if this machine is to blame.
    pub(crate) fn of_command(error: &CommandError) -> Option<LocalFailure> {
        let (CommandError::System { why, .. } | CommandError::Journal { why, .. }) = error else {
            return None;
        };
        // Of all calls only this one says that it is for want of processes.
        let processes = (why.kind() == io::ErrorKind::WouldBlock).then_some(LocalCause::Processes);
        let journal = matches!(error, CommandError::Journal { .. }).then_some(LocalCause::Journal);
        let cause = processes.or(LocalCause::of(why)).or(journal)?;
        Some(LocalFailure {
            cause,
            what: error.to_string(),
        })
    }

    /// Why the journal cannot be written.
    pub(crate) fn of_journal(error: &io::Error) -> LocalFailure {
        let what = "the journal cannot be written, so nothing was created";
        LocalFailure {
            cause: LocalCause::of(error).unwrap_or(LocalCause::Journal),
            what: format!("{what}: {error}"),
        }
    }
}

/// A name that leads to no address. What answers for names on this machine is no part of the server.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unresolved(io::Error);

/// An error of a look-up, which tells what it is wherever it goes.
pub(crate) fn unresolved(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), Unresolved(error))
}

/// The side that makes the load: clones share it, between threads as well. By default nothing has failed, and nobody wants to stop.
#[derive(Clone, Debug, Default)]
pub struct Generator {
    interruption: Interruption,
    failed: Arc<Mutex<Option<LocalFailure>>>,
}

impl Generator {
    /// One of which nothing has failed, and that hears of an interruption.
    pub fn new(interruption: &Interruption) -> Generator {
        Generator {
            interruption: interruption.clone(),
            failed: Arc::default(),
        }
    }

    /// Whether the user wants to stop.
    pub fn interruption(&self) -> &Interruption {
        &self.interruption
    }

    /// What failed on this machine first; none where nothing did.
    pub fn first_failure(&self) -> Option<LocalFailure> {
        self.failed().clone()
    }

    /// Something failed on this machine.
    pub(crate) fn failed_by(&self, failure: &LocalFailure) {
        self.failed().get_or_insert_with(|| failure.clone());
    }

    fn failed(&self) -> MutexGuard<'_, Option<LocalFailure>> {
        // Every change is a single assignment, so that a panic elsewhere leaves nothing half done.
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the run is to stop, since the user wants it or its journal cannot be written; clones share it, between threads as well.
#[derive(Clone, Debug, Default)]
pub struct Interruption(Arc<Bell>);

#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    heard: Notify,
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bell")
            .field(&self.rung.load(Relaxed))
            .finish()
    }
}

impl Interruption {
    /// The run is to stop, from now on.
    pub fn tell(&self) {
        self.0.rung.store(true, Relaxed);
        self.0.heard.notify_waiters();
    }

    /// Whether the run is to stop.
    #[inline]
    pub fn is_told(&self) -> bool {
        self.0.rung.load(Relaxed)
    }

    /// What a wait for a server comes to; none where the user wants to stop and it takes more than a second from then on, or
    /// from its beginning.
    pub async fn hurry<T>(&self, wait: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            came = wait => Some(came),
            () = self.patience_ends() => None,
        }
    }

    async fn patience_ends(&self) {
        let heard = self.0.heard.notified();
        tokio::pin!(heard);
        // Listening begins before the look, so that nothing is told in between unheard.
        heard.as_mut().enable();
        if !self.is_told() {
            heard.await;
        }
        tokio::time::sleep(HASTE).await;
    }
}

/// Makes sure that so many more files can be opened. The runtime takes some for itself, and cannot say so when there are none.
pub fn room_for(files: usize) -> Result<(), LocalFailure> {
    let opened: io::Result<Vec<File>> = (0..files).map(|_| File::open("/dev/null")).collect();
    opened.map(drop).or_else(|error| {
        let what = format!("cannot open {files} files at once");
        LocalFailure::of(&what, &error).map_or(Ok(()), Err)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_machine_lacks_is_told_from_what_a_server_does() {
        use rustix::io::Errno;
        for (errno, cause) in [
            (Errno::MFILE, Some(LocalCause::OpenFiles)),
            (Errno::NFILE, Some(LocalCause::SystemFiles)),
            (Errno::NOSPC, Some(LocalCause::DiskFull)),
            (Errno::IO, Some(LocalCause::DiskError)),
            (Errno::DQUOT, Some(LocalCause::DiskQuota)),
            (Errno::FBIG, Some(LocalCause::FileSize)),
            (Errno::ROFS, Some(LocalCause::ReadOnly)),
            (Errno::NOMEM, Some(LocalCause::Memory)),
            (Errno::NOBUFS, Some(LocalCause::Memory)),
            (Errno::ADDRNOTAVAIL, Some(LocalCause::Ports)),
            (Errno::ACCESS, Some(LocalCause::Denied)),
            (Errno::PERM, Some(LocalCause::Denied)),
            (Errno::CONNREFUSED, None),
            (Errno::CONNRESET, None),
            (Errno::PIPE, None),
            (Errno::TIMEDOUT, None),
            (Errno::HOSTUNREACH, None),
        ] {
            let plain = io::Error::from(errno);
            assert_eq!(LocalCause::of(&plain), cause, "{plain}");
            let wrapped = io::Error::other(io::Error::from(errno));
            assert_eq!(LocalCause::of(&wrapped), cause, "wrapped: {wrapped}");
        }
        let lookup = unresolved(io::Error::other("no such name"));
        assert_eq!(LocalCause::of(&lookup), Some(LocalCause::Resolver));
        assert_eq!(lookup.to_string(), "no such name");
    }

    #[test]
    fn a_command_that_this_machine_cannot_start_is_its_failure() {
        use rustix::io::Errno;
        let of = |errno: Errno| {
            let (what, why) = ("outage".to_owned(), errno.into());
            LocalFailure::of_command(&CommandError::System { what, why })
        };
        let cause = |errno| of(errno).map(|failure| failure.cause);
        assert_eq!(cause(Errno::AGAIN), Some(LocalCause::Processes));
        assert_eq!(cause(Errno::MFILE), Some(LocalCause::OpenFiles));
        assert_eq!(cause(Errno::NOENT), None);
        let (what, why) = ("outage".to_owned(), Errno::NOENT.into());
        let journal = LocalFailure::of_command(&CommandError::Journal { what, why });
        assert_eq!(journal.unwrap().cause, LocalCause::Journal);
        assert_eq!(
            LocalFailure::of_command(&CommandError::Unknown("outage".to_owned())),
            None
        );
    }

    #[test]
    fn the_first_failure_is_kept_and_says_what_to_do() {
        let generator = Generator::default();
        for errno in [rustix::io::Errno::MFILE, rustix::io::Errno::NOSPC] {
            let failure = LocalFailure::of("cannot connect", &io::Error::from(errno));
            generator.clone().failed_by(&failure.unwrap());
        }
        let first = generator.first_failure().unwrap().to_string();
        assert!(first.starts_with("cannot connect: Too many open files"));
        assert!(first.contains("`ulimit -n`"), "{first}");
    }
}
