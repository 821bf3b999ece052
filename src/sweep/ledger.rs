//! Makes distinct findings of violations: who was at work, how often it shows, and what shows it best.

use super::Trial;
use crate::sweep::{Finding, FindingKey, Tally};
use std::collections::{BTreeMap, BTreeSet};
use stormglass_model::checker::concurrent::{SubjectViolation, Symptom};
use stormglass_model::lifecycle::Invariant;
use stormglass_model::script::{Point, Script, Step};

/// What was seen of it.
#[derive(Clone, Debug)]
struct Seen {
    /// How often each script showed it.
    shown: BTreeMap<Script, u32>,
    /// The shortest history that did.
    example: Trial,
    /// The finding it was found to be, once it was shrunk.
    finding: Option<FindingKey>,
}

/// A finding, once its shortest script is known.
#[derive(Clone, Debug)]
struct Known {
    script: Script,
    shown: u32,
    tries: u32,
    example: Trial,
}

/// Everything that was tried and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    tries: BTreeMap<Script, u32>,
    raw: BTreeMap<FindingKey, Seen>,
    known: BTreeMap<FindingKey, Known>,
    total: u64,
    unknown: u64,
}

/// What a violation of this script is called.
fn key(breach: &SubjectViolation, script: &Script) -> FindingKey {
    FindingKey {
        severity: breach.symptom.severity(),
        invariant: breach.invariant,
        symptom: breach.symptom,
        operations: operations(script),
    }
}

/// The operations at work: the rivals if something raced, else all that was done after the create.
fn operations(script: &Script) -> String {
    let raced: Vec<String> = (script.steps().iter())
        .filter_map(|step| match step {
            Step::Race { first, second, .. } => Some(format!("{first} + {second}")),
            Step::Act(_) | Step::Run(_) | Step::Rivals { .. } => None,
        })
        .collect();
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

/// The point at which something raced; the last, if there are several.
fn point(script: &Script) -> Option<Point> {
    script.steps().iter().rev().find_map(|step| match step {
        Step::Race { at, .. } => Some(*at),
        Step::Act(_) | Step::Run(_) | Step::Rivals { .. } => None,
    })
}

impl Ledger {
    /// Enters a trial.
    pub fn add(&mut self, trial: &Trial) {
        self.total += 1;
        self.unknown += u64::from(trial.verdict == stormglass_model::lifecycle::Verdict::Unknown);
        *self.tries.entry(trial.script.clone()).or_default() += 1;
        // One try shows a violation once, however often it is seen in it.
        let keys = trial.breaches.iter().map(|one| key(one, &trial.script));
        for key in keys.collect::<BTreeSet<FindingKey>>() {
            let seen = self.raw.entry(key).or_insert_with(|| Seen {
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
        (self.total, self.unknown)
    }

    /// How often a script was run.
    pub fn tries(&self, script: &Script) -> u32 {
        self.tries.get(script).copied().unwrap_or(0)
    }

    /// How many findings there are so far, shrunk or not.
    pub fn count(&self) -> usize {
        let open = self.raw.values().filter(|seen| seen.finding.is_none());
        self.known.len() + open.count()
    }

    /// Violations of which the shortest script is not known yet, each with the script that shows it most often; those with the
    /// shortest scripts first, since they may explain others.
    pub fn unshrunk(&mut self) -> Vec<(FindingKey, Script)> {
        self.settle();
        let mut open: Vec<(FindingKey, Script)> = (self.raw.iter())
            .filter(|(_, seen)| seen.finding.is_none())
            .map(|(key, seen)| (key.clone(), self.best(seen)))
            .collect();
        open.sort_by_key(|(_, script)| (script.races() > 0, script.steps().len()));
        open
    }

    /// Gives what a known finding explains to that finding.
    fn settle(&mut self) {
        for (key, seen) in self
            .raw
            .iter_mut()
            .filter(|(_, seen)| seen.finding.is_none())
        {
            let known = self.known.iter().find(|(name, known)| {
                (name.symptom, name.invariant) == (key.symptom, key.invariant)
                    && seen.shown.keys().all(|raw| explains(&known.script, raw))
            });
            seen.finding = known.map(|(name, _)| name.clone());
        }
    }

    fn best(&self, seen: &Seen) -> Script {
        let often = |(script, shown): &(&Script, &u32)| {
            let rate = rate(**shown, self.tries(script));
            (rate, std::cmp::Reverse(script.steps().len()))
        };
        let best = seen.shown.iter().max_by_key(often);
        best.map_or_else(|| seen.example.script.clone(), |(script, _)| script.clone())
    }

    /// Every script that has shown anything.
    pub fn promising(&self) -> Vec<Script> {
        let mut scripts: Vec<Script> = (self.raw.values())
            .flat_map(|seen| seen.shown.keys().cloned())
            .collect();
        scripts.sort();
        scripts.dedup();
        scripts
    }

    /// Enters the shortest script of a violation, and how often it showed in the tries made for that.
    pub fn shrunk(&mut self, raw: &FindingKey, shortest: &Script) {
        let Some(seen) = self.raw.get(raw) else {
            return;
        };
        let breach = SubjectViolation {
            at: stormglass_model::units::Time::ZERO,
            invariant: raw.invariant,
            symptom: raw.symptom,
            sentence: String::new(),
        };
        let name = key(&breach, shortest);
        let mut example = seen.example.clone();
        let mut shown = seen.shown.get(shortest).copied().unwrap_or(0);
        if let Some(other) = self.raw.get(&name) {
            shown = other.shown.get(shortest).copied().unwrap_or(0);
            if other.example.script == *shortest || length(&other.example) < length(&example) {
                example = other.example.clone();
            }
        }
        let known = Known {
            script: shortest.clone(),
            shown,
            tries: self.tries(shortest),
            example,
        };
        let better = self
            .known
            .get(&name)
            .is_none_or(|old| known.script.steps().len() < old.script.steps().len());
        if better {
            self.known.insert(name.clone(), known);
        }
        // What shows under its own name is the same finding.
        for key in [raw, &name] {
            if let Some(seen) = self.raw.get_mut(key) {
                seen.finding = Some(name.clone());
            }
        }
    }

    /// The findings, the worst first. `repeat` makes the command that runs a script again.
    pub fn findings(&mut self, repeat: impl Fn(&Script) -> String) -> Vec<Finding> {
        self.settle();
        let mut all: BTreeMap<FindingKey, (Known, Vec<&Seen>)> = (self.known.iter())
            .map(|(key, known)| (key.clone(), (known.clone(), Vec::new())))
            .collect();
        for (key, seen) in &self.raw {
            let name = seen.finding.as_ref().unwrap_or(key);
            let entry = all.entry(name.clone()).or_insert_with(|| {
                let script = self.best(seen);
                let known = Known {
                    shown: seen.shown.get(&script).copied().unwrap_or(0),
                    tries: self.tries(&script),
                    script,
                    example: seen.example.clone(),
                };
                (known, Vec::new())
            });
            entry.1.push(seen);
        }
        all.into_iter()
            .map(|(key, (known, seen))| self.finding(key, known, &seen, &repeat))
            .collect()
    }

    /// Whether another finding that needs fewer races explains what this script shows: then it says nothing of this one.
    fn shows_anyway(&self, key: &FindingKey, finding: &Known, script: &Script) -> bool {
        let same =
            |other: &FindingKey| (other.symptom, other.invariant) == (key.symptom, key.invariant);
        let mut others = self
            .known
            .iter()
            .filter(|(name, _)| *name != key && same(name));
        others.any(|(_, known)| {
            known.script.races() < finding.script.races() && explains(&known.script, script)
        })
    }

    fn finding(
        &self,
        key: FindingKey,
        known: Known,
        seen: &[&Seen],
        repeat: &impl Fn(&Script) -> String,
    ) -> Finding {
        let mut shown: BTreeMap<&Script, u32> = BTreeMap::new();
        for (script, count) in seen.iter().flat_map(|seen| &seen.shown) {
            *shown.entry(script).or_default() += count;
        }
        let mut tallies: Vec<Tally> = (shown.iter())
            .filter(|(script, _)| {
                **script == &known.script || !self.shows_anyway(&key, &known, script)
            })
            .map(|(script, &shown)| Tally {
                point: point(script),
                script: (*script).clone(),
                shown,
                tries: self.tries(script),
            })
            .collect();
        let often = |tally: &Tally| std::cmp::Reverse(rate(tally.shown, tally.tries));
        tallies.sort_by_key(|tally| (often(tally), tally.script.clone()));
        let now = shown.get(&known.script).copied().unwrap_or(known.shown);
        Finding {
            sentence: sentence(&known.example, key.symptom, key.invariant),
            tallies,
            repeat: repeat(&known.script),
            shortest: (now, self.tries(&known.script).max(known.tries)),
            script: known.script,
            history: known.example.history,
            exchanges: known.example.exchanges,
            image: known.example.image,
            accepted: false,
            key,
        }
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
        rest.any(|step| match (wanted, step) {
            (
                Step::Race { first, second, .. },
                Step::Race {
                    first: one,
                    second: other,
                    ..
                },
            ) => {
                let mut pairs = [
                    [first.to_string(), second.to_string()],
                    [one.to_string(), other.to_string()],
                ];
                pairs.iter_mut().for_each(|pair| pair.sort());
                pairs[0] == pairs[1]
            }
            (_, Step::Race { first, second, .. }) => {
                pending = vec![first.to_string(), second.to_string()];
                let at = pending.iter().position(|one| *one == name);
                at.map(|at| pending.remove(at)).is_some()
            }
            _ => *wanted == *step,
        })
    })
}

fn sentence(example: &Trial, symptom: Symptom, invariant: Invariant) -> String {
    let same =
        |breach: &&SubjectViolation| (breach.symptom, breach.invariant) == (symptom, invariant);
    let breach = example.breaches.iter().find(same);
    breach.map_or_else(String::new, |breach| breach.sentence.clone())
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

    fn trial(script: &str, shows: bool) -> Trial {
        let breach = SubjectViolation {
            at: stormglass_model::units::Time::ZERO,
            invariant: Invariant::Conservation,
            symptom: Symptom::Orphan,
            sentence: String::new(),
        };
        Trial {
            script: script.parse().unwrap(),
            history: stormglass_model::history::SubjectHistory::default(),
            breaches: shows.then_some(breach).into_iter().collect(),
            verdict: stormglass_model::lifecycle::Verdict::Valid,
            exchanges: Vec::new(),
            image: String::new(),
        }
    }

    #[test]
    fn what_shows_without_a_race_does_not_count_for_one() {
        let mut ledger = Ledger::default();
        let race = "create [upload last-byte delete]";
        for (script, shows) in [
            ("create upload deactivate", true),
            (race, true),
            (race, false),
            ("create upload deactivate [upload before delete]", true),
        ] {
            ledger.add(&trial(script, shows));
        }
        for (raw, script) in ledger.unshrunk() {
            let script = match script.to_string() {
                text if text.contains('[') => race.parse().unwrap(),
                _ => script,
            };
            ledger.shrunk(&raw, &script);
        }
        let findings = ledger.findings(Script::to_string);
        let race: Script = race.parse().unwrap();
        let raced = findings.iter().find(|one| one.script == race).unwrap();
        let scripts: Vec<String> = (raced.tallies.iter())
            .map(|tally| tally.script.to_string())
            .collect();
        assert_eq!(scripts, ["create [upload last-byte delete]"]);
        assert_eq!(findings.len(), 2);
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
