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
