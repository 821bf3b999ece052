//! What the reader makes of thresholds, right and wrong.

use super::messages::check;
use super::{complete, read};
use std::fmt::Write as _;

/// Each demand as it was written, and as it was read.
fn shown(text: &str) -> String {
    let scenario = read(text, &[]).unwrap_or_else(|mistakes| panic!("{}", mistakes.plain()));
    let mut shown = String::new();
    for it in &scenario.thresholds {
        writeln!(shown, "{} = {}", it.key, it.expression).unwrap();
        let (phase, story) = (it.phase.as_deref(), it.story.map(|story| story.0));
        let (subject, aggregate, bound) = (it.subject, it.aggregate, it.bound);
        writeln!(
            shown,
            "    phase {phase:?} story {story:?}: {aggregate:?} of {subject:?} {} {bound}",
            it.comparison
        )
        .unwrap();
        if let Some(windows) = it.windows {
            let ends = if windows.abort_on_fail {
                ", the first that fails ends the load"
            } else {
                ""
            };
            writeln!(shown, "    in every window of {}{ends}", windows.length).unwrap();
        }
    }
    shown
}

const STORIES: &str = "[[story]]\nname = \"import\"\nsteps = [\"create\", \"import\"]\n\
                       [[story]]\nname = \"a/b\"\nsteps = [\"create\", \"upload\"]\n";

#[test]
fn keys_name_phases_stories_levels_and_resources() {
    let text = complete(&format!(
        "{STORIES}[load]\narrivals = {{ rate = \"5/s\" }}\nduration = \"1h\"\nwarm_up = \"1m\"\n\
         [[phase]]\nname = \"storm/two\"\nfrom = \"10m\"\n\
         [thresholds]\n\
         \"load/upload\" = [\"p(99) < 2s\", \"rate > 5/s\"]\n\
         \"warm_up/upload\" = \"count > 0\"\n\
         \"settle/saving->active\" = \"rate > 6/m\"\n\
         \"phase:storm/two/upload\" = \"error_rate < 1%\"\n\
         \"phase:load/dropped\" = \"rate < 1%\"\n\
         \"story:a/b/upload\" = \"max < 1m\"\n\
         \"phase:storm/two/story:import/pending -> processing\" = \"mean < 1s\"\n\
         \"in_flight\" = [\"max < 1000\", \"avg <= 9.5\"]\n\
         \"load/bytes_stored\" = [\"max < 2TiB\", \"mean < 1.5GiB\"]\n\
         \"resource:store.slots\" = [\"utilisation < 80%\", \"mean(queue) < 0.5\", \"max(queue) < 100\", \"wait < 5s\"]\n\
         \"phase:storm/two/resource:workers\" = \"utilisation >= 0.5\"\n"
    ));
    insta::assert_snapshot!(shown(&text));
}

#[test]
fn keys_of_thresholds() {
    let load = "warm_up = \"1m\"\n";
    let load = format!("[load]\narrivals = {{ rate = \"5/s\" }}\nduration = \"1h\"\n{load}");
    let stories = "[[story]]\nname = \"import\"\nsteps = [\"create\", \"import\"]\n\
                   [[story]]\nname = \"keep\"\nsteps = [\"create\", \"upload\"]\n";
    let phase = "[[phase]]\nname = \"storm\"\nfrom = \"10m\"\n";
    let texts = [
        "\"phase:strom/upload\" = [\"count > 0\"]",
        "\"phase:calm/upload\" = [\"count > 0\"]",
        "\"storm/upload\" = [\"count > 0\"]",
        "\"keep/upload\" = [\"count > 0\"]",
        "\"lode/upload\" = [\"count > 0\"]",
        "\"story:kept/upload\" = [\"count > 0\"]",
        "\"story:import/upload\" = [\"count > 0\"]",
        "\"story:keep/pending->processing\" = [\"count > 0\"]",
        "\"phase:strom/story:kept/upload\" = [\"count > 0\"]",
        "\"phase:storm/uplaod\" = [\"count > 0\"]",
        "\"story:keep/dropped\" = [\"count > 0\"]",
        "\"story:keep/resource:workers\" = [\"utilisation < 80%\"]",
        "\"resource:store.slot\" = [\"utilisation < 80%\"]",
        "\"store.slots\" = [\"utilisation < 80%\"]",
        "\"resource:store.slots\" = [\"max < 3\", \"utilisation < 2\", \"max(queue) < 1s\", \"wait < 5\"]",
        "in_flight = [\"count < 3\", \"max < 1s\"]",
        "bytes_stored = [\"p(99) < 1GiB\", \"max < 3\", \"mean < 50%\"]",
        "upload = [\"rate > 5\", \"utilisation < 80%\", \"max(queue) < 9\"]",
        "dropped = [\"max < 3\"]",
    ]
    .map(|text| format!("{load}{stories}{phase}[thresholds]\n{text}"));
    let glance = "[target.glance]\nurl = \"http://127.0.0.1:9292\"\n[thresholds]\n\
                  bytes_stored = [\"max < 1GiB\"]\n\"resource:workers\" = [\"wait < 1s\"]\n\
                  in_flight = [\"max < 9\"]";
    let texts: Vec<&str> = (texts.iter().map(String::as_str)).chain([glance]).collect();
    check("threshold-keys", &texts);
}

#[test]
fn a_demand_may_be_for_every_window() {
    let text = |load: &str| {
        complete(&format!(
            "[load]\narrivals = {{ rate = \"5/s\" }}\n{load}\n[thresholds]\n\
             upload = [{{ demand = \"p(99) < 2s\", over = \"10s\" }}, \"max < 1m\", \
             {{ demand = \"error_rate < 1%\", over = \"1m\", abort_on_fail = true }}, {{ demand = \"count > 0\" }}]\n\
             \"load/saving->active\" = {{ demand = \"rate > 1/s\", over = \"5s\", abort_on_fail = false }}\n"
        ))
    };
    let known = shown(&text("duration = \"1h\""));
    assert_eq!(known, shown(&text("subjects = 10")));
    insta::assert_snapshot!(known);
    // Ten thousand windows, and no more.
    let over = |over: &str| {
        let text =
            format!("[thresholds]\nupload = {{ demand = \"count > 0\", over = \"{over}\" }}");
        read(&complete(&text), &[]).is_ok()
    };
    assert_eq!(["360ms", "359ms"].map(over), [true, false]);
}

#[test]
fn windows_that_make_no_sense() {
    let over = |demand: &str| format!("{{ demand = \"count > 0\", over = \"10s\"{demand} }}");
    let plain = over("");
    let texts = [
        "upload = { over = \"10s\" }".to_owned(),
        "upload = { demand = 3, over = \"soon\" }".to_owned(),
        "upload = { demand = \"count > 0\", over = \"0s\" }".to_owned(),
        "upload = { demand = \"count > 0\", over = \"1ms\" }".to_owned(),
        "upload = { demand = \"count > 0\", abort_on_fail = true }".to_owned(),
        "upload = { demand = \"count > 0\", ovre = \"10s\" }".to_owned(),
        "upload = { demand = \"count > x\", over = \"10s\" }".to_owned(),
        format!("upload = {}", over(", abort_on_fail = 3")),
        format!("\"settle/upload\" = {plain}"),
        format!("dropped = {plain}"),
        "in_flight = { demand = \"max < 3\", over = \"10s\" }".to_owned(),
        "\"resource:workers\" = { demand = \"wait < 3s\", over = \"10s\" }".to_owned(),
    ];
    let mut texts = texts.map(|text| format!("[thresholds]\n{text}")).to_vec();
    texts.push(
        "[load]\nusers = 1\nsubjects = 9\n[thresholds]\nupload = { demand = \"count > 0\", over = \"1us\" }".to_owned(),
    );
    texts.push(format!(
        "[target.glance]\nurl = \"http://127.0.0.1:9292\"\n[thresholds]\n\"saving->active\" = {plain}\nupload = {plain}"
    ));
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    check("threshold-windows", &texts);
}

const FAULTS: &str = "[[fault]]\nname = \"a/b (c)\"\nat = \"store.put\"\nkind = \"stall\"\nwindow = { from = \"10m\", to = \"20m\" }\n\
                      [[fault]]\nname = \"first\"\nat = \"api\"\nkind = \"stall\"\nwindow = { from = \"0s\", to = \"1m\" }\n\
                      [[fault]]\nname = \"last\"\nat = \"api\"\nkind = \"stall\"\nwindow = { from = \"1m\", to = \"1h\" }\n\
                      [[fault]]\nname = \"all\"\nat = \"client\"\nkind = { close = { after = \"50%\" } }\n";

#[test]
fn a_recovery_is_of_a_fault_with_load_before_and_after_it() {
    let thresholds = |line: &str| complete(&format!("{FAULTS}[thresholds]\n{line}"));
    let right = thresholds("\"recovery(a/b (c))\" = [\"time < 5m\", \"time > 1s\"]");
    insta::assert_snapshot!(shown(&right));
    let texts = [
        "\"recovery(a/c (c))\" = \"time < 5m\"",
        "\"recovery(frist)\" = \"time < 5m\"",
        "\"recovery(first)\" = \"time < 5m\"",
        "\"recovery(last)\" = \"time < 5m\"",
        "\"recovery(all)\" = \"time < 5m\"",
        "\"recovery(a/b (c))\" = [\"max < 5m\", \"time < 5\", { demand = \"time < 5m\", over = \"1m\" }]",
        "upload = \"time < 5m\"",
        "recovery = \"time < 5m\"",
        "\"load/recovery(first)\" = \"time < 5m\"",
    ]
    .map(|line| format!("{FAULTS}[thresholds]\n{line}"));
    check(
        "threshold-recoveries",
        &texts.each_ref().map(String::as_str),
    );
}
