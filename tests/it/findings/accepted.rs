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
    let text = "\u{feff}# known\r\n\r\n orphan:upload  +delete # a reason: bug 7\n\
                stuck-subject: upload + !kill-api\nserver-error: delete:stranger\n";
    let (seen, unseen) = accepted(text);
    assert!(seen);
    assert_eq!(
        unseen,
        [
            "server-error: delete:stranger",
            "stuck-subject: upload + !kill-api"
        ]
    );
    assert_eq!(accepted(""), (false, vec![]));
    let usual = accepted("orphan: delete:member");
    assert_eq!(usual, (false, vec!["orphan: delete".to_owned()]));
}

#[test]
fn every_line_that_names_none_is_told_by_its_number() {
    let text = "orphan: upload\n\norfan: upload\nupload + delete\norphan:\norphan: uplaod\norphan: upload + !\n";
    let errors = Accepted::parse(text).unwrap_err();
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let wanted = [
        "line 3: `orfan` is no symptom; did you mean `orphan`?",
        "line 4: `upload + delete` names no finding; write for example `orphan: upload + delete`",
        "line 5: `orphan:` names no finding; write for example `orphan: upload + delete`",
        "line 6: `uplaod` is no operation; did you mean `upload`?",
        "line 7: `!` is no fault and no name of a command",
    ];
    assert_eq!(told, wanted);
}
