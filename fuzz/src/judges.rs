//! Judges against each other: whom two judge differently, one of them judges wrongly.

#[path = "../../tests/it/storms/random_storms.rs"]
mod random_storms;

use crate::clients::crowds::{change, is_exact, recipe, shown};
use crate::clients::legal::legal;
use crate::clients::reference::explains;
use stormglass_model::checker::concurrent::judge;
use stormglass_model::lifecycle::Verdict;
use stormglass_model::random::Seed;

/// The first eight bytes, or those that there are.
fn seed(data: &[u8]) -> Seed {
    let mut bytes = [0; 8];
    for (byte, given) in bytes.iter_mut().zip(data) {
        *byte = *given;
    }
    Seed(u64::from_le_bytes(bytes))
}

/// The history checker beside an exhaustive reference: on a legal history, and on one in which answers were changed.
pub fn checker(data: &[u8]) {
    let seed = seed(data);
    let changes = data.get(8).map_or(1, |byte| byte % 4);
    let mut rng = seed.named("change").rng();
    let mut recipe = recipe(seed, 3);
    recipe.operations = recipe.operations.min(6);
    let mut history = legal(recipe, seed);
    let mut changed = false;
    for _ in 0..changes {
        changed |= change(&mut history, &mut rng);
    }
    let verdict = judge(&history, &recipe.rules()).verdict;
    if !changed {
        assert_eq!(verdict, Verdict::Valid, "{recipe:?}\n{}", shown(&history));
        return;
    }
    let exact = is_exact(&recipe, &history);
    let Some(explained) = explains(&recipe.world, &history) else {
        return;
    };
    let agrees = match explained {
        true => verdict == Verdict::Valid,
        false => verdict == Verdict::Invalid || !exact,
    };
    assert!(
        agrees,
        "{recipe:?}: {explained} {verdict}\n{}",
        shown(&history)
    );
}

/// The embedded service beside both of its checkers, in a storm drawn from a seed.
pub fn service(data: &[u8]) {
    crate::storms::runs(&random_storms::storm(seed(data).0));
}
