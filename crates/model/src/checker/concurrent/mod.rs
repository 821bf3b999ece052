//! The history checker for concurrent clients: judges what clients and probes saw of one subject, when nobody tells the order
//! of commits.
//!
//! An operation takes its effect at some instant between its invocation and its answer. The checker holds the set of all
//! states that the subject may be in: its status, whose data it holds, and how far each open operation has come. Before each
//! answer everything open may take any legal step; then only the states remain that the answer can be true of. When none
//! remains, the answer cannot be true. Since the whole history is there, an operation is judged by its answer from its
//! invocation on, which keeps the set small: a look at the record only needs one instant that shows what it saw, and none of
//! its own states beside.
//!
//! | file | what it holds |
//! |---|---|
//! | `plan` | which steps an operation may take, by how it ended |
//! | `state` | a state in 64 bits, and sets of statuses |
//! | `open` | an operation as it is followed |
//! | `judge` | the walk over a history |
//! | `follow` | what everything open may do in between |
//! | `answer` | what an answer claims |
//! | `probe` | what the server's own books claim |
//! | `blame` | which finding a claim is that cannot be true |
//!
//! It is pure, shares the edge table with what it judges, and nothing else. The set is never too small, so a correct server
//! raises no alarm; what cannot be followed within the budget is unknown.

mod answer;
mod blame;
mod breach;
mod follow;
mod judge;
mod open;
mod plan;
mod probe;
mod rules;
mod state;

use crate::history::SubjectHistory;
pub use breach::{Breach, Judgement, Severity, Symptom};
pub use rules::Rules;

use judge::Judge;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Judges the history of one subject.
pub fn judge(history: &SubjectHistory, rules: &Rules) -> Judgement {
    Judge::new(*rules).judge(history)
}

/// Histories that a thread takes at a time.
const PORTION: usize = 64;

/// Judges many, on so many threads; the judgements are in the order of the histories, whatever the threads do.
pub fn judge_all(histories: &[SubjectHistory], rules: &Rules, threads: usize) -> Vec<Judgement> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut judge = Judge::new(*rules);
        let mut done = Vec::new();
        loop {
            let portion = next.fetch_add(1, Ordering::Relaxed);
            let Some(histories) = histories.chunks(PORTION).nth(portion) else {
                return done;
            };
            let judged = histories.iter().map(|history| judge.judge(history));
            done.push((portion, judged.collect::<Vec<Judgement>>()));
        }
    };
    let beside = threads.min(histories.len().div_ceil(PORTION)).max(1) - 1;
    let mut portions = std::thread::scope(|scope| {
        let others: Vec<_> = (0..beside).map(|_| scope.spawn(work)).collect();
        let mut portions = work();
        for other in others {
            match other.join() {
                Ok(done) => portions.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        portions
    });
    portions.sort_by_key(|(portion, _)| *portion);
    portions
        .into_iter()
        .flat_map(|(_, judged)| judged)
        .collect()
}
