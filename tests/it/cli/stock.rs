//! `stormglass stock`: what a server's database says it stores.

use super::{stderr, stdout, stormglass};
use rusqlite::Connection;
use std::fs;
use std::path::Path;

const IMAGES: &str = "
    CREATE TABLE images (id VARCHAR(36), status VARCHAR(30), deleted BOOLEAN, size BIGINT, checksum VARCHAR(32));
    CREATE TABLE image_locations (id INTEGER PRIMARY KEY, image_id VARCHAR(36), value TEXT, status VARCHAR(30), deleted BOOLEAN);
    CREATE TABLE tasks (id INTEGER PRIMARY KEY, image_id VARCHAR(36), status VARCHAR(30));
    INSERT INTO images VALUES ('a', 'active', 0, 3221225472, NULL), ('b', 'pending_delete', 1, 1073741824, NULL);
    INSERT INTO image_locations VALUES (1, 'a', 'file:///a', 'active', 0), (2, 'b', 'file:///b', 'pending_delete', 1);";

const STORY: &str = "schema = 1\nname = \"real\"\n[load]\nusers = 1\nduration = \"1s\"\n\
     [[story]]\nname = \"one\"\nsize = \"1KiB\"\nsteps = [\"create\", \"upload\", \"delete\"]\n";

fn scenario(folder: &Path, target: &str) {
    fs::write(folder.join("real.toml"), format!("{STORY}{target}")).unwrap();
}

const GLANCE: &str = "[target.glance]\nurl = \"http://127.0.0.1:9292\"\n";

#[test]
fn what_is_stored_is_told_in_the_words_of_a_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("glance.db");
    (Connection::open(&database).unwrap().execute_batch(IMAGES)).unwrap();
    let probe = format!(
        "[target.glance.probe]\ndatabase = \"sqlite:///{}\"\n",
        database.display()
    );
    scenario(folder.path(), &format!("{GLANCE}{probe}"));
    let output = stormglass(&["stock", "real.toml"], folder.path());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    insta::assert_snapshot!(stdout(&output), @r#"
    status                images        stored
    active                     1          3GiB
    pending_delete             1          1GiB

    # for the scenario of a forecast
    [forecast]
    stock = "4294967296B"  # 4GiB
    "#);
    let json = stormglass(&["stock", "real.toml", "--json"], folder.path());
    let json: serde_json::Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(json["bytes"], 4_u64 << 30, "{json}");
    assert_eq!(json["by_status"][1]["status"], "pending_delete", "{json}");
}

#[test]
fn what_tells_no_stock_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = "[target.glance.probe]\nstore = \"/\"\n";
    for (target, why) in [
        (
            "[service.registry]\ncommit = \"1ms\"\n",
            "real.toml names no [target.glance]",
        ),
        (GLANCE, "real.toml names no [target.glance.probe]"),
        (
            &format!("{GLANCE}{store}"),
            "the probe of real.toml reads no database",
        ),
    ] {
        scenario(folder.path(), target);
        let output = stormglass(&["stock", "real.toml"], folder.path());
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
        let told = stderr(&output);
        assert_eq!(
            told,
            format!("stormglass: {why}; a database of the server says what it stores\n")
        );
    }
    scenario(
        folder.path(),
        &format!("{GLANCE}[target.glance.probe]\ndatabase = \"sqlite:///nowhere.db\"\n"),
    );
    let output = stormglass(&["stock", "real.toml"], folder.path());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
}
