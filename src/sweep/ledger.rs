//! Makes distinct findings of violations: what causes them, how often each way to show it does, and what shows it best.

use super::finding::{Finding, Tally, Variant};
use super::{Cause, Caused, Trial, races, runs_commands};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use stormglass_model::checker::concurrent::{Severity, Symptom};
use stormglass_model::history::Observation;
use stormglass_model::lifecycle::{Operation, Verdict};
use stormglass_model::operations::{Body, OperationKind};
use stormglass_model::random::Distribution;
use stormglass_model::script::{Act, Action, Pause, Script, Second, Step};
use stormglass_model::units::{Span, Time};

/// What a cause looks like, and how bad that is: what is shrunk and counted together.
pub type Sign = (Cause, Severity, Symptom);

/// The scripts that showed a sign.
#[derive(Clone, Debug)]
struct Sighting {
    /// How often each did, and the shortest history that did.
    shown: BTreeMap<Script, (u32, Trial)>,
    /// Whether shorter scripts have been tried.
    shrunk: bool,
}

/// Everything that was tried and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    tries: BTreeMap<Script, u32>,
    signs: BTreeMap<Sign, Sighting>,
    total: u64,
    unknown: u64,
    acknowledged: bool,
}

impl Ledger {
    /// Enters a trial.
    pub fn add(&mut self, trial: &Trial) {
        self.total += 1;
        self.acknowledged |= trial.has_created();
        self.unknown += u64::from(trial.verdict == Verdict::Unknown);
        let ended = ended(&trial.script);
        // The sweep deletes what a script leaves, so a try of it is one of the script with that delete as well.
        for script in BTreeSet::from([&trial.script, &ended]) {
            *self.tries.entry(script.clone()).or_default() += 1;
        }
        let mut seen = BTreeSet::new();
        for Caused {
            cause,
            severity,
            violation,
        } in &trial.violations
        {
            // One try shows a sign once, however often it is seen in it.
            let sign = (*cause, *severity, violation.symptom);
            if !seen.insert(sign) {
                continue;
            }
            let sighting = self.signs.entry(sign).or_insert_with(|| Sighting {
                shown: BTreeMap::new(),
                shrunk: false,
            });
            let script = match violation.at > end_of(trial) {
                true => ended.clone(),
                false => trial.script.clone(),
            };
            let (count, example) = sighting.shown.entry(script).or_insert((0, trial.clone()));
            *count += 1;
            if trial.history.events.len() < example.history.events.len() {
                *example = trial.clone();
            }
        }
    }

    /// How often each script was run that is one of these.
    pub fn tried(&self, is_one: impl Fn(&Script) -> bool) -> BTreeMap<Script, u32> {
        let tries = self.tries.iter().filter(|(script, _)| is_one(script));
        tries
            .map(|(script, count)| (script.clone(), *count))
            .collect()
    }

    /// How many scripts were run, and how many of these runs were inconclusive.
    pub fn totals(&self) -> (u64, u64) {
        (self.total, self.unknown)
    }

    /// Whether any create was acknowledged.
    pub fn has_acknowledged(&self) -> bool {
        self.acknowledged
    }

    /// How often a script was run.
    pub fn tries(&self, script: &Script) -> u32 {
        self.tries.get(script).copied().unwrap_or(0)
    }

    /// How many findings there are so far.
    pub fn count(&self) -> usize {
        let causes: BTreeSet<Cause> = self.signs.keys().map(|(cause, ..)| *cause).collect();
        causes.len()
    }

    /// A sign of which shorter scripts have not been tried yet, with the script that shows it most often; the worst first.
    pub fn unshrunk(&self) -> Option<(Sign, Script)> {
        let open = self.signs.iter().filter(|(_, seen)| !seen.shrunk);
        let (sign, seen) = open.min_by_key(|((_, severity, _), _)| *severity)?;
        let often = |(script, (shown, _)): &(&Script, &(u32, Trial))| {
            (
                rate(*shown, self.tries(script)),
                Reverse(script.steps().len()),
            )
        };
        let (script, _) = seen.shown.iter().max_by_key(often)?;
        Some((*sign, script.clone()))
    }

    /// Shorter scripts were tried.
    pub fn shrunk(&mut self, sign: &Sign) {
        if let Some(seen) = self.signs.get_mut(sign) {
            seen.shrunk = true;
        }
    }

    /// Every script that has shown anything, some of them more than once.
    pub fn promising(&self) -> impl Iterator<Item = &Script> {
        self.signs.values().flat_map(|seen| seen.shown.keys())
    }

    /// The findings, the worst first. `repeat` makes the command that runs the script of a tally again.
    pub fn findings(&self, repeat: impl Fn(&Tally) -> String) -> Vec<Finding> {
        let mut variants: BTreeMap<Cause, Vec<Variant>> = BTreeMap::new();
        for (sign, seen) in &self.signs {
            let of_cause = variants.entry(sign.0).or_default();
            of_cause.extend(self.variant(sign, seen, &repeat));
        }
        let mut findings: Vec<Finding> = variants
            .into_iter()
            .map(|(cause, mut variants)| {
                variants.sort_by_key(|variant| (variant.severity, variant.symptom));
                Finding {
                    cause,
                    variants,
                    accepted: false,
                    month: None,
                }
            })
            .collect();
        findings.sort_by_key(|finding| (finding.severity(), finding.cause));
        findings
    }

    fn variant(
        &self,
        sign: &Sign,
        seen: &Sighting,
        repeat: &impl Fn(&Tally) -> String,
    ) -> Option<Variant> {
        let mut tallies: Vec<Tally> = (seen.shown.iter())
            .map(|(script, (shown, _))| Tally {
                script: script.clone(),
                shown: *shown,
                tries: self.tries(script),
            })
            .collect();
        tallies.sort_by_cached_key(|tally| {
            let Tally {
                script,
                shown,
                tries,
            } = tally;
            // What needs nothing done to the server, and no luck, is plainer.
            let plain = (runs_commands(script), script.races(), script.steps().len());
            // Quarters, so that luck does not choose between two that show it alike; and none where luck plays no part.
            let quarters = match script.races() {
                0 => 0,
                _ => 4 * shown / (tries + 1),
            };
            (plain, Reverse(quarters), script.clone())
        });
        let (_, example) = seen.shown.get(&tallies.first()?.script)?;
        let caused = example.shows(sign)?;
        Some(Variant {
            severity: sign.1,
            symptom: sign.2,
            invariant: caused.violation.invariant,
            at: caused.violation.at,
            sentence: caused.violation.sentence.clone(),
            repeat: repeat(&tallies[0]),
            example: example.clone(),
            tallies,
        })
    }
}

/// How often something shows, in millionths: the more tries, the more it counts, so that once in one try is less than three in four.
fn rate(shown: u32, tries: u32) -> u64 {
    u64::from(shown) * 1_000_000 / (u64::from(tries) + 2)
}

/// The script with the delete that the sweep ends each try with, unless it ends with one.
fn ended(script: &Script) -> Script {
    let mut steps = script.steps().to_vec();
    let delete = Step::act(Act::usual(Operation::Delete));
    if steps.last() == Some(&delete) {
        return script.clone();
    }
    if goes_on(script) {
        let pause = Pause(Distribution::constant(REST.0));
        steps.push(Step::Act(Action::Wait(pause)));
    }
    if script.acts().any(|act| act.operation == Operation::Protect) {
        steps.push(Step::act(Act::usual(Operation::Unprotect)));
    }
    steps.push(delete);
    Script::new(steps).unwrap_or_else(|_| script.clone())
}

/// Long enough for most servers to come to rest, for which the sweep looks again and again.
const REST: Span = Span::from_secs(3);

/// Whether the server may be at work after the last answer: on a task, or on what a client broke off.
fn goes_on(script: &Script) -> bool {
    let aborts = |kind| matches!(kind, OperationKind::Upload(Body::Aborted));
    let task = |act: Act| act.operation.row().by_task || aborts(act.operation.kind());
    let fault = |second: &Second| matches!(second, Second::Fault(_));
    script.acts().any(task) || races(script).any(|(_, _, second)| fault(second))
}

/// When the sweep's own delete was sent, if it was: the last one, if there are more than the script holds.
fn end_of(trial: &Trial) -> Time {
    let deletes = |operation: Operation| operation == Operation::Delete;
    let sent = trial
        .history
        .events
        .iter()
        .filter_map(|event| match event.observation {
            Observation::Invoked { operation, .. } if deletes(operation) => Some(event.at),
            _ => None,
        });
    let sent: Vec<_> = sent.collect();
    let own = trial
        .script
        .acts()
        .filter(|act| deletes(act.operation))
        .count();
    match sent.last() {
        Some(last) if sent.len() > own => *last,
        _ => Time(u64::MAX),
    }
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
    fn the_delete_of_the_sweep_is_part_of_the_script() {
        for (script, ends) in [
            ("create upload", "create upload delete"),
            ("create upload delete", "create upload delete"),
            ("create import", "create import wait=3s delete"),
            (
                "create [upload mid-body !reset]",
                "create [upload mid-body !reset] wait=3s delete",
            ),
            (
                "create upload protect",
                "create upload protect unprotect delete",
            ),
        ] {
            let script: Script = script.parse().unwrap();
            assert_eq!(ended(&script).to_string(), ends);
        }
    }
}
