//! The floors of ARCHITECTURE.md: a file imports only lower floors, and siblings in its own folder.

use super::source::Source;

/// The ground: plain values that anything above may use.
const GROUND: [&str; 14] = [
    "units",
    "random",
    "lifecycle",
    "load",
    "config",
    "fault",
    "history",
    "invocation",
    "metrics",
    "progress",
    "table",
    "named",
    "script",
    "finding",
];

/// Every part above the ground, with the parts that it may import besides the ground.
const ABOVE: [(&str, &[&str]); 9] = [
    ("checker", &[]),
    ("service", &[]),
    ("scenario", &[]),
    ("target", &["service", "scenario"]),
    ("engine", &["checker", "service", "scenario", "target"]),
    ("run", &["scenario", "target", "engine"]),
    (
        "sweep",
        &["checker", "service", "scenario", "target", "engine"],
    ),
    // Results only: a report knows neither what made them nor what judged them.
    ("report", &["scenario"]),
    (
        "cli",
        &["checker", "scenario", "report", "run", "sweep", "target"],
    ),
];

/// Within the ground, what each part needs; nothing else, so that the ground stays free of circles.
const WITHIN_GROUND: [(&str, &[&str]); 14] = [
    ("named", &[]),
    ("units", &[]),
    ("table", &[]),
    ("random", &["units"]),
    ("lifecycle", &["named"]),
    ("progress", &[]),
    ("config", &["lifecycle", "named", "random", "units"]),
    ("fault", &["named", "random", "script", "units"]),
    ("load", &["lifecycle", "random", "units"]),
    (
        "history",
        &["config", "fault", "lifecycle", "load", "script", "units"],
    ),
    (
        "invocation",
        &["history", "lifecycle", "load", "metrics", "script", "units"],
    ),
    ("script", &["lifecycle", "named", "units"]),
    (
        "finding",
        &["history", "lifecycle", "named", "script", "units"],
    ),
    (
        "metrics",
        &["config", "history", "lifecycle", "load", "units"],
    ),
];

/// Every import that leads up or aside, and every part without a floor.
pub fn breaches(sources: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    for source in sources {
        let part = part_of(&source.path);
        if matches!(part, "lib" | "main") {
            continue;
        }
        let Some(allowed) = allowed(part) else {
            breaches.push(format!("{} is on no floor", source.path));
            continue;
        };
        for line in climbs(source) {
            breaches.push(format!(
                "{}:{line}: `super` leads out of {part}",
                source.path
            ));
        }
        for (line, import) in imports(&source.code) {
            if import != part && !allowed.contains(&import) {
                breaches.push(format!("{}:{line}: {part} imports {import}", source.path));
            }
        }
    }
    breaches
}

/// `src/engine/live.rs` and `src/engine.rs` are both of the engine.
fn part_of(path: &str) -> &str {
    let below = path.trim_start_matches("src/");
    let end = below.find(['/', '.']).unwrap_or(below.len());
    &below[..end]
}

fn allowed(part: &str) -> Option<Vec<&'static str>> {
    let find = |table: &[(&str, &'static [&'static str])]| {
        table
            .iter()
            .find(|(name, _)| *name == part)
            .map(|(_, may)| may.to_vec())
    };
    let above = || Some([find(&ABOVE)?, GROUND.to_vec()].concat());
    find(&WITHIN_GROUND).or_else(above)
}

/// The parts of the crate that a file names by `crate::part`, each with its line; a group behind `crate::` is
/// no part, and so on no floor.
fn imports(code: &str) -> Vec<(usize, &str)> {
    let mut imports = Vec::new();
    for (number, line) in code.lines().enumerate() {
        for (at, found) in line.match_indices("crate::") {
            let name = &line[at + found.len()..];
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
            imports.push((number + 1, &name[..end.unwrap_or(name.len())]));
        }
    }
    imports
}

/// Lines that climb out of their part by `super`: that would hide where an import leads. A module written
/// inside a file is one deeper than the file.
fn climbs(source: &Source) -> Vec<usize> {
    let folders = source.path.matches('/').count() - 1;
    let depth = folders - usize::from(source.path.ends_with("/mod.rs") && folders > 0);
    let lines = source.code.lines().enumerate();
    let climbing = lines.filter(|(_, line)| {
        let inside = usize::from(line.starts_with(' '));
        let most = line.split(|c: char| !c.is_alphanumeric() && !"_:".contains(c));
        most.map(|path| path.matches("super::").count())
            .any(|steps| steps > depth + inside)
    });
    climbing.map(|(number, _)| number + 1).collect()
}
