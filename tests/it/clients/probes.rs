//! What a probe reads, where it is right and where it is not.

use super::written::{DATA, OTHER, created, reading, row, uploaded};
use stormglass_model::checker::concurrent::Rules;
use stormglass_model::checker::concurrent::Symptom::{
    BadRow, Corrupt, Hollow, Orphan, Revived, StagedOrphan, StuckSubject, StuckTask, SubjectLost,
    Undone,
};
use stormglass_model::history::{Held, PresentRow, Row};
use stormglass_model::lifecycle::Operation::{Deactivate, Delete, Import, Stage};
use stormglass_model::lifecycle::SubjectStatus::{
    Active, Deleted, Importing, PendingDelete, Queued, Uploading,
};

const GLANCE: Rules = Rules::glance(Some(false));
const DELAYED: Rules = Rules::glance(Some(true));

#[test]
fn the_row_is_in_a_status_that_it_can_have() {
    let good = || reading(row(Active, Some(DATA)), Some(DATA.size));
    uploaded().probe(good()).holds(&GLANCE);
    uploaded()
        .done(Delete)
        .probe(good())
        .breaks(&GLANCE, &[Revived]);
    uploaded()
        .done(Deactivate)
        .probe(good())
        .breaks(&GLANCE, &[Undone]);
    let absent = || reading(Row::Absent, None);
    uploaded().probe(absent()).breaks(&GLANCE, &[SubjectLost]);
    uploaded().done(Delete).probe(absent()).holds(&GLANCE);
    let pending = || reading(row(PendingDelete, Some(DATA)), Some(DATA.size));
    uploaded().done(Delete).probe(pending()).holds(&DELAYED);
    uploaded()
        .done(Delete)
        .probe(pending())
        .breaks(&GLANCE, &[Undone]);
    let deleted = || reading(row(Deleted, None), None);
    uploaded().done(Delete).probe(deleted()).holds(&DELAYED);
    uploaded()
        .done(Delete)
        .probe(deleted())
        .probe(pending())
        .breaks(&DELAYED, &[Undone]);
}

#[test]
fn the_row_does_not_contradict_itself() {
    let marked = Row::Present(PresentRow {
        status: Active,
        deleted: true,
        content: Some(DATA),
        locations: 1,
        in_store: true,
    });
    uploaded()
        .probe(reading(marked, Some(DATA.size)))
        .breaks(&GLANCE, &[BadRow, Orphan]);
    uploaded()
        .probe(reading(marked, None))
        .breaks(&GLANCE, &[BadRow]);
    let bare = row(Active, None);
    uploaded()
        .probe(reading(bare, Some(DATA.size)))
        .breaks(&GLANCE, &[BadRow]);
    let other = row(Active, Some(OTHER));
    uploaded()
        .probe(reading(other, Some(OTHER.size)))
        .breaks(&GLANCE, &[Corrupt]);
}

#[test]
fn the_store_holds_what_the_row_says() {
    let active = row(Active, Some(DATA));
    uploaded()
        .probe(reading(active, None))
        .breaks(&GLANCE, &[Hollow]);
    uploaded()
        .probe(reading(active, Some(1)))
        .breaks(&GLANCE, &[Hollow]);
    created()
        .probe(reading(row(Queued, None), None))
        .holds(&GLANCE);
    created()
        .probe(reading(row(Queued, None), Some(1)))
        .breaks(&GLANCE, &[Orphan]);
    let mut staged = reading(row(Uploading, None), None);
    staged.data = Some(Held {
        bytes: None,
        staged: Some(DATA.size),
        ..Held::default()
    });
    created().done(Stage).probe(staged).holds(&GLANCE);
    let mut left = reading(row(Queued, None), None);
    left.data = staged.data;
    created().probe(left).breaks(&GLANCE, &[StagedOrphan]);
}

#[test]
fn nothing_is_stuck_at_rest() {
    let mut task = reading(row(Active, Some(DATA)), Some(DATA.size));
    task.tasks_open = Some(1);
    uploaded().probe(task).breaks(&GLANCE, &[StuckTask]);
    let mut written = created();
    written.done(Import);
    written
        .clone()
        .probe(reading(row(Queued, None), None))
        .holds(&GLANCE);
    let mut importing = reading(row(Importing, None), None);
    importing.tasks_open = Some(1);
    written.probe(importing).breaks(&GLANCE, &[StuckSubject]);
}
