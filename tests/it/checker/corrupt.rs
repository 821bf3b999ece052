//! Every way to spoil one record of a history that breaks an edge or an invariant.
//!
//! What is left out changes no meaning:
//! - fields that only latencies are made from: `at` (but for a scrub's), `intended`, `sent`, `due`, `story`;
//! - a `Forgotten` that is dropped: the engine need not forget, and a slot's next subject ends the last one;
//! - the order of two records of different subjects, and of two records of one subject that do not depend on
//!   each other (see [`in_order`], and [`explained`] for removals, which name no operation);
//! - outcomes: `unknown` says nothing, a refusal of what had no effect is anybody's right, and success of an
//!   operation without effect of its own (a read, a second location, a delete of what a rival has deleted) may be
//!   true while rivals are at work; so only those outcomes are altered that the effect in the history contradicts;
//! - an expected refusal after the story has gone another way than the scenario says;
//! - the checksum of data that nobody else has seen, and the size of data that lies elsewhere.

use super::model::{History, Item, OPERATIONS};
use super::removals::explained;
use stormglass_model::history::{Content, Event, OpId, Record, SubjectId};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, TaskStatus};
use stormglass_model::units::Time;

use Operation::*;

/// An identifier that no operation has.
const NOBODY: OpId = OpId(1 << 40);

/// What is done to a history.
#[derive(Clone, Debug)]
pub enum Corruption {
    Drop(usize),
    Repeat(usize),
    /// The two trade places; each keeps its time.
    Swap(usize, usize),
    Replace(usize, Record),
}

impl Corruption {
    pub fn of(&self, history: &History) -> History {
        let mut spoiled = history.clone();
        let items = &mut spoiled.items;
        match *self {
            Corruption::Drop(i) => drop(items.remove(i)),
            Corruption::Repeat(i) => items.insert(i, items[i].clone()),
            Corruption::Swap(i, j) => {
                if let (Some((a, id, first)), Some((b, _, second))) = (get(items, i), get(items, j))
                {
                    items[i] = Item::Record(put(&items[i], a, id, second));
                    items[j] = Item::Record(put(&items[j], b, id, first));
                }
            }
            Corruption::Replace(i, record) => items[i] = Item::Record(record),
        }
        spoiled
    }
}

fn get(items: &[Item], i: usize) -> Option<(Time, SubjectId, Event)> {
    match items[i] {
        Item::Record(Record::Subject {
            at, subject, event, ..
        }) => Some((at, subject, event)),
        _ => None,
    }
}

fn put(old: &Item, at: Time, subject: SubjectId, event: Event) -> Record {
    match old {
        Item::Record(Record::Subject { story, .. }) => Record::Subject {
            at,
            subject,
            story: *story,
            event,
        },
        other => panic!("{other:?} is no record of a subject"),
    }
}

/// What changes nothing, and must be accepted: a `Forgotten` dropped, a removal swapped with its neighbour.
pub fn harmless(history: &History) -> Vec<Corruption> {
    let items = &history.items;
    let mut all = Vec::new();
    for i in 0..items.len() {
        let Some((_, id, event)) = get(items, i) else {
            continue;
        };
        if event == Event::Forgotten {
            all.push(Corruption::Drop(i));
        }
        if let Some(j) = next_of_subject(items, i, id)
            && in_either_order(history, i, j)
        {
            all.push(Corruption::Swap(i, j));
        }
    }
    all
}

/// Whether a removal and its neighbour may trade places although each keeps its time, and no gauges tell.
fn in_either_order(history: &History, i: usize, j: usize) -> bool {
    let items = &history.items;
    let (Some((begin, _, first)), Some((end, _, second))) = (get(items, i), get(items, j)) else {
        return false;
    };
    let pending = |event: &Event| match event {
        Event::Moved { from, to, .. } => {
            [*from, Some(*to)].contains(&Some(SubjectStatus::PendingDelete))
        }
        _ => false,
    };
    let removal = |event: &Event| matches!(event, Event::Removed { .. });
    let commit = |event: &Event| matches!(event, Event::Moved { .. } | Event::Stored { .. });
    let on_time = begin == end || !pending(&first) && !pending(&second);
    let unseen = items[i..j]
        .iter()
        .all(|item| matches!(item, Item::Record(_)));
    (removal(&first) && commit(&second) || commit(&first) && removal(&second))
        && on_time
        && unseen
        && !in_order(history, i, j)
}

/// Every corruption that must be found; `turn` picks among the values a field could be altered to.
pub fn corruptions(history: &History, turn: usize) -> Vec<Corruption> {
    let items = &history.items;
    let mut all = Vec::new();
    for i in 0..items.len() {
        let Some((at, id, event)) = get(items, i) else {
            continue;
        };
        all.push(Corruption::Repeat(i));
        if event != Event::Forgotten {
            all.push(Corruption::Drop(i));
        }
        if let Some(j) = next_of_subject(items, i, id)
            && in_order(history, i, j)
        {
            all.push(Corruption::Swap(i, j));
        }
        let altered = alter(history, i, turn);
        let altered = altered.into_iter().map(|event| (at, id, event));
        let late = early_scrub(history, i).map(|at| (at, id, event));
        let earlier = id.number.checked_sub(1).map(|number| {
            let slot = id.slot;
            (at, SubjectId { number, slot }, event)
        });
        for (at, id, event) in altered.chain(late).chain(earlier) {
            all.push(Corruption::Replace(i, put(&items[i], at, id, event)));
        }
    }
    all
}

fn events(history: &History, id: SubjectId) -> impl Iterator<Item = Event> {
    let at = move |i| get(&history.items, i);
    let mine = move |(_, of, event): (_, SubjectId, _)| (of.number == id.number).then_some(event);
    (0..history.items.len()).filter_map(move |i| at(i).and_then(mine))
}

fn next_of_subject(items: &[Item], i: usize, id: SubjectId) -> Option<usize> {
    (i + 1..items.len()).find(|&j| get(items, j).is_some_and(|(_, of, _)| of == id))
}

fn op_of(event: &Event) -> Option<OpId> {
    match *event {
        Event::Invoked { op, .. }
        | Event::Completed { op, .. }
        | Event::Stored { op, .. }
        | Event::TaskMoved { op, .. } => Some(op),
        Event::Moved { op, .. } => op,
        Event::Removed { .. }
        | Event::Forgotten
        | Event::Sent { .. }
        | Event::Property { .. }
        | Event::Looked { .. }
        | Event::TasksEnded => None,
    }
}

/// Whether two neighbours of one subject can only have happened in this order.
fn in_order(history: &History, i: usize, j: usize) -> bool {
    let (Some((_, id, first)), Some((_, _, second))) =
        (get(&history.items, i), get(&history.items, j))
    else {
        return false;
    };
    let same_op = op_of(&first).is_some() && op_of(&first) == op_of(&second);
    match (first, second) {
        (_, Event::Forgotten) | (Event::Moved { .. }, Event::Moved { .. }) => true,
        // A task whose operation ended unknown goes on for all anybody knows.
        (Event::TaskMoved { .. }, Event::Completed { outcome, .. }) => {
            same_op && outcome != Outcome::Unknown
        }
        (Event::Invoked { .. }, _) | (_, Event::Completed { .. }) => same_op,
        (Event::Moved { .. }, Event::Stored { .. })
        | (Event::Stored { .. }, Event::Moved { .. })
        | (Event::TaskMoved { .. }, Event::TaskMoved { .. }) => same_op,
        // Data goes after the status that kept it; what another upload left behind goes at any time.
        (Event::Removed { .. }, Event::Moved { .. })
        | (Event::Moved { .. } | Event::Stored { .. }, Event::Removed { .. }) => {
            let swapped = (0..history.items.len()).map(|k| match k {
                _ if k == i => j,
                _ if k == j => i,
                _ => k,
            });
            let events = swapped.filter_map(|k| get(&history.items, k));
            !explained(
                events
                    .filter(|(_, of, _)| *of == id)
                    .map(|(.., event)| event),
            )
        }
        _ => false,
    }
}

/// When a scrub would have been too early, if record `i` is one.
fn early_scrub(history: &History, i: usize) -> Option<Time> {
    let (at, id, event) = get(&history.items, i)?;
    let Event::Moved { op: None, .. } = event else {
        return None;
    };
    let deleted = (0..i).rev().find_map(|j| match get(&history.items, j)? {
        (at, of, Event::Moved { .. }) if of == id => Some(at),
        _ => None,
    })?;
    let last = (deleted + history.rules.scrub_time).0.checked_sub(1)?;
    (last >= deleted.0 && last < at.0).then_some(Time(last))
}

/// Another value of the same list.
fn other<T: Copy + PartialEq>(all: &[T], not: T, turn: usize) -> T {
    let others: Vec<T> = all.iter().copied().filter(|&value| value != not).collect();
    others[turn % others.len()]
}

fn optional<T: Copy>(all: &[T]) -> Vec<Option<T>> {
    std::iter::once(None)
        .chain(all.iter().copied().map(Some))
        .collect()
}

/// Record `i` with one field altered, once for each field that has a meaning.
fn alter(history: &History, i: usize, turn: usize) -> Vec<Event> {
    let Some((_, id, event)) = get(&history.items, i) else {
        return Vec::new();
    };
    match event {
        Event::Invoked { .. } => alter_invoked(history, id, event, turn),
        Event::Completed { .. } => alter_completed(history, id, event, turn),
        Event::Moved { from, to, op, due } => {
            let froms = optional(SubjectStatus::ALL);
            let moved = |from, to, op| Event::Moved { from, to, op, due };
            let nobody = op.map(|_| moved(from, to, None));
            [
                moved(other(&froms, from, turn), to, op),
                moved(from, other(SubjectStatus::ALL, to, turn), op),
                moved(from, to, Some(NOBODY)),
            ]
            .into_iter()
            .chain(nobody)
            .collect()
        }
        Event::TaskMoved { .. } => alter_task(event, turn),
        Event::Stored { op, bytes } => vec![
            Event::Stored { op: NOBODY, bytes },
            Event::Stored {
                op,
                bytes: bytes + 1,
            },
            Event::Stored {
                op,
                bytes: bytes - 1,
            },
        ],
        Event::Removed { bytes } => vec![
            Event::Removed { bytes: bytes + 1 },
            Event::Removed { bytes: bytes - 1 },
        ],
        Event::Forgotten
        | Event::Sent { .. }
        | Event::Property { .. }
        | Event::Looked { .. }
        | Event::TasksEnded => Vec::new(),
    }
}

fn alter_invoked(history: &History, id: SubjectId, event: Event, turn: usize) -> Vec<Event> {
    let Event::Invoked {
        op,
        operation,
        must_be_refused,
        intended,
    } = event
    else {
        return Vec::new();
    };
    let invoked = |op, operation, must_be_refused| Event::Invoked {
        op,
        operation,
        must_be_refused,
        intended,
    };
    let ended_ok = events(history, id).any(|event| {
        matches!(event, Event::Completed { op: ended, outcome: Outcome::Ok, .. } if ended == op)
    });
    let mut all = vec![
        invoked(NOBODY, operation, must_be_refused),
        invoked(op, other(OPERATIONS, operation, turn), must_be_refused),
    ];
    if ended_ok && on_script(history, id, op) {
        all.push(invoked(op, operation, true));
    }
    all
}

fn alter_task(event: Event, turn: usize) -> Vec<Event> {
    let Event::TaskMoved {
        op,
        from,
        to,
        has_result,
        has_message,
        due,
    } = event
    else {
        return Vec::new();
    };
    let moved = |op, from, to, has_result, has_message| Event::TaskMoved {
        op,
        from,
        to,
        has_result,
        has_message,
        due,
    };
    let from_other = other(&optional(TaskStatus::ALL), from, turn);
    let to_other = other(TaskStatus::ALL, to, turn);
    vec![
        moved(NOBODY, from, to, has_result, has_message),
        moved(op, from_other, to, has_result, has_message),
        moved(op, from, to_other, has_result, has_message),
        moved(op, from, to, !has_result, has_message),
        moved(op, from, to, has_result, !has_message),
    ]
}

fn alter_completed(history: &History, id: SubjectId, event: Event, turn: usize) -> Vec<Event> {
    let Event::Completed {
        op,
        operation,
        outcome,
        intended,
        sent,
        content,
        seen,
        http_status,
    } = event
    else {
        return Vec::new();
    };
    let completed = |op, operation, outcome, content| Event::Completed {
        op,
        operation,
        outcome,
        intended,
        sent,
        content,
        seen,
        http_status,
    };
    let mut all = vec![
        completed(NOBODY, operation, outcome, content),
        completed(op, other(OPERATIONS, operation, turn), outcome, content),
    ];
    for untrue in contradicted(history, id, op, operation, outcome) {
        all.push(completed(op, operation, untrue, content));
    }
    for wrong in wrong_contents(history, id, op, operation, content) {
        all.push(completed(op, operation, outcome, Some(wrong)));
    }
    all
}

fn must_be_refused(history: &History, id: SubjectId, operation: OpId) -> bool {
    events(history, id).any(|event| {
        matches!(event, Event::Invoked { op, must_be_refused: true, .. } if op == operation)
    })
}

/// Whether everything that ended before `last` did ended as the scenario says.
fn on_script(history: &History, id: SubjectId, last: OpId) -> bool {
    events(history, id)
        .filter_map(|event| match event {
            Event::Completed { op, outcome, .. } => Some((op, outcome)),
            _ => None,
        })
        .take_while(|(op, _)| *op != last)
        .all(|(op, outcome)| match outcome {
            Outcome::Ok => !must_be_refused(history, id, op),
            Outcome::Refused => must_be_refused(history, id, op),
            Outcome::Fail | Outcome::Unknown | Outcome::Local => false,
        })
}

/// Outcomes that what the operation did, or did not do, contradicts.
fn contradicted(
    history: &History,
    id: SubjectId,
    op: OpId,
    operation: Operation,
    outcome: Outcome,
) -> Vec<Outcome> {
    let mine = || events(history, id).filter(move |event| op_of(event) == Some(op));
    let moved = mine().any(|event| matches!(event, Event::Moved { .. }));
    let task = mine().any(|event| matches!(event, Event::TaskMoved { .. }));
    let forbidden = on_script(history, id, op) && must_be_refused(history, id, op);
    let uploads = matches!(operation, Upload | AbortUpload | Import);
    let last = mine().filter_map(|event| match event {
        Event::Moved { to, .. } => Some(to),
        _ => None,
    });
    // An upload that ended elsewhere than active was not done.
    let done = moved && (!uploads || last.last() == Some(SubjectStatus::Active));
    let mut all = Vec::new();
    if outcome != Outcome::Refused && (moved || task) {
        all.push(Outcome::Refused);
    }
    if outcome != Outcome::Fail && done && operation != Import {
        all.push(Outcome::Fail);
    }
    if outcome != Outcome::Ok && !done && (uploads || operation.creates() || forbidden) {
        all.push(Outcome::Ok);
    }
    all
}

/// Contents that somebody else has seen otherwise.
fn wrong_contents(
    history: &History,
    id: SubjectId,
    op: OpId,
    operation: Operation,
    content: Option<Content>,
) -> Vec<Content> {
    let Some(Content { size, checksum }) = content else {
        return Vec::new();
    };
    let (size_off, checksum_off) = (size + 1, checksum + 1);
    let wrong_size = Content {
        size: size_off,
        checksum,
    };
    let wrong_checksum = Content {
        size,
        checksum: checksum_off,
    };
    let seen_by_others = events(history, id).any(
        |event| matches!(event, Event::Completed { op: by, content: Some(_), .. } if by != op),
    );
    let uploaded = |event: Event| {
        let (from, to) = (Some(SubjectStatus::Saving), SubjectStatus::Active);
        matches!(event, Event::Moved { from: a, to: b, .. } if (a, b) == (from, to))
    };
    let own_data = events(history, id).any(uploaded);
    let audited = own_data
        && (history.audits.iter()).any(|audit| audit.subject == id && audit.content.is_some());
    let mut all = Vec::new();
    if !operation.reads() || own_data || seen_by_others {
        all.push(wrong_size);
    }
    if seen_by_others || audited {
        all.push(wrong_checksum);
    }
    all
}
