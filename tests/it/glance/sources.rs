//! Data that does not come as a plain upload: from a source that misbehaves, from a place with a checksum, and in chunks. And who else may see it.

use super::surface::everybody;
use super::{SIZE, Subject, local};
use stormglass_glance::content_of;
use stormglass_model::lifecycle::{Operation, SubjectStatus, Who};
use stormglass_model::units::Bytes;

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn a_source_that_fails_leaves_it_queued_and_a_slow_one_does_not() {
    let mut place = everybody();
    place.target.too_large = Some(Bytes((64 << 20) + 1));
    local(async {
        use Operation::*;
        for (number, operation, status) in [
            (52, ImportSlow, SubjectStatus::Active),
            (53, ImportMissing, SubjectStatus::Queued),
            (54, ImportDead, SubjectStatus::Queued),
            (55, ImportCut, SubjectStatus::Queued),
            (56, ImportTooLarge, SubjectStatus::Queued),
        ] {
            let subject = Subject::new(&place, number);
            subject.codes(&[(Create, 201), (operation, 202)]).await;
            subject.rests().await;
            let shown = subject.becomes(status).await;
            let whole = status == SubjectStatus::Active;
            let content = content_of(subject.request.content_seed, SIZE);
            assert_eq!(shown.content, whole.then_some(content), "{operation}");
            subject.clean().await;
        }
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn a_checksum_of_a_location_is_checked() {
    let place = everybody();
    local(async {
        use Operation::*;
        for (number, operation, status) in [
            (57, RegisterLocationChecked, SubjectStatus::Active),
            (58, RegisterLocationWrongHash, SubjectStatus::Queued),
        ] {
            let subject = Subject::new(&place, number);
            subject.codes(&[(Create, 201), (operation, 202)]).await;
            subject.rests().await;
            subject.becomes(status).await;
            subject.clean().await;
        }
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn the_older_call_takes_checksums_as_they_are() {
    let place = everybody();
    local(async {
        use Operation::*;
        for (number, operation, right) in [
            (61, AddLocationChecked, true),
            (62, AddLocationWrongHash, false),
        ] {
            let subject = Subject::new(&place, number);
            subject.codes(&[(Create, 201), (operation, 200)]).await;
            let seed = subject.request.content_seed;
            let said = content_of(if right { seed } else { !seed }, SIZE);
            let shown = subject.becomes(SubjectStatus::Active).await;
            assert_eq!(shown.content, Some(said), "{operation}");
            let read = subject.client.perform(&subject.asked(Download)).await;
            assert_eq!(read.content, Some(content_of(seed, SIZE)), "{operation}");
            subject.clean().await;
        }
        // An image that is active says what it holds, and nobody may say otherwise.
        let subject = Subject::new(&place, 63);
        let twice = [(Create, 201), (Upload, 204), (AddLocationWrongHash, 409)];
        subject.codes(&twice).await;
        subject.clean().await;
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn another_image_may_read_from_where_this_one_does() {
    let place = everybody();
    local(async {
        use Operation::*;
        // Of a file nobody may name the place.
        for (number, create, code, data) in [
            (64, &[(Create, 201), (Upload, 204)][..], 400, true),
            (65, &[(CreateWithLocation, 200)], 200, true),
            (66, &[(Create, 201)], 0, false),
        ] {
            let subject = Subject::new(&place, number);
            subject.codes(create).await;
            let copy = subject.client.perform(&subject.asked(CopyLocation)).await;
            assert_eq!(copy.http_status.unwrap_or(0), code, "{copy:?}");
            assert_eq!(subject.client.created(), [subject.request.id]);
            let read = subject.client.perform(&subject.asked(Download)).await;
            let content = content_of(subject.request.content_seed, SIZE);
            assert_eq!(read.content, data.then_some(content), "{read:?}");
            subject.clean().await;
        }
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn data_in_chunks_is_an_upload() {
    let place = everybody();
    local(async {
        use Operation::*;
        let subject = Subject::new(&place, 59);
        subject.codes(&[(Create, 201), (UploadChunked, 204)]).await;
        let shown = subject.becomes(SubjectStatus::Active).await;
        let content = content_of(subject.request.content_seed, SIZE);
        assert_eq!(shown.content, Some(content));
        subject.clean().await;
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn another_project_sees_what_is_shared_with_it() {
    let place = everybody();
    local(async {
        use Operation::*;
        let subject = Subject::new(&place, 60);
        let looks = async || {
            let mut request = subject.asked(Show);
            request.who = Who::OtherProject;
            subject.client.perform(&request).await.http_status
        };
        subject.codes(&[(Create, 201), (Upload, 204)]).await;
        assert_eq!(looks().await, Some(404));
        subject.codes(&[(Share, 200)]).await;
        assert_eq!(looks().await, Some(200));
        let mut accept = subject.asked(Accept);
        let answer = subject.client.perform(&accept).await;
        assert_eq!(answer.http_status, Some(200), "{answer:?}");
        subject.codes(&[(Share, 409), (Unshare, 204)]).await;
        assert_eq!(looks().await, Some(404));
        for who in [Who::OtherProject, Who::Member] {
            accept.who = who;
            let answer = subject.client.perform(&accept).await;
            assert_eq!(answer.http_status, Some(404), "{answer:?}");
        }
        subject.clean().await;
    });
}
