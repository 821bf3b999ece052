//! A run that is killed in mid-storm leaves images on the real server; its journal says which, and `cleanup` removes them alone.

use super::{Place, local, place};
use crate::process::{Running, stormglass};
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;
use stormglass_glance::{
    Client, Commands, ImageId, Journal, JournalRun, Request, RunId, read_journal,
};
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use stormglass_model::units::{Bytes, Span};

/// A storm that creates, uploads and deletes nothing, until it is killed.
struct Storm {
    folder: tempfile::TempDir,
    child: Running,
}

impl Storm {
    fn start(place: &Place) -> Storm {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "schema = 1\nname = \"killed\"\n[target.glance]\nurl = \"{}\"\n\
             token_env = \"STORMGLASS_GLANCE_TOKEN\"\nadmin_token_env = \"STORMGLASS_GLANCE_ADMIN_TOKEN\"\n\
             [load]\nusers = 4\nduration = \"10m\"\n[[story]]\nname = \"one\"\nsize = \"4MiB\"\n\
             steps = [\"create\", \"upload\", \"deactivate\"]\n",
            place.target.url.as_ref().unwrap()
        );
        fs::write(folder.path().join("storm.toml"), text).unwrap();
        let storm = stormglass(["run", "storm.toml", "--out", "out", "--quiet"]);
        let storm = storm.current_dir(&folder).stderr(Stdio::null());
        let child = storm.spawn();
        Storm { folder, child }
    }

    fn journal(&mut self) -> JournalRun {
        let path = self.folder.path().join("out/journal");
        loop {
            let runs = read_journal(&path).unwrap_or_default();
            if let Some(run) = runs.into_iter().next() {
                return run;
            }
            self.goes_on();
        }
    }

    fn goes_on(&mut self) {
        assert!(self.child.ended().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(20));
    }

    fn kill(&mut self) {
        self.child.kill();
    }

    /// The exit code of a cleanup, and what it said.
    fn cleanup(&self) -> (Option<i32>, String) {
        let arguments = ["cleanup", "out", "--scenario", "storm.toml"];
        let output = stormglass(arguments).current_dir(&self.folder).output();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn what_a_killed_run_leaves_is_removed_and_nothing_else() {
    let place = place();
    local(async {
        // Somebody else's image, which carries another tag.
        let foreign = Client::new(&place.target, RunId::fresh(1)).unwrap();
        let image = Request {
            operation: Operation::Create,
            who: Who::Member,
            id: ImageId::new(RunId::fresh(2), 1),
            size: Bytes(1_000),
            content_seed: 1,
            fraction: 1.0,
        };
        assert_eq!(foreign.perform(&image).await.outcome, Outcome::Ok);

        let mut storm = Storm::start(&place);
        let client = Client::new(&place.target, storm.journal().run).unwrap();
        while client.tagged().await.unwrap().len() < 12 {
            storm.goes_on();
        }
        let (code, said) = storm.cleanup();
        assert!(
            code == Some(1) && said.contains("still under way"),
            "{said}"
        );
        storm.kill();
        let left = client.tagged().await.unwrap();
        assert!(left.len() >= 12, "{left:?}");

        let (code, said) = storm.cleanup();
        assert!(code == Some(0) && said.contains(" 0 left"), "{said}");
        assert_eq!(client.tagged().await, Ok(Vec::new()));
        let (code, said) = storm.cleanup();
        assert!(code == Some(0) && said.contains("removed before"), "{said}");

        let shown = foreign.show(image.id).await;
        assert_eq!(shown.http_status, Some(200), "{shown:?}");
        assert_eq!(foreign.cleanup().await.left, []);
    });
}

/// An image without data.
async fn created(client: &Client, run: RunId) -> ImageId {
    let create = Request {
        operation: Operation::CreateEmpty,
        who: Who::Member,
        id: ImageId::new(run, 0),
        size: Bytes(0),
        content_seed: 1,
        fraction: 1.0,
    };
    assert_eq!(client.perform(&create).await.outcome, Outcome::Ok);
    create.id
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn a_protected_image_is_removed_by_either_cleanup() {
    let place = place();
    let folder = tempfile::tempdir().unwrap();
    local(async {
        let protect = |id: ImageId| {
            let url = place.target.url.as_ref().unwrap();
            let url = format!("{url}/v2/images/{id}");
            let token = std::env::var("STORMGLASS_GLANCE_TOKEN").unwrap();
            let mut curl = Command::new("curl");
            curl.args(["-sf", "-o", "/dev/null", "-X", "PATCH", &url, "-H"]);
            curl.args([
                &format!("X-Auth-Token: {token}"),
                "-H",
                PATCH,
                "-d",
                PROTECTED,
            ]);
            assert!(curl.status().unwrap().success());
        };
        for at_the_end in [true, false] {
            let run = RunId::fresh(3);
            let path = folder.path().join(format!("journal-{at_the_end}"));
            let client = Client::new(&place.target, run).unwrap();
            let client = client.with_journal(&Journal::at(&path));
            let image = created(&client, run).await;
            protect(image);
            if at_the_end {
                assert_eq!(client.cleanup().await.left, []);
            } else {
                let greeting = client.hello().await.unwrap();
                let ids = read_journal(&path).unwrap()[0].ids().collect::<Vec<_>>();
                let removal = client.remove(greeting, ids.into_iter(), |_| {}).await;
                assert_eq!((removal.removed, removal.left), (1, 0), "{removal:?}");
            }
            assert_eq!(client.tagged().await, Ok(Vec::new()));
        }
    });
}

/// A command of the fixture's.
fn fault(action: &str) -> stormglass_glance::Command {
    stormglass_glance::Command {
        damages_data: false,
        name: action.to_owned(),
        run: format!(
            "'{}/tests/glance/fault' {action}",
            env!("CARGO_MANIFEST_DIR")
        ),
        undo: None,
        timeout: Span::from_secs(30),
    }
}

#[test]
#[ignore = "needs a Glance: tests/glance/run"]
fn what_the_server_lets_nobody_delete_is_removed_by_the_last_resort() {
    let place = place();
    let folder = tempfile::tempdir().unwrap();
    local(async {
        for at_the_end in [true, false] {
            let run = RunId::fresh(4);
            let path = folder.path().join(format!("journal-{at_the_end}"));
            let without = Client::new(&place.target, run).unwrap();
            let without = without.with_journal(&Journal::at(&path));
            let image = created(&without, run).await;
            let commands = Commands::new(&[fault("half-delete")], true);
            commands.run("half-delete", Some(image)).await.unwrap();
            assert_eq!(without.cleanup().await.left, [image]);
            assert_eq!(without.tagged().await, Ok(vec![image]));

            let forbidden = Commands::new(&[], false);
            let client = || Client::new(&place.target, run).unwrap();
            let greeting = without.hello().await.unwrap();
            let client_of = |commands| client().with_last_resort(commands, fault("finish-delete"));
            let forbidden = client_of(&forbidden);
            let removal = forbidden.remove(greeting, [image].into_iter(), |_| {});
            assert_eq!(removal.await.left, 1);
            let allowed = client_of(&commands);
            if at_the_end {
                let again = without.with_last_resort(&commands, fault("finish-delete"));
                assert_eq!(again.cleanup().await.left, []);
            } else {
                let removal = allowed.remove(greeting, [image].into_iter(), |_| {});
                let removal = removal.await;
                assert_eq!((removal.removed, removal.left), (1, 0), "{removal:?}");
            }
            assert_eq!(allowed.tagged().await, Ok(Vec::new()));
        }
    });
}

const PATCH: &str = "Content-Type: application/openstack-images-v2.1-json-patch";
const PROTECTED: &str = r#"[{"op":"replace","path":"/protected","value":true}]"#;
