//! What `stormglass serve --judge` says of clients and of its own answers: `clients.json`, `clients.junit.xml`, `clients.sarif`, and the
//! text for the terminal.

use super::findings::{clean, fingerprint, xml};
use super::json::pretty;
use super::number::{counted, thousands};
use super::terminal::Paint;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io;
use stormglass_model::lifecycle::Verdict;
use stormglass_model::misuse::Misuse;
use stormglass_serve::{ClientFinding, ClientReport, Judgement};

/// A judgement, with what of it is accepted.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// The scenario's name, or the server's.
    pub name: &'a str,
    /// Where all chance came from.
    pub seed: u64,
    /// What was found.
    pub judgement: &'a Judgement,
    /// Of clients.
    pub clients: &'a ClientReport,
    /// Mistakes that are nobody's concern.
    pub accepts: &'a [Misuse],
}

/// Findings of a kind that the terminal shows.
const SHOWN: usize = 3;

impl Judged<'_> {
    /// How often each kind of mistake was made that is not accepted.
    fn mistakes(&self) -> impl Iterator<Item = (Misuse, u64)> {
        let counts = self.clients.counts.iter().copied();
        counts.filter(|(misuse, count)| *count > 0 && !self.accepts.contains(misuse))
    }

    fn of(&self, misuse: Misuse) -> impl Iterator<Item = &ClientFinding> {
        let findings = self.clients.findings.iter();
        findings.filter(move |it| it.misuse == misuse)
    }

    fn count(&self, misuse: Misuse) -> u64 {
        let found = self.clients.counts.iter().find(|(it, _)| *it == misuse);
        found.map_or(0, |(_, count)| *count)
    }

    /// Whether anything is wrong that is not accepted; unknown where nobody has asked for anything.
    pub fn verdict(&self) -> Verdict {
        match self.mistakes().next() {
            Some(_) => Verdict::Invalid,
            None => match (self.judgement.answers.verdict, self.clients.calls) {
                (Verdict::Valid, 0) => Verdict::Unknown,
                (verdict, _) => verdict,
            },
        }
    }
}

/// Every file.
pub fn clients_files(judged: &Judged) -> Vec<(&'static str, io::Result<Vec<u8>>)> {
    vec![
        ("clients.json", Ok(clients_json(judged))),
        ("clients.junit.xml", Ok(junit(judged).into_bytes())),
        ("clients.sarif", Ok(sarif(judged))),
        (super::HISTORY, Ok(judged.judgement.history.clone())),
    ]
}

/// The document.
pub fn clients_json(judged: &Judged) -> Vec<u8> {
    let misuses = Misuse::ALL.iter().map(|misuse| {
        json!({
            "misuse": misuse.name(),
            "demand": misuse.demand(),
            "count": judged.count(*misuse),
            "accepted": judged.accepts.contains(misuse),
            "findings": judged.of(*misuse).map(finding).collect::<Vec<Value>>(),
        })
    });
    let answers = &judged.judgement.answers;
    let violations = answers.violations.iter().map(|it| {
        json!({
            "image": it.subject,
            "invariant": it.invariant.name(),
            "sentence": clean(&it.sentence),
        })
    });
    pretty(&json!({
        "schema": 1,
        "scenario": judged.name,
        "seed": judged.seed,
        "verdict": judged.verdict().name(),
        "calls": judged.clients.calls,
        "misuses": misuses.collect::<Vec<Value>>(),
        "answers": {
            "verdict": answers.verdict.name(),
            "images": answers.images,
            "violations": violations.collect::<Vec<Value>>(),
        },
    }))
}

fn finding(finding: &ClientFinding) -> Value {
    json!({
        "client": clean(&finding.client),
        "image": finding.image.map(|id| id.to_string()),
        "at_s": finding.at.as_secs_f64(),
        "sentence": clean(&finding.sentence),
    })
}

/// What it came to, in one sentence.
fn sentence(judged: &Judged) -> String {
    let calls = counted(judged.clients.calls, "call");
    let mistakes: Vec<String> = (judged.mistakes())
        .map(|(misuse, count)| format!("{} × {misuse}", thousands(count)))
        .collect();
    let clients = match mistakes.as_slice() {
        [] if judged.clients.calls == 0 => "no client asked for anything".to_owned(),
        [] => format!("{calls}, and no mistake of a client"),
        mistakes => format!("{calls} of clients, with {}", mistakes.join(", ")),
    };
    match judged.judgement.answers.verdict {
        Verdict::Valid => clients,
        verdict => format!("{clients}; the server's own answers are {verdict}"),
    }
}

/// The text for the terminal; `results`: where the files are.
pub fn clients_summary(judged: &Judged, results: &str, colour: Paint) -> String {
    let told = sentence(judged);
    let mark = match judged.verdict() {
        Verdict::Valid => colour.good("✓"),
        Verdict::Invalid => colour.bad("✗"),
        Verdict::Unknown => colour.doubtful("?"),
    };
    let mut text = format!("{mark} {told}\n");
    for (misuse, count) in judged.mistakes() {
        let _ = writeln!(text, "\n{misuse}: {}", misuse.demand());
        for finding in judged.of(misuse).take(SHOWN) {
            let _ = writeln!(text, "  at {}: {}", finding.at, clean(&finding.sentence));
        }
        let more = count.saturating_sub(SHOWN as u64);
        if more > 0 {
            let _ = writeln!(text, "  and {} more", thousands(more));
        }
    }
    for violation in judged.judgement.answers.violations.iter().take(SHOWN) {
        let _ = writeln!(
            text,
            "\nthe server's own: {}: image {}: {}",
            violation.invariant,
            violation.subject,
            clean(&violation.sentence)
        );
    }
    let _ = writeln!(text, "\nresults: {results}");
    text
}

/// A test case a kind of mistake, and one for the server's own answers.
fn junit(judged: &Judged) -> String {
    let mistakes = judged.mistakes().count();
    let skipped = (Misuse::ALL.iter())
        .filter(|it| judged.accepts.contains(it) && judged.count(**it) > 0)
        .count();
    let answers = &judged.judgement.answers;
    let violated = usize::from(answers.verdict == Verdict::Invalid);
    let nobody = usize::from(judged.clients.calls == 0);
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{nobody}\"",
        Misuse::COUNT + 2,
        mistakes + violated
    );
    let name = xml(&clean(judged.name));
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"stormglass\" {counts}>\n\
         <testsuite name=\"clients of {name}\" {counts} skipped=\"{skipped}\">\n"
    );
    case(
        &mut text,
        "stormglass.clients",
        "a client asked for something",
        match nobody {
            0 => None,
            _ => Some("<error message=\"no client asked for anything\"/>".to_owned()),
        },
    );
    for misuse in Misuse::ALL {
        let count = judged.count(*misuse);
        let inside = match (count, judged.accepts.contains(misuse)) {
            (0, _) => None,
            (_, true) => Some(format!("<skipped>accepted: {}</skipped>", thousands(count))),
            (_, false) => Some(failure(judged, *misuse, count)),
        };
        case(&mut text, "stormglass.clients", misuse.demand(), inside);
    }
    let wrong = answers.violations.first().map(|first| {
        format!(
            "<failure type=\"{}\" message=\"{}\"/>",
            first.invariant,
            xml(&clean(&first.sentence))
        )
    });
    case(
        &mut text,
        "stormglass.serve",
        "the server's own answers are right",
        wrong,
    );
    text.push_str("</testsuite>\n</testsuites>\n");
    text
}

fn failure(judged: &Judged, misuse: Misuse, count: u64) -> String {
    let told = judged.of(misuse).map(|it| {
        let sentence = xml(&clean(&it.sentence));
        format!("at {}: {sentence}\n", it.at)
    });
    format!(
        "<failure type=\"{misuse}\" message=\"{}\">{}</failure>",
        counted(count, "time"),
        told.collect::<String>()
    )
}

fn case(text: &mut String, class: &str, name: &str, inside: Option<String>) {
    let name = xml(name);
    let _ = match inside {
        None => writeln!(text, "<testcase classname=\"{class}\" name=\"{name}\"/>"),
        Some(inside) => writeln!(
            text,
            "<testcase classname=\"{class}\" name=\"{name}\">\n{inside}\n</testcase>"
        ),
    };
}

/// SARIF 2.1.0: a rule is a kind of mistake.
fn sarif(judged: &Judged) -> Vec<u8> {
    let rules = Misuse::ALL.iter().map(
        |misuse| json!({ "id": misuse.name(), "shortDescription": { "text": misuse.demand() } }),
    );
    let results = judged.clients.findings.iter().map(|it| one(judged, it));
    pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "stormglass",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<Value>>(),
            }},
            "invocations": [{ "executionSuccessful": judged.clients.calls > 0 }],
            "results": results.collect::<Vec<Value>>(),
            "properties": { "scenario": judged.name, "seed": judged.seed },
        }],
    }))
}

fn one(judged: &Judged, finding: &ClientFinding) -> Value {
    let accepted = judged.accepts.contains(&finding.misuse);
    let suppressions = match accepted {
        true => json!([{ "kind": "external", "status": "accepted" }]),
        false => json!([]),
    };
    let name = format!("{} {}", finding.misuse, finding.client);
    json!({
        "ruleId": finding.misuse.name(),
        "level": "error",
        "message": { "text": clean(&finding.sentence) },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": "clients.json" } },
            "logicalLocations": [{ "fullyQualifiedName": clean(&finding.client) }],
        }],
        "partialFingerprints": { "misuse/v1": fingerprint(&name) },
        "suppressions": suppressions,
    })
}
