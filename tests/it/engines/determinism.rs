//! The same seed gives the same bytes, whatever the threads; what takes no part changes nothing.

use crate::storms::{path, read, run};
use std::collections::BTreeMap;
use stormglass::Scenario;
use stormglass::StormResult;
use stormglass::{Host, Origin};
use stormglass_model::fault::{Fault, FaultKind, Place};
use stormglass_model::load::Story;
use stormglass_model::units::{Span, Time};

/// Every file of a storm but `run.json`, which tells of the machine as well.
fn files(scenario: &Scenario, result: &StormResult) -> BTreeMap<&'static str, String> {
    let origin = Origin::new(scenario, &path(&scenario.name), &[], Host::this());
    stormglass::files(&origin, result)
        .filter(|(name, _)| *name != "run.json")
        .map(|(name, bytes)| (name, String::from_utf8(bytes.unwrap()).unwrap()))
        .collect()
}

fn hashes(result: &StormResult) -> Vec<u64> {
    let runs = result.runs.iter();
    runs.map(|run| run.event_hash.unwrap()).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    // The second one fills violations.csv as well.
    for name in ["smoke", "defects/late-upload-revives-deleted"] {
        let scenario = read(name, &["replications=6", "load.duration=30s"]);
        let once = run(&scenario, 1);
        assert_eq!(once.runs.len(), 6);
        let (bytes, hash) = (files(&scenario, &once), hashes(&once));
        assert_eq!(bytes.len(), 10);
        for threads in [1, 2, 4] {
            let again = run(&scenario, threads);
            assert_eq!(hashes(&again), hash, "{name} on {threads} threads");
            for (file, text) in files(&scenario, &again) {
                assert!(text == bytes[file], "{name}: {file} differs on {threads}");
            }
        }
        let mut different = hash.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 6, "replications have seeds of their own");
    }
}

#[test]
fn a_replication_is_the_run_with_its_seed() {
    let three = hashes(&run(&read("smoke", &["replications=3", "seed=7"]), 2));
    for (seed, hash) in (7..).zip(three) {
        let alone = run(&read("smoke", &[&format!("seed={seed}")]), 1);
        assert_eq!(hashes(&alone), [hash], "seed {seed}");
    }
}

/// Histories name stories and faults by their position, so what is added goes to the end.
#[test]
fn what_takes_no_part_changes_nothing() {
    let plain = read("store-chaos", &["load.arrivals.rate=2/s"]);
    let before = run(&plain, 1);

    let mut never = plain.clone();
    never.stories.push(Story {
        name: "never told".into(),
        weight: 0.0,
        ..plain.stories[0].clone()
    });
    let end = Time::ZERO + plain.load.duration.unwrap();
    never.faults.push(Fault {
        name: "never opens".into(),
        place: Place::Api,
        kind: FaultKind::Stall,
        from: end + Span::from_secs(1),
        to: None,
    });
    let after = run(&never, 1);
    assert_eq!(hashes(&after), hashes(&before));
    assert!(files(&never, &after) == files(&plain, &before));
}

#[test]
fn a_fault_that_opens_and_strikes_nobody_reshuffles_nobody() {
    let plain = read("store-chaos", &["load.arrivals.rate=2/s"]);
    let before = run(&plain, 1);
    let mut struck = plain.clone();
    for (place, kind) in [
        (Place::StorePut, FaultKind::Error { probability: 0.0 }),
        (
            Place::RegistryCommit,
            FaultKind::Latency { add: Span::ZERO },
        ),
    ] {
        let fault = Fault {
            name: format!("harmless at {place}"),
            place,
            kind,
            from: Time(1),
            to: None,
        };
        struck.faults.insert(0, fault);
    }
    let after = run(&struck, 1);
    assert_ne!(
        hashes(&after),
        hashes(&before),
        "openings are in the history"
    );
    assert!(files(&struck, &after) == files(&plain, &before));
}
