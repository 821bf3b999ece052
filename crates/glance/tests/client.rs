//! What comes of operations on servers that answer one thing, or are not there; and the journal of what was asked of them.
//!
//! No test here may run a command: its process would hold the lock of another's journal between its fork and its exec.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where, in its helpers as well"
)]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use stormglass_glance::{
    Answer, Client, ConfigError, GlanceTarget, Identity, ImageId, Journal, JournalError, Reopened,
    Request, RunId, Undo, UndoText, content_of, read_journal,
};
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use stormglass_model::units::{Bytes, Span};

const RUN: RunId = RunId(7);
/// Nobody listens on port 1.
const NOBODY: &str = "http://127.0.0.1:1";

fn local<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

fn client(url: &str) -> Client {
    let target = GlanceTarget::new(url.to_owned(), Identity::Anonymous, Identity::Anonymous);
    Client::new(&target, RUN).unwrap()
}

fn request(operation: Operation, id: ImageId) -> Request {
    Request {
        operation,
        who: Who::Member,
        id,
        size: Bytes(0),
        content_seed: 1,
        fraction: 0.4,
    }
}

/// What a server answers that does this with every connection.
fn answers(requests: &[Request], serve: impl Fn(&mut TcpStream) + Send + 'static) -> Vec<Answer> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = client(&format!("http://{}", listener.local_addr().unwrap()));
    // It ends with the process.
    thread::spawn(move || {
        listener
            .incoming()
            .flatten()
            .for_each(|mut it| serve(&mut it))
    });
    local(async {
        let mut answers = Vec::new();
        for request in requests {
            answers.push(client.perform(request).await);
        }
        answers
    })
}

/// What comes of an operation that is answered so.
fn answered(operation: Operation, status: u16, text: &str) -> Answer {
    let length = match status {
        204 => String::new(),
        _ => format!("Content-Length: {}\r\n", text.len()),
    };
    let reply = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{length}\r\n{text}");
    let serve = move |stream: &mut TcpStream| {
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(reply.as_bytes()).unwrap();
    };
    let request = request(operation, ImageId::new(RUN, 0));
    answers(&[request], serve).pop().unwrap()
}

#[test]
fn status_codes_are_judged_with_care() {
    for (operation, status, outcome) in [
        (Operation::Upload, 204, Outcome::Ok),
        (Operation::Download, 204, Outcome::Refused),
        (Operation::Download, 403, Outcome::Refused),
        (Operation::Upload, 409, Outcome::Refused),
        (Operation::Upload, 410, Outcome::Fail),
        (Operation::Upload, 413, Outcome::Fail),
        (Operation::Upload, 415, Outcome::Fail),
        (Operation::Create, 400, Outcome::Refused),
        (Operation::Delete, 401, Outcome::Fail),
        (Operation::Delete, 500, Outcome::Fail),
        (Operation::Delete, 504, Outcome::Unknown),
        (Operation::Create, 302, Outcome::Fail),
    ] {
        let answer = answered(operation, status, "");
        assert_eq!(answer.outcome, outcome, "{operation} {status} {answer:?}");
        assert_eq!(answer.http_status, Some(status));
    }
}

#[test]
fn only_a_readable_image_has_data() {
    let shown = |status: &str| {
        let text = format!(
            r#"{{"id":"","status":"{status}","size":0,"checksum":"d41d8cd98f00b204e9800998ecf8427e"}}"#
        );
        answered(Operation::Show, 200, &text)
    };
    assert_eq!(shown("active").content, Some(content_of(0, 0)));
    assert_eq!(shown("saving").content, None);
    assert_eq!(shown("melted").observed, None);
}

#[test]
fn a_servers_text_becomes_one_safe_line() {
    let note = |text: &str| answered(Operation::Upload, 409, text).note;
    let html = "<html>\n <h1>409 Conflict</h1>\u{1b}[31m not\r\nallowed<br /></html>";
    assert_eq!(note(html), "409 Conflict [31m not allowed");
    assert_eq!(note(&"x".repeat(10_000)), "x".repeat(160));
    assert_eq!(note(&" ".repeat(10_000)), "");
}

#[test]
fn what_changes_nothing_is_sent_again_when_a_kept_connection_closes() {
    let (sender, came) = mpsc::channel();
    let of = |operation| request(operation, ImageId::new(RUN, 0));
    let asked = [Operation::Show, Operation::Show, Operation::Delete].map(of);
    // It answers once on every connection, and closes it as soon as more comes.
    let answers = answers(&asked, move |stream| {
        for reply in ["HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n", ""] {
            let mut bytes = [0; 4096];
            let length = stream.read(&mut bytes).unwrap();
            let text = String::from_utf8_lossy(&bytes[..length]);
            let method = text.split(' ').next().unwrap_or_default().to_owned();
            sender.send(method).unwrap();
            stream.write_all(reply.as_bytes()).unwrap();
        }
    });
    let outcomes = answers.iter().map(|it| (it.http_status, it.outcome));
    assert_eq!(
        outcomes.collect::<Vec<_>>(),
        [
            (Some(404), Outcome::Ok),
            (Some(404), Outcome::Ok),
            (None, Outcome::Unknown)
        ]
    );
    let methods: Vec<String> = came.try_iter().collect();
    assert_eq!(methods, ["GET", "GET", "GET", "DELETE"]);
}

#[test]
fn an_upload_that_is_aborted_stops_where_it_should() {
    let (sender, came) = mpsc::channel();
    let aborted = Request {
        size: Bytes(1_000),
        ..request(Operation::AbortUpload, ImageId::new(RUN, 0))
    };
    let answers = answers(&[aborted], move |stream| {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        sender.send(bytes).unwrap();
    });
    assert_eq!(answers[0].outcome, Outcome::Fail);
    assert_eq!(answers[0].content, None);
    let bytes = came.recv().unwrap();
    let head = bytes.windows(4).position(|part| part == b"\r\n\r\n");
    assert_eq!(bytes.len() - head.unwrap() - 4, 400);
}

/// What a server of data says to this request, and how many bytes it sends.
fn fetched(authority: &str, request: &str) -> (String, usize) {
    let mut stream = TcpStream::connect(authority).unwrap();
    let request = format!("{request} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let blank = bytes.windows(4).position(|part| part == b"\r\n\r\n");
    let status = String::from_utf8_lossy(&bytes[9..12]).into_owned();
    (status, bytes.len() - blank.unwrap() - 4)
}

#[test]
fn data_is_served_at_the_address_that_the_server_is_told_and_no_other() {
    let (sender, came) = mpsc::channel();
    let location = Request {
        size: Bytes(1_000),
        ..request(Operation::AddLocation, ImageId::new(RUN, 0))
    };
    // The server reads the data before it answers, while the client still serves it.
    answers(&[location], move |stream| {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"}]") {
            let mut piece = [0; 4096];
            let length = stream.read(&mut piece).unwrap();
            bytes.extend_from_slice(&piece[..length]);
        }
        let text = String::from_utf8_lossy(&bytes);
        let url = text.split("http://").nth(1).unwrap();
        let (authority, path) = url[..url.find('"').unwrap()].split_once('/').unwrap();
        for request in [
            &format!("GET /{path}"),
            &format!("HEAD /{path}"),
            &format!("POST /{path}"),
            "GET /",
            "GET /1000",
            "GET /1000/7",
            "GET /-1/7/0",
            "GET /x/y/z",
        ] {
            sender.send(fetched(authority, request)).unwrap();
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            .unwrap();
    });
    let mut told = came.iter();
    for expected in [("200", 1_000), ("200", 0), ("405", 0)] {
        let (status, length) = told.next().unwrap();
        assert_eq!((status.as_str(), length), expected);
    }
    for _ in 0..5 {
        assert_eq!(told.next(), Some(("404".to_owned(), 0)));
    }
}

#[test]
fn credentials_are_not_shown_and_must_fit_a_header() {
    let target = |token: &str| {
        let token = Identity::Token(token.to_owned());
        GlanceTarget::new(NOBODY.to_owned(), token.clone(), token)
    };
    let shown = format!("{:?}", target("swordfish"));
    assert!(!shown.contains("swordfish"), "{shown}");
    let refused = Client::new(&target("a\nb"), RUN).unwrap_err();
    assert_eq!(refused, ConfigError::Header("token"));
}

#[test]
fn a_url_is_taken_apart_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (url, server)) in [
        (NOBODY, NOBODY),
        ("http://127.0.0.1:1/image/v2/", "http://127.0.0.1:1/image"),
        ("http://[::1]:1/v2", "http://[::1]:1"),
        ("http://localhost:1/envy2", "http://localhost:1/envy2"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(number.to_string());
        create(&client(url).with_journal(&Journal::at(&path)), [0]);
        assert_eq!(read_journal(&path).unwrap()[0].server, server);
    }
    for url in [
        "",
        "glance:9292",
        "http://",
        "http://me:word@glance",
        "ftp://x",
    ] {
        let target = GlanceTarget::new(url.to_owned(), Identity::Anonymous, Identity::Anonymous);
        assert!(Client::new(&target, RUN).is_err(), "{url}");
    }
}

/// Asks for these images of a server that is not there, since they are in the journal before they are asked for.
fn create(client: &Client, numbers: impl IntoIterator<Item = u64>) {
    local(async {
        for number in numbers {
            let create = request(Operation::Create, ImageId::new(RUN, number));
            let answer = client.perform(&create).await;
            assert!(answer.note.contains("cannot connect"), "{}", answer.note);
        }
    });
}

#[test]
fn numbers_are_reserved_ahead_and_others_are_written_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let client = client(NOBODY).with_journal(&Journal::at(&path));
    assert!(!path.exists(), "nothing was created");
    create(&client, 0..600);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 2 + 3, "one a batch");
    let other = ImageId([3; 16]);
    local(client.perform(&request(Operation::Create, other)));
    // A shard that is far ahead, and one that comes late.
    create(&client, [4_000, 700, 1_000_000]);
    let read = read_journal(&path).unwrap();
    let ids: BTreeSet<_> = read[0].ids().collect();
    let asked = (0..600).chain([700, 4_000, 1_000_000]);
    let asked = asked.map(|number| ImageId::new(RUN, number));
    assert!(asked.chain([other]).all(|id| ids.contains(&id)));
    assert_eq!((read[0].run, read[0].server.as_str()), (RUN, NOBODY));
    assert_eq!(read[0].count(), 4_256 + 2);
}

#[test]
fn sparse_numbers_are_not_reserved_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let sparse = || (0..50_000).step_by(100);
    create(&client(NOBODY).with_journal(&Journal::at(&path)), sparse());
    let read = read_journal(&path).unwrap();
    let ids: BTreeSet<_> = read[0].ids().collect();
    assert!(sparse().all(|number| ids.contains(&ImageId::new(RUN, number))));
    assert!(ids.len() < 10_000, "{}", ids.len());
}

#[test]
fn a_journal_is_done_when_the_last_client_is_and_until_something_is_created() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = Journal::at(&path);
    let clients = [(); 2].map(|()| client(NOBODY).with_journal(&journal));
    let done = || read_journal(&path).unwrap()[0].done;
    create(&clients[0], [0]);
    for (client, last) in clients.iter().zip([false, true]) {
        assert_eq!(local(client.cleanup()).left, []);
        assert_eq!(done(), last);
    }
    create(&clients[1], [1]);
    assert!(!done());
}

#[test]
fn a_journal_is_kept_by_its_run_and_mended_by_who_cleans_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let client = client(NOBODY).with_journal(&Journal::at(&path));
    create(&client, [0]);
    let busy = Reopened::new(&path).err().map(|error| error.to_string());
    assert!(busy.is_some_and(|text| text.contains("under way")));
    drop(client);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&whole[..], b"image 00000000000"].concat()).unwrap();
    assert_eq!(read_journal(&path).unwrap()[0].count(), 256);
    Reopened::new(&path).unwrap().done(RUN).unwrap();
    assert!(read_journal(&path).unwrap()[0].done);
}

/// Two commands were run, and neither is undone.
const DID: &str = r#"stormglass journal 2
did 1 {"command":"kill-api","image":"5f6c7a0e-0000-4000-8000-000000000000","folder":"/srv","timeout_ns":7,"undo":"true"}
did 2 {"command":"fill","folder":"/srv","timeout_ns":8,"scenario":"/srv/glance.toml"}
"#;

#[test]
fn what_commands_have_done_is_left_until_it_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let left = |text: &str| -> Vec<(u64, Undo)> {
        std::fs::write(&path, text).unwrap();
        let reopened = Reopened::new(&path).unwrap();
        assert_eq!(
            reopened.journal().is_done(),
            reopened.not_undone().is_empty()
        );
        let left = reopened.not_undone().iter();
        left.map(|(number, undo)| (*number, undo.clone())).collect()
    };
    let kill = Undo {
        command: "kill-api".to_owned(),
        image: ImageId::parse("5f6c7a0e-0000-4000-8000-000000000000"),
        folder: "/srv".into(),
        timeout: Span(7),
        text: UndoText::Here("true".to_owned()),
    };
    let fill = Undo {
        command: "fill".to_owned(),
        image: None,
        timeout: Span(8),
        text: UndoText::InScenario("/srv/glance.toml".into()),
        ..kill.clone()
    };
    assert_eq!(left(DID), [(1, kill.clone()), (2, fill.clone())]);
    assert_eq!(left(&format!("{DID}undone 1\n")), [(2, fill.clone())]);
    // Half a line says nothing, and is taken away.
    assert_eq!(left(&format!("{DID}undone 2")), [(1, kill), (2, fill)]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), DID);
    assert_eq!(left(&format!("{DID}undone 2\nundone 1\n")), []);
    // All images of a run may be gone, and the server still broken.
    let run = format!("run {RUN} {NOBODY}\nnumbers {RUN} 256\ndone {RUN}\n");
    assert_eq!(left(&format!("{DID}{run}")).len(), 2);
}

#[test]
fn a_journal_of_the_version_before_is_read_and_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let text = format!("stormglass journal 1\nrun {RUN} {NOBODY}\nnumbers {RUN} 256\n");
    std::fs::write(&path, &text).unwrap();
    assert_eq!(read_journal(&path).unwrap()[0].count(), 256);
    let mut reopened = Reopened::new(&path).unwrap();
    assert!(reopened.not_undone().is_empty() && !reopened.journal().is_done());
    reopened.done(RUN).unwrap();
    assert!(reopened.journal().is_done());
    let after = std::fs::read_to_string(&path).unwrap();
    assert_eq!(after, format!("{text}done {RUN}\n"));
}

#[test]
fn what_is_no_journal_is_refused_and_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let image = ImageId::new(RunId(8), 1);
    let title = "stormglass journal 1";
    for text in [
        "[package]\n".to_owned(),
        format!("{title}\nnumbers {RUN} 5\n"),
        format!("{title}\nrun {RUN} {NOBODY}\nimage {RUN} {image}x\n"),
        format!("{title}\nrun {RUN} {NOBODY}\nnumbers {RUN} -1\n"),
        format!("{title}\nrun +000000000000007 {NOBODY}\n"),
        // Without the end of a line there is nothing that a crash may have cut.
        "precious".to_owned(),
        format!("{title} of another kind"),
        "[package]\nname = \"precious\"".to_owned(),
        "SQLite format 3\0\n\0\0precious".to_owned(),
        // More than were ever reserved at once would be looked for to the end of time.
        format!("{title}\nrun {RUN} {NOBODY}\nnumbers {RUN} {}\n", u64::MAX),
        format!("{DID}undone 7\n"),
        DID.replace("did 1", "did +1"),
        DID.replace("did 1", "did 2"),
        DID.replace(r#""undo":"true""#, r#""run":"true""#),
        DID.replace(r#""undo":"true""#, r#""undo":"true","scenario":"x""#),
        DID.replace(r#""image":""#, r#""image":"x"#),
    ] {
        std::fs::write(&path, &text).unwrap();
        let reopened = Reopened::new(&path);
        assert!(matches!(reopened, Err(JournalError::Foreign(..))), "{text}");
        let read = read_journal(&path);
        assert!(matches!(read, Err(JournalError::Foreign(..))), "{text}");
        let client = client(NOBODY).with_journal(&Journal::at(&path));
        for _ in 0..2 {
            let create = request(Operation::Create, image);
            let note = local(client.perform(&create)).note;
            assert!(note.contains("the journal cannot be written"), "{note}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}
