//! What the probe reads of a real server's database and store, in every state an image can be brought to.

use super::{Place, SIZE, Subject, local, place};
use std::path::PathBuf;
use std::time::Duration;
use stormglass_glance::auth::Secret;
use stormglass_glance::{BucketTarget, ProbeTarget, Routes, StoreTarget};
use stormglass_glance::{ImageId, Probe, ProbeError, RunId, content_of};
use stormglass_model::history::{Held, PresentRow, ProbeReading, Row};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus};

fn set(name: &str) -> String {
    std::env::var(format!("STORMGLASS_GLANCE_{name}")).unwrap()
}

/// The bucket in S3, if images are there.
fn bucket() -> Option<String> {
    set("STORE").strip_prefix("s3://").map(str::to_owned)
}

fn store() -> StoreTarget {
    let Some(bucket) = bucket() else {
        return StoreTarget::Folders(vec![set("STORE").into()]);
    };
    let secret = |name: &str| Secret::new(std::env::var(name).unwrap());
    StoreTarget::Bucket(BucketTarget {
        endpoint: set("S3"),
        region: "us-east-1".to_owned(),
        bucket,
        access_key: secret("AWS_ACCESS_KEY_ID"),
        secret_key: secret("AWS_SECRET_ACCESS_KEY"),
        ca: None,
    })
}

/// Puts bytes into the store behind the server's back, or takes what is there away.
fn meddle(id: ImageId, data: Option<&[u8]>) {
    match (bucket(), data) {
        (None, Some(data)) => std::fs::write(file("STORE", id), data).unwrap(),
        (None, None) => std::fs::remove_file(file("STORE", id)).unwrap(),
        (Some(bucket), data) => {
            let url = format!("{}/{bucket}/{id}", set("S3"));
            let method = if data.is_some() { "PUT" } else { "DELETE" };
            let data = String::from_utf8_lossy(data.unwrap_or_default()).into_owned();
            let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
            let user = keys.map(|name| std::env::var(name).unwrap()).join(":");
            let done = std::process::Command::new("curl")
                .args(["-sf", "-o", "/dev/null", "-X", method, "--user", &user])
                .args(["--aws-sigv4", "aws:amz:us-east-1:s3"])
                .args(["-H", "Content-Type: application/octet-stream"])
                .args(["--data-raw", &data, &url])
                .status();
            assert!(done.unwrap().success());
        }
    }
}

fn target() -> ProbeTarget {
    ProbeTarget {
        database: Some(Secret::new(set("DATABASE"))),
        store: Some(store()),
        staging: Some(set("STAGING").into()),
    }
}

async fn open() -> Probe {
    open_at(&target()).await
}

/// The test of a lost connection ends those of all tests beside it. One that was just being opened is opened again.
async fn open_at(target: &ProbeTarget) -> Probe {
    loop {
        match Probe::open(target, &Routes::default()).await {
            Err(ProbeError::Connect(_, why)) if why.contains("terminating connection") => {}
            opened => return opened.unwrap(),
        }
    }
}

/// A subject to which everything named was done, and which was then looked at.
async fn after(place: &Place, number: u64, operations: &[Operation]) -> (Subject, ProbeReading) {
    let mut subject = Subject::new(place, number);
    for &operation in operations {
        subject.check(operation, Outcome::Ok).await;
    }
    let reading = reading(&subject).await;
    (subject, reading)
}

async fn reading(subject: &Subject) -> ProbeReading {
    let reading = open().await.read(&[subject.request.id]).await.unwrap();
    assert_eq!(reading.len(), 1);
    reading[0]
}

fn file(folder: &str, id: ImageId) -> PathBuf {
    PathBuf::from(set(folder)).join(id.to_string())
}

const UPLOADED: [Operation; 2] = [Operation::Create, Operation::Upload];

/// Other tests come and go beside it, so that no more is known than what it made itself.
#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn a_stock_has_what_was_uploaded() {
    let place = place();
    local(async {
        let (subject, _) = after(&place, 3_000, &UPLOADED).await;
        let stock = open().await.stock().await.unwrap().unwrap();
        let active = stock.iter().find(|it| it.status == SubjectStatus::Active);
        let active = active.unwrap();
        assert!(active.images >= 1 && active.bytes.0 >= SIZE, "{stock:?}");
        subject.clean().await;
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn books_tell_a_whole_life() {
    let place = place();
    local(async {
        let (created, reading) = after(&place, 3_001, &[Operation::Create]).await;
        let expected = ProbeReading {
            row: Some(Row::Present(PresentRow {
                status: SubjectStatus::Queued,
                deleted: false,
                content: None,
                locations: 0,
                in_store: false,
            })),
            data: Some(Held::default()),
            tasks_open: Some(0),
        };
        assert_eq!(reading, expected);
        created.clean().await;

        let uploaded = [Operation::Create, Operation::Upload];
        let deactivated = [Operation::Create, Operation::Upload, Operation::Deactivate];
        for (number, operations, status) in [
            (3_002, &uploaded[..], SubjectStatus::Active),
            (3_003, &deactivated, SubjectStatus::Deactivated),
        ] {
            let (subject, reading) = after(&place, number, operations).await;
            let content = content_of(subject.request.content_seed, SIZE);
            let expected = ProbeReading {
                row: Some(Row::Present(PresentRow {
                    status,
                    deleted: false,
                    content: Some(content),
                    locations: 1,
                    in_store: true,
                })),
                data: Some(Held {
                    bytes: Some(SIZE),
                    ..Held::default()
                }),
                tasks_open: Some(0),
            };
            assert_eq!(reading, expected);
            subject.clean().await;
        }
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn books_tell_deleted_from_pending_delete() {
    let place = place();
    local(async {
        let delete = [Operation::Create, Operation::Upload, Operation::Delete];
        let (subject, reading) = after(&place, 3_010, &delete).await;
        let delayed = place.target.delayed_delete;
        let row = |status, waits: bool| {
            Some(Row::Present(PresentRow {
                status,
                deleted: true,
                content: Some(content_of(subject.request.content_seed, SIZE)),
                locations: u32::from(waits),
                in_store: waits,
            }))
        };
        let bytes = delayed.then_some(SIZE);
        let status = match delayed {
            true => SubjectStatus::PendingDelete,
            false => SubjectStatus::Deleted,
        };
        assert_eq!(reading.row, row(status, delayed));
        assert_eq!(reading.data.map(|held| held.bytes), Some(bytes));
        if delayed && set("SCRUB_TIME") == "0" {
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            assert!(
                std::process::Command::new(set("SCRUB"))
                    .status()
                    .unwrap()
                    .success()
            );
            let reading = self::reading(&subject).await;
            assert_eq!(reading.row, row(SubjectStatus::Deleted, false));
            assert_eq!(reading.data, Some(Held::default()));
        }
        subject.clean().await;
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn data_that_went_and_data_that_stayed_are_noticed() {
    let place = place();
    local(async {
        let (subject, _) = after(&place, 3_020, &UPLOADED).await;
        let id = subject.request.id;
        meddle(id, None);
        let hollow = reading(&subject).await;
        assert!(matches!(
            hollow.row,
            Some(Row::Present(PresentRow { in_store: true, .. }))
        ));
        assert_eq!(hollow.data, Some(Held::default()));

        meddle(id, Some(b"7 bytes"));
        let paths = [
            file("STAGING", id),
            file("STAGING", id).with_extension("uc"),
        ];
        for path in &paths {
            std::fs::write(path, [0; 7]).unwrap();
        }
        let held = reading(&subject).await.data;
        let expected = Held {
            bytes: Some(7),
            staged: Some(14),
            ..Held::default()
        };
        assert_eq!(held, Some(expected));
        meddle(id, None);
        paths
            .iter()
            .for_each(|path| std::fs::remove_file(path).unwrap());
        subject.clean().await;
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn readings_come_in_the_order_asked_and_only_of_what_was_asked() {
    let place = place();
    local(async {
        let (first, _) = after(&place, 3_030, &[Operation::Create]).await;
        let run = RunId::fresh(3);
        let (second, _) = after(&Place { run, ..place }, 3_031, &UPLOADED).await;
        let mut ids: Vec<ImageId> = (0..1_200).map(|n| ImageId::new(RunId(1), n)).collect();
        ids[7] = second.request.id;
        ids[1_100] = first.request.id;
        let reading = open().await.read(&ids).await.unwrap();
        let present: Vec<usize> = (0..ids.len())
            .filter(|&at| reading[at].row != Some(Row::Absent))
            .collect();
        assert_eq!(present, [7, 1_100]);
        assert_eq!(reading[7].data.and_then(|held| held.bytes), Some(SIZE));
        first.clean().await;
        second.clean().await;
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn either_half_can_be_probed_alone() {
    let place = place();
    local(async {
        let (subject, both) = after(&place, 3_040, &UPLOADED).await;
        let alone = |target: ProbeTarget| async move {
            let mut probe = open_at(&target).await;
            let reading = probe.read(&[subject.request.id]).await.unwrap()[0];
            (probe.describe(), reading)
        };
        let (described, reading) = alone(ProbeTarget {
            store: None,
            staging: None,
            ..target()
        })
        .await;
        let Some(Row::Present(PresentRow {
            locations: 1,
            in_store: false,
            ..
        })) = reading.row
        else {
            panic!("{reading:?}");
        };
        assert_eq!((reading.data, reading.tasks_open), (None, Some(0)));
        assert!(["postgresql", "mysql", "sqlite"].contains(&described.as_str()));
        let (described, reading) = alone(ProbeTarget {
            database: None,
            ..target()
        })
        .await;
        assert_eq!((reading.row, reading.tasks_open), (None, None));
        let kind = bucket().map_or("file store", |_| "S3 store");
        assert_eq!((reading.data, described.as_str()), (both.data, kind));
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn a_probe_that_cannot_look_says_why() {
    let database = set("DATABASE");
    let (scheme, rest) = database.split_once("://").unwrap();
    let Some((_, server)) = rest.rsplit_once('@') else {
        return eprintln!("not run: SQLite has neither users nor other databases");
    };
    local(async {
        let check = |target: ProbeTarget| async move {
            Probe::open(&target, &Routes::default()).await.unwrap_err()
        };
        // Every user may look into this one, and there are no images in it.
        let other = if scheme.starts_with("mysql") {
            "/information_schema?"
        } else {
            "/template1?"
        };
        let error = check(ProbeTarget {
            database: Some(Secret::new(database.replace("/glance?", other))),
            ..target()
        })
        .await;
        assert!(matches!(error, ProbeError::NotGlance { .. }), "{error}");
        let error = check(ProbeTarget {
            database: Some(Secret::new(format!("{scheme}://nobody:swordfish@{server}"))),
            ..target()
        })
        .await;
        assert!(matches!(error, ProbeError::Connect { .. }), "{error}");
        assert!(!error.to_string().contains("swordfish"));
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn a_lost_connection_is_opened_again() {
    let place = place();
    if !set("DATABASE").starts_with("postgresql") {
        return eprintln!("not run: it asks PostgreSQL to end the connection");
    }
    local(async {
        let (subject, before) = after(&place, 3_050, &UPLOADED).await;
        let mut probe = open().await;
        let url = set("DATABASE").replace("+psycopg2", "");
        let (admin, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stormglass'";
        let ended = admin.query(end, &[]).await.unwrap();
        assert!(!ended.is_empty());
        assert_eq!(probe.read(&[subject.request.id]).await, Ok(vec![before]));
        subject.clean().await;
    });
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn staged_data_is_found() {
    let place = place();
    local(async {
        let (subject, _) = after(&place, 3_060, &[Operation::Create]).await;
        let url = format!("{}/v2/images/{}/stage", set("URL"), subject.request.id);
        let staged = std::process::Command::new("curl")
            .args([
                "-sf",
                "-X",
                "PUT",
                "-H",
                "Content-Type: application/octet-stream",
            ])
            .args(["-H", &format!("X-Auth-Token: {}", set("TOKEN"))])
            .args(["--data-binary", "twelve bytes", &url])
            .status();
        assert!(staged.unwrap().success());
        let reading = reading(&subject).await;
        let Some(Row::Present(PresentRow {
            status: SubjectStatus::Uploading,
            locations: 0,
            ..
        })) = reading.row
        else {
            panic!("{reading:?}");
        };
        let expected = Held {
            bytes: None,
            staged: Some(12),
            ..Held::default()
        };
        assert_eq!(reading.data, Some(expected));
        subject.clean().await;
    });
}
