//! A sweep says what it did not try.

use super::sample::result;
use insta::assert_snapshot;
use serde_json::Value;
use std::collections::BTreeMap;
use stormglass::{Family, FamilyTally, SweepResult, sweep_files, sweep_summary as summary};

fn cut_short() -> SweepResult {
    let family = |family, planned, not_tried: &[&str]| FamilyTally {
        family,
        planned,
        not_tried: not_tried.iter().map(|text| text.parse().unwrap()).collect(),
    };
    let missed = [
        "create [upload mid-body !kill-api]",
        "create !restart upload",
    ];
    SweepResult {
        cases: (410, 412),
        families: vec![
            family(Family::Single, 300, &[]),
            family(Family::Command, 112, &missed),
        ],
        ..result(Vec::new())
    }
}

#[test]
fn what_was_not_tried_is_counted_and_named() {
    let result = cut_short();
    assert_snapshot!(summary(&result, None, false), @r"
    ✓ valid  http://127.0.0.1:9292 · nothing found · seed 42
      410 of 412 scripts, 3,020 tries, 12 of them without a verdict, in 24.1m
      not tried: 2 of 112 commands
    ");
    let files = sweep_files(&result).map(|(name, bytes)| (name, bytes.unwrap()));
    let files: BTreeMap<String, Vec<u8>> = files.collect();
    let page = String::from_utf8_lossy(&files["findings.md"]);
    for part in [
        "\n[Not tried](#not-tried): 2 of 112 commands.\n",
        "\n| single operations | 300 | 0 |\n| commands | 112 | 2 |\n",
        "`not-tried.txt` lists them",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let names = String::from_utf8_lossy(&files["not-tried.txt"]);
    assert!(
        names.starts_with("# commands\n") && names.ends_with("\ncreate !restart upload\n"),
        "{names}"
    );
    let json: Value = serde_json::from_slice(&files["sweep.json"]).unwrap();
    let commands = &json["families"][1];
    assert_eq!(commands["family"], "commands");
    assert_eq!(commands["not_tried"][1], "create !restart upload");
}
