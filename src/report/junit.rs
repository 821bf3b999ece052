//! What `--junit` asks for: a run as JUnit, by the schema that Jenkins publishes. Whether it has a verdict is a test case, and so are
//! each invariant and each threshold.

use super::findings::{clean, xml};
use super::headline::{demanded, sentence};
use super::number::{counted, seconds};
use super::origin::Origin;
use super::summary::{found, quantity};
use super::totals::{Totals, rows};
use crate::metrics::{Conclusion, StormResult, ThresholdResult};
use std::fmt::Write as _;
use stormglass_model::lifecycle::Invariant;
use stormglass_model::units::Span;

/// What the document begins with, by which Stormglass knows its own.
pub const JUNIT_HEAD: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"stormglass\" ";

/// Violations of one invariant that are told in full.
const TOLD: usize = 5;

/// A test case and what became of it: nothing where all is well.
struct Case {
    class: &'static str,
    name: String,
    ended: Option<Ended>,
}

enum Ended {
    /// It is known to be wrong.
    Failed { message: String, text: String },
    /// Nobody can say.
    Error { message: String },
}

/// The document.
pub fn junit(origin: &Origin, result: &StormResult) -> Vec<u8> {
    let mut cases = vec![verdict(result)];
    let totals = Totals::of(result);
    let invariants = Invariant::ALL.iter().zip(totals.violations);
    cases.extend(invariants.map(|(&invariant, count)| violated(origin, result, invariant, count)));
    cases.extend(result.thresholds.iter().map(|it| threshold(result, it)));
    let ended = |is: fn(&Ended) -> bool| {
        let ended = cases.iter().filter_map(|case| case.ended.as_ref());
        ended.filter(|ended| is(ended)).count()
    };
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\"",
        cases.len(),
        ended(|it| matches!(it, Ended::Failed { .. })),
        ended(|it| matches!(it, Ended::Error { .. })),
        seconds(Span::from_secs_f64(result.wall_s).0),
    );
    let mut text = format!(
        "{JUNIT_HEAD}{counts}>\n\
         <testsuite name=\"run of {}\" {counts} skipped=\"0\">\n<properties>\n\
         <property name=\"seed\" value=\"{}\"/>\n<property name=\"repeat\" value=\"{}\"/>\n</properties>\n",
        shown(&origin.scenario),
        origin.seed,
        shown(&origin.repeat()),
    );
    for case in &cases {
        written(&mut text, case);
    }
    text.push_str("</testsuite>\n</testsuites>\n");
    text.into_bytes()
}

/// That the run can be judged at all.
fn verdict(result: &StormResult) -> Case {
    let message = || {
        Some(Ended::Error {
            message: sentence(result),
        })
    };
    let ended = match result.conclusion() {
        Conclusion::Interrupted
        | Conclusion::Unknown
        | Conclusion::LocalFailure
        | Conclusion::LoadNotOffered => message(),
        Conclusion::Invalid | Conclusion::ThresholdFailed | Conclusion::Good => None,
    };
    Case {
        class: "stormglass.run",
        name: "it can be judged".to_owned(),
        ended,
    }
}

/// That an invariant was never violated.
fn violated(origin: &Origin, result: &StormResult, invariant: Invariant, count: u64) -> Case {
    let failed = || {
        let kept = rows(&result.runs, |run| &run.violations);
        let kept = kept.filter(|(_, violation)| violation.invariant == invariant);
        let told = kept.take(TOLD).map(|(run, violation)| {
            let subject = violation.subject;
            let subject = subject.map_or_else(String::new, |number| format!(", subject {number}"));
            let (at, repeat) = (violation.at, origin.repeat_run(run.seed));
            format!(
                "at {at}{subject}: {}\n  repeat: {repeat}\n",
                violation.detail
            )
        });
        Ended::Failed {
            message: counted(count, "violation"),
            text: told.collect(),
        }
    };
    Case {
        class: "stormglass.invariant",
        name: invariant.name().to_owned(),
        ended: (count > 0).then(failed),
    }
}

/// That a threshold is met.
fn threshold(result: &StormResult, judged: &ThresholdResult) -> Case {
    let threshold = &judged.threshold;
    let failed = || {
        let found = found(result, judged);
        let bound = quantity(threshold.bound, threshold.unit());
        let story = threshold
            .story
            .map(|story| &result.stories[usize::from(story.0)]);
        let mut text = format!(
            "demanded: {}\nfound: {found}\nbound: {bound}\n",
            demanded(threshold)
        );
        for (what, name) in [("phase", threshold.phase.as_ref()), ("story", story)] {
            if let Some(name) = name {
                let _ = writeln!(text, "{what}: {name}");
            }
        }
        Ended::Failed {
            message: format!("{}: {found}", demanded(threshold)),
            text,
        }
    };
    Case {
        class: "stormglass.threshold",
        name: demanded(threshold),
        ended: (!judged.met).then(failed),
    }
}

fn written(text: &mut String, case: &Case) {
    let (class, name) = (case.class, shown(&case.name));
    let _ = match &case.ended {
        None => writeln!(text, "<testcase classname=\"{class}\" name=\"{name}\"/>"),
        Some(Ended::Failed {
            message,
            text: more,
        }) => {
            let (message, more) = (shown(message), xml(more));
            writeln!(
                text,
                "<testcase classname=\"{class}\" name=\"{name}\">\n\
                 <failure type=\"{class}\" message=\"{message}\">{more}</failure>\n</testcase>"
            )
        }
        Some(Ended::Error { message }) => {
            let message = shown(message);
            writeln!(
                text,
                "<testcase classname=\"{class}\" name=\"{name}\">\n<error message=\"{message}\"/>\n</testcase>"
            )
        }
    };
}

/// Foreign text as an attribute.
fn shown(text: &str) -> String {
    xml(&clean(text))
}
