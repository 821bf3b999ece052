//! What tools read: each file is well-formed whatever a server said, and the same for the same result.

use super::sample::{HOSTILE, hostile, result, three};
use crate::schema::assert_fits;
use insta::assert_snapshot;
use std::collections::BTreeSet;
use stormglass::{Accepted, Folder, SweepResult, sweep_files};
use stormglass_model::lifecycle::Verdict;

/// One file of a sweep.
pub fn file(result: &SweepResult, name: &str) -> String {
    let mut files = sweep_files(result);
    let found = files.find(|(other, _)| other == name);
    let bytes = found.unwrap().1.unwrap();
    if name == "sweep.json" {
        assert_fits("sweep", &bytes);
    }
    String::from_utf8(bytes).unwrap()
}

/// The same of any release.
fn text(result: &SweepResult, name: &str) -> String {
    file(result, name).replace(&format!("\"{}\"", env!("CARGO_PKG_VERSION")), "\"VERSION\"")
}

fn junit(result: &SweepResult) -> String {
    file(result, "findings.junit.xml")
}

/// The sweep with its second finding accepted.
fn one_accepted() -> SweepResult {
    let mut result = three();
    let accepted = "no-recovery: upload # bug 7\nwrong-effect: failed delete\n";
    Accepted::parse(accepted).unwrap().marks(&mut result);
    result
}

#[test]
fn csv_has_a_row_for_each_finding_and_point() {
    assert_snapshot!("csv", text(&one_accepted(), "findings.csv"));
}

#[test]
fn sweep_json_holds_what_scripts_rely_on() {
    assert_snapshot!("sweep_json", text(&one_accepted(), "sweep.json"));
}

#[test]
fn sarif_suppresses_what_is_accepted() {
    assert_snapshot!("sarif", text(&one_accepted(), "findings.sarif"));
}

#[test]
fn junit_fails_for_what_is_new() {
    assert_snapshot!("junit", junit(&one_accepted()));
    assert_snapshot!("junit_of_nothing", junit(&result(Vec::new())));
    let blind = SweepResult {
        unknown: 3_020,
        ..result(Vec::new())
    };
    assert!(junit(&blind).contains("errors=\"1\""), "{}", junit(&blind));
}

#[test]
fn what_was_accepted_and_is_gone_is_noted() {
    let result = one_accepted();
    let accepted: Vec<bool> = result.findings.iter().map(|f| f.accepted).collect();
    assert_eq!(accepted, [false, true, false]);
    assert_eq!(
        result.notes,
        ["accepted, and no longer seen: wrong-effect: failed delete"]
    );
}

#[test]
fn a_verdict_takes_fresh_findings_and_no_others() {
    assert_eq!(three().verdict(), Verdict::Invalid);
    let mut known = three();
    known.findings.iter_mut().for_each(|f| f.accepted = true);
    assert_eq!(known.verdict(), Verdict::Valid);
    let of = |tries, unknown, interrupted, run| {
        let nothing = SweepResult {
            tries,
            unknown,
            interrupted,
            cases: (run, 412),
            ..result(Vec::new())
        };
        nothing.verdict()
    };
    assert_eq!(of(0, 0, false, 0), Verdict::Unknown);
    assert_eq!(of(9, 9, false, 412), Verdict::Unknown);
    assert_eq!(of(9, 8, true, 411), Verdict::Unknown);
    assert_eq!(of(9, 8, true, 412), Verdict::Valid);
}

#[test]
fn every_file_survives_hostile_text() {
    let hostile = hostile();
    well_formed(&junit(&hostile));
    for name in ["findings.sarif", "sweep.json"] {
        let _: serde_json::Value = serde_json::from_str(&file(&hostile, name)).unwrap();
    }
    let csv = file(&hostile, "findings.csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(reader.headers().unwrap().len(), 13);
    for row in reader.records() {
        assert_eq!(row.unwrap()[11].len(), HOSTILE.len());
    }
}

#[test]
fn files_are_written_by_their_names() {
    let base = tempfile::tempdir().unwrap();
    let folder = Folder::named(&base.path().join("out")).unwrap();
    let kept = folder.write(sweep_files(&three()));
    assert!(kept.lost.is_empty());
    let wanted = [
        "findings.md",
        "sweep.json",
        "findings.csv",
        "findings.sarif",
        "findings.junit.xml",
        "finding-01.svg",
        "finding-02.svg",
        "finding-03.svg",
        "finding-01.jsonl",
        "finding-02.jsonl",
        "finding-03.jsonl",
    ];
    assert_eq!(kept.files, wanted);
    let names: BTreeSet<String> = sweep_files(&result(Vec::new()))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names.len(), 5);
}

/// Every element is closed in order, no text has a bare `<` or `&`, and every character is one of XML.
pub fn well_formed(xml: &str) {
    let mut open = Vec::new();
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        references(&rest[..start]);
        let end = start + rest[start..].find('>').expect("a tag without an end");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        references(tag);
        assert!(!tag.contains('<'), "{tag}");
        let name = tag.split([' ', '/']).find(|name| !name.is_empty());
        let name = name.expect("a tag without a name");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') && !tag.starts_with('?') {
            open.push(name);
        }
    }
    references(rest);
    assert_eq!(open, [""; 0]);
    let legal = |c: char| c == '\n' || !c.is_control();
    assert!(xml.chars().all(legal), "{xml}");
}

fn references(text: &str) {
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
        assert!(
            known.iter().any(|name| text[at..].starts_with(name)),
            "{text}"
        );
    }
}
