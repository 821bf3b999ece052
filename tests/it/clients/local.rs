//! What never left the client's machine has not happened: it excuses nothing, and accuses nobody.

use super::written::{DATA, Written, created, uploaded};
use stormglass_model::checker::concurrent::Symptom::{self, Forbidden, LostUpdate, WrongStatus};
use stormglass_model::checker::concurrent::{Checker, Rules};
use stormglass_model::history::{Observation, OpId};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus};

use Operation::*;
use SubjectStatus::*;

const GLANCE: Rules = Rules::glance(Some(false));

/// An operation that failed before anything of it was sent.
fn local(written: &mut Written, operation: Operation) -> OpId {
    let op = written.call(operation);
    written.answer(op, Outcome::Local);
    op
}

#[test]
fn whatever_never_left_changes_nothing() {
    for &operation in Operation::ALL.iter().filter(|it| !it.creates()) {
        let mut written = created();
        local(&mut written, operation);
        written.shows(Queued).done(Upload);
        local(&mut written, operation);
        written.shows(Active).reads(DATA).done(Delete);
        local(&mut written, operation);
        written.gone().holds(&GLANCE);
    }
    let mut never = Written::new();
    local(&mut never, Create);
    never.holds(&GLANCE);
}

#[test]
fn what_never_left_excuses_nothing() {
    let symptoms = |written: &Written| -> Vec<Symptom> {
        let violations = written.judged(&GLANCE).violations;
        violations.iter().map(|it| it.symptom).collect()
    };
    let mut deleted = uploaded();
    local(&mut deleted, Delete);
    deleted.gone();
    let mut without = uploaded();
    without.gone();
    assert!(!symptoms(&without).is_empty());
    assert_eq!(symptoms(&deleted), symptoms(&without));
    let mut moved = created();
    local(&mut moved, Upload);
    moved.shows(Active).breaks(&GLANCE, &[WrongStatus]);
}

/// Protection is known apart from the status.
#[test]
fn a_protection_that_nobody_took_away_still_stands() {
    let mut written = created();
    written.done(Protect);
    local(&mut written, Unprotect);
    written.done(Delete).breaks(&GLANCE, &[Forbidden]);
}

/// And so is the property that updates set.
#[test]
fn a_value_that_was_never_sent_cannot_be_read() {
    let shown = |value| {
        let mut written = created();
        for (value, outcome) in [(1, Outcome::Ok), (2, Outcome::Local)] {
            let op = written.call(SetProperty);
            let value = Some(value);
            written.tell(Observation::Property { op, value });
            written.answer(op, outcome);
        }
        let op = written.call(Show);
        let value = Some(value);
        written.tell(Observation::Property { op, value });
        written.saw(op, Queued);
        written
    };
    shown(1).holds(&GLANCE);
    shown(2).breaks(&GLANCE, &[LostUpdate]);
}

#[test]
fn it_proves_no_transition() {
    // The shortest way to active would be that of the location.
    let ends = |written: &mut Written| {
        let upload = written.call(Upload);
        written.answer(upload, Outcome::Unknown).shows(Active);
    };
    let mut written = created();
    local(&mut written, AddLocation);
    ends(&mut written);
    let mut without = created();
    ends(&mut without);
    let proven = |written: &Written| {
        let proven = Checker::new(GLANCE).proven(&written.history);
        let steps = proven.iter().map(|it| (it.from, it.to));
        steps.collect::<Vec<_>>()
    };
    assert_eq!(proven(&without).len(), 3, "{without}");
    assert_eq!(proven(&written), proven(&without));
}
