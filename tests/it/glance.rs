//! The client against a real Glance. `tests/glance/run` starts one and sets STORMGLASS_GLANCE_URL; without it nothing runs here.

#![allow(
    clippy::print_stderr,
    reason = "a test that did not run says so, and one that measured says what"
)]

use std::time::{Duration, Instant};
use stormglass::lifecycle::{Operation, Outcome, SubjectStatus};
use stormglass::target::glance::{
    Answer, Client, Config, HelloError, Identity, ImageId, Request, RunId, Secret, Seen, Tracker,
    digest_of,
};
use stormglass::units::{Bytes, Span};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SEED: u64 = 42;
const SIZE: u64 = 300_000;

/// Runs an async test on one thread with a set of local tasks, as an arbiter does.
pub fn local<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test)
}

/// How to reach the real server, if there is one.
fn config() -> Option<Config> {
    let set = |name: &str| std::env::var(format!("STORMGLASS_GLANCE_{name}")).ok();
    let Some(url) = set("URL") else {
        eprintln!(
            "not run: STORMGLASS_GLANCE_URL is not set; tests/glance/run starts a Glance and sets it"
        );
        return None;
    };
    Some(Config {
        url,
        member: Identity::Token(Secret::new(set("TOKEN").unwrap())),
        admin: set("ADMIN_TOKEN").map(|token| Identity::Token(Secret::new(token))),
        timeout: Span::from_secs(30),
        connections: 16,
        run: RunId::fresh(SEED),
        location: None,
    })
}

/// Two identities by header in place of tokens.
fn by_headers(config: &mut Config) {
    let headers = |roles: &str| Identity::Headers {
        user: Secret::new("hannah"),
        project: Secret::new("headers"),
        roles: Secret::new(roles),
    };
    config.member = headers("member,reader");
    config.admin = Some(headers("admin,member,reader"));
}

/// One subject with its client, and a tracker that every answer must satisfy.
struct Subject {
    client: Client,
    request: Request,
    tracker: Tracker,
}

impl Subject {
    fn new(config: &Config, number: u64) -> Subject {
        let delayed =
            std::env::var("STORMGLASS_GLANCE_DELAYED_DELETE").is_ok_and(|set| set == "true");
        Subject {
            client: Client::new(config).unwrap(),
            request: Request {
                operation: Operation::Create,
                id: ImageId::new(config.run, number),
                size: Bytes(SIZE),
                content_seed: SEED + number,
                fraction: 0.5,
            },
            tracker: Tracker::new(Some(delayed)),
        }
    }

    fn asked(&self, operation: Operation) -> Request {
        Request {
            operation,
            ..self.request
        }
    }

    async fn answer(&mut self, operation: Operation) -> Answer {
        let ticket = self.tracker.invoked(operation);
        let answer = self.client.perform(&self.asked(operation)).await;
        let findings = self.tracker.completed(ticket, &answer);
        assert_eq!(findings.violation, None, "{operation}: {answer:?}");
        answer
    }

    async fn check(&mut self, operation: Operation, outcome: Outcome) -> Answer {
        let answer = self.answer(operation).await;
        assert_eq!(answer.outcome, outcome, "{operation}: {answer:?}");
        answer
    }

    async fn show(&mut self) -> Answer {
        let ticket = self.tracker.showing();
        let answer = self.client.show(self.request.id).await;
        assert_eq!(
            self.tracker.completed(ticket, &answer).violation,
            None,
            "{answer:?}"
        );
        answer
    }

    async fn seen(&mut self, status: SubjectStatus) {
        assert_eq!(self.show().await.observed, Some(Seen::Status(status)));
    }

    /// Removes what the test made, and shows that nothing with its tag is left.
    async fn clean(self) {
        let cleanup = self.client.cleanup().await;
        assert_eq!(cleanup.left, []);
        assert_eq!(self.client.tagged().await, Ok(Vec::new()));
    }
}

#[test]
fn a_whole_life() {
    let Some(config) = config() else { return };
    local(whole_life(&config));
}

#[test]
fn a_whole_life_by_identity_headers() {
    let Some(mut config) = config() else { return };
    by_headers(&mut config);
    local(whole_life(&config));
}

async fn whole_life(config: &Config) {
    let mut subject = Subject::new(config, 1);
    subject.client.hello().await.unwrap();
    let content = digest_of(subject.request.content_seed, SIZE);

    let created = subject.check(Operation::Create, Outcome::Ok).await;
    assert_eq!(created.observed, Some(Seen::Status(SubjectStatus::Queued)));
    assert_eq!(subject.client.created(), [subject.request.id]);
    subject.check(Operation::Download, Outcome::Refused).await;
    subject.check(Operation::Deactivate, Outcome::Refused).await;

    let uploaded = subject.check(Operation::Upload, Outcome::Ok).await;
    assert_eq!(uploaded.data, Some(content));
    let shown = subject.show().await;
    assert_eq!(shown.observed, Some(Seen::Status(SubjectStatus::Active)));
    assert_eq!(
        shown.data,
        Some(content),
        "the server's own size and checksum"
    );
    subject.check(Operation::Upload, Outcome::Refused).await;
    for read in [
        Operation::Download,
        Operation::Export,
        Operation::Clone,
        Operation::DownloadAsAdmin,
    ] {
        assert_eq!(
            subject.check(read, Outcome::Ok).await.data,
            Some(content),
            "{read}"
        );
    }

    subject.check(Operation::Deactivate, Outcome::Ok).await;
    subject.seen(SubjectStatus::Deactivated).await;
    let refused = subject.check(Operation::Download, Outcome::Refused).await;
    assert_eq!(refused.http_status, Some(403));
    let read = subject.check(Operation::DownloadAsAdmin, Outcome::Ok).await;
    assert_eq!(read.data, Some(content));
    subject.check(Operation::Reactivate, Outcome::Ok).await;
    subject.check(Operation::Download, Outcome::Ok).await;

    subject.check(Operation::Delete, Outcome::Ok).await;
    assert_eq!(subject.show().await.observed, Some(Seen::Gone));
    let again = subject.check(Operation::Delete, Outcome::Refused).await;
    assert_eq!(again.observed, Some(Seen::Gone));
    assert_eq!(subject.client.created(), []);
    subject.clean().await;
}

#[test]
fn an_empty_subject_is_active_and_reads_as_nothing() {
    let Some(config) = config() else { return };
    local(async {
        let mut subject = Subject::new(&config, 2);
        let created = subject.check(Operation::CreateEmpty, Outcome::Ok).await;
        assert_eq!(created.data, Some(digest_of(0, 0)));
        subject.seen(SubjectStatus::Active).await;
        let read = subject.check(Operation::Download, Outcome::Ok).await;
        assert_eq!(read.data.map(|data| data.size), Some(0));
        subject.clean().await;
    });
}

#[test]
fn an_aborted_upload_leaves_it_queued_and_it_can_be_uploaded() {
    let Some(config) = config() else { return };
    local(async {
        let mut subject = Subject::new(&config, 3);
        subject.check(Operation::Create, Outcome::Ok).await;
        let aborted = subject.check(Operation::AbortUpload, Outcome::Fail).await;
        assert_eq!(aborted.data, None);
        // Glance needs up to 0.15 s to notice. An upload in that time is refused, or worse: the aborted one queues the subject
        // again under it. That is for a storm to find; here it is given its time.
        tokio::time::sleep(Duration::from_millis(500)).await;
        subject.seen(SubjectStatus::Queued).await;
        subject.check(Operation::Upload, Outcome::Ok).await;
        subject.check(Operation::Download, Outcome::Ok).await;
        subject.clean().await;
    });
}

#[test]
fn a_delete_in_mid_upload_fails_the_upload() {
    let Some(config) = config() else { return };
    local(async {
        let mut subject = Subject::new(&config, 4);
        subject.request.size = Bytes(48 << 20);
        subject.check(Operation::Create, Outcome::Ok).await;
        let upload = subject.tracker.invoked(Operation::Upload);
        let (client, request) = (subject.client.clone(), subject.asked(Operation::Upload));
        let uploading = tokio::task::spawn_local(async move { client.perform(&request).await });
        while subject.show().await.observed != Some(Seen::Status(SubjectStatus::Saving)) {
            assert!(
                !uploading.is_finished(),
                "the upload was too quick to be caught"
            );
        }
        subject.check(Operation::Delete, Outcome::Ok).await;
        let answer = uploading.await.unwrap();
        assert_eq!(subject.tracker.completed(upload, &answer).violation, None);
        assert_ne!(answer.outcome, Outcome::Ok, "{answer:?}");
        eprintln!("the upload ended {:?} {}", answer.http_status, answer.note);
        assert_eq!(subject.show().await.observed, Some(Seen::Gone));
        subject.clean().await;
    });
}

#[test]
fn a_rival_upload_is_refused_without_waiting_for_its_end() {
    let Some(config) = config() else { return };
    local(async {
        let mut subject = Subject::new(&config, 5);
        subject.request.size = Bytes(48 << 20);
        subject.check(Operation::Create, Outcome::Ok).await;
        let first = subject.client.clone();
        let request = subject.asked(Operation::Upload);
        let uploading = tokio::task::spawn_local(async move { first.perform(&request).await });
        while subject.client.show(request.id).await.observed
            != Some(Seen::Status(SubjectStatus::Saving))
        {
            assert!(
                !uploading.is_finished(),
                "the upload was too quick to be caught"
            );
        }
        let rival = subject.client.perform(&request).await;
        // Glance answers before it has read the data; then the reply or the broken connection is seen first.
        assert!(
            matches!(rival.outcome, Outcome::Refused | Outcome::Unknown),
            "{rival:?}"
        );
        eprintln!("the rival ended {:?} {}", rival.http_status, rival.note);
        let won = uploading.await.unwrap();
        assert_eq!(won.outcome, Outcome::Ok, "{won:?}");
        assert_eq!(subject.client.show(request.id).await.data, won.data);
        subject.clean().await;
    });
}

#[test]
fn an_upload_beyond_the_size_cap_fails() {
    let Some(config) = config() else { return };
    let cap = std::env::var("STORMGLASS_GLANCE_SIZE_CAP").ok();
    let Some(cap) = cap
        .and_then(|cap| cap.parse::<u64>().ok())
        .filter(|&cap| cap <= 1 << 30)
    else {
        eprintln!("not run: the server's size cap is not known, or too large to exceed");
        return;
    };
    local(async {
        let mut subject = Subject::new(&config, 6);
        subject.request.size = Bytes(cap + (8 << 20));
        subject.check(Operation::Create, Outcome::Ok).await;
        let answer = subject.answer(Operation::Upload).await;
        assert!(
            matches!(answer.outcome, Outcome::Fail | Outcome::Unknown),
            "{answer:?}"
        );
        eprintln!("the upload ended {:?} {}", answer.http_status, answer.note);
        subject.request.size = Bytes(SIZE);
        subject.clean().await;
    });
}

#[test]
fn data_that_lies_elsewhere_is_read_from_there() {
    let Some(mut config) = config() else { return };
    local(async {
        let url = source(b"twelve bytes").await;
        assert!(
            Client::new(&config)
                .unwrap()
                .unsupported(Operation::AddLocation)
                .is_some()
        );
        config.location = Some(url);
        for (number, operations) in [
            (7, &[Operation::CreateWithLocation][..]),
            (8, &[Operation::Create, Operation::AddLocation]),
        ] {
            let mut subject = Subject::new(&config, number);
            for &operation in operations {
                subject.check(operation, Outcome::Ok).await;
            }
            subject.seen(SubjectStatus::Active).await;
            let read = subject.check(Operation::Download, Outcome::Ok).await;
            assert_eq!(read.data.map(|data| data.size), Some(12));
            subject.check(Operation::Delete, Outcome::Ok).await;
            subject.clean().await;
        }
    });
}

/// Serves `body` over HTTP to whoever asks.
async fn source(body: &'static [u8]) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/data", listener.local_addr().unwrap());
    tokio::task::spawn_local(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::task::spawn_local(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else {
                        return;
                    };
                    head.push(byte);
                }
                let length = body.len();
                let reply = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                let _ = stream.write_all(reply.as_bytes()).await;
                if head.starts_with(b"GET") {
                    let _ = stream.write_all(body).await;
                }
            });
        }
    });
    url
}

#[test]
fn cleanup_removes_what_is_left_in_any_status_and_nothing_else() {
    let Some(config) = config() else { return };
    local(async {
        let mut stranger = Subject::new(
            &Config {
                run: RunId::fresh(7),
                ..config.clone()
            },
            1,
        );
        stranger.check(Operation::Create, Outcome::Ok).await;

        let client = Client::new(&config).unwrap();
        let request = |operation, number| Request {
            operation,
            id: ImageId::new(config.run, number),
            size: Bytes(SIZE),
            content_seed: number,
            fraction: 0.5,
        };
        for number in 100..112 {
            client.perform(&request(Operation::Create, number)).await;
            let then = match number % 4 {
                0 => &[][..],
                1 => &[Operation::Upload],
                2 => &[Operation::Upload, Operation::Deactivate],
                _ => &[Operation::AbortUpload],
            };
            for &operation in then {
                client.perform(&request(operation, number)).await;
            }
        }
        // A create whose answer never comes: the client goes away, and knows the identifier all the same.
        let lost = request(Operation::Create, 112);
        assert!(
            tokio::time::timeout(Duration::from_millis(2), client.perform(&lost))
                .await
                .is_err()
        );
        assert_eq!(client.created().len(), 13);
        let cleanup = client.cleanup().await;
        assert_eq!((cleanup.removed, cleanup.left.len()), (13, 0));
        assert_eq!(client.tagged().await, Ok(Vec::new()));

        stranger.seen(SubjectStatus::Queued).await;
        stranger.clean().await;
    });
}

#[test]
fn a_wrong_token_is_one_clear_line() {
    let Some(mut config) = config() else { return };
    config.member = Identity::Token(Secret::new("nonsense"));
    local(async {
        let error = Client::new(&config).unwrap().hello().await.unwrap_err();
        assert!(
            matches!(error, HelloError::Identity { status: 401, .. }),
            "{error}"
        );
        assert!(!error.to_string().contains("nonsense"));
        let mut subject = Subject::new(&config, 9);
        subject.check(Operation::Create, Outcome::Fail).await;
    });
}

#[test]
fn deletes_are_scrubbed() {
    let Some(config) = config() else { return };
    let set = |name: &str| std::env::var(format!("STORMGLASS_GLANCE_{name}")).unwrap_or_default();
    if set("DELAYED_DELETE") != "true" || set("SCRUB_TIME") != "0" {
        eprintln!("not run: it takes STORMGLASS_GLANCE_DELAYED_DELETE=true and no scrub time");
        return;
    }
    local(async {
        let mut subject = Subject::new(&config, 10);
        let file = std::path::Path::new(&set("DIR"))
            .join("images")
            .join(subject.request.id.to_string());
        subject.check(Operation::Create, Outcome::Ok).await;
        subject.check(Operation::Upload, Outcome::Ok).await;
        subject.check(Operation::Delete, Outcome::Ok).await;
        assert!(file.exists(), "the data stays until it is scrubbed");
        // Glance dates deletes in whole seconds.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let scrubbed = std::process::Command::new(set("SCRUB")).status().unwrap();
        assert!(scrubbed.success());
        assert!(!file.exists(), "the data is gone");
        subject.clean().await;
    });
}

/// Not a test of speed: says what one client measures, beside what GLANCE.md has.
#[test]
fn latencies_of_one_client() {
    let Some(config) = config() else { return };
    local(async {
        let stages = [
            Operation::Create,
            Operation::Upload,
            Operation::Download,
            Operation::Deactivate,
            Operation::Reactivate,
            Operation::Delete,
        ];
        let mut taken = vec![Vec::new(); stages.len()];
        let mut connect = Vec::new();
        for number in 1_000..1_050 {
            let mut subject = Subject::new(&config, number);
            for (operation, taken) in stages.into_iter().zip(&mut taken) {
                let began = Instant::now();
                let answer = subject.check(operation, Outcome::Ok).await;
                taken.push(began.elapsed());
                connect.push(Duration::from_nanos(answer.connect.0));
            }
        }
        let spread = |times: &mut Vec<Duration>| {
            times.sort_unstable();
            let last = times.len() - 1;
            format!("{:?}, {:?} to {:?}", times[last / 2], times[0], times[last])
        };
        for (operation, taken) in stages.into_iter().zip(&mut taken) {
            eprintln!("{operation:>12}: median {}", spread(taken));
        }
        eprintln!("{:>12}: median {}", "connect", spread(&mut connect));
    });
}
