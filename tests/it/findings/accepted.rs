//! Findings that are known and accepted: what a line of their file stands for.

use super::sample::{orphan, result};
use stormglass::Accepted;

#[test]
fn a_line_is_a_finding() {
    let accepted = |text: &str| {
        let mut result = result(vec![orphan()]);
        result.notes.clear();
        Accepted::parse(text).unwrap().marks(&mut result);
        let gone = "accepted, and no longer seen: ";
        let notes = result.notes.iter();
        let unseen: Vec<String> = notes
            .map(|note| note.strip_prefix(gone).unwrap().to_owned())
            .collect();
        (result.findings[0].accepted, unseen)
    };
    let text = "\u{feff}# known\r\n\r\n no-clean-up:upload # a reason: bug 7\n\
                no-recovery: upload\nno-clean-up: failed  stage\n";
    let (seen, unseen) = accepted(text);
    assert!(seen);
    assert_eq!(unseen, ["no-clean-up: failed stage", "no-recovery: upload"]);
    assert_eq!(accepted(""), (false, vec![]));
}

#[test]
fn every_line_that_names_none_is_told_by_its_number() {
    let text = "no-clean-up: upload\n\nno-cleanup: upload\nupload + delete\nno-clean-up:\nstale-write: failed uplaod\n\
                orphan: upload + delete\nserver-error: deactivate + deactivate\n";
    let errors = Accepted::parse(text).unwrap_err();
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let older = "as older versions did; findings are named by their cause now: sweep again, and take the names from findings.md";
    let wanted = [
        "line 3: `no-cleanup` is no cause; did you mean `no-clean-up`?".to_owned(),
        "line 4: `upload + delete` names no finding; write for example `stale-write: update`"
            .to_owned(),
        "line 5: `no-clean-up` names no request; write for example `no-clean-up: upload`"
            .to_owned(),
        "line 6: `uplaod` is no request; did you mean `upload`?".to_owned(),
        format!("line 7: `orphan: upload + delete` names a finding by its symptom, {older}"),
        format!(
            "line 8: `server-error: deactivate + deactivate` names a finding by its operations, {older}"
        ),
    ];
    assert_eq!(told, wanted);
}
