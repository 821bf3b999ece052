//! No circle of imports between files: whoever reads one can read what it builds on first.
//!
//! The rule: an edge leads from a file to every other file of its package that defines what it names, be it in a `use` or in a path
//! in the middle of code. What is re-exported counts as imported from where it is defined, so that a `mod.rs` that only passes
//! names on has no edges of its own; a `mod.rs` with code in it is a file like any other, and a child that imports from it must
//! not be imported by it. Tests are free. Methods are not seen: whose they are no path says.

use super::source::Source;
use std::collections::{BTreeMap, BTreeSet};

/// Each package for itself: between them cargo allows no circle.
pub const PACKAGES: [&str; 4] = [
    "src",
    "crates/model/src",
    "crates/glance/src",
    "crates/serve/src",
];

/// An import between two files of a package.
pub type Edge = (String, String);

/// Every import between these files, all of one package below `root`.
pub fn edges(root: &str, sources: &[Source]) -> BTreeSet<Edge> {
    let package = Package::new(root, sources);
    let mut edges = BTreeSet::new();
    for (module, file) in &package.files {
        let mut named = Vec::new();
        for import in &file.imports {
            // What is only passed on is imported by who takes it.
            if !import.passed_on || file.uses(&import.name) {
                named.push(import.path.clone());
            }
        }
        named.extend(file.paths.iter().cloned());
        let leads = |path: &Path| package.file_of(module, path, 0);
        let to = named.iter().filter_map(leads).filter(|to| *to != file.path);
        edges.extend(to.map(|to| (file.path.clone(), to)));
    }
    edges
}

/// The edges that lie on a circle.
pub fn circular(edges: &BTreeSet<Edge>) -> BTreeSet<Edge> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in edges {
        next.entry(from).or_default().push(to);
    }
    let reaches = |from: &str, to: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(file) = open.pop() {
            if file == to {
                return true;
            }
            if seen.insert(file) {
                open.extend(next.get(file).into_iter().flatten().copied());
            }
        }
        false
    };
    let circular = edges.iter().filter(|(from, to)| reaches(to, from));
    circular.cloned().collect()
}

/// Whether a file is a module inside the one that `parent` is.
pub fn is_below(file: &str, parent: &str) -> bool {
    let folder = parent.trim_end_matches("mod.rs").trim_end_matches(".rs");
    file.starts_with(&format!("{}/", folder.trim_end_matches('/')))
}

type Path = Vec<String>;

/// The files of a package by the module that each of them is.
struct Package {
    files: BTreeMap<Path, File>,
}

struct File {
    path: String,
    imports: Vec<Import>,
    /// Paths in the middle of code.
    paths: Vec<Path>,
    /// Words outside of `use`.
    words: BTreeSet<String>,
}

/// One name of a `use`.
struct Import {
    path: Path,
    /// What it is called here; `*` for all.
    name: String,
    passed_on: bool,
}

impl File {
    fn uses(&self, name: &str) -> bool {
        self.words.contains(name)
    }

    fn import(&self, name: &str) -> Option<&Import> {
        self.imports.iter().find(|import| import.name == name)
    }
}

impl Package {
    fn new(root: &str, sources: &[Source]) -> Package {
        let is_test = |path: &str| path.ends_with("tests.rs") || path.contains("/tests/");
        let files = (sources.iter())
            .filter(|source| source.path.starts_with(root) && !is_test(&source.path))
            .map(|source| {
                let below = &source.path[root.len() + 1..];
                let module = below.trim_end_matches(".rs").split('/');
                let module = module.filter(|part| !["mod", "lib"].contains(part));
                (module.map(str::to_owned).collect(), read(source))
            });
        Package {
            files: files.collect(),
        }
    }

    /// The file that defines what `path` names in `module`; none if that is in another package.
    fn file_of(&self, module: &[String], path: &Path, depth: usize) -> Option<String> {
        let (first, rest) = path.split_first()?;
        let mut rest = rest;
        let mut at = module.to_vec();
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop()?;
                while let Some(("super", after)) = rest.split_first().map(|(a, b)| (a.as_str(), b))
                {
                    at.pop()?;
                    rest = after;
                }
            }
            name => {
                at.push(name.to_owned());
                if !self.files.contains_key(&at) {
                    at.pop();
                    let import = self.files.get(&at)?.import(name)?;
                    return self.through(&at, import, rest, depth);
                }
            }
        }
        for (index, name) in rest.iter().enumerate() {
            at.push(name.clone());
            if self.files.contains_key(&at) {
                continue;
            }
            at.pop();
            let file = self.files.get(&at)?;
            return match file.import(name) {
                Some(import) => self.through(&at, import, &rest[index + 1..], depth),
                None => Some(file.path.clone()),
            };
        }
        // A module by itself is nothing yet: what is taken from it is named elsewhere.
        None
    }

    /// The same of what an import brought into `module`, and what is named behind it.
    fn through(
        &self,
        module: &[String],
        import: &Import,
        rest: &[String],
        depth: usize,
    ) -> Option<String> {
        if depth > 16 || import.path.first() == Some(&import.name) && import.path.len() == 1 {
            return None;
        }
        let path = [&import.path, rest].concat();
        self.file_of(module, &path, depth + 1)
    }
}

/// What a file imports and names, without its tests.
fn read(source: &Source) -> File {
    let code = source.code.split("#[cfg(test)]\nmod tests {").next();
    let tokens = tokens(code.unwrap_or_default());
    let mut file = File {
        path: source.path.clone(),
        imports: Vec::new(),
        paths: Vec::new(),
        words: BTreeSet::new(),
    };
    let mut at = 0;
    while at < tokens.len() {
        let passed_on = at > 0 && ["pub", ")"].contains(&tokens[at - 1]);
        if tokens[at] == "use" && tokens.get(at + 1) != Some(&"<") {
            at += 1;
            tree(&tokens, &mut at, &[], passed_on, &mut file.imports);
            continue;
        }
        let start = at;
        while is_word(tokens[at]) && tokens.get(at + 1) == Some(&"::") && at + 2 < tokens.len() {
            at += 2;
        }
        let path: Path = tokens[start..=at]
            .iter()
            .copied()
            .map(str::to_owned)
            .collect();
        let path: Path = path.into_iter().filter(|token| is_word(token)).collect();
        let is_whole = start == 0 || !["::", "."].contains(&tokens[start - 1]);
        if path.len() > 1 && is_whole {
            file.paths.push(path.clone());
        }
        if start == 0 || tokens[start - 1] != "mod" {
            file.words.extend(path);
        }
        at += 1;
    }
    file
}

/// One tree of a `use`, from its first token to the one behind it.
fn tree(
    tokens: &[&str],
    at: &mut usize,
    above: &[String],
    passed_on: bool,
    into: &mut Vec<Import>,
) {
    let mut path = above.to_vec();
    while let Some(&token) = tokens.get(*at) {
        match token {
            "{" => {
                *at += 1;
                while tokens.get(*at).is_some_and(|token| *token != "}") {
                    tree(tokens, at, &path, passed_on, into);
                    *at += usize::from(tokens.get(*at) == Some(&","));
                }
                *at += 1;
                return;
            }
            "," | "}" | ";" => break,
            "::" => {}
            "as" => {
                let name = tokens.get(*at + 1).map_or("", |name| name);
                *at += 2;
                into.push(Import {
                    path,
                    name: name.to_owned(),
                    passed_on,
                });
                return;
            }
            "self" if !path.is_empty() => {}
            word => path.push(word.to_owned()),
        }
        *at += 1;
    }
    let name = path.last().cloned().unwrap_or_default();
    into.push(Import {
        path,
        name,
        passed_on,
    });
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, `::`, and every other sign for itself.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(c) = rest.chars().next() {
        let length = match c {
            _ if c.is_alphanumeric() || c == '_' => rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len()),
            ':' if rest.starts_with("::") => 2,
            _ => c.len_utf8(),
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}
