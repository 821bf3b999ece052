//! Findings that are known and accepted: a text file with one of them a line, as the reports name them.
//!
//! `orphan: upload + delete # bug 1234567, not before the next release`

use super::finding::SweepResult;
use std::collections::BTreeSet;
use stormglass_model::checker::concurrent::Symptom;
use stormglass_model::script::{Act, ClientFault, command_name};

/// Which findings are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted(BTreeSet<String>);

/// A line that names no finding, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0}: {1}")]
pub struct AcceptedError(usize, String);

impl Accepted {
    /// Reads the file's text: blank lines and what follows a `#` say nothing.
    ///
    /// # Errors
    /// Every line that names no finding, since it would accept nothing without a word.
    pub fn parse(text: &str) -> Result<Accepted, Vec<AcceptedError>> {
        let mut names = BTreeSet::new();
        let mut errors = Vec::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.split_once('#').map_or(line, |(before, _)| before);
            if line.trim().is_empty() {
                continue;
            }
            match name(line.trim()) {
                Ok(name) => _ = names.insert(name),
                Err(mistake) => errors.push(AcceptedError(index + 1, mistake)),
            }
        }
        match errors.is_empty() {
            true => Ok(Accepted(names)),
            false => Err(errors),
        }
    }

    /// Marks the findings that are accepted, and notes what was accepted and did not show although every script had its turn.
    pub fn marks(&self, result: &mut SweepResult) {
        for finding in &mut result.findings {
            finding.accepted = self.0.contains(&finding.key.name());
        }
        if result.interrupted || result.cases.0 < result.cases.1 {
            return;
        }
        let seen: BTreeSet<String> = result.findings.iter().map(|f| f.key.name()).collect();
        let gone = self.0.difference(&seen);
        result
            .notes
            .extend(gone.map(|name| format!("accepted, and no longer seen: {name}")));
    }
}

/// The line as a finding's key would write it.
fn name(line: &str) -> Result<String, String> {
    let (symptom, operations) = line.split_once(':').unwrap_or_default();
    let (symptom, operations) = (symptom.trim(), operations.trim());
    if symptom.is_empty() || operations.is_empty() {
        return Err(format!(
            "`{line}` names no finding; write for example `orphan: upload + delete`"
        ));
    }
    let symptom = Symptom::from_name(symptom).ok_or_else(|| {
        let near = |a: &&Symptom| (strsim::jaro_winkler(a.name(), symptom) * 1e6) as u64;
        let nearest = Symptom::ALL.iter().max_by_key(near);
        let nearest = nearest.map_or("orphan", |symptom| symptom.name());
        format!("`{symptom}` is no symptom; did you mean `{nearest}`?")
    })?;
    // One after the other, or at the same time.
    let steps: Result<Vec<String>, String> = operations.split(',').map(step).collect();
    Ok(format!("{symptom}: {}", steps?.join(", ")))
}

/// What happens at one time: `upload`, or `upload + delete`.
fn step(text: &str) -> Result<String, String> {
    let rivals: Result<Vec<String>, String> = text.split('+').map(part).collect();
    Ok(rivals?.join(" + "))
}

/// One of the operations at work: `upload`, `delete:stranger`, `!reset`, `!kill-api`.
fn part(text: &str) -> Result<String, String> {
    let text = text.trim();
    let Some(name) = text.strip_prefix('!') else {
        let act = text.parse::<Act>().map_err(|error| error.to_string());
        return act.map(|act| act.to_string());
    };
    match ClientFault::from_name(name).is_some() || command_name(name).is_ok() {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is no fault and no name of a command")),
    }
}
