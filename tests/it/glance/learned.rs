//! From the logs of a real Glance, the storm that made them.

use crate::learn::learned;
use crate::learn::same::{ALL, Tells, assert_same};
use crate::process::stormglass;
use std::fs;
use std::path::Path;

const STORM: &str = r#"
schema = 1
name = "three"
[load]
arrivals = { rate = "4/s" }
subjects = 300
[[story]]
name = "used"
weight = 60
size = { lognormal = { median = "256KiB", p99 = "4MiB" } }
steps = ["create", { wait = { exponential = { mean = "1s" } } }, "upload", { wait = { exponential = { mean = "2s" } } },
    "download", { wait = "1s" }, "delete"]
[[story]]
name = "kept"
weight = 25
size = "64KiB"
steps = ["create", { wait = "1s" }, "upload", { wait = { uniform = { min = "1s", max = "5s" } } }, "delete"]
[[story]]
name = "staged"
weight = 15
size = { uniform = { min = "100KiB", max = "900KiB" } }
steps = ["create", { wait = "1s" }, "stage", "import-staged", { wait = "2s" }, "show", { wait = "2s" }, "delete"]
"#;

/// As it is on a real server: waits are between requests as that writes them down, and it takes its time.
const REAL: Tells = Tells {
    waits_ns: Some(250e6),
    ..ALL
};

fn set(name: &str) -> Option<String> {
    std::env::var(format!("STORMGLASS_GLANCE_{name}")).ok()
}

/// Whether anything has the form of an image's id: of a hash in four parts.
fn holds_id(text: &str) -> bool {
    let is_hex = |c: char| c.is_ascii_hexdigit();
    let words = text.split(|c: char| !is_hex(c) && c != '-');
    words
        .into_iter()
        .any(|word| word.len() == 36 && word.matches('-').count() == 4)
}

#[test]
#[ignore = "needs a Glance that logs requests: STORMGLASS_GLANCE_REQUEST_LOG=true tests/glance/run"]
fn the_storm_comes_out_of_the_logs_of_a_real_server() {
    if set("REQUEST_LOG").as_deref() != Some("true") {
        eprintln!("not run: STORMGLASS_GLANCE_REQUEST_LOG is not true");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let target = format!(
        "[target.glance]\nurl = \"{}\"\ntoken_env = \"STORMGLASS_GLANCE_TOKEN\"\nadmin_token_env = \"STORMGLASS_GLANCE_ADMIN_TOKEN\"\n",
        set("URL").unwrap()
    );
    let storm = format!("{STORM}{target}");
    fs::write(here.join("storm.toml"), &storm).unwrap();
    let run = stormglass(["run", "storm.toml", "--out", "storm", "--quiet"])
        .current_dir(here)
        .output();
    assert!(
        matches!(run.status.code(), Some(0 | 92)),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let log = Path::new(&set("DIR").unwrap()).join("log");
    for (file, name) in [("server", "uwsgi.log"), ("glance-api", "glance-api.log")] {
        fs::copy(log.join(file), here.join(name)).unwrap();
    }
    let lives = 300;
    let uwsgi = Tells {
        sizes: false,
        waits_ns: None,
        ..ALL
    };
    let notified = Tells {
        shows: false,
        ..REAL
    };
    for (files, tells, out) in [
        (&["uwsgi.log", "glance-api.log"][..], REAL, "both"),
        // Whole seconds, and one client whose creates cannot be told apart.
        (&["uwsgi.log"], uwsgi, "lines"),
        (&["glance-api.log"], notified, "notified"),
    ] {
        let (scenario, screen) = learned(here, files, out);
        eprintln!("{out}\n{screen}");
        assert_same(&scenario, &storm, tells, lives);
        for entry in fs::read_dir(here.join(out)).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            assert!(!holds_id(&text) && !text.contains("alice"), "{text}");
        }
        assert!(!holds_id(&screen) && !screen.contains("alice"), "{screen}");
    }
}
