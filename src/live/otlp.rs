//! Pushes a run's metrics to a collector by OTLP over HTTP, from a thread of its own.

use crate::engine::{Progress, cpu_time, unix_time};
use crate::report::exposition::{RunMetrics, otlp};
use crate::scenario::Scenario;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::str::FromStr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use stormglass_glance::{NoRuntime, runtime};
use stormglass_model::units::Span;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

/// How often metrics are pushed.
const EVERY: Duration = Duration::from_secs(10);
/// How long the run may take to say how it stands.
const ANSWER: Duration = Duration::from_millis(60);
/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a collector listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    host: String,
    port: u16,
    path: String,
}

impl FromStr for Collector {
    type Err = String;

    fn from_str(text: &str) -> Result<Collector, String> {
        let uri: Option<Uri> = text.parse().ok();
        let plain = |uri: &Uri| {
            let user = uri.authority().is_some_and(|it| it.as_str().contains('@'));
            uri.scheme_str() == Some("http") && !user && uri.query().is_none()
        };
        let uri = uri.filter(plain);
        let host = uri
            .as_ref()
            .and_then(Uri::host)
            .filter(|host| !host.is_empty());
        let (Some(uri), Some(host)) = (&uri, host) else {
            return Err(
                "write an address as http://127.0.0.1:4318: no other scheme, user or query"
                    .to_owned(),
            );
        };
        Ok(Collector {
            host: host.to_owned(),
            port: uri.port_u16().unwrap_or(4318),
            path: format!("{}/v1/metrics", uri.path().trim_end_matches('/')),
        })
    }
}

/// Why a collector did not take metrics.
#[derive(Debug, thiserror::Error)]
#[error("a collector did not take metrics: {0}")]
pub struct PushError(String);

impl Collector {
    async fn push(&self, body: Vec<u8>) -> Result<(), PushError> {
        let pushed = timeout(PATIENCE, self.send(body)).await;
        let failed = |error: Box<dyn Error>| PushError(error.to_string());
        match pushed {
            Ok(pushed) => pushed.map_err(failed),
            Err(_) => Err(PushError(format!(
                "no answer within {} s",
                PATIENCE.as_secs()
            ))),
        }
    }

    async fn send(&self, body: Vec<u8>) -> Result<(), Box<dyn Error>> {
        let host = self.host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((host, self.port)).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::task::spawn_local(connection);
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.path.parse()?;
        let headers = request.headers_mut();
        headers.insert(HOST, format!("{}:{}", self.host, self.port).parse()?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let response = sender.send_request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        drop(sender);
        connection.abort();
        match status.is_success() {
            true => Ok(()),
            false => Err(format!("it answered {status}").into()),
        }
    }
}

/// Pushes while a run goes on, and once more when it has ended.
#[derive(Debug)]
pub struct Push {
    end: oneshot::Sender<()>,
    thread: JoinHandle<Result<(), PushError>>,
}

impl Push {
    /// Begins.
    pub fn begin(
        collector: Collector,
        scenario: &Scenario,
        progress: &Arc<Progress>,
    ) -> Result<Push, NoRuntime> {
        let (metrics, progress) = (RunMetrics::new(scenario), Arc::clone(progress));
        let (runtime, began) = (runtime()?, unix_time());
        let (end, mut ended) = oneshot::channel();
        let pushes = thread::Builder::new().name("otlp".to_owned());
        let thread = pushes.spawn(move || {
            LocalSet::new().block_on(&runtime, async {
                let push = || push(&collector, &metrics, &progress, began);
                let mut pushed = Ok(());
                while timeout(EVERY, &mut ended).await.is_err() {
                    progress.ask();
                    sleep(ANSWER).await;
                    pushed = push().await;
                }
                push().await.and(pushed)
            })
        })?;
        Ok(Push { end, thread })
    }

    /// The run has ended: pushes what it has counted. Tells why the last metrics, or those before them, were not taken.
    pub fn end(self) -> Result<(), PushError> {
        drop(self.end);
        self.thread.join().unwrap_or(Ok(()))
    }
}

async fn push(
    collector: &Collector,
    metrics: &RunMetrics,
    progress: &Progress,
    began: Span,
) -> Result<(), PushError> {
    let tally = progress.tally().unwrap_or_default();
    let families = metrics.families(&tally, cpu_time());
    collector.push(otlp(&families, began, unix_time())).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{self, RunOptions};
    use crate::scenario;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::path::Path;

    const STORM: &str = r#"
schema = 1
name = "one-story"
[load]
users = 1
subjects = 3
[[story]]
name = "create"
steps = ["create", "delete"]
"#;

    #[test]
    fn a_collector_has_an_address_of_plain_http() {
        for (text, host, port, path) in [
            ("http://127.0.0.1:4318", "127.0.0.1", 4318, "/v1/metrics"),
            ("http://collector/", "collector", 4318, "/v1/metrics"),
            ("http://[::1]:99/otlp/", "[::1]", 99, "/otlp/v1/metrics"),
        ] {
            let collector: Collector = text.parse().unwrap();
            let found = (
                collector.host.as_str(),
                collector.port,
                collector.path.as_str(),
            );
            assert_eq!(found, (host, port, path));
        }
        for wrong in [
            "",
            "127.0.0.1:4318",
            "https://x:4318",
            "http://u:p@x",
            "http://x/?a=b",
        ] {
            assert!(wrong.parse::<Collector>().is_err(), "{wrong}");
        }
    }

    /// One request is taken and answered with this status.
    fn collected(listener: &TcpListener, status: &str) -> serde_json::Value {
        let (mut stream, _) = listener.accept().unwrap();
        let mut all = Vec::new();
        let body = loop {
            let mut some = [0; 4_096];
            let read = stream.read(&mut some).unwrap();
            assert!(read > 0, "the request is cut off");
            all.extend(&some[..read]);
            let text = String::from_utf8_lossy(&all);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                assert!(head.starts_with("POST /v1/metrics HTTP/1.1"), "{head}");
                assert!(head.contains("application/json"), "{head}");
                if let Ok(body) = serde_json::from_str(body) {
                    break body;
                }
            }
        };
        let reply = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n{{}}");
        stream.write_all(reply.as_bytes()).unwrap();
        body
    }

    #[test]
    fn a_collector_gets_what_the_run_has_counted() {
        for (status, taken) in [("200 OK", true), ("503 Service Unavailable", false)] {
            let scenario = scenario::parse("a test", STORM, Path::new("."), &[]).unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let progress = Arc::new(Progress::tallied());
            let push = Push::begin(url.parse().unwrap(), &scenario, &progress).unwrap();
            let options = RunOptions {
                progress,
                ..RunOptions::default()
            };
            engine::run(&scenario, &options).unwrap();
            let ends = thread::spawn(move || push.end());
            let body = collected(&listener, status);
            assert_eq!(ends.join().unwrap().is_ok(), taken, "{status}");
            let resource = &body["resourceMetrics"][0];
            let attributes = resource["resource"]["attributes"].to_string();
            assert!(attributes.contains("one-story"), "{attributes}");
            let metrics = resource["scopeMetrics"][0]["metrics"].as_array().unwrap();
            let named = |name: &str| metrics.iter().find(|it| it["name"] == name).unwrap();
            let started = &named("stormglass.stories_started")["sum"];
            assert_eq!(started["dataPoints"][0]["asInt"], "3");
            assert_eq!(started["isMonotonic"], true);
            let response = named("stormglass.response");
            assert_eq!(response["unit"], "s");
            let point = &response["histogram"]["dataPoints"][0];
            assert_eq!(point["count"], "3", "{point}");
            let (counts, bounds) = (&point["bucketCounts"], &point["explicitBounds"]);
            assert_eq!(
                counts.as_array().unwrap().len(),
                bounds.as_array().unwrap().len() + 1
            );
        }
        let nobody = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let scenario = scenario::parse("a test", STORM, Path::new("."), &[]).unwrap();
        let progress = Arc::new(Progress::tallied());
        let collector = format!("http://{nobody}").parse().unwrap();
        let push = Push::begin(collector, &scenario, &progress).unwrap();
        assert!(push.end().unwrap_err().to_string().contains("did not take"));
    }
}
