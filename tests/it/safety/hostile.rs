//! Whole commands against servers that are malformed, huge, endless or lying: they end, with something said, in little
//! memory, and delete nothing but their own.
#![cfg(target_os = "linux")]

use super::fake::{Asked, Fake, Image, Mood, list, record, reply};
use super::{Done, scenario, stormglass};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use stormglass_glance::{ImageId, RunId, read_journal};

/// Many times what a run of four subjects needs, and far less than any of these servers sends.
const MEMORY_MAX: u64 = 128 << 20;
const STRANGER: &str = "00000000-0000-4000-8000-000000000000";

/// What a `run` asks before it begins, and must be answered for there to be a storm.
fn is_hello(asked: &Asked) -> bool {
    asked.path == "/v2/images?limit=1" || asked.path.starts_with("/v2/tasks")
}

/// Sends `start`, and `again` for as long as it is read.
fn stream_of(stream: &mut TcpStream, start: &str, again: &[u8]) -> bool {
    let mut sent = stream.write_all(start.as_bytes());
    while sent.is_ok() && !again.is_empty() {
        sent = stream.write_all(again);
    }
    true
}

fn sane(done: &Done, fake: &Fake, ours: &BTreeSet<String>) {
    // 101 is a panic; a signal has no code.
    let code = done.code();
    assert!(
        [0, 1, 90, 91, 92, 105].contains(&code),
        "{code}: {}",
        done.stderr
    );
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    let said = done.stdout.clone() + &done.stderr;
    assert!(code == 0 || !said.trim().is_empty());
    assert!(said.lines().count() < 200, "{said}");
    assert!(
        said.chars().all(|c| !c.is_control() || c == '\n'),
        "{said:?}"
    );
    assert!(done.peak_bytes < MEMORY_MAX, "{} bytes", done.peak_bytes);
    for id in fake.ids("DELETE") {
        assert!(ours.contains(&id), "it deleted {id}");
    }
}

/// A storm, and a cleanup of sixteen images, on a server of this mood. Gives what the two said.
fn check(mood: Arc<Mood>) -> (Done, Done) {
    let fake = Fake::with(Arc::clone(&mood));
    let steps = "\"create\", \"upload\", \"download\", \"delete\"";
    let folder = scenario(&fake.url, "", steps);
    let run = stormglass(folder.path(), &["run", "storm.toml", "--out", "out"], &[]);
    // A create that is cut off may never reach the server's own log, so the journal says what is ours.
    let runs = read_journal(&folder.path().join("out/journal")).unwrap_or_default();
    let ours = runs.iter().flat_map(|run| run.ids());
    sane(&run, &fake, &ours.map(|id| id.to_string()).collect());

    let fake = Fake::with(mood);
    let number = RunId(7);
    let journal = format!(
        "stormglass journal 1\nrun {number} {}\nnumbers {number} 16\n",
        fake.url
    );
    fs::write(folder.path().join("journal"), journal).unwrap();
    let ids: BTreeSet<String> = (0..16)
        .map(|at| ImageId::new(number, at).to_string())
        .collect();
    for id in &ids {
        let image = Image {
            tag: number.tag(),
            protected: false,
            status: "active",
        };
        fake.images.lock().unwrap().insert(id.clone(), image);
    }
    let cleanup = stormglass(folder.path(), &["cleanup", "journal"], &[]);
    sane(&cleanup, &fake, &ids);
    (run, cleanup)
}

/// A server that says hello and then only this.
fn saying(start: &'static str, again: &'static [u8]) -> (Done, Done) {
    let (run, cleanup) = check(Arc::new(move |asked: &Asked, stream: &mut TcpStream| {
        !is_hello(asked) && stream_of(stream, start, again)
    }));
    assert_ne!(cleanup.code(), 0, "{}", cleanup.stdout);
    (run, cleanup)
}

#[test]
fn no_http() {
    saying("HTTP/1.1 99 \x1b[31m\r\n\r\n", b"");
}

#[test]
fn headers_without_end() {
    saying("HTTP/1.1 200 OK\r\nX: ", &[b'x'; 65_536]);
}

#[test]
fn a_hundred_megabytes_of_headers() {
    saying(
        "HTTP/1.1 200 OK\r\n",
        b"X-More: of the same, and so on and on\r\n",
    );
}

#[test]
fn chunks_of_garbage() {
    saying(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"\r\n",
    );
}

#[test]
fn a_body_without_end() {
    saying(
        "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n",
        &[b'{'; 65_536],
    );
}

#[test]
fn an_error_without_end() {
    saying(
        "HTTP/1.1 503 No\r\nConnection: close\r\n\r\n",
        &[b'<'; 65_536],
    );
}

#[test]
fn a_bomb_that_nobody_unpacks() {
    saying(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n\u{1f}\u{b}zzzzzzzz",
        b"",
    );
}

#[test]
fn silence_from_the_start() {
    let (run, cleanup) = check(Arc::new(|_: &Asked, stream: &mut TcpStream| {
        stream_of(stream, "", b"")
    }));
    assert_eq!((run.code(), cleanup.code()), (1, 1));
    assert!(
        run.stderr.contains("does not answer like a Glance"),
        "{}",
        run.stderr
    );
}

#[test]
fn tasks_without_end() {
    let (run, cleanup) = check(Arc::new(|asked: &Asked, stream: &mut TcpStream| {
        let task = br#"{"id":"x","status":"pending"},"#;
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"tasks\":[";
        asked.path.starts_with("/v2/tasks") && stream_of(stream, head, task)
    }));
    assert_eq!(
        cleanup.code(),
        0,
        "who is an admin is told by the status alone: {}",
        cleanup.stderr
    );
    assert_ne!(run.code(), 0, "a member who is an admin is told");
}

#[test]
fn another_server_that_it_sends_to() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let address = elsewhere.local_addr().unwrap();
    let (_, cleanup) = check(Arc::new(move |asked: &Asked, stream: &mut TcpStream| {
        let head = format!(
            "HTTP/1.1 307 Go\r\nLocation: http://{address}{}\r\nContent-Length: 0\r\n\r\n",
            asked.path
        );
        !is_hello(asked) && stream_of(stream, &head, b"")
    }));
    assert_eq!(cleanup.code(), 1);
    let said = format!("{}{}", cleanup.stdout, cleanup.stderr);
    assert!(cleanup.stdout.contains("HTTP 307"), "{said}");
    assert!(elsewhere.accept().is_err(), "nobody follows");
}

/// Shows other people's images, in lists that never end, as if they were the run's.
#[test]
fn other_peoples_images_in_place_of_ours() {
    let tag = Arc::new(Mutex::new(String::new()));
    let page = AtomicU64::new(0);
    let (_, cleanup) = check(Arc::new(move |asked: &Asked, stream: &mut TcpStream| {
        let mut tag = tag.lock().unwrap();
        if asked.method == "POST" && asked.path == "/v2/images" {
            *tag = asked.body.split("\"tags\":[\"").nth(1).unwrap()[..27].to_owned();
        }
        let image = Image {
            tag: tag.clone(),
            protected: true,
            status: "active",
        };
        let lists = asked.path.starts_with("/v2/images?") && !is_hello(asked);
        let text = match asked.method.as_str() {
            "GET" if lists => {
                let next = page.fetch_add(1, Relaxed);
                let ids = (0..500).map(|at| ImageId::new(RunId(99), next * 500 + at).to_string());
                let images: Vec<String> = ids.map(|id| record(&id, &image)).collect();
                list(
                    &images.join(","),
                    &format!("\"next\":\"/v2/images?marker={next}\","),
                )
            }
            "GET" if !is_hello(asked) => record(STRANGER, &image),
            "POST" => record(STRANGER, &image),
            _ => return false,
        };
        reply(stream, 200, &text).is_ok()
    }));
    assert_eq!(cleanup.code(), 1);
    assert!(
        cleanup.stdout.contains("another image in its place"),
        "{}",
        cleanup.stdout
    );
}

#[test]
fn a_server_that_goes_away() {
    let left = AtomicU64::new(12);
    let (_, cleanup) = check(Arc::new(move |asked: &Asked, stream: &mut TcpStream| {
        let some = left
            .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
            .is_ok();
        !is_hello(asked) && !some && stream_of(stream, "", b"")
    }));
    assert_eq!(cleanup.code(), 1);
    assert!(
        cleanup.stdout.contains("no longer answers"),
        "{}",
        cleanup.stdout
    );
}
