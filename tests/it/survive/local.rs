//! What fails on this machine is never the server's fault: too few files, a journal that cannot be written, names that lead
//! nowhere. And a run in which nothing was acknowledged proves nothing.
#![cfg(target_os = "linux")]

use crate::cli::{stderr, stdout, stormglass};
use crate::process::{self, in_shell};
use crate::safety::fake::{Asked, Fake, reply};
use serde_json::Value;
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

/// No resolver is ever asked for a label of more than 63 characters: it fails at once, on this machine.
fn nowhere() -> String {
    "a".repeat(70)
}

/// Many users at once, each with a few requests.
fn crowd(url: &str, more: &str) -> String {
    format!(
        "schema = 1\nname = \"crowd\"\n[target.glance]\nurl = \"{url}\"\nconnections = 40\n{more}\n\
         [load]\nusers = 40\nsubjects = 80\n\
         [[story]]\nname = \"one\"\nsteps = [\"create\", \"upload\", \"delete\"]\nsize = \"1KiB\"\n"
    )
}

fn written(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("it.toml"), text).unwrap();
    folder
}

const RUN: [&str; 4] = ["run", "it.toml", "--out", "out"];

/// The document of a run or a sweep that ended with results.
fn document(folder: &Path, name: &str) -> Value {
    let path: PathBuf = folder.join("out").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// What was shown, without the ends of lines.
fn one_line(output: &Output) -> String {
    let shown = stdout(output);
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Runs the binary where no more than so many files may be open at once.
fn with_files(most: u32, arguments: &[&str], folder: &Path) -> Output {
    let script = format!("ulimit -n {most}; exec \"$0\" \"$@\"");
    in_shell(&script, arguments).current_dir(folder).output()
}

/// However few files there are, the server is neither accused nor acquitted, and it is told what to do. Gives the exit code.
fn is_told(output: &Output, folder: &Path, name: &str, local: i32, most: u32) -> i32 {
    let said = format!("{most}: {}{}", stdout(output), stderr(output));
    let code = output.status.code().unwrap();
    let telling = match code {
        // Not even the program's libraries could be opened.
        127 if most < 6 => return code,
        1 => stderr(output),
        0 => {
            let first = &document(folder, name)["first_local_failure"];
            assert!(first.is_null(), "{said}");
            return code;
        }
        code => {
            assert_eq!(code, local, "{said}");
            let first = &document(folder, name)["first_local_failure"];
            assert_eq!(first["cause"], "open-files", "{said}");
            let sentence = first["sentence"].as_str().unwrap();
            assert!(sentence.contains("Too many open files"), "{sentence}");
            assert!(sentence.contains("`ulimit -n`"), "{sentence}");
            one_line(output)
        }
    };
    assert!(telling.contains("Too many open files"), "{said}");
    assert!(telling.contains("`ulimit -n`"), "{said}");
    code
}

#[test]
fn a_run_with_too_few_files_blames_this_machine() {
    let server = Fake::honest();
    let text = crowd(&server.url, "");
    let codes = (3..=30).map(|most| {
        let folder = written(&text);
        let output = with_files(most, &RUN, folder.path());
        is_told(&output, folder.path(), "run.json", 92, most)
    });
    let codes: Vec<i32> = codes.collect();
    assert!(codes.contains(&92), "some must have begun: {codes:?}");
}

#[test]
fn a_sweep_with_too_few_files_is_unknown() {
    let server = Fake::honest();
    // The server keeps no property, so none is set.
    let script = "create [show before delete]";
    let sweep = ["sweep", &server.url, "--script", script];
    let more = ["--tries", "6", "--out", "out"];
    let arguments: Vec<&str> = sweep.into_iter().chain(more).collect();
    let codes = (3..=30).map(|most| {
        let folder = tempfile::tempdir().unwrap();
        let output = with_files(most, &arguments, folder.path());
        let code = is_told(&output, folder.path(), "sweep.json", 91, most);
        if code == 91 {
            // Whoever reads the page only is told as well.
            let page = fs::read_to_string(folder.path().join("out/findings.md")).unwrap();
            assert!(page.contains("this machine failed"), "{page}");
        }
        code
    });
    let codes: Vec<i32> = codes.collect();
    assert!(codes.contains(&91), "some must have begun: {codes:?}");
}

/// As a user who may have no more than so many processes and threads. The system lets its administrator have more, so that one is
/// somebody else for this.
fn with_threads(most: u32, arguments: &[&str], folder: &Path) -> Output {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    let script = "exec 9<\"$0\"
        case $(id -u) in
            0) as='setpriv --reuid 54321 --regid 54321 --clear-groups' ;;
            *) as='unshare --user' ;;
        esac
        exec timeout --signal KILL 60 $as prlimit --nproc=$MOST /proc/self/fd/9 \"$@\"";
    in_shell(script, arguments)
        .env("MOST", most.to_string())
        .current_dir(folder)
        .output()
}

#[test]
fn a_run_with_too_few_threads_ends_and_blames_this_machine() {
    let server = Fake::honest();
    let command = "[target.glance.commands.outage]\nrun = \"true\"\nundo = \"true\"\n";
    let fault = "[[fault]]\nname = \"one\"\nat = \"server\"\nwindow = { from = \"0s\", to = \"50ms\" }\n\
                 kind = { command = \"outage\" }\n";
    let text = crowd(&server.url, command).replace("subjects = 80", "duration = \"200ms\"") + fault;
    let codes = (1..=12).map(|most| {
        let folder = written(&text);
        let arguments = RUN.into_iter().chain(["--allow-commands"]);
        let output = with_threads(most, &arguments.collect::<Vec<_>>(), folder.path());
        let said = format!("{most}: {}{}", stdout(&output), stderr(&output));
        let code = output.status.code();
        match code {
            Some(1) => assert!(said.contains("stop other programs"), "{said}"),
            Some(92) => {
                let first = &document(folder.path(), "run.json")["first_local_failure"];
                assert_eq!(first["cause"], "processes", "{said}");
                assert!(one_line(&output).contains("`ulimit -u`"), "{said}");
            }
            code => assert_eq!(code, Some(0), "{said}"),
        }
        code.unwrap()
    });
    let codes: Vec<i32> = codes.collect();
    for code in [1, 92, 0] {
        assert!(
            codes.contains(&code),
            "some must end with {code}: {codes:?}"
        );
    }
}

#[test]
fn what_a_server_is_proven_to_do_wrong_counts_before_what_this_machine_lacks() {
    let mood = |asked: &Asked, stream: &mut TcpStream| {
        asked.method == "DELETE" && reply(stream, 500, "no").is_ok()
    };
    let server = Fake::with(Arc::new(mood));
    let folder = written(&crowd(&server.url, ""));
    let output = with_files(30, &RUN, folder.path());
    assert_eq!(output.status.code(), Some(90), "{}", stderr(&output));
    let first = &document(folder.path(), "run.json")["first_local_failure"];
    assert_eq!(first["cause"], "open-files");
    let shown = one_line(&output);
    assert!(shown.contains("never left this machine"), "{shown}");
}

/// Something lies where the journal goes by the time that the run wants to write it. It ends there, and not after ten minutes.
#[test]
fn a_journal_that_cannot_be_written_stops_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("out/journal");
    let mood = move |asked: &Asked, _: &mut TcpStream| {
        if asked.path.starts_with("/v2/images?") {
            let _ = fs::create_dir(&journal);
        }
        false
    };
    let server = Fake::with(Arc::new(mood));
    let text = crowd(&server.url, "").replace("subjects = 80", "duration = \"10m\"");
    fs::write(folder.path().join("it.toml"), text).unwrap();
    let output = stormglass(&RUN, folder.path());
    assert_eq!(output.status.code(), Some(92), "{}", stderr(&output));
    let run = document(folder.path(), "run.json");
    assert_eq!(run["first_local_failure"]["cause"], "journal");
    assert!(run["operations_by_outcome"]["local"].as_u64().unwrap() >= 1);
    assert_eq!(run["interrupted"], true);
    assert_eq!(run["operations_by_outcome"]["fail"], 0);
    let shown = one_line(&output);
    assert!(shown.contains("the journal cannot be written"), "{shown}");
    assert!(shown.contains("--out"), "{shown}");
    assert_eq!(server.ids("POST"), [""; 0], "no create was sent");
}

#[test]
fn a_name_that_leads_nowhere_is_told_as_this_machines_failure() {
    let server = Fake::honest();
    let glance = crowd(&format!("http://{}:9292", nowhere()), "");
    let probe = format!(
        "[target.glance.probe]\ndatabase = \"postgresql://me@{}/glance\"",
        nowhere()
    );
    let probe = crowd(&server.url, &probe);
    for (text, command) in [(glance, "run"), (probe, "sweep")] {
        let folder = written(&text);
        let arguments = [command, "it.toml", "--yes-load-this-server"];
        let output = stormglass(&arguments, folder.path());
        assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
        let said = stderr(&output);
        assert!(said.contains("the resolver of this machine"), "{said}");
    }
    // Nor is one asked for leave to load what nobody can find.
    let unasked = ["sweep".to_owned(), format!("http://{}:9292", nowhere())];
    let said = stderr(&stormglass(
        &unasked.each_ref().map(|it| it.as_str()),
        Path::new("."),
    ));
    assert!(said.contains("the resolver of this machine"), "{said}");
    assert!(!said.contains("--yes"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let keystone = process::stormglass(["sweep", &server.url])
        .current_dir(folder.path())
        .env("OS_AUTH_URL", format!("http://{}:5000/v3", nowhere()))
        .env("OS_USERNAME", "me")
        .env("OS_PASSWORD", "swordfish")
        .env("OS_PROJECT_NAME", "mine")
        .env("OS_USER_DOMAIN_NAME", "Default")
        .env("OS_PROJECT_DOMAIN_NAME", "Default")
        .output();
    assert_eq!(keystone.status.code(), Some(1), "{}", stdout(&keystone));
    let said = stderr(&keystone);
    assert!(said.contains("cannot log in at the Keystone"), "{said}");
    assert!(said.contains("the resolver of this machine"), "{said}");
}

#[test]
fn a_run_without_one_acknowledged_operation_is_not_valid() {
    let mood = |asked: &Asked, stream: &mut TcpStream| {
        asked.method == "POST" && reply(stream, 408, "too slow").is_ok()
    };
    let server = Fake::with(Arc::new(mood));
    let folder = written(&crowd(&server.url, ""));
    let output = stormglass(&RUN, folder.path());
    assert_eq!(output.status.code(), Some(91), "{}", stdout(&output));
    assert!(stdout(&output).contains("no operation was acknowledged"));
    let because = &document(folder.path(), "run.json")["unknown_because"];
    assert!(because.as_str().unwrap().contains("nothing to judge"));

    let folder = tempfile::tempdir().unwrap();
    let sweep = ["sweep", &server.url, "--script", "create", "--tries", "4"];
    let output = stormglass(&sweep, folder.path());
    assert_eq!(output.status.code(), Some(91), "{}", stdout(&output));
    assert!(stdout(&output).contains("no create was acknowledged"));
}

#[test]
fn a_run_whose_creates_are_never_answered_is_not_valid() {
    let mood = |asked: &Asked, stream: &mut TcpStream| {
        let silent = asked.method == "POST";
        if silent {
            // Until its client gives up.
            let _ = std::io::Read::read(stream, &mut [0]);
        }
        silent
    };
    let server = Fake::with(Arc::new(mood));
    let folder = written(&crowd(&server.url, "timeout = \"6s\""));
    let output = stormglass(&RUN, folder.path());
    assert_eq!(output.status.code(), Some(91), "{}", stdout(&output));
}

#[test]
fn a_load_without_an_arrival_is_not_valid() {
    let text = "schema = 1\nname = \"none\"\n[load]\narrivals = { rate = \"1/h\" }\nduration = \"1s\"\n\
                [[story]]\nname = \"one\"\nsteps = [\"create\"]\n";
    let folder = written(text);
    let output = stormglass(&RUN, folder.path());
    assert_eq!(output.status.code(), Some(91), "{}", stdout(&output));
    assert!(stdout(&output).contains("no operation ended"));
}
