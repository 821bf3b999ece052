//! What a person reads: the page, the timeline, the drawing and the summary.

use super::files::{file, well_formed};
use super::sample::{exchange, hostile, long, orphan, result, server_error, stuck, three};
use crate::report::summary::{HEIGHT, WIDTH};
use insta::assert_snapshot;
use std::process::Command;
use stormglass::{Finding, SweepResult, sweep_summary as summary};
use stormglass_glance::Exchange;
use stormglass_model::units::Time;

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
    assert_snapshot!("page_without_findings", page(&without()));
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
    assert_snapshot!("timeline_of_an_orphan", timeline(orphan()));
    assert_snapshot!("timeline_of_a_kill", timeline(stuck()));
}

/// What follows does not make it clearer; the drawing has it.
#[test]
fn a_timeline_ends_where_the_contradiction_shows() {
    let mut finding = orphan();
    finding.variants[0].at = Time(0);
    let text = timeline(finding);
    let (_, after) = text.split_once("  ✗ this cannot be true\n").unwrap();
    let after: Vec<&str> = after.lines().map(str::trim).collect();
    assert!(
        matches!(after[..], [more] if more.ends_with("more moments, in the drawing")),
        "{text}"
    );
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
    // The same look many times is written out twice, and nothing after what cannot be true.
    assert!(page.contains("… 508 more requests …"), "{page}");
    assert!(page.lines().count() < 200);
}

#[test]
fn the_summary() {
    assert_snapshot!(
        "summary",
        summary(&three(), Some("results/sweep-42-1"), false)
    );
    let mut accepted = three();
    accepted.findings.iter_mut().for_each(|f| f.accepted = true);
    assert_snapshot!(
        "summary_of_accepted",
        summary(&accepted, Some("results/sweep-42-1"), false)
    );
    assert_snapshot!("summary_of_nothing", summary(&without(), None, false));
    let stopped = SweepResult {
        cases: (17, 412),
        tries: 17,
        unknown: 17,
        interrupted: true,
        left: vec!["4f1c2a9e-7b61-4d0e-9f52-0c8d6a3e11b7".to_owned()],
        ..result(Vec::new())
    };
    assert_snapshot!(
        "summary_of_an_interrupted_sweep",
        summary(&stopped, Some("results/sweep-42-1"), false)
    );
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
