//! Rust files, read roughly: comments and texts blanked, so that words and braces in them do not count.

use std::path::Path;

/// A file.
pub struct Source {
    /// Below the crate, with slashes.
    pub path: String,
    pub text: String,
    /// The text with comments, strings and characters blanked, line by line.
    pub code: String,
}

/// Every Rust file below these folders, in order.
pub fn sources(folders: &[&str]) -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in folders {
        walk(Path::new(env!("CARGO_MANIFEST_DIR")), folder, &mut sources);
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn walk(root: &Path, folder: &str, sources: &mut Vec<Source>) {
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            walk(root, &path, sources);
        } else if path.ends_with(".rs") {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            sources.push(Source::new(path, text));
        }
    }
}

impl Source {
    pub fn new(path: String, text: String) -> Source {
        let code = blanked(&text);
        Source { path, text, code }
    }

    /// Every function with a body: its name, its first line, and how many lines of code it has.
    pub fn functions(&self) -> Vec<(String, usize, usize)> {
        let lines: Vec<&str> = self.code.lines().collect();
        let mut functions = Vec::new();
        for (start, line) in lines.iter().enumerate() {
            let Some(name) = defined(line, "fn") else {
                continue;
            };
            let (mut depth, mut begun) = (0_i32, false);
            for (offset, line) in lines[start..].iter().enumerate() {
                let opened = line.matches('{').count() as i32;
                depth += opened - line.matches('}').count() as i32;
                begun |= opened > 0;
                if begun && depth <= 0 {
                    let body = lines[start..=start + offset].join("\n");
                    functions.push((name.clone(), start + 1, full_lines(&body)));
                }
                if depth <= 0 && (begun || line.trim_end().ends_with(';')) {
                    break;
                }
            }
        }
        functions
    }

    /// The names of the types and modules it defines.
    pub fn types(&self) -> impl Iterator<Item = String> {
        self.code.lines().filter_map(|line| {
            ["struct", "enum", "trait", "type", "mod"]
                .into_iter()
                .find_map(|keyword| defined(line, keyword))
        })
    }
}

/// The name behind a keyword, if the line defines something by it.
fn defined(line: &str, keyword: &str) -> Option<String> {
    let mut words = line.split(|c: char| c.is_whitespace() || c == '(' && keyword == "fn");
    words.find(|word| *word == keyword)?;
    let name = words.next()?;
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
    let name = &name[..end.unwrap_or(name.len())];
    (!name.is_empty()).then(|| name.to_owned())
}

/// Lines with code in them.
pub fn full_lines(code: &str) -> usize {
    let lines = code.lines();
    lines.filter(|line| !line.trim().is_empty()).count()
}

/// Whether a line has a path or name in it that is not part of a longer one.
pub fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// `TaskRunner`, `task_runner` and `task/runner.rs` are all task and runner, in lower case.
pub fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            let last = words.len() - 1;
            words[last].extend(c.to_lowercase());
        }
    }
    words
}

/// What `blanked` is inside of.
enum Inside {
    Code,
    LineComment,
    /// How deep: these comments nest.
    BlockComment(usize),
    /// How many `#` end it; none: a backslash escapes.
    Text(Option<usize>),
}

fn blanked(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut inside = Inside::Code;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (skip, next) = step(&inside, rest);
        let visible =
            matches!((&inside, &next), (Inside::Code, Inside::Code)) && skip == c.len_utf8();
        for c in rest[..skip].chars() {
            code.push(if c == '\n' || visible { c } else { ' ' });
        }
        (inside, rest) = (next, &rest[skip..]);
    }
    code
}

/// How far the next sign reaches, and what comes behind it.
fn step(inside: &Inside, rest: &str) -> (usize, Inside) {
    let one = rest.chars().next().map_or(1, char::len_utf8);
    match *inside {
        Inside::Code => code_step(rest, one),
        Inside::LineComment if rest.starts_with('\n') => (1, Inside::Code),
        Inside::LineComment => (one, Inside::LineComment),
        Inside::BlockComment(depth) if rest.starts_with("/*") => {
            (2, Inside::BlockComment(depth + 1))
        }
        Inside::BlockComment(1) if rest.starts_with("*/") => (2, Inside::Code),
        Inside::BlockComment(depth) if rest.starts_with("*/") => {
            (2, Inside::BlockComment(depth - 1))
        }
        Inside::BlockComment(depth) => (one, Inside::BlockComment(depth)),
        Inside::Text(None) if rest.starts_with('\\') => {
            let escaped = rest[1..].chars().next().map_or(0, char::len_utf8);
            (1 + escaped, Inside::Text(None))
        }
        Inside::Text(None) if rest.starts_with('"') => (1, Inside::Code),
        Inside::Text(Some(marks)) if rest.starts_with(&format!("\"{}", "#".repeat(marks))) => {
            (1 + marks, Inside::Code)
        }
        Inside::Text(end) => (one, Inside::Text(end)),
    }
}

fn code_step(rest: &str, one: usize) -> (usize, Inside) {
    if rest.starts_with("//") {
        return (2, Inside::LineComment);
    }
    if rest.starts_with("/*") {
        return (2, Inside::BlockComment(1));
    }
    if rest.starts_with('"') {
        return (1, Inside::Text(None));
    }
    if let Some(raw) = rest.strip_prefix('r') {
        let marks = raw.len() - raw.trim_start_matches('#').len();
        if raw[marks..].starts_with('"') {
            return (2 + marks, Inside::Text(Some(marks)));
        }
    }
    // A character, and not a lifetime: closed behind one sign or an escape.
    if let Some(quoted) = rest.strip_prefix('\'') {
        let escape = quoted.starts_with('\\');
        let first = quoted.chars().next().map_or(0, char::len_utf8);
        let from = if escape { 2 } else { first };
        if let Some(end) = quoted.get(from..).and_then(|rest| rest.find('\''))
            && (escape || end == 0)
        {
            return (1 + from + end + 1, Inside::Code);
        }
    }
    (one, Inside::Code)
}
