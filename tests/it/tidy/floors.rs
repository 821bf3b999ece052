//! The floors of ARCHITECTURE.md within the tool: a part imports only lower parts. What `stormglass-model` and
//! `stormglass-glance` may use, their `Cargo.toml` says, and the compiler holds it.

use super::source::Source;

/// Every part of the tool, with the parts that it may import.
const FLOORS: [(&str, &[&str]); 12] = [
    ("statistics", &[]),
    ("metrics", &[]),
    ("scenario", &["metrics"]),
    ("engine", &["scenario", "metrics"]),
    ("sweep", &["scenario", "engine", "metrics", "statistics"]),
    ("capacity", &["scenario", "engine", "metrics", "statistics"]),
    (
        "calibrate",
        &["scenario", "engine", "metrics", "statistics"],
    ),
    // Folders of results, whatever made them.
    ("compare", &["metrics", "statistics"]),
    // Results only: a report knows neither what made them nor what judged them.
    (
        "report",
        &[
            "metrics",
            "scenario",
            "sweep",
            "calibrate",
            "capacity",
            "compare",
            "statistics",
        ],
    ),
    // Looks at a run under way, and shows what a report makes of that.
    ("live", &["scenario", "engine", "metrics", "report"]),
    // Logs in, a scenario out: it runs nothing.
    ("learn", &["scenario", "statistics", "report"]),
    (
        "cli",
        &[
            "scenario",
            "engine",
            "metrics",
            "report",
            "sweep",
            "calibrate",
            "capacity",
            "compare",
            "live",
            "learn",
            "statistics",
        ],
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

fn allowed(part: &str) -> Option<&'static [&'static str]> {
    let found = FLOORS.iter().find(|(name, _)| *name == part);
    found.map(|(_, may)| *may)
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
