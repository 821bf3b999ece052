//! Thresholds, judged over storms whose figures are known.

use crate::report::file;
use crate::report::sample::origin;
use std::collections::BTreeMap;
use std::path::Path;
use stormglass::{Conclusion, Scenario, StormResult};

pub fn scenario(lines: &str) -> Scenario {
    let text = format!("schema = 1\nname = \"demands\"\n{lines}");
    stormglass::parse("demands", &text, Path::new("."), &[])
        .unwrap_or_else(|mistakes| panic!("{}", mistakes.plain()))
}

pub fn run(lines: &str) -> StormResult {
    super::run(&scenario(lines), 2)
}

/// The values of all demands, by key and expression.
fn values(result: &StormResult) -> BTreeMap<String, Option<f64>> {
    let judged = result.thresholds.iter();
    judged
        .map(|it| {
            let name = format!("{} {}", it.threshold.key, it.threshold.expression);
            (name, it.value)
        })
        .collect()
}

/// The rows of a CSV file, by the names of the columns.
fn rows(result: &StormResult, name: &str) -> Vec<BTreeMap<String, String>> {
    let csv = file(&origin(), result, name);
    let mut reader = csv::Reader::from_reader(csv.as_slice());
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// An upload at each full second, so few that none waits: it takes 100 ms, and half a second from 60 s on.
pub const EVEN: &str = "\
[service.store]\nslots = 1\nput = \"100ms\"\n\
[load]\narrivals = { rate = \"1/s\", spacing = \"even\" }\nduration = \"100s\"\nwarm_up = \"20s\"\n\
[[phase]]\nname = \"storm\"\nfrom = \"60s\"\n\
[[fault]]\nname = \"slow\"\nat = \"store.put\"\nkind = { latency = { add = \"400ms\" } }\nwindow = { from = \"60s\" }\n\
[[story]]\nname = \"up\"\nsize = \"1MiB\"\nsteps = [\"create\", \"upload\"]\n";

/// In each second one upload holds the only slot for 100 ms, and from 60 s on for 500 ms.
#[test]
fn a_demand_is_judged_in_the_phase_that_it_names() {
    let result = run(&format!(
        "{EVEN}[thresholds]\n\
         upload = [\"max < 1s\", \"count > 0\", \"rate > 0/s\"]\n\
         \"warm_up/upload\" = [\"max < 1s\", \"count > 0\"]\n\
         \"load/upload\" = [\"max < 1s\", \"count > 0\", \"rate > 0/s\"]\n\
         \"phase:storm/upload\" = [\"min < 1s\", \"count > 0\"]\n\
         \"phase:storm/saving->active\" = [\"mean < 1s\", \"rate > 0/s\"]\n\
         \"settle/upload\" = [\"count > 0\"]\n\
         \"load/resource:store.slots\" = [\"utilisation < 80%\", \"wait < 1s\"]\n\
         \"phase:storm/resource:store.slots\" = [\"utilisation < 80%\"]\n\
         \"resource:store.slots\" = [\"utilisation < 80%\"]\n\
         \"phase:storm/in_flight\" = [\"mean < 1\", \"max < 2\"]\n\
         bytes_stored = [\"max < 1GiB\", \"mean < 1GiB\"]\n\
         \"phase:storm/dropped\" = [\"count < 1\"]\n"
    ));
    assert!(result.runs[0].verdict == stormglass_model::lifecycle::Verdict::Valid);
    let ms = 1e6;
    let mib = 1_048_576.0;
    let expected = [
        ("upload max < 1s", 500.0 * ms),
        ("upload count > 0", 80.0),
        ("upload rate > 0/s", 1.0),
        ("warm_up/upload max < 1s", 100.0 * ms),
        ("warm_up/upload count > 0", 20.0),
        ("load/upload max < 1s", 100.0 * ms),
        ("load/upload count > 0", 40.0),
        ("load/upload rate > 0/s", 1.0),
        ("phase:storm/upload min < 1s", 500.0 * ms),
        ("phase:storm/upload count > 0", 40.0),
        ("phase:storm/saving->active mean < 1s", 500.0 * ms),
        ("phase:storm/saving->active rate > 0/s", 1.0),
        ("settle/upload count > 0", 0.0),
        ("load/resource:store.slots utilisation < 80%", 0.1),
        ("load/resource:store.slots wait < 1s", 0.0),
        ("phase:storm/resource:store.slots utilisation < 80%", 0.5),
        ("resource:store.slots utilisation < 80%", 0.3),
        ("phase:storm/in_flight mean < 1", 0.5),
        ("phase:storm/in_flight max < 2", 1.0),
        // A MiB is reserved at each full second from 0 to 99 s: on average over 20 s to 100 s there are 60.5.
        ("bytes_stored max < 1GiB", 100.0 * mib),
        ("bytes_stored mean < 1GiB", 60.5 * mib),
        ("phase:storm/dropped count < 1", 0.0),
    ];
    let values = values(&result);
    assert_eq!(values.len(), expected.len());
    for (name, expected) in expected {
        let value = values[name].unwrap_or_else(|| panic!("{name}: no value"));
        let near = (value - expected).abs() <= 1e-9 * expected.max(1.0);
        assert!(near, "{name}: {value}, not {expected}");
    }
    assert!(
        result
            .thresholds
            .iter()
            .all(|it| it.met == (it.threshold.key != "settle/upload"))
    );
}

/// Two stories with one upload each, of 100 ms and 300 ms by their sizes.
#[test]
fn a_demand_is_judged_by_the_story_that_it_names() {
    let result = run("[service.store]\nbandwidth = \"10MiB/s\"\n\
         [load]\narrivals = { rate = \"2/s\" }\nduration = \"100s\"\n\
         [[phase]]\nname = \"late\"\nfrom = \"50s\"\n\
         [[story]]\nname = \"small\"\nsize = \"1MiB\"\nsteps = [\"create\", \"upload\"]\n\
         [[story]]\nname = \"large\"\nsize = \"3MiB\"\nsteps = [\"create\", \"upload\"]\n\
         [thresholds]\n\
         \"story:small/upload\" = [\"max < 150ms\", \"count > 50\"]\n\
         \"story:large/saving->active\" = [\"min > 150ms\", \"count > 50\"]\n\
         \"phase:late/story:large/upload\" = [\"max < 200ms\", \"count > 20\"]\n\
         \"phase:late/upload\" = [\"count > 50\"]\n");
    let near = |name: &str, ms: f64| {
        let value = values(&result)[name].unwrap();
        assert!((value / 1e6 - ms).abs() < 1e-3, "{name}: {value}");
    };
    near("story:small/upload max < 150ms", 100.0);
    near("story:large/saving->active min > 150ms", 300.0);
    near("phase:late/story:large/upload max < 200ms", 300.0);
    let met: Vec<bool> = result.thresholds.iter().map(|it| it.met).collect();
    assert_eq!(
        met,
        [true, true, true, true, false, true, true],
        "one is too slow"
    );
}

/// Each run of a queue that waits: what is judged is what the tables say.
#[test]
fn demands_on_levels_and_resources_are_judged_by_what_the_tables_say() {
    let result = run(
        "[service]\nworkers = 64\n[service.store]\nslots = 2\nput = { exponential = { mean = \"1s\" } }\n\
         [load]\narrivals = { rate = \"1.8/s\" }\nduration = \"20m\"\nwarm_up = \"2m\"\n\
         [[story]]\nname = \"up\"\nsize = \"1MiB\"\nsteps = [\"create\", \"upload\"]\n\
         [thresholds]\n\
         \"load/resource:store.slots\" = [\"utilisation < 99%\", \"mean(queue) < 100\", \"max(queue) < 100\", \"wait < 1h\"]\n\
         \"load/in_flight\" = [\"mean < 100\", \"max < 100\"]\n\
         \"load/bytes_stored\" = [\"mean < 1TiB\", \"max < 1TiB\"]\n",
    );
    let values = values(&result);
    let resources = rows(&result, "resources.csv");
    let mut slots = resources.iter();
    let slots = slots.find(|it| it["phase"] == "load" && it["resource"] == "store.slots");
    let levels = rows(&result, "levels.csv");
    let timeline = rows(&result, "timeline.csv");
    let load = || timeline.iter().filter(|it| it["phase"] == "load");
    let level = |name: &str, column: &str| -> f64 {
        let mut levels = levels.iter();
        let row = levels.find(|it| it["phase"] == "load" && it["level"] == name);
        row.unwrap()[column].parse().unwrap()
    };
    let slot = |column: &str| -> f64 { slots.unwrap()[column].parse().unwrap() };
    let most = |column: &str| -> f64 {
        let cells = load().map(|it| it[column].parse::<f64>().unwrap());
        cells.fold(0.0, f64::max)
    };
    let (resource, in_flight, bytes) = (
        "load/resource:store.slots",
        "load/in_flight",
        "load/bytes_stored",
    );
    for (name, expected) in [
        (format!("{resource} utilisation < 99%"), slot("utilisation")),
        (format!("{resource} mean(queue) < 100"), slot("mean_queue")),
        (
            format!("{resource} mean(queue) < 100"),
            level("queue_store_slots", "mean"),
        ),
        (
            format!("{resource} max(queue) < 100"),
            level("queue_store_slots", "max"),
        ),
        (
            format!("{resource} max(queue) < 100"),
            most("queue_store_slots_max"),
        ),
        (format!("{resource} wait < 1h"), slot("mean_wait_us") * 1e3),
        (
            format!("{in_flight} mean < 100"),
            level("in_flight", "mean"),
        ),
        (format!("{in_flight} max < 100"), most("in_flight_max")),
        (
            format!("{bytes} mean < 1TiB"),
            level("bytes_stored", "mean"),
        ),
        (format!("{bytes} max < 1TiB"), most("bytes_stored_max")),
    ] {
        let value = values[&name].unwrap();
        assert!(expected > 0.0, "{name}: nothing is shown by zero");
        // The tables have six decimals of ratios, and whole nanoseconds.
        assert!(
            (value - expected).abs() <= 0.51_f64.min(expected * 1e-5),
            "{name}: {value}, not {expected}"
        );
    }
}

/// A stall of ten seconds leaves ten uploads to do, of 100 ms each: the last that waited ends 1.2 s after the heal, in the second
/// interval after it, and the third is as it was.
#[test]
fn a_recovery_lasts_from_the_heal_until_latency_and_queues_are_as_before() {
    let storm = |runs: u32, put: &str, bound: &str| {
        run(&format!(
            "replications = {runs}\n[service.store]\nslots = 1\nput = \"{put}\"\n\
             [load]\narrivals = {{ rate = \"1/s\", spacing = \"even\" }}\nduration = \"100s\"\n[report]\ninterval = \"1s\"\n\
             [[fault]]\nname = \"store outage\"\nat = \"store.put\"\nkind = \"stall\"\nwindow = {{ from = \"50s\", to = \"60s\" }}\n\
             [[story]]\nname = \"up\"\nsize = \"0B\"\nsteps = [\"create\", \"upload\"]\n\
             [thresholds]\n\"recovery(store outage)\" = [\"time {bound}\"]\n"
        ))
    };
    let soon = storm(1, "100ms", "< 5s");
    assert_eq!(
        (soon.thresholds[0].value, soon.thresholds[0].met),
        (Some(3e9), true)
    );
    // Of so many runs each keeps a few long intervals.
    let many = storm(2_000, "100ms", "< 5s");
    assert_eq!(many.thresholds[0].value, Some(3e9));
    assert_eq!(
        storm(1, "100ms", "< 3s").conclusion(),
        Conclusion::ThresholdFailed
    );
    // Ten that wait, and a twentieth of a second to spare in each: two hundred seconds more are needed.
    let never = storm(1, "950ms", "< 1h");
    assert_eq!(
        (never.thresholds[0].value, never.thresholds[0].met),
        (None, false)
    );
    assert_eq!(never.conclusion(), Conclusion::ThresholdFailed);
    let text = stormglass::summary(&origin(), &never, None, false);
    assert!(
        text.contains("✗ recovery(store outage) time < 1h: not recovered by the end"),
        "{text}"
    );
}

/// Six hundredths of a second to spare in each are enough for a load that is long enough; the longest recovery of all runs is judged.
#[test]
fn queues_must_be_as_before_too() {
    let result = run(
        "replications = 2\n[service.store]\nslots = 1\nput = \"940ms\"\n\
         [load]\narrivals = { rate = \"1/s\", spacing = \"even\" }\nduration = \"400s\"\n[report]\ninterval = \"10s\"\n\
         [[fault]]\nname = \"outage\"\nat = \"store.put\"\nkind = \"stall\"\nwindow = { from = \"50s\", to = \"60s\" }\n\
         [[story]]\nname = \"up\"\nsize = \"0B\"\nsteps = [\"create\", \"upload\"]\n\
         [thresholds]\n\"recovery(outage)\" = [\"time < 5m\"]\n",
    );
    // The upload of 50 s ends ten seconds late; 167 more make up for that, so that from 217 s on none waits.
    assert_eq!(result.thresholds[0].value, Some(170e9));
}

/// Delayed deletes are answered at once, so the backlog of a scrubber is seen in its queue alone.
#[test]
fn a_backlog_that_no_client_waits_for_is_no_recovery() {
    let result = run(
        "[service]\ndelayed_delete = true\nscrub_interval = \"1s\"\nscrub_workers = 1\n[service.store]\ndelete = \"890ms\"\n\
         [load]\narrivals = { rate = \"1/s\", spacing = \"even\" }\nduration = \"200s\"\n[report]\ninterval = \"10s\"\n\
         [[fault]]\nname = \"outage\"\nat = \"scrubber\"\nkind = \"down\"\nwindow = { from = \"50s\", to = \"60s\" }\n\
         [[story]]\nname = \"in\"\nsize = \"0B\"\nsteps = [\"create\", \"upload\", \"delete\"]\n\
         [thresholds]\n\"recovery(outage)\" = [\"time < 5m\"]\ndelete = [\"max < 1ms\"]\n",
    );
    // The image of 50 s is scrubbed ten seconds late, and 91 more make up for that: from 151 s on none waits longer than before.
    assert_eq!(result.thresholds[0].value, Some(100e9));
    assert!(result.thresholds[1].met, "no client waited");
}
