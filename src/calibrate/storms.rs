//! The storms are run on the service, round by round.

use super::error::CalibrationError;
use super::observation::{Observation, Round};
use super::plan::{self, Plan, Storm};
use crate::engine::RunOptions;
use crate::metrics::StormResult;
use crate::scenario::Scenario;
use std::num::NonZeroU32;
use stormglass_model::lifecycle::Verdict;

/// The storms of a calibration, those that the fit uses first, and the rounds of each that have been run.
pub(super) struct Storms {
    rounds: NonZeroU32,
    measured: Vec<(Storm, Vec<Round>)>,
}

impl Storms {
    pub(super) fn of(scenario: &Scenario, plan: &Plan) -> Storms {
        let storms = plan::storms(scenario, plan).into_iter();
        let storms = storms.chain(plan::trials(scenario, plan));
        Storms {
            rounds: plan.rounds,
            measured: storms.map(|storm| (storm, Vec::new())).collect(),
        }
    }

    /// Runs all rounds: every storm once, then every storm again.
    pub(super) fn run(
        &mut self,
        scenario: &Scenario,
        options: &RunOptions,
        watched: &dyn Fn(&mut dyn FnMut()),
        told: &mut dyn FnMut(&Observation, usize, usize),
    ) -> Result<(), CalibrationError> {
        let rounds = self.rounds.get();
        let all = self.measured.len() * rounds as usize;
        let mut done = 0;
        for number in 0..rounds {
            for (storm, measured) in &mut self.measured {
                let mut result = None;
                watched(&mut || result = Some(storm.run(scenario, number, options)));
                let result = result.ok_or(CalibrationError::Interrupted(done, all))?;
                let result =
                    result.map_err(|why| CalibrationError::Run(storm.name.clone(), why))?;
                if result.interrupted() {
                    return Err(CalibrationError::Interrupted(done, all));
                }
                check(storm, &result)?;
                let round = Round::of(storm, &result.runs[0])?;
                if number == 0 {
                    round.suffices(storm, rounds)?;
                }
                done += 1;
                told(&Observation::of(storm, &[&round]), done, all);
                measured.push(round);
            }
        }
        Ok(())
    }

    /// How many rounds every storm has had.
    pub(super) fn whole_rounds(&self) -> usize {
        let rounds = self.measured.iter().map(|(_, rounds)| rounds.len());
        rounds.min().unwrap_or(0)
    }

    /// What so many rounds have measured; where there is none that all storms had, what there is.
    pub(super) fn observed(&self, whole: usize) -> Vec<Observation> {
        let most = if whole == 0 { usize::MAX } else { whole };
        let begun = self
            .measured
            .iter()
            .filter(|(_, rounds)| !rounds.is_empty());
        let observed = begun.map(|(storm, rounds)| {
            let rounds: Vec<&Round> = rounds.iter().take(most).collect();
            Observation::of(storm, &rounds)
        });
        observed.collect()
    }
}

fn check(storm: &Storm, result: &StormResult) -> Result<(), CalibrationError> {
    let wrong = result.runs.iter().find(|run| run.verdict != Verdict::Valid);
    let Some(run) = wrong else {
        return Ok(());
    };
    let violation = run.violations.first().map(|first| first.detail.clone());
    Err(CalibrationError::NotValid {
        storm: storm.name.clone(),
        verdict: run.verdict,
        why: violation
            .or(run.unknown_because.clone())
            .unwrap_or_default(),
    })
}
