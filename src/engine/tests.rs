//! Two engines, one core: whatever carries the messages, the same things happen.

use super::actor::Runtime;
use super::actor_table::ActorTable;
use super::driver::Share;
use super::live::Live;
use super::progress::Progress;
use super::storm::Storm;
use super::virtual_time::Virtual;
use crate::metrics::{Responses, RunResult, Tally};
use crate::scenario::{self, Target};
use std::path::Path;
use std::sync::Arc;
use stormglass_model::service::Service;

/// The storm of a shipped scenario in virtual time, at its end, its actors in a runtime.
fn storm<S: Runtime>(name: &str, overrides: &[&str]) -> Storm<Service<ActorTable<S>>, S> {
    storm_watched(name, overrides, &Arc::default(), |_| {})
}

/// The same, and what is done each time it shows itself.
fn storm_watched<S: Runtime>(
    name: &str,
    overrides: &[&str],
    progress: &Arc<Progress>,
    mut look: impl FnMut(&Progress),
) -> Storm<Service<ActorTable<S>>, S> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.toml"));
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    let scenario = scenario::read(&file, &overrides).unwrap();
    let Target::Embedded(config) = &scenario.target else {
        panic!("{name} is embedded");
    };
    let config = config.as_ref().clone();
    let mut storm = Storm::embedded(&scenario, 1, Share::WHOLE, config, progress);
    while !storm.is_over() {
        storm.run_virtual(1_000);
        if progress.tally().is_some() {
            progress.ask();
            storm.show(progress);
            look(progress);
        }
    }
    storm
}

fn result<S: Runtime>(name: &str, overrides: &[&str]) -> Box<RunResult> {
    storm::<S>(name, overrides).finish().unwrap()
}

/// Their subjects and tasks take every edge but those of v1, and faults of every kind are in their way.
#[test]
fn a_storm_in_virtual_time_does_not_notice_that_its_actors_have_mailboxes() {
    for (name, overrides) in [
        ("store-chaos", &["load.arrivals.rate=1/s"][..]),
        ("smoke", &["replications=1"]),
        ("deactivation", &["replications=1"]),
    ] {
        let calls = result::<Virtual>(name, overrides);
        let mail = actix::System::new().block_on(async { result::<Live>(name, overrides) });
        assert!(calls.event_hash.is_some());
        assert_eq!(calls.event_hash, mail.event_hash, "{name}");
        assert_eq!(calls.transition_total(), mail.transition_total());
        assert!(
            mail.end.events > calls.end.events,
            "envelopes count as events"
        );
    }
}

/// Memory is for those alive: ten at once here, whatever the number that ever lived.
#[test]
fn slots_of_the_dead_are_used_again() {
    let few = ["service.delayed_delete=false", "load.max_in_flight=10"];
    let mut storm = storm::<Virtual>("thundering-herd", &few);
    assert_eq!(storm.driver.slots.high_water(), 10);
    let arrivals = storm.finish().unwrap().end.arrivals;
    assert!(arrivals > 5_000, "{arrivals}");
}

/// Looks come in the middle of intervals, at the end of phases and while faults are open.
#[test]
fn who_watches_a_run_changes_nothing_of_its_results() {
    let settings = ["load.arrivals.rate=1/s"];
    let alone = result::<Virtual>("store-chaos", &settings);
    let progress = Arc::new(Progress::tallied());
    let mut looks = 0;
    let mut storm = storm_watched::<Virtual>("store-chaos", &settings, &progress, |_| looks += 1);
    let watched = storm.finish().unwrap();
    assert!(looks > 50, "{looks} looks");
    assert_eq!(watched.event_hash, alone.event_hash);
    assert_eq!(watched.timeline, alone.timeline);
    assert_eq!(watched.end, alone.end);
}

/// Nothing is counted twice or left out, whenever one looks, and no counter ever goes down.
#[test]
fn a_tally_is_exact_at_the_end_and_only_grows_until_then() {
    let counts = |tally: &Tally| {
        let figures = &tally.figures;
        let of = |it: &Responses| it.count();
        let answered = tally.operations.iter().flat_map(|it| &it.responses).map(of);
        let begun = tally.operations.iter().map(|it| it.begun);
        let figures = [
            figures.time_ns,
            figures.due,
            figures.started,
            figures.dropped,
        ];
        let all = answered
            .chain(begun)
            .chain(tally.transitions.iter().copied());
        all.chain(figures).collect::<Vec<u64>>()
    };
    let progress = Arc::new(Progress::tallied());
    let mut before = counts(&Tally::default());
    let settings = ["load.arrivals.rate=1/s", "load.max_in_flight=20"];
    let look = |progress: &Progress| {
        let tally = progress.tally().unwrap();
        let now = counts(&tally);
        assert!(before.iter().zip(&now).all(|(before, now)| before <= now));
        let begun: u64 = tally.operations.iter().map(|it| it.begun).sum();
        let answered = tally.operations.iter().flat_map(|it| &it.responses);
        let answered: u64 = answered.map(Responses::count).sum();
        assert_eq!(begun - answered, tally.figures.in_flight);
        before = now;
    };
    let mut storm = storm_watched::<Virtual>("store-chaos", &settings, &progress, look);
    let result = storm.finish().unwrap();
    let tally = progress.tally().unwrap();
    for row in &result.operations {
        let alike = result.operations.iter();
        let alike = alike.filter(|it| (it.operation, it.outcome) == (row.operation, row.outcome));
        let responses = &tally.operations[row.operation.index()].responses[row.outcome.index()];
        let count: u64 = alike.map(|it| it.response.count()).sum();
        assert_eq!(
            responses.count(),
            count,
            "{} {}",
            row.operation,
            row.outcome
        );
    }
    let transitions: u64 = tally.transitions.iter().sum();
    assert_eq!(transitions, result.transition_total());
    let figures = &tally.figures;
    assert_eq!(figures.started, result.end.arrivals);
    assert!(figures.dropped > 0, "the cap was to be felt");
    assert_eq!(
        figures.due,
        figures.started + figures.dropped,
        "nothing is late in virtual time"
    );
    assert_eq!((figures.in_flight, figures.time_ns), (0, result.end.at.0));
    assert_eq!(tally.runs_ended, 1);
}
