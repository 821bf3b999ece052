//! Data in several stores, which `STORMGLASS_GLANCE_STORES=2 tests/glance/run` has.

use super::surface::everybody;
use super::{Place, SIZE, Subject, local};
use std::path::PathBuf;
use std::time::Duration;
use stormglass_glance::{ImageId, content_of};
use stormglass_model::lifecycle::{Operation, SubjectStatus};
use stormglass_model::script::Act;

use Operation::*;

/// The folder of the second store; none where there is one store.
fn copies() -> Option<PathBuf> {
    std::env::var_os("STORMGLASS_GLANCE_COPIES").map(PathBuf::from)
}

fn files(id: ImageId) -> [bool; 2] {
    let store = std::env::var_os("STORMGLASS_GLANCE_STORE").unwrap();
    let folders = [PathBuf::from(store), copies().unwrap()];
    folders.map(|folder| folder.join(id.to_string()).exists())
}

async fn reads(subject: &Subject) {
    let content = content_of(subject.request.content_seed, SIZE);
    let read = subject.client.perform(&subject.asked(Download)).await;
    assert_eq!(read.content, Some(content));
}

/// Waits until a copy is refused since there is one: a task lets go of its image after it has ended.
async fn is_copied(subject: &Subject) {
    for _ in 0..200 {
        let again = subject.client.perform(&subject.asked(CopyImage)).await;
        if again.http_status == Some(400) {
            return;
        }
        assert_eq!(again.http_status, Some(409), "{again:?}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("a copy does not end");
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn the_client_knows_whether_there_are_several_stores() {
    let place = everybody();
    local(async {
        let client = place.client();
        client.hello().await.unwrap();
        for operation in [CopyImage, DeleteFromStore, ImportToAllStores] {
            let why = client.unsupported(Act::usual(operation));
            assert_eq!(why.is_none(), copies().is_some(), "{operation}: {why:?}");
        }
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn data_is_copied_and_taken_away_again_but_for_the_last() {
    let place = everybody();
    if copies().is_none() {
        return eprintln!("not run: it needs STORMGLASS_GLANCE_STORES=2");
    }
    local(async {
        let subject = Subject::new(&place, 70);
        let id = subject.request.id;
        subject
            .codes(&[(Create, 201), (CopyImage, 409), (Upload, 204)])
            .await;
        subject
            .codes(&[(DeleteFromStore, 403), (DeleteFromDefaultStore, 403)])
            .await;
        for from in [DeleteFromStore, DeleteFromDefaultStore] {
            subject.codes(&[(CopyImage, 202)]).await;
            is_copied(&subject).await;
            assert_eq!(files(id), [true, true]);
            subject.codes(&[(from, 204)]).await;
            subject
                .codes(&[(DeleteFromStore, 403), (DeleteFromDefaultStore, 403)])
                .await;
            assert_eq!(
                files(id),
                [from == DeleteFromStore, from != DeleteFromStore]
            );
            subject.becomes(SubjectStatus::Active).await;
            reads(&subject).await;
        }
        subject
            .codes(&[(Deactivate, 204), (CopyImage, 409), (DeleteFromStore, 409)])
            .await;
        // The data of a deactivated image would stay.
        subject.codes(&[(Reactivate, 204)]).await;
        subject.clean().await;
        removed(&place, id);
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn staged_data_is_taken_into_both() {
    let place = everybody();
    if copies().is_none() {
        return eprintln!("not run: it needs STORMGLASS_GLANCE_STORES=2");
    }
    local(async {
        let subject = Subject::new(&place, 71);
        let id = subject.request.id;
        subject
            .codes(&[(Create, 201), (Stage, 204), (ImportToAllStores, 202)])
            .await;
        subject.rests().await;
        subject.becomes(SubjectStatus::Active).await;
        reads(&subject).await;
        assert_eq!(files(id), [true, true]);
        subject.codes(&[(DeleteFromDefaultStore, 204)]).await;
        reads(&subject).await;
        subject.codes(&[(Delete, 204)]).await;
        removed(&place, id);
        subject.clean().await;
    });
}

/// With a deleted image its data goes from both, unless that waits for the scrubber.
fn removed(place: &Place, id: ImageId) {
    assert!(place.target.delayed_delete || files(id) == [false, false]);
}
