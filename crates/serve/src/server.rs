//! Connections: accepted, bounded, and answered.

use crate::answer::{Answer, Body};
use crate::calls::{self, Shared, fetch};
use crate::config::{Config, Limits};
use crate::data::Part;
use crate::refusal::Refusal;
use crate::twin::Twin;
use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

type Sent = Either<Full<Bytes>, Channel<Bytes, io::Error>>;

/// Bytes of a request's head.
const HEAD: usize = 64 << 10;
/// What is answered when there are too many connections.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\ncontent-length: 40\r\nconnection: close\r\n\r\ntoo many connections; try again shortly\n";

/// The embedded service behind Glance's API.
pub struct Server {
    shared: Shared,
    limits: Limits,
}

impl Server {
    /// A server at rest, without an image. Errors are of the folder for the data.
    pub fn new(config: Config) -> io::Result<Server> {
        Ok(Server {
            limits: config.limits,
            shared: Rc::new(RefCell::new(Twin::new(config)?)),
        })
    }

    /// Answers who connects, until `stop`. It needs a local set to run in.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let calendar = tokio::task::spawn_local(keep_time(Rc::clone(&self.shared)));
        tokio::select! {
            () = self.accept(listener) => {}
            () = stop => {}
        }
        calendar.abort();
    }

    async fn accept(&self, listener: TcpListener) {
        let mut open = JoinSet::new();
        let numbers = Rc::new(Cell::new(0_u64));
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) if open.len() < self.limits.connections.get() => {
                        let (shared, numbers) = (Rc::clone(&self.shared), Rc::clone(&numbers));
                        open.spawn_local(converse(stream, shared, self.limits, numbers));
                    }
                    Ok((mut stream, _)) => {
                        // Whoever does not read it has gone.
                        let _ = stream.write_all(FULL).await;
                    }
                    // Out of files, say: those who are here may end meanwhile.
                    Err(_) => sleep(Duration::from_millis(50)).await,
                },
                Some(_) = open.join_next() => {}
            }
        }
    }
}

/// Does what is due, when it is due.
async fn keep_time(shared: Shared) {
    let bell = Rc::clone(&shared.borrow().bell);
    loop {
        shared.borrow_mut().run_due();
        let idle = shared.borrow().idle();
        match idle {
            Some(idle) => {
                tokio::select! {
                    () = sleep(idle) => {}
                    () = bell.notified() => {}
                }
            }
            None => bell.notified().await,
        }
    }
}

async fn converse(stream: TcpStream, shared: Shared, limits: Limits, numbers: Rc<Cell<u64>>) {
    let _ = stream.set_nodelay(true); // slower, and no more
    let answers = service_fn(|request| {
        let number = numbers.get() + 1;
        numbers.set(number);
        let shared = Rc::clone(&shared);
        async move { Ok::<_, Infallible>(respond(shared, request, limits, number).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        // Whoever has nothing more to say may still want to hear.
        .half_close(true)
        .max_buf_size(HEAD.max(8 << 10))
        .serve_connection(TokioIo::new(stream), answers);
    let _ = connection.await; // whoever asked has gone
}

async fn respond(
    shared: Shared,
    request: Request<Incoming>,
    limits: Limits,
    number: u64,
) -> Response<Sent> {
    let accept = request.headers().get(ACCEPT);
    let accept = accept.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let accept = accept.to_owned();
    let head = *request.method() == Method::HEAD;
    let unauthenticated = format!("Keystone uri=\"{}\"", "/identity");
    let answered = timeout(limits.whole, calls::answer(shared, request)).await;
    let answer = match answered {
        Ok(Ok(answer)) => answer,
        Ok(Err(refusal)) => Answer::refused(&refusal, &accept),
        Err(_) => Answer::refused(&Refusal::unavailable("It took too long."), &accept),
    };
    let status = answer.status;
    let mut response = sent(answer, head, limits).await;
    let headers = response.headers_mut();
    let id = format!("req-{number:08x}-0000-4000-8000-000000000000");
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-openstack-request-id"), id);
    }
    if status == 401
        && let Ok(value) = HeaderValue::from_str(&unauthenticated)
    {
        headers.insert(WWW_AUTHENTICATE, value);
    }
    response
}

/// An answer as it goes over the connection.
async fn sent(answer: Answer, head: bool, limits: Limits) -> Response<Sent> {
    let Answer {
        mut status,
        headers,
        body,
    } = answer;
    let mut kind = None;
    let mut length = None;
    let body: Sent = match body {
        Body::Empty => Either::Left(Full::default()),
        Body::Text(media_type, text) => {
            kind = Some(media_type);
            Either::Left(Full::new(text.into()))
        }
        Body::Data(part) => {
            kind = Some("application/octet-stream");
            length = Some(part.length());
            let (sender, channel) = Channel::new(2);
            if !head {
                tokio::task::spawn_local(send(part, sender, limits.pause));
            }
            Either::Right(channel)
        }
        Body::Elsewhere { url } => match fetch(Method::GET, &url).await {
            Ok(fetched) => {
                kind = Some("application/octet-stream");
                length = fetched.length;
                let (sender, channel) = Channel::new(2);
                tokio::task::spawn_local(relay(fetched, sender, limits.pause));
                Either::Right(channel)
            }
            Err(_) => {
                status = 204;
                Either::Left(Full::default())
            }
        },
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let all = response.headers_mut();
    if let Some(kind) = kind {
        all.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Some(length) = length {
        all.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            all.append(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Sends data as fast as the client takes it, but waits for none for ever.
async fn send(mut part: Part, mut sender: Sender<Bytes, io::Error>, pause: Duration) {
    loop {
        match part.next() {
            Ok(Some(data)) => {
                let taken = timeout(pause, sender.send_data(data)).await;
                if !matches!(taken, Ok(Ok(()))) {
                    return; // dropped in the middle, so that the connection breaks off
                }
            }
            Ok(None) => return,
            Err(error) => return sender.abort(error),
        }
    }
}

async fn relay(mut fetched: calls::Fetched, mut sender: Sender<Bytes, io::Error>, pause: Duration) {
    loop {
        match fetched.next().await {
            Ok(Some(data)) => {
                let taken = timeout(pause, sender.send_data(data)).await;
                if !matches!(taken, Ok(Ok(()))) {
                    return;
                }
            }
            Ok(None) => return,
            Err(refusal) => return sender.abort(io::Error::other(refusal.text)),
        }
    }
}
