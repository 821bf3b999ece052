//! The operating system that this process runs on.

use super::{Ended, File, Pending, ProcessGroup, Shell, Socket, System, blocking, process};
use crate::input;
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::pin::Pin;
use std::vec::IntoIter;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::client::TlsStream;

/// The operating system that this process runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeSystem;

impl System for NativeSystem {
    fn runtime(&self) -> io::Result<Runtime> {
        Builder::new_current_thread().enable_all().build()
    }

    fn connect<'a>(&'a self, places: &'a [SocketAddr]) -> Pending<'a, Box<dyn Socket>> {
        Box::pin(async move {
            let stream = TcpStream::connect(places).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Socket>)
        })
    }

    fn look_up<'a>(&'a self, host: &'a str) -> Pending<'a, Vec<IpAddr>> {
        let (system, host) = (*self, host.to_owned());
        Box::pin(blocking(move || system.look_up_now(&host)))
    }

    fn look_up_now(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found: IntoIter<SocketAddr> = (host, 0).to_socket_addrs()?;
        Ok(found.map(|address| address.ip()).collect())
    }

    fn block(&self, work: Box<dyn FnOnce() + Send>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(blocking(work))
    }

    fn run(
        &self,
        shell: &Shell<'_>,
        under_way: &dyn Fn(Option<ProcessGroup>) -> bool,
    ) -> io::Result<Ended> {
        process::run(shell, under_way)
    }

    fn kill(&self, group: ProcessGroup) {
        process::kill(group);
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let mut options = OpenOptions::new();
        options.create_new(true).append(true).mode(0o600);
        Ok(Box::new(options.open(path)?))
    }

    fn open(&self, path: &Path, adds: bool) -> io::Result<Box<dyn File>> {
        // To open some devices for writing does something to them by itself.
        let file = input::opened(path)?;
        file.length()?;
        match adds {
            true => Ok(Box::new(
                OpenOptions::new().read(true).append(true).open(path)?,
            )),
            false => Ok(Box::new(file)),
        }
    }

    fn sync_folder_of(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl File for fs::File {
    fn reserve(&self) -> io::Result<()> {
        Ok(flock(self, FlockOperation::NonBlockingLockExclusive)?)
    }

    fn length(&self) -> io::Result<u64> {
        let about = self.metadata()?;
        match about.is_file() {
            true => Ok(about.len()),
            // A device or a pipe may have no end.
            false => Err(io::Error::other("it is no regular file")),
        }
    }

    fn contents(&self, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut file = self;
        file.seek(SeekFrom::Start(0))?;
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

impl Socket for TcpStream {
    fn reset_on_close(&self) {
        let _ = self.set_zero_linger(); // then it is closed in the usual way
    }
}

impl Socket for TlsStream<Box<dyn Socket>> {
    fn reset_on_close(&self) {
        self.get_ref().0.reset_on_close();
    }
}
