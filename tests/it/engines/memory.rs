//! What is kept of a run is bounded, however long it is and however much goes wrong.

use crate::storms::{read, run};
use stormglass::TimelineRow;
use stormglass_model::lifecycle::Verdict;
use stormglass_model::units::Span;

/// No duration says how long it will be, so intervals begin at 100 ms; here they would be a hundred thousand.
#[test]
fn a_long_run_has_no_more_rows_than_a_short_one() {
    for subjects in [3_000, 30_000] {
        let mut scenario = read("mm-c", &["replications=1"]);
        scenario.interval = None;
        scenario.load.subjects = Some(subjects);
        let result = run(&scenario, 1);
        let run = &result.runs[0];
        let rows = run.timeline.len() - 1;
        assert!((500..=1_026).contains(&rows), "{rows} rows of {subjects}");
        assert_eq!(run.timeline[0], TimelineRow::default());
        let last = &run.timeline[rows].gauges;
        assert_eq!((last.arrivals, run.end.arrivals), (subjects, subjects));
        assert_eq!(last.at, run.end.at, "rows made of two lose nothing");
        let lengths = run.timeline.windows(2);
        let mut lengths = lengths.map(|pair| pair[1].gauges.at.since(pair[0].gauges.at));
        assert!(lengths.all(|length| length > Span::ZERO));
    }
}

#[test]
fn so_many_violations_are_kept_and_the_rest_counted() {
    let result = run(&read("defects/lost-create", &["load.duration=20m"]), 1);
    assert_eq!(result.verdict, Verdict::Invalid);
    let run = &result.runs[0];
    assert_eq!(run.violations.len(), 1_000);
    assert!(run.violation_total() > 2_000, "{}", run.violation_total());
}
