//! Saved histories: the format, what `check` says of them, and whether judging from outside agrees with the service's own record.

mod check;
mod defects;
mod file;

use stormglass::RunResult;
use stormglass::{Scenario, Target};
use stormglass_model::checker::concurrent::{self, Judgement, Rules};
use stormglass_model::history::SubjectHistory;

/// What is said of each subject of a run on the embedded service, from what its clients saw.
pub fn judged<'a>(
    scenario: &Scenario,
    run: &'a RunResult,
) -> impl Iterator<Item = (&'a SubjectHistory, Judgement)> {
    let Target::Embedded(service) = &scenario.target else {
        panic!("a real server is not judged here");
    };
    let rules = Rules::embedded(service.rules.profile(), service.delayed_delete);
    (run.histories.iter()).map(move |history| (history, concurrent::judge(history, &rules)))
}
