//! What is learned from a storm's logs is the storm's scenario, as far as so many samples can tell.

use super::learned;
use super::logs::{self, Request};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use stormglass::{Model, Scenario};
use stormglass_model::lifecycle::Operation;
use stormglass_model::load::Story;
use stormglass_model::random::Distribution;
use stormglass_model::script::{Action, Step};
use stormglass_model::units::Span;

/// Standard errors that a true figure may be off.
const ERRORS: f64 = 4.0;

/// What a source can tell.
#[derive(Clone, Copy)]
pub(crate) struct Tells {
    /// Sizes of what was uploaded.
    pub sizes: bool,
    /// Sizes of what a task brought in.
    pub task_sizes: bool,
    /// What waits may be off beside their error, in nanoseconds; none where they are not told.
    pub waits_ns: Option<f64>,
    /// Whether reads of the record show.
    pub shows: bool,
}

pub(crate) const ALL: Tells = Tells {
    sizes: true,
    task_sizes: true,
    waits_ns: Some(25e6),
    shows: true,
};

/// What a story does on the embedded service, where staged data is imported by one step.
fn acts(story: &Story, shows: bool) -> Vec<Operation> {
    let acts = story.acts().filter_map(|act| match act.operation {
        Operation::Show if !shows => None,
        Operation::Stage => None,
        Operation::ImportStaged => Some(Operation::Import),
        operation => Some(operation),
    });
    acts.collect()
}

/// The pauses of a story; those around reads of the record fall together where these do not show.
fn waits(story: &Story) -> Vec<Distribution<Span>> {
    let actions = story.steps.iter().flat_map(Step::actions);
    actions
        .filter_map(|action| match action {
            Action::Wait(pause) => Some(pause.0.clone()),
            _ => None,
        })
        .collect()
}

/// Stories, weights, sizes, waits and rate are those of a storm, of which so many lives were seen.
pub(crate) fn assert_same(found: &Scenario, storm: &str, tells: Tells, lives: usize) {
    let storm = stormglass::parse("storm.toml", storm, Path::new(""), &[]).unwrap();
    let lives = lives as f64;
    let total: f64 = found.stories.iter().map(|story| story.weight).sum();
    assert_eq!(
        found.stories.len(),
        storm.stories.len(),
        "{:?}",
        found.stories
    );
    for story in &storm.stories {
        let name = &story.name;
        let same = |it: &&Story| acts(it, tells.shows) == acts(story, tells.shows);
        let of = found
            .stories
            .iter()
            .find(same)
            .unwrap_or_else(|| panic!("no {name}: {:?}", found.stories));
        let (share, expected) = (of.weight / total, story.weight / 100.0);
        let error = (expected * (1.0 - expected) / lives).sqrt();
        assert!(
            (share - expected).abs() < ERRORS * error,
            "{name}: {share} is not {expected}"
        );
        let n = lives * expected;
        let is_task = story.acts().any(|act| act.operation == Operation::Import);
        if tells.sizes && (tells.task_sizes || !is_task) {
            let spread = (story.size.mean_square() - story.size.mean().powi(2))
                .max(0.0)
                .sqrt();
            let error = spread / n.sqrt() + 0.002 * story.size.mean();
            let off = (of.size.mean() - story.size.mean()).abs();
            assert!(
                off < ERRORS * error,
                "{name}: sizes of {} are not of {}",
                of.size.mean(),
                story.size.mean()
            );
        }
        if let Some(waits_ns) = tells.waits_ns.filter(|_| tells.shows) {
            let (found, truth) = (waits(of), waits(story));
            assert_eq!(found.len(), truth.len(), "{name}: {found:?}");
            for (found, truth) in found.iter().zip(&truth) {
                let spread = (truth.mean_square() - truth.mean().powi(2)).max(0.0).sqrt();
                let error = ERRORS * spread / n.sqrt() + waits_ns;
                let off = (found.mean() - truth.mean()).abs();
                assert!(off < error, "{name}: {found:?} is not {truth:?}");
            }
        }
    }
    let (rate, truth) = (rate(found), rate(&storm));
    let off = (rate - truth).abs();
    assert!(
        off < ERRORS * truth / lives.sqrt(),
        "{rate}/s is not {truth}/s"
    );
}

/// Arrivals in a second.
fn rate(scenario: &Scenario) -> f64 {
    let Model::Open(arrivals) = &scenario.load.model else {
        panic!("stories arrive");
    };
    arrivals.expected(Span::from_secs(1_000)) / 1_000.0
}

fn assert_storm(found: &Scenario, tells: Tells, requests: &[Request]) {
    let lives = requests
        .iter()
        .filter(|it| it.operation == Operation::Create);
    assert_same(found, logs::STORM, tells, lives.count());
}

#[test]
fn the_storm_comes_out_of_its_history() {
    let folder = tempfile::tempdir().unwrap();
    let requests = logs::storm(folder.path());
    let (scenario, _) = learned(folder.path(), &["storm/history.jsonl"], "learned");
    assert_storm(&scenario, ALL, &requests);
}

#[test]
fn the_storm_comes_out_of_logs_of_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let requests = logs::storm(folder.path());
    // Dates of whole seconds tell waits to a part of a second, and an id that only the next request tells mixes up clients of one address.
    let coarse = Tells {
        waits_ns: Some(200e6),
        ..ALL
    };
    type Format = fn(&Request) -> String;
    let formats: [(&str, Format, Tells); 5] = [
        (
            "uwsgi",
            logs::uwsgi,
            Tells {
                sizes: false,
                ..coarse
            },
        ),
        (
            "nginx",
            logs::nginx,
            Tells {
                task_sizes: false,
                ..coarse
            },
        ),
        (
            "haproxy",
            logs::haproxy,
            Tells {
                sizes: false,
                waits_ns: Some(150e6),
                ..ALL
            },
        ),
        (
            "eventlet",
            logs::eventlet,
            Tells {
                sizes: false,
                waits_ns: Some(150e6),
                ..ALL
            },
        ),
        (
            "notifications",
            logs::notifications,
            Tells {
                shows: false,
                ..ALL
            },
        ),
    ];
    for (name, format, tells) in formats {
        fs::write(folder.path().join(name), logs::log(&requests, format)).unwrap();
        let (scenario, _) = learned(folder.path(), &[name], &format!("{name}-learned"));
        assert_storm(&scenario, tells, &requests);
    }
}

#[test]
fn lines_and_notifications_together_tell_all() {
    let folder = tempfile::tempdir().unwrap();
    let requests = logs::storm(folder.path());
    fs::write(
        folder.path().join("uwsgi.log"),
        logs::log(&requests, logs::uwsgi),
    )
    .unwrap();
    fs::write(
        folder.path().join("glance-api.log"),
        logs::log(&requests, logs::notifications),
    )
    .unwrap();
    let (scenario, screen) = learned(folder.path(), &["uwsgi.log", "glance-api.log"], "learned");
    // A read of the record has no notification, and so no finer date than its line.
    assert_storm(
        &scenario,
        Tells {
            waits_ns: Some(120e6),
            ..ALL
        },
        &requests,
    );
    assert!(
        !screen.contains("oldest that waited"),
        "each create is certain: {screen}"
    );
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

/// However a log is cut up, named and packed, and whatever stands between its lines.
#[test]
fn a_log_in_parts_is_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let requests = logs::storm(here);
    let whole = logs::log(&requests, logs::nginx);
    fs::write(here.join("whole"), &whole).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let part = |from: usize, to: usize| lines[from..to].concat();
    let (a, b) = (lines.len() / 3, lines.len() / 2);
    fs::write(
        here.join("access.log"),
        part(b, lines.len()) + "kanarie 198.51.100.7 says t0ken\n\n",
    )
    .unwrap();
    fs::write(here.join("access.log.1"), part(a, b)).unwrap();
    // Two members, as `cat` of two packed files has them.
    let packed = [gzipped(&part(0, a / 2)), gzipped(&part(a / 2, a))].concat();
    fs::write(here.join("access.log.2.gz"), packed).unwrap();
    learned(here, &["whole"], "of-whole");
    let (_, screen) = learned(
        here,
        &["access.log", "access.log.1", "access.log.2.gz"],
        "of-parts",
    );
    let without_sources = |out: &str| {
        let text = fs::read_to_string(here.join(out).join("scenario.toml")).unwrap();
        text.split_once('\n').unwrap().1.to_owned()
    };
    assert_eq!(without_sources("of-parts"), without_sources("of-whole"));
    assert!(screen.contains("1 line not read"), "{screen}");
}

#[test]
fn a_replay_has_every_arrival_at_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let requests = logs::storm(folder.path());
    fs::write(
        folder.path().join("log"),
        logs::log(&requests, logs::eventlet),
    )
    .unwrap();
    let mut born: Vec<u64> = requests
        .iter()
        .filter(|it| it.operation == Operation::Create)
        .map(|it| it.at)
        .collect();
    born.sort_unstable();
    for (speed, out) in [("1", "once"), ("10", "fast")] {
        let (scenario, _) = learned(folder.path(), &["log", "--replay", "--speed", speed], out);
        let Model::Open(stormglass_model::load::Arrivals::Listed(times)) = &scenario.load.model
        else {
            panic!("a list");
        };
        assert_eq!(times.len(), born.len());
        let speed: f64 = speed.parse().unwrap();
        for (time, at) in times.iter().zip(&born) {
            let expected = (at - born[0]) as f64 / 1e3 / speed;
            // A line has milliseconds of its end, and microseconds of how long it took.
            assert!(
                (time.as_secs_f64() - expected).abs() < 0.002,
                "{time} is not {expected}"
            );
        }
    }
}
