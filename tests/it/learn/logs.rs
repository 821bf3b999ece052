//! Logs as servers write them, of what a storm on the embedded service did.

use crate::cli::{stderr, stormglass};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use stormglass_model::history::Observation;
use stormglass_model::history::file::Reader;
use stormglass_model::lifecycle::{Operation, Outcome};

/// Parts of all that is private in these logs: ids, names, addresses, users, projects, tokens.
pub const CANARIES: [&str; 5] = [
    "4bbb-8ccc",
    "kanarie",
    "198.51.100.",
    "example.org",
    "t0ken",
];

/// 2026-11-29 18:00:00 UTC, in milliseconds.
pub const BEGIN: u64 = 1_795_975_200_000;

/// A request of the storm.
#[derive(Clone, Debug)]
pub struct Request {
    /// Milliseconds since 1970.
    pub at: u64,
    pub took: u64,
    pub operation: Operation,
    pub subject: u64,
    pub size: u64,
    pub is_ok: bool,
}

/// Three stories on a service that takes a little time.
pub const STORM: &str = r#"
schema = 1
name = "three"
[service.registry]
commit = { lognormal = { median = "12ms", p99 = "60ms" } }
[service.store]
bandwidth = "200MiB/s"
[load]
arrivals = { rate = "2/s" }
subjects = 1500
[[story]]
name = "used"
weight = 60
size = { lognormal = { median = "8MiB", p99 = "90MiB" } }
steps = ["create", { wait = { exponential = { mean = "3s" } } }, "upload", { wait = { exponential = { mean = "30s" } } },
    "download", { wait = "5s" }, "delete"]
[[story]]
name = "kept"
weight = 30
size = "64KiB"
steps = ["create", { wait = "2s" }, "upload", { wait = { uniform = { min = "10s", max = "50s" } } }, "delete"]
[[story]]
name = "imported"
weight = 10
size = { uniform = { min = "1MiB", max = "9MiB" } }
steps = ["create", { wait = "1s" }, "import", { wait = "2s" }, "show", { repeat = 3, steps = [{ wait = "2s" }, "show"] },
    { wait = { exponential = { mean = "60s" } } }, "delete"]
"#;

/// Runs the storm, and gives its requests; its history is in `storm/history.jsonl`.
pub fn storm(folder: &Path) -> Vec<Request> {
    fs::write(folder.join("storm.toml"), STORM).unwrap();
    let run = stormglass(
        &[
            "run",
            "storm.toml",
            "--history",
            "--out",
            "storm",
            "--set",
            "seed=7",
        ],
        folder,
    );
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    requests(&folder.join("storm/history.jsonl"))
}

/// What a history has of requests, in the order in which they ended.
pub fn requests(history: &Path) -> Vec<Request> {
    let file = BufReader::new(File::open(history).unwrap());
    let mut all = Vec::new();
    for read in Reader::new(file).unwrap() {
        let (_, history) = read.unwrap();
        let mut open = BTreeMap::new();
        for event in &history.events {
            let ms = BEGIN + event.at.0 / 1_000_000;
            match event.observation {
                Observation::Invoked {
                    op,
                    operation,
                    brings,
                    ..
                } => {
                    open.insert(op.0, (ms, operation, brings));
                }
                Observation::Answered { op, ending } => {
                    let (at, operation, brings) = open[&op.0];
                    all.push(Request {
                        at,
                        took: ms - at,
                        operation,
                        subject: history.subject,
                        size: brings.or(ending.content).map_or(0, |content| content.size),
                        is_ok: ending.outcome == Outcome::Ok,
                    });
                }
                _ => {}
            }
        }
    }
    all.sort_by_key(|it| it.at + it.took);
    all
}

impl Request {
    fn id(&self) -> String {
        let mixed = (self.subject as u32).wrapping_mul(2_654_435_761);
        format!("{mixed:08x}-aaaa-4bbb-8ccc-{:012x}", self.subject)
    }

    /// One of many clients.
    fn address(&self) -> String {
        format!("198.51.100.{}", self.subject % 200)
    }

    fn line(&self) -> String {
        let id = self.id();
        match self.operation {
            Operation::Create => "POST /v2/images?from=kanarie&auth=t0ken".to_owned(),
            Operation::Upload => format!("PUT /v2/images/{id}/file"),
            Operation::Download => format!("GET /v2/images/{id}/file"),
            Operation::Import => format!("POST /v2/images/{id}/import"),
            Operation::Show => format!("GET /v2/images/{id}"),
            Operation::Delete => format!("DELETE /v2/images/{id}"),
            other => panic!("{other}"),
        }
    }

    fn status(&self) -> u16 {
        match (self.is_ok, self.operation) {
            (false, _) => 404,
            (true, Operation::Create) => 201,
            (true, Operation::Upload | Operation::Delete) => 204,
            (true, Operation::Import) => 202,
            (true, _) => 200,
        }
    }

    fn sent(&self) -> u64 {
        if self.operation == Operation::Download {
            self.size
        } else {
            191
        }
    }
}

/// Whole seconds since 1970 as `date -u` writes them, in parts: year, month, day, hour, minute, second.
fn parts(ms: u64) -> (u64, u64, u64, u64) {
    // All logs here are of two days of November and December.
    let seconds = (ms - BEGIN) / 1_000 + 18 * 3_600;
    (
        29 + seconds / 86_400,
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    )
}

fn common(ms: u64) -> String {
    let (day, hour, minute, second) = parts(ms);
    format!("{day:02}/Nov/2026:{hour:02}:{minute:02}:{second:02}")
}

fn iso(ms: u64) -> String {
    let (day, hour, minute, second) = parts(ms);
    format!(
        "2026-11-{day:02} {hour:02}:{minute:02}:{second:02}.{:03}",
        ms % 1_000
    )
}

pub fn uwsgi(it: &Request) -> String {
    let (day, hour, minute, second) = parts(it.at);
    format!(
        "[pid: 41|app: 0|req: 7/19] {} (kanarie) {{24 vars in 268 bytes}} [Sun Nov {day} {hour:02}:{minute:02}:{second:02} 2026] {} => \
         generated {} bytes in {} msecs (HTTP/1.1 {}) 6 headers in 301 bytes (1 switches on core 3)\n",
        it.address(),
        it.line(),
        it.sent(),
        it.took,
        it.status()
    )
}

pub fn nginx(it: &Request) -> String {
    let received = if it.operation == Operation::Upload {
        it.size
    } else {
        300
    };
    format!(
        "{} - kanarie@example.org [{} +0000] \"{} HTTP/1.1\" {} {} \"-\" \"kanarie-client/1\" rt={:.3} rl={received}\n",
        it.address(),
        common(it.at + it.took),
        it.line(),
        it.status(),
        it.sent(),
        it.took as f64 / 1e3
    )
}

pub fn haproxy(it: &Request) -> String {
    format!(
        "Nov 29 18:00:09 lb haproxy[14389]: {}:33317 [{}.{:03}] images images/kanarie 0/0/0/{}/{} {} {} - - ---- 1/1/1/1/0 0/0 \"{} HTTP/1.1\"\n",
        it.address(),
        common(it.at),
        it.at % 1_000,
        it.took,
        it.took,
        it.status(),
        it.sent(),
        it.line()
    )
}

pub fn eventlet(it: &Request) -> String {
    format!(
        "{} 2311 INFO eventlet.wsgi.server [req-4bbb-8ccc kanarie{} kanarie-project - default default] {} - - [{}] \"{} HTTP/1.1\" {} {} {:.6}\n",
        iso(it.at + it.took),
        it.subject % 150,
        it.address(),
        common(it.at + it.took).replacen(':', " ", 1),
        it.line(),
        it.status(),
        it.sent(),
        it.took as f64 / 1e3
    )
}

/// What Glance notifies of it, as the driver `log` writes it.
pub fn notifications(it: &Request) -> String {
    let mut text = String::new();
    let mut tell = |event: &str, ms: u64, more: &str| {
        let _ = writeln!(
            text,
            "{} 2311 INFO oslo.messaging.notification.image.{event} [None req-4bbb-8ccc kanarie - - - -] {{\"message_id\": \"m\", \"event_type\": \
             \"image.{event}\", \"priority\": \"INFO\", \"payload\": {{\"id\": \"{}\", \"name\": \"kanarie-image\", \"owner\": \"kanarie-project\"{more}}}, \
             \"timestamp\": \"{}\"}}",
            iso(ms),
            it.id(),
            iso(ms)
        );
    };
    let end = it.at + it.took;
    let size = format!(", \"status\": \"active\", \"size\": {}", it.size);
    match it.operation {
        Operation::Create => tell("create", end, ", \"status\": \"queued\""),
        Operation::Upload => {
            tell("prepare", it.at, "");
            tell("upload", end, &size);
            tell("activate", end, &size);
        }
        Operation::Import => {
            tell("update", end, ", \"status\": \"importing\"");
            tell("upload", end + 60, &size);
        }
        Operation::Download => tell("send", end, &format!(", \"bytes_sent\": {}", it.size)),
        Operation::Delete => tell("delete", end, ", \"status\": \"deleted\""),
        _ => {}
    }
    text
}

/// A log of these requests in this format.
pub fn log(requests: &[Request], format: fn(&Request) -> String) -> String {
    requests.iter().map(format).collect()
}
