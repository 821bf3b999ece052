//! What a server's image table adds to logs.

use super::bad::requests;
use super::{learn, learned, logs};
use crate::cli::stderr;
use rusqlite::Connection;
use std::fs;
use std::path::Path;

/// Forty images that are there, of 3 MiB each, and forty that were deleted after an hour and are not purged.
fn database(folder: &Path) {
    let database = Connection::open(folder.join("glance.db")).unwrap();
    let tables = "
        CREATE TABLE images (id VARCHAR(36), name VARCHAR(255), owner VARCHAR(255), status VARCHAR(30), deleted BOOLEAN, size BIGINT,
            checksum VARCHAR(32), created_at DATETIME, deleted_at DATETIME);
        CREATE TABLE image_locations (id INTEGER PRIMARY KEY, image_id VARCHAR(36), value TEXT, status VARCHAR(30), deleted BOOLEAN);
        CREATE TABLE tasks (id INTEGER PRIMARY KEY, image_id VARCHAR(36), status VARCHAR(30));";
    database.execute_batch(tables).unwrap();
    for n in 0..40 {
        let row = format!(
            "INSERT INTO images VALUES ('{n}-4bbb-8ccc', 'kanarie', 'kanarie@example.org', 'active', 0, 3145728, NULL, '2026-11-29 10:00:00.000000', NULL);
             INSERT INTO image_locations VALUES ({n}, '{n}-4bbb-8ccc', 'file:///kanarie', 'active', 0);
             INSERT INTO images VALUES ('d{n}-4bbb-8ccc', 'kanarie', NULL, 'deleted', 1, 3145728, NULL, '2026-11-28 10:00:00', '2026-11-28 11:00:00');"
        );
        database.execute_batch(&row).unwrap();
    }
}

const SCENARIO: &str = "schema = 1\nname = \"real\"\n[load]\nusers = 1\nduration = \"1s\"\n\
     [[story]]\nname = \"one\"\nsize = \"1KiB\"\nsteps = [\"create\", \"upload\", \"delete\"]\n";

#[test]
fn sizes_and_the_stock_come_from_the_image_table() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    database(here);
    let url = format!("sqlite:///{}/glance.db", here.display());
    let target = format!(
        "[target.glance]\nurl = \"http://127.0.0.1:9292\"\n[target.glance.probe]\ndatabase = \"{url}\"\n"
    );
    fs::write(here.join("real.toml"), format!("{SCENARIO}{target}")).unwrap();
    fs::write(here.join("log"), logs::log(&requests(), logs::uwsgi)).unwrap();
    let (scenario, _) = learned(here, &["log", "--database", "real.toml"], "out");
    assert_eq!(scenario.stories[0].size.mean(), 3_145_728.0);
    assert_eq!(scenario.stock.0, 40 * 3_145_728);
    let text = fs::read_to_string(here.join("out/scenario.toml")).unwrap();
    assert!(
        text.contains("# 80 rows of the image table: 40 active, 40 deleted."),
        "{text}"
    );
    assert!(
        text.contains("they lived for 60m in the median")
            || text.contains("they lived for 1h in the median"),
        "{text}"
    );
}

#[test]
fn a_scenario_without_a_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = format!("{SCENARIO}[service.registry]\ncommit = \"1ms\"\n");
    fs::write(folder.path().join("real.toml"), embedded).unwrap();
    fs::write(
        folder.path().join("log"),
        logs::log(&requests(), logs::uwsgi),
    )
    .unwrap();
    let output = learn(
        folder.path(),
        &["log", "--database", "real.toml", "--out", "out"],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("real.toml names no database"),
        "{}",
        stderr(&output)
    );
    assert!(!folder.path().join("out").exists());
}
