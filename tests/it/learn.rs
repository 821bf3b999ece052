//! Logs are learned into a scenario: from the logs of a storm, the storm.

mod bad;
mod logs;
pub(crate) mod same;
mod table;

use crate::cli::{stderr, stdout, stormglass};
use logs::CANARIES;
use std::fs;
use std::path::Path;
use std::process::Output;
use stormglass::Scenario;

/// Runs `learn` in a folder, and looks for whoever is named in its logs through every byte that comes out.
fn learn(folder: &Path, arguments: &[&str]) -> Output {
    let output = stormglass(&[&["learn"], arguments].concat(), folder);
    let said = format!("{}{}", stdout(&output), stderr(&output));
    let out = arguments.iter().position(|it| *it == "--out");
    let written = out.map(|at| folder.join(arguments[at + 1]));
    let mut texts = vec![("what is said".to_owned(), said)];
    for file in written
        .iter()
        .filter_map(|it| fs::read_dir(it).ok())
        .flatten()
    {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        texts.push((
            path.display().to_string(),
            String::from_utf8(bytes).unwrap(),
        ));
    }
    for (name, text) in texts {
        for canary in CANARIES {
            assert!(!text.contains(canary), "{canary} in {name}:\n{text}");
        }
    }
    output
}

/// What `learn` writes, which `validate` has nothing against and which can be run.
pub(crate) fn learned(folder: &Path, arguments: &[&str], out: &str) -> (Scenario, String) {
    let output = learn(folder, &[arguments, &["--out", out]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = format!("{out}/scenario.toml");
    let valid = stormglass(&["validate", &file], folder);
    assert_eq!(valid.status.code(), Some(0), "{}", stderr(&valid));
    let run = stormglass(&["run", &file, "--out", &format!("{out}-run")], folder);
    assert!(
        matches!(run.status.code(), Some(0 | 99)),
        "{}{}",
        stdout(&run),
        stderr(&run)
    );
    let scenario = stormglass::read(&folder.join(&file), &[]);
    let scenario = scenario.unwrap_or_else(|mistakes| panic!("{}", mistakes.plain()));
    (scenario, stdout(&output))
}
