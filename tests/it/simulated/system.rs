//! The operating system of the simulated environment.

use super::files::Opened;
use super::network::{Connection, Trouble};
use super::world::{COMMANDS, CONNECTIONS, World};
use rustix::io::Errno;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::pin::Pin;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use stormglass_glance::{Ended, File, Pending, ProcessGroup, Shell, Socket, System};
use tokio::runtime::{Builder, Runtime};

/// Where the one server is.
const SERVER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// Nothing takes as long as this.
const LONG: Duration = Duration::from_secs(1_800);

/// A handle to it, as the client gets it.
#[derive(Clone)]
pub struct Simulated(pub Arc<World>);

fn failed(errno: Errno) -> io::Error {
    io::Error::from(errno)
}

impl System for Simulated {
    fn runtime(&self) -> io::Result<Runtime> {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build()?;
        let world = Arc::clone(&self.0);
        runtime.spawn(async move {
            tokio::time::sleep(LONG).await;
            world.state().stuck = true;
            world.crash(); // which ends most waits
            tokio::time::sleep(LONG).await;
            eprintln!("a wait has no end: {}", world.state().seed);
            std::process::abort();
        });
        Ok(runtime)
    }

    fn connect<'a>(&'a self, places: &'a [SocketAddr]) -> Pending<'a, Box<dyn Socket>> {
        Box::pin(async move {
            let how = self.0.call("connect")?;
            if places.first().is_none_or(|place| place.ip() != SERVER) {
                return Err(failed(Errno::NETUNREACH));
            }
            if let Some(how) = how {
                self.0.strikes(CONNECTIONS[usize::from(how)]);
            }
            let size = how.map_or(0, |how| usize::from(how) * 97);
            let trouble = match how {
                None => Trouble::Nothing,
                Some(0) => return Err(failed(Errno::MFILE)),
                Some(1) => return Err(failed(Errno::ADDRNOTAVAIL)),
                Some(2) => return Err(failed(Errno::CONNREFUSED)),
                Some(3) => return std::future::pending().await,
                Some(4) => Trouble::ResetSending(1),
                Some(5) => Trouble::ResetSending(size),
                Some(6) => Trouble::ResetSending(size * 16),
                Some(7) => Trouble::ResetReceiving(0),
                Some(8) => Trouble::ResetReceiving(20),
                Some(9) => Trouble::ResetReceiving(size),
                Some(10) => Trouble::Silence(0),
                Some(11) => Trouble::Silence(20),
                Some(12) => Trouble::Silence(size),
                Some(13) => Trouble::Drip(0),
                Some(14) => Trouble::Drip(20),
                Some(_) => Trouble::ShortWrites,
            };
            self.0.state().cut_off |= trouble != Trouble::Nothing;
            let (near, far) = tokio::io::duplex(64 * 1024);
            let world = Arc::clone(&self.0);
            tokio::task::spawn_local(super::glance::serve(far, Arc::clone(&world)));
            Ok(Box::new(Connection::new(near, trouble, world)) as Box<dyn Socket>)
        })
    }

    fn look_up<'a>(&'a self, _: &'a str) -> Pending<'a, Vec<IpAddr>> {
        Box::pin(async {
            match self.0.call("look up")? {
                None => Ok(vec![SERVER]),
                Some(how) => {
                    self.0.strikes("look-up fails");
                    match how % 2 {
                        0 => Err(failed(Errno::MFILE)),
                        _ => Err(io::Error::other("the resolver does not answer")),
                    }
                }
            }
        })
    }

    fn look_up_now(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![SERVER])
    }

    fn block(&self, work: Box<dyn FnOnce() + Send>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        work();
        Box::pin(std::future::ready(()))
    }

    /// Of a command whose text is `break THING` or `mend THING`.
    fn run(
        &self,
        shell: &Shell<'_>,
        under_way: &dyn Fn(Option<ProcessGroup>) -> bool,
    ) -> io::Result<Ended> {
        let how = self.0.call(shell.text)?;
        let badly = |signal: i32| Ended::Badly {
            status: ExitStatus::from_raw(signal),
            last: "it went wrong".to_owned(),
        };
        if let Some(how) = how {
            self.0.strikes(COMMANDS[usize::from(how % 4)]);
        }
        let is_done = match how.map(|how| how % 4) {
            Some(0) => return Err(failed(Errno::AGAIN)),
            Some(1) => false,
            _ => true,
        };
        if !under_way(None) {
            return Ok(badly(9));
        }
        if is_done {
            let mut state = self.0.state();
            match shell.text.split_once(' ') {
                Some(("break", thing)) => {
                    state.broken.insert((thing.to_owned(), shell.image));
                }
                Some((_, thing)) => {
                    state.broken.remove(&(thing.to_owned(), shell.image));
                }
                None => {}
            }
            self.0.glance.break_down(!state.broken.is_empty());
        }
        Ok(match how.map(|how| how % 4) {
            None => Ended::Well,
            Some(3) => Ended::Late {
                last: String::new(),
            },
            Some(_) => badly(1 << 8),
        })
    }

    fn kill(&self, _: ProcessGroup) {}

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        match self.0.call("create")? {
            None => {}
            Some(how) => {
                self.0.strikes("create fails");
                let all = [Errno::NOSPC, Errno::MFILE, Errno::ACCESS, Errno::IO];
                return Err(failed(all[usize::from(how) % all.len()]));
            }
        }
        match self.0.state().disk.create(path) {
            true => Ok(self.file(path)),
            false => Err(failed(Errno::EXIST)),
        }
    }

    fn open(&self, path: &Path, _: bool) -> io::Result<Box<dyn File>> {
        if let Some(how) = self.0.call("open")? {
            self.0.strikes("open fails");
            let all = [Errno::MFILE, Errno::IO];
            return Err(failed(all[usize::from(how) % all.len()]));
        }
        match self.0.state().disk.file(path) {
            Some(_) => Ok(self.file(path)),
            None => Err(failed(Errno::NOENT)),
        }
    }

    fn sync_folder_of(&self, _: &Path) -> io::Result<()> {
        if self.0.call("sync folder")?.is_some() {
            self.0.strikes("sync of a folder fails");
            return Err(failed(Errno::IO));
        }
        self.0.state().disk.sync_names();
        Ok(())
    }
}

impl Simulated {
    fn file(&self, path: &Path) -> Box<dyn File> {
        Box::new(Opened::new(&self.0, path))
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Simulated")
    }
}
