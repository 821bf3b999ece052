//! A whole storm against a server that says what cannot be true. It listens on loopback, and needs nothing installed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use stormglass::{RunOptions, RunResult};
use stormglass_model::lifecycle::{Invariant, Operation, Verdict};

/// The status codes of a read of data, of a look at the record, and of a delete; all else is answered as a Glance would.
#[derive(Clone, Copy)]
pub struct Lies {
    pub download: u16,
    pub show: u16,
    pub delete: u16,
    /// How long a read of data waits for its answer, and how long a list of images does.
    pub slow: [Duration; 2],
    /// How many looks show an image as saving before the next ones show it as queued.
    pub saving: usize,
}

/// Answers one request.
fn answer(stream: TcpStream, lies: Lies, looks: &AtomicUsize) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = Vec::new();
    for line in reader.by_ref().lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let head = head.join("\n").to_lowercase();
    let length = head.split("content-length: ").nth(1);
    let length = length.map_or(0, |text| text.lines().next().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let id = String::from_utf8_lossy(&body);
    let id = id.split("\"id\":\"").nth(1).map_or("", |text| &text[..36]);
    let (status, text) = match head.split_whitespace().take(2).collect::<Vec<_>>()[..] {
        ["post", "/v2/images"] => (201, format!(r#"{{"id":"{id}","status":"queued"}}"#)),
        ["get", "/v2/images?limit=1"] => (
            200,
            r#"{"images":[],"schema":"/v2/schemas/images"}"#.to_owned(),
        ),
        ["get", path] if path.starts_with("/v2/tasks") => match head.contains("admin") {
            true => (200, r#"{"tasks":[]}"#.to_owned()),
            false => (403, String::new()),
        },
        ["get", path] if path.ends_with("/file") => {
            std::thread::sleep(lies.slow[0]);
            (lies.download, "x".to_owned())
        }
        // The cleanup looks for what it does not know of.
        ["get", path] if path.contains("tag=") => {
            std::thread::sleep(lies.slow[1]);
            (200, r#"{"images":[]}"#.to_owned())
        }
        ["get", path] => {
            let saving = looks.fetch_add(1, Ordering::Relaxed) < lies.saving;
            let status = if saving { "saving" } else { "queued" };
            let text = format!(r#"{{"id":"{}","status":"{status}"}}"#, &path[11..]);
            (lies.show, text)
        }
        // The cleanup at the end of a run asks for nothing else.
        ["delete", _] => (lies.delete, String::new()),
        _ => (204, String::new()),
    };
    let mut stream = stream;
    let length = if status == 204 {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", text.len())
    };
    write!(
        stream,
        "HTTP/1.1 {status} So\r\n{length}Connection: close\r\n\r\n"
    )?;
    stream.write_all(if status == 204 { b"" } else { text.as_bytes() })
}

/// Starts such a server for the rest of the process, and gives its URL.
pub fn serve(download: u16, show: u16) -> String {
    serve_lies(Lies {
        download,
        show,
        delete: 204,
        slow: [Duration::ZERO; 2],
        saving: usize::MAX,
    })
}

/// The same for all of them.
pub fn serve_lies(lies: Lies) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let looks = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let looks = Arc::clone(&looks);
            std::thread::spawn(move || answer(stream, lies, &looks));
        }
    });
    url
}

fn storm(steps: &str, download: u16, show: u16) -> RunResult {
    storm_at(&serve(download, show), steps)
}

fn storm_at(url: &str, steps: &str) -> RunResult {
    let text = format!(
        "schema = 1\nname = \"liar\"\n[target.glance]\nurl = \"{url}\"\n[load]\nusers = 1\nsubjects = 1\n\
         [[story]]\nname = \"one\"\nsteps = [{steps}]\n"
    );
    let scenario = stormglass::parse("liar.toml", &text, Path::new("."), &[]).unwrap();
    let result = stormglass::run(&scenario, &RunOptions::default()).unwrap();
    result.runs.into_iter().next().unwrap()
}

#[test]
fn data_read_after_its_delete_was_acknowledged_is_a_violation() {
    let steps = r#""create", "delete", { refused = "download" }"#;
    let honest = storm(steps, 404, 404);
    assert_eq!(honest.verdict, Verdict::Valid, "{:?}", honest.violations);
    assert_eq!(honest.end.by_status().iter().sum::<u64>(), 1);
    let liar = storm(steps, 200, 404);
    assert_eq!(liar.verdict, Verdict::Invalid);
    assert_eq!(
        liar.violation_counts[Invariant::Access.index()],
        1,
        "{:?}",
        liar.violations
    );
}

#[test]
fn a_last_look_that_cannot_be_true_is_a_violation() {
    let honest = storm(r#""create", "delete""#, 404, 404);
    assert_eq!(honest.verdict, Verdict::Valid, "{:?}", honest.violations);
    // Nobody uploaded anything, and nobody deleted it.
    let stuck = storm(r#""create""#, 404, 200);
    assert_eq!(stuck.verdict, Verdict::Invalid);
    let gone = storm(r#""create""#, 404, 404);
    assert_eq!(
        gone.verdict,
        Verdict::Invalid,
        "it was created, and nobody deleted it"
    );
}

#[test]
fn an_error_of_the_servers_own_is_a_violation_while_nothing_is_broken() {
    let url = serve_lies(Lies {
        download: 404,
        show: 404,
        delete: 500,
        slow: [Duration::ZERO; 2],
        saving: usize::MAX,
    });
    let storm = storm_at(&url, r#""create", "delete""#);
    assert_eq!(storm.verdict, Verdict::Invalid, "{storm:?}");
    let count = storm.violation_counts[Invariant::Answer.index()];
    assert_eq!(count, 1, "{:?}", storm.violations);
    let first = &storm.violations[0];
    assert_eq!(first.operation, Some(Operation::Delete), "{first:?}");
}

#[test]
fn answers_are_heard_while_something_is_always_due() {
    let text = format!(
        "schema = 1\nname = \"busy\"\n[target.glance]\nurl = \"{}\"\n[report]\ninterval = \"1ms\"\n\
         [load]\nusers = 1\nsubjects = 20\nduration = \"20s\"\n[[story]]\nname = \"one\"\n\
         steps = [\"create\", \"delete\"]\n",
        serve(404, 404)
    );
    let scenario = stormglass::parse("busy.toml", &text, Path::new("."), &[]).unwrap();
    let result = stormglass::run(&scenario, &RunOptions::default()).unwrap();
    let run = &result.runs[0];
    assert_eq!(run.verdict, Verdict::Valid, "{:?}", run.violations);
    assert_eq!(run.end.by_status().iter().sum::<u64>(), 20);
}

#[test]
fn an_image_that_an_aborted_upload_left_in_saving_is_looked_at_until_it_is_queued() {
    let url = serve_lies(Lies {
        download: 404,
        show: 200,
        delete: 204,
        slow: [Duration::ZERO; 2],
        saving: 5,
    });
    let storm = storm_at(&url, r#""create", "abort-upload""#);
    assert_eq!(storm.verdict, Verdict::Valid, "{storm:?}");
}
