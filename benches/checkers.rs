//! What do the two checkers cost? Nanoseconds a record of the online one, and an event of the history checker.
//!
//! `cargo bench --bench checkers`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark prints, and holds a stopwatch"
)]
#![allow(dead_code, reason = "only some of what makes histories is needed")]

#[path = "../tests/it/clients/legal.rs"]
mod legal;
#[path = "../tests/it/clients/server.rs"]
mod server;

use legal::{Pace, Recipe, below, legal};
use server::World;
use std::hint::black_box;
use std::time::{Duration, Instant};
use stormglass_model::checker::concurrent::judge_all;
use stormglass_model::checker::online::{Checker, Rules};
use stormglass_model::history::{Content, Event, OpId, Record, SubjectHistory, SubjectId};
use stormglass_model::lifecycle::{Operation, Outcome, Profile, SubjectStatus, Verdict};
use stormglass_model::load::StoryId;
use stormglass_model::random::Seed;
use stormglass_model::units::{Span, Time};

use Operation::*;
use SubjectStatus::*;

const DATA: Content = Content {
    size: 4_096,
    checksum: 9,
};

/// Seven transitions with all that surrounds them, for the subject whose operations begin at `op`.
fn life(op: u64) -> Vec<Event> {
    let due = Time::ZERO;
    let invoked = |op, operation| Event::Invoked {
        op: OpId(op),
        operation,
        must_be_refused: false,
        intended: due,
    };
    let done = |op, operation, content| Event::Completed {
        op: OpId(op),
        operation,
        outcome: Outcome::Ok,
        intended: due,
        sent: due,
        content,
        seen: None,
        http_status: None,
    };
    let moved = |from, to, op: Option<u64>| Event::Moved {
        from,
        to,
        op: op.map(OpId),
        due,
    };
    let bytes = DATA.size;
    vec![
        invoked(op, Create),
        moved(None, Queued, Some(op)),
        done(op, Create, None),
        invoked(op + 1, Upload),
        moved(Some(Queued), Saving, Some(op + 1)),
        Event::Stored {
            op: OpId(op + 1),
            bytes,
        },
        moved(Some(Saving), Active, Some(op + 1)),
        done(op + 1, Upload, Some(DATA)),
        invoked(op + 2, Deactivate),
        moved(Some(Active), Deactivated, Some(op + 2)),
        done(op + 2, Deactivate, None),
        invoked(op + 3, Reactivate),
        moved(Some(Deactivated), Active, Some(op + 3)),
        done(op + 3, Reactivate, None),
        invoked(op + 4, Delete),
        moved(Some(Active), PendingDelete, Some(op + 4)),
        done(op + 4, Delete, None),
        Event::Removed { bytes },
        moved(Some(PendingDelete), Deleted, None),
        Event::Forgotten,
    ]
}

/// The records of one operation, or of the scrubber, come close together; long waits lie between these.
const BURSTS: [std::ops::Range<usize>; 6] = [0..3, 3..8, 8..11, 11..14, 14..17, 17..20];
/// Operations in flight at once.
const WINDOW: usize = 1_000;

/// Nanoseconds a record, with so many subjects alive at once and visited in an order no cache can guess.
fn record_ns(alive: u64, rounds: u64) -> f64 {
    let mut checker = Checker::new(Rules {
        scrub_read: Span::ZERO,
        profile: Profile::V2,
        scrub_time: Span::ZERO,
        scrub_interval: Span::from_secs(300),
    });
    let (mut spent, mut records) = (Duration::ZERO, 0);
    let slots: Vec<u64> = (0..alive).map(|i| i * 0x9e37_79b1 % alive).collect();
    let mut batch = Vec::new();
    for round in 0..rounds {
        for (burst, window) in BURSTS
            .iter()
            .flat_map(|burst| slots.chunks(WINDOW).map(move |window| (burst, window)))
        {
            batch.clear();
            for step in burst.clone() {
                batch.extend(window.iter().map(|&slot| {
                    let number = round * alive + slot;
                    Record::Subject {
                        at: Time(records),
                        subject: SubjectId {
                            number,
                            slot: slot as u32,
                        },
                        story: StoryId(0),
                        event: life(number * 5)[step],
                    }
                }));
            }
            let begin = Instant::now();
            for record in &batch {
                checker.record(black_box(record));
            }
            spent += begin.elapsed();
            records += batch.len() as u64;
        }
    }
    assert_eq!(checker.finish(Time(records)).verdict, Verdict::Valid);
    spent.as_nanos() as f64 / records as f64
}

const ROUNDS: u32 = 9;

/// Nanoseconds an event at so many clients a subject, in the best of a few rounds: others may use the machine as well, and the first
/// round of a fresh process pays for its memory.
fn event_ns(clients: usize, real: bool) -> f64 {
    let numbers = (0..200_000).map(Seed);
    let fitting = numbers.map(|seed| (seed, recipe(seed, clients)));
    let fitting = fitting.filter(|(_, recipe)| {
        recipe.clients == clients && recipe.lost == 0 && recipe.world.real() == real
    });
    let rules = fitting
        .clone()
        .next()
        .map(|(_, recipe)| recipe.rules())
        .unwrap();
    let fitting = fitting.filter(|(_, recipe)| recipe.rules() == rules);
    let histories: Vec<SubjectHistory> =
        fitting.map(|(seed, recipe)| legal(recipe, seed)).collect();
    let events: usize = histories.iter().map(|history| history.events.len()).sum();
    let round = |_| {
        let begin = Instant::now();
        black_box(judge_all(black_box(&histories), &rules, 1));
        begin.elapsed().as_nanos() as f64 / events as f64
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}

/// A history of at most so many clients.
fn recipe(seed: Seed, clients: usize) -> Recipe {
    let mut rng = seed.named("recipe").rng();
    let profiles = [Profile::V2, Profile::Glance];
    Recipe {
        world: World {
            profile: profiles[below(&mut rng, profiles.len())],
            delayed: below(&mut rng, 2) == 0,
            defect: None,
        },
        clients: 1 + below(&mut rng, clients),
        operations: 2 + below(&mut rng, 13) as u8,
        lost: 0,
        pace: Pace::Crowded,
    }
}

fn main() {
    // Primes, so that the multiplication visits every slot once.
    for (alive, rounds) in [(9_973, 50), (99_991, 10), (999_983, 1), (9_999_991, 1)] {
        let cost = record_ns(alive, rounds);
        println!("{alive:>10} alive: {cost:.1} ns a record");
    }
    for clients in 1..=4 {
        let [embedded, glance] = [false, true].map(|real| event_ns(clients, real));
        println!(
            "{clients} clients: {embedded:.0} ns an event embedded, {glance:.0} ns on a real server"
        );
    }
}
