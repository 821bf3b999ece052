//! The page of a sweep, which `stormglass report` makes of `sweep.json` alone.

use super::files::{file, well_formed};
use super::sample::{hostile, long, result, three};
use crate::cli::{stderr, stormglass};
use std::fs;
use std::process::Output;
use stormglass::SweepResult;

/// What becomes of a folder with this `sweep.json` in it, and its page.
fn reported(json: &str) -> (Output, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sweep.json"), json).unwrap();
    let output = stormglass(&["report", "."], folder.path());
    let page = fs::read_to_string(folder.path().join("report.html"));
    (output, page.unwrap_or_default())
}

fn page(result: &SweepResult) -> String {
    let (output, page) = reported(&file(result, "sweep.json"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    page
}

/// The pictures of a page.
fn pictures(page: &str) -> Vec<&str> {
    let begins = page.match_indices("<svg class=\"happened\"");
    begins
        .map(|(from, _)| &page[from..][..page[from..].find("</svg>").unwrap() + 6])
        .collect()
}

#[test]
fn each_finding_has_its_sentence_its_cause_its_command_and_its_timeline() {
    let three = three();
    let page = page(&three);
    assert!(page.contains(
        "invalid: 3 findings; 412 of 412 scripts, 3,020 tries, 12 of them without a verdict"
    ));
    for (finding, title) in three.findings.iter().zip([
        "1. An upload leaves something behind",
        "2. An upload that the server breaks off is never taken up again nor undone",
        "3. A deactivate is answered with an error of the server&#39;s own",
    ]) {
        let variant = &finding.variants[0];
        let title = title.replace("&#39;", "'");
        let lead = format!("<p>{}</p>", variant.sentence);
        for text in [&lead, &title, &finding.cause.to_string()] {
            assert!(page.contains(text.as_str()), "{text}");
        }
        let repeat = variant.repeat.replace('>', "&gt;");
        assert!(page.contains(&repeat), "{repeat}");
    }
    assert!(page.contains("11 of 60 (11–30 %)"));
    assert!(page.contains("curl -sS"), "by hand");
    let pictures = pictures(&page);
    assert_eq!(pictures.len(), 3);
    for picture in &pictures {
        well_formed(picture);
        assert!(picture.contains("class=\"wrong\""), "{picture}");
        assert!(!picture.contains("style="), "what the policy forbids");
    }
    // Both uploads, who released whom, what the probe found, and where the server was broken.
    assert_eq!(pictures[0].matches("class=\"ground\"").count(), 4);
    assert!(
        pictures[0].contains("class=\"rival\"")
            && pictures[0].contains(">released at last-byte of upload<")
    );
    assert!(pictures[0].contains(">store: 65,536 bytes<"));
    assert!(pictures[1].contains("class=\"broken\"") && !pictures[0].contains("class=\"broken\""));
    // The tables behind them say the same.
    for row in [
        "<th scope=\"row\">upload</th><td>member</td><td>14.9ms</td><td>60.1ms</td><td>204</td><td></td>",
        "<td>204</td><td>released at last-byte of upload</td>",
        "<th scope=\"row\">the server is broken on purpose</th><td></td><td>28ms</td><td>2.95s</td>",
        "<th scope=\"row\">✗ what is seen here cannot be true</th><td></td><td>1.2s</td>",
    ] {
        assert!(page.contains(row), "{row}");
    }
}

/// Twelve tries of 3,020 were not judged: 3,008 of 412 scripts are 7.3 each, and 1 − 0.05^(1 / 7.3) is 33.7 %.
#[test]
fn nothing_found_says_what_that_is_worth() {
    let nothing = page(&result(Vec::new()));
    let worth = "3,008 tries of 412 scripts could be judged, 7.3 of each on average. A defect that a script shows in 33.7% of its";
    assert!(nothing.contains("Nothing was found."), "{worth}");
    assert!(nothing.contains(worth), "{worth}");
    assert!(pictures(&nothing).is_empty());
    let unjudged = page(&SweepResult {
        unknown: 3_020,
        ..result(Vec::new())
    });
    assert!(unjudged.contains("no try could be judged"));
}

#[test]
fn what_a_server_says_stays_text_in_a_page() {
    let page = page(&hostile());
    assert!(!page.contains("<script>alert") && !page.contains("<!--"));
    for hidden in ['\u{1b}', '\u{0}', '\u{202e}', '\u{200b}'] {
        assert!(!page.contains(hidden), "{hidden:?}");
    }
    assert!(page.contains("雷雨"));
}

#[test]
fn a_page_of_many_findings_can_be_sent_on() {
    let findings: Vec<_> = (0..90).map(|_| long()).collect();
    let page = page(&result(findings));
    assert!(page.len() < 2 << 20, "{} bytes", page.len());
    assert_eq!(pictures(&page).len(), 32);
    assert!(page.contains("Its timeline is in <code>finding-33.svg</code>"));
    assert!(page.contains("… and 973 more …"), "a long history");
}

#[test]
fn a_sweep_of_an_earlier_version_has_a_page_and_a_broken_one_has_none() {
    let whole = file(&three(), "sweep.json");
    let mut old: serde_json::Value = serde_json::from_str(&whole).unwrap();
    old.as_object_mut().unwrap().remove("sentence");
    for finding in old["findings"].as_array_mut().unwrap() {
        for key in ["explanation", "demand", "timeline", "by_hand"] {
            finding.as_object_mut().unwrap().remove(key).unwrap();
        }
    }
    let (output, page) = reported(&old.to_string());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(page.contains("Its timeline is in <code>finding-01.svg</code>"));
    for part in [&whole[..whole.len() / 2], "", "[]", "{\"version\": 1}"] {
        let (output, page) = reported(part);
        assert_eq!(output.status.code(), Some(1), "{part}");
        let said = stderr(&output);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.contains("sweep.json is not as Stormglass writes it"),
            "{said}"
        );
        assert_eq!(page, "");
    }
    // Whatever instants it names, there is a picture or none, and no panic.
    let wild = whole
        .replace("\"from_s\": 0.0149", "\"from_s\": -1e300")
        .replace("\"to_s\": 0.0601", "\"to_s\": 1e300")
        .replace("\"released_by\": 1", "\"released_by\": 99");
    assert_eq!(reported(&wild).0.status.code(), Some(0));
}
