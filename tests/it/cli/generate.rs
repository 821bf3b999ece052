//! Completions and the manual page.

use super::{stderr, stdout, stormglass};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

fn generated(what: &str) -> String {
    let output = stormglass(&["--generate", what], Path::new("."));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

/// What a program says of a text, and whether it takes it.
fn given(program: &str, arguments: &[&str], text: &str) -> Option<(bool, String, String)> {
    let mut command = Command::new(program);
    let pipes = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = pipes.stderr(Stdio::piped()).spawn().ok()?;
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    Some((output.status.success(), stdout(&output), stderr(&output)))
}

/// In a shell with the completions, what may follow a line.
fn completed(script: &str, words: &str, last: usize) -> Vec<String> {
    let ask = format!(
        "{script}\nCOMP_WORDS=({words}); COMP_CWORD={last}; _stormglass stormglass \"${{COMP_WORDS[COMP_CWORD]}}\" \
         \"${{COMP_WORDS[COMP_CWORD-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let (taken, replies, told) = given("bash", &["--norc", "-s"], &ask).unwrap();
    assert!(taken, "{told}");
    replies.lines().map(str::to_owned).collect()
}

#[test]
fn bash_takes_its_completions() {
    let script = generated("complete-bash");
    let (taken, _, told) = given("bash", &["-n"], &script).unwrap();
    assert!(taken && told.is_empty(), "{told}");
    let commands = completed(&script, "stormglass ''", 1);
    for command in [
        "init",
        "run",
        "search",
        "compare",
        "sweep",
        "report",
        "check",
        "validate",
        "lifecycle",
        "cleanup",
    ] {
        assert!(
            commands.iter().any(|it| it == command),
            "{command}: {commands:?}"
        );
    }
    let options = completed(&script, "stormglass run --ju", 2);
    assert_eq!(options, ["--junit"]);
}

#[test]
fn every_shell_has_its_own_completions() {
    assert!(generated("complete-zsh").starts_with("#compdef stormglass\n"));
    assert!(generated("complete-fish").contains("complete -c stormglass"));
}

#[test]
fn the_manual_page_has_a_part_for_each_command() {
    let page = generated("man");
    for part in [
        ".TH stormglass 1",
        ".SH NAME",
        ".SH \"STORMGLASS INIT\"",
        ".SH \"STORMGLASS RUN\"",
        ".SH \"STORMGLASS SWEEP\"",
        "Exit codes",
        "\\-\\-junit",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Where the system can render a page, it has nothing to say of this one.
    if let Some((taken, text, told)) = given(
        "groff",
        &["-man", "-ww", "-Kutf8", "-Tutf8", "-P-cbou", "-rLL=100n"],
        &page,
    ) {
        assert!(taken && told.is_empty(), "{told}");
        assert!(text.contains("STORMGLASS RUN"), "{text}");
    }
}

#[test]
fn nothing_else_is_generated_beside_a_command() {
    for arguments in [
        &["--generate", "man", "run", "x.toml"][..],
        &["--generate", "powershell"],
        &["--generate"],
    ] {
        let output = stormglass(arguments, Path::new("."));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stdout(&output).is_empty());
    }
}
