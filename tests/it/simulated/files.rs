//! An open file, in which things go wrong.

use super::disk::Content;
use super::world::World;
use rustix::io::Errno;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stormglass_glance::File;

/// An open file.
pub struct Opened {
    world: Arc<World>,
    path: PathBuf,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Opened").field(&self.path).finish()
    }
}

impl Opened {
    pub fn new(world: &Arc<World>, path: &Path) -> Opened {
        Opened {
            world: Arc::clone(world),
            path: path.to_owned(),
        }
    }

    fn content<T>(&self, act: impl FnOnce(&mut Content) -> T) -> io::Result<T> {
        let mut state = self.world.state();
        let content = state.disk.file(&self.path);
        content.map(act).ok_or_else(|| Errno::NOENT.into())
    }
}

impl io::Write for Opened {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let how = self.world.call("write")?;
        if let Some(errno) = self.world.state().full.take() {
            return Err(errno.into());
        }
        if let Some(how) = how {
            self.world.strikes(match how {
                ..5 => "short write",
                _ => "write fails",
            });
        }
        let written = match how {
            None => Ok(bytes.len()),
            // Some of it, and the rest another time.
            Some(how) if how < 5 => Ok((usize::from(how) + 1).min(bytes.len())),
            Some(how) if how < 8 => Err((bytes.len() / 2, Errno::NOSPC)),
            Some(how) if how < 10 => Err((0, Errno::NOSPC)),
            Some(how) if how < 12 => Err((0, Errno::IO)),
            Some(12) => Err((0, Errno::INTR)),
            Some(13) => Err((0, Errno::DQUOT)),
            Some(_) => Err((bytes.len() / 3, Errno::FBIG)),
        };
        let (count, result) = match written {
            Ok(count) => (count, Ok(count)),
            Err((0, errno)) => (0, Err(errno.into())),
            // A write that has room for some of it says so; the next one fails.
            Err((count, errno)) => {
                self.world.state().full = Some(errno);
                (count, Ok(count))
            }
        };
        self.content(|content| content.seen.extend(&bytes[..count]))?;
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl File for Opened {
    fn reserve(&self) -> io::Result<()> {
        match self.world.call("reserve")? {
            None => Ok(()),
            Some(_) => self.world.fails("lock fails", Errno::NOLCK),
        }
    }

    fn length(&self) -> io::Result<u64> {
        match self.world.call("length")? {
            None => self.content(|content| content.seen.len() as u64),
            Some(_) => self.world.fails("length fails", Errno::IO),
        }
    }

    fn contents(&self, most: u64) -> io::Result<Vec<u8>> {
        if self.world.call("read")?.is_some() {
            return self.world.fails("read fails", Errno::IO);
        }
        self.content(|content| content.seen.iter().copied().take(most as usize).collect())
    }

    fn sync(&self) -> io::Result<()> {
        let pretends = self.world.state().pretends;
        match self.world.call("sync")? {
            _ if pretends => Ok(()),
            None => self.content(Content::sync),
            Some(how) if how < 4 => {
                self.world.strikes("sync lies");
                self.content(|content| content.lied = true)
            }
            Some(_) => {
                self.content(Content::fail_to_sync)?;
                self.world.fails("sync fails", Errno::IO)
            }
        }
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        match self.world.call("cut")? {
            None => self.content(|content| content.cut(length as usize)),
            Some(_) => self.world.fails("cut fails", Errno::IO),
        }
    }
}
