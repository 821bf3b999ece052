//! The sweep of the embedded service: no alarm where nothing is wrong, and what is planted is found.

use super::plan::Case;
use super::{Budget, EmbeddedTestBed, TestBed, World, plan, sweep};
use crate::engine::Progress;
use std::collections::BTreeSet;
use std::sync::Arc;
use stormglass_model::config::{Defect, Defects, Rules, ServiceConfig};
use stormglass_model::lifecycle::{Operation, Verdict};
use stormglass_model::random::Seed;
use stormglass_model::script::Script;

fn cases() -> Vec<Case> {
    let all = Operation::ALL.iter().copied();
    plan(&World {
        glance: false,
        operations: all.filter(|operation| !operation.is_glances()).collect(),
        others: Vec::new(),
        commands: Vec::new(),
    })
}

fn bed(config: &ServiceConfig) -> EmbeddedTestBed {
    EmbeddedTestBed::new(config, Seed(7), Arc::new(Progress::default()))
}

#[test]
fn the_embedded_service_raises_no_alarm() {
    for rules in [Rules::V1, Rules::V2] {
        for delayed_delete in [false, true] {
            let config = ServiceConfig {
                rules,
                delayed_delete,
                ..ServiceConfig::default()
            };
            let cases = cases();
            let budget = Budget::start(None, Arc::new(Progress::default()));
            let (mut ledger, ran) = sweep(&mut bed(&config), &cases, &budget);
            assert_eq!(ran as usize, cases.len());
            assert_eq!(ledger.totals(), (cases.len() as u64, 0));
            assert_eq!(ledger.findings(Script::to_string), []);
        }
    }
}

/// It strikes every seventh operation of a service, and a script is the first of its own.
const MISSED: [Defect; 1] = [Defect::LostCreate];

#[test]
fn what_is_planted_is_found() {
    let scripts: Vec<Script> = cases().into_iter().map(|case| case.script).collect();
    let mut missed = BTreeSet::new();
    for &defect in Defect::ALL {
        let config = ServiceConfig {
            delayed_delete: defect == Defect::ScrubTooEarly,
            defects: Defects::from_iter([defect]),
            ..ServiceConfig::default()
        };
        let mut bed = bed(&config);
        let found = scripts.chunks(50).zip(0..).any(|(scripts, round)| {
            let trials = bed.run(scripts, round);
            trials.iter().any(|trial| trial.verdict == Verdict::Invalid)
        });
        if !found {
            missed.insert(defect);
        }
    }
    assert_eq!(missed, MISSED.into_iter().collect());
}
