//! `results/example` is what the command in its README writes.

use super::{stderr, stdout, stormglass};
use std::fs;
use std::path::Path;

/// What depends on the machine and its mood.
const MACHINE: [&str; 8] = [
    "host",
    "threads",
    "wall_s",
    "cpu_s",
    "peak_rss_bytes",
    "estimated_bytes",
    "transitions_per_s",
    "events_per_s",
];

fn document(path: &Path) -> serde_json::Value {
    let mut run: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let object = run.as_object_mut().unwrap();
    MACHINE
        .iter()
        .for_each(|key| assert!(object.remove(*key).is_some(), "{key}"));
    run
}

#[test]
fn the_example_is_what_its_command_writes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = root.join("results/example");
    let readme = fs::read_to_string(example.join("README.md")).unwrap();
    let command = readme
        .lines()
        .find_map(|line| line.strip_prefix("$ stormglass "));
    let out = tempfile::tempdir().unwrap();
    let out = out.path().join("example");
    let words = command.unwrap().split_whitespace();
    let arguments: Vec<&str> = words.chain(["--out", out.to_str().unwrap()]).collect();
    let output = stormglass(&arguments, root);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let picture = stormglass(&["lifecycle", "--format", "svg"], root);
    fs::write(out.join("lifecycle.svg"), stdout(&picture)).unwrap();
    let names = |folder: &Path| {
        let mut names: Vec<String> = (fs::read_dir(folder).unwrap())
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "README.md")
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&out), names(&example));
    for name in names(&out) {
        let (written, kept) = (out.join(&name), example.join(&name));
        let same = match name.as_str() {
            "run.json" => document(&written) == document(&kept),
            _ => fs::read(written).unwrap() == fs::read(kept).unwrap(),
        };
        assert!(
            same,
            "results/example/{name} is out of date: run the command in its README"
        );
    }
}
