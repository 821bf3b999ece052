//! Whether two folders say something of each other.

use super::document::Document;
use super::read::Results;
use std::collections::BTreeSet;

/// A key that the two scenarios do not have alike; none where a scenario does not write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferingKey {
    /// As `--set` takes it.
    pub key: String,
    /// Its value in the first.
    pub a: Option<String>,
    /// Its value in the second.
    pub b: Option<String>,
}

/// Why they say nothing of each other.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotComparable {
    /// What must be the same is not.
    #[error("they cannot be compared: the first has {what} `{a}`, the second `{b}`")]
    Differs {
        /// What it is.
        what: &'static str,
        /// In the first.
        a: String,
        /// In the second.
        b: String,
    },
    /// The user, or a threshold, cut one short.
    #[error("they cannot be compared: {0} was interrupted, so its figures are of less time")]
    Interrupted(String),
    /// Written before keys were.
    #[error(
        "they cannot be compared: {0} does not say its scenario's keys, and the scenarios are not the same; run it again"
    )]
    NoKeys(String),
}

/// Keys that say how much is measured, or judged, and not what.
const BESIDE: [&str; 6] = [
    "name",
    "seed",
    "replications",
    "report",
    "thresholds",
    "forecast",
];

/// The keys that differ, if what clients do, and in what time they do it, is the same.
pub fn comparable(a: &Results, b: &Results) -> Result<Vec<DifferingKey>, NotComparable> {
    let (first, second) = (&a.document, &b.document);
    let differs = |what, of: fn(&Document) -> &str| match of(first) == of(second) {
        true => Ok(()),
        false => Err(NotComparable::Differs {
            what,
            a: of(first).to_owned(),
            b: of(second).to_owned(),
        }),
    };
    differs("the scenario", |it| &it.scenario)?;
    differs("the target", |it| &it.target)?;
    differs("the clock", |it| &it.clock)?;
    differs("the profile", |it| &it.profile)?;
    for results in [a, b] {
        if results.document.interrupted {
            return Err(NotComparable::Interrupted(name(results)));
        }
    }
    let keys = differing(a, b)?;
    let steps = |key: &&DifferingKey| key.key.starts_with("story.") && key.key.ends_with(".steps");
    if let Some(key) = keys.iter().find(steps) {
        let shown = |value: &Option<String>| value.clone().unwrap_or("(no such story)".to_owned());
        return Err(NotComparable::Differs {
            what: "a story with the steps",
            a: shown(&key.a),
            b: shown(&key.b),
        });
    }
    Ok(keys)
}

fn differing(a: &Results, b: &Results) -> Result<Vec<DifferingKey>, NotComparable> {
    let (first, second) = (&a.document, &b.document);
    let mut differing = Vec::new();
    if first.target_url != second.target_url {
        differing.push(DifferingKey {
            key: "target_url".to_owned(),
            a: first.target_url.clone(),
            b: second.target_url.clone(),
        });
    }
    let (a_keys, b_keys) = match (&first.scenario_keys, &second.scenario_keys) {
        (Some(a_keys), Some(b_keys)) => (a_keys, b_keys),
        _ if first.scenario_sha256 == second.scenario_sha256 => return Ok(differing),
        (None, _) => return Err(NotComparable::NoKeys(name(a))),
        (_, None) => return Err(NotComparable::NoKeys(name(b))),
    };
    let all: BTreeSet<&String> = a_keys.keys().chain(b_keys.keys()).collect();
    for key in all {
        let (a, b) = (a_keys.get(key), b_keys.get(key));
        let first = key.split('.').next().unwrap_or_default();
        if a != b && !BESIDE.contains(&first) {
            differing.push(DifferingKey {
                key: key.clone(),
                a: a.cloned(),
                b: b.cloned(),
            });
        }
    }
    Ok(differing)
}

fn name(results: &Results) -> String {
    results.path.display().to_string()
}
