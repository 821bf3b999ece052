//! Clients that are judged, and replies that go wrong.

use super::{MEMBER, ask, created, uploaded, whole};
use crate::glance::served::Served;
use crate::process::stormglass;
use crate::schema::assert_results_fit;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;
use stormglass_model::fault::{FaultKind, Place, ReplyFault};
use stormglass_model::units::Span;
use stormglass_serve::{Config, FaultRule};

/// A server that judges its clients, and strikes each reply that it can.
fn judging(faults: &[ReplyFault]) -> Config {
    let rule = |fault: &ReplyFault| FaultRule {
        name: fault.name().to_owned(),
        place: Place::Reply,
        kind: FaultKind::Reply {
            fault: *fault,
            probability: 1.0,
        },
        from: None,
        to: None,
    };
    Config {
        faults: faults.iter().map(rule).collect(),
        judge: Some(Span::from_millis(500)),
        ..Config::default()
    }
}

fn turn(at: SocketAddr, fault: ReplyFault, open: bool) {
    let turn = if open { "open" } else { "heal" };
    let path = format!("/stormglass/faults/{}/{turn}", fault.name());
    assert_eq!(ask(at, "POST", &path, "").0, 204);
}

/// How often each mistake was made that was made.
fn found(at: SocketAddr) -> BTreeMap<String, u64> {
    let (status, body) = ask(at, "GET", "/stormglass/clients", "");
    assert_eq!(status, 200, "{body}");
    let report: Value = serde_json::from_str(&body).unwrap();
    let counts = report["counts"].as_object().unwrap().iter();
    counts
        .map(|(name, count)| (name.clone(), count.as_u64().unwrap()))
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn only(name: &str) -> BTreeMap<String, u64> {
    [(name.to_owned(), 1)].into()
}

const IMAGE: &str = r#"{"name":"a","disk_format":"raw","container_format":"bare"}"#;

#[test]
fn a_lost_reply_is_one_and_what_was_asked_is_done() {
    let served = Served::start(judging(&[ReplyFault::Lost]));
    let at = served.address;
    turn(at, ReplyFault::Lost, true);
    let answer = whole(at, "POST", "/v2/images", "application/json", IMAGE);
    assert_eq!(answer, "", "nothing is answered");
    turn(at, ReplyFault::Lost, false);
    let (_, list) = ask(at, "GET", "/v2/images", "");
    assert_eq!(list.matches(r#""status":"queued""#).count(), 1, "{list}");
    // It has looked, so it may send it again; the first one it leaves behind.
    let id = created(at);
    assert_eq!(uploaded(at, &id), 204);
    assert_eq!(found(at), only("leaked-image"));
    turn(at, ReplyFault::Lost, true);
    whole(at, "POST", "/v2/images", "application/json", IMAGE);
    turn(at, ReplyFault::Lost, false);
    created(at);
    assert_eq!(found(at)["blind-retry"], 1);
}

#[test]
fn who_closes_before_the_answer_has_not_heard_it() {
    let mut config = judging(&[]);
    config.service.registry.commit = stormglass_model::random::Distribution::constant(300_000_000);
    let served = Served::start(config);
    let at = served.address;
    let request = format!(
        "POST /v2/images HTTP/1.1\r\nhost: {at}\r\nx-auth-token: {MEMBER}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{IMAGE}",
        IMAGE.len()
    );
    let mut stream = TcpStream::connect(at).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    drop(stream);
    std::thread::sleep(Duration::from_millis(600));
    created(at);
    assert_eq!(found(at)["blind-retry"], 1);
}

#[test]
fn a_busy_server_says_for_how_long() {
    let busy = ReplyFault::Busy {
        retry_after: Span::from_secs(1),
    };
    let served = Served::start(judging(&[busy]));
    let at = served.address;
    turn(at, busy, true);
    let answer = whole(at, "GET", "/v2/images", "application/json", "");
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    turn(at, busy, false);
    ask(at, "GET", "/v2/images", "");
    assert_eq!(found(at), only("too-fast"));
}

/// An image with so many bytes.
fn filled(at: SocketAddr, data: &[u8]) -> String {
    let id = created(at);
    sent(at, &id, data);
    id
}

fn sent(at: SocketAddr, id: &str, data: &[u8]) {
    let mut stream = TcpStream::connect(at).unwrap();
    let head = format!(
        "PUT /v2/images/{id}/file HTTP/1.1\r\nhost: {at}\r\nx-auth-token: {MEMBER}\r\nconnection: close\r\n\
         content-type: application/octet-stream\r\ncontent-length: {}\r\n\r\n",
        data.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(data).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}

/// The head and the data of a download.
fn downloaded(at: SocketAddr, id: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(at).unwrap();
    let request = format!(
        "GET /v2/images/{id}/file HTTP/1.1\r\nhost: {at}\r\nx-auth-token: {MEMBER}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer); // it may break off
    let at = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..at]).into_owned();
    (head, answer[at + 4..].to_vec())
}

#[test]
fn data_that_is_cut_off_or_changed_is_found_where_it_is_used() {
    let data: Vec<u8> = (0..1_000_000_u32).map(|it| (it % 251) as u8).collect();
    let cut = ReplyFault::Cut { after: 0.5 };
    for fault in [cut, ReplyFault::Corrupt] {
        let served = Served::start(judging(&[fault]));
        let at = served.address;
        let id = filled(at, &data);
        turn(at, fault, true);
        let (head, wrong) = downloaded(at, &id);
        assert!(head.contains("content-length: 1000000"), "{head}");
        match fault {
            ReplyFault::Corrupt => {
                let other = data.iter().zip(&wrong).filter(|(a, b)| a != b);
                assert_eq!((wrong.len(), other.count()), (data.len(), 1));
            }
            _ => assert_eq!(wrong, data[..500_000]),
        }
        turn(at, fault, false);
        assert_eq!(found(at), BTreeMap::new());
        filled(at, &wrong);
        assert_eq!(found(at), only("wrong-data-used"), "{fault:?}");
        // Whoever asks again has what is right.
        assert_eq!(downloaded(at, &id).1, data);
    }
}

#[test]
fn a_token_that_follows_a_redirect_is_found() {
    let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let elsewhere = other.local_addr().unwrap();
    let mut config = judging(&[ReplyFault::Redirect]);
    config.other_host = Some(elsewhere);
    let served = Served::start_with(config, Some(other));
    let at = served.address;
    let id = filled(at, b"some data");
    turn(at, ReplyFault::Redirect, true);
    let (head, _) = downloaded(at, &id);
    assert!(head.starts_with("HTTP/1.1 302"), "{head}");
    let place = format!("location: http://{elsewhere}/data/{id}");
    assert!(head.contains(&place), "{head}");
    let follow = |token: &str| {
        let mut stream = TcpStream::connect(elsewhere).unwrap();
        let request = format!(
            "GET /data/{id} HTTP/1.1\r\nhost: {elsewhere}\r\n{token}connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("some data"), "{answer}");
    };
    follow("");
    assert_eq!(found(at), BTreeMap::new());
    follow(&format!("x-auth-token: {MEMBER}\r\n"));
    assert_eq!(found(at), only("token-sent-elsewhere"));
}

#[test]
fn without_judge_there_is_nothing_to_show() {
    let served = Served::start(Config::default());
    let (status, told) = ask(served.address, "GET", "/stormglass/clients", "");
    assert_eq!(status, 404);
    assert!(told.contains("start with --judge"), "{told}");
}

/// `stormglass serve --judge` with a command, in a folder of its own: its exit code, and what it told.
fn judged(here: &Path, more: &[&str], command: &str) -> (Option<i32>, String) {
    let mut arguments = vec!["serve"];
    arguments.extend(more);
    arguments.extend([
        "--listen",
        "127.0.0.1:0",
        "--judge",
        "--out",
        "found",
        "--",
        "sh",
        "-c",
        command,
    ]);
    let output = stormglass(&arguments).current_dir(here).output();
    let told = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&told).into_owned(),
    )
}

const CREATE: &str = r#"curl -sf -o /dev/null -H 'x-auth-token: me:demo:member,reader' -H 'content-type: application/json' \
    -d '{"name":"a"}' "$STORMGLASS_SERVE_URL/v2/images""#;

#[test]
fn a_command_is_run_and_what_it_did_wrong_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let accepts = "schema = 1\nname = \"accepts\"\n[serve]\naccepts = [\"leaked-image\"]\n";
    std::fs::write(here.join("accepts.toml"), accepts).unwrap();
    for (more, command, code, words) in [
        (
            &[][..],
            CREATE,
            90,
            "1 call of clients, with 1 × leaked-image",
        ),
        (
            &["accepts.toml"],
            CREATE,
            0,
            "1 call, and no mistake of a client",
        ),
        (&[], "true", 91, "? no client asked for anything"),
        (&[], "exit 3", 1, "the command failed"),
    ] {
        let (found, told) = judged(here, more, command);
        assert_eq!(found, Some(code), "{command}: {told}");
        assert!(told.contains(words), "{command}: {told}");
        assert_results_fit(&here.join("found"));
        let document = std::fs::read_to_string(here.join("found/clients.json")).unwrap();
        let document: Value = serde_json::from_str(&document).unwrap();
        let leaked = &document["misuses"][4];
        assert_eq!(leaked["misuse"], "leaked-image");
        assert_eq!(leaked["count"], u64::from(command == CREATE));
        assert_eq!(leaked["accepted"], !more.is_empty());
        let junit = std::fs::read_to_string(here.join("found/clients.junit.xml")).unwrap();
        let failures = usize::from(code == 90);
        let head = format!("tests=\"9\" failures=\"{failures}\"");
        assert!(junit.contains(&head), "{junit}");
        let sarif = std::fs::read_to_string(here.join("found/clients.sarif")).unwrap();
        let sarif: Value = serde_json::from_str(&sarif).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap().len();
        assert_eq!(results, usize::from(command == CREATE));
        let check = stormglass(["check", "found/history.jsonl"]);
        let checked = { check }.current_dir(here).output();
        assert_eq!(checked.status.code(), Some(0));
        std::fs::remove_dir_all(here.join("found")).unwrap();
    }
}

#[test]
fn a_run_has_no_clients_to_strike() {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/serve/bad-day.toml");
    let output = stormglass(["validate", scenario]).output();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(104), "{told}");
    assert!(
        told.contains("strikes the clients of `stormglass serve`"),
        "{told}"
    );
}

#[test]
fn the_bad_day_can_be_served() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/serve/bad-day.toml");
    let faults = r#"curl -sf "$STORMGLASS_SERVE_URL/stormglass/faults""#;
    let (code, told) = judged(folder.path(), &[scenario], faults);
    assert_eq!(code, Some(91), "{told}");
    assert_eq!(told.matches(r#""open":true"#).count(), 6, "{told}");
}
