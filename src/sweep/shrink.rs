//! The shortest script that still shows a violation: steps are taken away one by one, and what is left is run again.

use super::runs_commands;
use stormglass_model::script::{Action, Script, Second, Step};

/// How often a script is run before it is believed not to show the violation.
pub(super) fn patience(script: &Script, rate: f64) -> u32 {
    match (runs_commands(script), script.races() > 0) {
        // Seconds each, and hardly a matter of luck.
        (true, _) => 1,
        (false, false) => 3,
        // Missed by bad luck one time in twenty, unless it hardly ever shows.
        (false, true) => (3.0 / rate.max(0.3)).ceil() as u32,
    }
}

/// Each of two rivals alone, and one after the other.
fn orders(first: Step, second: Step) -> Vec<Vec<Step>> {
    vec![
        vec![first.clone()],
        vec![second.clone()],
        vec![first.clone(), second.clone()],
        vec![second, first],
    ]
}

/// Shorter scripts, the shortest first; those without a race count as shorter than those with one.
pub(super) fn candidates(script: &Script) -> Vec<Script> {
    let mut shorter = Vec::new();
    for (index, step) in script.steps().iter().enumerate() {
        let replacements: Vec<Vec<Step>> = match step {
            Step::Act(_) | Step::Run(_) => continue,
            Step::Race { first, second, .. } => {
                let first = Step::act(*first);
                match second {
                    Second::Rival(act) => orders(first, Step::act(*act)),
                    Second::Fault(_) | Second::Command(_) => vec![vec![first]],
                }
            }
            Step::Rivals { branches, .. } => {
                let steps = |branch: &Vec<Action>| branch.iter().cloned().map(Step::Act).collect();
                branches.iter().map(steps).collect()
            }
        };
        for replacement in replacements {
            let mut steps = script.steps().to_vec();
            steps.splice(index..=index, replacement);
            shorter.extend(Script::new(steps));
        }
    }
    shorter.extend((1..script.steps().len()).filter_map(|index| script.without(index)));
    shorter.retain(|other| other != script);
    shorter.sort_by_key(|other| (other.races(), other.steps().len()));
    shorter.dedup();
    shorter
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::plan::{Case, CaseKind};
    use crate::sweep::{Budget, TestBed, Trial, sweep};
    use std::sync::Arc;
    use stormglass_model::checker::concurrent::{Breach, Severity, Symptom};
    use stormglass_model::history::SubjectHistory;
    use stormglass_model::lifecycle::{Invariant, Verdict};
    use stormglass_model::units::Time;

    /// Shows an orphan whenever its script holds these steps in this order.
    struct Fake(&'static [&'static str]);

    impl TestBed for Fake {
        fn run(&mut self, scripts: &[Script], _: u64) -> Vec<Trial> {
            scripts.iter().map(|script| self.trial(script)).collect()
        }

        fn is_over(&self) -> bool {
            false
        }
    }

    impl Fake {
        fn trial(&self, script: &Script) -> Trial {
            let parts = script.steps().iter().flat_map(|step| match step {
                Step::Race { first, second, .. } if !self.0.iter().any(|one| one.contains('[')) => {
                    vec![first.to_string(), second.to_string()]
                }
                _ => vec![step.to_string()],
            });
            let steps: Vec<String> = parts.collect();
            let mut rest = steps.iter();
            let shows = self.0.iter().all(|want| rest.any(|step| step == want));
            let breach = Breach {
                at: Time::ZERO,
                invariant: Invariant::Conservation,
                symptom: Symptom::Orphan,
                sentence: "its data is still there".to_owned(),
            };
            let breaches = shows.then_some(breach).into_iter().collect();
            Trial::new(script, SubjectHistory::default(), breaches, Verdict::Valid)
        }
    }

    fn check(needed: &'static [&'static str], script: &str, shortest: &str, name: &str) {
        let case = Case {
            script: script.parse().unwrap(),
            kind: CaseKind::Rivals,
        };
        let budget = Budget::start(None, Arc::default());
        let (mut ledger, _) = sweep(&mut Fake(needed), &[case], &budget);
        let findings = ledger.findings(Script::to_string);
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert_eq!(findings[0].repeat, shortest);
        assert_eq!(findings[0].key.name(), name);
        assert_eq!(findings[0].key.severity, Severity::BytesLeaked);
        assert_eq!(ledger.unshrunk(), None);
    }

    #[test]
    fn what_is_not_needed_goes() {
        check(
            &["create", "[upload last-byte delete]"],
            "create show set-property [upload last-byte delete] show",
            "create [upload last-byte delete]",
            "orphan: upload + delete",
        );
        check(
            &["create", "upload", "delete"],
            "create protect [upload mid-body delete] show",
            "create upload delete",
            "orphan: upload, delete",
        );
        check(
            &["create-empty", "deactivate"],
            "create-empty [deactivate before deactivate]",
            "create-empty deactivate",
            "orphan: create-empty, deactivate",
        );
    }
}
