//! The checker against histories it has never seen: every legal one is accepted, every corrupted one is not.

mod corrupt;
mod invariants;
mod model;
mod removals;
mod swaps;

use corrupt::{corruptions, harmless};
use model::{History, Item, history};
use proptest::prelude::*;
use std::collections::BTreeSet;
use stormglass_model::checker::online::{Checker, Judgement};
use stormglass_model::history::{Event, Record};
use stormglass_model::lifecycle::{
    EDGES, Invariant, Operation, Outcome, Profile, SubjectStatus, Verdict,
};

fn judge(history: &History) -> Judgement {
    let mut checker = Checker::new(history.rules);
    for item in &history.items {
        match item {
            Item::Record(record) => checker.record(record),
            Item::Gauges(gauges) => checker.gauges(gauges),
        }
    }
    for audit in &history.audits {
        checker.audit(audit);
    }
    checker.finish(history.end)
}

fn profile() -> impl Strategy<Value = Profile> {
    prop_oneof![Just(Profile::V1), Just(Profile::V2)]
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A few of the records before a violation: enough to see why.
fn excerpt(history: &History, judgement: &Judgement) -> String {
    let subject = judgement.violations.first().and_then(|first| first.subject);
    let of_subject = history.items.iter().filter(|item| match item {
        Item::Record(Record::Subject { subject: id, .. }) => Some(id.number) == subject,
        Item::Record(Record::Fault { .. }) => false,
        Item::Gauges(_) => subject.is_none(),
    });
    let lines: Vec<String> = of_subject.map(|item| format!("{item:?}")).collect();
    format!("{:#?}\n{}", judgement.violations.first(), lines.join("\n"))
}

proptest! {
    #![proptest_config(cases(3_000))]

    #[test]
    fn legal_histories_are_accepted(
        seed: u64, profile in profile(), delayed: bool, steps in 0..600_usize
    ) {
        let legal = history(seed, profile, delayed, steps);
        let judgement = judge(&legal);
        prop_assert_eq!(judgement.verdict, Verdict::Valid, "{}", excerpt(&legal, &judgement));
    }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn corrupted_histories_are_rejected(
        seed: u64, profile in profile(), delayed: bool, steps in 20..250_usize
    ) {
        let legal = history(seed, profile, delayed, steps);
        for corruption in corruptions(&legal, seed as usize % 1_009) {
            let judgement = judge(&corruption.of(&legal));
            let found = judgement.verdict != Verdict::Valid;
            prop_assert!(found, "{:?} was not found in {:#?}", corruption, legal.items);
        }
        for corruption in harmless(&legal) {
            let spoiled = corruption.of(&legal);
            let judgement = judge(&spoiled);
            prop_assert_eq!(judgement.verdict, Verdict::Valid, "{}", excerpt(&spoiled, &judgement));
        }
    }
}

/// Acceptance means nothing if the histories are tame: they take every edge and end every operation every way.
#[test]
fn the_legal_histories_are_not_tame() {
    let mut edges = BTreeSet::new();
    let mut ends = BTreeSet::new();
    let mut slots_used_again = 0;
    for seed in 0..300 {
        let profile = [Profile::V1, Profile::V2][seed as usize % 2];
        for item in history(seed, profile, seed % 3 > 0, 500).items {
            let Item::Record(Record::Subject { subject, event, .. }) = item else {
                continue;
            };
            slots_used_again += u64::from(u64::from(subject.slot) != subject.number);
            match event {
                Event::Moved { from, to, .. } => drop(edges.insert((profile.name(), from, to))),
                Event::Completed {
                    operation, outcome, ..
                } => {
                    ends.insert((operation, outcome));
                }
                _ => {}
            }
        }
    }
    for profile in [Profile::V1, Profile::V2] {
        // The edge out of killed is everybody's, but only the v1 rules lead there.
        let leads_there = |from| from != Some(SubjectStatus::Killed) || profile == Profile::V1;
        let edges_of = EDGES.iter().filter(|edge| edge.allowed_by(profile));
        for edge in edges_of.filter(|edge| leads_there(edge.from)) {
            assert!(
                edges.contains(&(profile.name(), edge.from, edge.to)),
                "{profile}: {edge:?}"
            );
        }
    }
    for &operation in model::OPERATIONS {
        let aborted = operation == Operation::AbortUpload;
        let end = if aborted { Outcome::Fail } else { Outcome::Ok };
        assert!(ends.contains(&(operation, end)), "{operation}");
        assert!(
            operation.creates() || ends.contains(&(operation, Outcome::Refused)),
            "{operation}"
        );
    }
    assert!(slots_used_again > 1_000);
}

/// Corruption finds every invariant but the two that need a planted cause; those have tests of their own.
#[test]
fn corruptions_break_every_invariant() {
    let mut counts = [0_u64; Invariant::COUNT];
    for seed in 0..40 {
        let legal = history(seed, Profile::V2, true, 250);
        for corruption in corruptions(&legal, seed as usize) {
            let judgement = judge(&corruption.of(&legal));
            for (sum, count) in counts.iter_mut().zip(judgement.counts) {
                *sum += count;
            }
        }
    }
    let embedded = |invariant: &&Invariant| **invariant != Invariant::Answer;
    for &invariant in Invariant::ALL.iter().filter(embedded) {
        assert!(counts[invariant.index()] > 0, "{invariant}");
    }
}
