//! Memory, inputs and numbers without end: refused before the start, or bounded, and never a crash.

use crate::cli::{scenario, stderr, stdout};
use crate::process::{in_shell, stormglass};
use serde_json::Value;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::Output;
use stormglass_model::units::Bytes;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    stormglass(arguments).current_dir(folder).output()
}

/// What `run.json` says of a run of `file` with these settings.
fn results(folder: &Path, file: &str, arguments: &[&str]) -> Value {
    let out = tempfile::tempdir().unwrap();
    let place = out.path().join("out").display().to_string();
    let base = ["run", file, "--quiet", "--threads", "1", "--out", &place];
    let arguments: Vec<&str> = base.iter().chain(arguments).copied().collect();
    let output = run(folder, &arguments);
    let json = std::fs::read(Path::new(&place).join("run.json"));
    let json = json.unwrap_or_else(|_| panic!("no results: {}", stderr(&output)));
    serde_json::from_slice(&json).unwrap()
}

fn shipped() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
}

#[test]
fn memory_does_not_grow_by_a_run_with_each_replication() {
    let peak = |replications: &str| {
        let told = results(shipped(), "smoke.toml", &["--replications", replications]);
        told["peak_rss_bytes"].as_u64().unwrap()
    };
    let (few, many) = (peak("2"), peak("102"));
    let each = many.saturating_sub(few) / 100;
    assert!(each < 2_000_000, "{each} bytes a replication");
}

/// A thousand of them stay under 200 MB: too slow where nothing is optimised.
#[test]
#[ignore = "takes a minute"]
fn a_thousand_replications_of_smoke() {
    let told = results(shipped(), "smoke.toml", &["--replications", "1000"]);
    let peak = told["peak_rss_bytes"].as_u64().unwrap();
    assert!(peak < 200_000_000, "{peak} bytes");
}

/// The estimate is right within a factor of three, above what a process takes that does nothing.
#[test]
fn what_a_run_takes_is_what_was_reckoned() {
    let folder = scenario();
    let users = r#"steps = ["create", "upload", { wait = "1h" }, "delete"]"#;
    let text = format!(
        "schema = 1\nname = \"users\"\n[load]\nusers = 200_000\nduration = \"5s\"\n\
         [[story]]\nname = \"one\"\n{users}\n"
    );
    std::fs::write(folder.path().join("users.toml"), text).unwrap();
    let phases: String = (1..=2_000)
        .map(|n| format!("[[phase]]\nname = \"p{n}\"\nfrom = \"{n}s\"\n"))
        .collect();
    let text = format!(
        "schema = 1\nname = \"phases\"\n[load]\narrivals = {{ rate = \"20/s\" }}\nduration = \"2001s\"\n\
         [[story]]\nname = \"one\"\nsteps = [\"create\", \"upload\", \"delete\"]\n{phases}"
    );
    std::fs::write(folder.path().join("phases.toml"), text).unwrap();
    let cases: [(&Path, &str, &[&str]); 5] = [
        (folder.path(), "users.toml", &[]),
        (folder.path(), "users.toml", &["--set", "clock=real"]),
        (folder.path(), "phases.toml", &[]),
        (shipped(), "smoke.toml", &["--replications", "100"]),
        (folder.path(), "phases.toml", &["--history"]),
    ];
    for (place, file, arguments) in cases {
        let told = results(place, file, arguments);
        let reckoned = told["estimated_bytes"].as_f64().unwrap();
        // A binary for tests is larger than one that is optimised.
        let measured = told["peak_rss_bytes"].as_f64().unwrap();
        let ratio = measured / (reckoned + 20e6);
        let case = format!("{file} {arguments:?}: {} measured", Bytes(measured as u64));
        assert!(
            (1.0 / 3.0..3.0).contains(&ratio),
            "{case}, {} reckoned",
            Bytes(reckoned as u64)
        );
    }
}

#[test]
fn what_takes_more_memory_than_there_is_does_not_begin() {
    let folder = scenario();
    let here = folder.path();
    let users = [
        "run",
        "tiny.toml",
        "--set",
        "load={users=4294967295,duration=\"1s\",think=\"1s\"}",
    ];
    let replications = ["run", "tiny.toml", "--replications", "4294967295"];
    let little = ["run", "tiny.toml", "--memory", "1MiB"];
    for (arguments, mostly) in [
        (
            &users[..],
            "most of it for subjects that are open at once, and may take ",
        ),
        (
            &replications[..],
            "most of it for results of replications, and may take ",
        ),
        (
            &little[..],
            "most of it for the process, and may take 1MiB; ",
        ),
    ] {
        let output = run(here, arguments);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let said = stderr(&output);
        assert!(
            said.contains("it would take about ") && said.contains(mostly),
            "{said}"
        );
        let kept = std::fs::read_dir(here.join("results")).unwrap().count();
        assert_eq!(kept, 0, "no folder without results");
    }
    // A limit on this process counts as well.
    let limited = in_shell("ulimit -v 2000000; exec \"$0\" \"$@\"", users).current_dir(here);
    let said = stderr(&limited.output());
    assert!(said.contains("and may take 1.91GiB"), "{said}");
    let enough = run(here, &["run", "tiny.toml", "--memory", "1GiB", "--quiet"]);
    assert_eq!(enough.status.code(), Some(0), "{}", stderr(&enough));
}

#[test]
fn no_number_of_threads_is_a_crash() {
    let folder = scenario();
    let threads = |n| run(folder.path(), &["run", "tiny.toml", "--threads", n]);
    assert_eq!(threads("4294967295").status.code(), Some(2));
    assert_eq!(threads("1025").status.code(), Some(2));
    assert_eq!(threads("1024").status.code(), Some(0));
}

/// As many tries as fit into a number take no memory, and end with the time that a script is given.
#[test]
fn tries_take_no_memory_beforehand() {
    let folder = scenario();
    let script = "ulimit -v 4000000; exec timeout --foreground -s INT 2 \"$0\" \"$@\"";
    let sweep = [
        "sweep",
        "embedded",
        "--script",
        "create delete",
        "--tries",
        "4294967295",
        "--quiet",
    ];
    let output = in_shell(script, sweep).current_dir(folder.path()).output();
    let said = stderr(&output);
    assert!(said.contains("tries, in"), "{said}");
}

/// As every file that somebody can name.
#[test]
fn what_is_no_file_is_not_read() {
    let folder = scenario();
    let here = folder.path();
    let huge = std::fs::File::create(here.join("huge")).unwrap();
    huge.set_len(10 << 30).unwrap(); // takes no room on the disk
    std::fs::write(
        here.join("clouds.toml"),
        "schema = 1\nname = \"c\"\n[target.glance]\nurl = \"http://127.0.0.1:9\"\ncloud = \"x\"\n\
         [load]\nusers = 1\nduration = \"1s\"\n[[story]]\nname = \"a\"\nsteps = [\"create\"]\n",
    )
    .unwrap();
    let glance = "target.glance={url=\"https://127.0.0.1:9\",ca=\"FILE\"}";
    let sizes = "story=[{name=\"a\",steps=[\"create\"],size={empirical={file=\"FILE\"}}}]";
    for (file, why) in [
        ("/dev/zero", "it is a device"),
        (".", "it is a folder"),
        ("huge", "it is longer than "),
    ] {
        let (glance, sizes) = (glance.replace("FILE", file), sizes.replace("FILE", file));
        let cases: [&[&str]; 7] = [
            &["run", file],
            &["validate", file],
            &["run", "tiny.toml", "--set", &sizes],
            &["run", "tiny.toml", "--set", &glance],
            &["sweep", "embedded", "--accept", file],
            &["check", file],
            &["run", "clouds.toml"],
        ];
        for arguments in cases {
            let output = stormglass(arguments)
                .current_dir(here)
                .env("OS_CLIENT_CONFIG_FILE", file)
                .output();
            let said = stderr(&output);
            assert!(
                matches!(output.status.code(), Some(1 | 104)),
                "{arguments:?}: {said}"
            );
            assert!(said.contains(why), "{arguments:?} of {file}: {said}");
        }
    }
    let cleanup = run(here, &["cleanup", "huge"]);
    assert!(
        stderr(&cleanup).contains("larger than any journal"),
        "{}",
        stderr(&cleanup)
    );
}

/// The system's certificates are read by others, to their end.
#[test]
fn what_stands_for_the_systems_certificates_is_a_file() {
    let folder = scenario();
    let here = folder.path();
    std::fs::File::create(here.join("huge"))
        .unwrap()
        .set_len(10 << 30)
        .unwrap();
    let glance = "target.glance.url=\"https://127.0.0.1:9\"";
    let limited =
        "mkfifo -m 600 pipe 2>&-; ulimit -v 2000000; exec timeout -s KILL 60 \"$0\" \"$@\"";
    for (file, why) in [
        ("/dev/zero", "it is a device"),
        ("pipe", "it is a pipe"),
        ("huge", "it is longer than 16MiB"),
    ] {
        let output = in_shell(limited, ["run", "tiny.toml", "--set", glance])
            .current_dir(here)
            .env("SSL_CERT_FILE", file)
            .output();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{file}: {said}");
        let named = format!("{file}, which `SSL_CERT_FILE` names: {why}");
        assert!(said.contains(&named), "{said}");
    }
    let output = in_shell(limited, ["run", "tiny.toml", "--set", glance])
        .current_dir(here)
        .env("SSL_CERT_DIR", ".")
        .output();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("., which `SSL_CERT_DIR` names: its files are longer"),
        "{said}"
    );
}

/// A pipe is read, as a shell's `<(…)` is one; one that nobody writes to is waited for for a while.
#[test]
fn a_pipe_is_a_file_as_long_as_something_comes() {
    let folder = scenario();
    let piped = in_shell("\"$0\" validate <(cat tiny.toml)", [""; 0]).current_dir(folder.path());
    let output = piped.output();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("ok: tiny"));
    let silent = "mkfifo silent; exec \"$0\" validate silent";
    let output = in_shell(silent, [""; 0])
        .current_dir(folder.path())
        .output();
    assert_eq!(output.status.code(), Some(104));
    let said = stderr(&output);
    assert!(
        said.contains("nothing came through this pipe for 10 s"),
        "{said}"
    );
}

/// Nothing that is nested is read as deep as it is written.
#[test]
fn deep_nesting_is_a_mistake() {
    let folder = scenario();
    let here = folder.path();
    let tiny = std::fs::read_to_string(here.join("tiny.toml")).unwrap();
    let deep = 100_000;
    let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(deep), close.repeat(deep));
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        let value = nested(open, close);
        std::fs::write(here.join("deep.toml"), format!("deep = {value}\n{tiny}")).unwrap();
        let output = run(here, &["validate", "deep.toml"]);
        assert_eq!(output.status.code(), Some(104), "{}", stderr(&output));
        assert!(
            output.stderr.len() < 10_000,
            "{} bytes",
            output.stderr.len()
        );
    }
    let dotted = format!("{}a=1", "a.".repeat(deep));
    std::fs::write(here.join("dots.toml"), format!("{dotted}\n{tiny}")).unwrap();
    assert_eq!(
        run(here, &["validate", "dots.toml"]).status.code(),
        Some(104)
    );
    let set = format!("x={}", &nested("[", "]")[..100_000]);
    let output = run(here, &["run", "tiny.toml", "--set", &set]);
    assert_eq!(output.status.code(), Some(104));
    std::fs::write(here.join("deep.jsonl"), nested("{\"a\":", "}")).unwrap();
    assert_eq!(run(here, &["check", "deep.jsonl"]).status.code(), Some(1));
    let script = nested("[", "]");
    let output = run(here, &["sweep", "embedded", "--script", &script[..100_000]]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

/// What draws a mistake counts columns with 16 bits.
#[test]
fn a_mistake_far_to_the_right_is_shown_with_what_is_near() {
    let folder = scenario();
    for (before, wrong) in [(70_000, 1), (1, 70_000), (70_000, 70_000), (0, 70_000)] {
        let line = format!("{}x{} = 1\n", " ".repeat(before), "y".repeat(wrong));
        let text = format!("{line}schema = 2\n");
        std::fs::write(folder.path().join("wide.toml"), text).unwrap();
        let output = run(folder.path(), &["validate", "wide.toml"]);
        assert_eq!(output.status.code(), Some(104), "{}", stderr(&output));
        let said = stderr(&output);
        let column = format!("wide.toml:1:{}", before + 1);
        assert!(
            said.contains(&column),
            "{column}: {}",
            said.chars().take(500).collect::<String>()
        );
    }
}

#[test]
fn a_broken_standard_error_or_output_is_no_crash() {
    let folder = scenario();
    std::fs::write(folder.path().join("wrong.toml"), "schema = 2").unwrap();
    for (redirect, arguments, code) in [
        ("2>/dev/full", &["validate", "wrong.toml"][..], 104),
        ("2>&-", &["validate", "wrong.toml"], 104),
        ("2>/dev/full", &["run", "nowhere.toml"], 104),
        ("2>/dev/full", &["cleanup", "nowhere"], 1),
        ("2>/dev/full >/dev/full", &["run", "tiny.toml"], 1),
        (
            "2>/dev/full",
            &[
                "run",
                "tiny.toml",
                "--set",
                "thresholds.create=\"count > 1000\"",
                "--quiet",
            ],
            99,
        ),
        ("2>/dev/full", &["run", "--no-such"], 2),
        (">/dev/full", &["--help"], 0),
    ] {
        let script = format!("\"$0\" \"$@\" {redirect}");
        let output = in_shell(&script, arguments)
            .current_dir(folder.path())
            .output();
        assert_eq!(output.status.code(), Some(code), "{redirect} {arguments:?}");
    }
}

/// Three images of nearly 8 EiB are more than 64 bits count: there is no room for the third, and nobody is to blame.
#[test]
fn bytes_beyond_what_is_counted_find_no_room() {
    let folder = scenario();
    let story = "story=[{name=\"a\",size=\"8191PiB\",steps=[\"create\",\"upload\",{wait=\"1h\"},\"delete\"]}]";
    let load = "load={users=3,subjects=3}";
    let told = results(
        folder.path(),
        "tiny.toml",
        &["--set", story, "--set", load, "--set", "settle.for=10d"],
    );
    assert_eq!(told["verdict"], "valid", "{told}");
    assert_eq!(told["operations_by_outcome"]["fail"], 1, "{told}");
    assert_eq!(told["bytes_stored_max"].as_u64(), Some((2 * 8_191) << 50));
}

/// 64 bits of nanoseconds end after 584 years.
#[test]
fn time_beyond_what_is_told_apart_is_unknown() {
    let folder = scenario();
    let wait = "{wait=\"100000d\"}";
    let story =
        format!("story=[{{name=\"a\",steps=[\"create\",{wait},{wait},{wait},\"delete\"]}}]");
    let load = "load={users=1,subjects=1}";
    let told = results(
        folder.path(),
        "tiny.toml",
        &["--set", &story, "--set", load],
    );
    assert_eq!(told["verdict"], "unknown", "{told}");
    let because = told["unknown_because"].as_str().unwrap();
    assert!(because.contains("584 years"), "{because}");
    let story = "story=[{name=\"a\",steps=[\"create\",{wait=\"100000d\"},\"delete\"]}]";
    let told = results(folder.path(), "tiny.toml", &["--set", story, "--set", load]);
    assert_eq!(told["verdict"], "valid", "{told}");
}

/// Many runs share the intervals of their timelines, and what they were goes into the figures all the same.
#[test]
fn timelines_of_many_runs_have_fewer_intervals() {
    let text = std::fs::read_to_string(shipped().join("smoke.toml")).unwrap();
    let read = |n: &str| {
        stormglass::parse("smoke", &text, shipped(), &[format!("replications={n}")]).unwrap()
    };
    let options = stormglass::RunOptions::default();
    let one = stormglass::run(&read("1"), &options).unwrap();
    let many = stormglass::run(&read("300"), &options).unwrap();
    assert_eq!(read("300").replications, NonZeroU32::new(300).unwrap());
    let (one, first) = (&one.runs[0], &many.runs[0]);
    assert!(
        one.timeline.len() > 300 && first.timeline.len() <= 56,
        "{}",
        first.timeline.len()
    );
    assert_eq!(one.parts, first.parts);
    let levels = |run: &stormglass::RunResult| {
        let rows = run.phase_rows().into_iter();
        rows.map(|row| row.end).collect::<Vec<_>>()
    };
    assert_eq!(levels(one), levels(first), "extremes are of whole phases");
    assert_eq!(one.event_hash, first.event_hash);
}
