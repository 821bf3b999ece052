//! Findings that are known and accepted: a text file with one of them a line, as the reports name them.
//!
//! `no-clean-up: delete # bug 1234567, not before the next release`

use super::finding::SweepResult;
use super::{Cause, Mechanism};
use std::collections::BTreeSet;
use stormglass_glance::shown::names_credential;
use stormglass_model::checker::concurrent::Symptom;
use stormglass_model::operations::ApiCall;

/// Which findings are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted(BTreeSet<Cause>);

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
        let mut causes = BTreeSet::new();
        let mut errors = Vec::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.split_once('#').map_or(line, |(before, _)| before);
            if line.trim().is_empty() {
                continue;
            }
            match cause(line.trim()) {
                Ok(cause) => _ = causes.insert(cause),
                Err(mistake) => errors.push(AcceptedError(index + 1, mistake)),
            }
        }
        match errors.is_empty() {
            true => Ok(Accepted(causes)),
            false => Err(errors),
        }
    }

    /// Marks the findings that are accepted, and notes what was accepted and did not show although every script had its turn.
    pub fn marks(&self, result: &mut SweepResult) {
        for finding in &mut result.findings {
            finding.accepted = self.0.contains(&finding.cause);
        }
        if result.interrupted || result.cases.0 < result.cases.1 {
            return;
        }
        let seen: BTreeSet<Cause> = result.findings.iter().map(|f| f.cause).collect();
        let gone = self.0.difference(&seen);
        result
            .notes
            .extend(gone.map(|cause| format!("accepted, and no longer seen: {cause}")));
    }
}

/// The cause that a line names.
fn cause(line: &str) -> Result<Cause, String> {
    if let Some(cause) = Cause::from_name(line) {
        return Ok(cause);
    }
    // Another file may have been named, and what it holds is not repeated.
    let speaks = line.split(|c: char| !c.is_alphanumeric() && c != '_');
    if speaks.into_iter().any(names_credential) {
        return Err("it names no finding; write for example `stale-write: update`".to_owned());
    }
    let (mechanism, _) = line.split_once(':').unwrap_or_default();
    let mechanism = mechanism.trim();
    Err(match Mechanism::from_name(mechanism) {
        None if Symptom::from_name(mechanism).is_some() => format!(
            "`{line}` names a finding by its symptom, as older versions did; findings are named by their cause now: \
             sweep again, and take the names from findings.md"
        ),
        None if mechanism.is_empty() => {
            format!("`{line}` names no finding; write for example `stale-write: update`")
        }
        None => format!(
            "`{mechanism}` is no cause; did you mean `{}`?",
            nearest(mechanism, Mechanism::ALL.iter().map(|one| one.name()))
        ),
        Some(Mechanism::ServerError) if line.contains(['+', ',']) => format!(
            "`{line}` names a finding by its operations, as older versions did; findings are named by their cause now: \
             sweep again, and take the names from findings.md"
        ),
        Some(mechanism) if line.ends_with(':') => {
            format!("`{mechanism}` names no request; write for example `{mechanism}: upload`")
        }
        Some(_) => {
            let call = line.split_once(':').map_or("", |(_, call)| call.trim());
            let call = call.strip_prefix("failed ").unwrap_or(call);
            format!(
                "`{call}` is no request; did you mean `{}`?",
                nearest(call, ApiCall::ALL.iter().map(|one| one.name()))
            )
        }
    })
}

fn nearest(word: &str, names: impl Iterator<Item = &'static str>) -> &'static str {
    let near = |name: &&str| (strsim::jaro_winkler(name, word) * 1e6) as u64;
    names.max_by_key(near).unwrap_or_default()
}
