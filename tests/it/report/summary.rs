//! The summary on the terminal.

use super::sample::{invalid, latency, origin, origin_of, threshold, transition, valid};
use insta::assert_snapshot;
use stormglass::{Aggregate, StormResult, TransitionKey};
use stormglass_model::lifecycle::{Invariant, SubjectStatus, Verdict};

/// One screen.
pub const HEIGHT: usize = 24;
pub const WIDTH: usize = 96;

fn summary(result: &StormResult) -> String {
    let text = stormglass::summary(
        &origin_of(result.runs.len() as u32),
        result,
        Some("results/smoke-42-1"),
        false,
    );
    assert!(text.lines().count() <= HEIGHT, "one screen:\n{text}");
    for line in text.lines().filter(|line| !line.starts_with("  repeat: ")) {
        assert!(line.chars().count() <= WIDTH, "too wide: {line}");
    }
    text
}

#[test]
fn the_summary_of_a_valid_storm() {
    assert_snapshot!(summary(&valid()), @"
    ✓ valid: no violation in 1,681 transitions
      smoke · seed 42 · embedded service, v2 rules · 11s virtual
      500 subjects · 1,681 transitions (6.72k/s) · 12.4k events
      wall 250ms · cpu 200ms (62k events/s) · memory 12MiB
      on average 12 in flight · response 0ns · 99 done/s

      transition after warm-up         count    rate     p50     p99   p99.9     max
      (none) → queued                    400    50/s   200us   396us   400us   400us
      queued → saving                    400    50/s   1.2ms   1.4ms   1.4ms   1.4ms
      saving → active                    400    50/s  39.6ms   156ms   159ms   159ms
      pending_delete → deleted           380       –    1.5s    1.5s    1.5s    1.5s
      task pending → processing            1   7.5/m     7us     7us     7us     7us

      upload: 10 errors of 400 (2.5%): 7 failed, 3 unknown
      busiest: store.slots, 75% of 16 used in load; mean wait 10ms, queue 2
      stored: 2GiB at most; deleted and not yet scrubbed: 1MiB at most
      on average after warm-up: 2GiB, it cannot be told whether it levels off
      one seed; --replications 10 shows how far seeds differ

      results: results/smoke-42-1
    ");
}

#[test]
fn the_summary_of_an_invalid_storm() {
    assert_snapshot!(summary(&invalid()), @r#"
    ✗ invalid: 3 violations of edge and conservation
      smoke · seed 42 · embedded service, v2 rules · 22s virtual
      1,000 subjects · 3,362 transitions (13.4k/s) · 24.8k events · 2 runs
      wall 250ms · cpu 200ms (124k events/s) · memory 12MiB
      on average 12 ± 0 in flight · response 0ns ± 0ns · 99 ± 0 done/s

      3 violations, the first of each invariant:
      edge ×2 at 3.25s, subject 17: deleted → killed is no edge of v2
      conservation ×1 at 11s: the store holds 4096 bytes, "orphans", that no subject or operation a…

      transition after warm-up         count    rate     p50       ±     p99       ±
      (none) → queued                    800    50/s   200us      0%   396us      0%
      queued → saving                    800    50/s   1.2ms      0%   1.4ms      0%
      saving → active                    800    50/s  39.6ms      0%   156ms      0%
      … and 2 more transitions

      upload: 20 errors of 800 (2.5%): 14 failed, 6 unknown
      busiest: store.slots, 75% of 16 used in load; mean wait 10ms, queue 2
      stored: 2GiB at most; deleted and not yet scrubbed: 1MiB at most
      on average after warm-up: 2GiB ±0%, it cannot be told whether it levels off
      ±: how far the 95 % interval reaches over the 2 runs

      repeat:  stormglass run scenarios/smoke.toml --seed 43 --replications 1 --set service.store.slots=8
      results: results/smoke-42-1
    "#);
}

#[test]
fn the_summary_of_a_storm_that_cannot_be_judged() {
    let mut result = valid();
    result.verdict = Verdict::Unknown;
    result.runs[0].verdict = Verdict::Unknown;
    result.runs[0].unknown_because = Some("12 operations were still open after settle".to_owned());
    result.runs[0].interrupted = true;
    result.runs[0].notes = vec!["2 images may still be on the server".to_owned()];
    result.runs[0].transitions.clear();
    result.runs[0].operations.clear();
    assert_snapshot!(summary(&result), @"
    ! interrupted: no violation in the 0 transitions until then
      smoke · seed 42 · embedded service, v2 rules · 11s virtual
      2 images may still be on the server
      500 subjects · 0 transitions · 12.4k events
      wall 250ms · cpu 200ms (62k events/s) · memory 12MiB
      on average 12 in flight · response 0ns · 99 done/s
      busiest: store.slots, 75% of 16 used in load; mean wait 10ms, queue 2
      stored: 2GiB at most; deleted and not yet scrubbed: 1MiB at most
      on average after warm-up: 2GiB, it cannot be told whether it levels off
      one seed; --replications 10 shows how far seeds differ

      results: results/smoke-42-1
    ");
}

#[test]
fn the_summary_shows_thresholds_and_what_the_generator_missed() {
    let mut result = valid();
    result.thresholds = vec![
        threshold(
            "p(99) < 20s",
            Aggregate::Percentile(99.0),
            Some(159e6),
            true,
        ),
        threshold("error_rate < 1%", Aggregate::ErrorRate, Some(0.025), false),
        threshold("count > 1000", Aggregate::Count, Some(400.0), false),
        threshold("max < 20s", Aggregate::Max, None, false),
    ];
    result.generator_bottleneck = true;
    result.runs[0].end.dropped = 25;
    result.runs[0].end.late = 31;
    assert_snapshot!(summary(&result), @"
    ! valid, but not the load that was asked for: 4.76% of the arrivals were dropped at
      max_in_flight, 5.9% came more than 10ms late
      smoke · seed 42 · embedded service, v2 rules · 11s virtual
      500 subjects · 1,681 transitions (6.72k/s) · 12.4k events
      wall 250ms · cpu 200ms (62k events/s) · memory 12MiB
      on average 12 in flight · response 0ns · 99 done/s

      3 of 4 thresholds not met
      ✗ upload error_rate < 1%: 2.5%
      ✗ saving->active count > 1000: 400
      … and 2 more thresholds

      transition after warm-up         count    rate     p50     p99   p99.9     max
      (none) → queued                    400    50/s   200us   396us   400us   400us
      … and 4 more transitions

      upload: 10 errors of 400 (2.5%): 7 failed, 3 unknown
      busiest: store.slots, 75% of 16 used in load; mean wait 10ms, queue 2
      stored: 2GiB at most; deleted and not yet scrubbed: 1MiB at most
      on average after warm-up: 2GiB, it cannot be told whether it levels off
      of 525 arrivals 25 were dropped, 31 came more than 10ms late
      one seed; --replications 10 shows how far seeds differ

      results: results/smoke-42-1
    ");
}

#[test]
fn the_summary_fits_one_screen_whatever_happened() {
    let mut result = invalid();
    let statuses = || SubjectStatus::ALL.iter().copied();
    let every_key = statuses()
        .flat_map(|from| statuses().map(move |to| TransitionKey::Subject(Some(from), to)))
        .map(|key| transition(1, key, latency([1, 2, 3])));
    result.runs[0].transitions = every_key.collect();
    result.runs[1].violation_counts = [1_000_000; Invariant::COUNT];
    result.runs[0].unknown_because = Some("because ".repeat(50));
    result.runs[0].interrupted = true;
    result.generator_bottleneck = true;
    result.runs[0].end.dropped = u64::MAX / 4;
    result.thresholds = (0..40)
        .map(|n| {
            threshold(
                &format!("p({n}) < 20s"),
                Aggregate::Mean,
                Some(1e18),
                n % 2 == 0,
            )
        })
        .collect();
    let text = summary(&result);
    assert_eq!(text.lines().count(), HEIGHT);
    assert!(text.contains("more transitions"), "{text}");
    assert!(text.contains("more thresholds"), "{text}");
}

#[test]
fn colours_are_added_and_nothing_else() {
    let plain = stormglass::summary(&origin(), &valid(), None, false);
    let coloured = stormglass::summary(&origin(), &valid(), None, true);
    assert!(!plain.contains('\x1b'));
    assert!(coloured.starts_with("\x1b[1;32m✓ valid: no violation in 1,681 transitions\x1b[0m"));
    let stripped = coloured.replace("\x1b[1;32m", "").replace("\x1b[0m", "");
    assert_eq!(stripped, plain);
}
