//! The history checker for concurrent clients: judges what clients and probes saw of one subject, when nobody tells the order
//! of commits. It is the one judge of a real server.
//!
//! An operation takes its effect at some instant between its invocation and its answer. The checker holds the set of all
//! states that the subject may be in: its status, whose data it holds, and how far each open operation has come. Before each
//! answer everything open may make any legal change; then only the states remain that the answer can be true of. When none
//! remains, the answer cannot be true. Since the whole history is there, an operation is judged by its answer from its
//! invocation on, which keeps the set small: a look at the record only needs one instant that shows what it saw, and none of
//! its own states beside.
//!
//! # Two rivals
//!
//! An image is queued. One client uploads while another deletes, and both are told that it worked:
//!
//! ```text
//!  ms   0        1        2                 7                 9        11       12
//!       |        |        |                 |                 |        |        |
//! upload         [==========================================ok]
//! delete                  [===============ok]
//! show                                                                 [==active]
//!
//! the subject may be
//!       queued   queued   queued            deleted           deleted           nothing at all
//!                saving   saving            (before, during   (the upload
//!                active   active            or after the      ended first)
//!                         deleted           upload)
//! ```
//!
//! The delete's answer leaves the states in which the image is deleted: the upload had not begun by then, was under way, or had
//! ended. The upload's answer leaves those in which it had ended before the delete. Then a look shows the image `active`. No state
//! can explain that: what was deleted is back.
//!
//! ```
//! use stormglass_model::checker::concurrent::{Rules, Symptom, judge};
//! use stormglass_model::history::{ClientEvent, Content, Ending, OpId, Seen, SubjectHistory, Observation};
//! use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, Verdict, Who};
//! use stormglass_model::units::Time;
//!
//! let data = Some(Content { size: 4, checksum: 7 });
//! let event = |ms: u64, observation| ClientEvent { at: Time(ms * 1_000_000), observation };
//! let sent = |ms, op, operation, brings| {
//!     let who = Who::Member;
//!     event(ms, Observation::Invoked { op: OpId(op), operation, who, brings, spoiled: false })
//! };
//! let answered = |ms, op, http, seen| {
//!     let (outcome, http_status) = (Outcome::Ok, Some(http));
//!     let ending = Ending { outcome, seen, content: None, http_status };
//!     event(ms, Observation::Answered { op: OpId(op), ending })
//! };
//! let active = Some(Seen::Status(SubjectStatus::Active));
//! let mut history = SubjectHistory {
//!     subject: 0,
//!     events: vec![
//!         sent(0, 0, Operation::Create, None),
//!         answered(0, 0, 201, Some(Seen::Status(SubjectStatus::Queued))),
//!         sent(1, 1, Operation::Upload, data),
//!         sent(2, 2, Operation::Delete, None),
//!         answered(7, 2, 204, None),
//!         answered(9, 1, 204, None),
//!     ],
//! };
//! let rules = Rules::glance(Some(false));
//! assert_eq!(judge(&history, &rules).verdict, Verdict::Valid);
//!
//! history.events.push(sent(11, 3, Operation::Show, None));
//! history.events.push(answered(12, 3, 200, active));
//! let judgement = judge(&history, &rules);
//! assert_eq!(judgement.verdict, Verdict::Invalid);
//! assert_eq!(judgement.violations[0].symptom, Symptom::Revived);
//!
//! // Intervals are closed: a look that is sent at the very instant of the delete's answer may have come first.
//! history.events.truncate(5);
//! history.events.push(sent(7, 3, Operation::Show, None));
//! history.events.push(answered(8, 3, 200, active));
//! history.events.push(answered(9, 1, 204, None));
//! assert_eq!(judge(&history, &rules).verdict, Verdict::Valid);
//! history.events[5].at.0 += 1; // a nanosecond later it cannot
//! assert_eq!(judge(&history, &rules).verdict, Verdict::Invalid);
//! ```
//!
//! Both ends of an operation's interval belong to it, as `ARCHITECTURE.md` explains. What is known to come later is dated later by
//! a nanosecond, as [`crate::history::Collector`] does.
//!
//! It is pure. What it judges, the service or a real server, reads neither the table of operations nor anything else here. The set
//! is never too small, so a correct server raises no alarm; what cannot be followed within the budget is unknown.

mod answer;
mod blame;
mod checker;
mod follow;
mod open;
mod plan;
mod probe;
mod property;
mod prove;
mod rules;
mod sharing;
mod state;
mod violation;

use crate::history::SubjectHistory;
pub use checker::Checker;
pub use prove::Proven;
pub use rules::Rules;
pub use violation::{Inconclusive, Judgement, Severity, SubjectViolation, Symptom};

use std::sync::atomic::{AtomicUsize, Ordering};

/// Judges the history of one subject.
pub fn judge(history: &SubjectHistory, rules: &Rules) -> Judgement {
    Checker::new(*rules).judge(history)
}

/// Histories that a thread takes at a time.
const PORTION: usize = 64;

/// Judges many, on so many threads; the judgements are in the order of the histories, whatever the threads do.
pub fn judge_all(histories: &[SubjectHistory], rules: &Rules, threads: usize) -> Vec<Judgement> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut checker = Checker::new(*rules);
        let mut done = Vec::new();
        loop {
            let portion = next.fetch_add(1, Ordering::Relaxed);
            let Some(histories) = histories.chunks(PORTION).nth(portion) else {
                return done;
            };
            let judged = histories.iter().map(|history| checker.judge(history));
            done.push((portion, judged.collect::<Vec<Judgement>>()));
        }
    };
    let beside = threads.min(histories.len().div_ceil(PORTION)).max(1) - 1;
    let mut portions = std::thread::scope(|scope| {
        // Where the system gives no more threads, those that there are do the work.
        let spawn = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (0..beside).map_while(spawn).collect();
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
