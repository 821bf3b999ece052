//! The life of one image as a client would repeat it: steps, with waits between them.

use super::event::Event;
use super::request::Answer;
use stormglass_model::lifecycle::Operation;
use stormglass_model::units::{Bytes, Span, Time};

/// How a step is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// Once.
    Once,
    /// Several times, one after the other, as a client polls.
    Several,
    /// Once, and it was refused.
    Refused,
}

/// A step of a story, as far as stories are told apart by it.
pub type Step = (Operation, Way);

/// A distance between two operations: from the end of one to the beginning of the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// In nanoseconds; below zero where dates are coarse.
    pub ns: f64,
    /// How finely it is told.
    pub resolution: Span,
}

/// One image, from its create on.
#[derive(Clone, Debug, Default)]
pub struct Life {
    /// When it was created.
    pub born: Time,
    /// When the last that is told of it ended.
    pub last: Time,
    /// Whether it was deleted.
    pub is_deleted: bool,
    /// What was done to it.
    pub steps: Vec<Step>,
    /// The wait before each step; that of the first is nothing.
    pub waits: Vec<Option<Gap>>,
    /// How often each step was done.
    pub times: Vec<u32>,
    /// The waits within steps that were done several times, with the step's place.
    pub within: Vec<(usize, Gap)>,
    /// The bytes of its data, if anything tells them.
    pub size: Option<Bytes>,
    /// Operations that failed, each with whether it was tried again.
    pub failures: Vec<(Event, bool)>,
    /// Operations that began before the one before had ended.
    pub overlaps: u64,
    /// Operations for another project.
    pub strange: u64,
}

/// What a client does again and again to see how far the service is, or because it wants the data again.
const fn repeats(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Show | Operation::Download | Operation::SetProperty
    )
}

impl Life {
    /// What events in order come to. The first is the create.
    pub fn of(events: &[Event]) -> Life {
        let mut life = Life {
            born: events.first().map_or(Time::ZERO, |event| event.at),
            ..Life::default()
        };
        let mut before: Option<&Event> = None;
        let mut is_staged = false;
        for (at, event) in events.iter().enumerate() {
            life.size = life.size.max(event.bytes);
            life.strange += u64::from(event.is_strange);
            life.last = life.last.max(event.end());
            let rest = &events[at + 1..];
            if let Some(again) = given_up(event, rest) {
                life.failures.push((*event, again));
                continue;
            }
            let operation = match event.operation {
                Operation::Import if is_staged => Operation::ImportStaged,
                operation => operation,
            };
            is_staged |= operation == Operation::Stage;
            life.overlaps += before.map_or(0, |before| {
                u64::from(before.end() > event.at + event.resolution)
            });
            life.add(event, operation, before);
            life.is_deleted |= operation == Operation::Delete && event.answer == Answer::Done;
            before = Some(event);
        }
        life
    }

    fn add(&mut self, event: &Event, operation: Operation, before: Option<&Event>) {
        // A date is on average half of its resolution too early.
        let half = |event: &Event| event.resolution.0 as f64 / 2.0;
        let gap = before.map(|before| Gap {
            ns: (event.at.0 as f64 + half(event)) - (before.end().0 as f64 + half(before)),
            resolution: event.resolution.max(before.resolution),
        });
        let way = match event.answer {
            Answer::Refused => Way::Refused,
            Answer::Done | Answer::Failed => Way::Once,
        };
        let last = self.steps.len().wrapping_sub(1);
        if let (Some((same, again)), Some(gap)) = (self.steps.last_mut(), gap)
            && *same == operation
            && repeats(operation)
            && way == Way::Once
            && *again != Way::Refused
        {
            *again = Way::Several;
            self.times[last] += 1;
            self.within.push((last, gap));
            return;
        }
        self.steps.push((operation, way));
        self.waits.push(gap);
        self.times.push(1);
    }

    /// How long it was seen.
    pub fn length(&self) -> Span {
        self.last.since(self.born)
    }
}

/// Whether the client of an operation that did not succeed did the same again; nothing where the operation is a step.
fn given_up(event: &Event, rest: &[Event]) -> Option<bool> {
    let again = || {
        rest.iter()
            .take(4)
            .any(|next| next.operation == event.operation)
    };
    match event.answer {
        Answer::Done => None,
        Answer::Failed => Some(again()),
        // A conflict that goes away is waited for. What is refused and not tried again is what the client wanted to know.
        Answer::Refused if event.operation == Operation::Show || !again() => None,
        Answer::Refused => Some(true),
    }
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;
