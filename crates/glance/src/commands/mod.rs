//! What is done to the server from outside: the scenario's commands, and that all of it is taken back.

mod error;

pub use error::CommandError;

use crate::answer::ImageId;
use crate::shown::without_those_of;
use crate::system::{Ended, NativeSystem, ProcessGroup, Shell, System};
use crate::target::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The commands of a scenario, shared by all that run them: one at a time, in the order asked for. What was done
/// and has an undo is remembered until it is undone.
///
/// A command is given to `sh -c` in the working directory, with the environment of this process and, if it is about one
/// image, its identifier in `STORMGLASS_IMAGE`. It is a process group of its own: a terminal's Ctrl-C does not reach it,
/// and if it fails or takes too long the whole group is killed.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    system: Arc<dyn System>,
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
    group: Option<ProcessGroup>,
}

impl Default for Shared {
    fn default() -> Shared {
        Shared::new(Arc::new(NativeSystem), &[], false)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Done {
    /// Its place among the commands.
    index: usize,
    image: Option<ImageId>,
}

impl Commands {
    /// Commands of which nothing is done yet. `allowed`: whether the user agreed to have them run.
    pub fn new(commands: &[Command], allowed: bool) -> Commands {
        Commands::on(Arc::new(NativeSystem), commands, allowed)
    }

    /// The same, which run on `system`.
    pub fn on(system: Arc<dyn System>, commands: &[Command], allowed: bool) -> Commands {
        Commands {
            shared: Arc::new(Shared::new(system, commands, allowed)),
        }
    }

    /// Whether a command spoils data in the store.
    pub fn damages_data(&self, name: &str) -> bool {
        (self.find(name)).is_ok_and(|index| self.shared.commands[index].damages_data)
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
            shared.execute(command, &command.run, image, true)
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
        self.in_turn(move |shared| shared.execute(&command, &command.run, Some(image), false))
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
            self.shared.system.kill(group);
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
            let done = shared.state().done.clone();
            let these = done.into_iter().rev().filter(these);
            let undone = these.map(|done| shared.undo(&done));
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
        let (sender, receiver) = oneshot::channel();
        let working = Box::new(move || {
            // Whoever asked may have gone.
            let _ = sender.send(work(&shared));
            drop(turn);
        });
        self.shared.system.block(working).await;
        match receiver.await {
            Ok(result) => result,
            // It was thrown away with all else that was under way.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Shared {
    fn new(system: Arc<dyn System>, commands: &[Command], allowed: bool) -> Shared {
        Shared {
            system,
            commands: commands.to_vec(),
            allowed,
            turn: Arc::default(),
            stopped: AtomicBool::default(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn undo(&self, done: &Done) -> Result<(), CommandError> {
        let command = &self.commands[done.index];
        if let Some(undo) = &command.undo {
            self.execute(command, undo, done.image, false)?;
        }
        self.state().done.retain(|other| other != done);
        Ok(())
    }

    /// Runs one text of a command to its end, or to its time-out. `stops`: whether an interruption of the run ends it.
    fn execute(
        &self,
        command: &Command,
        text: &str,
        image: Option<ImageId>,
        stops: bool,
    ) -> Result<(), CommandError> {
        let shell = Shell {
            text,
            timeout: command.timeout,
            image,
        };
        let ended = self.system.run(&shell, &|group| {
            self.state().group = group;
            // Whoever interrupted the run before this line found no group to kill.
            !(stops && self.stopped.load(Relaxed))
        });
        let what = command.name.clone();
        let told = |last: String| without_those_of(text, &last);
        match ended {
            Ok(Ended::Well) => Ok(()),
            Ok(Ended::Badly { status, last }) => Err(CommandError::Failed {
                what,
                status,
                last: told(last),
            }),
            Ok(Ended::Late { last }) => Err(CommandError::TimedOut {
                what,
                after: command.timeout,
                last: told(last),
            }),
            Err(why) => Err(CommandError::System { what, why }),
        }
    }
}
