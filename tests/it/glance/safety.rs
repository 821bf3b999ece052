//! A run that is killed in mid-storm leaves images on the real server; its journal says which, and `cleanup` removes them alone.

use super::{local, place};
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;
use stormglass::lifecycle::{Operation, Outcome, Who};
use stormglass::target::glance::{Client, ImageId, Request, RunId, read_journal};
use stormglass::units::Bytes;

#[test]
fn what_a_killed_run_leaves_is_removed_and_nothing_else() {
    let Some(place) = place() else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "schema = 1\nname = \"killed\"\n[target.glance]\nurl = \"{}\"\ntoken_env = \"STORMGLASS_GLANCE_TOKEN\"\n\
         admin_token_env = \"STORMGLASS_GLANCE_ADMIN_TOKEN\"\n[load]\nusers = 4\nduration = \"10m\"\n\
         [[story]]\nname = \"one\"\nsize = \"4MiB\"\nsteps = [\"create\", \"upload\", \"deactivate\"]\n",
        place.target.url
    );
    fs::write(folder.path().join("storm.toml"), text).unwrap();
    let stormglass = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stormglass"));
        command.args(arguments).current_dir(folder.path());
        command
    };
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

        let mut storm = stormglass(&["run", "storm.toml", "--out", "out", "--quiet"]);
        let mut storm = storm
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let journal = folder.path().join("out/journal");
        let run = loop {
            if let Some(run) = read_journal(&journal)
                .ok()
                .and_then(|runs| runs.first().cloned())
            {
                break run;
            }
            assert!(storm.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::sleep(Duration::from_millis(20));
        };
        let client = Client::new(&place.target, run.run).unwrap();
        while client.tagged().await.unwrap().len() < 12 {
            assert!(storm.try_wait().unwrap().is_none(), "it ended by itself");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let early = stormglass(&["cleanup", "out", "--scenario", "storm.toml"])
            .output()
            .unwrap();
        assert!(
            String::from_utf8_lossy(&early.stderr).contains("under way"),
            "{early:?}"
        );
        storm.kill().unwrap(); // SIGKILL
        storm.wait().unwrap();

        let left = client.tagged().await.unwrap();
        assert!(left.len() >= 12, "{left:?}");
        // One of them is protected, by hand.
        let protect = Request {
            operation: Operation::Protect,
            id: left[0],
            ..image
        };
        client.perform(&protect).await;
        let cleaned = stormglass(&["cleanup", "out", "--scenario", "storm.toml"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&cleaned.stdout).into_owned();
        assert_eq!(cleaned.status.code(), Some(0), "{said}{cleaned:?}");
        assert!(said.contains(" 0 left"), "{said}");
        assert_eq!(client.tagged().await, Ok(Vec::new()));
        let again = stormglass(&["cleanup", "out", "--scenario", "storm.toml"])
            .output()
            .unwrap();
        assert!(
            String::from_utf8_lossy(&again.stdout).contains("removed before"),
            "{again:?}"
        );

        let shown = foreign.show(image.id).await;
        assert_eq!(shown.http_status, Some(200), "{shown:?}");
        assert_eq!(foreign.cleanup().await.left, []);
    });
}
