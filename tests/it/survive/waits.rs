//! Every wait has an end: whoever is silent, or sends a byte now and then, holds nobody for long; and whoever wants to stop is
//! not held at all.
#![cfg(target_os = "linux")]

use crate::process::{Running, stormglass};
use crate::safety::fake::{Asked, Fake};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// What is held for longer is held for ever: without an end each of these waits would take many minutes.
const SOON: Duration = Duration::from_secs(60);
/// How soon whoever wants to stop may go. It takes a second or two, on a machine that has nothing else to do.
const AT_ONCE: Duration = Duration::from_secs(10);
/// The pause before another look.
const LOOK: Duration = Duration::from_millis(20);
/// The pause between two bytes.
const DRIP: Duration = Duration::from_millis(400);

/// Whether the wait has begun.
type Reached = Arc<AtomicBool>;

/// Says `start`, and then a byte now and then, for as long as anybody listens.
fn drip(stream: &mut TcpStream, start: &str, reached: &Reached) -> bool {
    let _ = stream.write_all(start.as_bytes());
    reached.store(true, Ordering::Relaxed);
    while stream.write_all(b"x").is_ok() {
        sleep(DRIP);
    }
    true
}

/// A server that is honest, but drips its answers to some requests after it has said `start`.
fn dripping(
    start: &'static str,
    drips: impl Fn(&Asked) -> bool + Send + Sync + 'static,
) -> (Fake, Reached) {
    let reached = Reached::default();
    let begun = reached.clone();
    let mood =
        move |asked: &Asked, stream: &mut TcpStream| drips(asked) && drip(stream, start, &begun);
    (Fake::with(Arc::new(mood)), reached)
}

/// A place where whoever comes is heard, and told nothing.
fn silent() -> (String, Reached) {
    let reached = Reached::default();
    let begun = reached.clone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            begun.store(true, Ordering::Relaxed);
            std::thread::spawn(move || while matches!(stream.read(&mut [0; 4096]), Ok(1..)) {});
        }
    });
    (address, reached)
}

/// The command at work in `folder`, with `set` in its environment.
fn begin(folder: &Path, command: &str, set: &[(&str, &str)]) -> Running {
    let process = stormglass(command.split('\t')).current_dir(folder);
    let process = process.stdout(Stdio::null()).stderr(Stdio::null());
    let set = set
        .iter()
        .fold(process, |it, (key, value)| it.env(key, value));
    set.spawn()
}

fn ends_within(running: &mut Running, limit: Duration) -> ExitStatus {
    for _ in 0..limit.div_duration_f64(LOOK) as u32 {
        if let Some(status) = running.ended() {
            return status;
        }
        sleep(LOOK);
    }
    panic!("it still waits after {limit:?}");
}

/// It ends by itself.
fn ends_soon(command: &str, set: &[(&str, &str)], text: &str) -> ExitStatus {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("it.toml"), text).unwrap();
    ends_within(&mut begin(folder.path(), command, set), SOON)
}

/// It ends when the user wants to stop, though its time-out is a minute.
fn ends_when_told(command: &str, set: &[(&str, &str)], text: &str, reached: &Reached) {
    reached.store(false, Ordering::Relaxed);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("it.toml"), text).unwrap();
    let mut running = begin(folder.path(), command, set);
    let mut looks = 0;
    while !reached.load(Ordering::Relaxed) {
        looks += 1;
        assert!(running.is_running() && LOOK * looks < SOON, "{command}");
        sleep(LOOK);
    }
    running.signal("INT");
    let status = ends_within(&mut running, AT_ONCE);
    assert_eq!(status.code(), Some(105), "{command}: {status}");
}

fn scenario(url: &str, more: &str, steps: &str) -> String {
    format!(
        "schema = 1\nname = \"held\"\n[target.glance]\nurl = \"{url}\"\n{more}\n\
         [load]\nusers = 4\nsubjects = 8\n\
         [[story]]\nname = \"one\"\nsteps = [{steps}]\nsize = \"256KiB\"\n"
    )
}

const RUN: &str = "run\tit.toml";
const STEPS: &str = r#""create", "upload", "download", "delete""#;
const SWEEP: &str = "sweep\tit.toml\t--tries\t2\t--script\tcreate upload download";
const HURRIED: &str = "timeout = \"1s\"";

/// Both by themselves where little patience is asked for, and when they are told where it is not.
fn a_run_and_a_sweep_end(url: &str, reached: &Reached) {
    let hurried = scenario(url, HURRIED, STEPS);
    ends_soon(RUN, &[], &hurried);
    ends_soon(SWEEP, &[], &hurried);
    let patient = scenario(url, "", STEPS);
    ends_when_told(RUN, &[], &patient, reached);
    ends_when_told(SWEEP, &[], &patient, reached);
}

#[test]
fn a_head_that_drips() {
    let (server, reached) = dripping("HTTP/1.1 201 So\r\nX: ", |asked| asked.method == "POST");
    a_run_and_a_sweep_end(&server.url, &reached);
}

#[test]
fn a_body_that_drips() {
    let start = "HTTP/1.1 200 So\r\nContent-Length: 300000\r\n\r\n";
    let (server, reached) = dripping(start, |asked| {
        asked.path.ends_with("/file") && asked.method == "GET"
    });
    a_run_and_a_sweep_end(&server.url, &reached);
}

#[test]
fn a_handshake_that_is_never_answered() {
    let (address, reached) = silent();
    let url = format!("https://{address}");
    assert_eq!(
        ends_soon(RUN, &[], &scenario(&url, HURRIED, STEPS)).code(),
        Some(1)
    );
    ends_when_told(RUN, &[], &scenario(&url, "", STEPS), &reached);
    ends_when_told(SWEEP, &[], &scenario(&url, "", STEPS), &reached);
}

#[test]
fn a_proxy_that_is_silent() {
    let (address, reached) = silent();
    let proxy = [("https_proxy", &*address)];
    let (run, sweep) = (
        format!("{RUN}\t--yes-load-this-server"),
        format!("{SWEEP}\t--yes-load-this-server"),
    );
    let url = "https://glance.invalid";
    let hurried = scenario(url, HURRIED, STEPS);
    assert_eq!(ends_soon(&run, &proxy, &hurried).code(), Some(1));
    ends_when_told(&run, &proxy, &scenario(url, "", STEPS), &reached);
    ends_when_told(&sweep, &proxy, &scenario(url, "", STEPS), &reached);
}

#[test]
fn a_keystone_that_drips() {
    let start = "HTTP/1.1 201 So\r\nX-Subject-Token: t\r\nContent-Length: 3000\r\n\r\n";
    let (keystone, reached) = dripping(start, |asked| asked.path.contains("/auth/tokens"));
    let server = Fake::honest();
    let url = format!("{}/v3", keystone.url);
    let login = [
        ("OS_AUTH_URL", &*url),
        ("OS_USERNAME", "me"),
        ("OS_PASSWORD", "swordfish"),
        ("OS_PROJECT_NAME", "mine"),
        ("OS_USER_DOMAIN_NAME", "Default"),
        ("OS_PROJECT_DOMAIN_NAME", "Default"),
    ];
    // Its time-out is a minute, and only who wants to stop need not wait for it.
    let sweep = format!("sweep\t{}\t--tries\t1\t--script\tcreate", server.url);
    ends_when_told(&sweep, &login, "", &reached);
}

#[test]
fn a_database_that_is_silent() {
    let (address, reached) = silent();
    let server = Fake::honest();
    let database =
        format!("[target.glance.probe]\ndatabase = \"postgresql://me@{address}/glance\"");
    let text = scenario(&server.url, &database, STEPS);
    assert_eq!(ends_soon(SWEEP, &[], &text).code(), Some(1));
    ends_when_told(SWEEP, &[], &text, &reached);
}
