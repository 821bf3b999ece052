//! Every rule, by a history that keeps it and one that breaks it.

use super::told::{DATA, OTHER, Tale, books, created, row, uploaded};
use stormglass_model::checker::concurrent::{Inconclusive, Rules, Symptom};
use stormglass_model::history::{Observation, ProbeReading, Seen};
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
    let mut tale = uploaded();
    tale.shows(Active).reads(DATA).done(Deactivate);
    tale.shows(Deactivated).refused(Download);
    tale.done(Reactivate).reads(DATA).done(Delete).gone();
    for rules in [GLANCE, DELAYED, V1, V2, Rules::glance(None)] {
        tale.holds(&rules);
    }
}

#[test]
fn an_upload_passes_saving_and_a_look_may_see_it() {
    let mut tale = created();
    let upload = tale.call(Upload);
    tale.shows(Queued).shows(Saving).shows(Active);
    tale.answer(upload, Outcome::Ok);
    tale.holds(&GLANCE);
    let mut tale = created();
    let upload = tale.call(Upload);
    tale.shows(Saving).shows(Queued);
    tale.answer(upload, Outcome::Ok);
    tale.breaks(&GLANCE, &[WrongStatus]);
}

#[test]
fn a_look_sees_an_instant_inside_it() {
    let mut tale = uploaded();
    let look = tale.call(Show);
    tale.done(Deactivate).done(Reactivate);
    tale.clone().saw(look, Deactivated).holds(&GLANCE);
    tale.clone().saw(look, Active).holds(&GLANCE);
    tale.saw(look, Queued).breaks(&GLANCE, &[Undone]);
}

#[test]
fn equal_times_are_concurrent() {
    let mut tale = uploaded();
    tale.done(Deactivate).shows(Active);
    tale.breaks(&GLANCE, &[Undone]);
    let events = &mut tale.history.events;
    let answered = events[events.len() - 3].at;
    let look = events.len() - 2;
    events[look].at = answered;
    tale.holds(&GLANCE);
    // And whatever order they are written down in.
    let last = tale.history.events.len();
    tale.history.events.swap(last - 3, last - 2);
    tale.holds(&GLANCE);
}

#[test]
fn an_unknown_operation_may_act_later_or_never() {
    let mut tale = uploaded();
    let delete = tale.call(Delete);
    tale.answer(delete, Outcome::Unknown);
    // No answer at all is a finding of its own; its client broke the connection here.
    for event in &mut tale.history.events {
        if let Observation::Invoked { spoiled, .. } = &mut event.observation {
            *spoiled = true;
        }
    }
    tale.clone().shows(Active).shows(Active).holds(&GLANCE);
    tale.clone().shows(Active).gone().gone().holds(&GLANCE);
    tale.gone().shows(Active).breaks(&GLANCE, &[Revived]);
}

#[test]
fn beyond_three_unknown_operations_they_may_act_as_often_as_they_like() {
    let mut tale = uploaded();
    let unknown = |tale: &mut Tale, operation| {
        let op = tale.call_with(operation, Who::Member, None, true);
        tale.answer(op, Outcome::Unknown);
    };
    unknown(&mut tale, Deactivate);
    let mut exact = tale.clone();
    exact.shows(Deactivated).done(Reactivate).shows(Deactivated);
    exact.breaks(&GLANCE, &[Undone]);
    for _ in 0..3 {
        unknown(&mut tale, Reactivate);
    }
    tale.shows(Deactivated).done(Reactivate).shows(Deactivated);
    tale.holds(&GLANCE);
}

#[test]
fn a_failed_upload_takes_the_edge_of_its_profile() {
    let failed = || {
        let mut tale = created();
        let upload = tale.call(Upload);
        tale.answer(upload, Outcome::Fail);
        tale
    };
    failed().shows(Killed).holds(&V1);
    failed().shows(Queued).done(Upload).shows(Active).holds(&V2);
    failed().shows(Killed).breaks(&V2, &[WrongStatus]);
    failed().shows(Active).breaks(&V2, &[WrongStatus]);
    failed().shows(Active).breaks(&GLANCE, &[WrongStatus]);
}

#[test]
fn an_error_of_the_servers_own_may_come_after_the_effect() {
    let mut tale = uploaded();
    let delete = tale.call(Delete);
    tale.reply(delete, Outcome::Fail, None, None, Some(500));
    tale.clone().shows(Active).breaks(&GLANCE, &[ServerError]);
    tale.clone().gone().breaks(&GLANCE, &[ServerError]);
    tale.shows(Active)
        .gone()
        .breaks(&GLANCE, &[ServerError, SubjectLost]);
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
    let mut tale = uploaded();
    let read = tale.call(Download);
    tale.done(Delete);
    tale.reply(read, Outcome::Ok, None, Some(DATA), Some(200))
        .holds(&GLANCE);
}

#[test]
fn data_is_what_was_acknowledged() {
    uploaded().reads(OTHER).breaks(&GLANCE, &[Corrupt]);
    let mut tale = uploaded();
    let look = tale.call(Show);
    let seen = Some(Seen::Status(Active));
    tale.clone()
        .reply(look, Outcome::Ok, seen, Some(DATA), Some(200))
        .holds(&GLANCE);
    tale.reply(look, Outcome::Ok, seen, Some(OTHER), Some(200))
        .breaks(&GLANCE, &[Corrupt]);
    // An upload that was not answered may have brought it.
    let mut tale = created();
    let upload = tale.call_with(Upload, Who::Member, Some(OTHER), true);
    tale.answer(upload, Outcome::Unknown);
    tale.clone().reads(OTHER).reads(OTHER).holds(&GLANCE);
    tale.reads(DATA).breaks(&GLANCE, &[Corrupt]);
    // Nobody knows what lies at a location, but it stays the same.
    let mut tale = Tale::new();
    tale.done(CreateWithLocation).reads(OTHER);
    tale.clone().reads(OTHER).holds(&GLANCE);
    tale.reads(DATA).breaks(&GLANCE, &[Corrupt]);
}

#[test]
fn one_upload_alone_is_acknowledged() {
    uploaded().refused(Upload).holds(&GLANCE);
    uploaded().done(Upload).breaks(&GLANCE, &[TwoUploads]);
    uploaded().done(Upload).breaks(&V2, &[TwoUploads]);
    let mut tale = created();
    let [one, two] = [tale.call(Upload), tale.call(Upload)];
    tale.clone()
        .answer(one, Outcome::Ok)
        .answer(two, Outcome::Refused)
        .holds(&GLANCE);
    tale.answer(one, Outcome::Ok)
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
    let mut tale = uploaded();
    let [one, two] = [tale.call(Delete), tale.call(Delete)];
    tale.answer(one, Outcome::Ok).answer(two, Outcome::Ok);
    tale.holds(&GLANCE);
    tale.breaks(&V2, &[Forbidden]);
    uploaded()
        .done(Delete)
        .done(Delete)
        .breaks(&GLANCE, &[Forbidden]);
}

#[test]
fn an_upload_and_a_delete_may_both_be_acknowledged() {
    let mut tale = created();
    let upload = tale.call(Upload);
    let delete = tale.call(Delete);
    tale.answer(upload, Outcome::Ok).answer(delete, Outcome::Ok);
    tale.clone().gone().holds(&GLANCE);
    let clean = books(row(Deleted, None), None);
    tale.clone().probe(clean).holds(&GLANCE);
    let left = books(row(Deleted, None), Some(DATA.size));
    let judgement = tale.probe(left).judged(&GLANCE);
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
    let mut tale = Tale::new();
    tale.done(CreateWithLocation);
    tale.clone().shows(Active).holds(&V2);
    let judgement = tale.shows(Saving).judged(&V2);
    assert_eq!(
        judgement.violations[0].invariant,
        Invariant::LocationNeverSaving
    );
}

#[test]
fn staged_data_is_imported_later() {
    let mut tale = created();
    tale.done(Stage).shows(Uploading).done(ImportStaged);
    tale.shows(Uploading)
        .shows(Importing)
        .shows(Active)
        .reads(DATA);
    tale.holds(&GLANCE);
    tale.reads(OTHER).breaks(&GLANCE, &[Corrupt]);
    let mut tale = created();
    tale.done(Stage)
        .done(ImportStaged)
        .shows(Active)
        .shows(Importing);
    tale.breaks(&GLANCE, &[StuckSubject]);
    let mut tale = created();
    tale.done(Import)
        .shows(Queued)
        .shows(Importing)
        .shows(Queued);
    tale.done(Upload).holds(&GLANCE);
    let mut tale = created();
    tale.done(RegisterLocation).shows(Importing).shows(Active);
    tale.holds(&GLANCE);
}

#[test]
fn roles_are_kept() {
    let as_who = |operation, who, outcome, seen| {
        let mut tale = uploaded();
        let op = tale.call_as(operation, who);
        tale.reply(op, outcome, seen, None, None);
        tale
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
    let mut tale = uploaded();
    tale.done(Protect);
    tale.clone().refused(Delete).shows(Active).holds(&GLANCE);
    tale.clone()
        .done(Delete)
        .gone()
        .breaks(&GLANCE, &[Forbidden]);
    tale.clone()
        .done(Unprotect)
        .done(Delete)
        .gone()
        .holds(&GLANCE);
    let delete = tale.call(Delete);
    tale.done(Unprotect).answer(delete, Outcome::Ok);
    tale.holds(&GLANCE);
}

#[test]
fn answers_are_owed_while_nothing_is_broken() {
    let ends = |spoiled, http_status, operation| {
        let mut tale = uploaded();
        let op = tale.call_with(operation, Who::Member, None, spoiled);
        let outcome = if http_status == Some(500) {
            Outcome::Fail
        } else {
            Outcome::Unknown
        };
        tale.reply(op, outcome, None, None, http_status);
        tale
    };
    ends(false, Some(500), Show).breaks(&GLANCE, &[ServerError]);
    ends(false, Some(502), Show).breaks(&GLANCE, &[ServerError]);
    ends(true, Some(500), Show).holds(&GLANCE);
    ends(false, None, Delete).breaks(&GLANCE, &[NoAnswer]);
    ends(true, None, Delete).holds(&GLANCE);
    ends(false, None, Upload).holds(&GLANCE);
    let mut tale = uploaded();
    tale.tell(Observation::Broken(true));
    let [look, late] = [tale.call(Show), tale.call(Show)];
    tale.reply(look, Outcome::Fail, None, None, Some(503));
    tale.refused(Download);
    tale.tell(Observation::Broken(false));
    tale.reply(late, Outcome::Fail, None, None, Some(500));
    tale.holds(&GLANCE);
    tale.refused(Download);
    tale.breaks(&GLANCE, &[Unreadable]);
}

#[test]
fn a_last_look_convicts_what_is_stuck() {
    let mut tale = created();
    let upload = tale.call(Upload);
    tale.reply(upload, Outcome::Fail, None, None, Some(413));
    tale.clone().shows(Queued).holds(&GLANCE);
    tale.shows(Saving);
    tale.breaks(&GLANCE, &[StuckSubject]);
    // What an answer says is over has been cleaned up, unless something was broken meanwhile.
    tale.shows(Queued).breaks(&GLANCE, &[StuckSubject]);
    let mut tale = created();
    let upload = tale.call(Upload);
    tale.tell(Observation::Broken(true));
    tale.reply(upload, Outcome::Fail, None, None, Some(413));
    tale.tell(Observation::Broken(false));
    tale.shows(Saving).shows(Queued).holds(&GLANCE);
    // It may have looked before the upload had ended.
    let mut tale = created();
    let upload = tale.call(Upload);
    let look = tale.call(Show);
    tale.answer(upload, Outcome::Ok).saw(look, Saving);
    tale.holds(&GLANCE);
    let mut tale = created();
    let upload = tale.call(Upload);
    tale.answer(upload, Outcome::Unknown).shows(Saving);
    tale.is_inconclusive(&GLANCE, Inconclusive::AtWork(Saving));
    tale.probe(books(row(Saving, None), None));
    tale.breaks(&GLANCE, &[StuckSubject]);
}

#[test]
fn an_import_whose_tasks_have_ended_is_stuck_if_it_stays_importing() {
    let asked = || {
        let mut tale = created();
        let import = tale.call(Import);
        tale.answer(import, Outcome::Ok);
        tale
    };
    let ended = Observation::Probed(ProbeReading {
        tasks_open: Some(0),
        ..ProbeReading::default()
    });
    let mut tale = asked();
    tale.shows(Importing);
    tale.is_inconclusive(&GLANCE, Inconclusive::AtWork(Importing));
    let mut tale = asked();
    tale.tell(ended).shows(Importing);
    tale.breaks(&GLANCE, &[StuckSubject]);
    // It is found also if it is deleted afterwards.
    let delete = tale.call(Delete);
    tale.answer(delete, Outcome::Ok);
    tale.breaks(&GLANCE, &[StuckSubject]);
    asked().tell(ended).shows(Active).holds(&GLANCE);
    asked().tell(ended).shows(Queued).holds(&GLANCE);
}

#[test]
fn an_upload_is_not_done_before_all_of_it_was_sent() {
    let mut tale = created();
    let upload = tale.call_with(Upload, Who::Member, None, false);
    tale.answer(upload, Outcome::Ok);
    tale.breaks(&GLANCE, &[Forbidden]);
}

#[test]
fn out_of_budget_is_unknown() {
    let mut tale = created();
    let ops: Vec<_> = (0..8).map(|_| tale.call(Upload)).collect();
    for op in ops {
        tale.answer(op, Outcome::Fail);
    }
    tale.holds(&GLANCE);
    let rules = Rules {
        budget: 10,
        ..GLANCE
    };
    assert_eq!(tale.judged(&rules).verdict, Verdict::Unknown);
}

#[test]
fn more_open_operations_than_can_be_followed_raise_no_alarm() {
    let mut tale = uploaded();
    let looks: Vec<_> = (0..20).map(|_| tale.call(Show)).collect();
    let deletes: Vec<_> = (0..3).map(|_| tale.call(Delete)).collect();
    for op in looks {
        tale.saw(op, Active);
    }
    for op in deletes {
        tale.answer(op, Outcome::Ok);
    }
    tale.gone().holds(&GLANCE);
}
