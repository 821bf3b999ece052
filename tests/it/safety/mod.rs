//! Safe to point at a server with other people's images: what is deleted, what is told, and what bad answers do.
//! The servers listen on loopback, and nothing need be installed.

mod canaries;
mod cleanup;
mod credentials;
pub mod fake;
mod hostile;
mod identities;
mod unseen;

use crate::process;
use std::fs::{self, File};
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

/// How a process went.
struct Done {
    status: ExitStatus,
    stdout: String,
    stderr: String,
    /// The most memory it held, as far as it was seen.
    peak_bytes: u64,
}

impl Done {
    fn code(&self) -> i32 {
        self.status
            .code()
            .unwrap_or_else(|| panic!("it crashed: {}", self.stderr))
    }
}

/// Runs the binary in `folder`, with `set` in its environment, and watches its memory.
fn stormglass(folder: &Path, arguments: &[&str], set: &[(&str, &str)]) -> Done {
    let said = tempfile::tempdir().unwrap();
    let (out, err) = (said.path().join("out"), said.path().join("err"));
    let process = process::stormglass(arguments)
        .current_dir(folder)
        .env_remove("STORMGLASS_TOKEN")
        .env_remove("STORMGLASS_ADMIN_TOKEN")
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap());
    let set = set.iter();
    let mut child = (set.fold(process, |process, (key, value)| process.env(key, value))).spawn();
    let mut peak_bytes = 0;
    // Long enough for the slowest machine; what hangs is ended here.
    for _ in 0..60_000 {
        if let Some(status) = child.ended() {
            return Done {
                status,
                stdout: fs::read_to_string(&out).unwrap(),
                stderr: fs::read_to_string(&err).unwrap(),
                peak_bytes,
            };
        }
        peak_bytes = peak_bytes.max(memory(child.id()));
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill();
    panic!(
        "{arguments:?} does not end: {}",
        fs::read_to_string(&err).unwrap()
    );
}

fn memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    // Until it has become what it is to be, it is still a copy of this process.
    if !status.starts_with("Name:\tstormglass\n") {
        return 0;
    }
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1_024
}

/// A folder with `storm.toml`: `steps` of four subjects of two users, on the server at `url`, with more lines for it.
fn scenario(url: &str, more: &str, steps: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "schema = 1\nname = \"storm\"\n[target.glance]\nurl = \"{url}\"\ntimeout = \"400ms\"\nconnections = 4\n{more}\n\
         [load]\nusers = 2\nsubjects = 4\nduration = \"5s\"\n[settle]\nfor = \"1s\"\n\
         [[story]]\nname = \"one\"\nsize = \"64KiB\"\nsteps = [{steps}]\n"
    );
    fs::write(folder.path().join("storm.toml"), text).unwrap();
    folder
}
