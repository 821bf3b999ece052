//! Pairs of records that may trade places, and pairs that may not, in histories short enough to read.

use super::corrupt::{Corruption, corruptions, harmless};
use super::judge;
use super::model::{History, Item};
use stormglass_model::checker::online::Rules;
use stormglass_model::history::{Event, OpId, Record, SubjectId};
use stormglass_model::lifecycle::{Operation, Outcome, Profile, SubjectStatus, Verdict};
use stormglass_model::load::StoryId;
use stormglass_model::units::{Span, Time};

use Operation::*;
use SubjectStatus::*;

const BYTES: u64 = 3;
const FAILED: Outcome = Outcome::Fail;

fn sent(op: u64, operation: Operation) -> Event {
    Event::Invoked {
        op: OpId(op),
        operation,
        must_be_refused: false,
        intended: Time::ZERO,
    }
}

fn answered(op: u64, operation: Operation, outcome: Outcome) -> Event {
    Event::Completed {
        op: OpId(op),
        operation,
        outcome,
        intended: Time::ZERO,
        sent: Time::ZERO,
        content: None,
        seen: None,
        http_status: None,
    }
}

fn moved(from: impl Into<Option<SubjectStatus>>, to: SubjectStatus, op: Option<u64>) -> Event {
    Event::Moved {
        from: from.into(),
        to,
        op: op.map(OpId),
        due: Time::ZERO,
    }
}

fn stored(op: u64) -> Event {
    let (op, bytes) = (OpId(op), BYTES);
    Event::Stored { op, bytes }
}

const REMOVED: Event = Event::Removed { bytes: BYTES };

/// An upload that came to nothing; it has yet to remove what it wrote.
fn failed_upload() -> Vec<Event> {
    vec![
        sent(0, Create),
        moved(None, Queued, Some(0)),
        answered(0, Create, Outcome::Ok),
        sent(1, Upload),
        moved(Queued, Saving, Some(1)),
        stored(1),
        moved(Saving, Queued, Some(1)),
    ]
}

fn located() -> Vec<Event> {
    vec![
        sent(2, AddLocation),
        moved(Queued, Active, Some(2)),
        answered(2, AddLocation, Outcome::Ok),
    ]
}

fn uploaded() -> Vec<Event> {
    vec![
        sent(2, Upload),
        moved(Queued, Saving, Some(2)),
        stored(2),
        moved(Saving, Active, Some(2)),
        answered(2, Upload, Outcome::Ok),
    ]
}

/// A history in which an upload fails, the subject becomes active otherwise, and `pair` comes in between; whether
/// that pair may trade places, by the corruptions' own word and by the checker's.
#[track_caller]
fn may_swap(active: Vec<Event>, before: &[Event], pair: [Event; 2], after: &[Event]) -> bool {
    let mut events = failed_upload();
    events.extend(active);
    events.extend(before);
    let i = events.len();
    events.extend(pair);
    events.extend(after);
    let item = |event| {
        Item::Record(Record::Subject {
            at: Time::ZERO,
            subject: SubjectId { number: 0, slot: 0 },
            story: StoryId(0),
            event,
        })
    };
    let history = History {
        rules: Rules {
            profile: Profile::V2,
            scrub_time: Span::ZERO,
            scrub_interval: Span::from_secs(300),
            scrub_read: Span::ZERO,
        },
        items: events.into_iter().map(item).collect(),
        audits: Vec::new(),
        end: Time::ZERO,
    };
    let legal = judge(&history);
    assert_eq!(legal.verdict, Verdict::Valid, "{:#?}", legal.violations);
    let swap = Corruption::Swap(i, i + 1);
    let judgement = judge(&swap.of(&history));
    let listed = |all: Vec<Corruption>| {
        let mut swaps = all.iter().filter_map(|corruption| match corruption {
            Corruption::Swap(a, b) => Some((*a, *b)),
            _ => None,
        });
        swaps.any(|of| of == (i, i + 1))
    };
    let accepted = judgement.verdict == Verdict::Valid;
    assert_eq!(listed(harmless(&history)), accepted, "{judgement:#?}");
    assert_eq!(listed(corruptions(&history, 0)), !accepted);
    accepted
}

#[test]
fn what_a_failed_upload_left_is_removed_at_any_time() {
    let end = [
        answered(3, Deactivate, Outcome::Ok),
        answered(1, Upload, FAILED),
    ];
    let pair = [moved(Active, Deactivated, Some(3)), REMOVED];
    assert!(may_swap(located(), &[sent(3, Deactivate)], pair, &end));
    assert!(may_swap(uploaded(), &[sent(3, Deactivate)], pair, &end));
}

/// The first removal is that of either upload as long as both are open.
#[test]
fn bytes_are_removed_after_somebody_has_written_them() {
    let begin = [sent(2, Upload), moved(Queued, Saving, Some(2))];
    let pair = [stored(2), REMOVED];
    let end = [
        moved(Saving, Queued, Some(2)),
        answered(2, Upload, FAILED),
        REMOVED,
        answered(1, Upload, FAILED),
    ];
    assert!(may_swap(vec![], &begin, pair, &end));
    let begin = [&[REMOVED], &begin[..]].concat();
    let end = [end[0], end[1], end[3]];
    assert!(!may_swap(vec![], &begin, pair, &end));
}

#[test]
fn the_data_of_a_subject_is_removed_after_its_delete() {
    let begin = [sent(3, Delete)];
    let pair = [moved(Active, Deleted, Some(3)), REMOVED];
    let failed = answered(1, Upload, FAILED);
    let done = answered(3, Delete, Outcome::Ok);
    assert!(may_swap(located(), &begin, pair, &[done, failed]));
    // Two uploads have written as much: the first removal is the failed one's or the delete's.
    let end = [REMOVED, done, failed];
    assert!(may_swap(uploaded(), &begin, pair, &end));
    // The failed one has removed its own already.
    let begin = [REMOVED, sent(3, Delete)];
    assert!(!may_swap(uploaded(), &begin, pair, &[done, failed]));
}

#[test]
fn the_data_of_a_pending_delete_is_removed_before_its_scrub() {
    let delete = [
        sent(3, Delete),
        moved(Active, PendingDelete, Some(3)),
        answered(3, Delete, Outcome::Ok),
    ];
    let pair = [REMOVED, moved(PendingDelete, Deleted, None)];
    let failed = answered(1, Upload, FAILED);
    assert!(may_swap(located(), &delete, pair, &[failed]));
    assert!(!may_swap(uploaded(), &delete, pair, &[REMOVED, failed]));
    let both = [&delete[..], &[REMOVED]].concat();
    assert!(may_swap(uploaded(), &both, pair, &[failed]));
    let early = [&[REMOVED], &delete[..]].concat();
    assert!(!may_swap(uploaded(), &early, pair, &[failed]));
}
