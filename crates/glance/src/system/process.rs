//! One command as a process group of its own.

use super::{Ended, ProcessGroup, Shell};
use crate::clock::now;
use crate::shown::is_hidden;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{ChildStderr, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use stormglass_model::units::Span;

/// Runs a command as [`super::System::run`] says.
pub(super) fn run(
    shell: &Shell<'_>,
    under_way: impl Fn(Option<ProcessGroup>) -> bool,
) -> io::Result<Ended> {
    let mut process = std::process::Command::new("sh");
    process.args(["-c", shell.text]).process_group(0);
    process
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    process.env_remove(IMAGE);
    if let Some(image) = shell.image {
        process.env(IMAGE, image.to_string());
    }
    let mut child = process.spawn()?;
    let group = ProcessGroup(Pid::from_child(&child));
    if !under_way(Some(group)) {
        kill(group);
    }
    let last = child.stderr.take().map(last_line);
    let code = await_end(group, shell.timeout);
    if !matches!(code, Ok(Some(0))) {
        kill(group);
    }
    // From here on its number may be another's.
    under_way(None);
    let status = child.wait();
    if matches!(code, Ok(Some(0))) {
        return Ok(Ended::Well);
    }
    // Whatever left the group may hold its standard error open.
    let last = last.and_then(|last| last.recv_timeout(GRACE).ok());
    let last = last.unwrap_or_default();
    match code? {
        Some(_) => Ok(Ended::Badly {
            status: status?,
            last,
        }),
        None => Ok(Ended::Late { last }),
    }
}

/// Tells a command which image it is about.
const IMAGE: &str = "STORMGLASS_IMAGE";

/// How often a command is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// How long what a dead command wrote may take to be read.
const GRACE: Duration = Duration::from_millis(200);

/// Waits for the end of a child that stays to be waited for, so that its number remains its own. Gives its exit code,
/// -1 where a signal ended it; none: it did not end in time.
fn await_end(child: ProcessGroup, timeout: Span) -> rustix::io::Result<Option<i32>> {
    let deadline = now() + Duration::from_nanos(timeout.0);
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        if let Some(status) = waitid(WaitId::Pid(child.0), look)? {
            return Ok(Some(status.exit_status().unwrap_or(-1)));
        }
        if now() >= deadline {
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}

pub(super) fn kill(group: ProcessGroup) {
    // It may have ended by itself.
    let _ = kill_process_group(group.0, Signal::KILL);
}

/// Reads to the end, so that nobody ever waits for a full pipe, and gives the last line that is not blank.
fn last_line(mut stderr: ChildStderr) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let reads = thread::Builder::new().spawn(move || {
        let (mut tail, mut buffer) = (Vec::new(), [0; TAIL]);
        while let Ok(read @ 1..) = stderr.read(&mut buffer) {
            tail.extend_from_slice(&buffer[..read]);
            tail.drain(..tail.len().saturating_sub(TAIL));
        }
        let tail = String::from_utf8_lossy(&tail);
        let last = tail.lines().rev().find(|line| !line.trim().is_empty());
        let printable = |c: &char| !is_hidden(*c);
        let last = last.map(|line| line.trim().chars().filter(printable).collect());
        // Nobody asks when it succeeded.
        let _ = sender.send(last.unwrap_or_default());
    });
    // Without a thread nothing is known of what it says.
    drop(reads);
    receiver
}

/// Bytes of standard error that are kept.
const TAIL: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_was_stopped_before_its_group_was_known_is_killed() {
        let begun = now();
        let shell = Shell {
            text: "sleep 1000",
            timeout: Span::from_secs(60),
            image: None,
        };
        let killed = run(&shell, |_| false).unwrap();
        assert!(matches!(killed, Ended::Badly { .. }), "{killed:?}");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}
