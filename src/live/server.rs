//! The HTTP server of a run under way.

use super::gate::Refusal;
use super::state::{News, State, event};
use crate::engine::cpu_time;
use crate::report::exposition;
use bytes::Bytes;
use http_body_util::channel::Channel;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Connections that are served at once; the rest waits to be accepted.
const AT_ONCE: usize = 32;
/// A request's head must come within this.
const HEAD: Duration = Duration::from_secs(10);
/// The longest that a connection is served. A browser that hears events connects again.
const WHOLE: Duration = Duration::from_secs(600);
/// How long browsers have to fetch the report once the run has ended.
const LINGER: Duration = Duration::from_secs(3);

type Body = Either<Full<Bytes>, Channel<Bytes>>;

/// The finished page, once the run has ended; none where there is no page.
pub type End = oneshot::Receiver<Option<Vec<u8>>>;

/// Serves until the run has ended and whoever watched it has its report, or a few seconds have passed.
pub async fn serve(listener: TcpListener, state: Rc<State>, end: End) {
    let ending = async {
        tokio::select! {
            () = state.watch() => {}
            // A run that was given up has no report.
            report = end => finish(&state, report.ok().flatten()).await,
        }
    };
    tokio::select! {
        () = accept(listener, &state) => {}
        () = ending => {}
    }
}

async fn finish(state: &State, report: Option<Vec<u8>>) {
    state.look();
    let watchers = state.feeds.get();
    let there = if report.is_some() { "report" } else { "none" };
    *state.report.borrow_mut() = report.map(Bytes::from);
    let ended = News::Ended(event("ended", there));
    state.news.send_replace(ended);
    let fetched = async {
        while state.feeds.get() > 0 || there == "report" && state.fetched.get() < watchers {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let _ = timeout(LINGER, fetched).await; // who is slow sees no report
}

async fn accept(listener: TcpListener, state: &Rc<State>) {
    let mut open = JoinSet::new();
    loop {
        while open.len() >= AT_ONCE {
            open.join_next().await;
        }
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    open.spawn_local(timeout(WHOLE, converse(stream, Rc::clone(state))));
                }
                // Out of files, say: the run needs them more.
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(_) = open.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, state: Rc<State>) {
    let reports = Rc::new(Cell::new(false));
    let answers = service_fn(|request| {
        reports.set(request.uri().path() == "/report");
        let response = respond(&state, &request);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answers);
    let _ = connection.await; // whoever asked has gone
    if reports.get() && state.report.borrow().is_some() {
        state.fetched.update(|fetched| fetched + 1);
    }
}

fn respond(state: &Rc<State>, request: &Request<Incoming>) -> Response<Body> {
    let (method, path) = (request.method(), request.uri().path());
    if let Err(refusal) = state.gate.check(method, request.uri(), request.headers()) {
        return refused(refusal);
    }
    let takes = match path {
        "/" | "/events" | "/metrics" | "/report" => Method::GET,
        "/stop" => Method::POST,
        _ => {
            return plain(
                StatusCode::NOT_FOUND,
                "there are /, /events, /metrics, /report and /stop\n",
            );
        }
    };
    if *method != takes {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "it takes another method\n");
        let takes = HeaderValue::from_static(if path == "/stop" { "POST" } else { "GET" });
        response.headers_mut().insert(ALLOW, takes);
        return response;
    }
    match path {
        "/" => whole(StatusCode::OK, HTML, state.page.page()),
        "/events" => match state.feed() {
            Some(feed) => response(StatusCode::OK, "text/event-stream", Either::Right(feed)),
            None => plain(StatusCode::SERVICE_UNAVAILABLE, "too many hear it\n"),
        },
        "/metrics" => metrics(state, request.headers()),
        "/report" => match &*state.report.borrow() {
            Some(report) => response(
                StatusCode::OK,
                HTML,
                Either::Left(Full::new(report.clone())),
            ),
            None => plain(StatusCode::NOT_FOUND, "the run has not ended\n"),
        },
        _ => {
            (state.stop)();
            plain(StatusCode::ACCEPTED, "stopping\n")
        }
    }
}

fn metrics(state: &State, headers: &HeaderMap) -> Response<Body> {
    let tally = state.tally.borrow();
    let families = state.metrics.families(&tally, cpu_time());
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    match prefers_protobuf(accepts.unwrap_or_default()) {
        true => whole(StatusCode::OK, PROTOBUF, exposition::protobuf(&families)),
        false => whole(StatusCode::OK, TEXT, exposition::text(&families)),
    }
}

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const PROTOBUF: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// Whether a header `Accept` wants metrics as protobuf rather than as text.
fn prefers_protobuf(accepts: &str) -> bool {
    let weight = |kind: &str, needs: &str| {
        let fits = accepts
            .split(',')
            .map(str::trim)
            .filter(|offer| offer.starts_with(kind) && offer.contains(needs));
        let weights = fits.map(|offer| {
            let q = offer
                .split(';')
                .find_map(|part| part.trim().strip_prefix("q="));
            q.map_or(1.0, |q| q.parse().unwrap_or(0.0))
        });
        weights.fold(0.0, f64::max)
    };
    let protobuf = weight("application/vnd.google.protobuf", "encoding=delimited");
    protobuf > 0.0 && protobuf >= weight("text/plain", "")
}

fn refused(refusal: Refusal) -> Response<Body> {
    let (status, text) = refusal.answer();
    plain(status, text)
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    whole(status, "text/plain; charset=utf-8", text)
}

fn whole(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    response(status, kind, Either::Left(Full::new(body.into())))
}

fn response(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // No page of somebody else shows this one, where a click would stop the run.
        (
            HeaderName::from_static("content-security-policy"),
            "frame-ancestors 'none'",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protobuf_is_for_who_wants_it() {
        let native = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
                      application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let plain = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.6,\
                     application/vnd.google.protobuf;encoding=delimited;q=0.4";
        assert!(prefers_protobuf(native));
        for accepts in [plain, "", "*/*", "text/html"] {
            assert!(!prefers_protobuf(accepts), "{accepts}");
        }
    }
}
