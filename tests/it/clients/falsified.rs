//! A single false read is noticed: in histories of crowded clients, of clients as in use, and of the embedded service.

use super::crowds::recipe;
use super::legal::{Pace, below, legal};
use super::reference::explains;
use super::server::World;
use std::collections::BTreeMap;
use stormglass_model::checker::concurrent::{Rules, judge};
use stormglass_model::history::{Ending, Observation, OpId, Seen, SubjectHistory};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, Verdict, Who};
use stormglass_model::random::{Rng, Seed};
use stormglass_model::units::Time;

/// The answers that may be made false, by their places. Data at a location of its own may be out of a real server's reach, so
/// a refusal to read it would not be false.
fn reads(real: bool, history: &SubjectHistory) -> Vec<(usize, Operation)> {
    let asked = |op: OpId| {
        history
            .events
            .iter()
            .find_map(|event| match event.observation {
                Observation::Invoked {
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
        let Observation::Answered { op, ending } = event.observation else {
            continue;
        };
        if ending.outcome != Outcome::Ok {
            continue;
        }
        let (operation, who) = asked(op).unwrap();
        let stored = !real || ending.content.is_some_and(|content| content.size > 0);
        let fits = operation == Operation::Show || operation.reads() && stored;
        if fits && who != Who::OtherProject {
            reads.push((index, operation));
        }
    }
    reads
}

/// Makes one read false, if there is one: a look shows another status, a download other data or a refusal.
fn falsify(real: bool, history: &mut SubjectHistory, rng: &mut Rng) -> bool {
    let reads = reads(real, history);
    if reads.is_empty() {
        return false;
    }
    let (index, operation) = reads[below(rng, reads.len())];
    let Observation::Answered { ending, .. } = &mut history.events[index].observation else {
        return false;
    };
    let Ending {
        outcome,
        seen,
        content,
        ..
    } = ending;
    if operation == Operation::Show {
        use SubjectStatus::{Active, Deactivated, Importing, Queued, Saving};
        let mut others = vec![Seen::Gone];
        others.extend([Queued, Saving, Active, Deactivated].map(Seen::Status));
        if real {
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
pub struct Count {
    falsified: u32,
    rejected: u32,
    /// Some legal order explains them all the same, says the reference or is too slow to say, so nobody could reject them.
    explained: u32,
    /// Answered operations, and those of them that were open together with another.
    operations: u32,
    beside: u32,
}

impl Count {
    /// Makes one read of the history false, and judges it.
    pub fn add(&mut self, world: &World, rules: &Rules, mut history: SubjectHistory, seed: Seed) {
        let (operations, beside) = density(&history);
        let mut rng = seed.named("falsify").rng();
        if !falsify(world.real(), &mut history, &mut rng) {
            return;
        }
        self.operations += operations;
        self.beside += beside;
        self.falsified += 1;
        if judge(&history, rules).verdict == Verdict::Invalid {
            self.rejected += 1;
        } else if explains(world, &history) != Some(false) {
            self.explained += 1;
        }
    }

    pub fn of_all(&self) -> f64 {
        f64::from(self.rejected) / f64::from(self.falsified)
    }

    fn of_the_false(&self) -> f64 {
        f64::from(self.rejected) / f64::from(self.falsified - self.explained)
    }

    /// The share of operations that were beside another.
    fn crowding(&self) -> f64 {
        f64::from(self.beside) / f64::from(self.operations)
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [all, false_ones] = [self.of_all(), self.of_the_false()];
        let crowding = self.crowding();
        write!(
            f,
            "{all:.4} of all, {false_ones:.4} of the false, {crowding:.3} beside another: {self:?}"
        )
    }
}

/// How many operations were answered, and how many of them while another one was open that was answered as well.
fn density(history: &SubjectHistory) -> (u32, u32) {
    let mut sent: BTreeMap<OpId, Time> = BTreeMap::new();
    let mut spans: Vec<(Time, Time)> = Vec::new();
    for event in &history.events {
        match event.observation {
            Observation::Invoked { op, .. } => _ = sent.insert(op, event.at),
            Observation::Answered { op, .. } => spans.push((sent[&op], event.at)),
            Observation::Broken(_) | Observation::Probed(_) | Observation::Property { .. } => {}
        }
    }
    let meet = |a: usize, b: usize| a != b && spans[a].0 <= spans[b].1 && spans[b].0 <= spans[a].1;
    let all = 0..spans.len();
    let beside = all.clone().filter(|&a| all.clone().any(|b| meet(a, b)));
    (spans.len() as u32, beside.count() as u32)
}

/// Of histories with so many clients; of a hundred answers so many are lost, or as many as the recipe says: often none, often very many.
fn counted(pace: Pace, lost: Option<u64>, clients: usize) -> Count {
    let mut count = Count::default();
    for number in 0..30_000 {
        let seed = Seed(number);
        let mut recipe = recipe(seed, 2);
        if recipe.clients == clients {
            recipe.pace = pace;
            recipe.lost = lost.unwrap_or(recipe.lost);
            let history = legal(recipe, seed);
            count.add(&recipe.world, &recipe.rules(), history, seed);
        }
    }
    count
}

/// What no legal order explains is noticed nearly always. How much is explained depends on how crowded the clients are and how much
/// is lost: of 19,019 false reads of the crowded recipe 323 were true at another instant of the read's own span, 709 in another order
/// with a change beside it, 316 with a lost change done or not, 63 with an import that was still under way.
#[test]
fn a_false_read_is_noticed() {
    // At least such a share of all is noticed.
    let floors = [
        (Pace::Crowded, None, [0.95, 0.87]),
        (Pace::Natural, None, [0.95, 0.925]),
        (Pace::Natural, Some(1), [0.97, 0.95]),
    ];
    for (pace, lost, floors) in floors {
        for (floor, clients) in floors.into_iter().zip(1..) {
            let count = counted(pace, lost, clients);
            let told = format!("{pace:?} {lost:?} {clients}: {count}");
            assert!(count.of_all() >= floor, "{told}");
            assert!(count.of_the_false() >= 0.98, "{told}");
            // The paces are what they say.
            let beside = match (pace, clients) {
                (Pace::Natural, 1) => 0.0..=0.0,
                (Pace::Natural, _) => 0.3..=0.5,
                (Pace::Crowded, 1) => 0.1..=0.2,
                (Pace::Crowded, _) => 0.85..=0.95,
            };
            assert!(beside.contains(&count.crowding()), "{told}");
        }
    }
}
