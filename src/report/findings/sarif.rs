//! `findings.sarif`: SARIF 2.1.0, for code scanning and editors. A rule is a symptom; accepted findings are suppressed.

use super::words::{at_best, clean, demand, meaning};
use super::{file_name, numbered};
use crate::report::json::pretty;
use crate::sweep::{Finding, SweepResult};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use stormglass_model::checker::concurrent::{Severity, Symptom};

/// The document, indented, with a line feed at its end.
pub fn sarif(result: &SweepResult) -> Vec<u8> {
    let symptoms: BTreeSet<Symptom> = result.findings.iter().map(|f| f.key.symptom).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "stormglass",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": symptoms.into_iter().map(rule).collect::<Vec<Value>>(),
            }},
            "invocations": [{ "executionSuccessful": !result.interrupted }],
            "results": numbered(result).map(one).collect::<Vec<Value>>(),
            "properties": { "target": result.target, "seed": result.seed, "verdict": result.verdict().name() },
        }],
    });
    pretty(&document)
}

fn rule(symptom: Symptom) -> Value {
    json!({
        "id": symptom.name(),
        "shortDescription": { "text": format!("{symptom}: {}.", meaning(symptom)) },
        "defaultConfiguration": { "level": level(symptom.severity()) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::DataLost | Severity::DataExposed | Severity::BytesLeaked | Severity::Stuck => {
            "error"
        }
        Severity::WrongAnswer => "warning",
    }
}

fn one((number, finding): (usize, &Finding)) -> Value {
    let key = &finding.key;
    let sentence = clean(&finding.sentence);
    let message = format!(
        "{}: {sentence} Shown in {} tries. See it again: {}",
        key.operations,
        at_best(finding),
        finding.repeat
    );
    let suppressions = match finding.accepted {
        true => json!([{ "kind": "external", "status": "accepted" }]),
        false => json!([]),
    };
    json!({
        "ruleId": key.symptom.name(),
        "level": level(key.severity),
        "message": { "text": message },
        // There is no source to point at; viewers want a file all the same, and the page says most.
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": "findings.md" } },
            "logicalLocations": [{ "fullyQualifiedName": key.name() }],
        }],
        "partialFingerprints": { "finding/v1": fingerprint(&key.name()) },
        "suppressions": suppressions,
        "properties": {
            "number": number,
            "severity": key.severity.name(),
            "invariant": key.invariant.name(),
            "demand": demand(key.invariant),
            "script": finding.shortest.script.to_string(),
            "repeat": finding.repeat,
            "shown": finding.shortest.shown,
            "tries": finding.shortest.tries,
            "drawing": file_name(number, "svg"),
        },
    })
}

/// The same for the same finding in every sweep: the first half of SHA-256 of its name, in hex.
fn fingerprint(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
