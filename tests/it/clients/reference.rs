//! The slow and plain way to explain a history: whatever the little server may do, in every order.

use super::server::{Subject, Work, World, content, steps};
use std::collections::BTreeSet;
use stormglass_model::history::{
    ClientEvent, Ending, Observation, PresentRow, Row, SubjectHistory,
};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus};

type Now = (Subject, Vec<Work>);

/// Whether the server can have told this; none if there are too many ways to tell.
pub fn explains(world: &World, history: &SubjectHistory) -> Option<bool> {
    let mut events = history.events.clone();
    events.sort_by_key(|event| (event.at, turn(event)));
    let mut ways: BTreeSet<Now> = BTreeSet::from([(Subject::default(), Vec::new())]);
    for event in &events {
        ways = match event.observation {
            Observation::Invoked {
                op,
                operation,
                who,
                brings,
                ..
            } => {
                let data = brings.map_or((100 + op.0 % 3, 1), |content| {
                    (content.size, content.checksum)
                });
                let work = Work::new(op.0 as u8, operation, who, data);
                let begin = |(subject, mut works): Now| {
                    works.push(work);
                    works.sort();
                    (subject, works)
                };
                ways.into_iter().map(begin).collect()
            }
            Observation::Answered { ending, .. } if ending.outcome == Outcome::Unknown => ways,
            Observation::Answered { op, ending } => {
                let told = |(_, works): &Now| {
                    let mine = |work: &&Work| u64::from(work.id) == op.0;
                    works
                        .iter()
                        .find(mine)
                        .is_some_and(|work| replied(work, &ending))
                };
                let end = |(subject, mut works): Now| {
                    works.retain(|work| u64::from(work.id) != op.0 || !work.over);
                    (subject, works)
                };
                let ways = everything(world, ways)?;
                ways.into_iter().filter(told).map(end).collect()
            }
            Observation::Probed(reading) => {
                let Some(Row::Present(PresentRow {
                    status,
                    content: data,
                    ..
                })) = reading.row
                else {
                    continue;
                };
                let staged = reading.data.map(|held| held.staged);
                let told = |(subject, _): &Now| {
                    let keeps = subject.data.filter(|_| status.keeps_data());
                    let waits = subject.data.filter(|_| status == SubjectStatus::Uploading);
                    let waits = waits.map(|data| content(data).size);
                    subject.status == Some(status)
                        && keeps.map(content) == data
                        && staged.is_none_or(|staged| staged == waits)
                };
                everything(world, ways)?.into_iter().filter(told).collect()
            }
            Observation::Broken(_) | Observation::Property { .. } => ways,
        };
        if ways.is_empty() {
            return Some(false);
        }
    }
    Some(true)
}

fn turn(event: &ClientEvent) -> u8 {
    match event.observation {
        Observation::Invoked { .. } => 0,
        Observation::Probed(_) => 2,
        _ => 1,
    }
}

/// Whether it has come to this answer.
fn replied(work: &Work, ending: &Ending) -> bool {
    let found = work.operation.reads() || work.operation == Operation::Show;
    work.reply.is_some_and(|reply| {
        let same = !found || ending.content.is_none() || reply.content() == ending.content;
        reply.outcome == ending.outcome && reply.seen() == ending.seen && same
    })
}

fn everything(world: &World, ways: BTreeSet<Now>) -> Option<BTreeSet<Now>> {
    let mut todo: Vec<Now> = ways.iter().cloned().collect();
    let mut all = ways;
    while let Some((subject, works)) = todo.pop() {
        let mut next: Vec<Now> = Vec::new();
        for (index, work) in works.iter().enumerate() {
            for (subject, work) in steps(world, subject, *work) {
                let mut works = works.clone();
                works[index] = work;
                next.push((subject, works));
            }
        }
        next.extend(subject.scrubbed().map(|subject| (subject, works.clone())));
        for now in next {
            if all.insert(now.clone()) {
                todo.push(now);
            }
        }
        if all.len() > 20_000 {
            return None;
        }
    }
    Some(all)
}
