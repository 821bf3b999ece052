//! What is kept of a run is bounded, however long it is and however much goes wrong.

use crate::storms::{read, run};
use stormglass_model::lifecycle::Verdict;

/// No duration says how long it will be, so intervals begin at 100 ms; here they would be a hundred thousand.
#[test]
fn a_long_run_has_no_more_rows_than_a_short_one() {
    for subjects in [3_000, 30_000] {
        let mut scenario = read("mm-c", &["replications=1"]);
        scenario.interval = None;
        scenario.load.subjects = Some(subjects);
        let result = run(&scenario, 1);
        let run = &result.runs[0];
        let rows = run.timeline.len();
        assert!((500..=1_026).contains(&rows), "{rows} rows of {subjects}");
        let arrivals: u64 = run.timeline.iter().map(|row| row.arrivals).sum();
        assert_eq!((arrivals, run.end.arrivals), (subjects, subjects));
        let lengths: u64 = run.timeline.iter().map(|row| row.length.0).sum();
        assert_eq!(lengths, run.length.0, "rows made of two lose nothing");
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
