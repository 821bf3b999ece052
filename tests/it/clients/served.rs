//! Histories that the embedded service made, in a sweep of it.

use super::falsified::Count;
use super::server::World as Server;
use std::sync::Arc;
use stormglass::engine::progress::Progress;
use stormglass::sweep::{EmbeddedStand, Stand, World, plan};
use stormglass_model::checker::concurrent::Rules;
use stormglass_model::config::{Rules as Profiles, ServiceConfig};
use stormglass_model::lifecycle::Operation;
use stormglass_model::random::Seed;
use stormglass_model::script::{Script, Step};

/// What a sweep runs: one operation after the other, and races of two.
fn scripts() -> [Vec<Script>; 2] {
    let all = Operation::ALL.iter().copied();
    let cells = plan(&World {
        glance: false,
        operations: all
            .filter(|operation| !operation.row().only_glance)
            .collect(),
        others: Vec::new(),
        commands: Vec::new(),
    });
    let is_race = |step: &Step| matches!(step, Step::Race { .. });
    let scripts = cells.into_iter().map(|cell| cell.script);
    let (races, singles) = scripts.partition(|script| script.steps().iter().any(is_race));
    [singles, races]
}

/// Data at a location is nobody's to know, so even here not everything false can be noticed.
#[test]
fn a_false_read_of_the_embedded_service_is_noticed() {
    let mut counts = [Count::default(), Count::default()];
    for (rules, delayed) in [
        (Profiles::V1, false),
        (Profiles::V1, true),
        (Profiles::V2, false),
        (Profiles::V2, true),
    ] {
        let config = ServiceConfig {
            rules,
            delayed_delete: delayed,
            ..ServiceConfig::default()
        };
        let profile = rules.profile();
        let server = Server {
            profile,
            delayed,
            defect: None,
        };
        let mut stand = EmbeddedStand::new(&config, Seed(11), Arc::new(Progress::default()));
        for (scripts, count) in scripts().iter().zip(&mut counts) {
            for (trial, number) in stand.run(scripts, 0).into_iter().zip(0..) {
                for again in 0..4 {
                    let history = trial.history.clone();
                    let seed = Seed(number).numbered(again);
                    count.add(&server, &Rules::embedded(profile, delayed), history, seed);
                }
            }
        }
    }
    for count in counts {
        assert!(count.of_all() >= 0.95, "{count}");
    }
}
