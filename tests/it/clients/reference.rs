//! The slow and plain way to explain a history: whatever the little server may do, in every order.

use super::server::{Reply, Subject, Work, World, content, steps};
use std::collections::BTreeSet;
use stormglass::history::{ClientEvent, Row, SubjectHistory, Told};
use stormglass::lifecycle::Outcome;

type Now = (Subject, Vec<Work>);

/// Whether the server can have told this; none if there are too many ways to tell.
pub fn explains(world: &World, history: &SubjectHistory) -> Option<bool> {
    let mut events = history.events.clone();
    events.sort_by_key(|event| (event.at, turn(event)));
    let mut ways: BTreeSet<Now> = BTreeSet::from([(Subject::default(), Vec::new())]);
    for event in &events {
        ways = match event.told {
            Told::Invoked {
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
            Told::Answered {
                outcome: Outcome::Unknown,
                ..
            } => ways,
            Told::Answered {
                op,
                outcome,
                seen,
                content: data,
                ..
            } => {
                let told = |(_, works): &Now| {
                    let work = works.iter().find(|work| u64::from(work.id) == op.0);
                    work.is_some_and(|work| {
                        work.reply
                            .is_some_and(|reply| fits(work, &reply, outcome, seen, data))
                    })
                };
                let end = |(subject, mut works): Now| {
                    works.retain(|work| u64::from(work.id) != op.0 || !work.over);
                    (subject, works)
                };
                everything(world, ways)?
                    .into_iter()
                    .filter(told)
                    .map(end)
                    .collect()
            }
            Told::Probed(books) => {
                let Some(Row::Present {
                    status,
                    content: data,
                    ..
                }) = books.row
                else {
                    continue;
                };
                let told = |(subject, _): &Now| {
                    let keeps = subject.data.filter(|_| status.keeps_data());
                    subject.status == Some(status) && keeps.map(content) == data
                };
                everything(world, ways)?.into_iter().filter(told).collect()
            }
            Told::Broken(_) => ways,
        };
        if ways.is_empty() {
            return Some(false);
        }
    }
    Some(true)
}

fn turn(event: &ClientEvent) -> u8 {
    match event.told {
        Told::Invoked { .. } => 0,
        Told::Probed(_) => 2,
        _ => 1,
    }
}

fn fits(
    work: &Work,
    reply: &Reply,
    outcome: Outcome,
    seen: Option<stormglass::history::Seen>,
    data: Option<stormglass::history::Content>,
) -> bool {
    let found = work.operation.reads() || work.operation == stormglass::lifecycle::Operation::Show;
    reply.outcome == outcome
        && reply.seen() == seen
        && (!found || data.is_none() || reply.content() == data)
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
