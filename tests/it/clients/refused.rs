//! What may be refused and what must be granted, by histories that keep the rule and ones that break it.

use super::written::{DATA, OTHER, Written, created, uploaded};
use stormglass_model::checker::concurrent::Rules;
use stormglass_model::checker::concurrent::Symptom::{
    Corrupt, Refused, SubjectLost, Undone, Unreadable,
};
use stormglass_model::history::Observation;
use stormglass_model::lifecycle::{Operation, Outcome, Profile, SubjectStatus, Who};

use Operation::*;
use SubjectStatus::*;

const GLANCE: Rules = Rules::glance(Some(false));
const DELAYED: Rules = Rules::glance(Some(true));
const V2: Rules = Rules::embedded(Profile::V2, false);

#[test]
fn nothing_is_refused_that_must_be_granted() {
    uploaded().refused(Download).breaks(&GLANCE, &[Unreadable]);
    created().refused(Download).holds(&GLANCE);
    uploaded().done(Deactivate).refused(Download).holds(&GLANCE);
    let mut written = uploaded();
    written.done(Deactivate);
    let read = written.call_as(DownloadAsAdmin, Who::Admin);
    written
        .clone()
        .answer(read, Outcome::Refused)
        .breaks(&GLANCE, &[Unreadable]);
    written
        .reply(read, Outcome::Ok, None, Some(DATA), Some(200))
        .holds(&GLANCE);
    // What is refused otherwise may have a reason that nobody tells, but a delete.
    created().refused(Upload).shows(Queued).holds(&GLANCE);
    uploaded()
        .refused(Deactivate)
        .shows(Deactivated)
        .breaks(&GLANCE, &[Undone]);
}

#[test]
fn a_delete_is_granted_wherever_the_subject_is() {
    let refused = |written: &mut Written, who, code| {
        let delete = written.call_as(Delete, who);
        written.reply(delete, Outcome::Refused, None, None, Some(code));
        written.clone()
    };
    for code in [400, 403, 409] {
        refused(&mut uploaded(), Who::Member, code).breaks(&GLANCE, &[Refused]);
        refused(uploaded().done(Deactivate), Who::Admin, code).breaks(&DELAYED, &[Refused]);
        refused(&mut created(), Who::Member, code).breaks(&GLANCE, &[Refused]);
        refused(created().done(Stage), Who::Member, code).breaks(&GLANCE, &[Refused]);
        refused(&mut uploaded(), Who::Reader, code).holds(&GLANCE);
        refused(uploaded().done(Protect), Who::Admin, code).holds(&GLANCE);
        let mut taken_back = uploaded();
        taken_back.done(Protect).done(Unprotect);
        refused(&mut taken_back, Who::Member, code).breaks(&GLANCE, &[Refused]);
        // Once it is gone, nothing is there to be granted.
        refused(uploaded().done(Delete), Who::Member, code).holds(&GLANCE);
    }
    // A server may have more requests than it likes.
    refused(&mut uploaded(), Who::Member, 429).holds(&GLANCE);
    // It changes nothing.
    refused(&mut uploaded(), Who::Member, 409)
        .gone()
        .breaks(&GLANCE, &[Refused, SubjectLost]);
}

#[test]
fn a_delete_may_be_refused_beside_something_else() {
    let mut written = uploaded();
    let [read, delete] = [written.call(Download), written.call(Delete)];
    let seen = written.clone();
    written.reply(read, Outcome::Ok, None, Some(DATA), Some(200));
    written.answer(delete, Outcome::Refused).holds(&GLANCE);
    let mut written = seen;
    written.answer(delete, Outcome::Refused);
    written.reply(read, Outcome::Ok, None, Some(DATA), Some(200));
    written.clone().holds(&GLANCE);
    written.refused(Delete).breaks(&GLANCE, &[Refused]);
    // A task is under way, until the subject is seen active.
    let mut written = created();
    written.done(Import);
    written.clone().refused(Delete).holds(&GLANCE);
    written
        .shows(Active)
        .refused(Delete)
        .breaks(&GLANCE, &[Refused]);
    // Nobody knows what became of another one, whether it takes a step of its own or not.
    for operation in [Deactivate, SetProperty, Protect, Download, Delete] {
        let mut written = uploaded();
        let lost = written.call_with(operation, Who::Member, None, true);
        written.answer(lost, Outcome::Unknown);
        written.shows(Active).refused(Delete).holds(&GLANCE);
    }
    // Something is broken.
    let mut written = uploaded();
    written.tell(Observation::Broken(true)).refused(Delete);
    written.tell(Observation::Broken(false)).holds(&GLANCE);
    written.refused(Delete).breaks(&GLANCE, &[Refused]);
}

#[test]
fn the_embedded_service_refuses_what_no_status_grants_and_nothing_else() {
    uploaded().refused(Deactivate).breaks(&V2, &[Refused]);
    created().refused(Deactivate).holds(&V2);
    created().refused(Upload).breaks(&V2, &[Refused]);
    uploaded().refused(Upload).holds(&V2);
    created().refused(SetProperty).breaks(&V2, &[Refused]);
    uploaded().refused(Delete).breaks(&V2, &[Refused]);
    uploaded().done(Delete).refused(Delete).holds(&V2);
    // One location alone stays, and how many there are is not followed.
    uploaded().refused(RemoveLocation).holds(&V2);
    // It may have come when an upload held the subject.
    let mut written = created();
    let [upload, rival] = [written.call(Upload), written.call(Upload)];
    written.answer(rival, Outcome::Refused);
    written.answer(upload, Outcome::Ok).holds(&V2);
}

#[test]
fn what_was_refused_has_moved_no_data() {
    let mut written = uploaded();
    written.refused(RegisterLocation);
    written.reads(OTHER).breaks(&GLANCE, &[Corrupt]);
    let mut written = uploaded();
    written.done(AddLocation).reads(OTHER).holds(&GLANCE);
}
