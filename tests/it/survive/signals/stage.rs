//! A run or a sweep of a server of our own that is held in one of its stages, for as long as a test wants.

use crate::process::{self, Running};
use crate::safety::fake::{Asked, Fake};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use stormglass_glance::read_journal;
use tempfile::TempDir;

/// How often a test looks, on the slowest machine, two milliseconds apart.
const LOOKS: u32 = 60_000;

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Run,
    Sweep,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The first request has no answer yet.
    Hello,
    /// An upload has none.
    Load,
    /// A command that has an undo is under way.
    Broken,
    /// The load is over, and an answer is still to come.
    Settle,
    /// Results are being written.
    Writing,
    /// Images are being deleted.
    Cleanup,
}

impl Stage {
    pub const ALL: [Stage; 6] = [
        Stage::Hello,
        Stage::Load,
        Stage::Broken,
        Stage::Settle,
        Stage::Writing,
        Stage::Cleanup,
    ];

    /// Whether the answer to this is held back.
    fn holds(self, work: Work, asked: &Asked) -> bool {
        let method = asked.method.as_str();
        match (self, work) {
            (Stage::Hello, _) => true,
            (Stage::Load, _) => method == "PUT",
            // The first thing that a client does, so that the load is not over before.
            (Stage::Settle, Work::Run) => method == "POST",
            (Stage::Settle, Work::Sweep) => method == "GET" && !asked.id().is_empty(),
            (Stage::Cleanup, _) => method == "DELETE",
            (Stage::Broken | Stage::Writing, _) => false,
        }
    }

    /// How long the load lasts.
    fn load(self) -> &'static str {
        match self {
            Stage::Hello | Stage::Load | Stage::Broken => "10m",
            Stage::Settle | Stage::Writing | Stage::Cleanup => "200ms",
        }
    }
}

/// Holds answers back until it is open.
#[derive(Default)]
struct Gate {
    reached: AtomicBool,
    open: AtomicBool,
}

/// One that is held.
pub struct Held {
    folder: TempDir,
    fake: Fake,
    gate: Arc<Gate>,
    work: Work,
    stage: Stage,
    process: Running,
}

/// The commands of a server that logs what is done to it.
pub fn commands(run: &str, undo: &str) -> String {
    format!("[target.glance.commands.break]\nrun = \"{run}\"\nundo = \"{undo}\"\n")
}

/// Waits in a shell for this file, or until the test is over and its folder gone.
pub fn until(file: &str) -> String {
    format!("while [ -e storm.toml ] && [ ! -e {file} ]; do sleep 0.02; done")
}

/// Breaks the server, and then takes until it is let go on.
pub fn long() -> String {
    format!("echo done >>log; {}", until("go"))
}

/// Writes the scenario of such a storm.
pub fn scenario(folder: &Path, url: &str, commands: &str, load: &str) {
    let text = format!(
        "schema = 1\nname = \"storm\"\n[target.glance]\nurl = \"{url}\"\ntimeout = \"1m\"\nconnections = 4\n{commands}\
         [load]\nusers = 2\nthink = \"50ms\"\nduration = \"{load}\"\n[settle]\nfor = \"1m\"\n\
         [[story]]\nname = \"one\"\nsize = \"1KiB\"\nsteps = [\"create\", \"upload\"]\n\
         [[fault]]\nname = \"it is broken\"\nat = \"server\"\nkind = {{ command = \"break\" }}\n"
    );
    fs::write(folder.join("storm.toml"), text).unwrap();
}

/// The arguments that start it.
pub fn arguments(work: Work, stage: Stage) -> Vec<&'static str> {
    let common = ["storm.toml", "--allow-commands", "--out", "out"];
    match (work, stage) {
        (Work::Run, _) => [&["run", "--history"][..], &common].concat(),
        (Work::Sweep, _) => {
            let (script, tries) = match stage {
                Stage::Broken => ("create upload !break", "100"),
                Stage::Hello | Stage::Load => ("create upload", "1000"),
                Stage::Settle | Stage::Writing | Stage::Cleanup => ("create upload", "1"),
            };
            let sweep = ["sweep", "--script", script, "--tries", tries];
            [&sweep[..], &common].concat()
        }
    }
}

/// A server that holds answers back, and gives the data that it was given.
fn serve(work: Work, stage: Stage, gate: &Arc<Gate>) -> Fake {
    let gate = Arc::clone(gate);
    let data = Mutex::new(BTreeMap::new());
    Fake::with(Arc::new(move |asked: &Asked, stream: &mut TcpStream| {
        if stage.holds(work, asked) && !gate.open.load(Relaxed) {
            gate.reached.store(true, Relaxed);
            while !gate.open.load(Relaxed) {
                thread::sleep(Duration::from_millis(1));
            }
        }
        let id = asked.id().to_owned();
        let mut data = data.lock().unwrap();
        match (asked.method.as_str(), data.get(&id)) {
            ("PUT", _) => _ = data.insert(id, asked.bytes.clone()),
            ("GET", Some(bytes)) if asked.path.ends_with("/file") => {
                let length = bytes.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                // A client that goes away in the middle is no concern of the server's.
                let _ = stream.write_all(&[head.as_bytes(), bytes].concat());
                return true;
            }
            ("DELETE", _) => _ = data.remove(&id),
            _ => {}
        }
        false
    }))
}

impl Held {
    /// Starts it, and waits until it is there.
    pub fn at(work: Work, stage: Stage) -> Held {
        let run = match stage {
            Stage::Broken => long(),
            _ => "echo done >>log".to_owned(),
        };
        Held::with(work, stage, &commands(&run, "echo undone >>log"))
    }

    /// The same with other commands.
    pub fn with(work: Work, stage: Stage, commands: &str) -> Held {
        Held::started(work, stage, commands, process::stormglass)
    }

    /// The same of a process that is started in another way.
    pub fn started(
        work: Work,
        stage: Stage,
        commands: &str,
        start: impl FnOnce(Vec<&'static str>) -> process::Stormglass,
    ) -> Held {
        let gate = Arc::new(Gate::default());
        let fake = serve(work, stage, &gate);
        let folder = tempfile::tempdir().unwrap();
        scenario(folder.path(), &fake.url, commands, stage.load());
        let said = File::create(folder.path().join("said")).unwrap();
        let process = start(arguments(work, stage))
            .current_dir(folder.path())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn();
        let mut held = Held {
            folder,
            fake,
            gate,
            work,
            stage,
            process,
        };
        held.reach();
        held
    }

    fn reach(&mut self) {
        let (work, stage) = (self.work, self.stage);
        let results = self.out().join(self.results());
        self.wait("it gets there", |held| {
            let ended = held.process.ended().is_some();
            let there = match (stage, work) {
                (Stage::Hello | Stage::Load | Stage::Cleanup, _) | (Stage::Settle, Work::Sweep) => {
                    held.gate.reached.load(Relaxed)
                }
                (Stage::Broken, _) => held.log().contains("done"),
                // What the command did is undone when the load ends.
                (Stage::Settle, Work::Run) => {
                    held.log().contains("undone") && held.gate.reached.load(Relaxed)
                }
                (Stage::Writing, _) => results.exists(),
            };
            assert!(there || !ended, "{work:?} {stage:?}: {}", held.said());
            there
        });
    }

    /// Waits until it is so.
    pub fn wait(&mut self, what: &str, mut so: impl FnMut(&mut Held) -> bool) {
        for _ in 0..LOOKS {
            if so(self) {
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
        panic!("{what}? It said: {}", self.said());
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn out(&self) -> PathBuf {
        self.folder().join("out")
    }

    pub fn process(&mut self) -> &mut Running {
        &mut self.process
    }

    pub fn fake(&self) -> &Fake {
        &self.fake
    }

    fn results(&self) -> &'static str {
        match self.work {
            Work::Run => "run.json",
            Work::Sweep => "sweep.json",
        }
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        read(&self.folder().join("said"))
    }

    /// What was done to the server.
    pub fn log(&self) -> String {
        read(&self.folder().join("log"))
    }

    pub fn signal(&self, number: u32) {
        self.process.signal(&number.to_string());
    }

    /// Signals, and waits until it has heard; it may have ended before.
    pub fn stop(&mut self, number: u32) {
        // Its number is its own until its end was seen.
        if self.process.is_running() {
            self.signal(number);
        }
        self.wait("it hears", |held| {
            held.said().contains("stopping") || held.process.ended().is_some()
        });
    }

    /// Lets it go on.
    pub fn release(&self) {
        self.gate.open.store(true, Relaxed);
        fs::write(self.folder().join("go"), "").unwrap();
    }

    /// Waits for its end; its exit code, none where a signal ended it.
    pub fn end(&mut self) -> Option<i32> {
        self.wait("it ends", |held| held.process.ended().is_some());
        self.process.ended().unwrap().code()
    }

    /// Whether its results say that it was interrupted.
    pub fn interrupted(&self) -> bool {
        let json = read(&self.out().join(self.results()));
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        json["interrupted"].as_bool().unwrap()
    }

    /// That nothing is broken, and nothing left to do.
    #[track_caller]
    pub fn assert_put_right(&self) {
        let context = format!("{:?} {:?}: {}", self.work, self.stage, self.said());
        assert_eq!(self.fake.images.lock().unwrap().len(), 0, "{context}");
        let log = self.log();
        assert!(
            log.is_empty() || log.ends_with("undone\n"),
            "{log}{context}"
        );
        let journal = self.out().join("journal");
        if journal.exists() {
            // It is not reserved: a process that another test starts would keep it so for a moment.
            let runs = read_journal(&journal).unwrap();
            assert!(runs.iter().all(|run| run.done), "{context}");
            let text = read(&journal);
            let count = |word| text.lines().filter(|line| line.starts_with(word)).count();
            assert_eq!(count("did "), count("undone "), "{text}{context}");
        }
    }

    /// That the folder holds all results.
    #[track_caller]
    pub fn assert_whole(&self) {
        let (out, said) = (self.out(), self.said());
        assert!(!out.join("partial").exists(), "{said}");
        assert!(out.join(self.results()).exists(), "{said}");
    }

    /// `stormglass cleanup`: its exit code, and all that it says.
    pub fn cleanup(&self, more: &[&str]) -> (Option<i32>, String) {
        let arguments = [&["cleanup", "out/journal"][..], more].concat();
        let done = process::stormglass(arguments)
            .current_dir(self.folder())
            .output();
        let said = [done.stdout, done.stderr].concat();
        (done.status.code(), String::from_utf8(said).unwrap())
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Does this with each of them, many at a time: they mostly wait.
pub fn side_by_side<T: Sync>(cases: &[T], act: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Relaxed)) {
                    act(case);
                }
            });
        }
    });
}
