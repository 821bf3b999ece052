//! This server's own path.

use super::{ask, created, slow, status_of, uploaded};
use crate::glance::served::Served;
use stormglass_model::config::{FailureRule, ServiceConfig};
use stormglass_model::fault::{FaultKind, Place};
use stormglass_model::random::Seed;
use stormglass_model::units::Span;
use stormglass_serve::{Config, FaultRule};

fn rule(name: &str, place: Place, kind: FaultKind) -> FaultRule {
    FaultRule {
        name: name.to_owned(),
        place,
        kind,
        from: None,
        to: None,
    }
}

#[test]
fn a_fault_is_opened_and_healed_by_hand() {
    let faults = vec![rule("full", Place::StorePut, FaultKind::Full)];
    let served = Served::start(Config {
        faults,
        ..Config::default()
    });
    let at = served.address;
    let turn = |turn: &str| ask(at, "POST", &format!("/stormglass/faults/full/{turn}"), "").0;
    let id = created(at);
    assert_eq!(turn("open"), 204);
    assert_eq!(uploaded(at, &id), 413);
    assert_eq!(status_of(at, &id).as_deref(), Some("queued"));
    assert_eq!(turn("heal"), 204);
    assert_eq!(uploaded(at, &id), 204);
    assert_eq!(ask(at, "POST", "/stormglass/faults/none/open", "").0, 404);
    assert!(
        ask(at, "GET", "/stormglass/faults", "")
            .1
            .contains(r#""open":false"#)
    );
}

#[test]
fn the_same_requests_get_the_same_faults() {
    let told = |seed| {
        let kind = FaultKind::Error { probability: 0.5 };
        let faults = vec![rule("api", Place::Api, kind)];
        let served = Served::start(Config {
            faults,
            seed: Seed(seed),
            ..Config::default()
        });
        let at = served.address;
        let id = created(at);
        ask(at, "POST", "/stormglass/faults/api/open", "");
        let shown = |_| ask(at, "GET", &format!("/v2/images/{id}"), "").0;
        (id.clone(), (0..40).map(shown).collect::<Vec<u16>>())
    };
    let (id, answers) = told(7);
    assert_eq!(told(7), (id, answers.clone()));
    assert_ne!(told(8).1, answers);
    assert!(answers.contains(&200) && answers.contains(&500));
}

#[test]
fn time_is_held_and_goes_on() {
    let served = Served::start(slow(&[]));
    let at = served.address;
    assert_eq!(ask(at, "POST", "/stormglass/freeze", "").0, 204);
    let state = || ask(at, "GET", "/stormglass", "").1;
    let frozen = state();
    assert!(frozen.contains(r#""frozen":true"#), "{frozen}");
    let creates = std::thread::spawn(move || created(at));
    let waits = || state().contains(r#""open_operations":1"#);
    while !waits() {
        std::thread::yield_now();
    }
    assert!(!creates.is_finished());
    assert_eq!(ask(at, "POST", "/stormglass/thaw", "").0, 204);
    let id = creates.join().unwrap();
    assert_eq!(status_of(at, &id).as_deref(), Some("queued"));
}

#[test]
fn a_scrub_is_made_by_hand_and_all_is_taken_back() {
    let service = ServiceConfig {
        rules: FailureRule::Glance,
        delayed_delete: true,
        scrub_interval: Span::from_secs(100_000),
        ..ServiceConfig::default()
    };
    let served = Served::start(Config {
        service,
        ..Config::default()
    });
    let at = served.address;
    let stock = r#"{"count": 3, "size": 100, "project": "stormglass"}"#;
    let (status, made) = ask(at, "POST", "/stormglass/stock", stock);
    assert_eq!(status, 201, "{made}");
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let id = made["images"][0].as_str().unwrap();
    assert_eq!(status_of(at, id).as_deref(), Some("active"));
    assert_eq!(ask(at, "DELETE", &format!("/v2/images/{id}"), "").0, 204);
    assert_eq!(ask(at, "GET", &format!("/v2/images/{id}"), "").0, 404);
    let counts = |text: &str| ask(at, "GET", "/stormglass", "").1.contains(text);
    let uploads = created(at);
    assert_eq!(uploaded(at, &uploads), 204);
    assert_eq!(
        ask(at, "DELETE", &format!("/v2/images/{uploads}"), "").0,
        204
    );
    assert!(counts(r#""pending_delete":2"#) && counts(r#""deleted":0"#));
    assert_eq!(ask(at, "POST", "/stormglass/scrub", "").0, 204);
    assert!(counts(r#""pending_delete":0"#) && counts(r#""deleted":2"#));
    assert_eq!(ask(at, "POST", "/stormglass/reset", "").0, 204);
    assert!(counts(r#""active":0"#) && counts(r#""bytes_held":0"#));
    // From the start again: the same identifiers.
    let first = created(at);
    assert_eq!(ask(at, "POST", "/stormglass/reset", "").0, 204);
    assert_eq!(created(at), first);
}

/// What clients were answered can be judged by `stormglass check`.
#[test]
fn its_history_is_a_file_that_is_judged() {
    let served = Served::start(Config::default());
    let at = served.address;
    let id = created(at);
    assert_eq!(uploaded(at, &id), 204);
    assert_eq!(uploaded(at, &id), 409);
    let (_, history) = ask(at, "GET", "/stormglass/history", "");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.jsonl");
    std::fs::write(&file, history).unwrap();
    let output = crate::process::stormglass(["check", file.to_str().unwrap()]).output();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A page of somebody else in a browser on this machine does nothing here.
#[test]
fn pages_of_others_are_refused() {
    let served = Served::start(Config::default());
    let at = served.address;
    use std::io::{Read, Write};
    for head in [
        "host: evil.example",
        &format!("host: {at}\r\norigin: http://evil.example"),
    ] {
        let mut stream = std::net::TcpStream::connect(at).unwrap();
        let request = format!(
            "POST /stormglass/reset HTTP/1.1\r\n{head}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    }
}

#[test]
fn what_was_broken_before_an_image_came_is_broken_for_it_as_well() {
    let kind = FaultKind::Error { probability: 1.0 };
    let served = Served::start(Config {
        faults: vec![rule("writes", Place::StorePut, kind)],
        ..Config::default()
    });
    let at = served.address;
    assert_eq!(ask(at, "POST", "/stormglass/faults/writes/open", "").0, 204);
    let id = created(at);
    assert_eq!(uploaded(at, &id), 500);
    let (_, verdict) = ask(at, "GET", "/stormglass/verdict", "");
    assert!(verdict.contains(r#""verdict":"valid""#), "{verdict}");
}
