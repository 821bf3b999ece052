//! What is done to the server from outside: the scenario's commands, and that all of it is taken back.

mod error;

pub use error::CommandError;

use crate::answer::ImageId;
use crate::journal::{Journal, Undo, UndoText};
use crate::shown::{holds_credential, without_those_of};
use crate::system::{Ended, NativeSystem, ProcessGroup, Shell, System};
use crate::target::Command;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::oneshot;

/// The commands of a scenario, shared by all that run them: one at a time, in the order asked for. What was done
/// and has an undo is remembered until it is undone, and with a journal it outlives this process.
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
    written: OnceLock<Written>,
}

/// Where what is done is written before it is done.
#[derive(Debug)]
struct Written {
    journal: Journal,
    /// Where the commands come from.
    scenario: PathBuf,
}

#[derive(Debug, Default)]
struct State {
    /// What is done and not undone, in the order in which it was done.
    done: Vec<Done>,
    /// The process group under way, if whoever interrupts the run ends it.
    group: Option<ProcessGroup>,
}

impl Default for Shared {
    fn default() -> Shared {
        Shared::new(Arc::new(NativeSystem), &[], false)
    }
}

/// Something done, and not undone.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Done {
    /// Its place among the commands.
    index: usize,
    image: Option<ImageId>,
    /// The working directory in which it is undone; none: that of this process.
    folder: Option<PathBuf>,
    /// Its number in the journal.
    number: Option<u64>,
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

    /// What the commands of a run that has ended may have done, as its journal tells it, each with the text that undoes it.
    /// Nothing is left to them but [`Commands::undo_all`], which notes in the journal what it has undone.
    pub fn left_behind(
        left: impl IntoIterator<Item = (u64, Undo, String)>,
        journal: &Journal,
    ) -> Commands {
        let (mut commands, mut done) = (Vec::new(), Vec::new());
        for (index, (number, undo, text)) in left.into_iter().enumerate() {
            done.push(Done {
                index,
                image: undo.image,
                folder: Some(undo.folder),
                number: Some(number),
            });
            commands.push(Command {
                name: undo.command,
                run: String::new(),
                undo: Some(text),
                timeout: undo.timeout,
                damages_data: false,
            });
        }
        let left = Commands::on(journal.system(), &commands, false);
        left.shared.state().done = done;
        left.write_into(journal, Path::new(""));
        left
    }

    /// From now on nothing is done before the journal has it, with what undoes it, or, where that holds what may be a
    /// credential, with the scenario that says so.
    pub fn write_into(&self, journal: &Journal, scenario: &Path) {
        // Another path may lead there from elsewhere.
        let scenario = std::path::absolute(scenario).unwrap_or_else(|_| scenario.to_owned());
        let journal = journal.clone();
        let _ = self.shared.written.set(Written { journal, scenario }); // set once, by whoever made the commands
    }

    /// Where what is done is written.
    pub fn journal(&self) -> Option<&Journal> {
        self.shared.written.get().map(|written| &written.journal)
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
            shared.remember(index, image)?;
            shared.execute(command, &command.run, image, None, true)
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
        self.in_turn(move |shared| shared.execute(&command, &command.run, Some(image), None, false))
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

    /// Kills the command under way, unless it takes one back already, takes back everything, and runs no other any more.
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
            written: OnceLock::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what is about to be done, in the journal as well, unless it is done already or has no undo.
    fn remember(&self, index: usize, image: Option<ImageId>) -> Result<(), CommandError> {
        let command = &self.commands[index];
        let is_that = |done: &Done| (done.index, done.image) == (index, image);
        let is_done = self.state().done.iter().any(is_that);
        let Some(text) = command.undo.as_ref().filter(|_| !is_done) else {
            return Ok(());
        };
        let number = self.written.get().map(|Written { journal, scenario }| {
            let text = match holds_credential(text) {
                true => UndoText::InScenario(scenario.clone()),
                false => UndoText::Here(text.clone()),
            };
            journal.did(Undo {
                command: command.name.clone(),
                image,
                folder: std::env::current_dir()?,
                timeout: command.timeout,
                text,
            })
        });
        let number = number.transpose().map_err(|why| CommandError::Journal {
            what: command.name.clone(),
            why,
        })?;
        self.state().done.push(Done {
            index,
            image,
            folder: None,
            number,
        });
        Ok(())
    }

    fn undo(&self, done: &Done) -> Result<(), CommandError> {
        let command = &self.commands[done.index];
        if let Some(undo) = &command.undo {
            self.execute(command, undo, done.image, done.folder.as_deref(), false)?;
        }
        self.state().done.retain(|other| other != done);
        if let (Some(written), Some(number)) = (self.written.get(), done.number) {
            // A journal that says too little costs a second undo, and no more.
            let _ = written.journal.undone(number);
        }
        Ok(())
    }

    /// Runs one text of a command to its end, or to its time-out. `stops`: whether an interruption of the run ends it.
    fn execute(
        &self,
        command: &Command,
        text: &str,
        image: Option<ImageId>,
        folder: Option<&Path>,
        stops: bool,
    ) -> Result<(), CommandError> {
        let shell = Shell {
            text,
            timeout: command.timeout,
            image,
            folder,
        };
        let ended = self.system.run(&shell, &|group| {
            self.state().group = group.filter(|_| stops);
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
