//! The record of a subject on the embedded service: what it accepts in which status, written out from the lifecycle's specification.

use Change::*;
use stormglass_model::config::FailureRule;
use stormglass_model::history::{Content, OpId};
use stormglass_model::lifecycle::SubjectStatus::{self, *};
use stormglass_model::service::{Change, Commit, Laws, Reply, Subject};
use stormglass_model::units::Time;

const DATA: Content = Content {
    size: 1,
    checksum: 1,
};
const UPLOADER: OpId = OpId(1);

fn laws(rules: FailureRule) -> Laws {
    Laws {
        rules,
        delayed_delete: true,
        ..Laws::default()
    }
}

fn apply(subject: &mut Subject, change: Change, op: OpId) -> bool {
    let commit = Commit {
        at: Time::ZERO,
        op: Some(op),
        change,
        laws: laws(FailureRule::V1),
    };
    matches!(subject.apply(commit), Reply::Done { .. })
}

/// A record in a status, on the shortest way; an upload in flight is that of [`UPLOADER`].
fn record(status: Option<SubjectStatus>) -> Subject {
    let way: &[Change] = match status {
        None => &[],
        Some(Queued) => &[Create],
        Some(Saving) => &[Create, BeginUpload],
        Some(Active) => &[Create, BeginUpload, EndUpload(DATA)],
        Some(Deactivated) => &[Create, BeginUpload, EndUpload(DATA), Deactivate],
        Some(Killed) => &[Create, BeginUpload, FailUpload],
        Some(PendingDelete) => &[Create, BeginUpload, EndUpload(DATA), Delete],
        Some(Deleted) => &[Create, Delete],
        Some(Uploading | Importing) => panic!("of a real Glance alone"),
    };
    let mut subject = Subject::default();
    for change in way {
        assert!(apply(&mut subject, *change, UPLOADER), "{change:?}");
    }
    assert_eq!(subject.status(), status);
    subject
}

#[test]
fn a_record_accepts_what_its_status_allows_and_nothing_else() {
    let member = Read { as_admin: false };
    let admin = Read { as_admin: true };
    let accepted: [(Option<SubjectStatus>, &[Change]); 8] = [
        (None, &[Create, CreateWithLocation, CreateEmpty]),
        (
            Some(Queued),
            &[BeginUpload, AcceptImport, AddLocation, Touch, Delete],
        ),
        (Some(Saving), &[EndUpload(DATA), FailUpload, Touch, Delete]),
        (
            Some(Active),
            &[AddLocation, Deactivate, Touch, Delete, member, admin],
        ),
        (Some(Deactivated), &[Reactivate, Touch, Delete, admin]),
        (Some(Killed), &[Touch, Delete]),
        (Some(PendingDelete), &[Scrub]),
        (Some(Deleted), &[]),
    ];
    let all = [
        Create,
        CreateWithLocation,
        CreateEmpty,
        BeginUpload,
        EndUpload(DATA),
        FailUpload,
        AcceptImport,
        AddLocation,
        RemoveLocation,
        Deactivate,
        Reactivate,
        Touch,
        Delete,
        Scrub,
        member,
        admin,
    ];
    for (status, accepted) in accepted {
        for change in all {
            let mut subject = record(status);
            let before = subject;
            let done = apply(&mut subject, change, UPLOADER);
            assert_eq!(done, accepted.contains(&change), "{change:?} in {status:?}");
            assert!(
                done || subject == before,
                "{change:?} in {status:?} was refused, and changed it"
            );
        }
    }
}

fn apply_glance(subject: &mut Subject, change: Change, op: OpId) -> bool {
    let commit = Commit {
        at: Time::ZERO,
        op: Some(op),
        change,
        laws: laws(FailureRule::Glance),
    };
    matches!(subject.apply(commit), Reply::Done { .. })
}

/// A record by Glance's rules, after these changes by [`UPLOADER`].
fn glance(way: &[Change]) -> Subject {
    let mut subject = Subject::default();
    for change in way {
        assert!(apply_glance(&mut subject, *change, UPLOADER), "{change:?}");
    }
    subject
}

#[test]
fn staged_and_imported_data_has_statuses_of_its_own() {
    let stage = [Create, BeginStage, EndStage(DATA)];
    let import = [AcceptStaged, ClaimImport, BeginImport];
    let staged_import = [&stage[..], &import].concat();
    let way_and_status: [(&[Change], SubjectStatus); 4] = [
        (&stage, Uploading),
        (&staged_import, Importing),
        (&[Create, AcceptImport, ClaimImport, BeginImport], Importing),
        (&[Create, Protect(true), Protect(false), Delete], Deleted),
    ];
    for (way, status) in way_and_status {
        assert_eq!(glance(way).status(), Some(status), "{way:?}");
    }
    let mut imported = glance(&staged_import);
    assert!(!apply_glance(&mut imported, EndUpload(DATA), OpId(2)));
    assert!(apply_glance(&mut imported, EndUpload(DATA), UPLOADER));
    assert_eq!(imported.content(), Some(DATA));
    // The specification's rules know none of it.
    let mut queued = record(Some(Queued));
    for change in [BeginStage, ClaimImport, BeginImport, EndRegister] {
        assert!(!apply(&mut queued, change, UPLOADER), "{change:?}");
    }
}

#[test]
fn one_import_at_a_time_and_none_of_half_a_stage() {
    let mut claimed = glance(&[Create, ClaimImport]);
    assert!(!apply_glance(&mut claimed, ClaimImport, OpId(2)));
    assert!(!apply_glance(&mut claimed, BeginImport, OpId(2)));
    // The task never began: its claim goes.
    assert!(apply_glance(&mut claimed, FailUpload, UPLOADER));
    assert!(apply_glance(&mut claimed, ClaimImport, OpId(2)));

    let mut half = glance(&[Create, BeginStage]);
    assert!(!apply_glance(&mut half, AcceptStaged, OpId(2)));
    assert!(!apply_glance(&mut half, ClaimImport, OpId(2)));
    assert!(apply_glance(&mut half, FailUpload, UPLOADER));
    assert_eq!(half.status(), Some(Queued));

    let mut protected = glance(&[Create, Protect(true)]);
    assert!(!apply_glance(&mut protected, Delete, OpId(2)));
}

/// An upload ends only for the operation that began it; a location goes only while another is left.
#[test]
fn what_a_status_does_not_say_decides_too() {
    let mut saving = record(Some(Saving));
    assert!(!apply(&mut saving, EndUpload(DATA), OpId(2)));
    assert!(!apply(&mut saving, FailUpload, OpId(2)));
    assert_eq!(saving.status(), Some(Saving));

    let mut located = Subject::default();
    assert!(apply(&mut located, CreateWithLocation, UPLOADER));
    assert!(!apply(&mut located, RemoveLocation, UPLOADER));
    assert!(apply(&mut located, AddLocation, UPLOADER));
    assert!(apply(&mut located, RemoveLocation, UPLOADER));
    assert!(!apply(&mut located, RemoveLocation, UPLOADER));
}
