//! A scenario from a few answers.

use super::{stderr, stdout};
use crate::process::stormglass;
use std::path::Path;
use std::process::{Output, Stdio};
use stormglass::{Model, Scenario, Target, parse};
use stormglass_model::units::{Bytes, Span};

/// What it writes where there is nobody to ask.
fn init(arguments: &[&str], folder: &Path) -> Output {
    let all = ["init"].iter().chain(arguments);
    stormglass(all)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
}

fn written(arguments: &[&str]) -> String {
    let output = init(arguments, Path::new("."));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

/// The planner's question: 5,000 snapshots an hour of 2 to 40 GiB, three days of delayed delete.
const SNAPSHOTS: [&str; 8] = [
    "--uploads",
    "5000/h",
    "--sizes",
    "2GiB-40GiB",
    "--life",
    "3d",
    "--delayed-delete",
    "3d",
];

#[test]
fn the_scenario_of_no_answers() {
    insta::assert_snapshot!(written(&[]));
}

#[test]
fn the_scenario_of_all_answers() {
    let rest = [
        "--name",
        "snapshots",
        "--slots",
        "16",
        "--capacity",
        "2PiB",
        "--downloads",
        "3",
        "--bandwidth",
        "1GiB/s",
    ];
    insta::assert_snapshot!(written(&[&SNAPSHOTS[..], &rest].concat()));
}

/// The same numbers as the answers, wherever they go.
#[test]
fn answers_are_what_the_scenario_says() {
    let text = written(&[&SNAPSHOTS[..], &["--slots", "16", "--capacity", "2PiB"]].concat());
    let scenario = read(&text);
    let Target::Embedded(service) = &scenario.target else {
        panic!("it runs on the embedded service");
    };
    assert!(service.delayed_delete);
    assert_eq!(service.scrub_time, Span::from_secs(3 * 86_400));
    assert_eq!(service.store.slots.get(), 16);
    assert_eq!(service.store.capacity, Some(Bytes(2 << 50)));
    assert_eq!(scenario.stories[0].size.mean(), (21_u64 << 30) as f64);
    let Model::Open(arrivals) = &scenario.load.model else {
        panic!("stories arrive");
    };
    assert!((arrivals.expected(Span::from_secs(3_600)) - 5_000.0).abs() < 1e-6);
    let six_days = Span::from_secs(6 * 86_400);
    assert!(
        scenario.load.warm_up >= six_days,
        "until the store is in balance"
    );
}

fn read(text: &str) -> Scenario {
    parse("init", text, Path::new("."), &[]).unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"))
}

#[test]
fn no_file_is_written_over_and_a_new_one_is_valid_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // A day of it is over in no time.
    let short = ["--uploads", "100/h", "--life", "1h", "--out", "small.toml"];
    let output = init(&short, here);
    assert_eq!(
        (output.status.code(), stdout(&output).as_str()),
        (Some(0), "small.toml\n"),
        "{}",
        stderr(&output)
    );
    let text = std::fs::read_to_string(here.join("small.toml")).unwrap();
    assert!(text.contains("name = \"small\""), "{text}");

    let again = init(&short, here);
    assert_eq!(again.status.code(), Some(1));
    assert!(
        stderr(&again).contains("exists already: name another file"),
        "{}",
        stderr(&again)
    );
    assert_eq!(
        std::fs::read_to_string(here.join("small.toml")).unwrap(),
        text
    );

    let valid = super::stormglass(&["validate", "small.toml"], here);
    assert_eq!(
        (valid.status.code(), stderr(&valid).as_str()),
        (Some(0), "")
    );
    let run = super::stormglass(&["run", "small.toml", "--quiet"], here);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
}

#[test]
fn answers_that_make_no_sense_are_refused() {
    for (arguments, why) in [
        (&["--uploads", "5000"][..], "has no unit"),
        (&["--uploads", "0/h"], "from 1/w to 1000/s"),
        (&["--sizes", "40GiB-2GiB"], "the least first"),
        (&["--sizes", "0B"], "above zero"),
        (&["--sizes", "big"], "the least and the greatest"),
        (&["--life", "90y"], "is not a unit"),
        (&["--life", "90000d"], "at most ten years"),
        (&["--slots", "0"], "a whole number from 1"),
        (&["--downloads", "1001"], "a whole number from 0 to 1000"),
        (&["--bandwidth", "1B/s"], "at least 1MiB/s"),
        (&["--name", "a/b"], "inner dots"),
        (
            &["--sizes", "2GiB", "--capacity", "1GiB"],
            "does not hold an image of 2GiB",
        ),
        (
            &[
                "--uploads",
                "1000/s",
                "--sizes",
                "1PiB",
                "--bandwidth",
                "1MiB/s",
            ],
            "write fewer uploads",
        ),
        (
            &[
                "--uploads",
                "1/w",
                "--sizes",
                "1PiB",
                "--bandwidth",
                "1MiB/s",
            ],
            "write smaller sizes",
        ),
    ] {
        let output = init(arguments, Path::new("."));
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(why),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "");
    }
}
