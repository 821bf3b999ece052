//! Whether every look shows what the updates before it left in the property: a register that each update writes with a value of its
//! own. It is judged apart from the status, on which it does not depend.

use super::checker::Checker;
use super::violation::Symptom;
use crate::history::{ClientEvent, Observation, OpId, Seen};
use crate::lifecycle::{Invariant, Operation, Outcome};
use crate::units::Time;

/// An update, or a look.
#[derive(Clone, Copy)]
struct Access {
    op: OpId,
    operation: Operation,
    sent: Time,
    /// None while it is not answered, or if the answer does not say that it was done.
    done: Option<Time>,
    value: Option<u64>,
    /// Whether it has said anything of the property.
    tells: bool,
}

/// Before the first update there is no value.
const UNSET: Access = Access {
    op: OpId(u64::MAX),
    operation: Operation::SetProperty,
    sent: Time::ZERO,
    done: Some(Time::ZERO),
    value: None,
    tells: true,
};

impl Access {
    /// Whether it was over before another was sent. At the same instant either may come first.
    fn precedes(&self, other: &Access) -> bool {
        self.done.is_some_and(|done| done < other.sent)
    }
}

impl Checker {
    /// Invariant `acknowledged`: what an update was answered with success for is shown until the next.
    pub(super) fn judge_property(&mut self, events: &[ClientEvent]) {
        let tells = |event: &ClientEvent| matches!(event.observation, Observation::Property { .. });
        if !events.iter().any(tells) {
            return;
        }
        let (updates, looks) = accesses(events);
        for look in looks {
            let replaced = |update: &Access| {
                let between = |next: &Access| update.precedes(next) && next.precedes(&look);
                updates.iter().any(between)
            };
            let explains = |update: &&Access| {
                update.value == look.value && !look.precedes(update) && !replaced(update)
            };
            if !updates
                .iter()
                .chain([&UNSET])
                .any(|update| explains(&update))
            {
                self.now = look.done.unwrap_or(look.sent);
                self.violated(
                    Invariant::Acknowledged,
                    Symptom::LostUpdate,
                    "a look at the record showed a property as it was before an update that was answered with success",
                );
            }
        }
    }
}

/// Every update that may have been done, and every look that showed the record.
fn accesses(events: &[ClientEvent]) -> (Vec<Access>, Vec<Access>) {
    let (mut updates, mut looks): (Vec<Access>, Vec<Access>) = (Vec::new(), Vec::new());
    for event in events {
        match event.observation {
            Observation::Invoked { op, operation, .. } => {
                let list = match operation {
                    Operation::SetProperty => &mut updates,
                    Operation::Show => &mut looks,
                    _ => continue,
                };
                list.push(Access {
                    op,
                    operation,
                    sent: event.at,
                    done: None,
                    value: None,
                    tells: false,
                });
            }
            Observation::Property { op, value } => {
                let both = updates.iter_mut().chain(&mut looks);
                for access in both.filter(|access| access.op == op) {
                    (access.value, access.tells) = (value, true);
                }
            }
            Observation::Answered { op, ending } => {
                let shown = matches!(ending.seen, Some(Seen::Status(_)));
                let both = updates.iter_mut().chain(&mut looks);
                for access in both.filter(|access| access.op == op) {
                    let done = match access.operation {
                        Operation::Show => shown,
                        _ => ending.outcome == Outcome::Ok,
                    };
                    access.done = done.then_some(event.at);
                }
            }
            Observation::Broken(_) | Observation::Probed(_) => {}
        }
    }
    updates.retain(|update| update.tells);
    looks.retain(|look| look.tells && look.done.is_some());
    (updates, looks)
}
