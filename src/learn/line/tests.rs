use super::super::key::Key;
use super::super::request::{Answer, Asked, Request};
use super::*;
use proptest::prelude::*;
use stormglass_model::lifecycle::Operation;
use stormglass_model::units::Span;

const ID: &str = "0c1d2e3f-1111-4222-8333-444455556666";
/// 2026-11-29 18:00:07 UTC.
const AT: u64 = 1_795_975_207_000;

fn keys() -> Keys {
    Keys::default()
}

fn request(keys: &Keys, line: &str) -> (Format, Request) {
    match read(keys, line.as_bytes()) {
        Ok(Line::Request(format, request)) => (format, request),
        other => panic!("{line}: {other:?}"),
    }
}

/// When it began, in milliseconds; how long it took; what was asked; how it ended; what it moved.
fn said(
    line: &str,
) -> (
    Format,
    i64,
    Option<Span>,
    Option<Operation>,
    Answer,
    Option<u64>,
) {
    let keys = keys();
    let (format, request) = request(&keys, line);
    let operation = match request.asked {
        Asked::Image(key, operation) => {
            assert_eq!(key, keys.of_image(ID), "{line}");
            Some(operation)
        }
        Asked::Create => Some(Operation::Create),
        Asked::List => Some(Operation::List),
        Asked::Prepare(_) | Asked::Other => None,
    };
    let since = request.at.0 as i64 / 1_000_000 - AT as i64;
    (
        format,
        since,
        request.took,
        operation,
        request.answer,
        request.bytes.map(|bytes| bytes.0),
    )
}

fn ms(ms: u64) -> Option<Span> {
    Some(Span::from_millis(ms))
}

#[test]
fn uwsgi() {
    use Answer::*;
    use Operation::*;
    let line = |request: &str, rest: &str| {
        format!(
            "[pid: 41|app: 0|req: 7/19] 192.0.2.7 () {{24 vars in 268 bytes}} [Sun Nov 29 18:00:07 2026] {request} => generated {rest}"
        )
    };
    let create = line(
        "POST /v2/images",
        "913 bytes in 41 msecs (HTTP/1.1 201) 6 headers in 301 bytes (1 switches on core 3)",
    );
    assert_eq!(
        said(&create),
        (Format::Uwsgi, 0, ms(41), Some(Create), Done, None)
    );
    let download = line(
        &format!("GET /image/v2/images/{ID}/file"),
        "4096 bytes in 1500 micros via sendfile() (HTTP/1.1 200) 5 headers in 190 bytes (12 switches on core 0)",
    );
    assert_eq!(
        said(&download),
        (
            Format::Uwsgi,
            0,
            Some(Span(1_500_000)),
            Some(Download),
            Done,
            Some(4_096)
        )
    );
    let upload = line(
        &format!("PUT /v2/images/{ID}/file"),
        "0 bytes in 812 msecs (HTTP/1.1 409) 4 headers in 90 bytes (1 switches on core 1)",
    );
    assert_eq!(
        said(&format!("Nov 29 18:00:08 node7 uwsgi[41]: {upload}")),
        (Format::Uwsgi, 0, ms(812), Some(Upload), Refused, None)
    );
}

#[test]
fn eventlet() {
    use Answer::*;
    use Operation::*;
    let head = "2026-11-29 18:00:07.500 2311 INFO eventlet.wsgi.server [req-5a5a u5er pr0ject - default default] 192.0.2.7";
    let line = format!(
        "{head} - - [29/Nov/2026 18:00:07] \"PUT /v2/images/{ID}/file HTTP/1.1\" 204 213 0.250123"
    );
    assert_eq!(
        said(&line),
        (
            Format::Eventlet,
            249,
            Some(Span(250_123_000)),
            Some(Upload),
            Done,
            None
        )
    );
    let line = format!(
        "{head},127.0.0.1 \"GET /v2/images/{ID}/file HTTP/1.1\" status: 200  len: 1234 time: 0.0100000"
    );
    assert_eq!(
        said(&line),
        (
            Format::Eventlet,
            490,
            ms(10),
            Some(Download),
            Done,
            Some(1_234)
        )
    );
    let line = "192.0.2.7 - - [29/Nov/2026 18:00:07] \"GET /v2/images?limit=20 HTTP/1.1\" 200 887 0.028000";
    assert_eq!(
        said(line),
        (Format::Eventlet, -28, ms(28), Some(List), Done, None)
    );
    // What stands in the brackets has changed over the years.
    for (context, project) in [
        ("None req-1 u p - - - -", Some("p")),
        ("req-1 u p - - -", Some("p")),
        ("-", None),
        ("req-1 - - - - -", None),
    ] {
        let keys = keys();
        let line = format!(
            "2026-11-29 18:00:07.500 1 INFO eventlet.wsgi.server [{context}] 192.0.2.7 - - [29/Nov/2026 18:00:07] \"GET / HTTP/1.1\" 300 887 0.02"
        );
        assert_eq!(
            request(&keys, &line).1.project,
            project.map(|project| keys.of(project)),
            "{context}"
        );
    }
}

#[test]
fn combined() {
    use Answer::*;
    use Operation::*;
    let head = "192.0.2.7 - someone [29/Nov/2026:19:00:07 +0100]";
    let line =
        format!("{head} \"DELETE /v2/images/{ID} HTTP/1.1\" 204 0 \"-\" \"python-glanceclient\"");
    assert_eq!(
        said(&line),
        (Format::Combined, 0, None, Some(Delete), Done, None)
    );
    let line = format!("{head} \"DELETE /v2/images/{ID} HTTP/1.1\" 204 -");
    assert_eq!(
        said(&line),
        (Format::Combined, 0, None, Some(Delete), Done, None),
        "the common format"
    );
    // nginx dates the end, and says seconds; Apache dates the beginning, and says microseconds.
    let put = format!("{head} \"PUT /v2/images/{ID}/file HTTP/1.1\" 204 0 \"-\" \"a \"");
    assert_eq!(
        said(&format!("{put} 2.500")),
        (
            Format::Combined,
            -2_500,
            ms(2_500),
            Some(Upload),
            Done,
            None
        )
    );
    let extended = format!("{put} rt=2.500 uct=\"0.001\" urt=\"2.400\" rl=70321");
    assert_eq!(
        said(&extended),
        (
            Format::Combined,
            -2_500,
            ms(2_500),
            Some(Upload),
            Done,
            Some(70_321)
        )
    );
    assert_eq!(
        said(&format!("{put} 2500000")),
        (Format::Combined, 0, ms(2_500), Some(Upload), Done, None)
    );
    let with_host = format!(
        "glance.example:9292 {head} \"GET /v2/images/{ID} HTTP/1.1\" 404 199 \"-\" \"curl\""
    );
    assert_eq!(
        said(&with_host),
        (Format::Combined, 0, None, Some(Show), Refused, None)
    );
    let nothing = "192.0.2.7 - - [29/Nov/2026:18:00:07 +0000] \"\" 400 0 \"-\" \"-\"";
    assert_eq!(request(&keys(), nothing).1.asked, Asked::Other);
}

#[test]
fn haproxy() {
    use Answer::*;
    use Operation::*;
    let line = |timers: &str, status: &str, request: &str| {
        format!(
            "Nov 29 18:00:09 lb haproxy[14389]: 192.0.2.7:33317 [29/Nov/2026:18:00:07.655] images images/api1 {timers} {status} 2750 - - ---- \
             1/1/1/1/0 0/0 {{glance.example}} {{}} \"{request}\""
        )
    };
    let get = format!("GET /v2/images/{ID}/file HTTP/1.1");
    assert_eq!(
        said(&line("10/0/30/69/109", "200", &get)),
        (
            Format::Haproxy,
            655,
            ms(109),
            Some(Download),
            Done,
            Some(2_750)
        )
    );
    let gone = line("0/0/1/-1/+9000", "-1", &get);
    assert_eq!(
        said(&gone),
        (
            Format::Haproxy,
            655,
            ms(9_000),
            Some(Download),
            Failed,
            None
        )
    );
    assert!(
        request(&keys(), &gone).1.is_server_error,
        "no server answered"
    );
    assert_eq!(
        request(&keys(), &line("-1/-1/-1/-1/10", "408", "<BADREQ>"))
            .1
            .asked,
        Asked::Other
    );
}

fn notification(event: &str, payload: &str) -> String {
    format!(
        "{{\"message_id\": \"m\", \"publisher_id\": \"image.localhost\", \"event_type\": \"{event}\", \"priority\": \"INFO\", \
         \"payload\": {payload}, \"timestamp\": \"2026-11-29 18:00:07.123456\"}}"
    )
}

#[test]
fn notifications() {
    use Answer::*;
    use Operation::*;
    let payload = format!(
        "{{\"id\": \"{ID}\", \"owner\": \"p\", \"status\": \"active\", \"size\": 4096, \"properties\": {{\"a\": [1, null]}}}}"
    );
    let plain = notification("image.upload", &payload);
    let expected = (
        Format::Notification,
        123,
        None,
        Some(Upload),
        Done,
        Some(4_096),
    );
    assert_eq!(said(&plain), expected);
    let head = "2026-11-29 18:00:07.125 18315 INFO oslo.messaging.notification.image.upload [None req-1 u p - - - -] ";
    assert_eq!(said(&format!("{head}{plain}")), expected);
    let envelope = serde_json::json!({ "oslo.version": "2.0", "oslo.message": plain }).to_string();
    assert_eq!(said(&envelope), expected);
    let sent = notification(
        "image.send",
        &format!(
            "{{\"image_id\": \"{ID}\", \"bytes_sent\": 7, \"owner_id\": \"p\", \"receiver_tenant_id\": \"q\"}}"
        ),
    );
    assert_eq!(
        said(&sent),
        (
            Format::Notification,
            123,
            None,
            Some(Download),
            Done,
            Some(7)
        )
    );
    for (event, operation) in [
        ("create", Create),
        ("delete", Delete),
        ("member.create", Share),
        ("update", SetProperty),
    ] {
        let line = notification(&format!("image.{event}"), &payload);
        assert_eq!(said(&line).3, Some(operation), "{event}");
    }
    for (status, operation) in [("uploading", Stage), ("importing", Import)] {
        let line = notification("image.update", &payload.replace("active", status));
        assert_eq!(said(&line).3, Some(operation), "{status}");
    }
    let beside = |line: &str| read(&keys(), line.as_bytes());
    assert_eq!(
        beside(&notification("image.activate", &payload)),
        Ok(Line::Beside(Format::Notification))
    );
    assert_eq!(
        beside(&notification("compute.instance.create", "{}")),
        Ok(Line::Beside(Format::Notification))
    );
    // Of an upload that failed, the payload is the reason alone.
    assert_eq!(
        beside(&notification("image.upload", "\"disk full\"")),
        Ok(Line::Beside(Format::Notification))
    );
}

#[test]
fn what_is_not_understood_says_why() {
    let why = |line: &str| read(&keys(), line.as_bytes());
    assert_eq!(why(""), Ok(Line::Blank));
    assert_eq!(why("  \r"), Ok(Line::Blank));
    assert_eq!(
        why("2026-11-29 18:00:07.1 5 WARNING glance.api [-] told"),
        Ok(Line::Beside(Format::Log))
    );
    assert_eq!(why("*** Starting uWSGI 2.0 ***"), Err(Why::Unknown));
    assert_eq!(why("{\"level\":\"info\"}"), Err(Why::Unknown));
    assert_eq!(
        why(&notification("image.create", "{}")[..60]),
        Err(Why::Broken)
    );
    assert_eq!(
        why("{\"event_type\": \"image.create\", \"payload\": {}}"),
        Err(Why::Date)
    );
    let uwsgi = "[pid: 1|app: 0|req: 1/1] 192.0.2.7 () {2 vars in 2 bytes} [DATE] GET / => generated 1 bytes in 1 msecs (HTTP/1.1 200) 1";
    assert_eq!(why(uwsgi), Err(Why::Date));
    let uwsgi = uwsgi.replace("DATE", "Sun Nov 29 18:00:07 2026");
    assert_eq!(why(&uwsgi[..uwsgi.len() - 12]), Err(Why::Broken));
    assert_eq!(
        why("192.0.2.7 - - [29/Nov/2026:99:00:07 +0100] \"GET / HTTP/1.1\" 200 1"),
        Err(Why::Date)
    );
}

#[test]
fn a_form_says_nothing_of_what_it_is_of() {
    assert_eq!(
        form(b"user=Alice id=4f\t\xff \xe2\x82\xac"),
        "xxxx=xxxxx xx=9x·· ·"
    );
    assert_eq!(form(&[b'a'; 100]).chars().count(), 73);
}

/// A client, a project and an image of one line are the same of another.
#[test]
fn names_are_told_apart_by_keys_alone() {
    let keys = keys();
    let line = |address: &str| {
        format!(
            "{address} - - [29/Nov/2026:19:00:07 +0100] \"GET / HTTP/1.1\" 200 1 \"-\" \"curl\""
        )
    };
    let client = |address: &str| -> Key { request(&keys, &line(address)).1.client };
    assert_eq!(client("192.0.2.7"), client("192.0.2.7"));
    assert_ne!(client("192.0.2.7"), client("192.0.2.8"));
    let shown = format!("{:?}", request(&keys, &line("192.0.2.7")));
    assert!(!shown.contains("192.0.2.7"), "{shown}");
}

/// Parts of lines of all formats, so that what is drawn of them comes far.
const PARTS: [&str; 28] = [
    "[pid: ",
    "1|app: 0|req: 1/1] ",
    "192.0.2.7 () ",
    "{2 vars in 2 bytes} ",
    "[Sun Nov 29 18:00:07 2026] ",
    "GET /v2/images",
    "=> generated ",
    "1 bytes in 1 msecs ",
    "(HTTP/1.1 200) ",
    "2026-11-29 18:00:07.5 ",
    "1 INFO eventlet.wsgi.server ",
    "[req-1 u p] ",
    "- - ",
    "[29/Nov/2026:18:00:07 +0000] ",
    "[29/Nov/2026:18:00:07.655] ",
    "\"GET / HTTP/1.1\" ",
    "200 1 ",
    "0.5",
    "status: 200 ",
    "a b/c 1/2/3/4/5 ",
    "{\"event_type\":",
    "\"image.upload\",",
    "\"timestamp\":\"2026-11-29 18:00:07\"",
    "}",
    "oslo.messaging.notification.",
    "é",
    "\"",
    "/file",
];

proptest! {
    #[test]
    fn no_bytes_are_too_odd(line in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&keys(), &line);
        let _ = form(&line);
    }

    #[test]
    fn no_mixture_is_too_odd(parts in proptest::collection::vec(proptest::sample::select(&PARTS[..]), 0..16), cut in 0..200_usize) {
        let line: String = parts.concat();
        let bytes = line.as_bytes();
        let _ = read(&keys(), &bytes[..bytes.len().min(cut)]);
        let _ = read(&keys(), bytes);
    }
}
