//! The code tests its own shape. One crate has no layers that a compiler checks, so this does.

mod circles;
mod floors;
mod source;

use source::{Source, sources};
use std::fmt::Write as _;
use std::path::Path;

/// Lines of a file, at most. Comments and empty lines are free: nobody shall save on them.
const FILE: usize = 500;
/// Lines of a function, at most; likewise.
const FUNCTION: usize = 70;

/// Only here may these words stand in code: who else needs them gets what they give as a value.
const ONLY_IN: [(&str, &[&str]); 4] = [
    ("actix", &["src/engine/"]),
    (
        "Instant::now",
        &[
            "src/engine/clock.rs",
            "crates/glance/",
            "crates/serve/src/clock.rs",
        ],
    ),
    (
        "SystemTime::now",
        &[
            "src/engine/clock.rs",
            "crates/glance/",
            "crates/serve/src/clock.rs",
        ],
    ),
    // Its order is random. Those of rustc_hash are no std ones, and are never iterated unsorted.
    ("HashMap", &[]),
];

/// A scenario says where things are and connects to none of them: these words do not occur in the code of its reader.
const NOT_IN_SCENARIOS: [&str; 6] = [
    "tokio",
    "hyper",
    "Keystone",
    "Session",
    "TcpStream",
    "Socket",
];

/// Nothing unfinished is merged.
const NOWHERE: [&str; 4] = ["todo!", "unimplemented!", "FIXME", "XXX"];

/// Names that say nothing of what a thing is.
const HOLLOW: [&str; 3] = ["manager", "helper", "util"];

/// Parents that use their own children, which take from them in turn: what they hold in common wants a file of its own.
/// Nothing else may close a circle, and one that no longer does is taken off this list.
const PARENTS: [&str; 7] = [
    "crates/model/src/checker/online/mod.rs",
    "crates/model/src/history/file.rs",
    "src/cli/mod.rs",
    "src/engine/glance/mod.rs",
    "src/report/diagram/mod.rs",
    "src/report/findings/mod.rs",
    "src/sweep/glance.rs",
];

/// Reports every breach at once.
fn none(breaches: Vec<String>) {
    let mut list = String::new();
    for breach in &breaches {
        let _ = writeln!(list, "  {breach}");
    }
    assert!(breaches.is_empty(), "{} breaches:\n{list}", breaches.len());
}

#[test]
fn a_file_imports_only_lower_floors_and_its_own_folder() {
    none(floors::breaches(&sources(&["src"])));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut breaches = Vec::new();
    let mut excused = std::collections::BTreeSet::new();
    for package in circles::PACKAGES {
        let mut edges = circles::edges(package, &sources(&[package]));
        for (from, to) in circles::circular(&edges) {
            if PARENTS.contains(&from.as_str()) && circles::is_below(&to, &from) {
                edges.remove(&(from.clone(), to));
                excused.insert(from);
            }
        }
        let circular = circles::circular(&edges);
        breaches.extend(
            circular
                .iter()
                .map(|(from, to)| format!("{from} imports {to}")),
        );
    }
    let stale = PARENTS.iter().filter(|parent| !excused.contains(**parent));
    breaches.extend(stale.map(|parent| format!("{parent} closes no circle any more")));
    none(breaches);
}

#[test]
fn files_and_functions_fit_a_head() {
    let mut breaches = Vec::new();
    for source in sources(&["src", "crates", "tests"]) {
        let path = &source.path;
        let lines = source::full_lines(&source.code);
        if lines > FILE {
            breaches.push(format!("{path} has {lines} lines, {FILE} at most"));
        }
        for (name, line, lines) in source.functions() {
            if lines > FUNCTION {
                let place = format!("{path}:{line} `{name}`");
                breaches.push(format!("{place} has {lines} lines, {FUNCTION} at most"));
            }
        }
    }
    none(breaches);
}

#[test]
fn words_stand_only_where_they_may() {
    let mut breaches = Vec::new();
    for Source { path, code, .. } in sources(&["src", "crates"]) {
        for (number, line) in code.lines().enumerate() {
            let mut breach = |word: &str| {
                breaches.push(format!("{path}:{}: `{word}`", number + 1));
            };
            for (word, places) in ONLY_IN {
                let here = places.iter().any(|place| path.starts_with(place));
                if !here && source::has_word(line, word) {
                    breach(word);
                }
            }
            let foreign = NOT_IN_SCENARIOS.iter();
            foreign
                .filter(|word| path.starts_with("src/scenario/") && source::has_word(line, word))
                .for_each(|word| breach(word));
        }
    }
    for Source { path, text, .. } in sources(&["src", "crates", "tests", "benches"]) {
        let this = path.ends_with("tidy.rs");
        for (number, line) in text.lines().enumerate().filter(|_| !this) {
            for word in NOWHERE {
                if line.contains(word) {
                    breaches.push(format!("{path}:{}: `{word}`", number + 1));
                }
            }
        }
    }
    none(breaches);
}

/// So that no test misses a crash of it.
#[test]
fn one_place_starts_the_binary() {
    let name = concat!("CARGO_BIN", "_EXE");
    let all = sources(&["src", "crates", "tests", "benches"]);
    let starts = all.iter().filter(|source| source.text.contains(name));
    let paths: Vec<&str> = starts.map(|source| source.path.as_str()).collect();
    assert_eq!(paths, ["tests/it/process.rs"]);
}

/// The tables of edges and of operations convict the embedded service, so it must not go by them.
#[test]
fn the_service_reads_no_table_that_judges_it() {
    const TABLES: [&str; 7] = [
        "operations::",
        "subject_edge",
        ".row()",
        ".kind()",
        ".creates()",
        ".reads()",
        ".sends_data()",
    ];
    let mut breaches = Vec::new();
    for Source { path, code, .. } in sources(&["crates/model/src/service"]) {
        for (number, line) in code.lines().enumerate() {
            let table = TABLES.iter().find(|table| line.contains(**table));
            breaches.extend(table.map(|table| format!("{path}:{}: `{table}`", number + 1)));
        }
    }
    none(breaches);
}

#[test]
fn names_say_what_things_are() {
    let mut breaches = Vec::new();
    for source in sources(&["src", "crates", "tests", "benches"]) {
        let names = source.types().chain([source.path.clone()]);
        for name in names {
            let parts = source::words(&name);
            for hollow in HOLLOW {
                let plural = format!("{hollow}s");
                if parts.iter().any(|part| *part == hollow || *part == plural) {
                    breaches.push(format!("{}: `{name}`", source.path));
                }
            }
        }
    }
    none(breaches);
}

/// The names that `src/lib.rs` exports, and the public functions and constants of what they name: what rustdoc lists, but
/// for fields and variants.
fn door() -> Vec<String> {
    let sources = sources(&["src"]);
    let lib = sources.iter().find(|source| source.path == "src/lib.rs");
    let exports = lib.unwrap().code.split(';').filter_map(|statement| {
        let (_, path) = statement.split_once("pub use ")?;
        let (_, names) = path.rsplit_once("::")?;
        Some(names.trim_matches(|c| "{}\n ".contains(c)).to_owned())
    });
    let split = |names: String| {
        let names = names.split(',').map(|name| name.trim().to_owned());
        names.collect::<Vec<_>>()
    };
    let mut items: Vec<String> = exports.flat_map(split).collect();
    items.retain(|name| !name.is_empty());
    let names = items.clone();
    for source in &sources {
        let (mut of, mut required) = (None, false);
        for line in source.code.lines() {
            let inherent = line.strip_prefix("impl ");
            let inherent = inherent.filter(|head| !head.contains(" for "));
            let begun = inherent.or(line.strip_prefix("pub trait "));
            // An enum of `named!` has ALL, COUNT, name, from_name and index.
            let named = line
                .strip_prefix("    ")
                .filter(|_| source.code.contains("named! {"));
            let is_of = |head: &str| {
                names
                    .iter()
                    .find(|name| head.starts_with(&format!("{name} ")))
            };
            if let Some(name) = named.and_then(is_of) {
                items.extend(
                    ["ALL", "COUNT", "name", "from_name", "index"]
                        .map(|item| format!("{name}: {item}")),
                );
            }
            if let Some(head) = begun {
                of = is_of(head);
                required = line.starts_with("pub trait ");
            }
            of = of.filter(|_| line != "}");
            let item = line.trim_start();
            let public = item.starts_with("pub fn ") || item.starts_with("pub const ");
            if let Some(of) = of
                && (public || required && item.starts_with("fn "))
            {
                items.push(format!("{of}: {item}"));
            }
        }
    }
    items
}

#[test]
fn the_door_of_the_library_is_small() {
    let items = door();
    assert!(items.len() > 40, "it sees nothing: {items:#?}");
    assert!(items.len() < 120, "{} items: {items:#?}", items.len());
    let lib = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")).unwrap();
    assert!(!lib.contains("pub mod") && !lib.contains("doc(hidden)"));
}

#[test]
fn every_scenario_opens_with_why_it_exists() {
    let mut breaches = Vec::new();
    for folder in ["scenarios", "scenarios/defects"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "toml")
                && !std::fs::read_to_string(&path).unwrap().starts_with("# ")
            {
                breaches.push(path.display().to_string());
            }
        }
    }
    none(breaches);
}

/// A guard that cannot see is worse than none.
#[test]
fn it_sees_what_is_wrong() {
    let file = |path: &str, text: &str| Source::new(path.to_owned(), text.to_owned());
    for (path, text, breach) in [
        (
            "src/metrics/a.rs",
            "use crate::engine::live;",
            "metrics imports engine",
        ),
        (
            "src/report/a.rs",
            "fn f() -> crate::engine::Error {}",
            "report imports engine",
        ),
        (
            "src/scenario/a.rs",
            "use crate::{engine};",
            "scenario imports ",
        ),
        (
            "src/metrics.rs",
            "use super::cli;",
            "`super` leads out of metrics",
        ),
        (
            "src/report/a/b.rs",
            "use super::super::super::cli;",
            "`super` leads out of report",
        ),
        ("src/odds/ends.rs", "", "is on no floor"),
    ] {
        let breaches = floors::breaches(&[file(path, text)]);
        assert!(
            breaches.len() == 1 && breaches[0].ends_with(breach),
            "{path} `{text}`: {breaches:?}"
        );
    }
    let legal = "// crate::cli\nuse super::a;\nmod t {\n    use super::super::a;\n    const X: &str = \"crate::cli\";\n}\n";
    assert_eq!(floors::breaches(&[file("src/engine/a.rs", legal)]), [""; 0]);

    let long = format!(
        "fn f(\n    a: u8,\n) {{\n    // free\n{}}}\n",
        "    g();\n".repeat(80)
    );
    assert_eq!(
        file("src/a.rs", &long).functions(),
        [("f".to_owned(), 1, 84)]
    );
    assert!(source::has_word(
        "use std::collections::HashMap;",
        "HashMap"
    ));
    assert!(!source::has_word("FxHashMap::default()", "HashMap"));
    assert_eq!(
        source::words("src/TaskManager.rs"),
        ["src", "", "task", "manager", "rs"]
    );
}

#[test]
fn a_planted_circle_is_seen() {
    let file = |path: &str, text: &str| Source::new(path.to_owned(), text.to_owned());
    let circle = [
        file(
            "src/a/mod.rs",
            "mod b;\nmod c;\npub use b::B;\npub(crate) use c::C;",
        ),
        file(
            "src/a/b.rs",
            "use super::C;\nfn f() -> impl Sized + use<> { C }",
        ),
        file(
            "src/a/c.rs",
            "use crate::{a, d::{self, D as E}};\nfn g() { a::B; d::h(); }",
        ),
        file(
            "src/d.rs",
            "// crate::a::B\n#[cfg(test)]\nmod tests {\n    use crate::a::C;\n}",
        ),
    ];
    let edge = |from: &str, to: &str| (format!("src/{from}.rs"), format!("src/{to}.rs"));
    let edges = circles::edges("src", &circle);
    let (there, back) = (edge("a/b", "a/c"), edge("a/c", "a/b"));
    assert_eq!(
        edges,
        [there.clone(), back.clone(), edge("a/c", "d")].into()
    );
    assert_eq!(circles::circular(&edges), [there, back].into());
}
