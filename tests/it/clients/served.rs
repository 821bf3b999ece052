//! Histories that the embedded service made, in a sweep of it.

use super::falsified::Count;
use super::server::World as Server;
use std::sync::Arc;
use stormglass::{EmbeddedTestBed, TestBed};
use stormglass_model::checker::concurrent::Rules;
use stormglass_model::config::{FailureRule, ServiceConfig};
use stormglass_model::lifecycle::Operation;
use stormglass_model::random::Seed;
use stormglass_model::script::Script;

/// Two operations in every status, one after the other, and racing.
fn scripts() -> [Vec<Script>; 2] {
    let later = || {
        let all = Operation::ALL.iter();
        all.filter(|operation| !operation.creates() && !operation.row().only_glance)
    };
    let parsed = |text: String| text.parse::<Script>().unwrap();
    let (mut singles, mut races) = (Vec::new(), Vec::new());
    for base in ["create", "create upload", "create upload deactivate"] {
        for first in later() {
            for second in later() {
                singles.push(parsed(format!("{base} {first} {second}")));
                for point in ["before", "mid-body", "answer"] {
                    races.push(parsed(format!("{base} [{first} {point} {second}]")));
                }
            }
        }
    }
    [singles, races]
}

/// Data at a location is nobody's to know, so even here not everything false can be noticed.
#[test]
fn a_false_read_of_the_embedded_service_is_noticed() {
    let mut counts = [Count::default(), Count::default()];
    for (rules, delayed) in [
        (FailureRule::V1, false),
        (FailureRule::V1, true),
        (FailureRule::V2, false),
        (FailureRule::V2, true),
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
        let mut bed = EmbeddedTestBed::new(&config, Seed(11), Arc::default());
        for (scripts, count) in scripts().iter().zip(&mut counts) {
            for (trial, number) in bed.run(scripts, 0).into_iter().zip(0..) {
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
