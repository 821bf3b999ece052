//! Two engines, one core: whatever carries the messages, the same things happen.

use super::actor::Runtime;
use super::driver::Share;
use super::embedded;
use super::live::Live;
use super::nemesis::{NemesisMessage, NemesisReply};
use super::recorder::{RecorderMessage, RecorderReply};
use super::storm::{Controls, Storm};
use super::virtual_time::Virtual;
use crate::metrics::RunResult;
use crate::scenario::{self, Scenario, Target};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use stormglass_model::config::ServiceConfig;
use stormglass_model::history::Record;

/// A shipped scenario, and its service.
fn shipped(name: &str, overrides: &[&str]) -> (Scenario, ServiceConfig) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.toml"));
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    let scenario = scenario::read(&file, &overrides).unwrap();
    let Target::Embedded(config) = &scenario.target else {
        panic!("{name} is embedded");
    };
    let config = config.as_ref().clone();
    (scenario, config)
}

/// A whole storm in virtual time, its actors in a runtime.
fn storm<S: Runtime>(name: &str, overrides: &[&str]) -> Box<RunResult> {
    let (scenario, config) = shipped(name, overrides);
    let mut storm = embedded::storm::<S>(&scenario, config, 1, Share::WHOLE, &Arc::default());
    while !storm.is_over() {
        storm.run_virtual(1_000);
    }
    storm.finish().unwrap()
}

/// Their subjects and tasks take every edge but those of v1, and faults of every kind are in their way.
#[test]
fn a_storm_in_virtual_time_does_not_notice_that_its_actors_have_mailboxes() {
    for (name, overrides) in [
        ("store-chaos", &["load.arrivals.rate=1/s"][..]),
        ("smoke", &["replications=1"]),
        ("deactivation", &["replications=1"]),
    ] {
        let calls = storm::<Virtual>(name, overrides);
        let mail = actix::System::new().block_on(async { storm::<Live>(name, overrides) });
        assert!(calls.event_hash.is_some());
        assert_eq!(calls.event_hash, mail.event_hash, "{name}");
        assert_eq!(calls.transition_total(), mail.transition_total());
        assert_eq!(calls.resources, mail.resources);
        assert!(
            mail.end.events > calls.end.events,
            "envelopes count as events"
        );
    }
}

/// Takes the place of the recorder, and only looks at slots.
#[derive(Default)]
struct Witness {
    subjects: BTreeSet<u64>,
    highest_slot: u32,
}

impl Controls for &mut Witness {
    fn recorder(&mut self, message: RecorderMessage) -> RecorderReply {
        if let RecorderMessage::Records(records) = message {
            for record in records {
                if let Record::Subject { subject, .. } = record {
                    self.subjects.insert(subject.number);
                    self.highest_slot = self.highest_slot.max(subject.slot);
                }
            }
        }
        RecorderReply::default()
    }

    fn nemesis(&mut self, _: NemesisMessage) -> NemesisReply {
        NemesisReply::default()
    }
}

/// Memory is for those alive: ten at once here, whatever the number that ever lived.
#[test]
fn slots_of_the_dead_are_used_again() {
    let few = ["service.delayed_delete=false", "load.max_in_flight=10"];
    let (scenario, config) = shipped("thundering-herd", &few);
    let mut witness = Witness::default();
    let seed = scenario.seed;
    let target = embedded::service::<Virtual>(&scenario, config, seed);
    let mut storm = Storm::new(&scenario, seed, Share::WHOLE, target, &mut witness);
    while !storm.is_over() {
        storm.run_virtual(1_000);
    }
    storm.finish();
    assert!(witness.subjects.len() > 5_000, "{}", witness.subjects.len());
    assert_eq!(witness.highest_slot, 9);
}
