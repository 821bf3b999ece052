//! What is done to the server from outside: the scenario's commands, and that all of it is taken back.

use crate::answer::ImageId;
use crate::clock::now;
use crate::target::Command;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{ChildStderr, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;
use stormglass_model::units::Span;

/// Why a command was not done, or not taken back.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The command line does not allow it.
    #[error("the command `{0}` is not run: read what it does, then add --allow-commands")]
    NotAllowed(String),
    /// The scenario has none of this name.
    #[error("the scenario has no command `{0}`: write [target.glance.commands.{0}]")]
    Unknown(String),
    /// The run is being stopped.
    #[error("the command `{0}` is not run: everything is being undone")]
    Stopped(String),
    /// The system would not have it.
    #[error("the command `{what}` could not be run: {why}")]
    System {
        /// Its text.
        what: String,
        /// What the system said.
        why: std::io::Error,
    },
    /// It ended otherwise than with zero.
    #[error("the command `{what}` failed, {status}{}", said(.last))]
    Failed {
        /// Its text.
        what: String,
        /// How it ended.
        status: ExitStatus,
        /// The last line it wrote to standard error; empty if it wrote none.
        last: String,
    },
    /// It took too long, and was killed.
    #[error("the command `{what}` was killed after {after}{}", said(.last))]
    TimedOut {
        /// Its text.
        what: String,
        /// Its time-out.
        after: Span,
        /// The last line it wrote to standard error; empty if it wrote none.
        last: String,
    },
}

fn said(last: &str) -> String {
    match last {
        "" => String::new(),
        last => format!(": {last}"),
    }
}

/// The commands of a scenario, shared by all that run them: one at a time, in the order asked for. What was done
/// and has an undo is remembered until it is undone.
///
/// A command is given to `sh -c` in the working directory, with the environment of this process and, if it is about one
/// image, its identifier in `STORMGLASS_IMAGE`. It is a process group of its own: a terminal's Ctrl-C does not reach it,
/// and if it fails or takes too long the whole group is killed.
#[derive(Clone, Debug)]
pub struct Commands {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    commands: Vec<Command>,
    allowed: bool,
    /// Whoever holds it runs a command. The queue for it is first come, first served.
    turn: Arc<tokio::sync::Mutex<()>>,
    stopped: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What is done and not undone, in the order in which it was done.
    done: Vec<Done>,
    /// The process group under way.
    group: Option<Pid>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Done {
    /// Its place among the commands.
    index: usize,
    image: Option<ImageId>,
}

impl Default for Commands {
    fn default() -> Commands {
        Commands::new(&[], false)
    }
}

impl Commands {
    /// Commands of which nothing is done yet. `allowed`: whether the user agreed to have them run.
    pub fn new(commands: &[Command], allowed: bool) -> Commands {
        Commands {
            shared: Arc::new(Shared {
                commands: commands.to_vec(),
                allowed,
                turn: Arc::default(),
                stopped: AtomicBool::new(false),
                state: Mutex::default(),
            }),
        }
    }

    /// Does it, and waits for its end. What failed may be half done, so it is undone like what succeeded.
    pub async fn run(&self, name: &str, image: Option<ImageId>) -> Result<(), CommandError> {
        let index = self.find(name)?;
        if !self.shared.allowed {
            return Err(CommandError::NotAllowed(name.to_owned()));
        }
        self.in_turn(move |shared| {
            let command = &shared.commands[index];
            if shared.stopped.load(Relaxed) {
                return Err(CommandError::Stopped(command.name.clone()));
            }
            let done = Done { index, image };
            let mut state = shared.state();
            if command.undo.is_some() && !state.done.contains(&done) {
                state.done.push(done);
            }
            drop(state);
            shared.execute(&command.run, command.timeout, image)
        })
        .await
    }

    /// Runs a command that nobody takes back, for one image, also while everything is being undone.
    pub async fn run_for_good(
        &self,
        command: &Command,
        image: ImageId,
    ) -> Result<(), CommandError> {
        if !self.shared.allowed {
            return Err(CommandError::NotAllowed(command.name.clone()));
        }
        let command = command.clone();
        self.in_turn(move |shared| shared.execute(&command.run, command.timeout, Some(image)))
            .await
    }

    /// Takes back what the command has done, as often as it was done to different images; nothing if it was not.
    pub async fn undo(&self, name: &str) -> Result<(), CommandError> {
        let index = self.find(name)?;
        self.undo_those(move |done| done.index == index)
            .await
            .pop()
            .map_or(Ok(()), Err)
    }

    /// Takes back everything, the last first. What fails to be undone stays in [`Commands::not_undone`].
    pub async fn undo_all(&self) -> Vec<CommandError> {
        self.undo_those(|_| true).await
    }

    /// Kills the command under way, takes back everything, and runs no other any more.
    pub async fn abandon(&self) -> Vec<CommandError> {
        self.shared.stopped.store(true, Relaxed);
        if let Some(group) = self.shared.state().group {
            kill(group);
        }
        self.undo_all().await
    }

    /// What was done and not undone, the last first: each command's name, and the text that undoes it.
    pub fn not_undone(&self) -> Vec<(&str, &str)> {
        let done = self.shared.state().done.clone();
        let commands = done
            .iter()
            .rev()
            .map(|done| &self.shared.commands[done.index]);
        commands
            .map(|command| (command.name.as_str(), command.undo.as_deref().unwrap_or("")))
            .collect()
    }

    fn find(&self, name: &str) -> Result<usize, CommandError> {
        let mut commands = self.shared.commands.iter();
        commands
            .position(|command| command.name == name)
            .ok_or_else(|| CommandError::Unknown(name.to_owned()))
    }

    async fn undo_those(
        &self,
        these: impl Fn(&Done) -> bool + Send + 'static,
    ) -> Vec<CommandError> {
        self.in_turn(move |shared| {
            let mut these: Vec<Done> = shared
                .state()
                .done
                .clone()
                .into_iter()
                .filter(these)
                .collect();
            these.reverse();
            let undone = these.into_iter().map(|done| shared.undo(&done));
            undone.filter_map(Result::err).collect()
        })
        .await
    }

    /// Works on a thread of its own, when it is our turn. Once begun it goes on to its end, even if nobody waits for it
    /// any more.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> T + Send + 'static,
    ) -> T {
        let turn = Arc::clone(&self.shared.turn).lock_owned().await;
        let shared = Arc::clone(&self.shared);
        let working = tokio::task::spawn_blocking(move || {
            let result = work(&shared);
            drop(turn);
            result
        });
        match working.await {
            Ok(result) => result,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn undo(&self, done: &Done) -> Result<(), CommandError> {
        let command = &self.commands[done.index];
        if let Some(undo) = &command.undo {
            self.execute(undo, command.timeout, done.image)?;
        }
        self.state().done.retain(|other| other != done);
        Ok(())
    }

    /// Runs one text to its end, or to its time-out.
    fn execute(
        &self,
        text: &str,
        timeout: Span,
        image: Option<ImageId>,
    ) -> Result<(), CommandError> {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", text]).process_group(0);
        shell
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        shell.env_remove(IMAGE);
        if let Some(image) = image {
            shell.env(IMAGE, image.to_string());
        }
        let what = text.to_owned();
        let mut child = shell.spawn().map_err(|why| CommandError::System {
            what: what.clone(),
            why,
        })?;
        let group = Pid::from_child(&child);
        self.state().group = Some(group);
        let last = child.stderr.take().map(last_line);
        let code = await_end(group, timeout);
        if !matches!(code, Ok(Some(0))) {
            kill(group);
        }
        // From here on its number may be another's.
        self.state().group = None;
        let status = child.wait();
        if matches!(code, Ok(Some(0))) {
            return Ok(());
        }
        // Whatever left the group may hold its standard error open.
        let last = last.and_then(|last| last.recv_timeout(GRACE).ok());
        let last = last.unwrap_or_default();
        match (code, status) {
            (Ok(Some(_)), Ok(status)) => Err(CommandError::Failed { what, status, last }),
            (Ok(None), _) => Err(CommandError::TimedOut {
                what,
                after: timeout,
                last,
            }),
            (Err(why), _) => Err(CommandError::System {
                what,
                why: why.into(),
            }),
            (_, Err(why)) => Err(CommandError::System { what, why }),
        }
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
fn await_end(child: Pid, timeout: Span) -> rustix::io::Result<Option<i32>> {
    let deadline = now() + Duration::from_nanos(timeout.0);
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        if let Some(status) = waitid(WaitId::Pid(child), look)? {
            return Ok(Some(status.exit_status().unwrap_or(-1)));
        }
        if now() >= deadline {
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}

fn kill(group: Pid) {
    // It may have ended by itself.
    let _ = kill_process_group(group, Signal::KILL);
}

/// Reads to the end, so that nobody ever waits for a full pipe, and gives the last line that is not blank.
fn last_line(mut stderr: ChildStderr) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (mut tail, mut buffer) = (Vec::new(), [0; TAIL]);
        while let Ok(read @ 1..) = stderr.read(&mut buffer) {
            tail.extend_from_slice(&buffer[..read]);
            tail.drain(..tail.len().saturating_sub(TAIL));
        }
        let tail = String::from_utf8_lossy(&tail);
        let last = tail.lines().rev().find(|line| !line.trim().is_empty());
        let printable = |c: &char| !c.is_control();
        let last = last.map(|line| line.trim().chars().filter(printable).collect());
        // Nobody asks when it succeeded.
        let _ = sender.send(last.unwrap_or_default());
    });
    receiver
}

/// Bytes of standard error that are kept.
const TAIL: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn command(name: &str, run: &str, undo: Option<&str>) -> Command {
        Command {
            name: name.to_owned(),
            run: run.to_owned(),
            undo: undo.map(str::to_owned),
            timeout: Span::from_secs(60),
        }
    }

    fn wait<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(work)
    }

    fn lines(path: &Path) -> Vec<String> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn nothing_is_run_that_is_not_allowed_or_not_known() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let touch = command("touch", &format!("touch {}", mark.display()), Some("true"));
        let commands = Commands::new(std::slice::from_ref(&touch), false);
        let refused = wait(commands.run("touch", None)).unwrap_err().to_string();
        assert!(refused.contains("--allow-commands"), "{refused}");
        let commands = Commands::new(&[touch], true);
        let unknown = wait(commands.run("tuch", None)).unwrap_err().to_string();
        assert!(
            unknown.contains("[target.glance.commands.tuch]"),
            "{unknown}"
        );
        assert!(wait(commands.undo("touch")).is_ok());
        assert!(!mark.exists());
        assert_eq!(commands.not_undone(), []);
    }

    #[test]
    fn what_was_done_is_undone_the_last_first_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let say = |name: &str| {
            let write =
                |what: &str| format!("echo {what}-{name} $STORMGLASS_IMAGE >>{}", log.display());
            command(name, &write("do"), Some(&write("undo")))
        };
        let commands = Commands::new(&[say("a"), say("b"), command("c", "true", None)], true);
        let image = ImageId([0x11; 16]);
        wait(async {
            for (name, image) in [("a", None), ("b", Some(image)), ("c", None), ("a", None)] {
                commands.run(name, image).await.unwrap();
            }
            assert_eq!(commands.not_undone().len(), 2);
            assert!(commands.undo_all().await.is_empty());
            assert!(commands.undo_all().await.is_empty());
        });
        let wanted = [
            "do-a",
            &format!("do-b {image}"),
            "do-a",
            &format!("undo-b {image}"),
            "undo-a",
        ];
        assert_eq!(
            lines(&log)
                .iter()
                .map(|line| line.trim())
                .collect::<Vec<_>>(),
            wanted
        );
        assert_eq!(commands.not_undone(), []);
    }

    #[test]
    fn one_command_follows_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let slow = format!("echo in >>{0}; sleep 0.1; echo out >>{0}", log.display());
        let commands = Commands::new(&[command("slow", &slow, None)], true);
        wait(async {
            let (a, b) = tokio::join!(commands.run("slow", None), commands.run("slow", None));
            a.and(b).unwrap();
        });
        assert_eq!(lines(&log), ["in", "out", "in", "out"]);
    }

    #[test]
    fn one_that_fails_tells_why_and_is_undone_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let undo = format!("touch {}", mark.display());
        let failing = command(
            "fail",
            "echo one >&2; echo two >&2; echo >&2; exit 3",
            Some(&undo),
        );
        let commands = Commands::new(&[failing], true);
        let error = wait(commands.run("fail", None)).unwrap_err().to_string();
        assert!(error.ends_with("exit status: 3: two"), "{error}");
        assert!(wait(commands.undo("fail")).is_ok());
        assert!(mark.exists());
    }

    #[test]
    fn an_undo_that_fails_stays_to_be_done() {
        let commands = Commands::new(&[command("x", "true", Some("false"))], true);
        wait(commands.run("x", None)).unwrap();
        assert_eq!(wait(commands.undo_all()).len(), 1);
        assert_eq!(commands.not_undone(), [("x", "false")]);
    }

    /// A shell and its child, both of which would stay for ever; the child's number is in `pid`.
    fn endless(pid: &Path, undo: &str) -> Command {
        let run = format!(
            "echo stuck >&2; sleep 1000 & echo $! >{}; wait",
            pid.display()
        );
        command("endless", &run, Some(undo))
    }

    fn is_gone(pid: &Path) -> bool {
        let process = format!("/proc/{}/stat", lines(pid)[0]);
        let stat = std::fs::read_to_string(process).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    }

    #[test]
    fn one_that_takes_too_long_is_killed_with_all_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let mut command = endless(&pid, "true");
        command.timeout = Span::from_secs(1);
        let commands = Commands::new(&[command], true);
        let error = wait(commands.run("endless", None)).unwrap_err();
        assert!(matches!(error, CommandError::TimedOut { .. }), "{error}");
        assert!(error.to_string().ends_with("after 1s: stuck"), "{error}");
        while !is_gone(&pid) {
            thread::yield_now();
        }
    }

    #[test]
    fn a_run_cut_short_undoes_everything_and_runs_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let (pid, mark) = (folder.path().join("pid"), folder.path().join("mark"));
        let commands = Commands::new(&[endless(&pid, &format!("touch {}", mark.display()))], true);
        let running = commands.clone();
        let runner = thread::spawn(move || wait(running.run("endless", None)));
        while lines(&pid).is_empty() {
            thread::yield_now();
        }
        assert!(wait(commands.abandon()).is_empty());
        assert!(mark.exists());
        let killed = runner.join().unwrap().unwrap_err();
        assert!(matches!(killed, CommandError::Failed { .. }), "{killed}");
        assert!(matches!(
            wait(commands.run("endless", None)),
            Err(CommandError::Stopped(_))
        ));
    }

    #[test]
    fn nobody_has_to_wait_for_it_for_it_to_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let run = format!("sleep 0.1; touch {}", mark.display());
        let commands = Commands::new(&[command("late", &run, Some("true"))], true);
        wait(async {
            let run = commands.run("late", None);
            tokio::pin!(run);
            // Polled until it is under way, then dropped.
            while commands.not_undone().is_empty() {
                let once = std::future::poll_fn(|context| {
                    assert!(run.as_mut().poll(context).is_pending());
                    std::task::Poll::Ready(())
                });
                once.await;
                tokio::task::yield_now().await;
            }
        });
        assert!(wait(commands.undo_all()).is_empty());
        assert!(mark.exists());
    }
}
