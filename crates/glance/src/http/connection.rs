//! Exchanges over connections that are opened when needed, kept for a moment, and closed when an answer came early.

use super::content::{Payload, Transfer};
use super::endpoint::{ConfigError, Endpoint};
use super::proxy::Proxy;
use super::reply::{self, Reply, explain};
use super::routes::Routes;
use super::stream::FaultyStream;
use super::tls::Tls;
use super::trouble::Trouble;
use super::watch::{Load, Side, Watch};
use crate::clock::{now, since};
use crate::system::Socket;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, TRANSFER_ENCODING};
use hyper_util::rt::TokioIo;
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use stormglass_model::units::Span;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

/// The most of a reply's head that is read.
const HEAD_MAX: usize = 256 * 1024;
/// A connection unused for longer is not used again. Servers close an idle one after a few seconds (Gunicorn: two), and a
/// request sent into a closing connection has an unknown outcome.
const KEPT: Duration = Duration::from_secs(1);

/// A year is as good as for ever, and cannot overflow the clock.
const FOREVER: Duration = Duration::from_secs(365 * 86_400);

/// The connections to one server.
pub(crate) struct Connections {
    endpoint: Endpoint,
    tls: Option<Tls>,
    proxy: Option<Proxy>,
    routes: Routes,
    timeout: Duration,
    permits: Semaphore,
    idle: RefCell<Vec<Connection>>,
}

/// One open connection. Dropping it closes it, whatever was still going on.
struct Connection {
    sender: SendRequest<Payload>,
    task: JoinHandle<()>,
    idle_since: Instant,
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Left alone, hyper would go on with an upload that was answered before its end, and wait for a server that reads no more.
        self.task.abort();
    }
}

/// What to send and what to read.
pub(crate) struct Call {
    pub request: hyper::Request<Payload>,
    /// A text that the reply does not show, since a server may repeat what it was told.
    pub secret: Option<HeaderValue>,
    pub transfer: Rc<Transfer>,
    /// The most content to read of a 200; none where a reply is text.
    pub content_max: Option<u64>,
    /// What to do at a point of it.
    pub watch: Option<Rc<Watch>>,
}

impl Call {
    /// A request to the server called `host`, whose reply is text. Its parts must be well formed.
    pub fn new(
        method: &str,
        path: &str,
        host: &str,
        media_type: Option<&'static str>,
        body: Payload,
    ) -> Call {
        let (length, is_chunked) = (body.left(), body.is_chunked());
        let mut request = hyper::Request::new(body);
        *request.method_mut() = method.parse().unwrap_or_default();
        *request.uri_mut() = path.parse().unwrap_or_default();
        let headers = request.headers_mut();
        if let Ok(host) = HeaderValue::from_str(host) {
            headers.insert(HOST, host);
        }
        if is_chunked {
            headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        } else if matches!(method, "PUT" | "POST" | "PATCH") {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        if let Some(media_type) = media_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        Call::of(request)
    }

    fn of(request: hyper::Request<Payload>) -> Call {
        Call {
            transfer: request.body().transfer(),
            request,
            secret: None,
            content_max: None,
            watch: None,
        }
    }

    /// What a watch must know of it.
    fn load(&self) -> Load {
        let body = self.request.body();
        match self.content_max {
            Some(size) => Load {
                side: Side::Reply,
                size,
                is_data: true,
            },
            None => Load {
                side: Side::Request,
                size: body.length_on_wire(),
                is_data: matches!(body, Payload::Upload(_)),
            },
        }
    }

    /// The same once more, if nothing of it is lost by that: it has no body, and nothing is done at a point of it.
    pub fn repeated(&self) -> Option<Call> {
        if self.watch.is_some() {
            return None;
        }
        Some(Call {
            content_max: self.content_max,
            ..Call::of(copied(&self.request)?)
        })
    }
}

/// Where an exchange's time went, apart from the server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub waited: Span,
    pub connect: Span,
}

impl Connections {
    /// Connections to `endpoint`, at most so many at once. Where it speaks TLS, the certificates of `files` are trusted beside
    /// the system's. They take `routes`. Each part of an exchange must end within `timeout`: to connect, the head of the reply, its
    /// text, and of larger bodies each piece of [`Payload::CHUNK`] bytes. Nothing is sent yet.
    pub(crate) fn new<'a>(
        endpoint: Endpoint,
        files: impl IntoIterator<Item = &'a Path>,
        routes: &Routes,
        timeout: Span,
        connections: usize,
    ) -> Result<Connections, ConfigError> {
        let tls = endpoint.tls.then(|| Tls::new(&endpoint.host, files));
        Ok(Connections {
            tls: tls.transpose()?,
            proxy: routes.towards(&endpoint)?,
            routes: routes.clone(),
            endpoint,
            timeout: Duration::from_nanos(timeout.0).min(FOREVER),
            permits: Semaphore::new(connections.min(Semaphore::MAX_PERMITS)),
            idle: RefCell::new(Vec::new()),
        })
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a request once and reads its reply. `times` grows by what was spent before the server had the request. It ends within
    /// a second once the user wants to stop.
    pub(crate) async fn exchange(&self, call: Call, times: &mut Times) -> Result<Reply, Trouble> {
        let generator = self.routes.generator();
        let whole = self.exchange_unhurried(call, times);
        let came = generator.interruption().hurry(whole).await;
        let came = came.unwrap_or(Err(Trouble::BrokenOff(None)));
        let local = match &came {
            Ok(reply) => reply.local.as_ref(),
            Err(trouble) => trouble.local(),
        };
        local.into_iter().for_each(|it| generator.failed_by(it));
        came
    }

    async fn exchange_unhurried(&self, call: Call, times: &mut Times) -> Result<Reply, Trouble> {
        let began = now();
        let _permit = self.permits.acquire().await;
        times.waited += since(began);
        call.transfer.at.set(now());

        let uploads = matches!(call.request.body(), Payload::Upload(_));
        let watch = call.watch.clone().map(|watch| (watch, call.load()));
        let watched = watch.is_some();
        // What the client itself holds up is not the server's delay.
        let delay = call.watch.as_ref().map_or(Duration::ZERO, |it| it.delay());
        let limit = self.timeout.saturating_add(delay).min(FOREVER);
        let mut request = call.request;
        if let Some(proxy) = self.proxy.as_ref().filter(|_| self.tls.is_none()) {
            proxy.address(&mut request, &self.endpoint);
        }
        let sending = self.send(request, &call.transfer, watch, limit, times);
        let (mut link, response) = sending.await?;
        let keeps_open = reply::keeps_open(&response);
        let mut reply = reply::read(response, call.content_max, limit).await;
        if let Some(secret) = call.secret {
            reply::redact(&mut reply.text, secret.as_bytes());
        }
        // An upload that was turned down may not have been read, and its bytes would stand before the next request.
        let was_sent = call.transfer.content.get().is_some();
        let was_read = !uploads || was_sent && (200..300).contains(&reply.status);
        if keeps_open && was_read && reply.cut.is_none() && !watched {
            link.idle_since = now();
            self.idle.borrow_mut().push(link);
        }
        Ok(reply)
    }

    /// Hands the request to a connection and waits for the head of the reply.
    ///
    /// A server may close a kept connection just as a request goes into it (RFC 9112, 9.3.1). One that changes nothing is then
    /// sent again; any other has an unknown outcome.
    async fn send(
        &self,
        mut request: hyper::Request<Payload>,
        transfer: &Transfer,
        watch: Option<(Rc<Watch>, Load)>,
        limit: Duration,
        times: &mut Times,
    ) -> Result<(Connection, hyper::Response<Incoming>), Trouble> {
        let mut lost = None;
        loop {
            // A watch sits on a connection from its first byte on.
            let kept = match &watch {
                Some(_) => None,
                None => self.kept().await,
            };
            let fresh = kept.is_none();
            let mut link = match kept {
                Some(link) => link,
                // What was lost was sent, which this was not.
                None => match self.open(watch.clone(), times).await {
                    Ok(link) => link,
                    Err(trouble) => return Err(lost.unwrap_or(trouble)),
                },
            };
            let again = (!fresh && request.method().is_safe())
                .then(|| copied(&request))
                .flatten();
            let sending = link.sender.try_send_request(request);
            match answered(sending, transfer, limit).await? {
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
                        None if error.is_parse() => return Err(Trouble::Malformed(text)),
                        None => match (again, Trouble::unanswered(text, &error)) {
                            (Some(again), trouble @ Trouble::NoReply(_)) => {
                                lost = Some(trouble);
                                request = again;
                            }
                            (_, trouble) => return Err(trouble),
                        },
                    }
                }
            }
        }
    }

    async fn open(
        &self,
        watch: Option<(Rc<Watch>, Load)>,
        times: &mut Times,
    ) -> Result<Connection, Trouble> {
        let stream = self.connect(times).await?;
        match watch {
            Some((watch, load)) => handshake(FaultyStream::new(stream, watch, load)).await,
            None => handshake(stream).await,
        }
    }

    /// A connection, as requests travel on it.
    async fn connect(&self, times: &mut Times) -> Result<Box<dyn Socket>, Trouble> {
        let began = now();
        let opening = async {
            let unopened = |error| Trouble::unsent("cannot connect", &error);
            let stream = match &self.proxy {
                Some(proxy) => {
                    let opened = self.routes.connect(&proxy.place).await;
                    let stream = opened.map_err(|error| proxy.lost(error))?;
                    proxy.lead_on(stream, &self.endpoint).await?
                }
                None => self
                    .routes
                    .connect(&self.endpoint)
                    .await
                    .map_err(unopened)?,
            };
            Ok::<Box<dyn Socket>, Trouble>(match &self.tls {
                Some(tls) => Box::new(tls.over(stream).await?),
                None => stream,
            })
        };
        let opened = timeout_at(began + self.timeout, opening).await;
        times.connect += since(began);
        opened.unwrap_or_else(|_| {
            let late = format!("cannot connect within {:?}", self.timeout);
            Err(Trouble::NotSent(late))
        })
    }

    /// A connection used a moment ago that is still open.
    async fn kept(&self) -> Option<Connection> {
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
}

/// The same request once more, if it has no body.
fn copied(request: &hyper::Request<Payload>) -> Option<hyper::Request<Payload>> {
    let is_empty = matches!(request.body(), Payload::Text(text) if text.is_empty());
    is_empty.then(|| {
        let mut copy = hyper::Request::new(Payload::text(""));
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        copy
    })
}

async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
) -> Result<Connection, Trouble> {
    let handshake = http1::Builder::new()
        .max_buf_size(HEAD_MAX)
        .handshake(TokioIo::new(stream))
        .await;
    let (sender, connection) = handshake.map_err(|error| Trouble::NotSent(explain(&error)))?;
    let task = tokio::task::spawn_local(async move {
        // Its error also reaches whoever waits for the reply.
        let _ = connection.await;
    });
    Ok(Connection {
        sender,
        task,
        idle_since: now(),
    })
}

/// Waits for `sending`, as long as the request's body makes progress.
async fn answered<T>(
    sending: impl Future<Output = T>,
    transfer: &Transfer,
    limit: Duration,
) -> Result<T, Trouble> {
    tokio::pin!(sending);
    loop {
        tokio::select! {
            biased;
            response = &mut sending => return Ok(response),
            () = transfer.stopped.notified() => return Err(Trouble::Stopped),
            () = sleep_until(transfer.at.get() + limit) => {
                if transfer.at.get() + limit <= now() {
                    return Err(Trouble::NoReply(format!("no reply within {limit:?}")));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::LocalCause;
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::io::ReadBuf;

    /// A connection that takes so many writes, and then fails as the system says.
    struct Failing(usize, rustix::io::Errno);

    impl AsyncWrite for Failing {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            match self.0 {
                0 => Poll::Ready(Err(self.1.into())),
                left => {
                    self.0 = left - 1;
                    Poll::Ready(Ok(bytes.len()))
                }
            }
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncRead for Failing {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    /// What becomes of an upload over such a connection.
    async fn upload(connection: Failing) -> Trouble {
        let mut connection = handshake(connection).await.unwrap();
        let body = Payload::upload(1, 1 << 20, 1 << 20);
        let call = Call::new("PUT", "/v2/images", "glance", None, body);
        let sent = connection.sender.try_send_request(call.request).await;
        let error = sent.unwrap_err().into_error();
        Trouble::unanswered(explain(&error), &error)
    }

    #[test]
    fn what_fails_here_after_bytes_were_sent_is_not_the_servers_silence() {
        use rustix::io::Errno;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let local = tokio::task::LocalSet::new();
        let become_of = |errno| local.block_on(&runtime, upload(Failing(1, errno)));
        match become_of(Errno::NOBUFS) {
            Trouble::BrokenOff(Some(failure)) => assert_eq!(failure.cause, LocalCause::Memory),
            other => panic!("{other:?}"),
        }
        // That the other side has gone says something of it.
        assert!(matches!(become_of(Errno::PIPE), Trouble::NoReply(_)));
    }
}
