//! Data in several stores: a copy changes no status, and what is in a store is named by the row.

use super::written::{DATA, Written, created, reading, row, uploaded};
use stormglass_model::checker::concurrent::Rules;
use stormglass_model::checker::concurrent::Symptom::{
    BadRow, Forbidden, Hollow, Orphan, StagedOrphan, Unreadable,
};
use stormglass_model::history::{PresentRow, ProbeReading, Row};
use stormglass_model::lifecycle::Operation::{
    CopyImage, Deactivate, Delete, DeleteFromDefaultStore, DeleteFromStore, Download,
    ImportToAllStores, Stage,
};
use stormglass_model::lifecycle::Outcome;
use stormglass_model::lifecycle::SubjectStatus::{Active, Deactivated, Deleted, Queued};

const GLANCE: Rules = Rules::glance(Some(false));

fn copied() -> Written {
    let mut written = uploaded();
    written.done(CopyImage);
    written
}

/// What a probe reads of active data in so many places.
fn in_places(locations: u32, bytes: Option<u64>) -> ProbeReading {
    let there = match row(Active, Some(DATA)) {
        Row::Present(row) => Row::Present(PresentRow {
            locations,
            in_store: locations > 0,
            ..row
        }),
        absent @ Row::Absent => absent,
    };
    reading(there, bytes)
}

/// The same with bytes in a store that the row does not name.
fn straying(mut reading: ProbeReading) -> ProbeReading {
    if let Some(held) = &mut reading.data {
        held.stray = Some(DATA.size);
    }
    reading
}

#[test]
fn a_copy_and_what_takes_it_away_change_no_status() {
    copied()
        .shows(Active)
        .reads(DATA)
        .probe(in_places(2, Some(DATA.size)))
        .done(DeleteFromDefaultStore)
        .reads(DATA)
        .refused(DeleteFromStore)
        .probe(in_places(1, Some(DATA.size)))
        .done(Delete)
        .gone()
        .holds(&GLANCE);
    created().refused(CopyImage).shows(Queued).holds(&GLANCE);
}

#[test]
fn nothing_is_copied_or_taken_away_unless_it_is_active() {
    for operation in [CopyImage, DeleteFromStore, DeleteFromDefaultStore] {
        let mut deactivated = uploaded();
        deactivated.done(Deactivate);
        (deactivated.clone().refused(operation))
            .shows(Deactivated)
            .holds(&GLANCE);
        deactivated.done(operation).breaks(&GLANCE, &[Forbidden]);
        let mut beside = uploaded();
        let open = beside.call(operation);
        beside.done(Deactivate).answer(open, Outcome::Ok);
        beside.shows(Deactivated).holds(&GLANCE);
    }
}

#[test]
fn the_last_data_stays() {
    let mut lost = uploaded();
    lost.done(DeleteFromDefaultStore);
    (lost.clone().probe(in_places(0, None))).breaks(&GLANCE, &[Hollow]);
    lost.refused(Download).breaks(&GLANCE, &[Unreadable]);
    copied()
        .probe(in_places(2, None))
        .breaks(&GLANCE, &[Hollow]);
}

/// The row is wrong, and the data is there.
#[test]
fn every_store_that_the_row_names_holds_it() {
    let mut lacking = in_places(2, Some(DATA.size));
    if let Some(held) = &mut lacking.data {
        held.lacking = true;
    }
    copied().probe(lacking).breaks(&GLANCE, &[BadRow]);
}

#[test]
fn what_a_failed_copy_has_staged_waits_for_the_next() {
    let staged = |mut reading: ProbeReading| {
        if let Some(held) = &mut reading.data {
            held.staged = Some(DATA.size);
        }
        reading
    };
    let active = staged(in_places(1, Some(DATA.size)));
    copied().probe(active).holds(&GLANCE);
    uploaded().probe(active).breaks(&GLANCE, &[StagedOrphan]);
    let deleted = staged(reading(row(Deleted, Some(DATA)), None));
    copied()
        .done(Delete)
        .probe(deleted)
        .breaks(&GLANCE, &[StagedOrphan]);
}

#[test]
fn what_no_row_names_is_an_orphan_once_no_task_is_at_work() {
    let stray = straying(in_places(1, Some(DATA.size)));
    copied().probe(stray).breaks(&GLANCE, &[Orphan]);
    let mut deleted = copied();
    deleted.done(Delete);
    let gone = reading(row(Deleted, Some(DATA)), None);
    deleted.clone().probe(gone).holds(&GLANCE);
    deleted.probe(straying(gone)).breaks(&GLANCE, &[Orphan]);
}

#[test]
fn what_is_staged_is_taken_into_every_store() {
    let mut staged = created();
    staged.done(Stage).done(ImportToAllStores);
    staged
        .shows(Active)
        .reads(DATA)
        .probe(in_places(2, Some(DATA.size)))
        .holds(&GLANCE);
    created()
        .done(ImportToAllStores)
        .breaks(&GLANCE, &[Forbidden]);
}
