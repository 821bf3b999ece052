//! What the fixture's faults do to a real Glance. Each test breaks a server of its own, so that no other test meets it.

use super::{Place, Subject, local, place};
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;
use std::time::Duration;
use stormglass::{Caused, GlanceTestBed, TestBed, Trial};
use stormglass_glance::Command;
use stormglass_glance::{Answer, Client, Commands, ImageId, RunId};
use stormglass_model::checker::concurrent::Symptom;
use stormglass_model::history::Observation;
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus};
use stormglass_model::random::Seed;
use stormglass_model::units::Span;

/// A Glance with its PostgreSQL, started for one test and stopped with it.
struct Fixture {
    dir: tempfile::TempDir,
    place: Place,
    commands: Commands,
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/glance")
        .join(name)
}

impl Fixture {
    fn start() -> Fixture {
        let mut place = place();
        // Short: the path of a socket has little room.
        let dir = tempfile::Builder::new()
            .prefix("stormglass-faults.")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir_in("/tmp")
            .unwrap();
        let started = Process::new(script("start")).arg(dir.path()).status();
        assert!(started.unwrap().success());
        let sweep = std::fs::read_to_string(dir.path().join("sweep.toml")).unwrap();
        let sweep: toml::Table = sweep.parse().unwrap();
        let glance = &sweep["target"]["glance"];
        place.target.url = Some(glance["url"].as_str().unwrap().to_owned());
        place.target.timeout = Span::from_secs(20);
        let commands = glance["commands"].as_table().unwrap().iter();
        // The path of the folder stands for what `run` exports.
        let of = format!("STORMGLASS_GLANCE_DIR={} ", dir.path().display());
        let commands: Vec<Command> = commands
            .map(|(name, command)| Command {
                damages_data: false,
                name: name.clone(),
                run: of.clone() + command["run"].as_str().unwrap(),
                undo: (command.get("undo")).map(|undo| of.clone() + undo.as_str().unwrap()),
                timeout: Span::from_secs(120),
            })
            .collect();
        Fixture {
            commands: Commands::new(&commands, true),
            dir,
            place,
        }
    }

    /// A client that waits for an answer no longer than this.
    fn client(&self, timeout: Span) -> Client {
        let mut target = self.place.target.clone();
        target.timeout = timeout;
        Client::new(&target, RunId::fresh(7)).unwrap()
    }

    /// Whether a create is answered ok.
    async fn create(&self, timeout: Span) -> Answer {
        let subject = Subject::new(&self.place, 0);
        let mut request = subject.request;
        let run = RunId::fresh(8);
        request.id = ImageId::new(run, 0);
        self.client(timeout).perform(&request).await
    }

    async fn works(&self) {
        let answer = self.create(Span::from_secs(20)).await;
        assert_eq!(answer.outcome, Outcome::Ok, "{answer:?}");
    }

    async fn is_broken(&self) {
        let answer = self.create(Span::from_secs(3)).await;
        assert!(
            matches!(answer.outcome, Outcome::Fail | Outcome::Unknown),
            "{answer:?}"
        );
    }

    async fn run(&self, name: &str) {
        self.commands.run(name, None).await.unwrap();
    }

    /// Does it, and whether the server answers meanwhile; it must answer once it is undone.
    async fn breaks(&self, name: &str, broken: bool) {
        self.run(name).await;
        if broken {
            self.is_broken().await;
        }
        self.commands.undo(name).await.unwrap();
        self.works().await;
    }

    /// The processes of its Glance, and then those of its PostgreSQL.
    fn pids(&self) -> [Vec<u32>; 2] {
        let etc = format!("OS_GLANCE_CONFIG_DIR={}/etc", self.dir.path().display());
        let data = self.dir.path().join("pg/data");
        let all: Vec<u32> = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect();
        let glance = |pid: &&u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let mut variables = environment.split(|byte| *byte == 0);
            variables.any(|variable| variable == etc.as_bytes())
        };
        let postgres = |pid: &&u32| {
            std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == data)
        };
        [
            all.iter().filter(glance).copied().collect(),
            all.iter().filter(postgres).copied().collect(),
        ]
    }

    /// Stops it as `run` does, whatever state it is in: nothing of it may be left, once what is ending has ended.
    fn leaves_nothing(&self) {
        let stopped = Process::new(script("stop")).arg(self.dir.path()).status();
        assert!(stopped.unwrap().success());
        let ended = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            self.pids().concat().is_empty()
        });
        assert!(ended, "{:?}", self.pids());
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = Process::new(script("stop")).arg(self.dir.path()).status();
    }
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn the_api_is_broken_and_mended() {
    let fixture = Fixture::start();
    local(async {
        fixture.works().await;
        assert!(fixture.pids().iter().all(|pids| pids.len() > 1));
        let before = fixture.pids();
        fixture.run("kill-api").await;
        assert!(fixture.pids()[0].is_empty());
        fixture.is_broken().await;
        fixture.commands.undo("kill-api").await.unwrap();
        fixture.works().await;
        assert!(fixture.pids()[0].iter().all(|pid| !before[0].contains(pid)));
        fixture.breaks("stop-api", true).await;
        fixture.breaks("pause-api", true).await;
        fixture.breaks("kill-worker", false).await;
        fixture.breaks("restart-api", false).await;
        // Twice undone, or undone without need, is no error either.
        fixture.run("kill-api").await;
        fixture.run("pause-api").await;
        assert!(fixture.commands.undo_all().await.is_empty());
        fixture.works().await;
        fixture.run("pause-api").await;
    });
    fixture.leaves_nothing();
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn workers_without_their_master_are_stopped_too() {
    let fixture = Fixture::start();
    let master = std::fs::read_to_string(fixture.dir.path().join("glance.pid")).unwrap();
    let killed = Process::new("kill").args(["-9", master.trim()]).status();
    assert!(killed.unwrap().success());
    fixture.leaves_nothing();
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn the_database_is_broken_and_mended() {
    let fixture = Fixture::start();
    local(async {
        fixture.works().await;
        for (name, broken) in [
            ("stop-database", true),
            ("pause-database", true),
            ("restart-database", false),
        ] {
            fixture.breaks(name, broken).await;
        }
        fixture.run("pause-database").await;
    });
    fixture.leaves_nothing();
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn the_store_is_broken_and_mended() {
    let fixture = Fixture::start();
    local(async {
        let mut number = 0;
        for (name, status) in [("store-full", 413), ("store-read-only", 503)] {
            number += 1;
            let mut subject = Subject::new(&fixture.place, number);
            subject.check(Operation::Create, Outcome::Ok).await;
            subject.tell(Observation::Broken(true));
            fixture.run(name).await;
            let answer = subject.answer(Operation::Upload).await;
            assert_eq!(answer.http_status, Some(status), "{name}: {answer:?}");
            subject.seen(SubjectStatus::Queued).await;
            fixture.commands.undo(name).await.unwrap();
            subject.tell(Observation::Broken(false));
            subject.check(Operation::Upload, Outcome::Ok).await;
            subject.check(Operation::Download, Outcome::Ok).await;
            subject.check(Operation::Delete, Outcome::Ok).await;
        }
        let mut subject = Subject::new(&fixture.place, 10);
        subject.check(Operation::Create, Outcome::Ok).await;
        subject.check(Operation::Upload, Outcome::Ok).await;
        let id = subject.request.id;
        let file = fixture.dir.path().join("images").join(id.to_string());
        let size = || std::fs::metadata(&file).map_or(0, |file| file.len());
        let whole = size();
        for (name, left) in [("file-gone", 0), ("file-truncated", whole / 2)] {
            fixture.commands.run(name, Some(id)).await.unwrap();
            assert_eq!(size(), left, "{name}");
            fixture.commands.undo(name).await.unwrap();
            assert_eq!(size(), whole, "{name}");
            subject.check(Operation::Download, Outcome::Ok).await;
        }
        // The file of an image that is no more does not come back.
        fixture.commands.run("file-gone", Some(id)).await.unwrap();
        subject.check(Operation::Delete, Outcome::Ok).await;
        fixture.commands.undo("file-gone").await.unwrap();
        assert!(!file.exists());
        fixture.run("scrub").await;
        fixture.run("store-read-only").await;
    });
    fixture.leaves_nothing();
}

/// What a sweep without a probe sees of one script. Each is a run of its own.
fn swept(fixture: &Fixture, script: &str, run: u64) -> Vec<Trial> {
    let target = &fixture.place.target;
    assert!(target.probe.is_none());
    let run = RunId::fresh(run);
    let mut bed = GlanceTestBed::open(
        target.clone(),
        Client::new(target, run).unwrap(),
        fixture.commands.clone(),
        run,
        Seed(7),
        Arc::default(),
    )
    .unwrap();
    let trials = bed.run(&[script.parse().unwrap()], 0);
    assert_eq!(bed.close().0.left, []);
    trials
}

fn tasks_open(trial: &Trial) -> Vec<Option<u32>> {
    let events = trial.history.events.iter();
    let reading = events.filter_map(|event| match event.observation {
        Observation::Probed(reading) => Some((reading.row, reading.data, reading.tasks_open)),
        _ => None,
    });
    reading
        .map(|(row, data, open)| {
            assert_eq!((row, data), (None, None));
            open
        })
        .collect()
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn a_task_that_never_ends_is_found_without_a_probe() {
    let fixture = Fixture::start();
    let mut run = 100;
    let mut sweep = |script: &str| {
        run += 1;
        swept(&fixture, script, run).remove(0)
    };
    // The images themselves are gone by the second look.
    assert_eq!(tasks_open(&sweep("create import")), [Some(0)]);
    assert_eq!(tasks_open(&sweep("create upload")), []);
    // Now and then Glance is quicker than its end.
    let found = (0..5).any(|_| {
        let trial = sweep("create [import answer !kill-api]");
        let stuck = |one: &Caused| one.violation.symptom == Symptom::StuckTask;
        trial.violations.iter().any(stuck) && tasks_open(&trial) == [Some(1)]
    });
    assert!(found);
    // A server that shows its tasks to nobody.
    let policy = fixture.dir.path().join("etc/policy.yaml");
    std::fs::write(policy, "\"get_image\": \"not role:admin\"\n").unwrap();
    let trial = sweep("create [import answer !kill-api]");
    assert_eq!(tasks_open(&trial), []);
    fixture.leaves_nothing();
}
