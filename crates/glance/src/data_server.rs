//! A small HTTP server on loopback that a Glance beside it may read data from.

use crate::generator::{Generator, LocalFailure};
use crate::http::Payload;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use stormglass_model::operations::Source;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Sleep, sleep, timeout};

/// Connections that are served at once; the rest waits to be accepted.
const AT_ONCE: usize = 64;
/// A request's head must come within this.
const HEAD: Duration = Duration::from_secs(10);
/// How late the second half of slow data comes.
const LATE: Duration = Duration::from_secs(1);
/// How long what is sent before a break has to get away.
const ON_ITS_WAY: Duration = Duration::from_millis(50);
/// The longest that a connection is served.
const WHOLE: Duration = Duration::from_secs(600);

/// Serves deterministic data for as long as it lives. It must run inside a `tokio::task::LocalSet`.
#[derive(Debug)]
pub(crate) struct DataServer {
    address: SocketAddr,
    serial: Cell<u64>,
    task: JoinHandle<()>,
}

impl Drop for DataServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl DataServer {
    /// Listens on a free port of 127.0.0.1.
    /// What fails on this machine later, `generator` hears.
    pub(crate) async fn start(generator: &Generator) -> io::Result<DataServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(DataServer {
            address: listener.local_addr()?,
            serial: Cell::new(0),
            task: tokio::task::spawn_local(serve(listener, generator.clone())),
        })
    }

    /// Where so many bytes of `seed` are, the same that an upload of both sends. Never the same address twice, since a Glance
    /// refuses two places of one subject that are.
    pub(crate) fn url_for(&self, size: u64, seed: u64, source: Source) -> String {
        let serial = self.serial.get();
        self.serial.set(serial + 1);
        let how = word(source);
        format!("http://{}/{size}/{seed}/{serial}/{how}", self.address)
    }
}

async fn serve(listener: TcpListener, generator: Generator) {
    let mut open = JoinSet::new();
    loop {
        while open.len() >= AT_ONCE {
            open.join_next().await;
        }
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    open.spawn_local(timeout(WHOLE, converse(stream)));
                }
                // Out of files, say: others may soon be given back.
                Err(error) => {
                    let failure = LocalFailure::of("cannot serve data on 127.0.0.1", &error);
                    failure.iter().for_each(|it| generator.failed_by(it));
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
            Some(_) = open.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    let _ = connection.await; // whoever asked has gone
}

async fn answer(request: Request<Incoming>) -> io::Result<Response<Served>> {
    let asked = asked(request.uri().path());
    let (size, seed, source) = asked.unwrap_or((0, 0, Source::Missing));
    let mut response = Response::new(Served::of(Payload::text(""), source));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    match (source, request.method()) {
        (Source::Missing, _) => *response.status_mut() = StatusCode::NOT_FOUND,
        (Source::Dead, _) => return Err(broken()),
        (_, &Method::GET) => {
            *response.body_mut() = Served::of(Payload::upload(seed, size, size), source);
        }
        (_, &Method::HEAD) => {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
        }
        _ => *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED,
    }
    Ok(response)
}

/// The size, the seed and what is done with the data in a path as [`DataServer::url_for`] writes it.
fn asked(path: &str) -> Option<(u64, u64, Source)> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let (size, seed, _) = (parts.next()?, parts.next()?, parts.next()?);
    let how = parts.next()?;
    let source = SOURCES.into_iter().find(|&source| word(source) == how)?;
    Some((size.parse().ok()?, seed.parse().ok()?, source))
}

const SOURCES: [Source; 5] = [
    Source::Whole,
    Source::Slow,
    Source::Missing,
    Source::Dead,
    Source::Cut,
];

const fn word(source: Source) -> &'static str {
    match source {
        Source::Whole | Source::TooLarge => "whole",
        Source::Slow => "slow",
        Source::Missing => "missing",
        Source::Dead => "dead",
        Source::Cut => "cut",
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "broken off on purpose")
}

/// Data that may come late, or not all of it.
struct Served {
    payload: Payload,
    source: Source,
    /// When so much is left, something happens.
    half: u64,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Served {
    fn of(payload: Payload, source: Source) -> Served {
        Served {
            // The last bytes are never sent together with what comes before.
            half: (payload.left() / 2).max(Payload::CHUNK),
            payload,
            source,
            pause: None,
        }
    }
}

impl Body for Served {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let served = self.get_mut();
        let pause = match served.source {
            Source::Slow => LATE,
            Source::Cut => ON_ITS_WAY,
            Source::Whole | Source::Missing | Source::Dead | Source::TooLarge => Duration::ZERO,
        };
        if !pause.is_zero() && served.payload.left() <= served.half {
            let pause = || Box::pin(sleep(pause));
            ready!(served.pause.get_or_insert_with(pause).as_mut().poll(cx));
            if served.source == Source::Cut {
                return Poll::Ready(Some(Err(broken())));
            }
        }
        let frame = ready!(Pin::new(&mut served.payload).poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(|never| match never {})))
    }

    fn is_end_stream(&self) -> bool {
        self.payload.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.payload.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::md5_of;
    use md5::{Digest, Md5};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::task::LocalSet;

    const SIZE: u64 = 300_000;

    /// What is served: the status of the reply, none where there is none, and its data.
    async fn served(server: &DataServer, source: Source, size: u64) -> (Option<u16>, Vec<u8>) {
        let url = server.url_for(size, 7, source);
        let path = url.splitn(4, '/').last().unwrap_or_default();
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = format!("GET /{path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply).await; // a source may break off
        let head = reply.windows(4).position(|four| four == b"\r\n\r\n");
        let status = reply.get(9..12).and_then(|code| str::from_utf8(code).ok());
        let status = status.and_then(|code| code.parse().ok());
        (status, reply.split_off(head.map_or(0, |at| at + 4)))
    }

    fn digest(data: &[u8]) -> String {
        let digest = Md5::digest(data);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_source_serves_what_it_is_asked_to() {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        LocalSet::new().block_on(&runtime, async {
            let server = DataServer::start(&Generator::default()).await.unwrap();
            for source in [Source::Whole, Source::Slow] {
                let (status, data) = served(&server, source, SIZE).await;
                assert_eq!(
                    (status, data.len()),
                    (Some(200), SIZE as usize),
                    "{source:?}"
                );
                assert_eq!(digest(&data), md5_of(7, SIZE), "{source:?}");
            }
            for size in [1, 65_536, 100_000, SIZE] {
                let (status, data) = served(&server, Source::Cut, size).await;
                assert_eq!(status, Some(200));
                assert!((data.len() as u64) < size, "{} of {size}", data.len());
                assert_eq!(data.is_empty(), size <= 65_536);
            }
            assert_eq!(served(&server, Source::Missing, SIZE).await.0, Some(404));
            assert_eq!(
                served(&server, Source::Dead, SIZE).await,
                (None, Vec::new())
            );
        });
    }
}
