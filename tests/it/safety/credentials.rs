//! No credential is ever written: not into results, not on a terminal, not into an argument list.

use super::fake::Fake;
use super::{Done, scenario, stormglass};
use std::fs;
use std::path::Path;

const SECRET: &str = "swordfish-9c1d";

/// Looks through all that was said and all that was written; the scenario itself may hold what its user wrote.
fn audit(folder: &Path, done: &Done) {
    assert!(!done.stdout.contains(SECRET), "{}", done.stdout);
    assert!(!done.stderr.contains(SECRET), "{}", done.stderr);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != "storm.toml" {
                let bytes = fs::read(&path).unwrap();
                let text = String::from_utf8_lossy(&bytes);
                assert!(!text.contains(SECRET), "{}", path.display());
            }
        }
    }
}

/// Runs a storm with these lines for its target, then cleans up, and audits both.
fn check(more: &str) {
    let fake = Fake::honest();
    let folder = scenario(&fake.url, more, "\"create\", \"upload\", \"delete\"");
    let set = [
        ("MINE", SECRET),
        ("STORMGLASS_TOKEN", SECRET),
        ("STORMGLASS_ADMIN_TOKEN", SECRET),
    ];
    let arguments = ["run", "storm.toml", "--out", "out", "--set", "seed=5"];
    let run = stormglass(folder.path(), &arguments, &set);
    let asked = fake.asked.lock().unwrap().clone();
    assert!(
        asked.iter().any(|asked| asked.head.contains(SECRET)),
        "{more}: {}",
        run.stderr
    );
    assert!(
        folder.path().join("out/run.json").is_file(),
        "{}",
        run.stderr
    );
    assert!(
        folder.path().join("out/journal").is_file(),
        "{}",
        run.stderr
    );
    audit(folder.path(), &run);
    let journal = folder.path().join("out/journal");
    // As after a crash: nothing is known to be done.
    let text = fs::read_to_string(&journal).unwrap();
    let open: String = text
        .lines()
        .filter(|line| !line.starts_with("done"))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&journal, open).unwrap();
    let done = stormglass(folder.path(), &["cleanup", "out"], &set);
    assert_eq!(done.code(), 0, "{}", done.stderr);
    audit(folder.path(), &done);
}

#[test]
fn a_token_that_the_scenario_holds() {
    check(&format!(
        "token = \"{SECRET}\"\nadmin_token = \"{SECRET}-admin\""
    ));
}

#[test]
fn a_token_of_the_environment() {
    check("token_env = \"MINE\"\nadmin_token_env = \"MINE\"\nstranger_token_env = \"MINE\"");
}

#[test]
fn an_identity_by_headers() {
    check(&format!(
        "member = {{ user = \"{SECRET}\", project = \"{SECRET}\", roles = [\"{SECRET}\"] }}"
    ));
}

#[test]
fn a_credential_on_the_command_line_is_refused_and_not_repeated() {
    let fake = Fake::honest();
    let folder = scenario(&fake.url, "", "\"create\"");
    for (key, value) in [
        ("target.glance.token", SECRET.to_owned()),
        ("target.glance.admin_token", SECRET.to_owned()),
        ("target.glance.\"reader_token\"", format!("\"{SECRET}\"")),
        (
            "target.glance.probe.database",
            format!("postgresql://me:{SECRET}@host/glance"),
        ),
        (
            "target.glance",
            format!("{{ url = \"{}\", token = \"{SECRET}\" }}", fake.url),
        ),
        (
            "target",
            format!("{{ glance = {{ token = \"{SECRET}\", }} }}"),
        ),
    ] {
        let setting = format!("{key}={value}");
        let done = stormglass(
            folder.path(),
            &["run", "storm.toml", "--set", &setting],
            &[],
        );
        assert_eq!(done.code(), 104, "{key}: {}", done.stderr);
        assert!(
            done.stderr.contains("everybody can see a command line"),
            "{}",
            done.stderr
        );
        assert!(done.stderr.contains("_env = \"NAME\""), "{}", done.stderr);
        audit(folder.path(), &done);
    }
    assert!(fake.asked.lock().unwrap().is_empty());
}

#[test]
fn a_mistake_beside_a_credential_does_not_show_it() {
    for more in [
        format!("token = \"{SECRET}\\n\""),
        format!("token = \"{SECRET}"),
        format!("token = \"{SECRET}\" oops"),
        format!("tokn = 5 # next\ntoken = \"{SECRET}\"\ntoken = \"{SECRET}\""),
        format!("admin_token = [\"{SECRET}\"]"),
        format!("probe = {{ store = 5, database = \"{SECRET}\", x = 1 }}"),
    ] {
        let folder = scenario("http://127.0.0.1:1", &more, "\"create\"");
        for command in ["run", "validate"] {
            let done = stormglass(folder.path(), &[command, "storm.toml"], &[]);
            assert_eq!(done.code(), 104, "{more}: {}", done.stderr);
            audit(folder.path(), &done);
        }
    }
    let with_password = format!("http://me:{SECRET}@127.0.0.1:1");
    let folder = scenario(&with_password, "", "\"create\"");
    let done = stormglass(folder.path(), &["run", "storm.toml"], &[]);
    assert_ne!(done.code(), 0);
    audit(folder.path(), &done);
}
