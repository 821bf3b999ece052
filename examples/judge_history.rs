//! A history in, a verdict out: two rivals on one image, and one answer that cannot be true.
//!
//! An upload and a delete overlap, and both are acknowledged. Either order is possible, so nothing is wrong yet. But the
//! image is gone after either of them, and a later look shows it active.
//!
//! `cargo run --example judge_history`
#![allow(clippy::print_stdout, reason = "an example prints")]

use stormglass_model::checker::concurrent::{Rules, judge};
use stormglass_model::history::{
    ClientEvent, Content, Ending, Observation, OpId, Seen, SubjectHistory,
};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, Who};
use stormglass_model::units::{Span, Time};

/// What the upload sends: 4 bytes, and a digest of them.
const DATA: Content = Content {
    size: 4,
    checksum: 7,
};

fn main() {
    let sent = |op, operation| Observation::Invoked {
        op: OpId(op),
        operation,
        who: Who::Member,
        brings: (operation == Operation::Upload).then_some(DATA),
        spoiled: false,
    };
    let acknowledged = |op, seen| Observation::Answered {
        op: OpId(op),
        ending: Ending {
            outcome: Outcome::Ok,
            seen,
            content: None,
            http_status: None,
        },
    };
    let events = [
        (0, sent(0, Operation::Create)),
        (10, acknowledged(0, None)),
        (20, sent(1, Operation::Upload)),
        (30, sent(2, Operation::Delete)),
        (40, acknowledged(2, None)),
        (50, acknowledged(1, None)),
        (60, sent(3, Operation::Show)),
        (
            70,
            acknowledged(3, Some(Seen::Status(SubjectStatus::Active))),
        ),
    ];
    let history = SubjectHistory {
        subject: 0,
        events: events
            .map(|(ms, observation)| ClientEvent {
                at: Time::ZERO + Span::from_millis(ms),
                observation,
            })
            .to_vec(),
    };

    let judgement = judge(&history, &Rules::glance(Some(false)));
    println!("{}", judgement.verdict);
    for breach in judgement.violations {
        println!(
            "at {}: {} ({}): {}",
            breach.at, breach.symptom, breach.invariant, breach.sentence
        );
    }
}
