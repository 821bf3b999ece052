//! Many histories: those of a correct server are accepted, and checker and reference agree on small ones.

use super::legal::{Pace, Recipe, below, legal};
use super::reference::explains;
use super::server::World;
use stormglass_model::checker::concurrent::{judge, judge_all};
use stormglass_model::history::{ClientEvent, Observation, OpId, Seen, SubjectHistory};
use stormglass_model::lifecycle::{Operation, Outcome, Profile, SubjectStatus, Verdict};
use stormglass_model::random::{Rng, Seed};

/// So many legal histories are judged; `STORMGLASS_HISTORIES` asks for more.
const HISTORIES: u64 = 100_000;

pub fn recipe(seed: Seed, clients: usize) -> Recipe {
    let mut rng = seed.named("recipe").rng();
    let profiles = [Profile::V1, Profile::V2, Profile::Glance, Profile::Glance];
    Recipe {
        world: World {
            profile: profiles[below(&mut rng, profiles.len())],
            delayed: below(&mut rng, 2) == 0,
            defect: None,
        },
        clients: 1 + below(&mut rng, clients),
        operations: 2 + below(&mut rng, 13) as u8,
        lost: [0, 0, 10, 30][below(&mut rng, 4)],
        pace: Pace::Crowded,
    }
}

#[test]
fn every_legal_history_is_accepted() {
    let wanted = std::env::var("STORMGLASS_HISTORIES").ok();
    let histories = wanted.map_or(HISTORIES, |text| text.parse().unwrap());
    for number in 0..histories {
        let seed = Seed(number);
        let recipe = recipe(seed, 4);
        let history = legal(recipe, seed);
        let judgement = judge(&history, &recipe.rules());
        assert_eq!(
            judgement.verdict,
            Verdict::Valid,
            "seed {number}, {recipe:?}: {judgement:#?}\n{}",
            shown(&history)
        );
    }
}

pub fn shown(history: &SubjectHistory) -> String {
    let line = |event: &stormglass_model::history::ClientEvent| {
        format!("{:>4} {:?}\n", event.at.0, event.observation)
    };
    history.events.iter().map(line).collect()
}

#[test]
fn threads_change_nothing() {
    let made = |number| {
        let mut recipe = recipe(Seed(0), 2);
        recipe.lost = number % 7;
        let mut history = legal(recipe, Seed(number));
        if number % 3 == 0 {
            history.events.remove(0);
        }
        history
    };
    let histories: Vec<SubjectHistory> = (0..500).map(made).collect();
    let rules = recipe(Seed(0), 2).rules();
    let alone: Vec<_> = histories
        .iter()
        .map(|history| judge(history, &rules))
        .collect();
    for threads in [0, 1, 3] {
        assert_eq!(judge_all(&histories, &rules, threads), alone);
    }
}

/// Changes one answer: a look shows anything, and what was not done is said to be. Reading data that is not there has no content
/// to compare, so reads are left as they are.
pub fn change(history: &mut SubjectHistory, rng: &mut Rng) -> bool {
    let reads: Vec<OpId> = history
        .events
        .iter()
        .filter_map(|event| match event.observation {
            Observation::Invoked { op, operation, .. } if operation.reads() => Some(op),
            _ => None,
        })
        .collect();
    let index = below(rng, history.events.len());
    let Observation::Answered { op, ending } = &mut history.events[index].observation else {
        return false;
    };
    match (&mut ending.outcome, &mut ending.seen) {
        (_, Some(Seen::Status(status))) => *status = SubjectStatus::ALL[below(rng, 7)],
        (outcome @ (Outcome::Refused | Outcome::Fail), _) if !reads.contains(op) => {
            *outcome = Outcome::Ok;
        }
        _ => return false,
    }
    true
}

/// What lies at a location is the server's to know, and to the checker it may be anything; why something fails nobody needs to say;
/// and a look may show that the subject is about to go. Of all else checker and reference must think the same.
pub fn is_exact(recipe: &Recipe, history: &SubjectHistory) -> bool {
    use Operation::{AddLocation, CreateEmpty, CreateWithLocation};
    use SubjectStatus::{Deleted, PendingDelete};
    let vague = |event: &ClientEvent| match event.observation {
        Observation::Invoked { operation, .. } => {
            matches!(operation, AddLocation | CreateEmpty | CreateWithLocation)
        }
        Observation::Answered { ending, .. } => {
            let going = [PendingDelete, Deleted].map(|status| Some(Seen::Status(status)));
            ending.outcome == Outcome::Fail || going.contains(&ending.seen)
        }
        Observation::Broken(_) | Observation::Probed(_) | Observation::Property { .. } => false,
    };
    !recipe.world.real() && !history.events.iter().any(vague)
}

/// Where the rules leave no room checker and reference agree; elsewhere the checker may only believe more.
#[test]
fn checker_and_reference_agree_on_small_histories() {
    let mut refuted = 0;
    for number in 0..60_000 {
        let seed = Seed(number).named("agree");
        let mut rng = seed.named("change").rng();
        let mut recipe = recipe(seed, 3);
        recipe.operations = recipe.operations.min(5);
        let mut history = legal(recipe, seed);
        if !change(&mut history, &mut rng) {
            continue;
        }
        let exact = is_exact(&recipe, &history);
        let verdict = judge(&history, &recipe.rules()).verdict;
        let Some(explained) = explains(&recipe.world, &history) else {
            continue;
        };
        let agrees = match explained {
            true => verdict == Verdict::Valid,
            false => verdict == Verdict::Invalid || !exact,
        };
        refuted += u32::from(!explained && exact);
        let told = shown(&history);
        assert!(agrees, "{number} {recipe:?}: {explained} {verdict}\n{told}");
    }
    assert!(refuted > 100, "only {refuted} were false");
}
