//! A connection inside the process, on which things go wrong.

use super::world::World;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use stormglass_glance::Socket;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Between two bytes of a server that drips.
const DRIP: Duration = Duration::from_millis(400);

/// What goes wrong on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Nothing,
    /// It is reset once so many bytes were sent.
    ResetSending(usize),
    /// It is reset once so many bytes have come.
    ResetReceiving(usize),
    /// Nothing comes after so many bytes.
    Silence(usize),
    /// What comes after so many bytes comes one at a time.
    Drip(usize),
    /// A few bytes are taken at a time.
    ShortWrites,
}

/// The client's end of it.
pub struct Connection {
    /// None once it was reset.
    stream: Option<DuplexStream>,
    trouble: Trouble,
    world: Arc<World>,
    sent: usize,
    received: usize,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    pub fn new(stream: DuplexStream, trouble: Trouble, world: Arc<World>) -> Connection {
        Connection {
            stream: Some(stream),
            trouble,
            world,
            sent: 0,
            received: 0,
            pause: None,
        }
    }

    /// The stream, if it is still there and has not just been reset.
    fn stream(&mut self) -> io::Result<Pin<&mut DuplexStream>> {
        let reset = match self.trouble {
            Trouble::ResetSending(after) => self.sent >= after,
            Trouble::ResetReceiving(after) => self.received >= after,
            Trouble::Nothing | Trouble::Silence(_) | Trouble::Drip(_) | Trouble::ShortWrites => {
                false
            }
        };
        if reset || self.world.has_crashed() {
            self.stream = None;
        }
        let gone = || io::Error::from(io::ErrorKind::ConnectionReset);
        self.stream.as_mut().map(Pin::new).ok_or_else(gone)
    }
}

impl Socket for Connection {
    fn reset_on_close(&self) {} // the other end cannot tell
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let connection = self.get_mut();
        let most = match connection.trouble {
            Trouble::ShortWrites => 7,
            Trouble::ResetSending(after) => after.saturating_sub(connection.sent),
            _ => usize::MAX,
        };
        let bytes = &bytes[..bytes.len().min(most)];
        let written = ready!(connection.stream()?.poll_write(cx, bytes))?;
        connection.sent += written;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream()?.poll_shutdown(cx)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let connection = self.get_mut();
        connection.stream()?;
        let left = |after: usize| after.saturating_sub(connection.received);
        let most = match connection.trouble {
            Trouble::Silence(after) if left(after) == 0 => return Poll::Pending, // for ever
            Trouble::Drip(after) if left(after) == 0 => {
                let pause = connection
                    .pause
                    .get_or_insert_with(|| Box::pin(sleep(DRIP)));
                ready!(pause.as_mut().poll(cx));
                1
            }
            Trouble::ResetReceiving(after) | Trouble::Silence(after) | Trouble::Drip(after) => {
                left(after)
            }
            Trouble::Nothing | Trouble::ResetSending(_) | Trouble::ShortWrites => usize::MAX,
        };
        let mut bytes = [0; 4096];
        let most = most.min(bytes.len()).min(buffer.remaining());
        let mut piece = ReadBuf::new(&mut bytes[..most]);
        ready!(connection.stream()?.poll_read(cx, &mut piece))?;
        buffer.put_slice(piece.filled());
        let came = piece.filled().len();
        connection.received += came;
        connection.pause = None;
        Poll::Ready(Ok(()))
    }
}
