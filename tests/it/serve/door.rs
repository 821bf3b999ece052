//! What it says when it cannot serve, and what it lets in.

use super::{MEMBER, ask, created, slow, taken, uploaded};
use crate::glance::served::Served;
use crate::process::stormglass;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::time::Duration;
use stormglass_serve::{Config, Keep, Limits};

fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let output = stormglass(["serve"].iter().chain(arguments)).output();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), told)
}

#[test]
fn it_says_in_one_line_why_it_cannot_serve() {
    let (_listener, address) = taken();
    let full = tempfile::tempdir().unwrap();
    std::fs::write(full.path().join("somebody's"), "data").unwrap();
    let full = full.path().to_str().unwrap();
    let users = tempfile::tempdir().unwrap();
    let scenario = users.path().join("open.toml");
    std::fs::write(
        &scenario,
        "schema = 1\nname = \"open\"\n[[serve.users]]\nname = \"\"\n",
    )
    .unwrap();
    for (arguments, code, words) in [
        (
            &["--listen", &address][..],
            1,
            "Address already in use (os error 98); name another one",
        ),
        (&["--listen", "0.0.0.0:0"], 2, "add --yes-serve-everybody"),
        (
            &["--listen", "0.0.0.0:0", "--yes-serve-everybody"],
            2,
            "name who may log in under [[serve.users]]",
        ),
        (
            &["--listen", "127.0.0.1:0", "--data", full],
            1,
            "it holds something already",
        ),
        (&["no-such-file.toml"], 104, "no-such-file.toml"),
    ] {
        let (found, told) = refused(arguments);
        assert_eq!(found, Some(code), "{arguments:?}: {told}");
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
}

#[test]
fn what_there_is_no_room_for_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for keep in [Keep::Memory(15), Keep::Folder(folder.path().join("data"))] {
        let served = Served::start(Config {
            keep: keep.clone(),
            size_cap: matches!(keep, Keep::Folder(_)).then_some(stormglass_model::units::Bytes(5)),
            ..Config::default()
        });
        let at = served.address;
        let id = created(at);
        let first = uploaded(at, &id);
        let other = created(at);
        let second = uploaded(at, &other);
        match keep {
            Keep::Memory(_) => assert_eq!((first, second), (204, 413)),
            Keep::Folder(_) => assert_eq!((first, second), (413, 413)),
        }
        assert_eq!(super::status_of(at, &other).as_deref(), Some("queued"));
        let held = if first == 204 { 10 } else { 0 };
        let (_, state) = ask(at, "GET", "/stormglass", "");
        assert!(
            state.contains(&format!(r#""bytes_held":{held}"#)),
            "{state}"
        );
    }
    assert_eq!(
        std::fs::read_dir(folder.path().join("data"))
            .unwrap()
            .count(),
        0
    );
}

/// A connection that takes its time is ended, and one too many is told so.
#[test]
fn slow_and_too_many_clients_are_put_up_with_for_so_long() {
    let limits = Limits {
        connections: NonZeroUsize::new(2).unwrap(),
        // Longer than a busy machine takes for three connections.
        head: Duration::from_secs(4),
        pause: Duration::from_secs(4),
        ..Limits::default()
    };
    let served = Served::start(Config {
        limits,
        ..slow(&[])
    });
    let connect = || {
        let stream = TcpStream::connect(served.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream
    };
    let rest = |mut stream: TcpStream| {
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        text
    };
    let id = created(served.address);
    // Half a head, and half a body.
    let mut head = connect();
    head.write_all(b"GET / HT").unwrap();
    let mut body = connect();
    let request = format!(
        "PUT /v2/images/{id}/file HTTP/1.1\r\nhost: x\r\nx-auth-token: {MEMBER}\r\ncontent-type: application/octet-stream\r\ncontent-length: 10\r\n\r\n01234"
    );
    body.write_all(request.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert!(rest(connect()).starts_with("HTTP/1.1 503 "));
    let told = rest(head);
    assert!(
        told.is_empty() || told.starts_with("HTTP/1.1 408"),
        "{told}"
    );
    assert!(rest(body).starts_with("HTTP/1.1 400 "));
    assert_eq!(
        super::status_of(served.address, &id).as_deref(),
        Some("queued")
    );
}

#[test]
fn nonsense_is_refused_and_does_no_harm() {
    let served = Served::start(Config::default());
    let at = served.address;
    let id = created(at);
    for (method, path, body, status) in [
        ("POST", "/v2/images", "", 400),
        ("POST", "/v2/images", "[", 400),
        ("POST", "/v2/images", "3", 400),
        ("POST", "/v2/images", r#"{"id":"x"}"#, 400),
        ("POST", "/v2/images", r#"{"status":"active"}"#, 403),
        ("POST", "/v2/images", r#"{"visibility":"public"}"#, 403),
        ("POST", "/v2/images", r#"{"x":1}"#, 400),
        ("GET", "/v2/images?limit=-1", "", 400),
        ("GET", "/v2/images?sort_key=nothing", "", 400),
        ("GET", "/v2/images/%ff%fe", "", 404),
        ("GET", "/v2/tasks", "", 403),
        ("PATCH", &format!("/v2/images/{id}"), "[]", 415),
        ("POST", &format!("/v2/images/{id}/import"), "{}", 400),
        ("POST", &format!("/v2/images/{id}/members"), "[]", 400),
        ("GET", "/stormglass/nothing", "", 404),
    ] {
        let (found, answer) = ask(at, method, path, body);
        assert_eq!(found, status, "{method} {path} {body}: {answer}");
    }
    assert_eq!(super::status_of(at, &id).as_deref(), Some("queued"));
}
