//! Which changes of status answers prove: each once, those of the only shortest explanation, and none where there are several.

use super::written::{Written, created, uploaded};
use Operation::{Deactivate, Delete, Reactivate, Show, Upload};
use SubjectStatus::*;
use stormglass_model::checker::concurrent::{Checker, Rules};
use stormglass_model::history::{Observation, Seen};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, Who};

const DELAYED: Rules = Rules::glance(Some(true));
const AT_ONCE: Rules = Rules::glance(Some(false));

type Step = (Option<SubjectStatus>, SubjectStatus);

const BORN: Step = (None, Queued);
const SENT: Step = (Some(Queued), Saving);
const STORED: Step = (Some(Saving), Active);

#[track_caller]
fn proves(written: &Written, rules: &Rules, expected: &[Step]) {
    let judgement = written.judged(rules);
    assert_eq!(judgement.violations, [], "{written}");
    let moves = Checker::new(*rules).proven(&written.history).into_iter();
    let proven: Vec<Step> = moves.map(|step| (step.from, step.to)).collect();
    assert_eq!(proven, expected, "{written}");
}

#[test]
fn one_operation_after_the_other_is_followed_exactly() {
    let mut written = uploaded();
    proves(&written, &DELAYED, &[BORN, SENT, STORED]);
    written.done(Deactivate).done(Reactivate).shows(Active);
    let off = (Some(Active), Deactivated);
    let on = (Some(Deactivated), Active);
    proves(&written, &DELAYED, &[BORN, SENT, STORED, off, on]);
    written.done(Delete).gone();
    let gone = |to| [BORN, SENT, STORED, off, on, (Some(Active), to)];
    proves(&written, &DELAYED, &gone(PendingDelete));
    proves(&written, &AT_ONCE, &gone(Deleted));
}

#[test]
fn a_change_is_dated_to_the_first_answer_that_proves_it() {
    let mut written = created();
    let upload = written.call(Upload);
    let look = written.call(Show);
    written.saw(look, Saving);
    proves(&written, &DELAYED, &[BORN, SENT]);
    written.answer(upload, Outcome::Ok);
    proves(&written, &DELAYED, &[BORN, SENT, STORED]);
    let moves = Checker::new(DELAYED).proven(&written.history);
    let (sent, stored) = (moves[1], moves[2]);
    assert!(sent.at < stored.at && sent.op == look && stored.op == upload);
    // The look proves it, and the upload did it.
    assert_eq!((sent.cause, stored.cause), (upload, upload));
}

#[test]
fn a_failed_upload_that_nobody_saw_proves_nothing() {
    let mut written = created();
    let upload = written.call(Upload);
    written.reply(upload, Outcome::Fail, None, None, Some(413));
    proves(written.shows(Queued), &DELAYED, &[BORN]);
}

#[test]
fn a_deactivation_that_overtook_a_reactivation_is_proven_alone() {
    let mut written = uploaded();
    let off = written.call(Deactivate);
    let on = written.call(Reactivate);
    written.answer(off, Outcome::Ok).answer(on, Outcome::Ok);
    let deactivated = (Some(Active), Deactivated);
    // The reactivation may have come first and changed nothing.
    proves(&written, &DELAYED, &[BORN, SENT, STORED, deactivated]);
}

#[test]
fn an_unanswered_delete_is_proven_by_whoever_misses_the_subject() {
    let mut written = uploaded();
    written.tell(Observation::Broken(true));
    let delete = written.call(Delete);
    written.answer(delete, Outcome::Unknown).shows(Active);
    written.tell(Observation::Broken(false));
    proves(&written, &AT_ONCE, &[BORN, SENT, STORED]);
    let deleted = (Some(Active), Deleted);
    proves(written.gone(), &AT_ONCE, &[BORN, SENT, STORED, deleted]);
    // Once it is gone it stays gone.
    let look = written.call(Show);
    written.reply(
        look,
        Outcome::Ok,
        Some(Seen::Status(Active)),
        None,
        Some(200),
    );
    assert_eq!(written.judged(&AT_ONCE).violations.len(), 1);
}

#[test]
fn an_upload_beside_a_delete_is_proven_by_its_own_answer() {
    let mut written = created();
    let upload = written.call(Upload);
    let delete = written.call(Delete);
    written.answer(upload, Outcome::Ok);
    proves(&written, &AT_ONCE, &[BORN, SENT, STORED]);
    written.answer(delete, Outcome::Ok);
    let deleted = (Some(Active), Deleted);
    proves(&written, &AT_ONCE, &[BORN, SENT, STORED, deleted]);
}

/// To a user of another project nothing is there, and what is refused to that user changes nothing.
#[test]
fn what_another_project_is_told_proves_nothing() {
    let mut written = uploaded();
    let delete = written.call_as(Delete, Who::OtherProject);
    let refused = Outcome::Refused;
    written.reply(delete, refused, Some(Seen::Gone), None, Some(404));
    proves(&written, &AT_ONCE, &[BORN, SENT, STORED]);
    let off = (Some(Active), Deactivated);
    written.done(Deactivate);
    proves(&written, &AT_ONCE, &[BORN, SENT, STORED, off]);
}
