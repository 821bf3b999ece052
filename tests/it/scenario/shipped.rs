//! The scenarios that are shipped.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use stormglass::{Scenario, Target, read};
use stormglass_model::config::Defect;

/// Every scenario file in a folder, in order.
pub fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    files
}

fn valid(path: &Path) -> Scenario {
    let scenario = read(path, &[]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let text = std::fs::read_to_string(path).unwrap();
    assert!(
        text.starts_with("# "),
        "{} does not open with why it exists",
        path.display()
    );
    assert_eq!(
        Some(scenario.name.as_str()),
        path.file_stem().and_then(|stem| stem.to_str())
    );
    scenario
}

#[test]
fn every_shipped_scenario_is_valid() {
    let files = files("scenarios");
    assert!(files.len() >= 12);
    for path in files {
        valid(&path);
    }
}

#[test]
fn every_defect_has_a_scenario_that_plants_it_alone() {
    let mut planted = BTreeSet::new();
    for path in files("scenarios/defects") {
        let scenario = valid(&path);
        let Target::Embedded(service) = &scenario.target else {
            panic!("{} plants nothing", path.display());
        };
        let defects: Vec<Defect> = service.defects.iter().collect();
        assert_eq!(
            defects
                .iter()
                .map(|defect| defect.name())
                .collect::<Vec<_>>(),
            [scenario.name.as_str()]
        );
        planted.extend(defects);
    }
    assert_eq!(planted.len(), Defect::COUNT);
}

#[test]
fn the_readme_lists_every_shipped_scenario() {
    let readme = include_str!("../../../scenarios/README.md");
    for path in files("scenarios")
        .into_iter()
        .chain(files("scenarios/defects"))
    {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(
            readme.contains(&format!("`{name}`")),
            "{name} is missing in scenarios/README.md"
        );
    }
}
