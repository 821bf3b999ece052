//! What a storm is told to have come to: its exit code and its summary say what a careful colleague would.

use crate::report::sample::origin;
use std::path::Path;
use stormglass::{Conclusion, Host, Origin, Scenario, StormResult, summary};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus};
use stormglass_model::units::Span;

/// A scenario of one story, with these lines in place of its own.
fn scenario(lines: &str) -> Scenario {
    let text = format!("schema = 1\nname = \"told\"\n{lines}");
    stormglass::parse("told", &text, Path::new("."), &[])
        .unwrap_or_else(|mistakes| panic!("{}", mistakes.plain()))
}

fn run(lines: &str) -> StormResult {
    super::run(&scenario(lines), 1)
}

fn told(result: &StormResult) -> String {
    summary(&origin(), result, None, false).replace("\n  ", " ")
}

const UPLOAD: &str = "[[story]]\nname = \"x\"\nsize = \"0B\"\nsteps = [\"create\", \"upload\"]\n";

#[test]
fn load_that_was_dropped_is_told_unless_a_threshold_judges_it() {
    let storm = format!(
        "[service.store]\nslots = 4\nput = {{ exponential = {{ mean = \"1s\" }} }}\n\
         [load]\narrivals = {{ rate = \"4/s\" }}\nduration = \"10m\"\nmax_in_flight = 4\n{UPLOAD}\
         [thresholds]\nupload = [\"error_rate < 1%\"]\n"
    );
    let judged = |demand: &str| run(&format!("{storm}{demand}")).conclusion();
    assert_eq!(judged(""), Conclusion::LoadNotOffered);
    assert_eq!(judged("dropped = [\"rate < 40%\"]"), Conclusion::Good);
    assert_eq!(
        judged("dropped = [\"rate < 20%\"]"),
        Conclusion::ThresholdFailed
    );
    assert_eq!(
        judged("dropped = [\"count < 10\"]"),
        Conclusion::ThresholdFailed
    );
    let text = told(&run(&storm));
    assert!(
        text.starts_with("! valid, but not the load that was asked for: 3"),
        "{text}"
    );
}

/// Rows of a second, joined beyond 1,024: the heavy load of the warm-up is in no row of the load.
#[test]
fn joined_intervals_do_not_cross_the_end_of_a_phase() {
    let result = run(&format!(
        "[service.store]\nslots = 1\nput = \"1ms\"\n[load]\n\
         arrivals = {{ rate = \"100/s\", spacing = \"even\" }}\n\
         ramp = [{{ for = \"1000.5s\", to = \"100/s\" }}, {{ for = \"0s\", to = \"0/s\" }}]\n\
         duration = \"3000s\"\nwarm_up = \"1001s\"\n{UPLOAD}[report]\ninterval = \"1s\"\n"
    ));
    let run = &result.runs[0];
    assert!(run.timeline.len() < 2_000, "{} rows", run.timeline.len());
    let rows = run.phase_rows();
    assert_eq!(rows[0].end.arrivals, 100_050);
    assert_eq!(rows[1].before.arrivals, 100_050);
}

/// All workers of the scrubber wait for slots: it is slots that are short, and for whom.
#[test]
fn a_pool_that_only_waits_for_another_is_not_the_bottleneck() {
    let result = run(
        "[service]\ndelayed_delete = true\nscrub_time = \"1m\"\nscrub_interval = \"10s\"\nscrub_workers = 4\n\
         [service.store]\nslots = 2\nput = \"800ms\"\ndelete = \"800ms\"\n[load]\n\
         arrivals = { rate = \"1.5/s\" }\nduration = \"1h\"\n\
         [[story]]\nname = \"x\"\nsize = \"1MiB\"\nsteps = [\"create\", \"upload\", \"delete\"]\n",
    );
    let text = told(&result);
    assert!(
        text.contains(" short: store.slots, at least 3 needed; mean wait"),
        "{text}"
    );
    assert!(text.contains("of requests and scrubs"), "{text}");
    assert!(
        text.contains("still growing when the load ended: "),
        "{text}"
    );
}

#[test]
fn a_long_upload_may_end_before_thresholds_are_judged() {
    let storm = format!(
        "[service.store]\nput = \"1h\"\n[load]\narrivals = {{ rate = \"1/m\" }}\nduration = \"10m\"\n{UPLOAD}\
         [thresholds]\nupload = [\"p(99) < 30m\"]\n"
    );
    assert_eq!(run(&storm).conclusion(), Conclusion::ThresholdFailed);
    let hasty = run(&format!("{storm}[settle]\nfor = \"2m\"\n"));
    assert_eq!(hasty.conclusion(), Conclusion::Unknown);
    let text = told(&hasty);
    assert!(
        text.contains("[settle] for = \"4m\" gives them longer"),
        "{text}"
    );
}

#[test]
fn deletes_that_are_overdue_at_the_end_leave_the_verdict_unknown() {
    let result = run(
        "[service]\ndelayed_delete = true\nscrub_time = \"1m\"\nscrub_interval = \"1m\"\nscrub_workers = 1\n\
         [service.store]\ndelete = \"10s\"\n[load]\narrivals = { rate = \"1/s\" }\nduration = \"6h\"\n\
         [[story]]\nname = \"x\"\nsize = \"1MiB\"\nsteps = [\"create\", \"upload\", \"delete\"]\n",
    );
    let text = told(&result);
    assert_eq!(result.conclusion(), Conclusion::Unknown, "{text}");
    assert!(
        text.starts_with("? unknown: scrub_workers was short in load"),
        "{text}"
    );
    assert!(
        text.contains("deletes were still not scrubbed although they were due"),
        "{text}"
    );
}

/// An operation belongs to the phase in which it was due, however long it takes.
#[test]
fn an_operation_belongs_to_the_phase_in_which_it_was_due() {
    let result = run(&format!(
        "[service.store]\nput = \"10s\"\n[load]\nusers = 1\nsubjects = 1\nduration = \"30s\"\n{UPLOAD}\
         [[phase]]\nname = \"late\"\nfrom = \"5s\"\n"
    ));
    let run = &result.runs[0];
    let upload = run
        .operations
        .iter()
        .find(|row| row.operation == Operation::Upload)
        .unwrap();
    assert_eq!(run.phases[upload.phase].name, "load");
    assert_eq!(upload.response.max(), Span::from_secs(10));
}

/// As long as the store is full, no upload comes in, and then every one does.
#[test]
fn a_full_store_takes_nothing() {
    let result = run(
        "[load]\narrivals = { rate = \"1/s\", spacing = \"even\" }\nduration = \"100s\"\n\
         [[story]]\nname = \"x\"\nsize = \"1MiB\"\nsteps = [\"create\", \"upload\"]\n\
         [[fault]]\nname = \"full\"\nat = \"store.put\"\nkind = \"full\"\nwindow = { from = \"10.5s\", to = \"60.5s\" }\n",
    );
    let run = &result.runs[0];
    let count = |outcome| {
        let rows = run
            .operations
            .iter()
            .filter(|row| row.operation == Operation::Upload);
        rows.filter(|row| row.outcome == outcome)
            .map(|row| row.response.count())
            .sum::<u64>()
    };
    assert_eq!((count(Outcome::Ok), count(Outcome::Fail)), (50, 50));
    assert_eq!(run.end.bytes_stored.now(), 50 << 20);
    // Not even for an instant.
    let full = run.timeline.windows(2).filter(|pair| {
        let (from, to) = (
            pair[0].gauges.at.as_secs_f64(),
            pair[1].gauges.at.as_secs_f64(),
        );
        from >= 10.5 && to <= 60.5
    });
    let levels: Vec<u64> = full.map(|pair| pair[1].gauges.bytes_stored.max()).collect();
    assert!(
        levels.len() > 100 && levels.iter().all(|most| *most == 11 << 20),
        "{levels:?}"
    );
}

/// A record that was purged stays counted as deleted, and counts once.
#[test]
fn each_deleted_record_is_purged_once() {
    let purged = |after: &str| {
        let result = run(&format!(
            "[service]\npurge_after = \"{after}\"\n[load]\narrivals = {{ rate = \"1/s\", spacing = \"even\" }}\n\
             duration = \"100s\"\n[[story]]\nname = \"x\"\nsteps = [\"create\", \"delete\"]\n[settle]\nfor = \"1s\"\n"
        ));
        let end = &result.runs[0].end;
        assert_eq!(end.by_status()[SubjectStatus::Deleted.index()], 100);
        end.purged
    };
    assert_eq!((purged("0s"), purged("50.5s"), purged("1h")), (100, 51, 0));
}

#[test]
fn a_warm_up_that_is_shorter_than_data_is_kept_is_told() {
    let lines = |warm_up: &str| {
        format!(
            "[service]\ndelayed_delete = true\nscrub_time = \"1h\"\n[load]\narrivals = {{ rate = \"1/m\" }}\n\
             duration = \"1d\"\nwarm_up = \"{warm_up}\"\n[[story]]\nname = \"x\"\nsize = \"0B\"\n\
             steps = [\"create\", \"upload\", {{ wait = \"2h\" }}, \"delete\"]\n"
        )
    };
    let told = |warm_up| {
        let scenario = scenario(&lines(warm_up));
        let origin = Origin::new(&scenario, Path::new("x.toml"), &[], Host::this());
        summary(&origin, &super::run(&scenario, 1), None, false)
    };
    assert!(told("2h").contains("the warm-up (2h) is shorter than data is kept (3h on average)"));
    assert!(!told("4h").contains("shorter than"));
}
