//! Findings that are known and accepted: a text file with one of them a line, as [`FindingKey::name`] writes it.
//!
//! `orphan: upload + delete # bug 1234567, not before the next release`

use super::finding::{FindingKey, SweepResult};
use std::collections::BTreeSet;
use stormglass_model::checker::concurrent::Symptom;
use stormglass_model::script::{Act, ClientFault};

/// Which findings are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted(BTreeSet<String>);

/// A line that names no finding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {mistake}")]
pub struct AcceptedError {
    /// Its number, from one.
    pub line: usize,
    /// What is wrong with it.
    pub mistake: Mistake,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// It is not two parts with a colon between them.
    #[error("`{0}` names no finding; write for example `orphan: upload + delete`")]
    Form(String),
    /// The part before the colon is no symptom, with the nearest that is one.
    #[error("`{0}` is no symptom; did you mean `{1}`?")]
    Symptom(String, &'static str),
    /// A part after the colon is neither an operation, nor a fault, nor the name of a command.
    #[error("{0}")]
    Operation(String),
}

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
                Err(mistake) => errors.push(AcceptedError {
                    line: index + 1,
                    mistake,
                }),
            }
        }
        match errors.is_empty() {
            true => Ok(Accepted(names)),
            false => Err(errors),
        }
    }

    /// Whether this finding is accepted.
    pub(crate) fn holds(&self, key: &FindingKey) -> bool {
        self.0.contains(&key.name())
    }

    /// Marks the findings that are accepted, and notes what was accepted and did not show although every script had its turn.
    pub fn marks(&self, result: &mut SweepResult) {
        for finding in &mut result.findings {
            finding.accepted = self.holds(&finding.key);
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
fn name(line: &str) -> Result<String, Mistake> {
    let Some((symptom, operations)) = line.split_once(':') else {
        return Err(Mistake::Form(line.to_owned()));
    };
    let (symptom, operations) = (symptom.trim(), operations.trim());
    if symptom.is_empty() || operations.is_empty() {
        return Err(Mistake::Form(line.to_owned()));
    }
    let symptom = Symptom::from_name(symptom).ok_or_else(|| {
        let near = |a: &&Symptom| (strsim::jaro_winkler(a.name(), symptom) * 1e6) as u64;
        let nearest = Symptom::ALL.iter().max_by_key(near);
        Mistake::Symptom(symptom.to_owned(), nearest.map_or("orphan", |s| s.name()))
    })?;
    // One after the other, or at the same time.
    let steps: Result<Vec<String>, Mistake> = operations.split(',').map(step).collect();
    Ok(format!("{symptom}: {}", steps?.join(", ")))
}

/// What happens at one time: `upload`, or `upload + delete`.
fn step(text: &str) -> Result<String, Mistake> {
    let rivals: Result<Vec<String>, Mistake> = text.split('+').map(part).collect();
    Ok(rivals?.join(" + "))
}

/// One of the operations at work: `upload`, `delete:stranger`, `!reset`, `!kill-api`.
fn part(text: &str) -> Result<String, Mistake> {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match text.strip_prefix('!') {
        Some(name) if ClientFault::from_name(name).is_some() => Ok(text.to_owned()),
        Some(name) if !name.is_empty() && name.chars().all(plain) => Ok(text.to_owned()),
        Some(_) => Err(Mistake::Operation(format!(
            "`{text}` is no fault and no name of a command"
        ))),
        None => match text.parse::<Act>() {
            Ok(act) => Ok(act.to_string()),
            Err(error) => Err(Mistake::Operation(error.to_string())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(text: &str) -> Vec<String> {
        Accepted::parse(text).unwrap().0.into_iter().collect()
    }

    #[test]
    fn a_line_is_a_finding() {
        let text = "\u{feff}# known\r\n\r\n orphan:upload  +delete # a reason: bug 7\n\
                    stuck-subject: upload + !kill-api\nserver-error: delete:stranger\n";
        let names = [
            "orphan: upload + delete",
            "server-error: delete:stranger",
            "stuck-subject: upload + !kill-api",
        ];
        assert_eq!(accepts(text), names);
        assert_eq!(accepts(""), [""; 0]);
        assert_eq!(accepts("orphan: delete:member"), ["orphan: delete"]);
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
}
