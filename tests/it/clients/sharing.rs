//! Sharing with another project: it sees the subject while that lasts, and only then.

use super::written::{DATA, Written, uploaded};
use stormglass_model::checker::concurrent::{Rules, Symptom};
use stormglass_model::history::{OpId, Seen};
use stormglass_model::lifecycle::Operation::{
    Accept, Deactivate, Delete, Download, Share, Show, Unshare,
};
use stormglass_model::lifecycle::SubjectStatus::{Active, Deactivated};
use stormglass_model::lifecycle::{Outcome, Who};

const GLANCE: Rules = Rules::glance(Some(false));

/// The other project looks.
fn looks(written: &mut Written) -> OpId {
    written.call_as(Show, Who::OtherProject)
}

fn finds(written: &mut Written, look: OpId) {
    let seen = Some(Seen::Status(Active));
    written.reply(look, Outcome::Ok, seen, None, Some(200));
}

fn misses(written: &mut Written, look: OpId) {
    written.reply(look, Outcome::Ok, Some(Seen::Gone), None, Some(404));
}

fn reads(written: &mut Written, ok: bool) {
    let read = written.call_as(Download, Who::OtherProject);
    match ok {
        true => written.reply(read, Outcome::Ok, None, Some(DATA), Some(200)),
        false => written.reply(read, Outcome::Refused, None, None, Some(403)),
    };
}

#[test]
fn what_is_shared_is_there_and_can_be_read() {
    let mut written = uploaded();
    written.done(Share);
    let look = looks(&mut written);
    finds(&mut written, look);
    reads(&mut written, true);
    written.shows(Active).holds(&GLANCE);
}

#[test]
fn what_is_not_shared_is_not_there() {
    let mut written = uploaded();
    let look = looks(&mut written);
    misses(&mut written, look);
    written.clone().done(Share).shows(Active).holds(&GLANCE);
    let look = looks(&mut written);
    finds(&mut written, look);
    written.breaks(&GLANCE, &[Symptom::Exposed]);
}

#[test]
fn it_is_not_there_any_more_once_that_is_taken_back() {
    let mut written = uploaded();
    written.done(Share).done(Unshare);
    let look = looks(&mut written);
    let mut wrong = written.clone();
    misses(&mut written, look);
    written.shows(Active).holds(&GLANCE);
    finds(&mut wrong, look);
    wrong.breaks(&GLANCE, &[Symptom::Exposed]);
}

#[test]
fn beside_a_change_either_may_be_seen() {
    for change in [Share, Unshare] {
        for found in [true, false] {
            let mut written = uploaded();
            if change == Unshare {
                written.done(Share);
            }
            let open = written.call(change);
            let look = looks(&mut written);
            match found {
                true => finds(&mut written, look),
                false => misses(&mut written, look),
            }
            written
                .answer(open, Outcome::Ok)
                .shows(Active)
                .holds(&GLANCE);
        }
    }
}

#[test]
fn what_was_shared_with_success_is_found_as_long_as_it_is_there() {
    let mut written = uploaded();
    written.done(Share);
    let mut deleted = written.clone();
    let look = looks(&mut written);
    misses(&mut written, look);
    written
        .shows(Active)
        .breaks(&GLANCE, &[Symptom::LostUpdate]);

    deleted.done(Delete);
    let look = looks(&mut deleted);
    misses(&mut deleted, look);
    deleted.gone().holds(&GLANCE);
}

#[test]
fn what_is_deactivated_is_not_read_by_those_it_is_shared_with() {
    let mut written = uploaded();
    written.done(Share).done(Deactivate);
    let mut wrong = written.clone();
    reads(&mut written, false);
    written.shows(Deactivated).holds(&GLANCE);
    reads(&mut wrong, true);
    wrong.breaks(&GLANCE, &[Symptom::Exposed]);
}

/// The other project accepts it.
fn accepts(written: &mut Written, outcome: Outcome) {
    let accept = written.call_as(Accept, Who::OtherProject);
    let code = if outcome == Outcome::Ok { 200 } else { 404 };
    let gone = (code == 404).then_some(Seen::Gone);
    written.reply(accept, outcome, gone, None, Some(code));
}

#[test]
fn what_is_shared_may_be_accepted_and_nothing_else() {
    let mut written = uploaded();
    let mut early = written.clone();
    accepts(&mut early, Outcome::Refused);
    early.clone().shows(Active).holds(&GLANCE);
    accepts(&mut early, Outcome::Ok);
    early.breaks(&GLANCE, &[Symptom::Trespass]);

    written.done(Share);
    let mut accepted = written.clone();
    accepts(&mut accepted, Outcome::Ok);
    accepted.shows(Active).holds(&GLANCE);
    for undo in [Unshare, Delete] {
        let mut late = written.clone();
        late.done(undo);
        let mut refused = late.clone();
        accepts(&mut refused, Outcome::Refused);
        refused.holds(&GLANCE);
        accepts(&mut late, Outcome::Ok);
        late.breaks(&GLANCE, &[Symptom::Trespass]);
        // Beside it, either may come first.
        let mut beside = written.clone();
        let open = beside.call(undo);
        accepts(&mut beside, Outcome::Ok);
        beside.answer(open, Outcome::Ok).holds(&GLANCE);
    }
    written.done(Accept).breaks(&GLANCE, &[Symptom::Trespass]);
}
