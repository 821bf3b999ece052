//! Many histories: those of a correct server are accepted, and a single false read is noticed.

use super::legal::{Recipe, below, legal};
use super::reference::explains;
use super::server::World;
use stormglass::checker::clients::{judge, judge_all};
use stormglass::history::{ClientEvent, OpId, Seen, SubjectHistory, Told};
use stormglass::lifecycle::{Operation, Outcome, Profile, SubjectStatus, Verdict, Who};
use stormglass::random::{Rng, Seed};

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

/// The answers that may be made false, by their places. Data at a location of its own may be out of a real server's reach, so
/// a refusal to read it would not be false.
fn reads(recipe: &Recipe, history: &SubjectHistory) -> Vec<(usize, Operation)> {
    let asked = |op: OpId| {
        history.events.iter().find_map(|event| match event.told {
            Told::Invoked {
                op: asked,
                operation,
                who,
                ..
            } if asked == op => Some((operation, who)),
            _ => None,
        })
    };
    let mut reads = Vec::new();
    for (index, event) in history.events.iter().enumerate() {
        let Told::Answered {
            op,
            outcome: Outcome::Ok,
            content,
            ..
        } = event.told
        else {
            continue;
        };
        let (operation, who) = asked(op).unwrap();
        let stored = !recipe.world.real() || content.is_some_and(|content| content.size > 0);
        let fits = operation == Operation::Show || operation.reads() && stored;
        if fits && who != Who::Stranger {
            reads.push((index, operation));
        }
    }
    reads
}

/// Makes one read false, if there is one: a look shows another status, a download other data or a refusal.
fn falsify(recipe: &Recipe, history: &mut SubjectHistory, rng: &mut Rng) -> bool {
    let reads = reads(recipe, history);
    if reads.is_empty() {
        return false;
    }
    let (index, operation) = reads[below(rng, reads.len())];
    let Told::Answered {
        outcome,
        seen,
        content,
        ..
    } = &mut history.events[index].told
    else {
        return false;
    };
    if operation == Operation::Show {
        use SubjectStatus::{Active, Deactivated, Importing, Queued, Saving};
        let mut others = vec![Seen::Gone];
        others.extend([Queued, Saving, Active, Deactivated].map(Seen::Status));
        if recipe.world.real() {
            others.push(Seen::Status(Importing));
        }
        others.retain(|other| Some(*other) != *seen);
        *seen = Some(others[below(rng, others.len())]);
        *content = None;
    } else if let (Some(data), true) = (content.as_mut(), below(rng, 2) == 0) {
        data.size ^= 1 << below(rng, 8);
    } else {
        *outcome = Outcome::Refused;
        *content = None;
    }
    true
}

/// What became of histories with one false read.
#[derive(Debug, Default)]
struct Count {
    falsified: u32,
    rejected: u32,
    /// The reference explains them all the same.
    true_after_all: u32,
}

#[test]
fn a_false_read_is_noticed() {
    let mut count = Count::default();
    for number in 0..30_000 {
        let seed = Seed(number);
        let recipe = recipe(seed, 2);
        let mut history = legal(recipe, seed);
        let mut rng = seed.named("falsify").rng();
        if !falsify(&recipe, &mut history, &mut rng) {
            continue;
        }
        count.falsified += 1;
        if judge(&history, &recipe.rules()).verdict == Verdict::Invalid {
            count.rejected += 1;
        } else if explains(&recipe.world, &history) != Some(false) {
            count.true_after_all += 1;
        }
    }
    let rate = |of: u32| f64::from(count.rejected) / f64::from(of);
    let (raw, fair) = (
        rate(count.falsified),
        rate(count.falsified - count.true_after_all),
    );
    assert!(
        raw >= 0.9 && fair >= 0.95,
        "{count:?}: {raw:.4} of all, {fair:.4} of those that are false"
    );
}

/// Changes one answer: a look shows anything, and what was not done is said to be. Reading data that is not there has no content
/// to compare, so reads are left as they are.
fn change(history: &mut SubjectHistory, rng: &mut Rng) -> bool {
    let reads: Vec<OpId> = history
        .events
        .iter()
        .filter_map(|event| match event.told {
            Told::Invoked { op, operation, .. } if operation.reads() => Some(op),
            _ => None,
        })
        .collect();
    let index = below(rng, history.events.len());
    let Told::Answered {
        op, outcome, seen, ..
    } = &mut history.events[index].told
    else {
        return false;
    };
    match (outcome, seen) {
        (_, Some(Seen::Status(status))) => *status = SubjectStatus::ALL[below(rng, 7)],
        (outcome @ (Outcome::Refused | Outcome::Fail), _) if !reads.contains(op) => {
            *outcome = Outcome::Ok;
        }
        _ => return false,
    }
    true
}

/// What lies at a location is the server's to know, and to the checker it may be anything; and why something is refused or fails
/// nobody needs to say. Of all else checker and reference must think the same.
fn is_exact(recipe: &Recipe, history: &SubjectHistory) -> bool {
    use Operation::{AddLocation, CreateEmpty, CreateWithLocation};
    let vague = |event: &ClientEvent| match event.told {
        Told::Invoked { operation, .. } => {
            matches!(operation, AddLocation | CreateEmpty | CreateWithLocation)
        }
        Told::Answered { outcome, .. } => matches!(outcome, Outcome::Refused | Outcome::Fail),
        Told::Broken(_) | Told::Probed(_) => false,
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
