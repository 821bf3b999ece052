//! A small HTTP server on loopback that a Glance beside it may read data from.

use crate::http::Payload;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// Connections that are served at once; the rest waits to be accepted.
const AT_ONCE: usize = 64;
/// A request's head must come within this.
const HEAD: Duration = Duration::from_secs(10);
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
    pub(crate) async fn start() -> io::Result<DataServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(DataServer {
            address: listener.local_addr()?,
            serial: Cell::new(0),
            task: tokio::task::spawn_local(serve(listener)),
        })
    }

    /// Where so many bytes of `seed` are, the same that an upload of both sends. Never the same address twice, since a Glance
    /// refuses two places of one subject that are.
    pub(crate) fn url_for(&self, size: u64, seed: u64) -> String {
        let serial = self.serial.get();
        self.serial.set(serial + 1);
        format!("http://{}/{size}/{seed}/{serial}", self.address)
    }
}

async fn serve(listener: TcpListener) {
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
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
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

async fn answer(request: Request<Incoming>) -> Result<Response<Payload>, Infallible> {
    let mut response = Response::new(Payload::text(""));
    let Some((size, seed)) = asked(request.uri().path()) else {
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Ok(response);
    };
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    match *request.method() {
        Method::GET => *response.body_mut() = Payload::upload(seed, size, size),
        Method::HEAD => {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
        }
        _ => *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED,
    }
    Ok(response)
}

/// The size and seed in a path as [`DataServer::url_for`] writes it.
fn asked(path: &str) -> Option<(u64, u64)> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let (size, seed, _) = (parts.next()?, parts.next()?, parts.next()?);
    Some((size.parse().ok()?, seed.parse().ok()?))
}
