//! What one event costs the checker: `cargo test --release cost_of_an_event -- --ignored --nocapture`.

use super::crowds::recipe;
use super::legal::legal;
use std::hint::black_box;
use std::time::Instant;
use stormglass_model::checker::concurrent::judge_all;
use stormglass_model::history::SubjectHistory;
use stormglass_model::random::Seed;

const ROUNDS: u32 = 9;

/// Nanoseconds an event at so many clients a subject, in the best of a few rounds: others may use the machine as well, and the first
/// round of a fresh process pays for its memory.
#[allow(clippy::disallowed_methods)] // A stopwatch around pure code, in a test that nobody runs by default.
fn measure(clients: usize, real: bool) -> f64 {
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

#[test]
#[ignore = "a measurement, not a test"]
#[allow(clippy::print_stdout)]
fn cost_of_an_event() {
    for clients in 1..=4 {
        let [embedded, glance] = [false, true].map(|real| measure(clients, real));
        println!(
            "{clients} clients: {embedded:.0} ns an event embedded, {glance:.0} ns on a real server"
        );
    }
}
