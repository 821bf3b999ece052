//! Makes distinct findings of violations: who was at work, how often it shows, and what shows it best.

use super::{Finding, FindingKey, Tally, Trial};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use stormglass_model::checker::concurrent::SubjectViolation;
use stormglass_model::lifecycle::Verdict;
use stormglass_model::script::{Action, Script, Step};

/// A violation, as the scripts show it that were run.
#[derive(Clone, Debug)]
struct Sighting {
    /// How often each script showed it.
    shown: BTreeMap<Script, u32>,
    /// The shortest history that did.
    example: Trial,
    /// The finding it was found to be, once it was shrunk.
    finding: Option<FindingKey>,
}

/// Everything that was tried and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    tries: BTreeMap<Script, u32>,
    /// By what a violation is called after the scripts that showed it.
    raw: BTreeMap<FindingKey, Sighting>,
    /// The shortest script of each finding, once it is known, and the shortest history that was seen by then.
    shortest: BTreeMap<FindingKey, (Script, Trial)>,
    unknown: u64,
}

/// What a violation of this script is called.
fn key(violation: &SubjectViolation, script: &Script) -> FindingKey {
    FindingKey {
        severity: violation.symptom.severity(),
        invariant: violation.invariant,
        symptom: violation.symptom,
        operations: operations(script),
    }
}

/// The operations at work: the rivals if something raced, else all that was done after the create.
fn operations(script: &Script) -> String {
    let raced = script.steps().iter().filter_map(|step| match step {
        Step::Race { first, second, .. } => Some(format!("{first} + {second}")),
        Step::Rivals { branches, .. } => {
            let branches: Vec<String> = branches.iter().map(|one| joined(one)).collect();
            Some(branches.join(" + "))
        }
        Step::Act(_) | Step::Run(_) => None,
    });
    let raced: Vec<String> = raced.collect();
    if !raced.is_empty() {
        return raced.join(", ");
    }
    let steps: Vec<String> = script.steps().iter().map(Step::to_string).collect();
    match &steps[..] {
        [create] => create.clone(),
        [create, rest @ ..] if create == "create" => rest.join(", "),
        all => all.join(", "),
    }
}

fn joined(branch: &[Action]) -> String {
    let actions: Vec<String> = branch.iter().map(Action::to_string).collect();
    actions.join(" ")
}

impl Ledger {
    /// Enters a trial.
    pub fn add(&mut self, trial: &Trial) {
        self.unknown += u64::from(trial.verdict == Verdict::Unknown);
        *self.tries.entry(trial.script.clone()).or_default() += 1;
        // One try shows a violation once, however often it is seen in it.
        let keys = trial.violations.iter().map(|one| key(one, &trial.script));
        for key in keys.collect::<BTreeSet<FindingKey>>() {
            let seen = self.raw.entry(key).or_insert_with(|| Sighting {
                shown: BTreeMap::new(),
                example: trial.clone(),
                finding: None,
            });
            *seen.shown.entry(trial.script.clone()).or_default() += 1;
            if length(trial) < length(&seen.example) {
                seen.example = trial.clone();
            }
        }
    }

    /// How many scripts were run, and how many of these runs were inconclusive.
    pub fn totals(&self) -> (u64, u64) {
        (
            self.tries.values().map(|&tries| u64::from(tries)).sum(),
            self.unknown,
        )
    }

    /// How often a script was run.
    pub fn tries(&self, script: &Script) -> u32 {
        self.tries.get(script).copied().unwrap_or(0)
    }

    /// How many findings there are so far, shrunk or not.
    pub fn count(&self) -> usize {
        let open = self.raw.values().filter(|seen| seen.finding.is_none());
        self.shortest.len() + open.count()
    }

    /// A violation of which the shortest script is not known yet, with the script that shows it most often; one with a short script,
    /// since it may explain others.
    pub fn unshrunk(&mut self) -> Option<(FindingKey, Script)> {
        self.settle();
        (self.raw.iter())
            .filter(|(_, seen)| seen.finding.is_none())
            .map(|(key, seen)| (key.clone(), self.best(seen)))
            .min_by_key(|(_, script)| (script.races() > 0, script.steps().len()))
    }

    /// Gives what a known finding explains to that finding.
    fn settle(&mut self) {
        for (key, seen) in &mut self.raw {
            if seen.finding.is_none() {
                let known = self.shortest.iter().find(|(name, (known, _))| {
                    name.is_like(key) && seen.shown.keys().all(|script| explains(known, script))
                });
                seen.finding = known.map(|(name, _)| name.clone());
            }
        }
    }

    fn best(&self, seen: &Sighting) -> Script {
        let often = |(script, shown): &(&Script, &u32)| {
            let rate = rate(**shown, self.tries(script));
            (rate, Reverse(script.steps().len()))
        };
        let best = seen.shown.iter().max_by_key(often);
        best.map_or_else(|| seen.example.script.clone(), |(script, _)| script.clone())
    }

    /// Every script that has shown anything, some of them more than once.
    pub fn promising(&self) -> impl Iterator<Item = &Script> {
        self.raw.values().flat_map(|seen| seen.shown.keys())
    }

    /// Enters the shortest script of a violation.
    pub fn shrunk(&mut self, raw: &FindingKey, shortest: &Script) {
        let name = FindingKey {
            operations: operations(shortest),
            ..raw.clone()
        };
        let Some(seen) = self.raw.get(raw) else {
            return;
        };
        let better = self.raw.get(&name).filter(|named| {
            named.example.script == *shortest || length(&named.example) < length(&seen.example)
        });
        let example = better.unwrap_or(seen).example.clone();
        // What shows under its own name is the same finding.
        for key in [raw, &name] {
            if let Some(seen) = self.raw.get_mut(key) {
                seen.finding = Some(name.clone());
            }
        }
        let known = self.shortest.get(&name);
        if known.is_none_or(|(known, _)| shortest.steps().len() < known.steps().len()) {
            self.shortest.insert(name, (shortest.clone(), example));
        }
    }

    /// The findings, the worst first. `repeat` makes the command that runs a script again.
    pub fn findings(&mut self, repeat: impl Fn(&Script) -> String) -> Vec<Finding> {
        self.settle();
        let mut all: BTreeMap<&FindingKey, Vec<&Sighting>> = BTreeMap::new();
        for (key, seen) in &self.raw {
            let name = seen.finding.as_ref().unwrap_or(key);
            all.entry(name).or_default().push(seen);
        }
        all.into_iter()
            .filter_map(|(key, seen)| self.finding(key, &seen, &repeat))
            .collect()
    }

    /// None without a sighting under its own name, of which there is one for every script that has shown something.
    fn finding(
        &self,
        key: &FindingKey,
        seen: &[&Sighting],
        repeat: &impl Fn(&Script) -> String,
    ) -> Option<Finding> {
        let named = self.raw.get(key)?;
        let (script, example) = match self.shortest.get(key) {
            Some(shortest) => shortest.clone(),
            None => (self.best(named), named.example.clone()),
        };
        let mut shown: BTreeMap<&Script, u32> = BTreeMap::new();
        for (script, count) in seen.iter().flat_map(|seen| &seen.shown) {
            *shown.entry(script).or_default() += count;
        }
        let tally = |script: &Script| Tally {
            script: script.clone(),
            shown: shown.get(script).copied().unwrap_or(0),
            tries: self.tries(script),
        };
        let mut tallies: Vec<Tally> = (shown.keys())
            .filter(|&&one| *one == script || !self.shows_anyway(key, &script, one))
            .map(|one| tally(one))
            .collect();
        let often = |tally: &Tally| Reverse(rate(tally.shown, tally.tries));
        tallies.sort_by_key(|tally| (often(tally), tally.script.clone()));
        let violation = example.violation(key);
        Some(Finding {
            key: key.clone(),
            sentence: violation.map_or_else(String::new, |violation| violation.sentence.clone()),
            tallies,
            repeat: repeat(&script),
            shortest: tally(&script),
            history: example.history,
            exchanges: example.exchanges,
            image: example.image,
            accepted: false,
        })
    }

    /// Whether another finding that needs fewer races explains what a script shows: then it says nothing of the one with this
    /// shortest script.
    fn shows_anyway(&self, key: &FindingKey, shortest: &Script, script: &Script) -> bool {
        self.shortest.iter().any(|(name, (other, _))| {
            name != key
                && name.is_like(key)
                && other.races() < shortest.races()
                && explains(other, script)
        })
    }
}

/// How often something shows, in millionths: the more tries, the more it counts, so that once in one try is less than three in four.
fn rate(shown: u32, tries: u32) -> u64 {
    u64::from(shown) * 1_000_000 / (u64::from(tries) + 2)
}

/// Whether all that a known finding needs happens in another script as well, in this order: then what it shows is no news.
fn explains(known: &Script, other: &Script) -> bool {
    let mut rest = other.steps().iter();
    let mut pending: Vec<String> = Vec::new(); // what a race holds may come in either order
    known.steps().iter().all(|wanted| {
        let name = wanted.to_string();
        if let Some(at) = pending.iter().position(|one| *one == name) {
            pending.remove(at);
            return true;
        }
        rest.any(|step| match (rivals(wanted), rivals(step)) {
            (Some(wanted), Some(found)) => wanted == found,
            (None, Some(found)) => {
                pending = found.to_vec();
                let at = pending.iter().position(|one| *one == name);
                at.map(|at| pending.remove(at)).is_some()
            }
            _ => wanted == step,
        })
    })
}

/// What races in a step, in either order.
fn rivals(step: &Step) -> Option<[String; 2]> {
    let Step::Race { first, second, .. } = step else {
        return None;
    };
    let mut pair = [first.to_string(), second.to_string()];
    pair.sort();
    Some(pair)
}

fn length(trial: &Trial) -> (usize, usize) {
    (trial.script.steps().len(), trial.history.events.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_tries_count_less_than_many() {
        assert!(rate(3, 4) > rate(1, 1) && rate(1, 1) > rate(0, 1));
        assert!(rate(20, 20) > rate(3, 3) && rate(3, 3) > rate(10, 20));
    }

    #[test]
    fn what_is_known_explains_what_holds_it() {
        let check = |known: &str, other: &str, expected: bool| {
            let [known, other] = [known, other].map(|text| text.parse::<Script>().unwrap());
            assert_eq!(explains(&known, &other), expected, "{known} in {other}");
        };
        let known = "create upload deactivate";
        check(known, "create upload deactivate show", true);
        check(known, "create upload [deactivate before delete]", true);
        check(known, "create [upload answer deactivate]", true);
        check(known, "create [deactivate before upload] show", true);
        check(known, "create upload [delete before show]", false);
        let known = "create [upload last-byte delete]";
        check(known, "create [upload mid-body delete] show", true);
        check(known, "create [delete before upload]", true);
        check(known, "create upload delete", false);
        check(known, "create [upload mid-body !kill-api]", false);
    }
}
