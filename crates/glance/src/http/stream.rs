//! A connection that is watched: it tells when an operation has reached a point, pauses there, and goes wrong on purpose.

use super::watch::{Load, Mark, SLOW, Sent, Side, Watch};
use crate::system::Socket;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use stormglass_model::script::ClientFault;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};

/// A slow client sends the rest of its data in so many pieces.
const SLOW_PIECES: u64 = 20;
/// Bytes of a watched reply that are read at once.
const PIECE: usize = 4096;
/// What ends a head.
const BLANK: &[u8] = b"\r\n\r\n";

/// Counts what goes one way.
#[derive(Debug, Default)]
struct Meter {
    began: bool,
    /// How much of the blank line that ends the head was just seen.
    blank: usize,
    body: u64,
}

impl Meter {
    /// How many of `bytes` belong to the head, and whether it ends in them.
    fn head(&self, bytes: &[u8]) -> (usize, usize) {
        let mut blank = self.blank;
        for (at, &byte) in bytes.iter().enumerate() {
            if blank == BLANK.len() {
                return (at, blank);
            }
            blank = if byte == BLANK[blank] {
                blank + 1
            } else {
                usize::from(byte == BLANK[0])
            };
        }
        (bytes.len(), blank)
    }

    fn add(&mut self, bytes: &[u8]) {
        self.began |= !bytes.is_empty();
        let (head, blank) = self.head(bytes);
        self.blank = blank;
        self.body += (bytes.len() - head) as u64;
    }

    /// How many of `bytes` may go before there are `body` bytes of the body.
    fn room(&self, body: u64, bytes: &[u8]) -> usize {
        let rest = usize::try_from(body - self.body.min(body)).unwrap_or(usize::MAX);
        let (head, _) = self.head(bytes);
        head.saturating_add(rest).min(bytes.len())
    }

    fn has_head(&self) -> bool {
        self.blank == BLANK.len()
    }

    fn has_reached(&self, body: u64) -> bool {
        self.has_head() && self.body >= body
    }
}

/// How far a watched stream is.
#[derive(Debug)]
enum Gate {
    /// The point is ahead.
    Ahead,
    /// At the point.
    Hold(Pin<Box<Sleep>>),
    /// The client ends its side.
    Ending,
    /// It has, and sends no more.
    Ended,
    /// It is silent.
    Stall(Pin<Box<Sleep>>),
    /// Its token is being revoked.
    Revoking(oneshot::Receiver<()>),
    /// It goes on in small pieces, with a pause before each.
    Slow(Slow),
    /// The point is behind.
    Open,
}

/// How a slow client goes on.
#[derive(Debug)]
struct Slow {
    pause: Pin<Box<Sleep>>,
    length: Duration,
    piece: usize,
    /// How much of the piece is left.
    left: usize,
}

/// The exchange that is watched.
#[derive(Debug)]
struct Watched {
    watch: Rc<Watch>,
    load: Load,
    mark: Mark,
    gate: Gate,
    sent: Meter,
    received: Meter,
}

/// A watched connection. Once its client has closed it on purpose, there is no stream.
pub(crate) struct FaultyStream {
    stream: Option<Box<dyn Socket>>,
    watched: Watched,
}

impl FaultyStream {
    pub(crate) fn new(stream: Box<dyn Socket>, watch: Rc<Watch>, load: Load) -> FaultyStream {
        FaultyStream {
            stream: Some(stream),
            watched: Watched {
                mark: watch.mark(load),
                watch,
                load,
                gate: Gate::Ahead,
                sent: Meter::default(),
                received: Meter::default(),
            },
        }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut Box<dyn Socket>>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(broken)
    }

    /// Goes past the point if it is reached and its time has come.
    fn pass(&mut self, cx: &mut Context<'_>, side: Side) -> Poll<io::Result<()>> {
        let FaultyStream { stream, watched } = self;
        if watched.mark.side() != side {
            return Poll::Ready(Ok(()));
        }
        loop {
            let Some(open) = stream.as_mut() else {
                return Poll::Ready(Err(broken()));
            };
            let next = match &mut watched.gate {
                Gate::Ahead => {
                    if !watched.is_there() {
                        return Poll::Ready(Ok(()));
                    }
                    ready!(Pin::new(open).poll_flush(cx))?;
                    watched.watch.pass();
                    let hold = watched.watch.hold;
                    match watched.load.is_data && !hold.is_zero() {
                        true => Gate::Hold(Box::pin(sleep(hold))),
                        false => watched.strike(stream),
                    }
                }
                Gate::Hold(pause) => {
                    ready!(pause.as_mut().poll(cx));
                    watched.strike(stream)
                }
                Gate::Ending => {
                    let _ = ready!(Pin::new(open).poll_shutdown(cx));
                    Gate::Ended
                }
                Gate::Ended if side == Side::Request => return Poll::Pending, // nobody will wake it
                Gate::Stall(pause) => {
                    ready!(pause.as_mut().poll(cx));
                    Gate::Open
                }
                Gate::Revoking(done) => {
                    let _ = ready!(Pin::new(done).poll(cx)); // whatever came of it
                    Gate::Open
                }
                Gate::Slow(_) | Gate::Ended | Gate::Open => return Poll::Ready(Ok(())),
            };
            watched.gate = next;
        }
    }
}

impl Watched {
    fn meter(&self, side: Side) -> &Meter {
        match side {
            Side::Request => &self.sent,
            Side::Reply => &self.received,
        }
    }

    /// Whether the point is reached.
    fn is_there(&self) -> bool {
        match self.mark {
            Mark::Start => true,
            Mark::Body(side, body) => self.meter(side).has_reached(body),
        }
    }

    /// How many bytes of the body may go this way before something is to be done.
    fn ahead(&self, side: Side) -> u64 {
        match (&self.gate, self.mark) {
            (Gate::Ahead, Mark::Body(there, body)) if there == side => body,
            _ => u64::MAX,
        }
    }

    /// What the client does at the point.
    fn strike(&mut self, stream: &mut Option<Box<dyn Socket>>) -> Gate {
        let Some(fault) = self.watch.fault else {
            return Gate::Open;
        };
        if fault == ClientFault::CloseReply && self.mark.side() == Side::Request {
            return Gate::Open; // its time is the reply
        }
        self.watch.struck.set(true);
        match fault {
            ClientFault::Close | ClientFault::CloseReply => {
                *stream = None;
                Gate::Open
            }
            ClientFault::Reset => {
                if let Some(stream) = stream.take() {
                    stream.reset_on_close();
                }
                Gate::Open
            }
            ClientFault::HalfClose => Gate::Ending,
            ClientFault::Revoke => self.watch.revoked.take().map_or(Gate::Open, Gate::Revoking),
            ClientFault::Stall => Gate::Stall(Box::pin(sleep(self.watch.stall))),
            ClientFault::Slow => {
                let went = self.meter(self.mark.side()).body;
                let rest = self.load.size.saturating_sub(went);
                let piece = rest.div_ceil(SLOW_PIECES).max(1);
                let pieces = u32::try_from(rest.div_ceil(piece)).unwrap_or(1).max(1);
                let length = SLOW / pieces;
                Gate::Slow(Slow {
                    pause: Box::pin(sleep(length)),
                    length,
                    piece: usize::try_from(piece).unwrap_or(usize::MAX),
                    left: 0,
                })
            }
        }
    }

    /// Of a slow stream: how much may go now.
    fn slowly(&mut self, cx: &mut Context<'_>, side: Side) -> Poll<usize> {
        let is_body = self.mark.side() == side && self.meter(side).has_head();
        match &mut self.gate {
            Gate::Slow(slow) if is_body => {
                if slow.left == 0 {
                    ready!(slow.pause.as_mut().poll(cx));
                    slow.pause.set(sleep(slow.length));
                    slow.left = slow.piece;
                }
                Poll::Ready(slow.left)
            }
            _ => Poll::Ready(usize::MAX),
        }
    }

    fn went(&mut self, side: Side, length: usize) {
        if let Gate::Slow(slow) = &mut self.gate
            && self.mark.side() == side
        {
            slow.left = slow.left.saturating_sub(length);
        }
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "closed on purpose")
}

impl AsyncWrite for FaultyStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let faulty = self.get_mut();
        ready!(faulty.pass(cx, Side::Request))?;
        let watched = &mut faulty.watched;
        let most = watched.sent.room(watched.ahead(Side::Request), bytes);
        let most = most.min(ready!(watched.slowly(cx, Side::Request)));
        let written = ready!(faulty.stream()?.poll_write(cx, &bytes[..most]))?;
        let watched = &mut faulty.watched;
        watched.sent.add(&bytes[..written]);
        watched.went(Side::Request, written);
        let size = match watched.load.side {
            Side::Request => watched.load.size,
            Side::Reply => 0,
        };
        watched.watch.sent.set(Sent {
            began: watched.sent.began,
            body: watched.sent.body,
            whole: watched.sent.has_reached(size),
        });
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let faulty = self.get_mut();
        ready!(faulty.stream()?.poll_flush(cx))?;
        faulty.pass(cx, Side::Request)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream()?.poll_shutdown(cx)
    }
}

impl AsyncRead for FaultyStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let faulty = self.get_mut();
        ready!(faulty.pass(cx, Side::Reply))?;
        let watched = &mut faulty.watched;
        let mut most = buffer.remaining().min(PIECE);
        if watched.received.has_head() {
            // Bytes that come with the head are read with it: its length is not known.
            let rest = (watched.ahead(Side::Reply)).saturating_sub(watched.received.body);
            most = most.min(usize::try_from(rest).unwrap_or(most));
        }
        most = most.min(ready!(watched.slowly(cx, Side::Reply)));
        let mut bytes = [0; PIECE];
        let mut piece = ReadBuf::new(&mut bytes[..most]);
        ready!(faulty.stream()?.poll_read(cx, &mut piece))?;
        let came = piece.filled();
        let watched = &mut faulty.watched;
        watched.received.add(came);
        watched.went(Side::Reply, came.len());
        let early = watched.watch.fault == Some(ClientFault::CloseReply)
            && watched.mark.side() == Side::Request
            && !came.is_empty();
        if early {
            watched.watch.struck.set(true);
            faulty.stream = None;
            return Poll::Ready(Err(broken()));
        }
        buffer.put_slice(came);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_at_its_blank_line_however_it_is_cut() {
        let bytes = b"PUT / HTTP/1.1\r\nA: b\r\r\n\r\nbody\r\n\r\nmore";
        let body = b"body\r\n\r\nmore".len() as u64;
        for cut in 0..=bytes.len() {
            let mut meter = Meter::default();
            meter.add(&bytes[..cut]);
            meter.add(&bytes[cut..]);
            assert_eq!((meter.has_head(), meter.body), (true, body), "{cut}");
        }
        let meter = Meter::default();
        let head = bytes.len() - body as usize;
        assert_eq!(meter.room(0, bytes), head);
        assert_eq!(meter.room(3, bytes), head + 3);
        assert_eq!(meter.room(u64::MAX, bytes), bytes.len());
    }
}
