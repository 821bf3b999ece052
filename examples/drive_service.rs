//! The model service driven by hand: invocations in, records out. No engine, no actors, no clock.
//!
//! `cargo run --example drive_service`
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::collections::{BTreeMap, VecDeque};
use stormglass_model::config::ServiceConfig;
use stormglass_model::fault::Faults;
use stormglass_model::history::{Content, OpId, SubjectId};
use stormglass_model::invocation::{Cursor, Invocation, Out};
use stormglass_model::lifecycle::{Operation, Who};
use stormglass_model::load::StoryId;
use stormglass_model::random::Seed;
use stormglass_model::service::{Records, Service};
use stormglass_model::target::Target;
use stormglass_model::units::Time;

/// One client's operation on the only subject.
fn invocation(number: u64, operation: Operation, now: Time) -> Invocation {
    Invocation {
        op: OpId(number),
        subject: SubjectId { number: 0, slot: 0 },
        story: StoryId(0),
        cursor: Cursor::default(),
        operation,
        who: Who::Member,
        intended: now,
        sent: now,
        content: Content {
            size: 1 << 20,
            checksum: 7,
        },
        client_fault: None,
        rival_at: None,
    }
}

fn main() {
    let config = ServiceConfig {
        delayed_delete: false,
        ..ServiceConfig::default()
    };
    let records = Records::new(&config);
    let mut service = Service::new(config, Faults::new(&[], Seed(42)), Seed(42), records);
    let (mut now, mut out) = (Time::ZERO, Out::default());
    let mut due: BTreeMap<Time, VecDeque<_>> = BTreeMap::new();
    let operations = [Operation::Create, Operation::Upload, Operation::Delete];
    for (operation, number) in operations.into_iter().zip(0..) {
        service.invoke(now, invocation(number, operation, now), &mut out);
        // Until the client has its answer, whatever the service put into the calendar happens when it is due.
        loop {
            for record in out.records.drain(..) {
                println!("{record:?}");
            }
            for (at, wake) in out.later.drain(..) {
                due.entry(at).or_default().push_back(wake);
            }
            if let Some(completion) = out.completed.pop_front() {
                println!("{operation} at {now}: {}", completion.ending.outcome);
                break;
            }
            let Some(mut next) = due.first_entry() else {
                return println!("{operation} is never answered");
            };
            now = *next.key();
            let Some(wake) = next.get_mut().pop_front() else {
                next.remove();
                continue;
            };
            service.wake(now, wake, &mut out);
        }
    }
}
