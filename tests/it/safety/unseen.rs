//! What cannot be seen, or steers a terminal, in texts of others: none of it comes out.

use super::fake::{Asked, Fake, reply};
use super::{Done, scenario, stormglass};
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

/// Clears the screen, sets the title, turns the direction of writing, and hides: one of each kind, and a colour of our own.
const UNSEEN: &str = "x\u{1b}[2J\u{1b}]0;t\u{7}\u{1b}[1;31m\u{9b}2J\u{85}\u{8}\u{7f}\u{202e}\u{2066}\u{200b}\u{200f}\u{2060}\u{feff}\u{ad}\u{61c}\u{e0041}\u{2028}\u{3164}y";

fn is_unseen(c: char) -> bool {
    let format = UNSEEN.chars().filter(|c| !c.is_ascii_graphic());
    c != '\n' && (c.is_control() || format.into_iter().any(|unseen| unseen == c))
}

/// All that is shown, and all that is made to be opened, holds nothing of it.
fn audited(folder: &Path, arguments: &[&str], set: &[(&str, &str)]) -> Done {
    let done = stormglass(folder, arguments, set);
    let mut outputs = vec![
        ("stdout".to_owned(), done.stdout.clone()),
        ("stderr".to_owned(), done.stderr.clone()),
    ];
    for results in ["out", "swept"] {
        for entry in fs::read_dir(folder.join(results)).into_iter().flatten() {
            let path = entry.unwrap().path();
            // Programs read these, and they say what was said.
            if path.file_name().unwrap() != "journal"
                && path.extension().is_none_or(|it| it != "jsonl")
            {
                outputs.push((
                    path.display().to_string(),
                    fs::read_to_string(&path).unwrap(),
                ));
            }
        }
    }
    for (name, text) in outputs {
        let found: Vec<char> = text.chars().filter(|&c| is_unseen(c)).collect();
        assert!(
            found.is_empty(),
            "{arguments:?}: {name} holds {found:?}:\n{text:?}"
        );
    }
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    done
}

const STEPS: &str = "\"create\", \"upload\", \"delete\"";

#[test]
fn in_a_scenario_and_its_name() {
    let folder = scenario(
        "http://127.0.0.1:1",
        &format!("whatever{UNSEEN} = 1\n# {UNSEEN}"),
        STEPS,
    );
    let odd = format!("{}.toml", UNSEEN.replace('/', ""));
    fs::copy(folder.path().join("storm.toml"), folder.path().join(&odd)).unwrap();
    let escaped = r#"x\u001B[2J\u202E\u200By"#;
    for line in [
        format!("cloud = \"{escaped}\""),
        format!("url2 = \"{escaped}\""),
        format!("\"{escaped}\" = 1"),
        format!("ca = \"{escaped}\""),
        format!("location = \"{escaped}\""),
        format!("[target.glance.commands.\"{escaped}\"]\nrun = \"x\""),
        format!("[target.glance.probe]\nstore = \"{escaped}\""),
    ] {
        let folder = scenario("http://127.0.0.1:1", &line, STEPS);
        audited(folder.path(), &["validate", "storm.toml"], &[]);
        audited(folder.path(), &["run", "storm.toml"], &[]);
    }
    for arguments in [
        &["validate", odd.as_str()][..],
        &["run", &odd],
        &["sweep", &odd],
        &["check", &odd],
        &["cleanup", &odd],
        &["cleanup", &odd, UNSEEN],
        &["run", UNSEEN],
        &["check", UNSEEN],
        &["cleanup", UNSEEN],
        &["sweep", "embedded", "--accept", &odd],
        &["sweep", "embedded", "--only", UNSEEN],
        &["sweep", "embedded", "--script", UNSEEN],
        &["sweep", UNSEEN],
        &["run", "storm.toml", "--set", UNSEEN],
        &["run", "storm.toml", "--out", &format!("/dev/null/{UNSEEN}")],
    ] {
        let done = audited(folder.path(), arguments, &[]);
        assert_ne!(done.code(), 0, "{arguments:?}");
    }
}

#[test]
fn in_names_of_a_storm() {
    // Characters that a name may hold, and people cannot see.
    let fake = Fake::honest();
    let folder = scenario(&fake.url, "", STEPS);
    let path = folder.path().join("storm.toml");
    let text = fs::read_to_string(&path).unwrap();
    let name = "=cmd\u{202e}\u{200b}\u{feff}";
    let text = text
        .replace("name = \"storm\"", "name = \"st\u{202e}\u{200b}orm\"")
        .replace(
            "[[story]]\nname = \"",
            &format!("[[story]]\nname = \"{name}"),
        );
    assert!(text.contains(name));
    fs::write(&path, text).unwrap();
    for arguments in [
        &["validate", "storm.toml"][..],
        &["run", "storm.toml", "--history", "--out", "out"],
    ] {
        let done = audited(folder.path(), arguments, &[]);
        assert_eq!(done.code(), 0, "{}", done.stderr);
    }
    audited(folder.path(), &["check", "out/history.jsonl"], &[]);
    let table = fs::read_to_string(folder.path().join("out/operations.csv")).unwrap();
    assert!(table.contains("'=cmd···"), "{table}");
}

#[test]
fn in_what_a_server_says() {
    let fake = Fake::with(Arc::new(|asked: &Asked, stream: &mut TcpStream| {
        let answers = asked.method == "PUT" || asked.method == "DELETE";
        if answers {
            let _ = reply(stream, 500, &format!("{UNSEEN} <script>`|=1+1"));
        }
        answers
    }));
    let folder = scenario(&fake.url, "", STEPS);
    let run = audited(folder.path(), &["run", "storm.toml", "--out", "out"], &[]);
    assert_eq!(run.code(), 90, "{}", run.stderr);
    let sweep = [
        "sweep",
        "storm.toml",
        "--script",
        "create upload delete",
        "--tries",
        "2",
        "--out",
        "swept",
    ];
    let done = audited(folder.path(), &sweep, &[]);
    assert!(
        folder.path().join("swept/findings.md").is_file(),
        "{}",
        done.stderr
    );
    audited(folder.path(), &["cleanup", "out"], &[]);
    let hello = Fake::with(Arc::new(|_: &Asked, stream: &mut TcpStream| {
        let _ = reply(stream, 500, UNSEEN);
        true
    }));
    let folder = scenario(&hello.url, "", STEPS);
    audited(folder.path(), &["run", "storm.toml"], &[]);
    let journal = format!(
        "stormglass journal 1\nrun 0000000000000007 {}\nnumbers 0000000000000007 4\n",
        hello.url
    );
    fs::write(folder.path().join("journal"), &journal).unwrap();
    audited(folder.path(), &["cleanup", "journal"], &[]);
    fs::write(
        folder.path().join("journal"),
        journal.replace("127", UNSEEN),
    )
    .unwrap();
    audited(folder.path(), &["cleanup", "journal"], &[]);
}

#[test]
fn in_what_a_keystone_says() {
    let text = serde_json::json!({ "token": { "catalog": [
        { "type": "image", "endpoints": [{ "interface": UNSEEN, "region": UNSEEN, "url": UNSEEN }] },
    ] } });
    let keystone = Fake::with(Arc::new(move |_: &Asked, stream: &mut TcpStream| {
        let text = text.to_string();
        use std::io::Write as _;
        let _ = write!(
            stream,
            "HTTP/1.1 201 So\r\nX-Subject-Token: t\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        true
    }));
    let folder = scenario("http://127.0.0.1:1", "cloud = \"envvars\"", STEPS);
    let path = folder.path().join("storm.toml");
    let scenario = fs::read_to_string(&path)
        .unwrap()
        .replace("url = \"http://127.0.0.1:1\"\n", "");
    fs::write(&path, scenario).unwrap();
    let set = [
        ("OS_AUTH_URL", keystone.url.as_str()),
        ("OS_USERNAME", UNSEEN),
        ("OS_PASSWORD", "p"),
        ("OS_USER_DOMAIN_NAME", UNSEEN),
    ];
    let done = audited(folder.path(), &["run", "storm.toml"], &set);
    assert!(done.stderr.contains("it has"), "{}", done.stderr);
}
