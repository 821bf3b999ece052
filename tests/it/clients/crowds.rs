//! Many histories: those of a correct server are accepted, and a single false read is noticed.

use super::legal::{Recipe, below, legal};
use super::server::World;
use stormglass::checker::clients::{judge, judge_all};
use stormglass::history::SubjectHistory;
use stormglass::lifecycle::{Profile, Verdict};
use stormglass::random::Seed;

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
    let line =
        |event: &stormglass::history::ClientEvent| format!("{:>4} {:?}\n", event.at.0, event.told);
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
