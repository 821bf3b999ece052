//! What is planted is found, and under its own name.

use super::{broken_by, path, random_storms, read, run};
use stormglass::StormResult;
use stormglass::Target;
use stormglass_model::config::{Defect, Defects};
use stormglass_model::lifecycle::{Invariant, Verdict};

fn found(result: &StormResult, invariant: Invariant) -> bool {
    (result.runs.iter()).any(|run| run.violation_counts[invariant.index()] > 0)
}

#[test]
fn every_planted_defect_is_found_and_nothing_else_is() {
    for &defect in Defect::ALL {
        let name = format!("defects/{defect}");
        let planted = run(&read(&name, &[]), 2);
        assert_eq!(planted.verdict, Verdict::Invalid, "{defect} is not found");
        let breaks = broken_by(defect);
        let first = &planted.runs[0].violations[0];
        assert!(
            found(&planted, breaks),
            "{defect} breaks {breaks}, but is found as {first:?}"
        );
        let healthy = run(&read(&name, &["service.defects=[]"]), 2);
        assert_eq!(
            (healthy.verdict, healthy.runs[0].violations.first()),
            (Verdict::Valid, None),
            "{defect} is found where it is not planted"
        );
    }
}

#[test]
fn every_invariant_is_broken_by_some_defect_and_every_file_says_which() {
    let embedded = |invariant: &&Invariant| **invariant != Invariant::Answer;
    for &invariant in Invariant::ALL.iter().filter(embedded) {
        assert!(
            Defect::ALL
                .iter()
                .any(|defect| broken_by(*defect) == invariant),
            "no defect breaks {invariant}"
        );
    }
    for &defect in Defect::ALL {
        let text = std::fs::read_to_string(path(&format!("defects/{defect}"))).unwrap();
        let found_as = format!("# The checker reports `{}`", broken_by(defect));
        assert!(
            text.contains(&found_as),
            "{defect} does not say: {found_as}"
        );
    }
}

/// The scenarios above lead up to their defects; these storms know nothing of them.
#[test]
fn random_storms_find_every_defect_as_well() {
    for &defect in Defect::ALL {
        let finds = |seed| {
            let mut storm = random_storms::storm(seed);
            if let Target::Embedded(service) = &mut storm.target {
                service.defects = Defects::from_iter([defect]);
            }
            found(&run(&storm, 1), broken_by(defect))
        };
        let seeds = 0..40;
        assert!(
            seeds.clone().any(finds),
            "{defect} breaks {}, which no seed of {seeds:?} shows",
            broken_by(defect)
        );
    }
}
