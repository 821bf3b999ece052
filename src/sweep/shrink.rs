//! The shortest script that still shows a violation: steps are taken away one by one, and what is left is run again.

use super::runs_commands;
use stormglass_model::script::{Act, Action, Point, Script, Second, Step};

/// How often a script is run before it is believed not to show a violation that the longer script shows at this rate.
pub(super) fn patience(script: &Script, longer: &Script, rate: f64) -> u32 {
    // Without its races it is hardly a matter of luck.
    let races_no_more = script.races() == 0 && longer.races() > 0;
    match runs_commands(script) {
        // Seconds each.
        true => 1,
        false if races_no_more => 3,
        // Missed by bad luck one time in twenty, unless it hardly ever shows.
        false => (3.0 / rate.max(0.3)).ceil() as u32,
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

/// Every two of the branches of three or more, side by side and in other ways; of longer branches than one operation, none.
fn fewer(branches: &[Vec<Action>]) -> Vec<Vec<Step>> {
    let act = |branch: &Vec<Action>| match branch[..] {
        [Action::Do(act)] => Some(act),
        _ => None,
    };
    let acts: Vec<Act> = branches.iter().filter_map(act).collect();
    let pairs = acts.iter().enumerate().flat_map(|(index, first)| {
        let rivals = acts[index + 1..].iter();
        rivals.map(move |rival| (*first, *rival))
    });
    let race = |(first, rival)| Step::Race {
        first,
        at: Point::Before,
        second: Second::Rival(rival),
    };
    let beside = pairs.clone().map(|pair| vec![race(pair)]);
    let after = pairs.flat_map(|(first, rival)| orders(Step::act(first), Step::act(rival)));
    beside.chain(after).collect()
}

/// Shorter scripts, the shortest first; those without a race count as shorter than those with one.
pub(super) fn candidates(script: &Script) -> Vec<Script> {
    let mut shorter = Vec::new();
    for (index, step) in script.steps().iter().enumerate() {
        let replacements: Vec<Vec<Step>> = match step {
            Step::Act(_) | Step::Run(_) => continue,
            Step::Rivals { branches, .. } => fewer(branches),
            Step::Race { first, second, .. } => {
                let first = Step::act(*first);
                match second {
                    Second::Rival(act) => orders(first, Step::act(*act)),
                    Second::Fault(_) | Second::Command(_) => vec![vec![first]],
                }
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
