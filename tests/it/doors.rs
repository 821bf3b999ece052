//! One history through each door: the storm that saw it, the checker that a sweep calls, and `check` on the saved file must agree.

use crate::cli::{scenario, stderr, stdout, stormglass};
use crate::liar::{Lies, serve_lies};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;
use stormglass_model::checker::concurrent::{Rules, judge};
use stormglass_model::history::Observation;
use stormglass_model::history::file::Reader;
use stormglass_model::lifecycle::{Operation, Verdict};

/// How a run or a check ends.
const VALID: i32 = 0;
const INVALID: i32 = 90;
const UNKNOWN: i32 = 91;

const HONEST: Lies = Lies {
    download: 404,
    show: 404,
    delete: 204,
    slow: [Duration::ZERO; 2],
    saving: usize::MAX,
};

/// The exit codes of the storm and of `check`, and the verdict on the saved histories.
fn doors(folder: &Path, file: &str) -> (Option<i32>, Option<i32>, Verdict, String) {
    let run = stormglass(&["run", file, "--history", "--out", "results"], folder);
    let saved = folder.join("results/history.jsonl");
    let checked = stormglass(&["check", "results/history.jsonl"], folder);
    let mut reader = Reader::new(BufReader::new(File::open(saved).unwrap())).unwrap();
    let rules = Rules::of(reader.header());
    let mut verdict = Verdict::Valid;
    for read in &mut reader {
        let (_, history) = read.unwrap();
        verdict = verdict.max(judge(&history, &rules).verdict);
    }
    let said = format!("{}{}{}", stdout(&run), stderr(&run), stdout(&checked));
    (run.status.code(), checked.status.code(), verdict, said)
}

#[test]
fn a_history_of_a_real_server_is_judged_alike_at_every_door() {
    let steps_and_lies = [
        (r#""create", "delete""#, HONEST, VALID),
        (
            r#""create", "delete""#,
            Lies {
                delete: 500,
                ..HONEST
            },
            INVALID,
        ),
        // The record of an acknowledged upload is lost.
        (r#""create", "upload""#, HONEST, INVALID),
        // Nobody uploaded anything, and the record says saving.
        (
            r#""create""#,
            Lies {
                show: 200,
                ..HONEST
            },
            INVALID,
        ),
        (
            r#""create", "delete", { refused = "download" }"#,
            Lies {
                download: 200,
                ..HONEST
            },
            INVALID,
        ),
    ];
    for (steps, lies, expected) in steps_and_lies {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), lies, "[load]", &format!("[{steps}]"));
        agree(folder.path(), "liar.toml", expected);
    }
    // Somebody went away in the middle of an upload, and the record says saving: in the end nothing can be at work on it.
    let saving = Lies {
        show: 200,
        ..HONEST
    };
    for (settle, expected) in [("300ms", UNKNOWN), ("6s", INVALID)] {
        let folder = tempfile::tempdir().unwrap();
        let more = format!("[settle]\nfor = \"{settle}\"\n[load]");
        write(
            folder.path(),
            saving,
            &more,
            r#"["create", "abort-upload"]"#,
        );
        agree(folder.path(), "liar.toml", expected);
    }
}

#[test]
fn what_clients_see_of_a_correct_service_is_valid_at_every_door() {
    let folder = scenario();
    agree(folder.path(), "tiny.toml", VALID);
}

#[track_caller]
fn agree(folder: &Path, file: &str, expected: i32) {
    let (run, checked, verdict, said) = doors(folder, file);
    let code = Some(expected);
    assert_eq!((run, checked), (code, code), "{said}");
    let whole = match verdict {
        Verdict::Valid => VALID,
        Verdict::Invalid => INVALID,
        Verdict::Unknown => UNKNOWN,
    };
    assert_eq!(whole, expected, "{said}");
}

/// Writes `liar.toml`: one image at such a server, with what is added to the scenario up to its load.
fn write(folder: &Path, lies: Lies, more: &str, steps: &str) {
    let text = format!(
        "schema = 1\nname = \"liar\"\n[target.glance]\nurl = \"{}\"\n{more}\nusers = 1\nsubjects = 1\n\
         [[story]]\nname = \"one\"\nsize = \"1MiB\"\nsteps = {steps}\n",
        serve_lies(lies)
    );
    std::fs::write(folder.join("liar.toml"), text).unwrap();
}

/// Runs a storm of one image against such a server, with what is added to its scenario up to its load.
fn storm(steps: &str, lies: Lies, more: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), lies, more, &format!("[{steps}]"));
    let run = stormglass(&["run", "liar.toml", "--allow-commands"], folder.path());
    let said = format!("{}{}", stdout(&run), stderr(&run));
    (run.status.code(), said)
}

/// A command breaks the server for the first tenth of a second, and this is its undo.
fn broken_for_a_while(undo: &str) -> String {
    format!(
        "[target.glance.commands.harm]\nrun = \"true\"\nundo = \"{undo}\"\n\
         [[fault]]\nname = \"harm\"\nat = \"server\"\nkind = {{ command = \"harm\" }}\n\
         window = {{ from = \"0s\", to = \"100ms\" }}\n[load]"
    )
}

#[test]
fn a_server_that_could_not_be_repaired_is_not_blamed_for_its_errors() {
    let steps = r#""create", { wait = "500ms" }, "delete""#;
    let lies = Lies {
        delete: 500,
        ..HONEST
    };
    let (code, said) = storm(steps, lies, &broken_for_a_while("true"));
    assert_eq!(code, Some(INVALID), "{said}");
    let (code, said) = storm(steps, lies, &broken_for_a_while("echo stuck >&2; false"));
    assert_eq!(code, Some(VALID), "{said}");
    assert!(said.contains("stuck"), "{said}");
}

#[test]
fn what_is_answered_beside_the_runs_own_cleanup_proves_nothing() {
    let steps = r#""create", "delete", { refused = "download" }"#;
    let lies = Lies {
        download: 200,
        ..HONEST
    };
    // The load ends while the answer is still to come, and the cleanup goes on beyond it.
    let more = "[settle]\nfor = \"300ms\"\n[load]\nduration = \"1s\"";
    let seconds = |download, list| [download, list].map(Duration::from_secs);
    let (code, said) = storm(steps, lies, more);
    assert_eq!(code, Some(INVALID), "{said}");
    let late = Lies {
        slow: seconds(3, 4),
        ..lies
    };
    let (code, said) = storm(steps, late, more);
    assert_eq!(code, Some(VALID), "{said}");
    assert!(said.contains("0 failed, 1 unknown"), "{said}");
}

#[test]
fn a_rival_is_sent_at_its_point_of_an_operation() {
    // Of the second, looks at the record tell; the upload may have been answered by then.
    for (point, show, inside) in [("mid-body", 404, true), ("enters-saving", 200, false)] {
        let folder = tempfile::tempdir().unwrap();
        let steps = format!("\"create [upload {point} delete] refused=download\"");
        write(folder.path(), Lies { show, ..HONEST }, "[load]", &steps);
        agree(folder.path(), "liar.toml", VALID);
        let saved = File::open(folder.path().join("results/history.jsonl")).unwrap();
        let mut reader = Reader::new(BufReader::new(saved)).unwrap();
        let (_, history) = reader.next().unwrap().unwrap();
        let times = |wanted| {
            let mut invoked = history
                .events
                .iter()
                .filter_map(|event| match event.observation {
                    Observation::Invoked { op, operation, .. } if operation == wanted => {
                        Some((op, event.at))
                    }
                    _ => None,
                });
            let (id, begun) = invoked.next().unwrap();
            let mut answered = history
                .events
                .iter()
                .filter_map(|event| match event.observation {
                    Observation::Answered { op, .. } if op == id => Some(event.at),
                    _ => None,
                });
            (begun, answered.next().unwrap())
        };
        let [upload, delete, download] =
            [Operation::Upload, Operation::Delete, Operation::Download].map(times);
        assert!(upload.0 < delete.0, "{history:?}");
        assert!(!inside || delete.0 < upload.1, "{history:?}");
        assert!(download.0 >= upload.1.max(delete.1), "{history:?}");
    }
}
