//! Texts and files that people and earlier runs write.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use stormglass::Accepted;
use stormglass_glance::auth::{Environment, cloud};
use stormglass_glance::{Reopened, read_journal};
use stormglass_model::checker::concurrent::{Rules, judge};
use stormglass_model::history::file::{Reader, Writer};
use stormglass_model::script::Script;

/// Events of a subject, at most, that are judged: so many may take a second where all are open at once.
const JUDGED: usize = 64;

/// A folder in memory, for readers that want a file. `fuzz/run` takes it away.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(format!("/dev/shm/stormglass-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder in memory");
    folder
});

/// Nothing that surrounds the fuzzer counts.
fn environment() -> Environment {
    let file = FOLDER.join("clouds.yaml").display().to_string();
    let variables = [("OS_CLIENT_CONFIG_FILE".to_owned(), file)];
    Environment::new(variables, &FOLDER, &FOLDER)
}

fn parse(text: &str, overrides: &[String]) -> Option<stormglass::Scenario> {
    let environment = Environment::new([], &FOLDER, &FOLDER);
    let read = stormglass::parse_in(&environment, "fuzz.toml", text, &FOLDER, overrides);
    read.map_err(|mistakes| {
        // To draw a hundred takes longer than to find them.
        if mistakes.count() <= 8 {
            assert!(!mistakes.plain().is_empty());
            assert!(!mistakes.graphical().is_empty());
        }
    })
    .ok()
}

/// A scenario file.
pub fn scenario(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        parse(text, &[]);
    }
}

/// What `--set` says, a line each, over a scenario that is right.
pub fn setting(data: &[u8]) {
    const SCENARIO: &str = include_str!("../../scenarios/store-chaos.toml");
    if let Ok(text) = std::str::from_utf8(data) {
        let overrides: Vec<String> = text.lines().take(16).map(str::to_owned).collect();
        parse(SCENARIO, &overrides);
    }
}

/// A saved history. One that is read is written and read again.
pub fn history(data: &[u8]) {
    let Ok(mut reader) = Reader::new(data) else {
        return;
    };
    let header = reader.header().clone();
    let rules = Rules::of(&header);
    let mut writer = Writer::new(Vec::new(), &header).expect("memory is written to");
    let mut saved = Vec::new();
    for read in &mut reader {
        let Ok((run, history)) = read else {
            return;
        };
        if history.events.len() <= JUDGED {
            judge(&history, &rules);
        }
        writer.write(run, &history).expect("memory is written to");
        saved.push((run, history));
    }
    let text = writer.finish().expect("memory is written to");
    let mut again = Reader::new(&text[..]).expect("its own header");
    let read: Result<Vec<_>, _> = again.by_ref().collect();
    assert_eq!(read.expect("its own events"), saved);
    assert!(again.is_whole());
    // Without its last line it is another, which is never whole.
    let end = text[..text.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n');
    let cut = &text[..end.map_or(0, |end| end + 1)];
    let mut cut = Reader::new(cut).expect("its own header");
    assert!(cut.by_ref().all(|read| read.is_ok()));
    assert!(!cut.is_whole());
}

/// A `clouds.yaml`, and each cloud that one may ask for.
pub fn clouds(data: &[u8]) {
    let environment = environment();
    fs::write(FOLDER.join("clouds.yaml"), data).expect("memory is written to");
    for name in ["c", "devstack", ""] {
        if let Err(mistake) = cloud(&environment, name) {
            assert!(!mistake.to_string().is_empty());
        }
    }
}

/// A script. One that is read says the same when it is written.
pub fn script(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match text.parse::<Script>() {
        Ok(script) => {
            let written = script.to_string();
            let again = written.parse::<Script>();
            assert_eq!(again.expect("what it wrote itself"), script, "{written}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A request to `serve`: a method, a path with its query, a header `Range`, and the body, each on a line but the last.
pub fn request(data: &[u8]) {
    let mut lines = data.splitn(4, |byte| *byte == b'\n');
    let mut line = || String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let (method, target, range) = (line(), line(), line());
    let body = lines.next().unwrap_or_default();
    if let Err(refusal) = stormglass_serve::inspect(&method, &target, &range, body) {
        assert!((400..600).contains(&refusal.status));
        assert!(!refusal.text.is_empty());
    }
}

/// A file of accepted findings.
pub fn accepted(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Err(errors) = Accepted::parse(text)
    {
        assert!(errors.iter().all(|error| !error.to_string().is_empty()));
    }
}

/// A journal. What is none stays as it is, and of what is one no whole line is lost.
pub fn journal(data: &[u8]) {
    let path: &Path = &FOLDER.join("journal");
    fs::write(path, data).expect("memory is written to");
    let read = read_journal(path);
    let reopened = Reopened::new(path);
    let after = fs::read(path).expect("the file is there");
    assert_eq!(read.is_ok(), reopened.is_ok());
    match read {
        Err(_) => assert_eq!(after, data),
        Ok(runs) => {
            let whole = data
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |end| end + 1);
            assert_eq!(after, data[..whole]);
            for run in runs {
                // A cleanup looks at each.
                let most = 5_000 * data.len() as u64;
                assert!(run.count() <= most, "{} images", run.count());
            }
        }
    }
}
