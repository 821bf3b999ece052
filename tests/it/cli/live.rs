//! A run that is watched while it goes on.

use super::{Running, scenario, stderr, stdout, stormglass};
use crate::process;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

const TOKEN: &str = "correct-horse-battery";

/// In real time it would go on for minutes.
const LONG: [&str; 6] = [
    "--set",
    "clock=real",
    "--set",
    "load.duration=10m",
    "--set",
    "load.arrivals.rate=50/s",
];

/// A run under way, and where it is shown.
struct Shown {
    running: Running,
    address: SocketAddr,
}

/// Starts a run that is shown on a free port, with what it says on standard error in a file.
fn shown(folder: &Path, arguments: &[&str], token: Option<&str>) -> Shown {
    let said = folder.join("said");
    let all = [
        &["run", "tiny.toml", "--live", "127.0.0.1:0", "--out", "out"],
        arguments,
    ]
    .concat();
    let mut process = process::stormglass(all)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&said).unwrap());
    if let Some(token) = token {
        process = process.env("STORMGLASS_LIVE_TOKEN", token);
    }
    let mut running = process.spawn();
    loop {
        let text = fs::read_to_string(&said).unwrap();
        let url = text
            .split_whitespace()
            .find_map(|it| it.strip_prefix("http://"));
        if let Some((address, _)) = url.and_then(|url| url.split_once('/')) {
            let address = address.parse().unwrap();
            return Shown { running, address };
        }
        assert!(running.is_running(), "it ended: {text}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Shown {
    fn send(&self, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream
            .write_all(format!("{head}\r\n\r\n").as_bytes())
            .unwrap();
        stream
    }

    /// The status and the rest of the reply.
    fn ask(&self, head: &str) -> (u16, String) {
        let mut reply = String::new();
        self.send(head).read_to_string(&mut reply).unwrap();
        (reply[9..12].parse().unwrap(), reply)
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {}", self.address))
    }

    fn post(&self, path: &str) -> (u16, String) {
        self.ask(&format!("POST {path} HTTP/1.1\r\nHost: {}", self.address))
    }

    /// The events of the run, as they come.
    fn events(&self) -> impl Iterator<Item = (String, String)> + use<> {
        let head = format!("GET /events HTTP/1.1\r\nHost: {}", self.address);
        let mut lines = BufReader::new(self.send(&head))
            .lines()
            .map_while(Result::ok);
        std::iter::from_fn(move || {
            let event = lines.find_map(|line| Some(line.strip_prefix("event: ")?.to_owned()))?;
            let data = lines.find_map(|line| Some(line.strip_prefix("data: ")?.to_owned()))?;
            Some((event, data))
        })
    }
}

/// Every sample by its name and labels.
fn samples(exposition: &str) -> BTreeMap<&str, f64> {
    let (_, body) = exposition.split_once("\r\n\r\n").unwrap();
    let lines = body.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name, value.parse().ok()?))
        })
        .collect()
}

fn whole_results(folder: &Path) {
    let out = folder.join("out");
    assert!(!out.join("partial").exists());
    for file in ["run.json", "report.html", "timeline.csv"] {
        assert!(out.join(file).exists(), "{file}");
    }
}

/// Nothing is begun, and one line says why.
fn refused(output: &Output, folder: &Path, hint: &str) {
    let message = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert_eq!(stdout(output), "");
    assert!(message.contains(hint), "{hint}: {message}");
    assert!(!folder.join("out").exists(), "{hint}");
}

#[test]
fn an_address_that_cannot_be_had_is_told_in_one_line_before_anything_is_begun() {
    let folder = scenario();
    let run = |arguments: &[&str]| {
        let all = [&["run", "tiny.toml", "--out", "out"], arguments].concat();
        stormglass(&all, folder.path())
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["--live", &address]);
    refused(&output, folder.path(), "name another address");
    assert_eq!(stderr(&output).lines().count(), 1);
    let output = run(&["--live", "0.0.0.0:0"]);
    refused(&output, folder.path(), "needs a token");
    assert_eq!(stderr(&output).lines().count(), 1);
    for wrong in [
        "5665",
        "localhost:http",
        "127.0.0.1",
        "127.0.0.1:70000",
        "https://x/",
    ] {
        refused(
            &run(&["--live", wrong]),
            folder.path(),
            "write an address and a port",
        );
    }
    fs::write(folder.path().join("token"), "short\n").unwrap();
    let token = ["--live", "0.0.0.0:0", "--live-token-file", "token"];
    refused(&run(&token), folder.path(), "16 to 256 letters");
    let missing = ["--live", "0.0.0.0:0", "--live-token-file", "none"];
    refused(&run(&missing), folder.path(), "cannot read none");
    let alone = ["--live-token-file", "token"];
    refused(&run(&alone), folder.path(), "--live");
}

#[test]
fn a_run_that_is_watched_can_be_stopped_and_gives_its_report() {
    let folder = scenario();
    let shown = shown(folder.path(), &LONG, None);
    let (status, page) = shown.get("/");
    assert_eq!(status, 200);
    assert!(
        page.contains("connect-src 'self'") && page.contains("<figure"),
        "{page}"
    );
    assert_eq!(shown.get("/report").0, 404, "not yet");
    assert_eq!(shown.get("/nothing").0, 404);
    assert_eq!(shown.get("/stop").0, 405);

    let mut events = shown.events();
    assert_eq!(events.next().unwrap().0, "points");
    let points: Vec<serde_json::Value> = (events.by_ref().take(2))
        .map(|(name, data)| {
            assert_eq!(name, "point");
            serde_json::from_str(&data).unwrap()
        })
        .collect();
    assert!(points[1]["to"].as_f64() > points[0]["to"].as_f64());
    assert_eq!(points[1]["from"], points[0]["to"], "no gap");
    // Who comes later hears of all of them.
    let (_, all) = shown.events().next().unwrap();
    let all: Vec<serde_json::Value> = serde_json::from_str(&all).unwrap();
    assert_eq!(all[..2], points);

    for origin in ["http://evil.example", "null"] {
        let head = format!(
            "POST /stop HTTP/1.1\r\nHost: {}\r\nOrigin: {origin}",
            shown.address
        );
        assert_eq!(shown.ask(&head).0, 403);
    }
    assert_eq!(shown.ask("GET / HTTP/1.1\r\nHost: evil.example").0, 421);
    assert_eq!(shown.post("/stop").0, 202);
    let ended = events.find(|(name, _)| name == "ended").unwrap();
    assert_eq!(ended.1, "report");
    let (status, report) = shown.get("/report");
    assert_eq!(status, 200);
    let output = shown.running.output();
    assert_eq!(output.status.code(), Some(105));
    whole_results(folder.path());
    let kept = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(report.ends_with(&kept), "the finished page is the folder's");
    let said = fs::read_to_string(folder.path().join("said")).unwrap();
    assert!(said.contains("results so far are kept"), "{said}");
}

#[test]
fn a_token_is_asked_for_and_never_told() {
    let folder = scenario();
    let shown = shown(folder.path(), &LONG, Some(TOKEN));
    for path in ["/", "/events", "/metrics", "/report", "/?token=wrong"] {
        assert_eq!(shown.get(path).0, 401, "{path}");
    }
    assert_eq!(shown.post("/stop").0, 401);
    let (status, page) = shown.get(&format!("/?token={TOKEN}"));
    assert_eq!(status, 200);
    assert!(!page.contains(TOKEN));
    let bearer = format!("GET /metrics HTTP/1.1\r\nHost: a.name\r\nAuthorization: Bearer {TOKEN}");
    assert_eq!(shown.ask(&bearer).0, 200);
    assert_eq!(shown.post(&format!("/stop?token={TOKEN}")).0, 202);
    assert_eq!(shown.running.output().status.code(), Some(105));
    let said = fs::read_to_string(folder.path().join("said")).unwrap();
    assert!(!said.contains(TOKEN), "{said}");
}

#[test]
fn metrics_count_exactly_and_only_grow() {
    let folder = scenario();
    let shown = shown(folder.path(), &LONG, None);
    let mut events = shown.events();
    events.nth(1);
    let first = shown.get("/metrics").1;
    events.next();
    let (status, second) = shown.get("/metrics");
    assert_eq!(status, 200);
    assert!(second.contains("text/plain; version=0.0.4"), "{second}");
    assert!(!second.contains("quantile="), "{second}");
    let (first, second) = (samples(&first), samples(&second));
    let is_counter = |name: &str| {
        let name = name.split('{').next().unwrap_or_default();
        ["_total", "_bucket", "_count", "_sum"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    for (name, before) in first.iter().filter(|(name, _)| is_counter(name)) {
        let after = second.get(name).unwrap_or_else(|| panic!("{name} is gone"));
        assert!(before <= after, "{name}: {before}, then {after}");
    }
    let started = "stormglass_operations_started_total{operation=\"create\"}";
    assert!(second[started] > 0.0);
    let answered: f64 = (second.iter())
        .filter(|(name, _)| name.starts_with("stormglass_response_seconds_count"))
        .map(|(_, count)| count)
        .sum();
    let sent: f64 = (second.iter())
        .filter(|(name, _)| name.starts_with("stormglass_operations_started_total"))
        .map(|(_, count)| count)
        .sum();
    assert_eq!(sent - answered, second["stormglass_operations_in_flight"]);
    // Prometheus itself asks for protobuf where it stores native histograms.
    let native = format!(
        "GET /metrics HTTP/1.1\r\nHost: {}\r\nAccept: application/vnd.google.protobuf;\
         proto=io.prometheus.client.MetricFamily;encoding=delimited",
        shown.address
    );
    let mut reply = Vec::new();
    shown.send(&native).read_to_end(&mut reply).unwrap();
    let text = String::from_utf8_lossy(&reply);
    assert!(text.contains("application/vnd.google.protobuf"), "{text}");
    shown.post("/stop");
    assert_eq!(shown.running.output().status.code(), Some(105));
}

/// Who connects and reads nothing, or connects as often as he can, holds up nobody for longer than the run waits for browsers.
#[test]
fn nobody_who_watches_holds_up_a_run() {
    let folder = scenario();
    let shown = shown(folder.path(), &LONG, None);
    let idle: Vec<TcpStream> = (0..8)
        .map(|_| shown.send(&format!("GET /events HTTP/1.1\r\nHost: {}", shown.address)))
        .collect();
    let silent: Vec<TcpStream> = (0..16)
        .map(|_| TcpStream::connect(shown.address).unwrap())
        .collect();
    assert_eq!(shown.get("/metrics").0, 200);
    let more: Vec<TcpStream> = (0..40)
        .map(|_| TcpStream::connect(shown.address).unwrap())
        .collect();
    let mut running = shown.running;
    running.signal("INT");
    let ended = (0..1_200).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        running.ended()
    });
    assert_eq!(ended.and_then(|status| status.code()), Some(105));
    whole_results(folder.path());
    drop((idle, silent, more));
}

/// In virtual time, several runs at once: the bytes of the results are those of runs that nobody watches.
#[test]
fn who_watches_changes_no_result() {
    let folder = scenario();
    let settings = [
        "--set",
        "load.duration=2h",
        "--replications",
        "3",
        "--quiet",
    ];
    let output = stormglass(
        &[&["run", "tiny.toml", "--out", "alone"], &settings[..]].concat(),
        folder.path(),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = shown(folder.path(), &settings, None);
    assert_eq!(shown.running.output().status.code(), Some(0));
    for entry in fs::read_dir(folder.path().join("alone")).unwrap() {
        let name = entry.unwrap().file_name();
        if name != "run.json" && name != "report.html" {
            let of = |run: &str| fs::read(folder.path().join(run).join(&name)).unwrap();
            assert!(of("alone") == of("out"), "{name:?} differs");
        }
    }
}
