//! What never left the client's machine has not happened: it excuses nothing, and accuses nobody.

use super::written::{DATA, Written, created, uploaded};
use stormglass_model::checker::concurrent::Symptom::{self, WrongStatus};
use stormglass_model::checker::concurrent::{Checker, Rules};
use stormglass_model::history::OpId;
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

#[test]
fn it_proves_no_transition() {
    let mut written = created();
    local(&mut written, Upload);
    written.done(Upload).shows(Active);
    let mut without = created();
    without.done(Upload).shows(Active);
    let proven = |written: &Written| {
        let proven = Checker::new(GLANCE).proven(&written.history);
        let steps = proven.iter().map(|it| (it.from, it.to));
        steps.collect::<Vec<_>>()
    };
    assert_eq!(proven(&written), proven(&without));
}
