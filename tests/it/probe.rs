//! Probes without a server: a database of SQLite in the shape of Glance's, and folders.

use crate::bucket;
use crate::glance::local;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::time::Duration;
use stormglass_glance::auth::Secret;
use stormglass_glance::{ImageId, Probe, ProbeError, RunId, Stock};
use stormglass_glance::{ProbeTarget, Routes, StoreTarget};
use stormglass_model::history::{Content, Held, PresentRow, ProbeReading, Row};
use stormglass_model::lifecycle::SubjectStatus;
use stormglass_model::units::Bytes;

const MD5_OF_NOTHING: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// The columns that matter; flags and sizes of one type here and of another there, as databases have them.
const TABLES: &str = "
    CREATE TABLE images (id VARCHAR(36) PRIMARY KEY, status VARCHAR(30), deleted BOOLEAN, size BIGINT, checksum VARCHAR(32));
    CREATE TABLE image_locations (id INTEGER PRIMARY KEY, image_id VARCHAR(36), value TEXT, status VARCHAR(30), deleted BOOLEAN);
    CREATE TABLE tasks (id INTEGER PRIMARY KEY, image_id VARCHAR(36), status VARCHAR(30));";

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["images", "staging"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        Connection::open(dir.path().join("glance.db"))
            .unwrap()
            .execute_batch(TABLES)
            .unwrap();
        Place { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn target(&self) -> ProbeTarget {
        ProbeTarget {
            database: Some(Secret::new(format!(
                "sqlite:///{}",
                self.path("glance.db").display()
            ))),
            store: Some(StoreTarget::Folders(vec![self.path("images")])),
            staging: Some(self.path("staging")),
        }
    }

    fn run(&self, sql: &str) {
        Connection::open(self.path("glance.db"))
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }

    fn image(&self, number: u64, rest: &str) -> ImageId {
        let id = ImageId::new(RunId(1), number);
        self.run(&format!("INSERT INTO images VALUES ('{id}', {rest})"));
        id
    }

    fn location(&self, id: ImageId, url: &str, rest: &str) {
        self.run(&format!("INSERT INTO image_locations (image_id, value, status, deleted) VALUES ('{id}', '{url}', {rest})"));
    }

    fn read(&self, images: &[ImageId]) -> Result<Vec<ProbeReading>, ProbeError> {
        local(async {
            Probe::open(&self.target(), &Routes::default())
                .await?
                .read(images)
                .await
        })
    }

    fn error(&self, target: ProbeTarget) -> ProbeError {
        local(async { Probe::open(&target, &Routes::default()).await.unwrap_err() })
    }
}

fn row(reading: &ProbeReading) -> Row {
    reading.row.unwrap()
}

#[test]
fn rows_are_read_in_the_order_asked() {
    let place = Place::new();
    let active = place.image(1, &format!("'active', 0, 0, '{MD5_OF_NOTHING}'"));
    let here = place.path("images").join(active.to_string());
    place.location(active, &format!("file://{}", here.display()), "'active', 0");
    place.location(active, "http://elsewhere/data", "'active', 0");
    place.location(active, "file:///elsewhere/data", "'deleted', 1");
    let queued = place.image(2, "'queued', 0, 5, NULL");
    place.run(&format!(
        "INSERT INTO tasks (image_id, status) VALUES ('{queued}', 'pending'), ('{queued}', 'processing'), \
         ('{queued}', 'success'), ('{active}', 'failure')"
    ));
    let absent = ImageId::new(RunId(1), 3);
    let reading = place.read(&[queued, absent, active]).unwrap();
    let expected = Row::Present(PresentRow {
        status: SubjectStatus::Queued,
        deleted: false,
        content: None,
        locations: 0,
        in_store: false,
    });
    assert_eq!(
        (row(&reading[0]), reading[0].tasks_open),
        (expected, Some(2))
    );
    assert_eq!(
        (row(&reading[1]), reading[1].tasks_open),
        (Row::Absent, Some(0))
    );
    let expected = Row::Present(PresentRow {
        status: SubjectStatus::Active,
        deleted: false,
        content: Some(Content {
            size: 0,
            checksum: 0xd41d_8cd9_8f00_b204,
        }),
        locations: 2,
        in_store: true,
    });
    assert_eq!(
        (row(&reading[2]), reading[2].tasks_open),
        (expected, Some(0))
    );
}

#[test]
fn a_pending_delete_still_has_its_place_and_a_deleted_image_none() {
    let place = Place::new();
    for (number, status, locations) in [(1, "pending_delete", 1), (2, "deleted", 0)] {
        let id = place.image(number, &format!("'{status}', 1, 0, '{MD5_OF_NOTHING}'"));
        place.location(id, "rbd://pool/image/snap", &format!("'{status}', 1"));
        let reading = place.read(&[id]).unwrap();
        assert!(
            matches!(row(&reading[0]), Row::Present(PresentRow { deleted: true, locations: found, in_store: false, .. }) if found == locations)
        );
    }
}

#[test]
fn a_location_in_the_bucket_is_known_by_any_name_of_its_host() {
    let place = Place::new();
    let fake = bucket::holding(Vec::new());
    let target = ProbeTarget {
        database: place.target().database,
        ..bucket::target(&fake.url, bucket::SECRET)
    };
    for (number, location, expected) in [
        (1, "s3://127.0.0.1:9000/glance/key", true),
        (2, "s3+http://s3/glance/key", true),
        (3, "s3+https://key:secret@s3/v1/glance/key", true),
        (4, "s3://s3/other/key", false),
        (5, "s3://glance", false),
        (6, "file:///glance/key", false),
        (7, "glance/key", false),
    ] {
        let id = place.image(number, &format!("'active', 0, 0, '{MD5_OF_NOTHING}'"));
        place.location(id, location, "'active', 0");
        let reading = local(async {
            Probe::open(&target, &Routes::default())
                .await?
                .read(&[id])
                .await
        });
        let row = row(&reading.unwrap()[0]);
        let has = matches!(row, Row::Present(row) if row.in_store);
        assert_eq!(has, expected, "{location}");
    }
}

#[test]
fn files_are_summed_by_exact_name() {
    let place = Place::new();
    let [one, other, none] = [1, 2, 3].map(|number| ImageId::new(RunId(1), number));
    let write =
        |name: String, size: usize| std::fs::write(place.path(&name), vec![0; size]).unwrap();
    write(format!("images/{one}"), 0);
    write(format!("images/{other}.bak"), 9);
    write(format!("staging/{other}"), 5);
    write(format!("staging/{other}.uc"), 6);
    write(format!("staging/{other}.converted"), 7);
    let reading = place.read(&[other, none, one]).unwrap();
    let held = |bytes, staged| {
        Some(Held {
            bytes,
            staged,
            ..Held::default()
        })
    };
    let data: Vec<_> = reading.iter().map(|reading| reading.data).collect();
    assert_eq!(
        data,
        [held(None, Some(18)), held(None, None), held(Some(0), None)]
    );
}

const BOTH: [&str; 2] = ["images", "copies"];

/// An image whose row names these stores, and of which each of the two holds a file of so many bytes, or none.
fn stored(place: &Place, number: u64, named: &[&str], files: [Option<usize>; 2]) -> ImageId {
    let id = place.image(number, "'active', 0, 9, NULL");
    let file = |folder: &str| place.path(folder).join(id.to_string());
    for folder in named {
        let url = format!("file://{}", file(folder).display());
        place.location(id, &url, "'active', 0");
    }
    for (folder, size) in BOTH.iter().zip(files) {
        if let Some(size) = size {
            std::fs::write(file(folder), vec![0; size]).unwrap();
        }
    }
    id
}

/// What the row names must be there, and what it does not name must not.
#[test]
fn of_several_stores_each_holds_what_the_row_names() {
    let place = Place::new();
    std::fs::create_dir(place.path("copies")).unwrap();
    let target = ProbeTarget {
        store: Some(StoreTarget::Folders(BOTH.map(|it| place.path(it)).to_vec())),
        ..place.target()
    };
    let cases: [(&[&str], [Option<usize>; 2], _); 10] = [
        (&BOTH, [Some(9), Some(9)], (Some(9), None, false)),
        (&BOTH, [Some(5), Some(9)], (Some(9), None, true)),
        (&BOTH, [Some(9), None], (Some(9), None, true)),
        (&BOTH, [None, None], (None, None, false)),
        (&BOTH[1..], [None, Some(9)], (Some(9), None, false)),
        (&BOTH[1..], [Some(8), Some(9)], (Some(9), Some(8), false)),
        (&BOTH[1..], [Some(8), None], (None, Some(8), false)),
        (&BOTH[..1], [Some(9), Some(8)], (Some(9), Some(8), false)),
        (&[], [None, Some(8)], (None, Some(8), false)),
        (&[], [Some(9), None], (Some(9), None, false)),
    ];
    let images = (0..).zip(cases);
    let images = images.map(|(number, (named, files, _))| stored(&place, number, named, files));
    let images: Vec<ImageId> = images.collect();
    let read = |target: ProbeTarget| {
        local(async {
            (Probe::open(&target, &Routes::default()).await?)
                .read(&images)
                .await
        })
        .unwrap()
    };
    for ((named, files, expected), reading) in cases.into_iter().zip(read(target.clone())) {
        let held = reading.data.unwrap();
        let found = (held.bytes, held.stray, held.lacking);
        assert_eq!(found, expected, "{named:?} {files:?}");
        let in_store = !named.is_empty();
        assert!(matches!(row(&reading), Row::Present(row) if row.in_store == in_store));
    }
    let files = [0, 3, 9].map(|case| target.files(images[case]).len());
    assert_eq!(files, [2, 0, 1]);
    let rowless = ProbeTarget {
        database: None,
        ..target
    };
    let strays = |reading: &ProbeReading| reading.data.is_none_or(|held| held.stray.is_some());
    assert!(
        !read(rowless).iter().any(strays),
        "nobody knows where it should be"
    );
}

#[test]
fn links_are_not_followed() {
    let place = Place::new();
    let id = ImageId::new(RunId(1), 1);
    std::os::unix::fs::symlink(
        place.path("glance.db"),
        place.path("images").join(id.to_string()),
    )
    .unwrap();
    let error = place.read(&[id]).unwrap_err();
    assert!(error.to_string().contains("not a file"), "{error}");
}

#[test]
fn a_folder_that_went_away_is_not_an_empty_one() {
    let place = Place::new();
    let id = ImageId::new(RunId(1), 1);
    local(async {
        let mut probe = Probe::open(&place.target(), &Routes::default())
            .await
            .unwrap();
        std::fs::remove_dir(place.path("staging")).unwrap();
        let error = probe.read(&[id]).await.unwrap_err();
        assert!(matches!(error, ProbeError::Store { .. }), "{error}");
    });
}

#[test]
fn what_cannot_be_probed_is_said_at_once() {
    let place = Place::new();
    let database = |url: String| {
        let error = place.error(ProbeTarget {
            database: Some(Secret::new(url)),
            ..place.target()
        });
        assert!(!error.to_string().contains("swordfish"), "{error}");
        error
    };
    assert!(matches!(
        database("oracle://a:swordfish@b/c".into()),
        ProbeError::Address(_)
    ));
    // Nobody listens on port 1.
    for kind in ["postgresql", "mysql"] {
        let error = database(format!("{kind}://a:swordfish@127.0.0.1:1/glance"));
        assert!(matches!(error, ProbeError::Connect { .. }), "{error}");
    }
    let error = database(format!("sqlite:///{}", place.path("nothing.db").display()));
    assert!(error.to_string().contains("four slashes"), "{error}");
    assert!(!place.path("nothing.db").exists());
    place.run("DROP TABLE tasks");
    let error = place.error(place.target());
    assert!(
        matches!(&error, ProbeError::NotGlance(_, why) if why.contains("tasks")),
        "{error}"
    );
    place.run("CREATE TABLE tasks (id INTEGER PRIMARY KEY, status TEXT)");
    let error = place.error(place.target());
    assert!(
        matches!(&error, ProbeError::NotGlance(_, why) if why.contains("image_id")),
        "{error}"
    );
    std::fs::write(
        place.path("glance.db"),
        "no database at all, whatever its name",
    )
    .unwrap();
    let error = place.error(place.target());
    assert!(matches!(error, ProbeError::Query { .. }), "{error}");
}

#[test]
fn a_row_that_no_image_service_writes_is_shown() {
    for (status, checksum) in [
        ("asleep", MD5_OF_NOTHING),
        ("active", ""),
        ("active", "d41d"),
        ("active", "x41d8cd98f00b204e9800998ecf8427e"),
        ("active", "é41d8cd98f00b204e9800998ecf8427"),
    ] {
        let place = Place::new();
        let id = place.image(1, &format!("'{status}', 0, 5, '{checksum}'"));
        let error = place.read(&[id]).unwrap_err().to_string();
        assert!(error.contains("not one of an image service"), "{error}");
        assert!(error.contains(status), "{error}");
    }
}

/// Neither does it wait for the probe: the probe holds no lock while it waits, and leaves no file beside the database.
#[test]
fn a_writer_is_waited_for() {
    let place = Place::new();
    let id = place.image(1, "'queued', 0, NULL, NULL");
    local(async {
        let mut probe = Probe::open(&place.target(), &Routes::default())
            .await
            .unwrap();
        let writer = Connection::open(place.path("glance.db")).unwrap();
        writer
            .execute_batch("BEGIN EXCLUSIVE; UPDATE images SET status = 'saving'")
            .unwrap();
        let commit = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            writer.execute_batch("COMMIT").unwrap();
        };
        let asked = [id];
        let (reading, ()) = tokio::join!(probe.read(&asked), commit);
        assert!(matches!(
            row(&reading.unwrap()[0]),
            Row::Present(PresentRow {
                status: SubjectStatus::Saving,
                ..
            })
        ));
    });
    let mut files: Vec<String> = names(place.dir.path());
    files.sort();
    assert_eq!(files, ["glance.db", "images", "staging"]);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Everybody's images count, each copy by itself, and what waits for the scrubber; not what is gone or lies elsewhere.
#[test]
fn a_stock_is_what_a_server_stores_at_all() {
    let place = Place::new();
    let stock = || {
        local(async {
            let target = ProbeTarget {
                store: None,
                staging: None,
                ..place.target()
            };
            Probe::open(&target, &Routes::default())
                .await?
                .stock()
                .await
        })
    };
    assert_eq!(stock().unwrap(), Some(Vec::new()));
    let one = place.image(1, "'active', 0, 100, NULL");
    place.location(one, "file:///a", "'active', 0");
    place.location(one, "s3://b/a", "'active', 0");
    place.location(one, "file:///old", "'deleted', 1");
    let two = place.image(2, "'active', 0, 7, NULL");
    place.location(two, "https://elsewhere/two", "'active', 0");
    let waits = place.image(3, "'pending_delete', 1, 30, NULL");
    place.location(waits, "file:///waits", "'pending_delete', 1");
    let gone = place.image(4, "'deleted', 1, 900, NULL");
    place.location(gone, "file:///gone", "'deleted', 1");
    place.image(5, "'queued', 0, NULL, NULL");
    let held = |status, images, bytes| Stock {
        status,
        images,
        bytes: Bytes(bytes),
    };
    let expected = vec![
        held(SubjectStatus::Queued, 1, 0),
        held(SubjectStatus::Active, 2, 200),
        held(SubjectStatus::PendingDelete, 1, 30),
        held(SubjectStatus::Deleted, 1, 0),
    ];
    assert_eq!(stock().unwrap(), Some(expected));
    place.image(6, "'melted', 0, 1, NULL");
    let error = stock().unwrap_err().to_string();
    assert!(
        error.contains("a row of images is not one of an image service: melted, 1, 0"),
        "{error}"
    );
}

#[test]
fn without_a_database_no_stock_is_known() {
    let place = Place::new();
    let target = ProbeTarget {
        database: None,
        ..place.target()
    };
    let stock = local(async {
        Probe::open(&target, &Routes::default())
            .await?
            .stock()
            .await
    });
    assert_eq!(stock.unwrap(), None);
}
