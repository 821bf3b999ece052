//! The property that updates set and looks show: a register that loses nothing that was acknowledged.

use super::written::{Written, created};
use stormglass_model::checker::concurrent::{Rules, Symptom};
use stormglass_model::history::{Observation, OpId};
use stormglass_model::lifecycle::SubjectStatus::Queued;
use stormglass_model::lifecycle::{Operation, Outcome};

const GLANCE: Rules = Rules::glance(Some(false));

fn sends(written: &mut Written, value: u64) -> OpId {
    let op = written.call(Operation::SetProperty);
    let value = Some(value);
    written.tell(Observation::Property { op, value });
    op
}

fn sets(written: &mut Written, value: u64) {
    let op = sends(written, value);
    written.answer(op, Outcome::Ok);
}

fn looks(written: &mut Written) -> OpId {
    written.call(Operation::Show)
}

fn shows(written: &mut Written, value: Option<u64>) {
    let op = looks(written);
    written.tell(Observation::Property { op, value });
    written.saw(op, Queued);
}

#[track_caller]
fn check(tell: impl FnOnce(&mut Written), holds: bool) {
    let mut written = created();
    tell(&mut written);
    match holds {
        true => written.holds(&GLANCE),
        false => written.breaks(&GLANCE, &[Symptom::LostUpdate]),
    };
}

#[test]
fn a_look_shows_what_the_last_update_wrote() {
    let updates = |written: &mut Written| {
        shows(written, None);
        sets(written, 1);
        sets(written, 2);
    };
    for (value, holds) in [
        (Some(2), true),
        (Some(1), false),
        (None, false),
        (Some(9), false),
    ] {
        let tell = |written: &mut Written| {
            updates(written);
            shows(written, value);
        };
        check(tell, holds);
    }
}

#[test]
fn of_two_updates_at_once_either_may_be_the_last() {
    for (value, holds) in [
        (Some(2), true),
        (Some(3), true),
        (Some(1), false),
        (None, false),
    ] {
        let tell = |written: &mut Written| {
            sets(written, 1);
            let [second, third] = [2, 3].map(|value| sends(written, value));
            written
                .answer(second, Outcome::Ok)
                .answer(third, Outcome::Ok);
            shows(written, value);
        };
        check(tell, holds);
    }
}

#[test]
fn a_look_beside_an_update_may_show_either() {
    for (value, holds) in [(Some(1), true), (Some(2), true), (None, false)] {
        let tell = |written: &mut Written| {
            sets(written, 1);
            let look = looks(written);
            sets(written, 2);
            written.tell(Observation::Property { op: look, value });
            written.saw(look, Queued);
        };
        check(tell, holds);
    }
}

#[test]
fn an_update_that_was_not_acknowledged_may_be_done_or_not_or_late() {
    for outcome in [Outcome::Refused, Outcome::Fail] {
        for value in [Some(1), Some(2)] {
            let tell = |written: &mut Written| {
                sets(written, 1);
                let op = sends(written, 2);
                written.answer(op, outcome);
                shows(written, value);
            };
            check(tell, true);
        }
    }
    // Done late, it may replace one that came after it, but not bring back one that it replaced.
    for (value, holds) in [(Some(1), true), (Some(2), true), (None, false)] {
        let tell = |written: &mut Written| {
            let op = sends(written, 1);
            written.answer(op, Outcome::Fail);
            sets(written, 2);
            shows(written, value);
        };
        check(tell, holds);
    }
}

#[test]
fn a_look_does_not_show_what_is_written_after_it() {
    let early = |written: &mut Written| {
        shows(written, Some(1));
        sets(written, 1);
    };
    check(early, false);
}
