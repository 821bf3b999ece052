//! The world of a run: a disk, a server, who is to be told of signals, and how often the operating system was called. Each call is
//! counted, and those that a schedule names go wrong.

use super::disk::Disk;
use super::glance::Glance;
use super::schedule::{Fault, Schedule, up_to};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use stormglass::Progress;
use stormglass_glance::{Commands, ImageId, RunId};
use stormglass_model::random::Seed;

/// What the simulated machine is, beside its server.
pub struct World {
    pub glance: Glance,
    state: Mutex<State>,
}

#[derive(Default)]
pub struct State {
    faults: Vec<Fault>,
    pub seed: u64,
    calls: u64,
    /// Whether the process is dead: nothing that it does reaches the world any more.
    crashed: bool,
    pub disk: Disk,
    /// Who is to be told of signals.
    running: Option<(Arc<Progress>, Commands)>,
    signals: u32,
    /// What commands have done and nobody has undone.
    pub broken: BTreeSet<(String, Option<ImageId>)>,
    /// How the next write fails, since the one before had room for some of its bytes only.
    pub full: Option<Errno>,
    /// Whether a lie of the disk has come to light.
    betrayed: bool,
    /// How often each kind of fault has struck.
    struck: BTreeMap<&'static str, u64>,
    /// Whether syncs do nothing, and nobody is told.
    pub pretends: bool,
    /// Whether something went wrong between the client and the server.
    pub cut_off: bool,
    /// Whether something has waited for longer than anything should.
    pub stuck: bool,
    /// Something broken that was not told of by whoever was stopped by a second signal.
    silent: Option<String>,
    /// An image whose create, or a command that, came before it was in the journal.
    unwritten: Option<String>,
    trace: Option<Vec<String>>,
}

/// What can go wrong anywhere, and with files; the rest is below.
pub const FAULTS: [&str; 15] = [
    "crash",
    "loss of power",
    "signal",
    "look-up fails",
    "create fails",
    "open fails",
    "sync of a folder fails",
    "short write",
    "write fails",
    "lock fails",
    "length fails",
    "read fails",
    "sync fails",
    "sync lies",
    "cut fails",
];

/// What can go wrong with a connection.
pub const CONNECTIONS: [&str; 16] = [
    "connect: too many files",
    "connect: no port is free",
    "connect: refused",
    "connect: silence",
    "reset: at the first byte",
    "reset: in the request",
    "reset: in the data",
    "reset: before the reply",
    "reset: in the reply's head",
    "reset: in the reply",
    "silence: before the reply",
    "silence: in the reply's head",
    "silence: in the reply",
    "drip: all of the reply",
    "drip: the reply but its head",
    "short writes to a connection",
];

/// What can go wrong with a command.
pub const COMMANDS: [&str; 4] = [
    "command: no process",
    "command: fails and does nothing",
    "command: fails and is done",
    "command: takes too long",
];

/// What goes wrong in a call of any kind.
enum Anywhere {
    Crash,
    PowerLoss,
    Signal,
}

impl World {
    pub fn new(schedule: &Schedule, traced: bool) -> Arc<World> {
        Arc::new(World {
            glance: Glance::new(Seed(schedule.seed).named("server")),
            state: Mutex::new(State {
                faults: schedule.faults.clone(),
                seed: schedule.seed,
                trace: traced.then(Vec::new),
                ..State::default()
            }),
        })
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn has_crashed(&self) -> bool {
        self.state().crashed
    }

    pub fn is_betrayed(&self) -> bool {
        self.state().betrayed
    }

    pub fn broken(&self) -> BTreeSet<(String, Option<ImageId>)> {
        self.state().broken.clone()
    }

    pub fn is_cut_off(&self) -> bool {
        self.state().cut_off
    }

    pub fn is_stuck(&self) -> bool {
        self.state().stuck
    }

    /// Something that is broken, though whoever was stopped by a second signal did not say so.
    pub fn silent(&self) -> Option<String> {
        self.state().silent.clone()
    }

    pub fn unwritten(&self) -> Option<String> {
        self.state().unwritten.clone()
    }

    /// The images of a run that are there.
    pub fn left(&self, run: RunId) -> Vec<ImageId> {
        let there = self.glance.images().into_iter();
        let own = there.filter(|(_, tags)| tags.contains(&run.tag()));
        own.map(|(id, _)| id).collect()
    }

    /// The server is asked to create an image.
    pub fn asked_to_create(&self, id: ImageId) {
        self.must_be_written(&id.to_string(), |journal| names(journal, id));
    }

    /// Something is about to be broken.
    pub fn asked_to_break(&self, thing: &str) {
        let did = format!("\"command\":\"{thing}\"");
        self.must_be_written(thing, |journal| journal.contains(&did));
    }

    fn must_be_written(&self, what: &str, is_in: impl Fn(&str) -> bool) {
        let mut state = self.state();
        let file = state.disk.file(Path::new(super::JOURNAL));
        let journal = file.map_or(&[][..], |file| file.certain());
        let journal = String::from_utf8_lossy(journal);
        let whole = journal.rsplit_once('\n').map_or("", |(whole, _)| whole);
        if !is_in(whole) {
            state.unwritten = Some(what.to_owned());
        }
    }

    /// How often each kind of fault has struck.
    pub fn struck(&self) -> BTreeMap<&'static str, u64> {
        self.state().struck.clone()
    }

    /// From now on syncs do nothing.
    pub fn pretend_to_sync(&self) {
        self.state().pretends = true;
    }

    /// Has a call fail.
    pub fn fails<T>(&self, fault: &'static str, errno: Errno) -> io::Result<T> {
        self.strikes(fault);
        Err(errno.into())
    }

    pub fn strikes(&self, fault: &'static str) {
        *self.state().struck.entry(fault).or_default() += 1;
    }

    pub fn trace(&self) -> Vec<String> {
        self.state().trace.clone().unwrap_or_default()
    }

    /// Tells these of signals from now on.
    pub fn runs(&self, progress: Arc<Progress>, commands: Commands) {
        self.state().running = Some((progress, commands));
    }

    /// The process is gone, and another one may begin.
    pub fn restart(&self) {
        let mut state = self.state();
        state.crashed = false;
        state.full = None;
        state.running = None;
        state.signals = 0;
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.state().faults.clear();
    }

    /// Ends the process, as far as the world can see.
    pub fn crash(&self) {
        let mut state = self.state();
        state.crashed = true;
        if let Some((progress, _)) = &state.running {
            progress.interrupt(); // nobody sees what it still does, so that it had better be short
        }
    }

    /// Counts a call; gives how it goes wrong, if it does.
    pub fn call(self: &Arc<Self>, what: &str) -> io::Result<Option<u8>> {
        let (how, number) = {
            let mut state = self.state();
            if state.crashed {
                return Err(io::Error::other("the process is dead"));
            }
            let number = state.calls;
            state.calls += 1;
            let fault = state.faults.iter().find(|fault| fault.call == number);
            let how = fault.map(|fault| fault.how);
            if let Some(trace) = &mut state.trace {
                let how = how.map_or(String::new(), |how| format!(" !{how}"));
                trace.push(format!("{number:>4} {what}{how}"));
            }
            (how, number)
        };
        let Some(how) = how else {
            return Ok(None);
        };
        let anywhere = match how % 16 {
            0 => Anywhere::Crash,
            1 => Anywhere::PowerLoss,
            2 | 3 => Anywhere::Signal,
            _ => return Ok(Some(how / 16)),
        };
        match anywhere {
            Anywhere::Crash => {
                self.strikes("crash");
                self.crash();
            }
            Anywhere::PowerLoss => {
                self.strikes("loss of power");
                self.crash();
                let mut state = self.state();
                let rng = &mut Seed(state.seed).named("power").numbered(number).rng();
                let state = &mut *state;
                state.betrayed |= state.disk.has_lied();
                state
                    .disk
                    .lose_power(|most| up_to(rng, most as u64) as usize);
            }
            Anywhere::Signal => {
                self.strikes("signal");
                self.signal();
                return Ok(None);
            }
        }
        Err(io::Error::other("the process is dead"))
    }

    /// Ctrl-C, as the command line obeys it: the first asks to stop, the second undoes what it can and ends the process.
    fn signal(self: &Arc<Self>) {
        let mut state = self.state();
        state.signals += 1;
        let Some((progress, commands)) = state.running.clone() else {
            return;
        };
        progress.interrupt();
        // As the process ends by itself nobody listens.
        if state.signals == 2 && tokio::runtime::Handle::try_current().is_ok() {
            drop(state);
            let world = Arc::clone(self);
            tokio::task::spawn_local(async move {
                commands.abandon().await;
                let told = commands.not_undone();
                let is_told = |thing: &str| told.iter().any(|told| told.0 == thing);
                let silent = world.broken().into_iter().find(|it| !is_told(&it.0));
                if !world.has_crashed() {
                    world.state().silent = silent.map(|it| it.0);
                    world.crash();
                }
            });
        }
    }
}

/// Whether a journal says that an image may exist. Read here once more, apart from what is tested.
fn names(journal: &str, id: ImageId) -> bool {
    journal.lines().any(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["image", _, one] => ImageId::parse(one) == Some(id),
            ["numbers", run, below] => {
                let (run, below) = (RunId::parse(run).unwrap(), below.parse().unwrap());
                (0..below).any(|number| ImageId::new(run, number) == id)
            }
            _ => false,
        }
    })
}
