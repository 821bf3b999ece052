//! `stormglass serve`: our own storms and sweeps against it, its own path, and what it says when it cannot serve.

mod control;
mod door;
mod judged;
mod readers;

use crate::glance::served::Served;
use crate::process::stormglass;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use stormglass_model::config::{Defect, FailureRule, ServiceConfig};
use stormglass_model::units::{Bytes, Span};
use stormglass_serve::Config;

const MEMBER: &str = "alice:stormglass:member,reader";

/// One request on a connection of its own: the status code and the body of its answer.
fn ask(at: SocketAddr, method: &str, path: &str, body: &str) -> (u16, String) {
    let answer = whole(at, method, path, "application/json", body);
    let status = answer.split(' ').nth(1).and_then(|it| it.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status.unwrap_or(0), body.to_owned())
}

fn whole(at: SocketAddr, method: &str, path: &str, kind: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {at}\r\nx-auth-token: {MEMBER}\r\nconnection: close\r\n\
         content-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// An image that is queued.
fn created(at: SocketAddr) -> String {
    let body = r#"{"name":"a","disk_format":"raw","container_format":"bare"}"#;
    let (status, body) = ask(at, "POST", "/v2/images", body);
    assert_eq!(status, 201, "{body}");
    let image: serde_json::Value = serde_json::from_str(&body).unwrap();
    image["id"].as_str().unwrap().to_owned()
}

/// The status code of an upload of ten bytes.
fn uploaded(at: SocketAddr, id: &str) -> u16 {
    let path = format!("/v2/images/{id}/file");
    let answer = whole(at, "PUT", &path, "application/octet-stream", "0123456789");
    answer
        .split(' ')
        .nth(1)
        .and_then(|it| it.parse().ok())
        .unwrap()
}

fn status_of(at: SocketAddr, id: &str) -> Option<String> {
    let (status, body) = ask(at, "GET", &format!("/v2/images/{id}"), "");
    let image: serde_json::Value = serde_json::from_str(&body).ok()?;
    assert_eq!(status, 200);
    image["status"].as_str().map(str::to_owned)
}

/// A scenario whose target is this server.
fn scenario(folder: &Path, at: SocketAddr) -> PathBuf {
    let file = folder.join("scenario.toml");
    let text = format!(
        r#"
schema = 1
name = "on-serve"
[target.glance]
url = "http://{at}"
timeout = "30s"
connections = 32
token_env = "STORMGLASS_TEST_MEMBER"
admin_token_env = "STORMGLASS_TEST_ADMIN"
reader_token = "rita:stormglass:reader"
stranger_token = "sam:elsewhere:member,reader"
too_large = "33MiB"
[load]
users = 8
duration = "2s"
[[story]]
name = "a life"
size = "64KiB"
steps = ["create", "upload", "show", "download", "deactivate", "reactivate", "delete"]
[[story]]
name = "staged"
size = "64KiB"
steps = ["create", "stage", "import-staged", {{ wait = "50ms" }}, "delete"]
[[story]]
name = "rivals"
size = "64KiB"
steps = ["create", {{ race = ["upload", "delete", "upload"], jitter = "5ms" }}]
"#
    );
    std::fs::write(&file, text).unwrap();
    file
}

fn tool(arguments: &[&str]) -> std::process::Output {
    stormglass(arguments)
        .env("STORMGLASS_TEST_MEMBER", MEMBER)
        .env(
            "STORMGLASS_TEST_ADMIN",
            "root:stormglass:admin,member,reader",
        )
        .output()
}

/// A service in which everything takes a little time.
fn slow(defects: &[Defect]) -> Config {
    let mut service = ServiceConfig {
        rules: FailureRule::Glance,
        defects: defects.iter().copied().collect(),
        ..ServiceConfig::default()
    };
    let span =
        |millis| stormglass_model::random::Distribution::constant(Span::from_millis(millis).0);
    service.registry.commit = span(1);
    service.store.put = span(5);
    Config {
        service,
        size_cap: Some(Bytes(32 << 20)),
        ..Config::default()
    }
}

#[test]
fn a_storm_on_it_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    for config in [Config::default(), slow(&[])] {
        let served = Served::start(config);
        let file = scenario(folder.path(), served.address);
        let results = tempfile::tempdir().unwrap();
        let out = results.path().join("out");
        let out = out.to_str().unwrap();
        let output = tool(&["run", file.to_str().unwrap(), "--quiet", "--out", out]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let why = std::fs::read_to_string(format!("{out}/violations.csv")).unwrap_or_default();
        assert_eq!(output.status.code(), Some(0), "{told}{why}");
        let (_, verdict) = ask(served.address, "GET", "/stormglass/verdict", "");
        assert!(verdict.contains(r#""verdict":"valid""#), "{verdict}");
        // All that was made was deleted, and nothing of it is left.
        let (_, state) = ask(served.address, "GET", "/stormglass", "");
        assert!(state.contains(r#""bytes_held":0"#), "{state}");
    }
}

/// What a sweep of a server with this defect says.
fn swept(config: Config, scripts: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(config);
    let file = scenario(folder.path(), served.address);
    let out = folder.path().join("out");
    let mut arguments = vec!["sweep", file.to_str().unwrap(), "--tries", "6", "--out"];
    arguments.push(out.to_str().unwrap());
    for script in scripts {
        arguments.extend(["--script", script]);
    }
    let output = tool(&arguments);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), told)
}

const SCRIPTS: [&str; 15] = [
    "create",
    "create upload download delete",
    "create upload upload download",
    "create [upload mid-body delete]",
    "create [upload mid-body upload]",
    "create [upload mid-body !close] upload",
    "create upload deactivate download download-as-admin reactivate delete",
    "create deactivate",
    "create stage import-staged download",
    "create [stage mid-body delete]",
    "create import download",
    "create import-cut",
    "create-with-location download delete",
    "create add-location add-location remove-location download",
    "create upload remove-location",
];

#[test]
fn a_sweep_of_it_finds_nothing() {
    let (code, told) = swept(slow(&[]), &SCRIPTS);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("nothing found"), "{told}");
}

/// Each planted defect that clients can see.
#[test]
fn a_sweep_of_it_finds_what_is_planted() {
    let mut unseen = Vec::new();
    for defect in [
        Defect::DeactivateQueued,
        Defect::SecondUploadAccepted,
        Defect::RefusedUploadOverwrites,
        Defect::UploadCorrupted,
        Defect::LostCreate,
        Defect::LostDelete,
        Defect::DeactivatedDownloadAllowed,
        Defect::DataLost,
        Defect::FailedUploadStaysSaving,
        Defect::TaskStuck,
        Defect::LateUploadRevivesDeleted,
        Defect::LastLocationRequeues,
    ] {
        let (code, told) = swept(slow(&[defect]), &SCRIPTS);
        if code != Some(90) {
            unseen.push(format!("{}: {code:?}\n{told}", defect.name()));
        }
    }
    assert!(unseen.is_empty(), "{}", unseen.join("\n"));
}

/// A port that is taken.
fn taken() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}
