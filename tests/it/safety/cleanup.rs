//! The journal, and what `stormglass cleanup` deletes by it.

use super::fake::{Fake, Image, reply};
use super::{Done, scenario, stormglass};
use crate::glance::local;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use stormglass_glance::auth::Environment;
use stormglass_glance::target_from_environment;
use stormglass_glance::{Client, ImageId, Journal, Request, RunId, read_journal};
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use stormglass_model::units::Bytes;

const RUN: RunId = RunId(7);

fn create(number: u64) -> Request {
    Request {
        operation: Operation::Create,
        who: Who::Member,
        id: ImageId::new(RUN, number),
        size: Bytes(0),
        content_seed: 1,
        fraction: 1.0,
    }
}

fn client(fake: &Fake, journal: &Path) -> Client {
    let target = target_from_environment(&Environment::default(), Some(&fake.url)).unwrap();
    Client::new(&target, RUN)
        .unwrap()
        .with_journal(&Journal::at(journal))
}

/// A run that created so many images and went away.
fn crashed(fake: &Fake, images: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    local(async {
        let client = client(fake, &folder.path().join("journal"));
        for number in 0..images {
            assert_eq!(client.perform(&create(number)).await.outcome, Outcome::Ok);
        }
    });
    folder
}

fn cleanup(folder: &Path, more: &[&str]) -> Done {
    stormglass(folder, &[&["cleanup", "."], more].concat(), &[])
}

fn id(number: u64) -> String {
    ImageId::new(RUN, number).to_string()
}

#[test]
fn an_image_is_in_the_journal_before_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let known = Arc::new(Mutex::new(Vec::new()));
    let (seen, at) = (Arc::clone(&known), path.clone());
    let fake = Fake::with(Arc::new(move |asked: &super::fake::Asked, _: &mut _| {
        if asked.method == "POST" {
            let runs = read_journal(&at).unwrap();
            let there = runs[0].ids().any(|id| id.to_string() == asked.id());
            seen.lock().unwrap().push(there);
        }
        false
    }));
    local(async {
        let client = client(&fake, &path);
        assert!(!path.exists());
        for number in (0..600).step_by(7).chain([90_000]) {
            client.perform(&create(number)).await;
        }
    });
    let known = known.lock().unwrap();
    assert!(
        known.len() == 87 && known.iter().all(|there| *there),
        "{known:?}"
    );
}

#[test]
fn without_a_journal_no_create_is_sent() {
    let fake = Fake::honest();
    local(async {
        let client = client(&fake, Path::new("/proc/nothing/here"));
        let answer = client.perform(&create(0)).await;
        assert_eq!((answer.outcome, answer.http_status), (Outcome::Local, None));
        assert!(
            answer.note.contains("the journal cannot be written"),
            "{}",
            answer.note
        );
        assert_eq!(client.created(), []);
    });
    assert!(fake.asked.lock().unwrap().is_empty());
}

#[test]
fn it_needs_no_variable_that_it_does_not_use() {
    let fake = Fake::honest();
    let folder = crashed(&fake, 2);
    let more = "stranger_token_env = \"NOT_SET\"\n[target.glance.probe]\ndatabase_env = \"NOT_SET\"\n\
                store = \"s3://glance\"\nendpoint = \"http://127.0.0.1:1\"\naccess_key_env = \"NOT_SET\"";
    let said = scenario(&fake.url, more, "\"create\"");
    let file = said.path().join("storm.toml");
    let file = file.to_str().unwrap();
    let done = cleanup(folder.path(), &["--scenario", file]);
    assert_eq!(done.code(), 0, "{}", done.stderr);
    assert!(done.stdout.contains("2 removed"), "{}", done.stdout);
    let done = stormglass(folder.path(), &["validate", file], &[]);
    assert_eq!(done.code(), 104, "{}", done.stderr);
}

#[test]
fn only_what_the_journal_names_and_the_tag_marks_is_deleted() {
    let fake = Fake::honest();
    let folder = crashed(&fake, 5);
    let foreign = Image {
        tag: RUN.tag(),
        protected: false,
        status: "active",
    };
    {
        let mut images = fake.images.lock().unwrap();
        images.get_mut(&id(1)).unwrap().protected = true;
        images.get_mut(&id(2)).unwrap().tag = "somebody-else".to_owned();
        images.get_mut(&id(3)).unwrap().status = "deactivated";
        images.remove(&id(4));
        // It carries the tag, and is in no journal.
        images.insert("00000000-0000-4000-8000-000000000000".to_owned(), foreign);
    }
    let done = cleanup(folder.path(), &[]);
    assert_eq!(done.code(), 1, "{}", done.stderr);
    assert!(
        done.stdout.contains("3 removed, 252 not there, 1 left"),
        "{}",
        done.stdout
    );
    let reason = format!("left {}: it does not carry the tag", id(2));
    assert!(done.stdout.contains(&reason), "{}", done.stdout);
    let mut deleted = fake.ids("DELETE");
    deleted.sort();
    let mut ours = vec![id(0), id(1), id(3)];
    ours.sort();
    assert_eq!(deleted, ours);
    assert_eq!(fake.images.lock().unwrap().len(), 2);

    // Repeated once it may be deleted, and once more.
    fake.images.lock().unwrap().get_mut(&id(2)).unwrap().tag = RUN.tag();
    let again = cleanup(folder.path(), &[]);
    assert_eq!(again.code(), 0, "{}", again.stdout);
    assert!(
        again.stdout.contains("1 removed, 255 not there, 0 left"),
        "{}",
        again.stdout
    );
    let asked = fake.asked.lock().unwrap().len();
    let never = cleanup(folder.path(), &[]);
    assert_eq!(never.code(), 0);
    assert!(
        never.stdout.contains("all was removed before"),
        "{}",
        never.stdout
    );
    assert_eq!(fake.asked.lock().unwrap().len(), asked);
}

#[test]
fn it_asks_the_server_and_the_identities_of_the_scenario() {
    let fake = Fake::honest();
    let folder = crashed(&fake, 1);
    let text = "token_env = \"MINE\"\nadmin_token_env = \"THEIRS\"";
    let other = scenario(&fake.url, text, "\"create\"");
    let file = other.path().join("storm.toml");
    let set = [("MINE", "member-mine"), ("THEIRS", "admin-theirs")];
    let arguments = ["cleanup", "journal", "--scenario", file.to_str().unwrap()];
    let done = stormglass(folder.path(), &arguments, &set);
    assert_eq!(done.code(), 0, "{}{}", done.stdout, done.stderr);
    let asked = fake.asked.lock().unwrap();
    let delete = asked.iter().find(|asked| asked.method == "DELETE").unwrap();
    assert!(
        delete.head.contains("x-auth-token: admin-theirs"),
        "{}",
        delete.head
    );
}

#[test]
fn tokens_come_from_the_environment_and_the_server_from_the_command_line() {
    let fake = Fake::honest();
    let folder = crashed(&fake, 1);
    let other = Fake::honest();
    *other.images.lock().unwrap() = fake.images.lock().unwrap().clone();
    let set = [("STORMGLASS_TOKEN", "an-admin")];
    let arguments = ["cleanup", ".", "--url", &other.url];
    let done = stormglass(folder.path(), &arguments, &set);
    assert_eq!(done.code(), 0, "{}{}", done.stdout, done.stderr);
    let asked = other.asked.lock().unwrap();
    assert!(
        asked
            .iter()
            .all(|asked| asked.head.contains("x-auth-token: an-admin"))
    );
    assert_eq!(fake.ids("DELETE"), [""; 0]);
}

#[test]
fn a_run_that_ends_well_leaves_nothing_to_remove() {
    let fake = Fake::honest();
    let folder = scenario(&fake.url, "", "\"create\", \"upload\"");
    let run = stormglass(folder.path(), &["run", "storm.toml", "--out", "out"], &[]);
    assert!(
        folder.path().join("out/journal").is_file(),
        "{}",
        run.stderr
    );
    assert!(fake.images.lock().unwrap().is_empty());
    let done = stormglass(folder.path(), &["cleanup", "out"], &[]);
    assert_eq!(done.code(), 0);
    assert!(
        done.stdout.contains("all was removed before"),
        "{}",
        done.stdout
    );
}

#[test]
fn what_comes_back_after_its_delete_is_removed_at_the_end() {
    let fake = Fake::honest();
    let folder = tempfile::tempdir().unwrap();
    local(async {
        let client = client(&fake, &folder.path().join("journal"));
        client.perform(&create(0)).await;
        let kept = fake.images.lock().unwrap().clone();
        let delete = Request {
            operation: Operation::Delete,
            ..create(0)
        };
        assert_eq!(client.perform(&delete).await.outcome, Outcome::Ok);
        assert_eq!(client.created(), []);
        *fake.images.lock().unwrap() = kept;
        assert_eq!(client.cleanup().await.left, []);
    });
    assert!(fake.images.lock().unwrap().is_empty());
}

#[test]
fn a_protected_image_is_no_obstacle_at_the_end() {
    let fake = Fake::honest();
    let folder = tempfile::tempdir().unwrap();
    local(async {
        let client = client(&fake, &folder.path().join("journal"));
        client.perform(&create(0)).await;
        fake.images
            .lock()
            .unwrap()
            .get_mut(&id(0))
            .unwrap()
            .protected = true;
        assert_eq!(client.cleanup().await.left, []);
    });
    assert!(fake.images.lock().unwrap().is_empty());
}

#[test]
fn a_delete_that_is_acknowledged_and_not_done_is_told() {
    let fake = Fake::with(Arc::new(|asked: &super::fake::Asked, stream: &mut _| {
        asked.method == "DELETE" && reply(stream, 204, "").is_ok()
    }));
    let folder = crashed(&fake, 1);
    let done = cleanup(folder.path(), &[]);
    assert_eq!(done.code(), 1);
    assert!(
        done.stdout.contains("it is there after its delete"),
        "{}",
        done.stdout
    );
}

#[test]
fn what_is_no_run_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let check = |name: &str, code: i32, hint: &str| {
        let done = stormglass(at, &["cleanup", name], &[]);
        let text = done.stdout.clone() + &done.stderr;
        assert_eq!(done.code(), code, "{text}");
        assert!(text.contains(hint) && text.lines().count() == 1, "{text}");
    };
    check("nowhere", 1, "nowhere is not there");
    check(".", 1, "holds no journal");
    fs::write(at.join("run.json"), "{}").unwrap();
    check(".", 0, "no image was created");
    fs::write(at.join("journal"), "[package]\n").unwrap();
    check(".", 1, "is no journal of stormglass: line 1");
    let text = "stormglass journal 1\nrun 0000000000000007 http://192.0.2.1:9292\nnumbers 0000000000000007 5\n";
    fs::write(at.join("journal"), text).unwrap();
    check(".", 2, "http://192.0.2.1:9292 is not on this machine");
}

#[test]
fn a_server_elsewhere_is_not_touched_unless_it_is_said() {
    let folder = scenario("http://192.0.2.1:9292", "", "\"create\"");
    let done = stormglass(folder.path(), &["run", "storm.toml"], &[]);
    assert_eq!(done.code(), 2, "{}", done.stderr);
    for word in ["http://192.0.2.1:9292", "deleted", "--yes-load-this-server"] {
        assert!(done.stderr.contains(word), "{}", done.stderr);
    }
    assert!(!folder.path().join("results").exists());
}

#[test]
fn a_bucket_elsewhere_is_not_touched_unless_it_is_said() {
    let fake = Fake::honest();
    let probe =
        "[target.glance.probe]\nstore = \"s3://glance\"\nendpoint = \"http://192.0.2.1:9000\"";
    let folder = scenario(&fake.url, probe, "\"create\"");
    let set = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    let done = stormglass(folder.path(), &["sweep", "storm.toml"], &set);
    assert_eq!(done.code(), 2, "{}", done.stderr);
    for word in ["http://192.0.2.1:9000", "--yes-load-this-server"] {
        assert!(done.stderr.contains(word), "{}", done.stderr);
    }
    assert!(fake.asked.lock().unwrap().is_empty());
}

/// The other image that a copy-location makes is this run's like any other: it is tagged, in the journal, and taken away.
#[test]
fn the_copy_of_a_location_is_taken_away_whatever_happens() {
    for fails in [false, true] {
        let refused = Arc::new(Mutex::new(fails));
        let fake = Fake::with(Arc::new(
            move |asked: &super::fake::Asked, stream: &mut _| {
                let copy = asked.id() != id(0);
                let answer = match asked.method.as_str() {
                    "GET" if asked.path.ends_with(&id(0)) => {
                        let place = r#"{"url":"s3://bucket/data","metadata":{}}"#;
                        Some((200, format!(r#"{{"locations":[{place}]}}"#)))
                    }
                    "DELETE" if copy && std::mem::take(&mut *refused.lock().unwrap()) => {
                        Some((500, String::new()))
                    }
                    _ => None,
                };
                answer.is_some_and(|(status, text)| reply(stream, status, &text).is_ok())
            },
        ));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        local(async {
            let client = client(&fake, &path);
            client.perform(&create(0)).await;
            let copy = Request {
                operation: Operation::CopyLocation,
                ..create(0)
            };
            let answer = client.perform(&copy).await;
            let outcome = if fails { Outcome::Fail } else { Outcome::Ok };
            assert_eq!(answer.outcome, outcome, "{answer:?}");
            assert_eq!((answer.observed, answer.content), (None, None));
            let [first, other] = fake.ids("POST").try_into().unwrap();
            assert_eq!(first, id(0));
            let known = read_journal(&path).unwrap()[0]
                .ids()
                .any(|it| it.to_string() == other);
            assert!(known, "{other} is not in the journal");
            let asked = fake.asked.lock().unwrap().clone();
            let names = |asked: &&super::fake::Asked| asked.method == "PATCH";
            let named = asked.iter().find(names).unwrap();
            assert_eq!(named.id(), other);
            assert!(named.body.contains("s3://bucket/data"), "{}", named.body);
            let copies = |image: &Image| image.tag == RUN.tag();
            assert!(fake.images.lock().unwrap().values().all(copies));
            assert_eq!(client.created().len(), 1 + usize::from(fails));
            assert_eq!(client.cleanup().await.left, []);
            assert!(fake.images.lock().unwrap().is_empty());
        });
    }
}
