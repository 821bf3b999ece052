//! Two engines, one core: whatever carries the messages, the same things happen.

use super::actor::Runtime;
use super::actor_table::ActorTable;
use super::driver::Share;
use super::live::Live;
use super::storm::Storm;
use super::virtual_time::Virtual;
use crate::metrics::RunResult;
use crate::scenario::{self, Target};
use std::path::Path;
use std::sync::Arc;
use stormglass_model::service::Service;

/// The storm of a shipped scenario in virtual time, at its end, its actors in a runtime.
fn storm<S: Runtime>(name: &str, overrides: &[&str]) -> Storm<Service<ActorTable<S>>, S> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.toml"));
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    let scenario = scenario::read(&file, &overrides).unwrap();
    let Target::Embedded(config) = &scenario.target else {
        panic!("{name} is embedded");
    };
    let config = config.as_ref().clone();
    let mut storm = Storm::embedded(&scenario, 1, Share::WHOLE, config, &Arc::default());
    while !storm.is_over() {
        storm.run_virtual(1_000);
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
