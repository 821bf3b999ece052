//! HTTP/1.1 exchanges over connections of our own: opened when needed, kept for a moment, closed when an answer came early.

use crate::config::{Caller, Endpoint};
use crate::content::{Payload, Progress, Received};
mod stream;
pub mod tls;

use crate::auth::Secret;
use crate::now;
use crate::watch::{Load, Watch};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use hyper_util::rt::TokioIo;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use stormglass_model::history::Content;
use stormglass_model::units::Span;
use stream::{Line, Socket};
use tls::Tls;
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

/// A year is as good as for ever, and cannot overflow the clock.
const FOREVER: Duration = Duration::from_secs(365 * 86_400);

/// The connections to one server.
pub(crate) struct Wire {
    endpoint: Endpoint,
    tls: Option<Tls>,
    timeout: Duration,
    permits: Semaphore,
    idle: RefCell<Vec<Link>>,
}

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
pub(crate) struct Call {
    pub request: hyper::Request<Payload>,
    /// Who sends it; the request is signed when it is sent.
    pub caller: Caller,
    pub progress: Rc<Progress>,
    /// The most content to read of a 200; none where a reply is text.
    pub content_max: Option<u64>,
    /// What to do at a point of it.
    pub watch: Option<Rc<Watch>>,
}

impl Call {
    /// A request that says itself who sends it, and whose reply is text.
    pub fn plain(request: hyper::Request<Payload>) -> Call {
        Call {
            request,
            caller: Caller::default(),
            progress: Progress::new(),
            content_max: None,
            watch: None,
        }
    }

    /// What a watch must know of it.
    fn load(&self) -> Load {
        match (self.request.body(), self.content_max) {
            (Payload::Upload(_), _) => Load::Data(self.request.body().len()),
            (Payload::Text(_), Some(most)) => Load::Reply(most),
            (Payload::Text(_), None) => Load::Text(self.request.body().len()),
        }
    }

    /// The same once more, if it can be sent twice and may have to be.
    fn again(&self) -> Option<Call> {
        // What is done at a point of an exchange is done in one exchange only.
        let plain = self.watch.is_none() && matches!(self.request.body(), Payload::Text(None));
        let repeats = plain && self.caller.renews();
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
                watch: None,
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

/// A reply, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
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
pub(crate) enum Trouble {
    /// Nothing was sent.
    NotSent(String),
    /// The request, or some of it, was sent.
    NoReply(String),
    /// The upload stopped where it was told to, and the connection was closed.
    Stopped,
}

impl Trouble {
    /// What went wrong; empty when it was meant to.
    pub(crate) fn text(&self) -> &str {
        match self {
            Trouble::NotSent(text) | Trouble::NoReply(text) => text,
            Trouble::Stopped => "",
        }
    }
}

/// Where an exchange's time went, apart from the server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub waited: Span,
    pub connect: Span,
}

fn since(began: Instant) -> Span {
    Span(now().saturating_duration_since(began).as_nanos() as u64)
}

impl Wire {
    pub(crate) fn new(
        endpoint: Endpoint,
        tls: Option<Tls>,
        timeout: Span,
        connections: usize,
    ) -> Wire {
        Wire {
            endpoint,
            tls,
            timeout: Duration::from_nanos(timeout.0).min(FOREVER),
            permits: Semaphore::new(connections.min(Semaphore::MAX_PERMITS)),
            idle: RefCell::new(Vec::new()),
        }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Signs a request, sends it and reads its reply. `times` grows by what was spent before the server had the request.
    ///
    /// A request without a body whose token was no longer accepted is sent once more with a new one: it had no effect.
    pub(crate) async fn exchange(
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
    pub(crate) async fn deliver(&self, call: Call, times: &mut Times) -> Result<Reply, Trouble> {
        let began = now();
        let secret = call.request.headers().get("x-auth-token").cloned();
        let _permit = self.permits.acquire().await;
        times.waited += since(began);
        call.progress.at.set(now());

        let uploads = matches!(call.request.body(), Payload::Upload(_));
        let watch = call.watch.clone().map(|watch| (watch, call.load()));
        let watched = watch.is_some();
        // What the client itself holds up is not the server's delay.
        let delay = call.watch.as_ref().map_or(Duration::ZERO, |it| it.delay());
        let limit = self.timeout.saturating_add(delay).min(FOREVER);
        let sending = self.send(call.request, &call.progress, watch, limit, times);
        let (link, response) = sending.await?;
        let keeps_open = keeps_open(&response);
        let mut reply = read(response, call.content_max, limit).await;
        if let Some(secret) = secret {
            blot(&mut reply.text, secret.as_bytes());
        }
        // An upload that was turned down may not have been read, and its bytes would stand before the next request.
        let was_read = !uploads || (200..300).contains(&reply.status);
        let is_whole = was_read && reply.cut.is_none() && call.progress.finished.get();
        if keeps_open && is_whole && !watched {
            self.keep(link);
        }
        Ok(reply)
    }

    /// Hands the request to a connection and waits for the head of the reply.
    async fn send(
        &self,
        mut request: hyper::Request<Payload>,
        progress: &Progress,
        watch: Option<(Rc<Watch>, Load)>,
        limit: Duration,
        times: &mut Times,
    ) -> Result<(Link, hyper::Response<Incoming>), Trouble> {
        loop {
            // A watch sits on a connection from its first byte on.
            let kept = match &watch {
                Some(_) => None,
                None => self.kept().await,
            };
            let fresh = kept.is_none();
            let mut link = match kept {
                Some(link) => link,
                None => self.open(watch.clone(), times).await?,
            };
            let sending = link.sender.try_send_request(request);
            match answered(sending, progress, limit).await? {
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

    async fn open(
        &self,
        watch: Option<(Rc<Watch>, Load)>,
        times: &mut Times,
    ) -> Result<Link, Trouble> {
        let stream = self.connect(times).await?;
        let handshake = http1::Builder::new()
            .max_buf_size(HEAD_MAX)
            .handshake(TokioIo::new(Line::new(stream, watch)))
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

    /// A connection, as requests travel on it.
    async fn connect(&self, times: &mut Times) -> Result<Box<dyn Socket>, Trouble> {
        let began = now();
        let address = (self.endpoint.host.as_str(), self.endpoint.port);
        let opened = timeout_at(began + self.timeout, async {
            let opened = async {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok::<_, std::io::Error>(stream)
            };
            let stream = (opened.await).map_err(|error| format!("cannot connect: {error}"))?;
            Ok::<Box<dyn Socket>, String>(match &self.tls {
                Some(tls) => Box::new(tls.over(stream).await?),
                None => Box::new(stream),
            })
        })
        .await;
        times.connect += since(began);
        opened
            .unwrap_or_else(|_| Err(format!("cannot connect within {:?}", self.timeout)))
            .map_err(Trouble::NotSent)
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
}

async fn read(
    response: hyper::Response<Incoming>,
    content_max: Option<u64>,
    limit: Duration,
) -> Reply {
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
            match read_content(body, most, limit).await {
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
        _ => match read_text(body, limit).await {
            Ok(text) => reply.text = text,
            Err(text) => reply.cut = Some(text),
        },
    }
    reply
}

/// Waits for `sending`, as long as the request's body makes progress.
async fn answered<T>(
    sending: impl Future<Output = T>,
    progress: &Progress,
    limit: Duration,
) -> Result<T, Trouble> {
    tokio::pin!(sending);
    loop {
        tokio::select! {
            biased;
            response = &mut sending => return Ok(response),
            () = progress.stopped.notified() => return Err(Trouble::Stopped),
            () = sleep_until(progress.at.get() + limit) => {
                if progress.at.get() + limit <= now() {
                    return Err(Trouble::NoReply(format!("no reply within {limit:?}")));
                }
            }
        }
    }
}

/// Counts and digests at most one byte more than `most`, for as long as bytes keep coming.
async fn read_content(mut body: Incoming, most: u64, limit: Duration) -> Result<Content, String> {
    let mut received = Received::default();
    loop {
        let frame = timeout_at(now() + limit, body.frame()).await;
        match frame {
            Err(_) => return Err(format!("no more content within {limit:?}")),
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

async fn read_text(mut body: Incoming, limit: Duration) -> Result<Bytes, String> {
    let deadline = now() + limit; // of the whole: nothing this short comes slowly
    let too_long = || format!("the reply is longer than {TEXT_MAX} bytes");
    if body.size_hint().lower() > TEXT_MAX as u64 {
        return Err(too_long());
    }
    let mut text = BytesMut::new();
    loop {
        match timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(format!("the reply did not end within {limit:?}")),
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
