//! Every operation of the lifecycle, by everybody, at every point, and with every fault of a client.

use super::{Place, SIZE, Subject, local, place};
use std::rc::Rc;
use std::time::Duration;
use stormglass_glance::Identity;
use stormglass_glance::{Answer, Client, Request, Watch, content_of};
use stormglass_model::history::Seen;
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, TaskStatus, Who};
use stormglass_model::script::{Act, ClientFault, Point};
use stormglass_model::units::{Bytes, Span, Time};

/// The server with everybody on it.
pub(super) fn everybody() -> Place {
    let mut place = place();
    let token = |who: &str| Some(Identity::Token(who.to_owned()));
    place.target.reader = token("rita:stormglass:reader");
    place.target.other_project = token("mallory:elsewhere:member,reader");
    place
}

/// The answer to a request that is refused: a refusal in mid-upload may be lost to a reset, and is then asked for again.
async fn answered(client: &Client, request: &Request) -> Answer {
    for _ in 0..20 {
        let answer = client.perform(request).await;
        if answer.http_status.is_some() {
            return answer;
        }
    }
    panic!("{} is never answered", request.operation);
}

impl Subject {
    /// Performs each as usual, one after the other: these are the codes that Glance 33 answers.
    pub(super) async fn codes(&self, expected: &[(Operation, u16)]) {
        for &(operation, code) in expected {
            let answer = self.client.perform(&self.asked(operation)).await;
            assert_eq!(answer.http_status, Some(code), "{operation}: {answer:?}");
        }
    }

    /// Waits until every task of the subject has ended.
    pub(super) async fn rests(&self) {
        for _ in 0..200 {
            let tasks = self.client.tasks(self.request.id).await.unwrap();
            if tasks.iter().all(|task| task.ended()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("a task does not end");
    }

    /// Looks until the status is this.
    pub(super) async fn becomes(&self, status: SubjectStatus) -> Answer {
        for _ in 0..200 {
            let shown = self.client.show(self.request.id).await;
            if shown.observed == Some(Seen::Status(status)) {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!(
            "never {status}: {:?}",
            self.client.show(self.request.id).await
        );
    }
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn locations_are_added_replaced_and_removed() {
    let place = everybody();
    local(async {
        use Operation::*;
        let subject = Subject::new(&place, 40);
        subject
            .codes(&[(Create, 201), (RemoveLocation, 409), (AddLocation, 200)])
            .await;
        subject.becomes(SubjectStatus::Active).await;
        let content = content_of(subject.request.content_seed, SIZE);
        let read = subject.client.perform(&subject.asked(Download)).await;
        assert_eq!(read.content, Some(content), "{read:?}");
        subject
            .codes(&[
                (RemoveLocation, 403),
                (AddLocation, 200),
                (RemoveLocation, 200),
                (ReplaceLocation, 400),
            ])
            .await;
        let read = subject.client.perform(&subject.asked(Download)).await;
        assert_eq!(read.content, Some(content), "{read:?}");
        subject
            .codes(&[
                (Deactivate, 204),
                (AddLocation, 409),
                (ReplaceLocation, 409),
                (RemoveLocation, 409),
                (RegisterLocation, 409),
                (Delete, 204),
                (AddLocation, 404),
            ])
            .await;
        subject.clean().await;
        // All are replaced only where there are none: on a queued subject it is a first one.
        let subject = Subject::new(&place, 39);
        subject
            .codes(&[(Create, 201), (ReplaceLocation, 200)])
            .await;
        subject.becomes(SubjectStatus::Active).await;
        subject.clean().await;
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn a_location_is_registered_and_data_is_imported() {
    let place = everybody();
    local(async {
        use Operation::*;
        for (number, operation) in [(41, RegisterLocation), (42, Import)] {
            let subject = Subject::new(&place, number);
            subject
                .codes(&[(Create, 201), (ImportStaged, 409), (operation, 202)])
                .await;
            let shown = subject.becomes(SubjectStatus::Active).await;
            let content = content_of(subject.request.content_seed, SIZE);
            if operation == Import {
                assert_eq!(shown.content, Some(content));
            }
            let read = subject.client.perform(&subject.asked(Download)).await;
            assert_eq!(read.content, Some(content), "{read:?}");
            // A task ends a moment after its subject is active.
            let tasks = || subject.client.tasks(subject.request.id);
            while tasks().await == Ok(vec![TaskStatus::Processing]) {}
            assert_eq!(tasks().await, Ok(vec![TaskStatus::Success]));
            subject
                .codes(&[(operation, 409), (Delete, 204), (operation, 404)])
                .await;
            subject.clean().await;
        }
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn staged_data_is_imported() {
    let place = everybody();
    local(async {
        use Operation::*;
        let subject = Subject::new(&place, 43);
        subject
            .codes(&[
                (Create, 201),
                (Stage, 204),
                (Import, 409),
                (ImportStaged, 202),
            ])
            .await;
        let shown = subject.becomes(SubjectStatus::Active).await;
        assert_eq!(
            shown.content,
            Some(content_of(subject.request.content_seed, SIZE))
        );
        // A delete beside the end of the task can meet a 500.
        subject.rests().await;
        subject
            .codes(&[(ImportStaged, 409), (Delete, 204), (ImportStaged, 404)])
            .await;
        subject.clean().await;
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn what_cannot_be_taken_in_leaves_it_queued() {
    let mut place = everybody();
    let cap = std::env::var("STORMGLASS_GLANCE_SIZE_CAP").ok();
    let cap: u64 = cap.and_then(|cap| cap.parse().ok()).unwrap_or(64 << 20);
    let too_large = Act::usual(Operation::UploadTooLarge);
    assert!(place.client().unsupported(too_large).is_some());
    place.target.too_large = Some(Bytes(cap + 1));
    local(async {
        use Operation::*;
        for (number, create, operation, code) in [
            (44, CreateWithoutFormat, Upload, 400),
            (45, CreateWithWrongFormat, Upload, 415),
            (46, Create, UploadWrongSize, 400),
            (47, Create, UploadTooLarge, 413),
        ] {
            let subject = Subject::new(&place, number);
            subject.codes(&[(create, 201)]).await;
            let answer = subject.client.perform(&subject.asked(operation)).await;
            // A reply before the end of the data may be lost to the connection's reset.
            assert!(
                [Some(code), None].contains(&answer.http_status),
                "{operation}: {answer:?}"
            );
            assert!(
                matches!(answer.outcome, Outcome::Fail | Outcome::Unknown),
                "{operation}: {answer:?}"
            );
            subject.becomes(SubjectStatus::Queued).await;
            subject.clean().await;
        }
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn properties_change_and_a_protected_subject_is_not_deleted() {
    let place = everybody();
    local(async {
        use Operation::*;
        let subject = Subject::new(&place, 48);
        subject.codes(&[(Create, 201), (SetProperty, 200)]).await;
        let shown = subject.client.show(subject.request.id).await;
        assert_eq!(shown.property, Some(subject.request.content_seed));
        subject
            .codes(&[
                (Protect, 200),
                (Delete, 403),
                (Upload, 204),
                (Unprotect, 200),
                (Show, 200),
                (Delete, 204),
                (SetProperty, 404),
            ])
            .await;
        subject.clean().await;
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn a_reader_reads_and_a_stranger_sees_nothing() {
    let place = everybody();
    let stranger = Act {
        operation: Operation::Create,
        who: Who::OtherProject,
    };
    assert!(place.client().unsupported(stranger).is_some());
    local(async {
        let subject = Subject::new(&place, 49);
        subject.client.hello().await.unwrap(); // it asks for the stores
        subject
            .codes(&[(Operation::Create, 201), (Operation::Upload, 204)])
            .await;
        let others = Operation::ALL.iter().filter(|operation| {
            // What is broken off has no reply, and nobody says what is too large here.
            !operation.creates()
                && !matches!(
                    operation,
                    Operation::AbortUpload | Operation::UploadTooLarge | Operation::ImportTooLarge
                )
        });
        for &operation in others {
            let mut request = subject.asked(operation);
            // A server with one store copies nothing, and no image is made for a stranger.
            let can = |who| subject.client.unsupported(Act { operation, who }).is_none();
            if can(Who::OtherProject) {
                request.who = Who::OtherProject;
                let answer = answered(&subject.client, &request).await;
                // A list is of what is theirs.
                let gone = (operation != Operation::List).then_some(Seen::Gone);
                assert_eq!(answer.observed, gone, "{operation}: {answer:?}");
            }
            if !can(Who::Reader) {
                continue;
            }
            request.who = Who::Reader;
            let answer = answered(&subject.client, &request).await;
            // Glance's own policies let a reader see records only. In a status that forbids the operation it says so before it asks
            // who does it.
            let allowed: &[u16] = match operation {
                Operation::Show | Operation::List => &[200],
                _ => &[403, 409],
            };
            let code = answer.http_status.unwrap_or_default();
            assert!(allowed.contains(&code), "{operation}: {answer:?}");
        }
        assert_eq!(subject.client.created(), [subject.request.id]);
        subject.becomes(SubjectStatus::Active).await;
        subject.clean().await;
    });
}

const POINTS: [Point; 6] = [
    Point::Before,
    Point::FirstByte,
    Point::After(Bytes(1)),
    Point::MidBody,
    Point::LastByte,
    Point::Answer,
];

/// What a client can do wrong whose token is given; what needs a login is tried beside a Keystone.
const FAULTS: [ClientFault; 6] = [
    ClientFault::Close,
    ClientFault::Reset,
    ClientFault::HalfClose,
    ClientFault::Stall,
    ClientFault::Slow,
    ClientFault::CloseReply,
];

fn struck(point: Point, fault: ClientFault) -> Rc<Watch> {
    Watch::stalling(point, Span::ZERO, Some(fault), Span::from_millis(100))
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn each_fault_at_each_point_of_an_upload() {
    let place = everybody();
    local(async {
        let cells = FAULTS
            .iter()
            .flat_map(|&fault| POINTS.map(|point| (fault, point)));
        for (number, (fault, point)) in (100..).zip(cells) {
            let subject = Subject::new(&place, number);
            subject.codes(&[(Operation::Create, 201)]).await;
            let watch = struck(point, fault);
            let upload = subject.asked(Operation::Upload);
            let answer = subject.client.perform_watched(&upload, &watch).await;
            watch.passed().await;
            let (outcome, status) = match fault {
                ClientFault::CloseReply => (Outcome::Unknown, SubjectStatus::Active),
                ClientFault::Stall | ClientFault::Slow => (Outcome::Ok, SubjectStatus::Active),
                _ if point == Point::Answer => (Outcome::Ok, SubjectStatus::Active),
                _ => (Outcome::Fail, SubjectStatus::Queued),
            };
            assert_eq!(answer.outcome, outcome, "{fault} {point}: {answer:?}");
            let strikes = point != Point::Answer || fault == ClientFault::CloseReply;
            assert_eq!(watch.struck(), strikes, "{fault} {point}");
            subject.becomes(status).await;
            subject.clean().await;
        }
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn each_fault_at_each_point_of_a_request_without_data() {
    let place = everybody();
    local(async {
        let cells = FAULTS
            .iter()
            .flat_map(|&fault| POINTS.map(|point| (fault, point)));
        for (number, (fault, point)) in (200..).zip(cells) {
            let subject = Subject::new(&place, number);
            subject.codes(&[(Operation::Create, 201)]).await;
            let watch = struck(point, fault);
            let change = subject.asked(Operation::SetProperty);
            let answer = subject.client.perform_watched(&change, &watch).await;
            let possible: &[Outcome] = match (fault, point) {
                (ClientFault::CloseReply, _) => &[Outcome::Unknown],
                (ClientFault::Stall | ClientFault::Slow, _) | (_, Point::Answer) => &[Outcome::Ok],
                (_, Point::Before) => &[Outcome::Fail],
                (ClientFault::HalfClose, _) => &[Outcome::Ok, Outcome::Unknown, Outcome::Fail],
                _ => &[Outcome::Unknown],
            };
            assert!(
                possible.contains(&answer.outcome),
                "{fault} {point}: {answer:?}"
            );
            subject.becomes(SubjectStatus::Queued).await;
            subject.clean().await;
        }
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn each_fault_at_each_point_of_a_download() {
    let place = everybody();
    local(async {
        let mut subject = Subject::new(&place, 50);
        // More than lies in buffers on the way.
        subject.request.size = Bytes(16 << 20);
        subject
            .codes(&[(Operation::Create, 201), (Operation::Upload, 204)])
            .await;
        for fault in FAULTS {
            for point in POINTS {
                let watch = struck(point, fault);
                let download = subject.asked(Operation::Download);
                let answer = subject.client.perform_watched(&download, &watch).await;
                let whole = match fault {
                    ClientFault::Stall | ClientFault::Slow => true,
                    ClientFault::HalfClose => point != Point::Before,
                    ClientFault::CloseReply => false,
                    _ => point == Point::Answer,
                };
                assert_eq!(
                    answer.outcome == Outcome::Ok && answer.content.is_some(),
                    whole,
                    "{fault} {point}: {answer:?}"
                );
            }
        }
        subject.clean().await;
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn at_each_point_of_an_upload_the_subject_is_saving() {
    let place = everybody();
    local(async {
        let inside = [
            Point::FirstByte,
            Point::MidBody,
            Point::LastByte,
            Point::After(Bytes(70_000)),
        ];
        for (number, point) in (60..).zip(inside) {
            let subject = Subject::new(&place, number);
            subject.codes(&[(Operation::Create, 201)]).await;
            // Without end: only the drop of the upload ends the hold.
            let watch = Watch::new(point, Span::from_secs(3_600), None);
            let (client, upload) = (subject.client.clone(), subject.asked(Operation::Upload));
            let holding = watch.clone();
            let upload = tokio::task::spawn_local(async move {
                client.perform_watched(&upload, &holding).await;
            });
            watch.passed().await;
            subject.becomes(SubjectStatus::Saving).await;
            assert!(!upload.is_finished(), "{point}");
            upload.abort();
            subject.becomes(SubjectStatus::Queued).await;
            subject.clean().await;
        }
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn what_ends_without_reaching_the_point_has_passed_it() {
    let place = everybody();
    local(async {
        let subject = Subject::new(&place, 70);
        for operation in [Operation::Download, Operation::Show, Operation::Upload] {
            let watch = Watch::new(Point::MidBody, Span::ZERO, None);
            let request = subject.asked(operation);
            let answer = subject.client.perform_watched(&request, &watch).await;
            watch.passed().await;
            // A refusal in mid-upload may be lost to a reset.
            let answered = operation.sends_data() || answer.outcome != Outcome::Unknown;
            assert!(answered, "{operation}: {answer:?}");
        }
        let (watch, request) = (
            Watch::new(Point::Answer, Span::ZERO, None),
            subject.asked(Operation::Show),
        );
        drop(subject.client.perform_watched(&request, &watch));
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
pub(super) fn exchanges_are_kept_and_hold_no_credential() {
    let place = everybody();
    local(async {
        let subject = Subject::new(&place, 71);
        let ticks = std::cell::Cell::new(0);
        let client = subject.client.keep_exchanges(move || {
            ticks.set(ticks.get() + 1);
            Time(ticks.get())
        });
        let created = client
            .perform(&subject.asked(Operation::CreateWithLocation))
            .await;
        let [create, locate] = &created.exchanges[..] else {
            panic!("{created:?}");
        };
        assert_eq!(
            (create.method.as_str(), create.path.as_str()),
            ("POST", "/v2/images")
        );
        assert!(create.text.contains(&subject.request.id.to_string()));
        assert_eq!((create.sent, create.ended), (Time(1), Some(Time(2))));
        assert_eq!(
            (locate.method.as_str(), locate.status),
            ("PATCH", Some(200))
        );
        assert!(locate.text.contains("/locations/-"), "{locate:?}");
        let mut request = subject.asked(Operation::UploadWrongSize);
        request.who = Who::OtherProject;
        // Glance answers before it has read the data, so now and then the broken connection is seen before the reply.
        let mut refused = client.perform(&request).await;
        for _ in 0..9 {
            if refused.exchanges[0].status.is_none() {
                refused = client.perform(&request).await;
            }
        }
        let [put] = &refused.exchanges[..] else {
            panic!("{refused:?}");
        };
        assert_eq!(
            (put.who, put.data, put.status),
            (Who::OtherProject, Some(SIZE), Some(404))
        );
        assert!(
            put.headers
                .contains(&("x-openstack-image-size".to_owned(), (SIZE + 1).to_string()))
        );
        let all = format!("{created:?}{refused:?}").to_lowercase();
        assert!(!all.contains("token") && !all.contains("mallory"), "{all}");
        assert_eq!(
            subject
                .client
                .perform(&subject.asked(Operation::Show))
                .await
                .exchanges,
            []
        );
        subject.clean().await;
    });
}
