//! What is no violation, though it looks like one; and the violation that it looks like.

use super::written::{DATA, OTHER, Written, created, reading, row, uploaded};
use stormglass_model::checker::concurrent::Symptom::{
    Exposed, Hollow, Malformed, NoAnswer, StuckSubject, Unreadable,
};
use stormglass_model::checker::concurrent::{Inconclusive, Rules};
use stormglass_model::history::{Ending, Observation, Row};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, Who};
use stormglass_model::units::Time;

use Operation::*;
use SubjectStatus::*;

const GLANCE: Rules = Rules::glance(Some(false));
const ONE_IDENTITY: Rules = Rules {
    one_identity: true,
    ..GLANCE
};

/// One token acts as both: it may be an admin's or not, so of a deactivated image it may be given the data or be refused.
#[test]
fn whose_role_is_unknown_may_be_refused_deactivated_data() {
    let read = |outcome, content| {
        let mut written = uploaded();
        written.done(Deactivate);
        let read = written.call_as(DownloadAsAdmin, Who::Admin);
        let http = if outcome == Outcome::Ok { 200 } else { 403 };
        written.reply(read, outcome, None, content, Some(http));
        written.clone()
    };
    read(Outcome::Refused, None).breaks(&GLANCE, &[Unreadable]);
    read(Outcome::Refused, None).holds(&ONE_IDENTITY);
    read(Outcome::Ok, Some(DATA)).holds(&ONE_IDENTITY);
    let mut written = uploaded();
    written.done(Deactivate).reads(DATA);
    written.breaks(&GLANCE, &[Exposed]);
    written.holds(&ONE_IDENTITY);
    // What anybody may read stays readable, and what is gone stays gone.
    uploaded()
        .refused(Download)
        .breaks(&ONE_IDENTITY, &[Unreadable]);
    let mut written = uploaded();
    written.done(Delete).reads(DATA);
    written.breaks(&ONE_IDENTITY, &[Exposed]);
}

/// Of two places a server reads whichever it likes, also while the subject is being deleted.
#[test]
fn data_of_a_second_location_may_be_read_until_the_delete() {
    for added_meanwhile in [false, true] {
        let mut written = uploaded();
        if !added_meanwhile {
            written.done(AddLocation);
        }
        let read = written.call(Download);
        if added_meanwhile {
            written.done(AddLocation);
        }
        written.done(Delete);
        written.reply(read, Outcome::Ok, None, Some(OTHER), Some(200));
        written.gone().holds(&GLANCE);
    }
    let mut written = uploaded();
    written.done(AddLocation).done(Delete).reads(OTHER);
    written.breaks(&GLANCE, &[Exposed]);
}

/// A server takes the data of an image away first, and changes its status last. Until then a read is refused, and a look shows it.
#[test]
fn data_goes_before_the_status_of_what_is_deleted() {
    for ends in [Outcome::Ok, Outcome::Unknown] {
        let mut written = uploaded();
        let delete = written.call_with(Delete, Who::Member, None, ends == Outcome::Unknown);
        if ends == Outcome::Unknown {
            written.answer(delete, ends);
        }
        written.refused(Download).shows(Active);
        if ends == Outcome::Ok {
            written.answer(delete, ends);
        }
        written.gone().holds(&GLANCE);
    }
    let mut written = uploaded();
    let read = written.call(Download);
    let delete = written.call(Delete);
    written.answer(read, Outcome::Refused).shows(Active);
    written.answer(delete, Outcome::Ok).gone().holds(&GLANCE);
    // A delete that is refused takes nothing away.
    let mut written = uploaded();
    let delete = written.call(Delete);
    written.refused(Download).answer(delete, Outcome::Refused);
    written.breaks(&GLANCE, &[Unreadable]);
}

#[test]
fn a_delete_of_unknown_end_may_be_half_done_for_a_while() {
    let mut hollow = row(Active, Some(DATA));
    if let Row::Present(row) = &mut hollow {
        row.locations = 0;
    }
    let mut written = uploaded();
    let delete = written.call_with(Delete, Who::Member, None, true);
    written.answer(delete, Outcome::Unknown);
    let mut later = written.clone();
    written.probe(reading(hollow, None)).gone().holds(&GLANCE);
    later.wait_until(6_000_000_000);
    later.probe(reading(hollow, None));
    later.breaks(&GLANCE, &[Hollow]);
}

#[test]
fn what_is_seen_to_move_on_is_not_stuck() {
    let mut written = created();
    let upload = written.call_with(Upload, Who::Member, Some(DATA), true);
    written.answer(upload, Outcome::Unknown);
    written.probe(reading(row(Saving, None), None));
    written.clone().breaks(&GLANCE, &[StuckSubject]);
    let whole = reading(row(Active, Some(DATA)), Some(DATA.size));
    written.clone().probe(whole).holds(&GLANCE);
    written.clone().shows(Queued).holds(&GLANCE);
    written.shows(Saving).done(Delete).gone();
    written.breaks(&GLANCE, &[StuckSubject]);
}

/// Looks so many seconds later that show it saving.
fn saving_for(written: &mut Written, seconds: u64) {
    written.shows(Saving).shows(Saving);
    for event in written.history.events.iter_mut().rev().take(2) {
        event.at = Time(event.at.0 + seconds * 1_000_000_000);
    }
    let at = written.history.events.last().map_or(0, |event| event.at.0);
    written.wait_until(at);
}

/// The client of an upload is gone, and the image says for long that it is saving. Without a probe nobody else tells.
#[test]
fn a_delete_does_not_make_up_for_an_image_that_is_stuck() {
    let upload = |spoiled, seconds| {
        let mut written = created();
        let upload = written.call_with(Upload, Who::Member, Some(DATA), spoiled);
        written.answer(upload, Outcome::Unknown);
        saving_for(&mut written, seconds);
        written.clone()
    };
    upload(true, 6)
        .done(Delete)
        .gone()
        .breaks(&GLANCE, &[StuckSubject]);
    upload(true, 6).shows(Queued).done(Delete).holds(&GLANCE);
    upload(true, 4).done(Delete).gone().holds(&GLANCE);
    // A client that waits in vain knows less: the server may be at work.
    upload(false, 6)
        .done(Delete)
        .gone()
        .is_inconclusive(&GLANCE, Inconclusive::AtWork(Saving));
    upload(false, 6).shows(Active).done(Delete).holds(&GLANCE);
}

/// A client that waits for long and then gives up does not know whether the server hangs or is slow.
#[test]
fn a_time_out_is_no_missing_answer() {
    let unanswered = |seconds: u64| {
        let mut written = uploaded();
        let read = written.call(Download);
        written.answer(read, Outcome::Unknown);
        let last = written.history.events.last_mut().unwrap();
        last.at = Time(last.at.0 + seconds * 1_000_000_000);
        written
    };
    unanswered(1).breaks(&GLANCE, &[NoAnswer]);
    unanswered(30).is_inconclusive(&GLANCE, Inconclusive::GaveUp(Download));
}

#[test]
fn a_slow_server_is_not_stuck() {
    let upload = |seconds: u64| {
        let mut written = created();
        let upload = written.call(Upload);
        written.answer(upload, Outcome::Unknown);
        let at = written.history.events.last_mut().unwrap();
        at.at = Time(at.at.0 + seconds * 1_000_000_000);
        let at = at.at.0;
        written.wait_until(at);
        written.probe(reading(row(Saving, None), None));
        written.done(Delete).clone()
    };
    upload(0).breaks(&GLANCE, &[StuckSubject]);
    upload(30).is_inconclusive(&GLANCE, Inconclusive::AtWork(Saving));
}

#[test]
fn an_answer_that_is_no_http_is_not_a_missing_one() {
    let mut written = uploaded();
    let read = written.call(Download);
    written.reply(read, Outcome::Unknown, None, None, Some(Ending::NO_HTTP));
    written.breaks(&GLANCE, &[Malformed]);
    for event in &mut written.history.events {
        if let Observation::Invoked { spoiled, .. } = &mut event.observation {
            *spoiled = true;
        }
    }
    written.holds(&GLANCE);
}
