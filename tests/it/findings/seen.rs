//! What a person reads: the page, the timeline, the drawing and the summary.

use super::files::{file, well_formed};
use super::sample::{exchange, hostile, long, orphan, result, server_error, stuck, three};
use crate::report::summary::{HEIGHT, WIDTH};
use insta::assert_snapshot;
use std::process::Command;
use stormglass::{Finding, SweepResult, sweep_summary as summary};
use stormglass_glance::Exchange;

fn page(result: &SweepResult) -> String {
    file(result, "findings.md")
}

/// The picture of a finding, told alone.
fn drawing(finding: Finding) -> String {
    file(&result(vec![finding]), "finding-01.svg")
}

/// The timeline of a finding as the page has it.
fn timeline(finding: Finding) -> String {
    let page = page(&result(vec![finding]));
    let (_, below) = page.split_once("finding-01.svg)\n\n```text\n").unwrap();
    below.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_page() {
    assert_snapshot!("page", page(&three()));
}

#[test]
fn a_page_without_findings() {
    assert_snapshot!(page(&without()), @r"
    # Sweep of http://127.0.0.1:9292

    **✓ valid**: nothing found. Tried: 412 of 412 scripts, 3,020 tries, 12 of them without a verdict, in 24.1m; seed 42.

    - no probe: orphans, stuck tasks and what a deleted image leaves behind were not judged
    ");
}

/// Nothing found, and not everything looked at.
fn without() -> SweepResult {
    SweepResult {
        notes: vec![
            "no probe: orphans, stuck tasks and what a deleted image leaves behind were not judged"
                .to_owned(),
        ],
        ..result(Vec::new())
    }
}

#[test]
fn timelines() {
    for finding in [orphan(), stuck(), server_error(), long()] {
        let text = timeline(finding);
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{text}"
        );
        assert!(text.lines().count() <= 50, "{text}");
    }
    assert_snapshot!(timeline(orphan()), @r"
         0  ┬    create by member
    14.8ms  ┴    create: 201, queued
    14.9ms  ┬    upload by member
    31.2ms  │ ┬  delete by member (released at last-byte of upload)
    52.7ms  │ ┴  delete: 204
    60.1ms  ┴    upload: 204
    60.2ms  ┬    show by member
      65ms  ┴    show: 404, gone
      1.2s  ◆    registry: deleted, no location
                 store: 65,536 bytes
                 open tasks: none
    ");
    assert_snapshot!(timeline(stuck()), @r"
         0  ┬  create by member
    15.3ms  ┴  create: 201, queued
    15.4ms  ┬  upload by member (!kill-api at mid-body)
      28ms  │  the server is broken on purpose
      41ms  ┴  upload: no answer
     2.95s  ○  the server is healed
        3s  ┬  show by member
     12.6s  ┴  show: 200, saving, 25 times
       13s  ◆  registry: saving, no location
               store: 32,768 bytes
    ");
}

#[test]
fn drawings() {
    assert_snapshot!("drawing", drawing(orphan()));
    for finding in [
        stuck(),
        server_error(),
        long(),
        hostile().findings.remove(0),
    ] {
        well_formed(&drawing(finding));
    }
    assert!(drawing(long()).len() < 200_000);
}

/// Foreign text stays where it is: no block of code is left early, no markup comes in, and nothing is hidden.
#[test]
fn a_page_with_hostile_text() {
    let page = page(&hostile());
    let (mut fence, mut outside) = (None, String::new());
    for line in page.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            None => outside.push_str(&format!("{line}\n")),
            Some(open) if line == "`".repeat(open) => fence = None,
            Some(open) => assert!(!line.starts_with(&"`".repeat(open)), "{line}"),
        }
    }
    assert_eq!(fence, None, "a block is never closed");
    assert!(!outside.contains("<script"), "{outside}");
    assert!(!outside.contains("<!--"), "{outside}");
    for hidden in ['\u{1b}', '\u{0}', '\u{202e}', '\u{200b}', '\r'] {
        assert!(!page.contains(hidden), "{hidden:?}");
    }
    assert!(page.contains("雷雨"));
    let text = summary(&hostile(), None, false);
    assert!(
        !text.contains('\u{1b}') && !text.contains('\u{202e}'),
        "{text}"
    );
}

/// What is there to be pasted is at least what a shell can read.
#[test]
fn a_shell_reads_every_block() {
    for result in [three(), hostile(), result(vec![long()])] {
        let page = page(&result);
        let blocks: Vec<&str> = page.split("sh\n# Set first").skip(1).collect();
        assert!(!blocks.is_empty());
        for block in blocks {
            let script = block.split("\n```").next().unwrap();
            let arguments = ["-n", "-c", &format!("# {script}")];
            let shell = Command::new("bash").args(arguments).output().unwrap();
            assert!(shell.status.success(), "{script}: {shell:?}");
        }
    }
}

/// Whatever a server or a scenario put into it, a shell takes a word for what it is, and runs nothing.
#[test]
fn a_shell_reads_each_word_as_it_was() {
    for text in [
        "`id` $(id) $HOME ${HOME} ~ * ? [a] {a,b} !! # ; & | < >",
        "'\"'\"\\' \\",
        "abc'abc\"abcabc_",
        "/abcd/abc_abc",
        "-n",
        "",
        "雷雨",
    ] {
        let request = Exchange {
            path: text.to_owned(),
            headers: vec![("X".to_owned(), text.to_owned())],
            text: format!("{text}."),
            ..exchange(0.0, 1.0, "POST", "", 200)
        };
        let mut finding = orphan();
        finding.variants[0].example.exchanges = vec![request];
        finding.variants[0].example.image = "abc".to_owned();
        let page = page(&SweepResult {
            target: "g".to_owned(),
            ..result(vec![finding])
        });
        let (_, block) = page.split_once("sh\n# Set first").unwrap();
        let (commands, _) = block.split_once("\n```").unwrap();
        let stubs = "curl() { printf '<%s>' \"$@\"; }; ls() { :; }";
        let (head, rest) = commands.split_once("  # a new one every time\n").unwrap();
        let script = format!("{stubs}\n# {head}\nIMAGE=abc\n{rest}");
        let shell = Command::new("bash").args(["-c", &script]).output().unwrap();
        let words = String::from_utf8_lossy(&shell.stdout).into_owned();
        for word in [format!("g{text}"), format!("X: {text}"), format!("{text}.")] {
            assert!(words.contains(&format!("<{word}>")), "{script}: {shell:?}");
        }
        assert_eq!(String::from_utf8_lossy(&shell.stderr), "", "{script}");
    }
}

#[test]
fn a_page_stays_short() {
    let page = page(&result(vec![long()]));
    assert!(page.contains("… 984 more requests …"));
    assert!(page.lines().count() < 200);
}

#[test]
fn the_summary() {
    assert_snapshot!(summary(&three(), Some("results/sweep-42-1"), false), @r"
    ✗ invalid  http://127.0.0.1:9292 · 3 findings · seed 42
      412 of 412 scripts, 3,020 tries, 12 of them without a verdict, in 24.1m

       1 bytes-leaked   11 of 60  orphan: upload + delete
         The upload and the delete were both acknowledged, the image is gone, and its data is still…
       2 stuck            3 of 3  stuck-subject: upload + !kill-api
         The image is still saving when nothing is open any more, and no client can bring it to an …
       3 wrong-answer    9 of 20  server-error: deactivate + deactivate
         A deactivate was answered with a server error, and nothing was broken.

      repeat:  stormglass sweep http://127.0.0.1:9292 --script 'create [upload last-byte delete]' --seed 42
      results: results/sweep-42-1/findings.md
    ");
    let mut accepted = three();
    accepted.findings.iter_mut().for_each(|f| f.accepted = true);
    assert_snapshot!(summary(&accepted, Some("results/sweep-42-1"), false), @r"
    ✓ valid  http://127.0.0.1:9292 · nothing new, 3 accepted findings · seed 42
      412 of 412 scripts, 3,020 tries, 12 of them without a verdict, in 24.1m

       1 bytes-leaked   accepted  orphan: upload + delete
         The upload and the delete were both acknowledged, the image is gone, and its data is still…
       2 stuck          accepted  stuck-subject: upload + !kill-api
         The image is still saving when nothing is open any more, and no client can bring it to an …
       3 wrong-answer   accepted  server-error: deactivate + deactivate
         A deactivate was answered with a server error, and nothing was broken.

      results: results/sweep-42-1/findings.md
    ");
    assert_snapshot!(summary(&without(), None, false), @r"
    ✓ valid  http://127.0.0.1:9292 · nothing found · seed 42
      412 of 412 scripts, 3,020 tries, 12 of them without a verdict, in 24.1m
      no probe: orphans, stuck tasks and what a deleted image leaves behind were not judged
    ");
    let stopped = SweepResult {
        cases: (17, 412),
        tries: 17,
        unknown: 17,
        interrupted: true,
        left: vec!["4f1c2a9e-7b61-4d0e-9f52-0c8d6a3e11b7".to_owned()],
        ..result(Vec::new())
    };
    assert_snapshot!(summary(&stopped, Some("results/sweep-42-1"), false), @r"
    ? unknown  http://127.0.0.1:9292 · nothing found · seed 42
      17 of 412 scripts, 17 tries, 17 of them without a verdict, in 24.1m
      interrupted: this was found until then
      1 image may still be there, listed in findings.md

      results: results/sweep-42-1/findings.md
    ");
}

#[test]
fn the_summary_fits_a_screen() {
    let findings: Vec<_> = (0..90).map(|_| orphan()).collect();
    let text = summary(&result(findings), Some("results/sweep-42-1"), false);
    assert!(text.lines().count() <= HEIGHT, "{text}");
    let fits = |line: &str| line.chars().count() <= WIDTH || line.starts_with("  repeat:");
    assert!(text.lines().all(fits), "{text}");
    let coloured = summary(&three(), None, true);
    assert!(coloured.contains("\u{1b}[1;31m✗ invalid\u{1b}[0m"));
}
