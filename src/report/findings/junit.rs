//! `findings.junit.xml`: a test case a finding, failed unless it is accepted. A sweep that could judge nothing has an error, so that no
//! pipeline takes it for a success.

use super::numbered;
use super::words::{at_best, clean, found, tried, xml};
use crate::report::number::seconds;
use crate::sweep::{Finding, SweepResult};
use std::fmt::Write as _;
use stormglass_model::lifecycle::Verdict;

/// The document.
pub fn junit(result: &SweepResult) -> String {
    let failures = result.fresh().count();
    let skipped = result.findings.len() - failures;
    let whole = match (result.verdict(), result.findings.is_empty()) {
        (Verdict::Unknown, _) => Some(format!(
            "<error message=\"the sweep has no verdict: {}\"/>",
            xml(&tried(result))
        )),
        (_, true) => Some(String::new()),
        (_, false) => None,
    };
    let errors = usize::from(result.verdict() == Verdict::Unknown);
    let tests = result.findings.len() + usize::from(whole.is_some());
    let counts = format!(
        "tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{}\"",
        seconds(result.wall.0)
    );
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"stormglass\" {counts}>\n\
         <testsuite name=\"sweep of {}\" {counts}>\n<properties>\n\
         <property name=\"seed\" value=\"{}\"/>\n<property name=\"tried\" value=\"{}\"/>\n</properties>\n",
        xml(&clean(&result.target)),
        result.seed,
        xml(&tried(result)),
    );
    if let Some(inside) = whole {
        let _ = writeln!(
            text,
            "<testcase classname=\"stormglass.sweep\" name=\"{}\">{inside}</testcase>",
            xml(&found(result))
        );
    }
    for finding in numbered(result) {
        case(&mut text, finding);
    }
    text.push_str("</testsuite>\n</testsuites>\n");
    text
}

fn case(text: &mut String, (number, finding): (usize, &Finding)) {
    let key = &finding.key;
    let sentence = xml(&clean(&finding.sentence));
    let (symptom, name) = (key.symptom, xml(&clean(&key.operations)));
    let _ = writeln!(
        text,
        "<testcase classname=\"stormglass.{symptom}\" name=\"{name}\">"
    );
    if finding.accepted {
        let _ = writeln!(text, "<skipped message=\"accepted: {sentence}\"/>");
    } else {
        let _ = writeln!(
            text,
            "<failure type=\"{}\" message=\"{sentence}\">{sentence}\nInvariant: {}\nShown: {} tries\n\
             Script: {}\nRepeat: {}\nMore: finding {number} in findings.md</failure>",
            key.severity,
            key.invariant,
            at_best(finding),
            xml(&finding.shortest.script.to_string()),
            xml(&clean(&finding.repeat)),
        );
    }
    text.push_str("</testcase>\n");
}
