//! Which changes of status answers prove: each once, those of the only shortest explanation, and none where there are several.

use super::told::{Tale, created, uploaded};
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
fn proves(tale: &Tale, rules: &Rules, expected: &[Step]) {
    let judgement = tale.judged(rules);
    assert_eq!(judgement.violations, [], "{tale}");
    let moves = Checker::new(*rules).proven(&tale.history).into_iter();
    let proven: Vec<Step> = moves.map(|step| (step.from, step.to)).collect();
    assert_eq!(proven, expected, "{tale}");
}

#[test]
fn one_operation_after_the_other_is_followed_exactly() {
    let mut tale = uploaded();
    proves(&tale, &DELAYED, &[BORN, SENT, STORED]);
    tale.done(Deactivate).done(Reactivate).shows(Active);
    let off = (Some(Active), Deactivated);
    let on = (Some(Deactivated), Active);
    proves(&tale, &DELAYED, &[BORN, SENT, STORED, off, on]);
    tale.done(Delete).gone();
    let gone = |to| [BORN, SENT, STORED, off, on, (Some(Active), to)];
    proves(&tale, &DELAYED, &gone(PendingDelete));
    proves(&tale, &AT_ONCE, &gone(Deleted));
}

#[test]
fn a_change_is_dated_to_the_first_answer_that_proves_it() {
    let mut tale = created();
    let upload = tale.call(Upload);
    let look = tale.call(Show);
    tale.saw(look, Saving);
    proves(&tale, &DELAYED, &[BORN, SENT]);
    tale.answer(upload, Outcome::Ok);
    proves(&tale, &DELAYED, &[BORN, SENT, STORED]);
    let moves = Checker::new(DELAYED).proven(&tale.history);
    let (sent, stored) = (moves[1], moves[2]);
    assert!(sent.at < stored.at && sent.op == look && stored.op == upload);
    // The look proves it, and the upload did it.
    assert_eq!((sent.cause, stored.cause), (upload, upload));
}

#[test]
fn a_failed_upload_that_nobody_saw_proves_nothing() {
    let mut tale = created();
    let upload = tale.call(Upload);
    tale.reply(upload, Outcome::Fail, None, None, Some(413));
    proves(tale.shows(Queued), &DELAYED, &[BORN]);
}

#[test]
fn a_deactivation_that_overtook_a_reactivation_is_proven_alone() {
    let mut tale = uploaded();
    let off = tale.call(Deactivate);
    let on = tale.call(Reactivate);
    tale.answer(off, Outcome::Ok).answer(on, Outcome::Ok);
    let deactivated = (Some(Active), Deactivated);
    // The reactivation may have come first and changed nothing.
    proves(&tale, &DELAYED, &[BORN, SENT, STORED, deactivated]);
}

#[test]
fn an_unanswered_delete_is_proven_by_whoever_misses_the_subject() {
    let mut tale = uploaded();
    tale.tell(Observation::Broken(true));
    let delete = tale.call(Delete);
    tale.answer(delete, Outcome::Unknown).shows(Active);
    tale.tell(Observation::Broken(false));
    proves(&tale, &AT_ONCE, &[BORN, SENT, STORED]);
    let deleted = (Some(Active), Deleted);
    proves(tale.gone(), &AT_ONCE, &[BORN, SENT, STORED, deleted]);
    // Once it is gone it stays gone.
    let look = tale.call(Show);
    tale.reply(
        look,
        Outcome::Ok,
        Some(Seen::Status(Active)),
        None,
        Some(200),
    );
    assert_eq!(tale.judged(&AT_ONCE).violations.len(), 1);
}

#[test]
fn an_upload_beside_a_delete_is_proven_by_its_own_answer() {
    let mut tale = created();
    let upload = tale.call(Upload);
    let delete = tale.call(Delete);
    tale.answer(upload, Outcome::Ok);
    proves(&tale, &AT_ONCE, &[BORN, SENT, STORED]);
    tale.answer(delete, Outcome::Ok);
    let deleted = (Some(Active), Deleted);
    proves(&tale, &AT_ONCE, &[BORN, SENT, STORED, deleted]);
}

/// To a user of another project nothing is there, and what is refused to that user changes nothing.
#[test]
fn what_another_project_is_told_proves_nothing() {
    let mut tale = uploaded();
    let delete = tale.call_as(Delete, Who::OtherProject);
    let refused = Outcome::Refused;
    tale.reply(delete, refused, Some(Seen::Gone), None, Some(404));
    proves(&tale, &AT_ONCE, &[BORN, SENT, STORED]);
    let off = (Some(Active), Deactivated);
    tale.done(Deactivate);
    proves(&tale, &AT_ONCE, &[BORN, SENT, STORED, off]);
}
