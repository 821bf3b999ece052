//! The one place that starts the binary, and that sees how it ends: whatever is done to it, it neither panics nor aborts.

use crate::schema::assert_results_fit;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

const BINARY: &str = env!("CARGO_BIN_EXE_stormglass");

/// What a panic and an abort end with, as a shell tells them too.
const CRASHES: [i32; 2] = [101, 134];
const SIGABRT: i32 = 6;

/// The binary, about to be started.
pub struct Stormglass(Command);

/// The binary with these arguments.
pub fn stormglass<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Stormglass {
    let mut command = Command::new(BINARY);
    command.args(arguments);
    Stormglass(command)
}

/// A shell that does `script`, in which `"$0" "$@"` is the binary with its arguments.
pub fn in_shell<A: AsRef<OsStr>>(
    script: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Stormglass {
    let mut command = Command::new("bash");
    command.args(["-c", script, BINARY]).args(arguments);
    Stormglass(command)
}

impl Stormglass {
    fn with(mut self, set: impl FnOnce(&mut Command)) -> Stormglass {
        set(&mut self.0);
        self
    }

    pub fn current_dir(self, folder: impl AsRef<Path>) -> Stormglass {
        self.with(|command| _ = command.current_dir(folder))
    }

    pub fn env(self, key: &str, value: impl AsRef<OsStr>) -> Stormglass {
        self.with(|command| _ = command.env(key, value))
    }

    pub fn env_remove(self, key: &str) -> Stormglass {
        self.with(|command| _ = command.env_remove(key))
    }

    pub fn stdin(self, from: impl Into<Stdio>) -> Stormglass {
        self.with(|command| _ = command.stdin(from))
    }

    pub fn stdout(self, to: impl Into<Stdio>) -> Stormglass {
        self.with(|command| _ = command.stdout(to))
    }

    pub fn stderr(self, to: impl Into<Stdio>) -> Stormglass {
        self.with(|command| _ = command.stderr(to))
    }

    /// Runs it to its end. The results that `--out` names fit their schemas.
    pub fn output(mut self) -> Output {
        let output = self.0.output().unwrap();
        assert_no_crash(output.status, &output.stderr);
        let mut arguments = self
            .0
            .get_args()
            .skip_while(|argument| *argument != "--out");
        if let Some(out) = arguments.nth(1) {
            let folder = self.0.get_current_dir().unwrap_or(Path::new("."));
            assert_results_fit(&folder.join(out));
        }
        output
    }

    /// Starts it.
    pub fn spawn(mut self) -> Running {
        Running(Some(self.0.spawn().unwrap()))
    }
}

/// The binary at work. What still runs when this goes away is killed.
pub struct Running(Option<Child>);

impl Running {
    /// The binary with pipes for what it says.
    pub fn start(arguments: &[&str], folder: &Path) -> Running {
        let process = stormglass(arguments).current_dir(folder);
        process
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    pub fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    /// How it has ended; none while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child().try_wait().unwrap()?;
        assert_no_crash(status, b"");
        Some(status)
    }

    /// Waits until there is a run to be stopped, whose results go into this folder; before that a signal ends the process. Then
    /// there are threads beside the first one and that which hears signals.
    pub fn until_it_runs(&mut self, results: &Path) {
        let tasks = format!("/proc/{}/task", self.id());
        let threads = || std::fs::read_dir(&tasks).map_or(0, Iterator::count);
        while !results.join("partial").exists() || threads() < 3 {
            assert!(self.is_running(), "a storm under way");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.id());
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success());
    }

    pub fn is_running(&mut self) -> bool {
        self.ended().is_none()
    }

    /// Waits for its end.
    pub fn output(mut self) -> Output {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        assert_no_crash(output.status, &output.stderr);
        output
    }

    /// SIGKILL; what has crashed before is told, unless a test fails already.
    pub fn kill(&mut self) {
        if let Some(child) = &mut self.0 {
            let ended = child.try_wait().ok().flatten();
            let _ = child.kill();
            let _ = child.wait();
            if let Some(status) = ended.filter(|_| !std::thread::panicking()) {
                assert_no_crash(status, b"");
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

fn assert_no_crash(status: ExitStatus, stderr: &[u8]) {
    use std::os::unix::process::ExitStatusExt;
    let crashed = status.code().is_some_and(|code| CRASHES.contains(&code));
    let said = String::from_utf8_lossy(stderr);
    assert!(
        !crashed && status.signal() != Some(SIGABRT),
        "it crashed: {status}: {said}"
    );
}
