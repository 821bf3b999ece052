//! `findings.junit.xml`, by the schema that Jenkins publishes: a test case a finding, failed unless it is accepted. A sweep that could judge nothing has an error, so that no
//! pipeline takes it for a success.

use super::numbered;
use super::words::{clean, found, title, tried, with_interval, xml};
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
    let time = seconds(result.wall.0);
    let counts =
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{time}\"");
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"stormglass\" {counts}>\n\
         <testsuite name=\"sweep of {}\" {counts} skipped=\"{skipped}\">\n<properties>\n\
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
    let worst = finding.worst();
    let mechanism = finding.cause.mechanism;
    let title = title(finding.cause);
    let _ = writeln!(
        text,
        "<testcase classname=\"stormglass.{mechanism}\" name=\"{}\">",
        xml(&finding.cause.to_string())
    );
    if finding.accepted {
        let _ = writeln!(text, "<skipped>accepted: {}</skipped>", xml(&title));
    } else {
        let _ = writeln!(
            text,
            "<failure type=\"{}\" message=\"{}\">{}\nInvariant: {}\nShown: {} tries\n\
             Script: {}\nRepeat: {}\nMore: finding {number} in findings.md</failure>",
            finding.severity(),
            xml(&title),
            xml(&clean(&worst.sentence)),
            worst.invariant,
            with_interval(worst.shortest()),
            xml(&worst.shortest().script.to_string()),
            xml(&clean(&worst.repeat)),
        );
    }
    text.push_str("</testcase>\n");
}
