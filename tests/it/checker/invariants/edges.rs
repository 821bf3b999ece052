//! `edge`, `terminal`, `location-never-saving` and `scrub-time`.

use super::*;
use stormglass_model::operations::OperationKind;

#[test]
fn edge_needs_a_legal_edge_from_the_status_the_subject_is_in() {
    deactivated()
        .sent(3, Reactivate)
        .moved(Deactivated, Active, 3)
        .done(3, Reactivate)
        .keeps();
    saving(Profile::V1)
        .moved(Saving, Killed, 1)
        .removed(SIZE)
        .answered(1, Upload, Fail, None)
        .keeps();
    saving(Profile::V2)
        .moved(Saving, Killed, 1)
        .removed(SIZE)
        .answered(1, Upload, Fail, None)
        .breaks(&[Invariant::Edge]);
    created(Profile::V2)
        .sent(1, Deactivate)
        .moved(Queued, Deactivated, 1)
        .done(1, Deactivate)
        .breaks(&[Invariant::Edge]);
    deactivated()
        .sent(3, Deactivate)
        .moved(Deactivated, Deactivated, 3)
        .done(3, Deactivate)
        .breaks(&[Invariant::Edge]);
    uploaded()
        .sent(2, Deactivate)
        .moved(Queued, Deactivated, 2)
        .done(2, Deactivate)
        .breaks(&[Invariant::Edge]);
    located()
        .sent(1, RemoveLocation)
        .moved(Active, Queued, 1)
        .done(1, RemoveLocation)
        .breaks(&[Invariant::Edge]);
}

#[test]
fn edge_needs_a_cause_that_takes_it() {
    uploaded()
        .moves(Some(Active), Deleted, None)
        .removed(SIZE)
        .breaks(&[Invariant::Edge, Invariant::Conservation]);
    uploaded()
        .moves(Some(Active), Deactivated, Some(99))
        .breaks(&[Invariant::Edge]);
    uploaded()
        .sent(2, Download)
        .moved(Active, Deactivated, 2)
        .answered(2, Download, Ok, Some(DATA))
        .breaks(&[Invariant::Edge]);
    // The end of an upload belongs to the one that began.
    saving(Profile::V2)
        .sent(2, Upload)
        .moved(Saving, Queued, 2)
        .answered(2, Upload, Fail, None)
        .removed(SIZE)
        .answered(1, Upload, Fail, None)
        .breaks(&[Invariant::Edge]);
}

#[test]
fn what_a_deleted_subject_may_still_see() {
    deleted()
        .sent(3, Download)
        .answered(3, Download, Refused, None)
        .sent(4, Delete)
        .answered(4, Delete, Refused, None)
        .event(Event::Forgotten)
        .keeps();
    // The upload in flight fails after its subject was deleted, and cleans up.
    saving(Profile::V2)
        .sent(2, Delete)
        .moved(Saving, Deleted, 2)
        .done(2, Delete)
        .removed(SIZE)
        .answered(1, Upload, Fail, None)
        .event(Event::Forgotten)
        .keeps();
}

#[test]
fn terminal_is_a_deleted_or_forgotten_subject() {
    saving(Profile::V1)
        .sent(2, Delete)
        .moved(Saving, Deleted, 2)
        .done(2, Delete)
        .moved(Saving, Killed, 1)
        .removed(SIZE)
        .answered(1, Upload, Fail, None)
        .breaks(&[Invariant::Terminal]);
    saving(Profile::V2)
        .sent(2, Delete)
        .moved(Saving, Deleted, 2)
        .done(2, Delete)
        .moved(Saving, Queued, 1)
        .removed(SIZE)
        .answered(1, Upload, Fail, None)
        .breaks(&[Invariant::Terminal, Invariant::Acknowledged]);
    deleted()
        .event(Event::Forgotten)
        .sent(3, Download)
        .breaks(&[Invariant::Terminal]);
}

#[test]
fn a_slot_is_used_again_and_the_late_event_of_its_last_subject_is_terminal() {
    let next = |mut script: Script, number| {
        script.subject.number = number;
        script
            .sent(10, Create)
            .moves(None, Queued, Some(10))
            .done(10, Create)
    };
    next(deleted().event(Event::Forgotten), 6).keeps();
    next(deleted(), 6).keeps();
    next(uploaded(), 6).breaks(&[Invariant::Conservation]);
    let mut late = next(deleted().event(Event::Forgotten), 6);
    late.subject = SUBJECT;
    late.removed(0).breaks(&[Invariant::Terminal]);
}

#[test]
fn tasks_keep_edges_and_end_once() {
    let success = || {
        importing()
            .moved(Saving, Active, 1)
            .task(PROCESSING, TaskStatus::Success, 1)
    };
    success().answered(1, Import, Ok, Some(DATA)).keeps();
    let failure = || importing().moved(Saving, Queued, 1).removed(SIZE);
    let failed = || failure().task(PROCESSING, TaskStatus::Failure, 1);
    failed().answered(1, Import, Fail, None).keeps();
    success()
        .task(Some(TaskStatus::Success), TaskStatus::Processing, 1)
        .task(PROCESSING, TaskStatus::Success, 1)
        .answered(1, Import, Ok, Some(DATA))
        .breaks(&[Invariant::Terminal]);
    success()
        .answered(1, Import, Ok, Some(DATA))
        .task(Some(TaskStatus::Success), TaskStatus::Processing, 1)
        .breaks(&[Invariant::Terminal]);
    failure()
        .task_with(PROCESSING, TaskStatus::Failure, 1, (true, true))
        .answered(1, Import, Fail, None)
        .breaks(&[Invariant::Edge]);
    failure()
        .task_with(PROCESSING, TaskStatus::Failure, 1, (false, false))
        .answered(1, Import, Fail, None)
        .breaks(&[Invariant::Edge]);
    created(Profile::V2)
        .sent(1, Import)
        .task(None, TaskStatus::Pending, 1)
        .task(Some(TaskStatus::Pending), TaskStatus::Failure, 1)
        .answered(1, Import, Fail, None)
        .breaks(&[Invariant::Edge]);
}

#[test]
fn location_never_saving() {
    located().sent(1, AddLocation).done(1, AddLocation).keeps();
    created(Profile::V2)
        .sent(1, AddLocation)
        .moved(Queued, Active, 1)
        .done(1, AddLocation)
        .keeps();
    Script::new(Profile::V2)
        .sent(0, CreateWithLocation)
        .moves(None, Queued, Some(0))
        .moved(Queued, Saving, 0)
        .moved(Saving, Active, 0)
        .done(0, CreateWithLocation)
        .breaks(&[Invariant::LocationNeverSaving]);
}

#[test]
fn scrub_time() {
    let scrub = |script: Script| {
        script
            .removed(SIZE)
            .moves(Some(PendingDelete), Deleted, None)
            .event(Event::Forgotten)
    };
    scrub(pending().wait(SCRUB)).keeps();
    scrub(pending()).breaks(&[Invariant::ScrubTime]);
    located()
        .sent(1, Delete)
        .moved(Active, PendingDelete, 1)
        .done(1, Delete)
        .moves(Some(PendingDelete), Deleted, None)
        .breaks(&[Invariant::ScrubTime]);
}

/// The data of a pending delete goes no earlier than its status.
#[test]
fn data_that_goes_before_its_time_is_scrubbed_early() {
    pending().removed(SIZE).breaks(&[Invariant::ScrubTime]);
    pending().wait(SCRUB).removed(SIZE).keeps();
    // One violation, although the status follows.
    pending()
        .removed(SIZE)
        .wait(SCRUB)
        .moves(Some(PendingDelete), Deleted, None)
        .event(Event::Forgotten)
        .breaks(&[Invariant::ScrubTime]);
}

#[test]
fn only_what_brings_data_makes_a_subject_saving() {
    for &operation in Operation::ALL {
        let script = created(Profile::V2)
            .sent(1, operation)
            .moved(Queued, Saving, 1);
        let judgement = script.judged();
        let found: Vec<_> = (judgement.violations.iter())
            .map(|violation| violation.invariant)
            .collect();
        let kind = operation.kind();
        let brings = matches!(kind, OperationKind::Upload(_) | OperationKind::Import(_));
        assert_eq!(found.is_empty(), brings, "{operation}: {found:?}");
    }
}

#[test]
fn scrub_time_is_met_to_the_nanosecond() {
    let scrub_after = |wait| {
        located()
            .sent(1, Delete)
            .moved(Active, PendingDelete, 1)
            .done(1, Delete)
            .wait(Span(wait))
            .moves(Some(PendingDelete), Deleted, None)
    };
    // Two ticks pass with the completion and the scrub themselves.
    scrub_after(SCRUB.0 - 2).keeps();
    scrub_after(SCRUB.0 - 3).breaks(&[Invariant::ScrubTime]);
}

#[test]
fn bytes_of_a_failed_upload_may_go_while_a_delete_is_pending() {
    saving(Profile::V2)
        .moved(Saving, Queued, 1)
        .sent(2, Upload)
        .moved(Queued, Saving, 2)
        .stored(2, SIZE)
        .moved(Saving, Active, 2)
        .answered(2, Upload, Ok, Some(DATA))
        .sent(3, Delete)
        .moved(Active, PendingDelete, 3)
        .done(3, Delete)
        .removed(SIZE)
        .answered(1, Upload, Fail, None)
        .keeps();
}
