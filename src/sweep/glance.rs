//! Scripts on a real Glance: several subjects at a time, each with its clients; then a look at all of them, what a probe reads of the
//! server's database and store, a delete, and another reading.

use super::{Capabilities, TestBed, Trial, runs_commands};
use crate::engine::Progress;
use crate::engine::clock::WallClock;
use session::Session;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use stormglass_glance::{
    Cleanup, Client, Commands, GlanceTarget, HelloError, ImageId, NoRuntime, Probe, ProbeError,
    ProbeTarget, RunId, runtime_of,
};
use stormglass_model::checker::concurrent::{self, Judgement, Rules};
use stormglass_model::history::{ProbeReading, Row};
use stormglass_model::lifecycle::SubjectStatus::PendingDelete;
use stormglass_model::lifecycle::{Operation, Statuses, Who};
use stormglass_model::random::Seed;
use stormglass_model::script::{Act, ClientFault, Script};
use stormglass_model::units::Bytes;
use timing::Timing;
use tokio::runtime::Runtime;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{LocalSet, spawn_local};

mod race;
mod session;
mod timing;

/// The size of the first upload of a subject, where nobody says it.
const FIRST_UPLOAD: Bytes = Bytes(256 * 1024);
/// Subjects at a time that are at work. One Glance worker is one core, and rivals must find it free.
const LANES: usize = 4;
/// How long the probe reads again and again before what looks left over is believed.
const LEFT_OVER: Duration = Duration::from_millis(1_000);
/// The same for what looks unfinished, on a server that is quick.
const UNFINISHED: Duration = Duration::from_secs(5);
/// On a slower one, so many times as long as a look at an image takes.
const SLOWER: u32 = 40;
/// The longest of all.
const PATIENCE_MOST: Duration = Duration::from_secs(60);
/// Images that are read at once when all is over; a bucket is asked for each of them.
const READ_AT_ONCE: usize = 200;
/// The pause before another reading.
const SECOND_LOOK: Duration = Duration::from_millis(500);

/// A session's place among those at work, until it gives it up.
type Lane = Option<OwnedSemaphorePermit>;

/// Why a sweep of a server cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum TestBedError {
    /// The server is not there, is no Glance, or does not know us.
    #[error(transparent)]
    Hello(#[from] HelloError),
    /// Its database or store cannot be read.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// There is no runtime to wait for it with.
    #[error(transparent)]
    Runtime(#[from] NoRuntime),
}

/// What every session on the server shares.
struct SharedContext {
    client: Client,
    commands: Commands,
    clock: WallClock,
    target: GlanceTarget,
    run: RunId,
    seed: Seed,
    first_upload: Cell<Bytes>,
    /// Whether one of those at work may break the server, so that nobody works beside another.
    alone: Cell<bool>,
    /// How long operations take.
    timing: RefCell<Timing>,
    /// What went wrong with each command first.
    notes: RefCell<BTreeMap<String, String>>,
    /// How long a look at an image took last.
    pace: Cell<Duration>,
    /// Why the server is not what it was before something was done to it. What it does from then on is not its own doing.
    lost: OnceCell<String>,
    progress: Arc<Progress>,
}

/// A real Glance.
pub struct GlanceTestBed {
    runtime: Runtime,
    local: LocalSet,
    shared: Rc<SharedContext>,
    probe: Option<Probe>,
    rules: Rules,
    subjects: u64,
    notes: Vec<String>,
}

impl GlanceTestBed {
    /// Says hello to the server and opens the probe. Nothing is created yet.
    pub fn open(
        target: GlanceTarget,
        client: Client,
        commands: Commands,
        run: RunId,
        seed: Seed,
        progress: Arc<Progress>,
    ) -> Result<GlanceTestBed, TestBedError> {
        let runtime = runtime_of(&**target.routes.system())?;
        let local = LocalSet::new();
        let clock = {
            let _of_the_system = runtime.enter();
            WallClock::start()
        };
        let (probe, client) = local.block_on(&runtime, async {
            client.hello().await?;
            let probe = match &target.probe {
                Some(declared) => Some(Probe::open(declared, &target.routes).await?),
                None => None,
            };
            Ok::<_, TestBedError>((probe, client.keep_exchanges(move || clock.now())))
        })?;

        Ok(GlanceTestBed {
            rules: Rules {
                one_identity: target.has_one_identity(),
                ..Rules::glance(Some(target.delayed_delete))
            },
            shared: Rc::new(SharedContext {
                client,
                commands,
                clock,
                target,
                run,
                seed,
                first_upload: Cell::new(FIRST_UPLOAD),
                alone: Cell::default(),
                timing: RefCell::default(),
                notes: RefCell::default(),
                pace: Cell::default(),
                lost: OnceCell::new(),
                progress,
            }),
            runtime,
            local,
            probe,
            subjects: 0,
            notes: Vec::new(),
        })
    }

    /// The same whose first upload of each subject is of this size, and each one after it a little larger.
    pub fn first_upload(self, size: Bytes) -> GlanceTestBed {
        self.shared.first_upload.set(size);
        self
    }

    /// What can be done to the server, by those whom the target names.
    pub(crate) fn capabilities(&self, allow_commands: bool) -> Capabilities {
        let SharedContext { client, target, .. } = &*self.shared;
        let known = |one: &Operation| client.unsupported(Act::usual(*one)).is_none();
        let is_known = |who: &Who| {
            let operation = Operation::Show;
            let act = Act {
                operation,
                who: *who,
            };
            client.unsupported(act).is_none()
        };
        let faults = ClientFault::ALL.iter().copied();
        let is_able = |fault: &ClientFault| client.unable(Who::Member, *fault).is_none();
        let commands = target.commands.iter().filter(|_| allow_commands);
        Capabilities {
            faults: faults.filter(is_able).collect(),
            operations: Operation::ALL.iter().copied().filter(known).collect(),
            others: Who::ALL.iter().copied().filter(is_known).collect(),
            commands: commands.map(|command| command.name.clone()).collect(),
        }
    }

    /// Shell commands that show what the database and the store hold of `$IMAGE`.
    pub(crate) fn looks(&self) -> Vec<String> {
        self.shared
            .target
            .probe
            .as_ref()
            .map(ProbeTarget::looks)
            .unwrap_or_default()
    }

    /// What went wrong, and what could be seen of the server.
    pub(crate) fn notes(&self) -> Vec<String> {
        let told = self.shared.notes.borrow();
        let seen = match &self.probe {
            Some(probe) => format!(
                "the probe read the server's database and store: {}",
                probe.describe()
            ),
            None => "no [target.glance.probe]: what the database and the store hold was not judged"
                .to_owned(),
        };
        let wrong = self.notes.iter().chain(told.values()).cloned();
        wrong.chain([seen]).collect()
    }

    /// Takes back what was done to the server, and deletes what the sweep created. Gives what is still there, and the files that are
    /// left of what is not.
    pub fn close(mut self) -> (Cleanup, Vec<String>) {
        let shared = Rc::clone(&self.shared);
        let closed = self.local.block_on(&self.runtime, async {
            shared.commands.undo_all().await;
            let cleanup = shared.client.cleanup().await;
            let images = (0..self.subjects).map(|subject| ImageId::new(shared.run, subject));
            let images: Vec<ImageId> = images.collect();
            let mut readings = Vec::new();
            // A reading has its time for so many; what comes after one that fails is not looked at.
            for some in images.chunks(READ_AT_ONCE) {
                match &mut self.probe {
                    Some(probe) => match probe.read(some).await {
                        Ok(read) => readings.extend(read),
                        Err(_) => break,
                    },
                    None => break,
                }
            }
            let left = images.into_iter().zip(&readings);
            let left = left.flat_map(|(image, reading)| shared.left_data(image, reading));
            (cleanup, left.collect())
        });
        // A disk that hangs is not waited for.
        self.runtime.shutdown_background();
        closed
    }

    fn session(&mut self, script: &Script, round: u64) -> Rc<Session> {
        let subject = self.subjects;
        self.subjects += 1;
        let seed = self.shared.seed.numbered(round).numbered(subject);
        let (shared, script) = (Rc::clone(&self.shared), script.clone());
        Rc::new(Session::new(shared, script, subject, seed))
    }

    /// Does something with all of them, so many at a time.
    fn each(
        &self,
        sessions: &[Rc<Session>],
        lanes: usize,
        act: impl AsyncFn(Rc<Session>, Lane) + Copy + 'static,
    ) {
        self.local.block_on(&self.runtime, async {
            let permits = Arc::new(tokio::sync::Semaphore::new(lanes));
            let acts = sessions.iter().map(|session| {
                let (session, permits) = (Rc::clone(session), Arc::clone(&permits));
                spawn_local(async move {
                    let lane = permits.acquire_owned().await.ok();
                    act(session, lane).await;
                })
            });
            for act in acts.collect::<Vec<_>>() {
                // A session that panicked has no end, and its history says so.
                let _ = act.await;
            }
        });
    }

    /// Reads the database and store for all of them; what looks unfinished or wrong is read again, since a server may be at work after its answer.
    fn probe(&mut self, sessions: &[Rc<Session>]) {
        let Some(probe) = &mut self.probe else {
            let all = sessions.len();
            self.each(sessions, all, async |session, _| {
                session.ask_for_tasks().await
            });
            return;
        };
        let mut waiting: Vec<&Rc<Session>> = sessions.iter().collect();
        let clock = self.shared.clock;
        let progress = &self.shared.progress;
        let read = self.local.block_on(&self.runtime, async {
            let began = clock.now();
            // What is not at rest when the user wants to stop is judged by what clients saw.
            while !waiting.is_empty() && !progress.is_interrupted() {
                let images: Vec<_> = waiting.iter().map(|session| session.image).collect();
                let mut readings = probe.read(&images).await?.into_iter();
                let waited = Duration::from_nanos(clock.now().since(began).0);
                waiting.retain(|session| {
                    let Some(reading) = readings.next() else {
                        return false;
                    };
                    let unsettled = waited < session.patience(&reading);
                    if !unsettled {
                        session.probed(reading);
                    }
                    unsettled
                });
                if !waiting.is_empty() {
                    tokio::time::sleep(SECOND_LOOK).await;
                }
            }
            Ok::<_, ProbeError>(())
        });
        if let Err(error) = read {
            let note = format!("the probe could not read the server's database or store: {error}");
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
            // The rest can be judged by what clients saw.
        }
    }

    fn judge(&self, session: &Session) -> Trial {
        let history = session.history();
        let Judgement {
            mut violations,
            verdict,
            ..
        } = concurrent::judge(&history, &self.rules);
        for violation in &mut violations {
            violation.sentence = in_glances_words(&violation.sentence);
        }
        Trial {
            exchanges: session.exchanges(),
            image: session.image.to_string(),
            ..Trial::new(&session.script, history, violations, verdict)
        }
    }
}

/// What the model calls a subject of a registry is an image of a database to those who know Glance.
fn in_glances_words(sentence: &str) -> String {
    sentence
        .replace("the registry's row", "the database row")
        .replace("the registry", "the database")
        .replace("subject", "image")
}

impl SharedContext {
    /// The files that an image has left, though no status keeps them.
    fn left_data(&self, image: ImageId, reading: &ProbeReading) -> Vec<String> {
        let keeps = match reading.row {
            Some(Row::Present(row)) => {
                row.status.keeps_data() && !row.deleted || row.status == PendingDelete
            }
            Some(Row::Absent) => false,
            None => true,
        };
        let (Some(held), Some(probe)) = (reading.data, &self.target.probe) else {
            return Vec::new();
        };
        let left = !keeps && held.bytes.or(held.stray).is_some();
        let data = left.then(|| probe.files(image));
        let staged = held.staged.and(probe.staging.as_ref());
        let staged = staged.map(|folder| format!("{}/{image}", folder.display()));
        data.into_iter().flatten().chain(staged).collect()
    }
}

/// Whether a probe reading shows a subject in the middle of something.
fn is_unfinished(reading: &ProbeReading) -> bool {
    use stormglass_model::lifecycle::SubjectStatus::{Importing, Saving, Uploading};
    let moves = match reading.row {
        Some(Row::Present(row)) => {
            matches!(row.status, Saving | Importing | Uploading) && !row.deleted
        }
        Some(Row::Absent) | None => false,
    };
    moves || reading.tasks_open.is_some_and(|open| open > 0)
}

/// Whether its status promises data that is not there.
fn lacks_data(reading: &ProbeReading) -> bool {
    match (reading.row, reading.data) {
        (Some(Row::Present(row)), Some(held)) => {
            let hollow = row.locations == 0 || row.in_store && held.bytes.is_none();
            Statuses::READABLE.contains(row.status) && !row.deleted && (hollow || held.lacking)
        }
        _ => false,
    }
}

/// Whether it is unfinished, lacks data, or has data that nothing keeps.
fn looks_wrong(reading: &ProbeReading) -> bool {
    let keeps = match reading.row {
        Some(Row::Present(row)) => row.status.keeps_data(),
        Some(Row::Absent) => false,
        // Then nobody can say that it should keep nothing.
        None => true,
    };
    let left_over = reading.data.is_some_and(|held| {
        held.staged.is_some() || held.stray.is_some() || held.bytes.is_some() && !keeps
    });
    left_over || lacks_data(reading) || is_unfinished(reading)
}

impl SharedContext {
    /// How long what looks unfinished is given to be finished.
    fn patience(&self) -> Duration {
        let slower = self.pace.get().saturating_mul(SLOWER);
        slower.clamp(UNFINISHED, PATIENCE_MOST)
    }
}

impl TestBed for GlanceTestBed {
    fn run(&mut self, scripts: &[Script], round: u64) -> Vec<Trial> {
        let sessions: Vec<Rc<Session>> = scripts
            .iter()
            .map(|script| self.session(script, round))
            .collect();
        let alone = scripts.iter().any(runs_commands);
        let lanes = if alone { 1 } else { LANES };
        self.shared.alone.set(alone);
        self.each(&sessions, lanes, async |session, lane| {
            let shared = &session.shared;
            // Nobody waits for a handful of restarts who has asked to stop.
            if !shared.progress.is_interrupted() && shared.lost.get().is_none() {
                session.play(lane).await;
            }
        });
        let played = sessions.into_iter().filter(|one| one.ops.get() > 0);
        let sessions: Vec<Rc<Session>> = played.collect();
        self.probe(&sessions);
        let all = sessions.len();
        self.each(&sessions, all, async |session, _| session.end().await);
        self.probe(&sessions);
        if let Some(why) = self.shared.lost.get() {
            self.notes.push(format!("{why}, so the sweep ended there"));
        }
        // What was cut short shows how far it got, and nothing of the server.
        let whole = sessions.iter().filter(|session| session.whole.get());
        whole.map(|session| self.judge(session)).collect()
    }

    fn is_over(&self) -> bool {
        self.shared.lost.get().is_some() || self.shared.progress.is_interrupted()
    }

    fn rules(&self) -> Rules {
        self.rules
    }
}
