//! Gathers what the clients of each subject saw out of the records of a run.

use super::{
    ClientEvent, Content, Ending, Event, Observation, OpId, ProbeReading, Record, SubjectHistory,
};
use crate::lifecycle::{Operation, Who};
use crate::script::Act;
use crate::units::Time;
use std::collections::BTreeMap;

/// What clients saw of each subject so far. It grows with every operation, until a subject is taken out.
#[derive(Debug, Default)]
pub struct Collector {
    subjects: BTreeMap<u64, SubjectHistory>,
    /// When the first of the open faults opened, and when the last of them healed, in turn.
    turns: Vec<(Time, bool)>,
    faults_open: u64,
    /// The latest that anything was dated.
    latest: Time,
}

impl Collector {
    /// Takes a record in; those that no client could see are passed over.
    pub fn record(&mut self, record: &Record) {
        match *record {
            Record::Fault { at, open, .. } => self.fault(at, open),
            Record::Subject {
                at, subject, event, ..
            } => self.event(at, subject.number, event),
        }
    }

    /// The history of one subject so far; `keep`: it stays here as well.
    pub fn subject(&mut self, number: u64, keep: bool) -> Option<SubjectHistory> {
        let mut history = match keep {
            true => self.subjects.get(&number).cloned(),
            false => self.subjects.remove(&number),
        }?;
        enter_faults(&mut history.events, &self.turns);
        Some(history)
    }

    /// The histories, by the numbers of their subjects. Each has the faults between its first and last event.
    pub fn finish(self) -> Vec<SubjectHistory> {
        let turns = self.turns;
        let mut histories: Vec<SubjectHistory> = self.subjects.into_values().collect();
        for history in &mut histories {
            enter_faults(&mut history.events, &turns);
        }
        histories
    }

    fn event(&mut self, at: Time, subject: u64, event: Event) {
        let Some(observation) = self.observation(subject, event) else {
            return;
        };
        let history = self
            .subjects
            .entry(subject)
            .or_insert_with(|| SubjectHistory {
                subject,
                events: Vec::new(),
            });
        let at = after(history.events.last(), &observation, at);
        self.latest = self.latest.max(at);
        history.events.push(ClientEvent { at, observation });
    }

    /// What clients learn of an event; none where they learn nothing, or something of what they did before.
    fn observation(&mut self, subject: u64, event: Event) -> Option<Observation> {
        match event {
            Event::Invoked { op, operation, .. } => Some(Observation::Invoked {
                op,
                operation,
                who: Act::usual(operation).who,
                brings: None,
                spoiled: operation == Operation::AbortUpload,
            }),
            Event::Completed {
                op,
                operation,
                outcome,
                content,
                seen,
                http_status,
                ..
            } => {
                let reads = operation.kind().looks();
                // What an upload brought in is known only once it has ended.
                if !reads {
                    self.amend(subject, op, None, content, false);
                }
                let ending = Ending {
                    outcome,
                    seen,
                    content: content.filter(|_| reads),
                    http_status,
                };
                Some(Observation::Answered { op, ending })
            }
            Event::Sent {
                op,
                who,
                content,
                spoiled,
            } => {
                self.amend(subject, op, Some(who), content, spoiled);
                None
            }
            Event::Looked { sent, ending, .. } => {
                let op = Event::look(sent);
                self.looked(subject, op, sent);
                Some(Observation::Answered { op, ending })
            }
            Event::Property { op, value } => Some(Observation::Property { op, value }),
            Event::TasksEnded => Some(Observation::Probed(ProbeReading {
                tasks_open: Some(0),
                ..ProbeReading::default()
            })),
            Event::Moved { .. }
            | Event::TaskMoved { .. }
            | Event::Stored { .. }
            | Event::Removed { .. }
            | Event::Forgotten => None,
        }
    }

    /// Adds to what was entered of an operation what is known only after it was sent.
    fn amend(
        &mut self,
        subject: u64,
        op: OpId,
        on_behalf_of: Option<Who>,
        content: Option<Content>,
        is_spoiled: bool,
    ) {
        let history = self.subjects.get_mut(&subject);
        let events = history.map(|history| &mut history.events);
        for event in events.into_iter().flatten().rev() {
            if let Observation::Invoked {
                op: sent,
                who,
                brings,
                spoiled,
                ..
            } = &mut event.observation
                && *sent == op
            {
                *who = on_behalf_of.unwrap_or(*who);
                *brings = content.or(*brings);
                *spoiled |= is_spoiled;
                return;
            }
        }
    }

    /// A look is known only once it has ended; it was sent before what has been heard of since.
    fn looked(&mut self, subject: u64, op: OpId, sent: Time) {
        let Some(history) = self.subjects.get_mut(&subject) else {
            return; // nothing was ever asked of it
        };
        let place = history.events.partition_point(|event| event.at <= sent);
        let observation = Observation::Invoked {
            op,
            operation: Operation::Show,
            who: Who::Member,
            brings: None,
            spoiled: false,
        };
        let at = after(history.events[..place].last(), &observation, sent);
        history
            .events
            .insert(place, ClientEvent { at, observation });
    }

    fn fault(&mut self, at: Time, open: bool) {
        let before = self.faults_open;
        self.faults_open = match open {
            true => before + 1,
            false => before.saturating_sub(1),
        };
        match (before, self.faults_open) {
            // What came before the healing at the same instant may be dated later than it, and met the fault.
            (1.., 0) => self.turns.push((at.max(self.latest), false)),
            // It opens before what healed is dated as healed: something is open all the while.
            (0, 1..) if self.turns.last().is_some_and(|&(healed, _)| healed >= at) => {
                self.turns.pop();
            }
            (0, 1..) => self.turns.push((at, true)),
            _ => {}
        }
    }
}

/// Records are in order; in a history equal times are concurrent. So what was sent at the instant of an answer, but after it, is
/// dated a nanosecond later.
fn after(last: Option<&ClientEvent>, observation: &Observation, at: Time) -> Time {
    match (last, observation) {
        (Some(last), Observation::Invoked { .. })
            if matches!(
                last.observation,
                Observation::Answered { .. } | Observation::Probed(_)
            ) =>
        {
            at.max(Time(last.at.0 + 1))
        }
        (Some(last), _) => at.max(last.at),
        (None, _) => at,
    }
}

/// Enters the faults into the events of one subject, in order of time.
fn enter_faults(events: &mut Vec<ClientEvent>, turns: &[(Time, bool)]) {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return;
    };
    let begun = turns.partition_point(|(at, _)| *at <= first.at);
    let ended = turns.partition_point(|(at, _)| *at <= last.at);
    let broken = turns[..begun].last().filter(|(_, broken)| *broken);
    let broken = broken.map(|_| (first.at, true));
    let turns = broken.iter().chain(&turns[begun..ended]);
    let faults = turns.map(|&(at, broken)| ClientEvent {
        at,
        observation: Observation::Broken(broken),
    });
    // Stable, so that at equal times what was broken stands first.
    events.splice(0..0, faults);
    events.sort_by_key(|event| event.at);
}
