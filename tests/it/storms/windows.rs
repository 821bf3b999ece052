//! Demands that must hold in every window, over storms whose figures are known.

use super::demands::{EVEN, run};
use crate::report::file;
use crate::report::sample::origin;
use stormglass::{Conclusion, StormResult};
use stormglass_model::lifecycle::Verdict;

/// What was worst, and from when to when in seconds.
fn worst(result: &StormResult, index: usize) -> (f64, f64, f64) {
    let worst = result.thresholds[index].window.unwrap();
    assert_eq!(result.thresholds[index].value, Some(worst.value));
    (
        worst.value,
        worst.from.as_secs_f64(),
        worst.to.as_secs_f64(),
    )
}

/// An upload takes 100 ms, and 500 ms from 60 s on: warm-up ends at 20 s, and so the fifth window is the first slow one.
#[test]
fn a_demand_must_hold_in_every_window() {
    let result = run(&format!(
        "{EVEN}[thresholds]\n\
         upload = [{{ demand = \"max < 400ms\", over = \"10s\" }}, {{ demand = \"max < 1s\", over = \"10s\" }}, \
                   {{ demand = \"rate > 0.9/s\", over = \"20s\" }}]\n\
         \"phase:storm/saving->active\" = {{ demand = \"min > 400ms\", over = \"7s\" }}\n"
    ));
    let ms = 1e6;
    assert_eq!(
        worst(&result, 0),
        (500.0 * ms, 60.0, 70.0),
        "the first of several alike"
    );
    assert_eq!(worst(&result, 1), (500.0 * ms, 60.0, 70.0));
    assert_eq!(worst(&result, 2), (1.0, 20.0, 40.0));
    assert_eq!(worst(&result, 3), (500.0 * ms, 60.0, 67.0));
    let met: Vec<bool> = result.thresholds.iter().map(|it| it.met).collect();
    assert_eq!(met, [false, true, true, true]);
    assert_eq!(result.runs[0].end.arrivals, 100, "nothing ended the load");
}

/// One arrival a second, so a window counts its seconds.
#[test]
fn a_last_part_of_less_than_half_a_window_joins_the_one_before() {
    let counts = |load: &str| {
        let lines = EVEN.replace("duration = \"100s\"", load);
        let result = run(&format!(
            "{lines}[thresholds]\nupload = [{{ demand = \"count < 11\", over = \"10s\" }}, {{ demand = \"count > 9\", over = \"10s\" }}]\n"
        ));
        (worst(&result, 0), worst(&result, 1))
    };
    let (most, least) = counts("duration = \"94s\"");
    assert_eq!((most, least), ((14.0, 80.0, 94.0), (10.0, 20.0, 30.0)));
    let (most, least) = counts("duration = \"96s\"");
    assert_eq!((most, least), ((10.0, 20.0, 30.0), (6.0, 90.0, 96.0)));
    // The same where nobody knew when the load would end: the last upload ends half a second after it was due.
    for load in ["subjects = 94\nduration = \"1000s\"", "subjects = 94"] {
        let (most, least) = counts(load);
        assert_eq!(
            (most, least),
            ((14.0, 80.0, 93.5), (10.0, 20.0, 30.0)),
            "{load}"
        );
    }
}

/// Nothing comes in for twenty seconds, and then all of it: what waited since 40 s has waited longest.
#[test]
fn a_window_in_which_nothing_happened_counts_none_and_has_no_latency() {
    let result = run(
        "[service.store]\nput = \"100ms\"\n[load]\narrivals = { rate = \"1/s\", spacing = \"even\" }\nduration = \"100s\"\n\
         [[fault]]\nname = \"stall\"\nat = \"store.put\"\nkind = \"stall\"\nwindow = { from = \"39.5s\", to = \"60s\" }\n\
         [[story]]\nname = \"up\"\nsize = \"0B\"\nsteps = [\"create\", \"upload\"]\n\
         [thresholds]\nupload = [{ demand = \"count > 0\", over = \"10s\" }, { demand = \"max < 1s\", over = \"10s\" }, \
         { demand = \"min < 1ms\", over = \"10s\" }]\ncreate = { demand = \"count < 1\", over = \"100s\" }\n",
    );
    assert_eq!(worst(&result, 0), (0.0, 40.0, 50.0));
    let (value, from, to) = worst(&result, 1);
    assert!((value / 1e9 - 20.1).abs() < 0.2, "{value}");
    assert_eq!((from, to), (60.0, 70.0));
    assert_eq!(
        worst(&result, 2).1,
        0.0,
        "all are alike, and those without any are none"
    );
    assert_eq!(worst(&result, 3), (100.0, 0.0, 100.0));
}

/// One window has what the demand without windows is judged by, whenever that ended.
#[test]
fn windows_share_out_what_is_judged_without_them() {
    let demands = [
        "p(99) < 1s",
        "mean < 1s",
        "max < 1s",
        "count > 1000",
        "error_rate < 1%",
    ];
    for over in ["30m", "1s"] {
        let mut lines = "[service.store]\nslots = 2\nput = { exponential = { mean = \"1s\" } }\n\
             [load]\narrivals = { rate = \"2.2/s\" }\nduration = \"32m\"\nwarm_up = \"2m\"\n\
             [[fault]]\nname = \"f\"\nat = \"store.put\"\nkind = { error = { probability = 0.1 } }\n\
             [[story]]\nname = \"up\"\nsize = \"1MiB\"\nsteps = [\"create\", \"upload\"]\n[thresholds]\n"
            .to_owned();
        for (key, written) in [("load", false), ("phase:load", true)] {
            let demand = |demand: &&str| match written {
                true => format!("{{ demand = \"{demand}\", over = \"{over}\" }}"),
                false => format!("\"{demand}\""),
            };
            let demands: Vec<String> = demands.iter().map(demand).collect();
            lines += &format!("\"{key}/upload\" = [{}]\n", demands.join(", "));
        }
        let result = run(&lines);
        let (plain, windows) = result.thresholds.split_at(demands.len());
        for (plain, window) in plain.iter().zip(windows) {
            let (plain, window) = (plain.value.unwrap(), window.value.unwrap());
            match over {
                "30m" => assert!(
                    (plain - window).abs() <= 1e-9 * plain,
                    "{plain} and {window}"
                ),
                // The worst second is no better than the whole.
                _ => assert!(window >= plain || plain > 1_000.0 && window < 20.0),
            }
        }
    }
}

#[test]
fn the_load_ends_at_the_first_window_that_fails() {
    let lines = format!(
        "{EVEN}[thresholds]\nupload = [\"count > 1\", {{ demand = \"max < 400ms\", over = \"10s\", abort_on_fail = true }}]\n"
    );
    let result = run(&lines);
    let run_once = &result.runs[0];
    assert_eq!(worst(&result, 1), (500e6, 60.0, 70.0));
    assert_eq!(
        run_once.end.arrivals, 70,
        "none after the window that failed"
    );
    assert_eq!(run_once.phases.last().unwrap().from.as_secs_f64(), 70.0);
    assert_eq!(
        (run_once.verdict, run_once.interrupted),
        (Verdict::Valid, false)
    );
    assert_eq!(result.conclusion(), Conclusion::ThresholdFailed);
    let text = stormglass::summary(&origin(), &result, None, false);
    let headline = text.replace("\n  ", " ");
    assert!(
        headline.contains(
            "1 of 2 thresholds not met: upload max < 400ms over 10s, which ended the load after 70s"
        ),
        "{text}"
    );
    assert!(
        text.contains("✗ upload max < 400ms over 10s: 500ms from 1m to 70s, where the load ended"),
        "{text}"
    );
    let json = file(&origin(), &result, "run.json");
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let (plain, window) = (&json["thresholds"][0], &json["thresholds"][1]);
    assert_eq!(
        (&window["over_s"], &window["ended_load"]),
        (&10.0.into(), &true.into())
    );
    assert_eq!(
        window["window"],
        serde_json::json!({ "run": 1, "from_s": 60.0, "to_s": 70.0 })
    );
    let keys = |it: &serde_json::Value| it.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        keys(plain),
        ["bound", "demand", "met", "of", "unit", "value"],
        "nothing that does not apply"
    );
    assert_eq!(run(&lines).runs[0].event_hash, run_once.event_hash);
    // Where it holds the load goes on, and nothing in it is different.
    let met = run(&lines.replace("max < 400ms", "max < 600ms"));
    assert_eq!(
        (met.conclusion(), met.runs[0].end.arrivals),
        (Conclusion::Good, 100)
    );
    assert_eq!(met.runs[0].event_hash, run(EVEN).runs[0].event_hash);
}

/// Each replication ends its own load, and the worst of them is shown.
#[test]
fn each_replication_ends_its_own_load() {
    let lines = |threads| {
        let text = "replications = 4\n[service.store]\nslots = 2\nput = { exponential = { mean = \"1s\" } }\n\
             [load]\narrivals = { rate = \"1.9/s\" }\nduration = \"20m\"\n\
             [[story]]\nname = \"up\"\nsize = \"0B\"\nsteps = [\"create\", \"upload\"]\n\
             [thresholds]\nupload = { demand = \"p(90) < 20s\", over = \"1m\", abort_on_fail = true }\n";
        super::run(&super::demands::scenario(text), threads)
    };
    let (one, two) = (lines(1), lines(2));
    let ends = |result: &StormResult| -> Vec<(u64, Option<u64>)> {
        let runs = result.runs.iter();
        runs.map(|run| (run.phases.last().unwrap().from.0, run.event_hash))
            .collect()
    };
    assert_eq!(ends(&one), ends(&two));
    let minute = 60_000_000_000;
    let ended: Vec<u64> = ends(&one).into_iter().map(|(end, _)| end).collect();
    assert!(ended.iter().all(|end| end % minute == 0), "{ended:?}");
    assert!(ended.iter().any(|end| *end < 20 * minute), "{ended:?}");
    let worst = one.thresholds[0].window.unwrap();
    let of_run = |run: u32| one.runs[run as usize - 1].windows[0].value;
    assert!((1..=4).all(|run| of_run(run) <= worst.value) && of_run(worst.run) == worst.value);
}

/// In real time one thread sees all of a window, and ends the load long before a minute has passed.
#[test]
fn a_window_ends_the_load_in_real_time_too() {
    let result = run(
        "clock = \"real\"\n[service.store]\nslots = 4\nput = \"10ms\"\n[load]\nusers = 2\nthink = \"5ms\"\nduration = \"1m\"\n\
         [[story]]\nname = \"up\"\nsize = \"0B\"\nsteps = [\"create\", \"upload\", \"delete\"]\n\
         [thresholds]\nupload = [{ demand = \"min < 1ms\", over = \"100ms\", abort_on_fail = true }, { demand = \"count > 0\", over = \"1m\" }]\n",
    );
    let worst = result.thresholds[0].window.unwrap();
    assert!(worst.ended_load && worst.value >= 10e6, "{worst:?}");
    let whole = result.thresholds[1].window.unwrap();
    let load_end = result.runs[0].phases.last().unwrap().from;
    assert!(load_end.as_secs_f64() < 59.0, "{load_end:?}");
    assert_eq!(
        (whole.from.0, whole.to, whole.ended_load),
        (0, load_end, false)
    );
    assert_eq!(result.threads, 1);
    assert_eq!(result.conclusion(), Conclusion::ThresholdFailed);
}
