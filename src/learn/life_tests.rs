use super::*;
use crate::learn::event::Teller;

fn event(operation: Operation, at_ms: u64, answer: Answer) -> Event {
    Event {
        at: Time(at_ms * 1_000_000),
        resolution: Span(1),
        took: Some(Span::from_millis(10)),
        operation,
        answer,
        is_server_error: answer == Answer::Failed,
        bytes: None,
        is_strange: false,
        told_by: Teller::Access,
    }
}

fn done(operation: Operation, at_ms: u64) -> Event {
    event(operation, at_ms, Answer::Done)
}

use Operation::{Create, Delete, Download, Import, ImportStaged, Show, Stage, Upload};
use Way::{Once, Refused, Several};

#[test]
fn steps_have_the_waits_between_them() {
    let mut upload = done(Upload, 1_010);
    upload.bytes = Some(Bytes(77));
    let life = Life::of(&[done(Create, 0), upload, done(Delete, 5_020)]);
    assert_eq!(life.steps, [(Create, Once), (Upload, Once), (Delete, Once)]);
    let waits: Vec<f64> = life
        .waits
        .iter()
        .flatten()
        .map(|gap| gap.ns / 1e6)
        .collect();
    assert_eq!(waits, [1_000.0, 4_000.0]);
    assert_eq!(life.size, Some(Bytes(77)));
    assert!(life.is_deleted);
    assert_eq!(life.length(), Span::from_millis(5_030));
}

#[test]
fn polling_is_one_step_and_its_waits_are_its_own() {
    let life = Life::of(&[
        done(Create, 0),
        done(Show, 100),
        done(Show, 1_110),
        done(Show, 2_120),
        done(Download, 9_000),
    ]);
    assert_eq!(
        life.steps,
        [(Create, Once), (Show, Several), (Download, Once)]
    );
    assert_eq!(life.times, [1, 3, 1]);
    let within: Vec<(usize, f64)> = life
        .within
        .iter()
        .map(|(step, gap)| (*step, gap.ns / 1e6))
        .collect();
    assert_eq!(within, [(1, 1_000.0), (1, 1_000.0)]);
    assert_eq!(
        life.waits[2].unwrap().ns / 1e6,
        6_870.0,
        "after the last of them"
    );
    assert!(!life.is_deleted);
}

#[test]
fn what_was_tried_again_is_a_failure_and_no_step() {
    let life = Life::of(&[
        done(Create, 0),
        event(Upload, 100, Answer::Failed),
        event(Upload, 200, Answer::Refused),
        done(Upload, 300),
        event(Download, 400, Answer::Failed),
        done(Delete, 500),
        event(Download, 600, Answer::Refused),
    ]);
    assert_eq!(
        life.steps,
        [
            (Create, Once),
            (Upload, Once),
            (Delete, Once),
            (Download, Refused)
        ]
    );
    let failures: Vec<(Operation, bool)> = life
        .failures
        .iter()
        .map(|(event, again)| (event.operation, *again))
        .collect();
    assert_eq!(failures, [(Upload, true), (Upload, true), (Download, true)]);
}

#[test]
fn an_import_after_staging_is_one_of_staged_data() {
    let life = Life::of(&[done(Create, 0), done(Stage, 100), done(Import, 200)]);
    assert_eq!(
        life.steps,
        [(Create, Once), (Stage, Once), (ImportStaged, Once)]
    );
    assert_eq!(
        Life::of(&[done(Create, 0), done(Import, 200)]).steps[1],
        (Import, Once)
    );
}

#[test]
fn what_began_too_early_is_told() {
    let mut upload = done(Upload, 100);
    upload.took = Some(Span::from_secs(9));
    let life = Life::of(&[done(Create, 0), upload, done(Delete, 2_000)]);
    assert_eq!(life.overlaps, 1);
    assert_eq!(life.last, Time(9_100_000_000), "the upload ended last");
}
