//! Calibrations that cannot go on: what was measured is kept, and what is wrong is said. `tests/calibrate/run` has those that end well.

use crate::cli::stderr;
use crate::process::stormglass;
use crate::schema::assert_results_fit;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::Duration;

const SERVICE: &str = r#"
schema = 1
name = "a service"
clock = "real"
[service]
workers = 4
[service.registry]
commit = "COMMIT"
[load]
users = 1
duration = "1s"
[[story]]
name = "a life"
size = "1MiB"
steps = ["create", "upload", "delete"]
"#;

fn folder(commit: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let service = SERVICE.replace("COMMIT", commit);
    fs::write(folder.path().join("service.toml"), service).unwrap();
    folder
}

fn document(folder: &Path) -> Value {
    assert_results_fit(&folder.join("out"));
    serde_json::from_slice(&fs::read(folder.join("out/calibration.json")).unwrap()).unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn what_was_measured_before_it_was_stopped_is_kept() {
    let folder = folder("1ms");
    let arguments =
        "calibrate service.toml --threads 4 --users 4 --for 2s --rounds 4 --out out".split(' ');
    let heard = folder.path().join("heard");
    let mut running = stormglass(arguments)
        .current_dir(folder.path())
        .stderr(fs::File::create(&heard).unwrap())
        .spawn();
    let said = || fs::read_to_string(&heard).unwrap();
    while !said().contains("3 of 60: looks, 1 user: ") {
        assert!(running.is_running(), "{}", said());
        std::thread::sleep(Duration::from_millis(5));
    }
    running.signal("INT");
    let output = running.output();
    assert_eq!(output.status.code(), Some(105), "{}", said());
    assert!(
        said().contains("kept in out/calibration.json"),
        "{}",
        said()
    );
    let document = document(folder.path());
    assert_eq!(document["calibrated"], false);
    let measured = document["measured"].as_array().unwrap();
    let stopped = format!("interrupted after {} of 60 storms", measured.len());
    assert_eq!(document["stopped"], stopped);
    assert!(measured.len() >= 3, "{measured:#?}");
    assert_eq!(measured[0]["storm"], "records, 1 user");
    assert_eq!(measured[0]["rounds"].as_array().unwrap().len(), 1);
    assert!(measured[0]["lives_per_s"].as_f64().unwrap() > 0.0);
}

#[test]
fn an_operation_that_is_done_too_seldom_is_told_at_once() {
    let folder = folder("300ms");
    let arguments =
        "calibrate service.toml --threads 4 --users 4 --for 2s --rounds 2 --quiet --out out";
    let output = stormglass(arguments.split(' '))
        .current_dir(folder.path())
        .output();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stderr(&output);
    let wanted = "in the storm `records, 1 user` an operation was done";
    assert!(said.contains(wanted), "{said}");
    assert!(said.contains("give each storm longer with --for"), "{said}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn an_earlier_one_must_have_measured_the_same_storms() {
    let folder = folder("1ms");
    let again = |document: &[u8]| {
        let _ = fs::create_dir(folder.path().join("earlier"));
        fs::write(folder.path().join("earlier/calibration.json"), document).unwrap();
        let arguments = "calibrate service.toml --again earlier --out out".split(' ');
        let output = stormglass(arguments).current_dir(folder.path()).output();
        assert!(!folder.path().join("out").exists());
        (output.status.code(), stderr(&output))
    };
    let times = json!({ "operation": "create", "count": 100, "p50_s": 0.001, "p99_s": 0.002 });
    let storm = json!({ "storm": "records, 1 user", "lives_per_s": 100.0, "operations": [times] });
    let (code, said) = again(json!({ "measured": [storm] }).to_string().as_bytes());
    assert_eq!(code, Some(1), "{said}");
    let wanted = "the earlier calibration has no storm `records, 16 users`";
    assert!(said.contains(wanted), "{said}");
    let unknown = json!({ "operation": "fly", "count": 1, "p50_s": 0.1, "p99_s": 0.2 });
    let storm = json!({ "storm": "x", "lives_per_s": 1.0, "operations": [unknown] });
    let (code, said) = again(json!({ "measured": [storm] }).to_string().as_bytes());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no operation is called fly"), "{said}");
    let (code, said) = again(b"{ not JSON");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("cannot read earlier/calibration.json"),
        "{said}"
    );
}
