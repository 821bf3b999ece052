//! Bad input: a clear line, and nothing lost.

use super::logs::{self, BEGIN, Request};
use super::{learn, learned};
use crate::cli::{stderr, stdout};
use crate::process;
use std::fs;
use stormglass_model::lifecycle::Operation;

/// Sixty images a second apart, each created and deleted.
pub(super) fn requests() -> Vec<Request> {
    let one = |subject: u64, operation, at: u64| Request {
        at: BEGIN + subject * 1_000 + at,
        took: 10,
        operation,
        subject,
        size: 7_000,
        is_ok: true,
    };
    let life = |subject| {
        [
            one(subject, Operation::Create, 0),
            one(subject, Operation::Upload, 100),
            one(subject, Operation::Delete, 900),
        ]
    };
    (0..60).flat_map(life).collect()
}

#[test]
fn a_log_of_another_program_says_what_would_be_needed() {
    let folder = tempfile::tempdir().unwrap();
    let text = "2026-11-29 18:00:07.1 5 INFO nova.compute [req-4bbb-8ccc kanarie -] told\nkanarie 198.51.100.7 started\n";
    fs::write(folder.path().join("nova.log"), text).unwrap();
    let output = learn(folder.path(), &["nova.log", "--out", "out"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(format!("{}---\n{}", stdout(&output), stderr(&output)));
    assert!(
        !folder.path().join("out").exists(),
        "nothing is left behind"
    );
}

#[test]
fn nothing_is_learned_from_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty.log"), "").unwrap();
    let output = learn(folder.path(), &["empty.log"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("nothing to learn from"),
        "{}",
        stderr(&output)
    );
    let none = learn(folder.path(), &["missing.log"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(
        stderr(&none).contains("cannot read missing.log"),
        "{}",
        stderr(&none)
    );
    // Images that were there before tell no story.
    let later: Vec<Request> = requests()
        .into_iter()
        .filter(|it| it.operation == Operation::Delete)
        .collect();
    fs::write(
        folder.path().join("deletes.log"),
        logs::log(&later, logs::uwsgi),
    )
    .unwrap();
    let output = learn(folder.path(), &["deletes.log"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("no image was seen from its create on"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_is_packed_otherwise_says_how_to_unpack_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, with) in [
        ("a.zst", &b"\x28\xb5\x2f\xfdrest"[..], "zstdcat"),
        ("a.xz", b"\xfd7zXZ\0rest", "xzcat"),
        ("a.bz2", b"BZh9rest", "bzcat"),
    ] {
        fs::write(folder.path().join(name), bytes).unwrap();
        let output = learn(folder.path(), &[name]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains(&format!("{with} {name} | stormglass learn -")),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn what_is_cut_off_is_read_up_to_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(
        &mut packed,
        logs::log(&requests(), logs::eventlet).as_bytes(),
    )
    .unwrap();
    let packed = packed.finish().unwrap();
    fs::write(
        folder.path().join("cut.gz"),
        &packed[..packed.len() * 2 / 3],
    )
    .unwrap();
    let (_, screen) = learned(folder.path(), &["cut.gz"], "out");
    assert!(screen.contains("cut.gz ended early"), "{screen}");
    assert!(screen.contains("what came before is read"), "{screen}");
}

#[test]
fn a_clock_that_jumps_is_told_and_no_life_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let text = logs::log(&requests(), logs::eventlet);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // In the middle the clock is set back by an hour, and later ahead by a year.
    let jumped: Vec<String> = (lines.iter().enumerate())
        .map(|(at, line)| match at {
            0..60 => (*line).to_owned(),
            60..120 => line.replace(" 18:0", " 17:0"),
            _ => line
                .replace("2026-11-29 18", "2027-11-29 17")
                .replace("Nov/2026 18", "Nov/2027 17"),
        })
        .collect();
    fs::write(folder.path().join("log"), jumped.concat()).unwrap();
    let (scenario, screen) = learned(folder.path(), &["log"], "out");
    assert!(screen.contains("the clock was set back 1 time"), "{screen}");
    assert!(screen.contains("the clock leapt ahead 1 time"), "{screen}");
    assert!(screen.contains("60 images from the create on"), "{screen}");
    let duration = scenario.load.duration.unwrap().as_secs_f64();
    assert!((50.0..70.0).contains(&duration), "{duration}");
}

#[test]
fn a_folder_that_holds_something_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("log"),
        logs::log(&requests(), logs::uwsgi),
    )
    .unwrap();
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/mine"), "mine").unwrap();
    let output = learn(folder.path(), &["log", "--out", "out"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("already holds something"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 1);
}

/// Nobody knows which image a create made that nothing follows.
#[test]
fn a_create_without_an_image_is_counted_and_none_is_invented() {
    let folder = tempfile::tempdir().unwrap();
    let alone = |subject: u64| Request {
        at: BEGIN + 70_000 + subject * 100,
        took: 10,
        operation: Operation::Create,
        subject: 1_000 + subject,
        size: 0,
        is_ok: true,
    };
    let all: Vec<Request> = requests().into_iter().chain((0..20).map(alone)).collect();
    fs::write(folder.path().join("log"), logs::log(&all, logs::eventlet)).unwrap();
    let (scenario, screen) = learned(folder.path(), &["log"], "out");
    assert!(screen.contains("60 images from the create on"), "{screen}");
    assert!(
        screen.contains("20 creates whose image is not known"),
        "{screen}"
    );
    assert_eq!(scenario.stories.len(), 1);
}

#[test]
fn what_failed_and_was_tried_again_is_told_and_no_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for request in requests() {
        if request.operation == Operation::Upload && request.subject < 20 {
            let before = Request {
                at: request.at - 50,
                ..request.clone()
            };
            text += &logs::haproxy(&before).replace(" 204 ", " 503 ");
        }
        text += &logs::haproxy(&request);
    }
    fs::write(folder.path().join("log"), text).unwrap();
    let (scenario, _) = learned(folder.path(), &["log"], "out");
    assert_eq!(scenario.stories.len(), 1);
    let text = fs::read_to_string(folder.path().join("out/scenario.toml")).unwrap();
    let told = "# upload: 20 failed, 20 by an error of the server; 20 tried again.";
    assert!(text.contains(told), "{text}");
    assert!(text.contains("# [[fault]]"), "{text}");
    // With the fault that it offers it is a scenario as well.
    let faulty = text
        .replace("# [[fault]]\n# name", "[[fault]]\nname")
        .replace("\n# at =", "\nat =")
        .replace("\n# kind =", "\nkind =");
    fs::write(folder.path().join("out/faulty.toml"), faulty).unwrap();
    let faulty = stormglass::read(&folder.path().join("out/faulty.toml"), &[]);
    assert_eq!(
        faulty
            .unwrap_or_else(|mistakes| panic!("{}", mistakes.plain()))
            .faults
            .len(),
        1
    );
}

#[test]
fn what_comes_through_a_pipe_is_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("log"),
        logs::log(&requests(), logs::uwsgi),
    )
    .unwrap();
    let output = process::stormglass(["learn", "-"])
        .current_dir(folder.path())
        .stdin(fs::File::open(folder.path().join("log")).unwrap())
        .output();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("60 images from the create on"),
        "{}",
        stdout(&output)
    );
    assert!(
        stderr(&output).contains("nothing is written"),
        "{}",
        stderr(&output)
    );
}

/// The screen and the scenario, as a person reads them.
#[test]
fn a_small_log_is_told_in_full() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = logs::log(&requests(), logs::nginx);
    text += "198.51.100.9 - - [29/Nov/2026:18:01:01 +0000] \"GET /v2/images?name=kanarie HTTP/1.1\" 200 91 \"-\" \"kanarie\" 0.010\n";
    text += "198.51.100.9 - - [29/Nov/2026:18:01:01 +0000] \"GET /v2/images/0abc-4bbb-8ccc-1/file HTTP/1.1\" 200 91 \"-\" \"kanarie\" 0.010\n";
    text += "kanarie@example.org says t0ken 77\n";
    fs::write(folder.path().join("access.log"), text).unwrap();
    let (_, screen) = learned(folder.path(), &["access.log"], "out");
    let scenario = fs::read_to_string(folder.path().join("out/scenario.toml")).unwrap();
    insta::assert_snapshot!(format!("{screen}---\n{scenario}"));
}
