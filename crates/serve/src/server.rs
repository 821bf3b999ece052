//! Connections: accepted, bounded, and answered.

use crate::answer::{Answer, request_id};
use crate::calls::{self, Shared};
use crate::config::{Config, Limits};
use crate::elsewhere;
use crate::judgement::{self, Judgement};
use crate::refusal::Refusal;
use crate::reply::{Sent, To, sent};
use crate::twin::Twin;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::time::Duration;
use stormglass_model::fault::ReplyFault;
use stormglass_model::units::Span;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

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

    /// Answers who connects, until `stop`; `other` is where the other host listens to which downloads can be redirected. It needs a
    /// local set to run in.
    pub async fn serve(
        &self,
        listener: TcpListener,
        other: Option<TcpListener>,
        stop: impl Future<Output = ()>,
    ) {
        let calendar = tokio::task::spawn_local(keep_time(Rc::clone(&self.shared)));
        let elsewhere = async {
            match other {
                Some(other) => self.accept_elsewhere(other).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.accept(listener) => {}
            () = elsewhere => {}
            () = stop => {}
        }
        calendar.abort();
    }

    /// What is said of all answers so far and, if they are judged, of clients, who have nothing more to ask.
    pub fn judgement(&self) -> io::Result<Judgement> {
        let mut twin = self.shared.borrow_mut();
        let clients = twin.client_report();
        Ok(Judgement {
            answers: judgement::of_answers(&twin),
            clients,
            history: judgement::history(&twin)?,
        })
    }

    async fn accept_elsewhere(&self, listener: TcpListener) {
        let mut open = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(Duration::from_millis(50)).await;
                continue;
            };
            let (shared, limits) = (Rc::clone(&self.shared), self.limits);
            while open.try_join_next().is_some() {}
            open.spawn_local(async move {
                let answers = service_fn(|request| {
                    let shared = Rc::clone(&shared);
                    async move {
                        Ok::<_, Infallible>(elsewhere::respond(shared, request, limits).await)
                    }
                });
                let connection = builder(limits).serve_connection(TokioIo::new(stream), answers);
                let _ = connection.await; // whoever asked has gone
            });
        }
    }

    async fn accept(&self, listener: TcpListener) {
        let mut open = JoinSet::new();
        let numbers = Rc::new(Cell::new(0_u64));
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    // Who has left makes room, although nobody has looked since.
                    while open.try_join_next().is_some() {}
                    match accepted {
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
                    }
                }
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
    let judged = shared.borrow().config.judge.is_some();
    let Ok((stream, peer)) = Peer::of(stream, judged) else {
        return; // no file is left for it
    };
    let peer = Rc::new(peer);
    let answers = service_fn(|request| {
        let number = numbers.get() + 1;
        numbers.set(number);
        respond(
            Rc::clone(&shared),
            request,
            limits,
            number,
            Rc::clone(&peer),
        )
    });
    let connection = builder(limits).serve_connection(TokioIo::new(stream), answers);
    let _ = connection.await; // whoever asked has gone
}

fn builder(limits: Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        // Whoever has nothing more to say may still want to hear.
        .half_close(true)
        .max_buf_size(HEAD.max(8 << 10));
    builder
}

async fn respond(
    shared: Shared,
    request: Request<Incoming>,
    limits: Limits,
    number: u64,
    peer: Rc<Peer>,
) -> Result<Response<Sent>, Unanswered> {
    let accept = request.headers().get(ACCEPT);
    let accept = accept.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let accept = accept.to_owned();
    let head = *request.method() == Method::HEAD;
    let unauthenticated = format!("Keystone uri=\"{}\"", "/identity");
    let answered = calls::answer(Rc::clone(&shared), request, number);
    let answer = match timeout(limits.whole, answered).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(refusal)) => Answer::refused(&refusal, &accept),
        Err(_) => Answer::refused(&Refusal::unavailable("It took too long."), &accept),
    };
    let status = answer.status;
    let lost = (answer.struck.as_ref()).is_some_and(|it| it.fault == ReplyFault::Lost);
    let heard = !lost && !peer.has_gone();
    let wait = answer
        .headers
        .iter()
        .find(|(name, _)| *name == "retry-after");
    let wait = wait.and_then(|(_, text)| text.parse().ok());
    let wait = wait.map(Span::from_secs).filter(|_| heard);
    (shared.borrow_mut()).answered(number, heard.then_some(status), wait);
    if lost {
        return Err(Unanswered);
    }
    let to = To {
        shared,
        head,
        limits,
    };
    let mut response = sent(answer, to).await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&request_id(number)) {
        headers.insert(HeaderName::from_static("x-openstack-request-id"), id);
    }
    if status == 401
        && let Ok(value) = HeaderValue::from_str(&unauthenticated)
    {
        headers.insert(WWW_AUTHENTICATE, value);
    }
    Ok(response)
}

/// A fault wants that nothing is answered: the connection ends.
#[derive(Debug, thiserror::Error)]
#[error("a fault wants that there is no reply")]
struct Unanswered;

/// The other end of a connection, where it matters whether somebody is there.
struct Peer(Option<std::net::TcpStream>);

impl Peer {
    /// Looks at a connection through a second handle, if clients are judged.
    fn of(stream: TcpStream, judged: bool) -> std::io::Result<(TcpStream, Peer)> {
        if !judged {
            return Ok((stream, Peer(None)));
        }
        let stream = stream.into_std()?;
        let second = stream.try_clone()?; // which does not block either
        Ok((TcpStream::from_std(stream)?, Peer(Some(second))))
    }

    /// Whether the client has closed the connection before it was answered.
    fn has_gone(&self) -> bool {
        let Some(stream) = &self.0 else {
            return false;
        };
        match stream.peek(&mut [0]) {
            Ok(0) => true,
            // The next request.
            Ok(_) => false,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }
}
