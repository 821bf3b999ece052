//! Data from elsewhere: what an import downloads, and what lies at a place that an image names.

use crate::answer::Result;
use crate::refusal::Refusal;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_LENGTH, HOST};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than this no place lets one wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// A reply that has begun.
pub(crate) struct Fetched {
    body: Incoming,
    /// What it says of its length.
    pub length: Option<u64>,
    connection: JoinHandle<()>,
}

impl Drop for Fetched {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Fetched {
    /// The next of the data; none at its end.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            match timeout(PATIENCE, self.body.frame()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Ok(Some(Err(_))) => return Err(Refusal::unreachable("The data broke off.")),
                Err(_) => return Err(Refusal::unreachable("The data does not go on.")),
            }
        }
    }
}

/// Asks a place for its data, or with `HEAD` whether there is any.
pub(crate) async fn fetch(method: Method, url: &str) -> Result<Fetched> {
    match timeout(PATIENCE, ask(method, url)).await {
        Ok(fetched) => fetched,
        Err(_) => Err(Refusal::unreachable(format!("{url} does not answer"))),
    }
}

async fn ask(method: Method, url: &str) -> Result<Fetched> {
    let wrong = || Refusal::bad(format!("{url} is no address of HTTP"));
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let host = uri.host().ok_or_else(wrong)?;
    if uri.scheme_str() != Some("http") {
        return Err(wrong());
    }
    let port = uri.port_u16().unwrap_or(80);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let lost = |_| Refusal::unreachable(format!("nothing answers at {url}"));
    let stream = TcpStream::connect((bare, port)).await.map_err(lost)?;
    let lost = |_| Refusal::unreachable(format!("{url} does not answer as HTTP does"));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
    let connection = tokio::task::spawn_local(async move {
        let _ = connection.await; // what is lost is missed where it is read
    });
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, format!("{host}:{port}"));
    let request = request.body(Empty::<Bytes>::new()).map_err(|_| wrong())?;
    let reply = sender.send_request(request).await;
    let reply = reply.map_err(|_| {
        connection.abort();
        Refusal::unreachable(format!("{url} does not answer as HTTP does"))
    })?;
    let status = reply.status().as_u16();
    if status != 200 {
        connection.abort();
        return Err(Refusal::missing(format!("{url} answers {status}")));
    }
    let length = reply.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|it| it.to_str().ok()?.parse().ok());
    Ok(Fetched {
        body: reply.into_body(),
        length,
        connection,
    })
}
