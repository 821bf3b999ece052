//! The profile `glance`: data that is staged and imported has statuses of its own.

use super::*;
use stormglass_model::lifecycle::Profile::Glance;

const PENDING: Option<TaskStatus> = Some(TaskStatus::Pending);

fn staging() -> Script {
    created(Glance).sent(1, Stage).moved(Queued, Uploading, 1)
}

fn staged() -> Script {
    staging().answered(1, Stage, Ok, Some(DATA))
}

/// A task of `operation` has begun with a subject that was in `from`.
fn importing_from(script: Script, from: SubjectStatus, operation: Operation) -> Script {
    script
        .sent(2, operation)
        .task(None, TaskStatus::Pending, 2)
        .task(PENDING, TaskStatus::Processing, 2)
        .moved(from, Importing, 2)
}

#[test]
fn staged_data_is_imported() {
    staged().keeps();
    let imported = |bytes| {
        importing_from(staged(), Uploading, ImportStaged)
            .stored(2, bytes)
            .moved(Importing, Active, 2)
            .task(PROCESSING, TaskStatus::Success, 2)
            .answered(2, ImportStaged, Ok, Some(DATA))
    };
    imported(SIZE).keeps();
    imported(SIZE - 1).breaks(&[Invariant::Acknowledged]);
    // A second import of what is active.
    imported(SIZE)
        .sent(3, ImportStaged)
        .answered(3, ImportStaged, Ok, Some(DATA))
        .breaks(&[Invariant::OneUpload]);
}

#[test]
fn each_status_belongs_to_its_own_operation() {
    created(Glance)
        .sent(1, Upload)
        .moved(Queued, Uploading, 1)
        .moved(Uploading, Queued, 1)
        .answered(1, Upload, Fail, None)
        .breaks(&[Invariant::Edge]);
    staged()
        .sent(2, Upload)
        .moved(Uploading, Importing, 2)
        .moved(Importing, Queued, 2)
        .answered(2, Upload, Fail, None)
        .breaks(&[Invariant::Edge]);
    // The specification knows neither.
    created(Profile::V2)
        .sent(1, Stage)
        .moved(Queued, Uploading, 1)
        .answered(1, Stage, Ok, Some(DATA))
        .breaks(&[Invariant::Edge]);
}

#[test]
fn what_fails_is_queued_again() {
    staging()
        .moved(Uploading, Queued, 1)
        .answered(1, Stage, Fail, None)
        .keeps();
    staging()
        .answered(1, Stage, Fail, None)
        .breaks(&[Invariant::Progress]);
    let failed = || {
        importing_from(created(Glance), Queued, Import)
            .stored(2, SIZE)
            .removed(SIZE)
    };
    failed()
        .moved(Importing, Queued, 2)
        .task(PROCESSING, TaskStatus::Failure, 2)
        .answered(2, Import, Fail, None)
        .keeps();
    failed()
        .task(PROCESSING, TaskStatus::Failure, 2)
        .answered(2, Import, Fail, None)
        .breaks(&[Invariant::Progress]);
}

#[test]
fn a_registered_location_brings_no_bytes() {
    importing_from(created(Glance), Queued, RegisterLocation)
        .moved(Importing, Active, 2)
        .task(PROCESSING, TaskStatus::Success, 2)
        .answered(2, RegisterLocation, Ok, None)
        .keeps();
    importing_from(created(Glance), Queued, RegisterLocation)
        .stored(2, SIZE)
        .moved(Importing, Active, 2)
        .task(PROCESSING, TaskStatus::Success, 2)
        .answered(2, RegisterLocation, Ok, None)
        .breaks(&[Invariant::Conservation]);
}

/// No status says whether a stage is over, or whether another import has claimed the subject.
#[test]
fn a_refused_import_is_not_groundless() {
    staging()
        .sent(2, ImportStaged)
        .answered(2, ImportStaged, Refused, None)
        .answered(1, Stage, Ok, Some(DATA))
        .keeps();
    created(Glance)
        .sent(1, Upload)
        .answered(1, Upload, Refused, None)
        .breaks(&[Invariant::Acknowledged]);
}
