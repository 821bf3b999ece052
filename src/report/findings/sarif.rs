//! `findings.sarif`: SARIF 2.1.0, for code scanning and editors. A rule is a kind of cause; accepted findings are suppressed.

use super::words::{clean, demand, explained, title, with_interval};
use super::{file_name, numbered};
use crate::report::json::pretty;
use crate::sweep::{Finding, Mechanism, SweepResult};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use stormglass_model::checker::concurrent::Severity;

/// The document, indented, with a line feed at its end.
pub fn sarif(result: &SweepResult) -> Vec<u8> {
    let causes = result
        .findings
        .iter()
        .map(|finding| finding.cause.mechanism);
    let rules: BTreeSet<Mechanism> = causes.collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "stormglass",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_iter().map(rule).collect::<Vec<Value>>(),
            }},
            "invocations": [{ "executionSuccessful": !result.interrupted }],
            "results": numbered(result).map(one).collect::<Vec<Value>>(),
            "properties": { "target": result.target, "seed": result.seed, "verdict": result.verdict().name() },
        }],
    });
    pretty(&cleaned(document))
}

/// Viewers show texts as they are.
fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text)),
        Value::Array(items) => items.into_iter().map(cleaned).collect(),
        Value::Object(entries) => {
            let entries = entries.into_iter();
            entries.map(|(key, value)| (key, cleaned(value))).collect()
        }
        other => other,
    }
}

fn rule(mechanism: Mechanism) -> Value {
    json!({
        "id": mechanism.name(),
        "shortDescription": { "text": format!("{mechanism}: {}", explained(mechanism)) },
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
    let worst = finding.worst();
    let message = format!(
        "{}. At worst {} Shown in {} tries. See it again: {}",
        title(finding.cause),
        clean(&worst.sentence),
        with_interval(worst.shortest()),
        worst.repeat
    );
    let suppressions = match finding.accepted {
        true => json!([{ "kind": "external", "status": "accepted" }]),
        false => json!([]),
    };
    json!({
        "ruleId": finding.cause.mechanism.name(),
        "level": level(finding.severity()),
        "message": { "text": message },
        // There is no source to point at; viewers want a file all the same, and the page says most.
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": "findings.md" } },
            "logicalLocations": [{ "fullyQualifiedName": finding.cause.to_string() }],
        }],
        "partialFingerprints": { "finding/v2": fingerprint(&finding.cause.to_string()) },
        "suppressions": suppressions,
        "properties": {
            "number": number,
            "severity": finding.severity().name(),
            "symptom": worst.symptom.name(),
            "invariant": worst.invariant.name(),
            "demand": demand(worst.invariant),
            "script": worst.shortest().script.to_string(),
            "repeat": worst.repeat,
            "shown": worst.shortest().shown,
            "tries": worst.shortest().tries,
            "drawing": file_name(number, "svg"),
        },
    })
}

/// The same for the same finding in every sweep: the first half of SHA-256 of its name, in hex.
pub fn fingerprint(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
