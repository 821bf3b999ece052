//! Client, journal, commands, cleanup and a sweep's test bed in a simulated environment: a disk, a network, processes, signals and a
//! clock that a seed rules, and a Glance that makes no mistake.
//!
//! A schedule names the calls of the operating system that go wrong: full disks, too few descriptors, lost syncs, resets, servers that
//! drip or fall silent, crashes and losses of power. Whatever it says must hold at the end:
//!
//! * An image was in the journal, on the disk, before its create was sent.
//! * Every command is undone, or it is told that it is not.
//! * Every wait has an end.
//! * The server, which is right, is accused of nothing.
//! * After a cleanup nothing of the run is left, whenever it died, and what is somebody else's is still there.
//!
//! The process that crashes goes on, but nothing that it does reaches the world any more.
//!
//! `STORMGLASS_SCHEDULES=1000000 cargo test --release --test it simulated` runs so many; a failure is shrunk and says how to see it again.

#![allow(
    clippy::print_stderr,
    reason = "a schedule that is looked at shows what was called, and a search how often what went wrong"
)]

mod disk;
mod files;
mod glance;
mod network;
mod schedule;
mod system;
mod world;

use schedule::{Schedule, up_to};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use stormglass::{Caused, GlanceTestBed, Progress, TestBed, Trial};
use stormglass_glance::{
    Client, Command, Commands, GlanceTarget, Identity, ImageId, Journal, JournalError, Reopened,
    Routes, RunId, System,
};
use stormglass_model::checker::concurrent::Symptom;
use stormglass_model::lifecycle::Verdict;
use stormglass_model::random::Seed;
use stormglass_model::script::Script;
use stormglass_model::units::{Bytes, Span};
use system::Simulated;
use tokio::task::LocalSet;
use world::{COMMANDS, CONNECTIONS, FAULTS, World};

/// Where the journal lies.
const JOURNAL: &str = "/results/journal";
/// Schedules that are run where nobody says how many.
const SCHEDULES: u64 = 10_000;
/// Somebody else's image, and its tag.
const FOREIGN: (ImageId, &str) = (ImageId([7; 16]), "theirs");

#[test]
fn whatever_goes_wrong_nothing_is_left_behind() {
    if let Ok(schedule) = std::env::var("STORMGLASS_SCHEDULE") {
        let schedule: Schedule = schedule.parse().unwrap();
        let (world, result) = run(&schedule, true);
        eprintln!("{}", world.trace().join("\n"));
        return assert_eq!(result, Ok(()), "{schedule}");
    }
    let count = std::env::var("STORMGLASS_SCHEDULES").map(|count| count.parse().unwrap());
    let next = &AtomicU64::new(0);
    let last = count.unwrap_or(SCHEDULES);
    let search = || {
        let mut struck = BTreeMap::new();
        loop {
            let seed = next.fetch_add(1, Relaxed);
            let schedule = (seed < last).then(|| Schedule::of(seed));
            let Some(schedule) = schedule else {
                return (struck, None);
            };
            let (world, result) = run(&schedule, false);
            for (fault, count) in world.struck() {
                *struck.entry(fault).or_insert(0) += count;
            }
            if result.is_err() {
                next.store(last, Relaxed);
                return (struck, Some(schedule));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut struck: BTreeMap<&str, u64> = BTreeMap::new();
    std::thread::scope(|scope| {
        let searches: Vec<_> = (0..threads).map(|_| scope.spawn(search)).collect();
        for search in searches {
            let (some, found) = search.join().unwrap();
            found.into_iter().for_each(complain);
            for (fault, count) in some {
                *struck.entry(fault).or_default() += count;
            }
        }
    });
    for (fault, count) in &struck {
        eprintln!("{count:>9} {fault}");
    }
    let all = (FAULTS.iter().chain(&CONNECTIONS)).chain(&COMMANDS);
    let missing: Vec<&&str> = all.filter(|it| !struck.contains_key(*it)).collect();
    assert!(
        missing.is_empty() || last < SCHEDULES,
        "never tried: {missing:?}"
    );
}

/// Says what does not hold, by the fewest faults.
fn complain(schedule: Schedule) {
    let wrong = |schedule: &Schedule| run(schedule, false).1.err();
    let shrunk = schedule.shrunk(|schedule| wrong(schedule).is_some());
    let what = wrong(&shrunk).unwrap_or_default();
    panic!(
        "{what}\nonce more: STORMGLASS_SCHEDULE='{shrunk}' cargo test --test it simulated -- --nocapture"
    );
}

#[test]
fn a_schedule_is_always_the_same() {
    for seed in 0..50 {
        let [one, other] = [(); 2].map(|()| run(&Schedule::of(seed), true).0.trace());
        assert_eq!(one, other, "{seed}");
        let written = Schedule::of(seed).to_string();
        assert_eq!(written.parse::<Schedule>().unwrap(), Schedule::of(seed));
    }
}

#[test]
fn a_journal_that_is_not_on_the_disk_is_noticed() {
    let schedule: Schedule = "3 -".parse().unwrap();
    let world = World::new(&schedule, false);
    world.glance.hold(FOREIGN.0, FOREIGN.1);
    world.pretend_to_sync();
    let result = swept(&world, &schedule).and_then(|()| cleaned(&world, &schedule));
    let what = result.unwrap_err();
    assert!(what.ends_with("is not in the journal"), "{what}");
}

/// Runs a schedule; the error says what does not hold.
fn run(schedule: &Schedule, traced: bool) -> (Arc<World>, Result<(), String>) {
    let world = World::new(schedule, traced);
    world.glance.hold(FOREIGN.0, FOREIGN.1);
    let result = swept(&world, schedule).and_then(|()| cleaned(&world, schedule));
    (world, result)
}

fn target(world: &Arc<World>) -> GlanceTarget {
    let identity = |name: &str| Identity::Token(name.to_owned());
    let command = |thing: &str, undo: bool| Command {
        name: thing.to_owned(),
        run: format!("break {thing}"),
        undo: undo.then(|| format!("mend {thing}")),
        timeout: Span::from_secs(5),
        damages_data: false,
    };
    let url = "http://glance.invalid:9292".to_owned();
    GlanceTarget {
        reader: Some(identity("reader")),
        routes: Routes::on(Arc::new(Simulated(Arc::clone(world)))),
        timeout: Span::from_secs(2),
        delayed_delete: world.glance.world.delayed,
        commands: vec![command("api", true), command("store", true)],
        ..GlanceTarget::new(url, identity("member"), identity("admin"))
    }
}

/// What clients do to one subject, by chance.
fn script(seed: Seed) -> Script {
    const FIRST: [&str; 2] = ["create", "create-empty"];
    const STEPS: [&str; 22] = [
        "upload",
        "upload",
        "upload",
        "delete",
        "deactivate",
        "reactivate",
        "show",
        "download",
        "download-as-admin",
        "set-property",
        "protect",
        "unprotect",
        "stage import-staged",
        "abort-upload",
        "upload-wrong-size",
        "[upload mid-body delete]",
        "[upload last-byte !close]",
        "[upload mid-body !reset]",
        "{upload | delete | upload}~30ms",
        "[upload mid-body !api]",
        "!store",
        "[delete answer !close-reply]",
    ];
    let rng = &mut seed.rng();
    let mut pick = |all: &[&'static str]| all[up_to(rng, all.len() as u64 - 1) as usize];
    let first = pick(&FIRST);
    let steps: Vec<&str> = (0..4).map(|_| pick(&STEPS)).collect();
    format!("{first} {}", steps.join(" ")).parse().unwrap()
}

/// A sweep of a few scripts, to its end.
fn swept(world: &Arc<World>, schedule: &Schedule) -> Result<(), String> {
    let seed = Seed(schedule.seed);
    let system = Arc::new(Simulated(Arc::clone(world)));
    let target = target(world);
    let progress = Arc::new(Progress::default());
    let commands = Commands::on(system.clone(), &target.commands, true);
    world.runs(Arc::clone(&progress), commands.clone());
    let run = RunId(schedule.seed);
    let journal = Journal::on(system, Path::new(JOURNAL));
    let client = Client::new(&target, run).unwrap().with_journal(&journal);
    let bed = GlanceTestBed::open(target, client, commands.clone(), run, seed, progress);
    let mut bed = match bed {
        Ok(bed) => bed.first_upload(Bytes(3_000)),
        Err(_) if !schedule.faults.is_empty() => return Ok(()),
        Err(error) => return Err(format!("the sweep does not begin: {error}")),
    };
    let count = 1 + schedule.seed % 2;
    let scripts: Vec<Script> = (0..count)
        .map(|number| script(seed.named("script").numbered(number)))
        .collect();
    let trials = bed.run(&scripts, 0);
    let (cleanup, _) = bed.close();
    if world.is_stuck() {
        return Err("a wait has no end".to_owned());
    }
    if let Some(thing) = world.silent() {
        return Err(format!(
            "{thing} is broken after a second signal, and nobody says so"
        ));
    }
    if world.has_crashed() {
        return Ok(()); // nobody saw the rest
    }
    for trial in &trials {
        accused(trial, world.is_cut_off())?;
    }
    let told: Vec<&str> = commands.not_undone().iter().map(|it| it.0).collect();
    if let Some((thing, _)) = (world.broken().iter()).find(|it| !told.contains(&it.0.as_str())) {
        return Err(format!("{thing} is broken, and nobody says so"));
    }
    let left = world.left(run).into_iter();
    if let Some(id) = left.clone().find(|id| !cleanup.left.contains(id)) {
        return Err(format!("{id} is left, and nobody says so"));
    }
    Ok(())
}

/// Whether the server, which is right, is said to be wrong; a reply that got lost on its way looks as if there was none.
fn accused(trial: &Trial, cut_off: bool) -> Result<(), String> {
    let lost = |it: &&Caused| cut_off && it.violation.symptom == Symptom::NoAnswer;
    let (lost, wrong): (Vec<&Caused>, Vec<&Caused>) = trial.violations.iter().partition(lost);
    if wrong.is_empty() && (trial.verdict != Verdict::Invalid || !lost.is_empty()) {
        return Ok(());
    }
    let said: Vec<&str> = wrong
        .iter()
        .map(|it| it.violation.sentence.as_str())
        .collect();
    let events: Vec<String> = (trial.history.events.iter())
        .map(|event| format!("{:>12} {:?}", event.at.0, event.observation))
        .collect();
    Err(format!(
        "the server is accused: {}\nin {}\n{}",
        said.join("; "),
        trial.script,
        events.join("\n")
    ))
}

/// Cleanups, until one has nothing to complain of. Faults strike it as well; the last one is spared.
fn cleaned(world: &Arc<World>, schedule: &Schedule) -> Result<(), String> {
    let mut last = String::new();
    for tries in 0..4 {
        world.restart();
        if tries == 3 {
            world.heal(); // as whoever is told that something is broken does
        }
        match clean_up(world) {
            Ok(()) if !world.has_crashed() => break,
            Ok(()) => {}
            Err(error) if tries == 3 => return Err(format!("the cleanup fails: {error}")),
            Err(error) => last = error,
        }
    }
    if world.is_stuck() {
        return Err("a wait of the cleanup has no end".to_owned());
    }
    if let Some(wrong) = world.unwritten() {
        return Err(format!("{wrong} was asked for, and is not in the journal"));
    }
    let left = world.left(RunId(schedule.seed));
    if !left.is_empty() && !world.is_betrayed() {
        return Err(format!("{left:?} is left after a cleanup; before: {last}"));
    }
    let theirs = (FOREIGN.0, vec![FOREIGN.1.to_owned()]);
    match world.glance.images().contains(&theirs) {
        true => Ok(()),
        false => Err("an image of somebody else's is gone".to_owned()),
    }
}

fn clean_up(world: &Arc<World>) -> Result<(), String> {
    let system = Simulated(Arc::clone(world));
    let runtime = system.runtime().unwrap();
    let mut book = match Reopened::on(&system, Path::new(JOURNAL)) {
        Ok(book) => book,
        Err(JournalError::Unusable(_, error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(());
        }
        Err(error) => return Err(format!("{error}: {error:?}")),
    };
    let target = target(world);
    for run in book.runs().to_vec() {
        if run.done {
            continue;
        }
        let removal = LocalSet::new().block_on(&runtime, async {
            let client = Client::new(&target, run.run).map_err(|error| error.to_string())?;
            let greeting = client.hello().await.map_err(|error| error.to_string())?;
            Ok::<_, String>(client.remove(greeting, run.ids(), |_| {}).await)
        })?;
        if removal.left > 0 || removal.gave_up {
            return Err(format!("{removal:?}"));
        }
        book.done(run.run).map_err(|error| error.to_string())?;
    }
    Ok(())
}
