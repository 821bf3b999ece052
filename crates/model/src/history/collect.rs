//! Gathers what the clients of each subject saw out of the records of a run.

use super::{ClientEvent, Event, Record, SubjectHistory, Told};
use crate::lifecycle::Operation;
use crate::script::Act;
use crate::units::Time;
use std::collections::BTreeMap;

/// What clients saw of each subject so far. It forgets nothing, so it grows with every operation.
#[derive(Debug, Default)]
pub struct Collector {
    subjects: BTreeMap<u64, SubjectHistory>,
    /// When the first of the open faults opened, and when the last of them healed, in turn.
    turns: Vec<(Time, bool)>,
    faults_open: u64,
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

    /// The histories, by the numbers of their subjects. Each is told of the faults between its first and last event.
    pub fn finish(self) -> Vec<SubjectHistory> {
        let turns = self.turns;
        let mut histories: Vec<SubjectHistory> = self.subjects.into_values().collect();
        for history in &mut histories {
            tell_faults(&mut history.events, &turns);
        }
        histories
    }

    fn event(&mut self, at: Time, subject: u64, event: Event) {
        let told = match event {
            Event::Invoked { op, operation, .. } => Told::Invoked {
                op,
                operation,
                who: Act::usual(operation).who,
                brings: None,
                spoiled: operation == Operation::AbortUpload,
            },
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
                if !reads {
                    // What an upload brought in is known only once it has ended.
                    let events = self
                        .subjects
                        .get_mut(&subject)
                        .map(|found| &mut found.events);
                    for event in events.into_iter().flatten().rev() {
                        match &mut event.told {
                            Told::Invoked {
                                op: sent, brings, ..
                            } if *sent == op => {
                                *brings = content;
                                break;
                            }
                            _ => {}
                        }
                    }
                }
                Told::Answered {
                    op,
                    outcome,
                    seen,
                    content: content.filter(|_| reads),
                    http_status,
                }
            }
            Event::Moved { .. }
            | Event::TaskMoved { .. }
            | Event::Stored { .. }
            | Event::Removed { .. }
            | Event::Forgotten => return,
        };
        let history = self
            .subjects
            .entry(subject)
            .or_insert_with(|| SubjectHistory {
                subject,
                events: Vec::new(),
            });
        let at = after(history.events.last(), &told, at);
        history.events.push(ClientEvent { at, told });
    }

    fn fault(&mut self, at: Time, open: bool) {
        let before = self.faults_open;
        self.faults_open = if open {
            before + 1
        } else {
            before.saturating_sub(1)
        };
        if (before == 0) != (self.faults_open == 0) {
            self.turns.push((at, open));
        }
    }
}

/// Records are in order; in a history equal times are concurrent. So what was sent at the instant of an answer, but after it, is
/// dated a nanosecond later.
fn after(last: Option<&ClientEvent>, told: &Told, at: Time) -> Time {
    match (last, told) {
        (Some(last), Told::Invoked { .. }) if matches!(last.told, Told::Answered { .. }) => {
            at.max(Time(last.at.0 + 1))
        }
        (Some(last), _) => at.max(last.at),
        (None, _) => at,
    }
}

/// Enters the faults into the events of one subject, in order of time.
fn tell_faults(events: &mut Vec<ClientEvent>, turns: &[(Time, bool)]) {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return;
    };
    let begun = turns.partition_point(|(at, _)| *at <= first.at);
    let ended = turns.partition_point(|(at, _)| *at <= last.at);
    let broken = begun.checked_sub(1).filter(|turn| turns[*turn].1);
    let told = |at, broken| ClientEvent {
        at,
        told: Told::Broken(broken),
    };
    let mut all: Vec<ClientEvent> = broken.map(|_| told(first.at, true)).into_iter().collect();
    all.extend(
        turns[begun..ended]
            .iter()
            .map(|&(at, broken)| told(at, broken)),
    );
    if all.is_empty() {
        return;
    }
    all.append(events);
    // Stable, so that at equal times what was broken stands first.
    all.sort_by_key(|event| event.at);
    *events = all;
}
