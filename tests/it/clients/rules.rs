//! Every rule, by a history that keeps it and one that breaks it.

use super::written::{DATA, OTHER, Written, created, reading, row, uploaded};
use stormglass_model::checker::concurrent::{Inconclusive, Rules, Symptom};
use stormglass_model::history::{Ending, Observation, ProbeReading, Seen};
use stormglass_model::lifecycle::{
    Invariant, Operation, Outcome, Profile, SubjectStatus, Verdict, Who,
};

use Operation::*;
use SubjectStatus::*;
use Symptom::{
    Corrupt, Exposed, Forbidden, NoAnswer, Orphan, Revived, ServerError, StuckSubject, SubjectLost,
    Trespass, TwoUploads, Undone, Unreadable, WrongStatus,
};

const GLANCE: Rules = Rules::glance(Some(false));
const DELAYED: Rules = Rules::glance(Some(true));
const V2: Rules = Rules::embedded(Profile::V2, false);
const V1: Rules = Rules::embedded(Profile::V1, false);

#[test]
fn a_life_from_create_to_delete_is_legal_everywhere() {
    let mut written = uploaded();
    written.shows(Active).reads(DATA).done(Deactivate);
    written.shows(Deactivated).refused(Download);
    written.done(Reactivate).reads(DATA).done(Delete).gone();
    for rules in [GLANCE, DELAYED, V1, V2, Rules::glance(None)] {
        written.holds(&rules);
    }
}

#[test]
fn an_upload_passes_saving_and_a_look_may_see_it() {
    let mut written = created();
    let upload = written.call(Upload);
    written.shows(Queued).shows(Saving).shows(Active);
    written.answer(upload, Outcome::Ok);
    written.holds(&GLANCE);
    let mut written = created();
    let upload = written.call(Upload);
    written.shows(Saving).shows(Queued);
    written.answer(upload, Outcome::Ok);
    written.breaks(&GLANCE, &[WrongStatus]);
}

#[test]
fn a_look_sees_an_instant_inside_it() {
    let mut written = uploaded();
    let look = written.call(Show);
    written.done(Deactivate).done(Reactivate);
    written.clone().saw(look, Deactivated).holds(&GLANCE);
    written.clone().saw(look, Active).holds(&GLANCE);
    written.saw(look, Queued).breaks(&GLANCE, &[Undone]);
}

#[test]
fn equal_times_are_concurrent() {
    let mut written = uploaded();
    written.done(Deactivate).shows(Active);
    written.breaks(&GLANCE, &[Undone]);
    let events = &mut written.history.events;
    let answered = events[events.len() - 3].at;
    let look = events.len() - 2;
    events[look].at = answered;
    written.holds(&GLANCE);
    // And whatever order they are written down in.
    let last = written.history.events.len();
    written.history.events.swap(last - 3, last - 2);
    written.holds(&GLANCE);
}

#[test]
fn an_unknown_operation_may_act_later_or_never() {
    let mut written = uploaded();
    let delete = written.call(Delete);
    written.answer(delete, Outcome::Unknown);
    // No answer at all is a finding of its own; its client broke the connection here.
    for event in &mut written.history.events {
        if let Observation::Invoked { spoiled, .. } = &mut event.observation {
            *spoiled = true;
        }
    }
    written.clone().shows(Active).shows(Active).holds(&GLANCE);
    written.clone().shows(Active).gone().gone().holds(&GLANCE);
    written.gone().shows(Active).breaks(&GLANCE, &[Revived]);
}

#[test]
fn beyond_three_unknown_operations_they_may_act_as_often_as_they_like() {
    let mut written = uploaded();
    let unknown = |written: &mut Written, operation| {
        let op = written.call_with(operation, Who::Member, None, true);
        written.answer(op, Outcome::Unknown);
    };
    unknown(&mut written, Deactivate);
    let mut exact = written.clone();
    exact.shows(Deactivated).done(Reactivate).shows(Deactivated);
    exact.breaks(&GLANCE, &[Undone]);
    for _ in 0..3 {
        unknown(&mut written, Reactivate);
    }
    written
        .shows(Deactivated)
        .done(Reactivate)
        .shows(Deactivated);
    written.holds(&GLANCE);
}

#[test]
fn a_failed_upload_takes_the_edge_of_its_profile() {
    let failed = || {
        let mut written = created();
        let upload = written.call(Upload);
        written.answer(upload, Outcome::Fail);
        written
    };
    failed().shows(Killed).holds(&V1);
    failed().shows(Queued).done(Upload).shows(Active).holds(&V2);
    failed().shows(Killed).breaks(&V2, &[WrongStatus]);
    failed().shows(Active).breaks(&V2, &[WrongStatus]);
    failed().shows(Active).breaks(&GLANCE, &[WrongStatus]);
}

#[test]
fn an_error_of_the_servers_own_may_come_after_the_effect() {
    let mut written = uploaded();
    let delete = written.call(Delete);
    written.reply(delete, Outcome::Fail, None, None, Some(500));
    written
        .clone()
        .shows(Active)
        .breaks(&GLANCE, &[ServerError]);
    written.clone().gone().breaks(&GLANCE, &[ServerError]);
    written
        .shows(Active)
        .gone()
        .breaks(&GLANCE, &[ServerError, SubjectLost]);
}

#[test]
fn a_request_for_which_there_is_no_room_does_nothing_and_tells_nothing() {
    let fails = |operation, http| {
        let mut written = uploaded();
        let op = written.call(operation);
        written.reply(op, Outcome::Fail, None, None, http);
        written
    };
    let no_room = Some(Ending::NO_ROOM);
    fails(Download, no_room).shows(Active).holds(&V2);
    fails(Download, None)
        .shows(Active)
        .breaks(&V2, &[Unreadable]);
    fails(Delete, no_room).shows(Active).holds(&V2);
    fails(Delete, no_room).gone().breaks(&V2, &[SubjectLost]);
    // A real server that says so is judged as one that answers with an error of its own.
    fails(Download, no_room).breaks(&GLANCE, &[ServerError]);
}

#[test]
fn data_is_read_where_it_may_be() {
    created().reads(DATA).breaks(&GLANCE, &[Exposed]);
    uploaded()
        .done(Deactivate)
        .reads(DATA)
        .breaks(&GLANCE, &[Exposed]);
    uploaded()
        .done(Delete)
        .reads(DATA)
        .breaks(&GLANCE, &[Exposed]);
    let mut written = uploaded();
    let read = written.call(Download);
    written.done(Delete);
    written
        .reply(read, Outcome::Ok, None, Some(DATA), Some(200))
        .holds(&GLANCE);
}

#[test]
fn data_is_what_was_acknowledged() {
    uploaded().reads(OTHER).breaks(&GLANCE, &[Corrupt]);
    let mut written = uploaded();
    let look = written.call(Show);
    let seen = Some(Seen::Status(Active));
    written
        .clone()
        .reply(look, Outcome::Ok, seen, Some(DATA), Some(200))
        .holds(&GLANCE);
    written
        .reply(look, Outcome::Ok, seen, Some(OTHER), Some(200))
        .breaks(&GLANCE, &[Corrupt]);
    // An upload that was not answered may have brought it.
    let mut written = created();
    let upload = written.call_with(Upload, Who::Member, Some(OTHER), true);
    written.answer(upload, Outcome::Unknown);
    written.clone().reads(OTHER).reads(OTHER).holds(&GLANCE);
    written.reads(DATA).breaks(&GLANCE, &[Corrupt]);
    // Nobody knows what lies at a location, but it stays the same.
    let mut written = Written::new();
    written.done(CreateWithLocation).reads(OTHER);
    written.clone().reads(OTHER).holds(&GLANCE);
    written.reads(DATA).breaks(&GLANCE, &[Corrupt]);
}

/// What a look tells that was sent before anyone knew the data is held against the data that is known when it is answered.
#[test]
fn data_that_becomes_known_meanwhile_is_known_to_what_is_open() {
    let mut written = Written::new();
    written.done(CreateWithLocation);
    let [one, two] = [written.call(Show), written.call(Show)];
    let told = |written: &mut Written, look, status, content| {
        let seen = Some(Seen::Status(status));
        written.reply(look, Outcome::Ok, seen, Some(content), Some(200));
    };
    told(&mut written, one, Active, OTHER);
    written.done(Deactivate);
    let mut false_one = written.clone();
    told(&mut false_one, two, Deactivated, DATA);
    told(&mut written, two, Deactivated, OTHER);
    for rules in [&V2, &GLANCE] {
        written.holds(rules);
        false_one.breaks(rules, &[Corrupt]);
    }
}

#[test]
fn one_upload_alone_is_acknowledged() {
    uploaded().refused(Upload).holds(&GLANCE);
    uploaded().done(Upload).breaks(&GLANCE, &[TwoUploads]);
    uploaded().done(Upload).breaks(&V2, &[TwoUploads]);
    let mut written = created();
    let [one, two] = [written.call(Upload), written.call(Upload)];
    written
        .clone()
        .answer(one, Outcome::Ok)
        .answer(two, Outcome::Refused)
        .holds(&GLANCE);
    written
        .answer(one, Outcome::Ok)
        .answer(two, Outcome::Ok)
        .breaks(&GLANCE, &[TwoUploads]);
}

#[test]
fn an_acknowledged_delete_is_final() {
    uploaded()
        .done(Delete)
        .shows(Active)
        .breaks(&GLANCE, &[Revived]);
    uploaded()
        .done(Delete)
        .done(Deactivate)
        .breaks(&GLANCE, &[Forbidden]);
    uploaded()
        .done(Delete)
        .done(SetProperty)
        .breaks(&GLANCE, &[Forbidden]);
    uploaded().gone().breaks(&GLANCE, &[SubjectLost]);
    let mut written = uploaded();
    let [one, two] = [written.call(Delete), written.call(Delete)];
    written.answer(one, Outcome::Ok).answer(two, Outcome::Ok);
    written.holds(&GLANCE);
    written.breaks(&V2, &[Forbidden]);
    uploaded()
        .done(Delete)
        .done(Delete)
        .breaks(&GLANCE, &[Forbidden]);
}

#[test]
fn an_upload_and_a_delete_may_both_be_acknowledged() {
    let mut written = created();
    let upload = written.call(Upload);
    let delete = written.call(Delete);
    written
        .answer(upload, Outcome::Ok)
        .answer(delete, Outcome::Ok);
    written.clone().gone().holds(&GLANCE);
    let clean = reading(row(Deleted, None), None);
    written.clone().probe(clean).holds(&GLANCE);
    let left = reading(row(Deleted, None), Some(DATA.size));
    let judgement = written.probe(left).judged(&GLANCE);
    assert_eq!(judgement.violations[0].symptom, Orphan);
    assert_eq!(
        judgement.violations[0].sentence,
        "the subject is deleted: its upload and its delete were both answered with success, and the data is still in the store"
    );
}

#[test]
fn changes_are_acknowledged_where_the_table_has_them() {
    created().done(Deactivate).breaks(&GLANCE, &[Forbidden]);
    created().done(Reactivate).breaks(&GLANCE, &[Forbidden]);
    uploaded().done(Reactivate).holds(&GLANCE);
    uploaded().done(Reactivate).breaks(&V2, &[Forbidden]);
    created().done(AddLocation).shows(Active).holds(&GLANCE);
    uploaded()
        .done(Deactivate)
        .done(AddLocation)
        .breaks(&GLANCE, &[Forbidden]);
    created().done(Create).breaks(&GLANCE, &[Forbidden]);
    created().done(AbortUpload).breaks(&GLANCE, &[Forbidden]);
    uploaded().done(Stage).breaks(&GLANCE, &[Forbidden]);
    created().done(ImportStaged).breaks(&GLANCE, &[Forbidden]);
}

#[test]
fn a_subject_with_a_location_is_never_saving() {
    let mut written = Written::new();
    written.done(CreateWithLocation);
    written.clone().shows(Active).holds(&V2);
    let judgement = written.shows(Saving).judged(&V2);
    assert_eq!(
        judgement.violations[0].invariant,
        Invariant::LocationNeverSaving
    );
}

#[test]
fn staged_data_is_imported_later() {
    let mut written = created();
    written.done(Stage).shows(Uploading).done(ImportStaged);
    written
        .shows(Uploading)
        .shows(Importing)
        .shows(Active)
        .reads(DATA);
    written.holds(&GLANCE);
    written.reads(OTHER).breaks(&GLANCE, &[Corrupt]);
    let mut written = created();
    written
        .done(Stage)
        .done(ImportStaged)
        .shows(Active)
        .shows(Importing);
    written.breaks(&GLANCE, &[StuckSubject]);
    let mut written = created();
    written
        .done(Import)
        .shows(Queued)
        .shows(Importing)
        .shows(Queued);
    written.done(Upload).holds(&GLANCE);
    let mut written = created();
    written
        .done(RegisterLocation)
        .shows(Importing)
        .shows(Active);
    written.holds(&GLANCE);
}

#[test]
fn roles_are_kept() {
    let as_who = |operation, who, outcome, seen| {
        let mut written = uploaded();
        let op = written.call_as(operation, who);
        written.reply(op, outcome, seen, None, None);
        written
    };
    let status = Some(Seen::Status(Active));
    let gone = Some(Seen::Gone);
    let ok = Outcome::Ok;
    as_who(Show, Who::Reader, ok, status).holds(&GLANCE);
    as_who(Show, Who::OtherProject, ok, gone).holds(&GLANCE);
    as_who(Show, Who::OtherProject, Outcome::Refused, gone).holds(&GLANCE);
    as_who(Show, Who::OtherProject, ok, status).breaks(&GLANCE, &[Exposed]);
    as_who(Download, Who::OtherProject, ok, None).breaks(&GLANCE, &[Exposed]);
    as_who(Download, Who::OtherProject, Outcome::Refused, None).holds(&GLANCE);
    as_who(Download, Who::Reader, ok, None).holds(&GLANCE);
    as_who(Delete, Who::Reader, Outcome::Refused, None)
        .shows(Active)
        .holds(&GLANCE);
    as_who(Delete, Who::Reader, Outcome::Refused, None)
        .gone()
        .breaks(&GLANCE, &[SubjectLost]);
    as_who(Delete, Who::Reader, ok, None)
        .gone()
        .breaks(&GLANCE, &[Trespass]);
    as_who(Delete, Who::OtherProject, ok, None)
        .shows(Active)
        .breaks(&GLANCE, &[Trespass]);
    as_who(SetProperty, Who::Reader, ok, None).breaks(&GLANCE, &[Trespass]);
}

#[test]
fn what_is_protected_stays() {
    let mut written = uploaded();
    written.done(Protect);
    written.clone().refused(Delete).shows(Active).holds(&GLANCE);
    written
        .clone()
        .done(Delete)
        .gone()
        .breaks(&GLANCE, &[Forbidden]);
    written
        .clone()
        .done(Unprotect)
        .done(Delete)
        .gone()
        .holds(&GLANCE);
    let delete = written.call(Delete);
    written.done(Unprotect).answer(delete, Outcome::Ok);
    written.holds(&GLANCE);
}

#[test]
fn answers_are_owed_while_nothing_is_broken() {
    let ends = |spoiled, http_status, operation| {
        let mut written = uploaded();
        let op = written.call_with(operation, Who::Member, None, spoiled);
        let outcome = if http_status == Some(500) {
            Outcome::Fail
        } else {
            Outcome::Unknown
        };
        written.reply(op, outcome, None, None, http_status);
        written
    };
    ends(false, Some(500), Show).breaks(&GLANCE, &[ServerError]);
    ends(false, Some(502), Show).breaks(&GLANCE, &[ServerError]);
    ends(true, Some(500), Show).holds(&GLANCE);
    ends(false, Some(500), List).breaks(&GLANCE, &[ServerError]);
    ends(false, Some(404), List).holds(&GLANCE);
    uploaded()
        .done(List)
        .done(Delete)
        .done(List)
        .gone()
        .holds(&GLANCE);
    let mut written = uploaded();
    let list = written.call_with(List, Who::OtherProject, None, false);
    written.reply(list, Outcome::Ok, None, None, Some(200));
    written.holds(&GLANCE);
    ends(false, None, Delete).breaks(&GLANCE, &[NoAnswer]);
    ends(true, None, Delete).holds(&GLANCE);
    ends(false, None, Upload).holds(&GLANCE);
    let mut written = uploaded();
    written.tell(Observation::Broken(true));
    let [look, late] = [written.call(Show), written.call(Show)];
    written.reply(look, Outcome::Fail, None, None, Some(503));
    written.refused(Download);
    written.tell(Observation::Broken(false));
    written.reply(late, Outcome::Fail, None, None, Some(500));
    written.holds(&GLANCE);
    written.refused(Download);
    written.breaks(&GLANCE, &[Unreadable]);
}

#[test]
fn a_last_look_convicts_what_is_stuck() {
    let mut written = created();
    let upload = written.call(Upload);
    written.reply(upload, Outcome::Fail, None, None, Some(413));
    written.clone().shows(Queued).holds(&GLANCE);
    written.shows(Saving);
    written.breaks(&GLANCE, &[StuckSubject]);
    // What an answer says is over has been cleaned up, unless something was broken meanwhile.
    written.shows(Queued).breaks(&GLANCE, &[WrongStatus]);
    let mut written = created();
    let upload = written.call(Upload);
    written.tell(Observation::Broken(true));
    written.reply(upload, Outcome::Fail, None, None, Some(413));
    written.tell(Observation::Broken(false));
    written.shows(Saving).shows(Queued).holds(&GLANCE);
    // It may have looked before the upload had ended.
    let mut written = created();
    let upload = written.call(Upload);
    let look = written.call(Show);
    written.answer(upload, Outcome::Ok).saw(look, Saving);
    written.holds(&GLANCE);
    let mut written = created();
    let upload = written.call(Upload);
    written.answer(upload, Outcome::Unknown).shows(Saving);
    written.is_inconclusive(&GLANCE, Inconclusive::AtWork(Saving));
    written.probe(reading(row(Saving, None), None));
    written.breaks(&GLANCE, &[StuckSubject]);
}

#[test]
fn an_import_whose_tasks_have_ended_is_stuck_if_it_stays_importing() {
    let asked = || {
        let mut written = created();
        let import = written.call(Import);
        written.answer(import, Outcome::Ok);
        written
    };
    let ended = Observation::Probed(ProbeReading {
        tasks_open: Some(0),
        ..ProbeReading::default()
    });
    let mut written = asked();
    written.shows(Importing);
    written.is_inconclusive(&GLANCE, Inconclusive::AtWork(Importing));
    let mut written = asked();
    written.tell(ended).shows(Importing);
    written.breaks(&GLANCE, &[StuckSubject]);
    // It is found also if it is deleted afterwards.
    let delete = written.call(Delete);
    written.answer(delete, Outcome::Ok);
    written.breaks(&GLANCE, &[StuckSubject]);
    asked().tell(ended).shows(Active).holds(&GLANCE);
    asked().tell(ended).shows(Queued).holds(&GLANCE);
}

#[test]
fn an_upload_is_not_done_before_all_of_it_was_sent() {
    let mut written = created();
    let upload = written.call_with(Upload, Who::Member, None, false);
    written.answer(upload, Outcome::Ok);
    written.breaks(&GLANCE, &[Forbidden]);
}

#[test]
fn out_of_budget_is_unknown() {
    let mut written = created();
    let ops: Vec<_> = (0..8).map(|_| written.call(Upload)).collect();
    for op in ops {
        written.answer(op, Outcome::Fail);
    }
    written.holds(&GLANCE);
    let rules = Rules {
        budget: 10,
        ..GLANCE
    };
    assert_eq!(written.judged(&rules).verdict, Verdict::Unknown);
}

#[test]
fn more_open_operations_than_can_be_followed_raise_no_alarm() {
    let mut written = uploaded();
    let looks: Vec<_> = (0..20).map(|_| written.call(Show)).collect();
    let deletes: Vec<_> = (0..3).map(|_| written.call(Delete)).collect();
    for op in looks {
        written.saw(op, Active);
    }
    for op in deletes {
        written.answer(op, Outcome::Ok);
    }
    written.gone().holds(&GLANCE);
}
