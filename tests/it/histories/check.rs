//! `stormglass check`, and what it shows.

use crate::cli::{scenario, stderr, stdout, stormglass};
use crate::process;
use std::path::Path;
use stormglass::Checked;
use stormglass_model::checker::concurrent::{SubjectViolation, Symptom};
use stormglass_model::history::SubjectHistory;
use stormglass_model::history::file::{Header, Reader};
use stormglass_model::lifecycle::{Invariant, Profile, Verdict};
use stormglass_model::units::Time;

fn breach(at: u64, invariant: Invariant, symptom: Symptom, sentence: &str) -> SubjectViolation {
    SubjectViolation {
        at: Time(at),
        invariant,
        symptom,
        sentence: sentence.to_owned(),
    }
}

fn sample() -> Checked {
    let mut checked = Checked::new(Header {
        scenario: "smoke\u{1b}[2J".to_owned(),
        seed: 42,
        profile: Profile::V2,
        delayed_delete: Some(true),
        one_identity: false,
    });
    checked.whole = true;
    checked
}

/// Two runs of some subjects each, a few of which are not right.
fn invalid() -> Checked {
    let mut checked = sample();
    for run in 1..=2 {
        for subject in 0..600 {
            let undone = breach(
                1_250_000_000 + subject,
                Invariant::Acknowledged,
                Symptom::Undone,
                "a delete was acknowledged, and later the subject was active",
            );
            let hollow = breach(
                9_000_000_000,
                Invariant::Conservation,
                Symptom::Hollow,
                "an upload was acknowledged, and its data could not be read",
            );
            let (verdict, breaches) = match (run, subject) {
                (2, 17) => (Verdict::Invalid, vec![undone, hollow]),
                (_, 100..300) => (Verdict::Invalid, vec![undone]),
                (_, 50) => (Verdict::Unknown, vec![]),
                _ => (Verdict::Valid, vec![]),
            };
            let history = SubjectHistory {
                subject,
                events: vec![],
            };
            checked.add(run, &history, verdict, breaches);
        }
    }
    checked
}

#[test]
fn a_check_is_shown_with_the_worst_first() {
    insta::assert_snapshot!(sample().text(false), @r#"
    ✓ valid  smoke·[2J · seed 42 · embedded service, v2 rules
      0 subjects · 0 events
    "#);
    insta::assert_snapshot!(invalid().text(false), @r#"
    ✗ invalid  smoke·[2J · seed 42 · embedded service, v2 rules
      1,200 subjects · 0 events · 2 runs
      2 subjects inconclusive: too much was open at once

      402 violations, the worst first:
      hollow ×1 (conservation), the first at 9s in subject 17 of run 2
        an upload was acknowledged, and its data could not be read
      undone ×401 (acknowledged), the first at 1.25s in subject 100 of run 1
        a delete was acknowledged, and later the subject was active
    "#);
    let mut unknown = sample();
    unknown.add(1, &SubjectHistory::default(), Verdict::Unknown, vec![]);
    insta::assert_snapshot!(unknown.text(false), @r#"
    ? unknown  smoke·[2J · seed 42 · embedded service, v2 rules
      1 subject · 0 events
      1 subject inconclusive: too much was open at once
    "#);
    assert!(
        invalid()
            .text(true)
            .starts_with("\x1b[1;31m✗ invalid\x1b[0m")
    );
}

#[test]
fn scripts_get_all_of_it_as_json() {
    let mut json: serde_json::Value = serde_json::from_slice(&invalid().json()).unwrap();
    let undone = &mut json["violations_by_kind"][1];
    assert_eq!(undone["places"].as_array().unwrap().len(), 100);
    undone["places"].as_array_mut().unwrap().truncate(1);
    json["version"] = "".into();
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap(), @r#"
    {
      "cut_short": false,
      "events": 0,
      "profile": "v2",
      "runs": 2,
      "scenario": "smoke\u001b[2J",
      "seed": 42,
      "subjects": 1200,
      "subjects_unknown": 2,
      "verdict": "invalid",
      "version": "",
      "violations": 402,
      "violations_by_kind": [
        {
          "count": 1,
          "invariant": "conservation",
          "places": [
            {
              "run": 2,
              "subject": 17,
              "t_ns": 9000000000
            }
          ],
          "sentence": "an upload was acknowledged, and its data could not be read",
          "severity": "data-lost",
          "symptom": "hollow"
        },
        {
          "count": 401,
          "invariant": "acknowledged",
          "places": [
            {
              "run": 1,
              "subject": 100,
              "t_ns": 1250000100
            }
          ],
          "sentence": "a delete was acknowledged, and later the subject was active",
          "severity": "wrong-answer",
          "symptom": "undone"
        }
      ]
    }
    "#);
}

/// Runs the tiny scenario with its history, in a folder of its own.
fn saved(arguments: &[&str]) -> tempfile::TempDir {
    let folder = scenario();
    let run = ["run", "tiny.toml", "--quiet", "--history", "--out", "out"];
    let output = stormglass(&[&run[..], arguments].concat(), folder.path());
    // On a busy machine real time may be more than the generator can keep up with.
    let code = output.status.code();
    assert!(
        matches!(code, Some(0 | 92)),
        "{code:?}: {}",
        stderr(&output)
    );
    folder
}

fn histories(folder: &Path) -> Vec<(u32, SubjectHistory)> {
    let text = std::fs::read(folder.join("out/history.jsonl")).unwrap();
    Reader::new(&text[..])
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn a_run_saves_what_its_clients_saw_if_it_is_asked() {
    let folder = saved(&[]);
    let saved = histories(folder.path());
    let numbers: Vec<u64> = saved.iter().map(|(_, history)| history.subject).collect();
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    assert!(
        saved
            .iter()
            .all(|(run, history)| (*run, history.events.len()) == (1, 4))
    );

    let plain = stormglass(
        &["run", "tiny.toml", "--quiet", "--out", "plain"],
        folder.path(),
    );
    assert_eq!(plain.status.code(), Some(0));
    assert!(!folder.path().join("plain/history.jsonl").exists());
}

#[test]
fn runs_and_shards_are_saved_in_one_file() {
    let folder = saved(&["--replications", "3"]);
    let runs: Vec<u32> = histories(folder.path())
        .iter()
        .map(|(run, _)| *run)
        .collect();
    assert_eq!(runs, [[1; 50], [2; 50], [3; 50]].concat());

    let live = saved(&["--set", "clock=\"real\"", "--threads", "2"]);
    let subjects: Vec<u64> = histories(live.path())
        .iter()
        .map(|(_, history)| history.subject)
        .collect();
    assert_eq!(subjects, (0..50).collect::<Vec<_>>());
}

#[test]
fn a_check_says_what_the_run_said() {
    let folder = saved(&[]);
    let output = stormglass(&["check", "out/history.jsonl"], folder.path());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    insta::assert_snapshot!(stdout(&output), @"
    ✓ valid  tiny · seed 42 · embedded service, v2 rules
      50 subjects · 200 events
    ");
    let history = std::fs::File::open(folder.path().join("out/history.jsonl")).unwrap();
    let piped = process::stormglass(["check", "-", "--json", "--threads", "1"])
        .stdin(history)
        .output();
    let json: serde_json::Value = serde_json::from_slice(&piped.stdout).unwrap();
    assert_eq!(
        (&json["verdict"], &json["events"]),
        (&"valid".into(), &200.into())
    );
}

#[test]
fn what_cannot_be_checked_is_named_and_judged_as_nothing() {
    let folder = scenario();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("empty.jsonl", "");
    write("table.jsonl", "run,phase,story\n");
    for file in [
        "nowhere.jsonl",
        "empty.jsonl",
        "table.jsonl",
        "tiny.toml",
        ".",
    ] {
        for json in [&[][..], &["--json"]] {
            let arguments = [&["check", file][..], json].concat();
            let output = stormglass(&arguments, folder.path());
            let message = stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{message}");
            assert_eq!(
                (message.lines().count(), stdout(&output)),
                (1, String::new()),
                "{message}"
            );
            let start = format!("stormglass: cannot check {file}: ");
            assert!(message.starts_with(&start), "{message}");
        }
    }
    for arguments in [
        &["check"][..],
        &["check", "a", "b"],
        &["check", "a", "--threads", "0"],
    ] {
        assert_eq!(stormglass(arguments, folder.path()).status.code(), Some(2));
    }
}
