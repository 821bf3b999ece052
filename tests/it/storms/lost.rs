//! Runs that end as soon as a demand cannot hold any more, as those of a search do.

use super::{demands, random_storms, run};
use std::num::NonZeroU32;
use stormglass::{
    Aggregate, Comparison, Model, Scenario, StormResult, Threshold, ThresholdSubject,
};
use stormglass_model::lifecycle::{Operation, Verdict};
use stormglass_model::units::Span;

/// Demands that the storm of a result just meets: each bound is what was measured.
fn just_met(storm: &Scenario, met: &StormResult) -> Vec<Threshold> {
    const KINDS: [Aggregate; 5] = [
        Aggregate::Percentile(50.0),
        Aggregate::Percentile(99.0),
        Aggregate::Mean,
        Aggregate::Max,
        Aggregate::ErrorRate,
    ];
    let mut demands = Vec::new();
    for row in met.runs.iter().flat_map(|run| &run.operations) {
        for aggregate in KINDS {
            demands.push(demand(
                ThresholdSubject::Operation(row.operation),
                aggregate,
            ));
        }
    }
    for row in met.runs.iter().flat_map(|run| &run.transitions) {
        for aggregate in &KINDS[..4] {
            demands.push(demand(ThresholdSubject::Transition(row.key), *aggregate));
        }
    }
    let mut judged = storm.clone();
    judged.thresholds = demands;
    let measured = run(&judged, 2).thresholds.into_iter();
    let bounded = measured.filter_map(|it| {
        Some(Threshold {
            bound: it.value?,
            ..it.threshold
        })
    });
    bounded.collect()
}

fn demand(subject: ThresholdSubject, aggregate: Aggregate) -> Threshold {
    Threshold {
        key: String::new(),
        expression: String::new(),
        phase: None,
        story: None,
        subject,
        aggregate,
        comparison: Comparison::LessOrEqual,
        bound: 0.0,
        windows: None,
    }
}

/// Queues, faults, refusals and rivals of every kind: what holds in the end is never given up before it.
#[test]
fn a_demand_that_holds_is_never_lost() {
    let mut judged = 0;
    for seed in 0..100 {
        let mut storm = random_storms::storm(seed);
        let whole = run(&storm, 2);
        storm.thresholds = just_met(&storm, &whole);
        storm.ends_when_lost = true;
        let result = run(&storm, 2);
        let unmet = result.thresholds.iter().find(|it| !it.met);
        assert!(unmet.is_none(), "seed {seed}: {unmet:?}");
        assert!(!result.runs[0].lost, "seed {seed}");
        if matches!(storm.load.model, Model::Open(_)) {
            judged += storm.thresholds.len();
        }
    }
    assert!(judged > 1_000, "only {judged} demands");
}

/// Ten uploads a second of which one store slot does five: after a few seconds all of them are too late.
#[test]
fn a_run_that_cannot_be_good_any_more_ends() {
    let storm = |demand: &str, rate: &str| {
        let mut storm = demands::scenario(&format!(
            "[service.store]\nslots = 1\nput = \"200ms\"\n\
             [load]\narrivals = {{ rate = \"{rate}\", spacing = \"even\" }}\nduration = \"1000s\"\nwarm_up = \"100s\"\n\
             [[story]]\nname = \"up\"\nsize = \"0B\"\nsteps = [\"create\", \"upload\"]\n[thresholds]\n{demand}\n"
        ));
        storm.replications = NonZeroU32::MIN;
        storm.ends_when_lost = true;
        run(&storm, 1)
    };
    // The 100 s of warm-up leave 100 s of work, so that every upload that is judged takes longer than a minute. There are 9,000 at
    // most, but for chance: 91 that are done are enough, which takes 18 s, and the first is done at 200 s.
    for demand in [
        "upload = [\"p(99) < 1m\"]",
        "upload = [\"mean < 1s\"]",
        "upload = [\"max < 30s\"]",
        "\"saving->active\" = [\"count >= 0\"]\nupload = [\"p(90) < 5s\"]",
    ] {
        let lost = storm(demand, "10/s");
        let run = &lost.runs[0];
        assert!(run.lost, "{demand}");
        assert!(
            run.length() < Span::from_secs(500),
            "{demand}: {}",
            run.length()
        );
        assert_eq!(run.verdict, Verdict::Unknown, "{demand}");
    }
    let slow = storm("upload = [\"max < 1m\"]", "4/s");
    assert!(!slow.runs[0].lost);
    assert_eq!(slow.verdict, Verdict::Valid);
    // What can be met again is never given up.
    let few = storm("upload = [\"rate > 100/s\", \"count < 1\"]", "4/s");
    assert!(!few.runs[0].lost && !few.thresholds_met());
    let uploads = |result: &StormResult| {
        let rows = result.runs[0].operations.iter();
        let mine = rows.filter(|row| row.operation == Operation::Upload);
        mine.map(|row| row.response.count()).sum::<u64>()
    };
    assert_eq!(uploads(&few), 4_000);
}

/// Nothing is waited for, so that what is open stays so.
#[test]
fn a_settle_of_no_length_ends_at_once() {
    let storm = demands::run(
        "[service.store]\nslots = 1\nput = \"20s\"\n[load]\narrivals = { rate = \"1/s\", spacing = \"even\" }\n\
         duration = \"10s\"\n[settle]\nfor = \"0s\"\n\
         [[story]]\nname = \"up\"\nsize = \"0B\"\nsteps = [\"create\", \"upload\"]\n",
    );
    assert_eq!(storm.verdict, Verdict::Unknown);
    assert_eq!(storm.runs[0].length(), Span::from_secs(10));
}
