//! HTTP/1.1 exchanges over connections of our own: opened when needed, kept for a moment, closed when an answer came early.

use super::config::{Caller, Endpoint};
use super::content::{Payload, Progress, Received};
use super::now;
use super::tls::Tls;
use crate::history::Content;
use crate::scenario::auth::Secret;
use crate::units::Span;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use hyper_util::rt::TokioIo;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

/// The most of a reply's text that is read. Images are not read as text.
const TEXT_MAX: usize = 1024 * 1024;
/// The most of a reply's head that is read.
const HEAD_MAX: usize = 256 * 1024;
/// A connection unused for longer is not used again. Servers close an idle one after a few seconds (Gunicorn: two), and a
/// request sent into a closing connection has an unknown outcome.
const KEPT: Duration = Duration::from_secs(1);

/// The connections to one server.
pub(super) struct Wire {
    endpoint: Endpoint,
    tls: Option<Tls>,
    timeout: Duration,
    permits: Semaphore,
    idle: RefCell<Vec<Link>>,
}

/// Bytes both ways, with TLS or without.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// One open connection. Dropping it closes it, whatever was still going on.
struct Link {
    sender: SendRequest<Payload>,
    task: JoinHandle<()>,
    idle_since: Instant,
}

impl Drop for Link {
    fn drop(&mut self) {
        // Left alone, hyper would go on with an upload that was answered before its end, and wait for a server that reads no more.
        self.task.abort();
    }
}

/// What to send and what to read.
pub(super) struct Call {
    pub request: hyper::Request<Payload>,
    /// Who sends it; the request is signed when it is sent.
    pub caller: Caller,
    pub progress: Rc<Progress>,
    /// The most content to read of a 200; none where a reply is text.
    pub content_max: Option<u64>,
}

/// A reply, read to its end.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: Bytes,
    /// The content of a download. One byte more than was asked for at most is counted.
    pub content: Option<Content>,
    /// Why the reply's body could not be read to its end.
    pub cut: Option<String>,
}

/// Why there was no reply.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nothing was sent.
    NotSent(String),
    /// The request, or some of it, was sent.
    NoReply(String),
    /// The upload stopped where it was told to, and the connection was closed.
    Stopped,
}

/// Where an exchange's time went, apart from the server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub waited: Span,
    pub connect: Span,
}

fn since(began: Instant) -> Span {
    Span(now().saturating_duration_since(began).as_nanos() as u64)
}

impl Call {
    /// The same once more, if it can be sent twice and may have to be.
    fn again(&self) -> Option<Call> {
        let repeats = self.caller.renews() && matches!(self.request.body(), Payload::Text(None));
        repeats.then(|| {
            let mut request = hyper::Request::new(Payload::Text(None));
            *request.method_mut() = self.request.method().clone();
            *request.uri_mut() = self.request.uri().clone();
            *request.headers_mut() = self.request.headers().clone();
            Call {
                request,
                caller: self.caller.clone(),
                progress: Progress::new(),
                content_max: self.content_max,
            }
        })
    }

    async fn sign(&mut self, times: &mut Times) -> Result<Option<Secret>, Trouble> {
        let began = now();
        let signed = self.caller.sign(self.request.headers_mut()).await;
        times.waited += since(began);
        signed.map_err(|error| Trouble::NotSent(error.to_string()))
    }
}

impl Wire {
    pub(super) fn new(
        endpoint: Endpoint,
        tls: Option<Tls>,
        timeout: Span,
        connections: usize,
    ) -> Wire {
        Wire {
            endpoint,
            tls,
            // A year is as good as for ever, and cannot overflow the clock.
            timeout: Duration::from_nanos(timeout.0).min(Duration::from_secs(365 * 86_400)),
            permits: Semaphore::new(connections.min(Semaphore::MAX_PERMITS)),
            idle: RefCell::new(Vec::new()),
        }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Signs a request, sends it and reads its reply. `times` grows by what was spent before the server had the request.
    ///
    /// A request without a body whose token was no longer accepted is sent once more with a new one: it had no effect.
    pub(super) async fn exchange(
        &self,
        mut call: Call,
        times: &mut Times,
    ) -> Result<Reply, Trouble> {
        let caller = call.caller.clone();
        let again = call.again();
        let token = call.sign(times).await?;
        let mut reply = self.deliver(call, times).await?;
        let renewed = caller.answered(token.as_ref(), reply.status);
        if let (true, Some(mut again)) = (renewed, again) {
            let token = again.sign(times).await?;
            reply = self.deliver(again, times).await?;
            caller.answered(token.as_ref(), reply.status);
        }
        Ok(reply)
    }

    /// Sends a request as it is, once, and reads its reply.
    pub(super) async fn deliver(&self, call: Call, times: &mut Times) -> Result<Reply, Trouble> {
        let began = now();
        let secret = call.request.headers().get("x-auth-token").cloned();
        let _permit = self.permits.acquire().await;
        times.waited += since(began);
        call.progress.at.set(now());

        let uploads = matches!(call.request.body(), Payload::Upload(_));
        let (link, response) = self.send(call.request, &call.progress, times).await?;
        let keeps_open = keeps_open(&response);
        let mut reply = self.read(response, call.content_max).await;
        if let Some(secret) = secret {
            blot(&mut reply.text, secret.as_bytes());
        }
        // An upload that was turned down may not have been read, and its bytes would stand before the next request.
        let was_read = !uploads || (200..300).contains(&reply.status);
        if keeps_open && was_read && reply.cut.is_none() && call.progress.finished.get() {
            self.keep(link);
        }
        Ok(reply)
    }

    /// Hands the request to a connection and waits for the head of the reply.
    async fn send(
        &self,
        mut request: hyper::Request<Payload>,
        progress: &Progress,
        times: &mut Times,
    ) -> Result<(Link, hyper::Response<Incoming>), Trouble> {
        loop {
            let kept = self.kept().await;
            let fresh = kept.is_none();
            let mut link = match kept {
                Some(link) => link,
                None => self.connect(times).await?,
            };
            let sending = link.sender.try_send_request(request);
            match self.answered(sending, progress).await? {
                Ok(response) => return Ok((link, response)),
                Err(mut error) => {
                    let unsent = error.take_message();
                    let error = error.into_error();
                    let mut text = explain(&error);
                    if error.is_parse() && self.tls.is_none() {
                        text.push_str("; if it speaks TLS, write https://");
                    }
                    match unsent {
                        // A kept connection turned out closed, and the request comes back whole: no harm done.
                        Some(whole) if !fresh => request = whole,
                        Some(_) => return Err(Trouble::NotSent(text)),
                        None => return Err(Trouble::NoReply(text)),
                    }
                }
            }
        }
    }

    /// Waits for `sending`, as long as the request's body makes progress.
    async fn answered<T>(
        &self,
        sending: impl Future<Output = T>,
        progress: &Progress,
    ) -> Result<T, Trouble> {
        tokio::pin!(sending);
        loop {
            tokio::select! {
                biased;
                response = &mut sending => return Ok(response),
                () = progress.stopped.notified() => return Err(Trouble::Stopped),
                () = sleep_until(progress.at.get() + self.timeout) => {
                    if progress.at.get() + self.timeout <= now() {
                        return Err(Trouble::NoReply(format!("no reply within {:?}", self.timeout)));
                    }
                }
            }
        }
    }

    async fn connect(&self, times: &mut Times) -> Result<Link, Trouble> {
        let began = now();
        let address = (self.endpoint.host.as_str(), self.endpoint.port);
        let opened = timeout_at(began + self.timeout, async {
            let opened = async {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok::<_, std::io::Error>(stream)
            };
            let stream = (opened.await).map_err(|error| format!("cannot connect: {error}"))?;
            self.secured(stream).await
        })
        .await;
        times.connect += since(began);
        let stream = match opened {
            Ok(Ok(stream)) => stream,
            Ok(Err(text)) => return Err(Trouble::NotSent(text)),
            Err(_) => {
                return Err(Trouble::NotSent(format!(
                    "cannot connect within {:?}",
                    self.timeout
                )));
            }
        };
        let handshake = http1::Builder::new()
            .max_buf_size(HEAD_MAX)
            .handshake(TokioIo::new(stream))
            .await;
        let (sender, connection) = handshake.map_err(|error| Trouble::NotSent(explain(&error)))?;
        let task = tokio::task::spawn_local(async move {
            // Its error also reaches whoever waits for the reply.
            let _ = connection.await;
        });
        Ok(Link {
            sender,
            task,
            idle_since: now(),
        })
    }

    /// The connection as requests travel on it.
    async fn secured<S>(&self, stream: S) -> Result<Box<dyn Stream>, String>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        Ok(match &self.tls {
            Some(tls) => Box::new(tls.over(stream).await?),
            None => Box::new(stream),
        })
    }

    /// A connection used a moment ago that is still open.
    async fn kept(&self) -> Option<Link> {
        loop {
            let mut link = self.idle.borrow_mut().pop()?;
            if link.idle_since.elapsed() >= KEPT {
                self.idle.borrow_mut().clear(); // the rest has been idle for longer
                return None;
            }
            // Ready or closed as soon as its task has run; the limit is for what nobody thought of.
            let ready = timeout_at(now() + self.timeout, link.sender.ready()).await;
            if matches!(ready, Ok(Ok(()))) {
                return Some(link);
            }
        }
    }

    fn keep(&self, mut link: Link) {
        link.idle_since = now();
        self.idle.borrow_mut().push(link);
    }

    async fn read(&self, response: hyper::Response<Incoming>, content_max: Option<u64>) -> Reply {
        let status = response.status().as_u16();
        let framed = is_framed(&response);
        let (head, body) = response.into_parts();
        let mut reply = Reply {
            status,
            headers: head.headers,
            text: Bytes::new(),
            content: None,
            cut: None,
        };
        match content_max {
            Some(most) if matches!(status, 200 | 206) => {
                match self.read_content(body, most).await {
                    Ok(content) => {
                        reply.content = Some(content);
                        if !framed && content.size < most {
                            // Nothing says whether this is the end or a connection that broke.
                            reply.cut = Some("the reply has no length and ended early".to_owned());
                        } else if content.size > most {
                            reply.cut = Some(format!(
                                "more than {most} bytes came; the rest was not read"
                            ));
                        }
                    }
                    Err(text) => reply.cut = Some(text),
                }
            }
            _ => match self.read_text(body).await {
                Ok(text) => reply.text = text,
                Err(text) => reply.cut = Some(text),
            },
        }
        reply
    }

    /// Counts and digests at most one byte more than `most`, for as long as bytes keep coming.
    async fn read_content(&self, mut body: Incoming, most: u64) -> Result<Content, String> {
        let mut received = Received::default();
        loop {
            let frame = timeout_at(now() + self.timeout, body.frame()).await;
            match frame {
                Err(_) => return Err(format!("no more content within {:?}", self.timeout)),
                Ok(None) => return Ok(received.content()),
                Ok(Some(Err(error))) => return Err(explain(&error)),
                Ok(Some(Ok(frame))) => {
                    let Some(bytes) = frame.data_ref() else {
                        continue;
                    };
                    let room = most.saturating_add(1) - received.size();
                    let wanted = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
                    received.add(&bytes[..wanted]);
                    if received.size() > most {
                        return Ok(received.content());
                    }
                }
            }
        }
    }

    async fn read_text(&self, mut body: Incoming) -> Result<Bytes, String> {
        let deadline = now() + self.timeout; // of the whole: nothing this short comes slowly
        let too_long = || format!("the reply is longer than {TEXT_MAX} bytes");
        if body.size_hint().lower() > TEXT_MAX as u64 {
            return Err(too_long());
        }
        let mut text = BytesMut::new();
        loop {
            match timeout_at(deadline, body.frame()).await {
                Err(_) => return Err(format!("the reply did not end within {:?}", self.timeout)),
                Ok(None) => return Ok(text.freeze()),
                Ok(Some(Err(error))) => return Err(explain(&error)),
                Ok(Some(Ok(frame))) => {
                    let bytes = frame.data_ref().map_or(&[][..], |bytes| bytes);
                    if text.len() + bytes.len() > TEXT_MAX {
                        return Err(too_long());
                    }
                    text.extend_from_slice(bytes);
                }
            }
        }
    }
}

/// Takes a token out of a reply: a server may say what it was told, and replies are shown.
fn blot(text: &mut Bytes, secret: &[u8]) {
    let length = secret.len().max(1);
    let mut kept = BytesMut::new();
    let mut rest = &text[..];
    while let Some(at) = rest.windows(length).position(|part| part == secret) {
        kept.extend_from_slice(&rest[..at]);
        rest = &rest[at + length..];
    }
    if rest.len() < text.len() {
        kept.extend_from_slice(rest);
        *text = kept.freeze();
    }
}

/// Whether the server means to keep the connection.
fn keeps_open(response: &hyper::Response<Incoming>) -> bool {
    let closes = |value: &hyper::header::HeaderValue| {
        value
            .to_str()
            .is_ok_and(|text| text.to_ascii_lowercase().contains("close"))
    };
    is_framed(response) && !response.headers().get_all(CONNECTION).iter().any(closes)
}

/// Whether the reply says where it ends. One that does not ends with its connection.
fn is_framed(response: &hyper::Response<Incoming>) -> bool {
    let headers = response.headers();
    response.status() == hyper::StatusCode::NO_CONTENT
        || headers.contains_key(CONTENT_LENGTH)
        || headers.contains_key(TRANSFER_ENCODING)
}

/// An error with its causes, in one line.
fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
