//! What is read takes time in proportion to its length, whether it is right or wrong in every line.

use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::path::Path;
use stormglass::Accepted;
use stormglass_glance::auth::{Environment, cloud};
use stormglass_model::history::file::Reader;
use stormglass_model::script::Script;

/// Processor time of this thread: what others do on the machine is not in it.
fn spent_ns() -> i64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

fn cost_ns<I>(input: &I, read: &impl Fn(&I)) -> i64 {
    let before = spent_ns();
    read(input);
    spent_ns() - before
}

/// Reads what is made of `n` lines and of `4 n`: that takes at most six times as long.
pub fn grows_evenly<I>(what: &str, n: usize, make: impl Fn(usize) -> I, read: impl Fn(&I)) {
    let (small, large) = (make(n), make(4 * n));
    // A cache that is too small for the one and not for the other, or a page fault: such a thing does not come each time.
    let ratio = |_| cost_ns(&large, &read) as f64 / cost_ns(&small, &read).max(100_000) as f64;
    let mut ratios = Vec::new();
    let even = (0..10).map(ratio).any(|ratio| {
        ratios.push(ratio);
        ratio <= 6.0
    });
    assert!(even, "{what}: {ratios:?} times as long");
}

fn lines(n: usize, line: impl Fn(usize) -> String) -> String {
    (0..n).map(|number| line(number) + "\n").collect()
}

const HEAD: &str =
    "schema = 1\nname = \"many\"\n[load]\narrivals = { rate = \"5/s\" }\nduration = \"10d\"\n";
const STORY: &str = "[[story]]\nname = \"one\"\nsteps = [\"create\", \"delete\"]\n";

/// Reads it and, where it is wrong, shows what is.
fn scenario(text: &str, overrides: &[String]) {
    let read = stormglass::parse("many.toml", text, Path::new("."), overrides);
    if let Err(mistakes) = read {
        assert!(mistakes.plain().len() < 400_000);
    }
}

#[test]
fn scenarios_that_are_right() {
    type Line = fn(usize) -> String;
    let parts: [(&str, Line); 3] = [
        ("stories", |n| STORY.replace("one", &format!("story {n}"))),
        ("phases", |n| {
            format!("[[phase]]\nname = \"p{n}\"\nfrom = \"{}s\"", n + 1)
        }),
        ("faults", |n| {
            format!(
                "[[fault]]\nname = \"f{n}\"\nat = \"store.put\"\nkind = {{ error = {{ probability = 0.1 }} }}"
            )
        }),
    ];
    for (what, line) in parts {
        let make = |n| format!("{HEAD}{STORY}{}", lines(n, line));
        let read = |text: &String| {
            stormglass::parse("many.toml", text, Path::new("."), &[]).unwrap();
        };
        grows_evenly(what, 1_000, make, read);
    }
}

#[test]
fn scenarios_that_are_wrong_in_every_line() {
    type Line = fn(usize) -> String;
    let parts: [(&str, Line); 8] = [
        ("unknown keys", |n| format!("[key{n}]")),
        ("a key again and again", |_| "a = 1".to_owned()),
        ("keys twice", |n| format!("k{n} = 1\nk{n} = 1")),
        ("no values", |n| format!("k{n} = no value")),
        ("no TOML", |_| "]".to_owned()),
        ("names taken", |_| STORY.to_owned()),
        ("phases taken", |_| {
            "[[phase]]\nname = \"p\"\nfrom = \"1s\"".to_owned()
        }),
        ("secrets", |n| format!("[x{n}]\ntoken = \"swordfish {n}\"")),
    ];
    for (what, line) in parts {
        let make = |n| format!("{HEAD}{STORY}{}", lines(n, line));
        grows_evenly(what, 1_000, make, |text: &String| scenario(text, &[]));
    }
    let thresholds = |n| {
        format!(
            "{HEAD}{STORY}[thresholds]\n{}",
            lines(n, |n| format!("k{n} = \"p(99) < 1s\""))
        )
    };
    grows_evenly("thresholds", 1_000, thresholds, |text: &String| {
        scenario(text, &[])
    });
    let commands = |n| {
        let fault = |n| {
            format!("[[fault]]\nname = \"f{n}\"\nat = \"server\"\nkind = {{ command = \"c{n}\" }}")
        };
        let command = |n| format!("[target.glance.commands.c{n}]\nrun = \"true\"");
        let target = "[target.glance]\nurl = \"http://127.0.0.1:9\"\n";
        format!(
            "{HEAD}{STORY}{target}{}{}",
            lines(n, command),
            lines(n, fault)
        )
    };
    grows_evenly("commands", 500, commands, |text: &String| {
        scenario(text, &[])
    });
    let long = |n: usize| format!("{}{HEAD}", "x = 1; ".repeat(n));
    grows_evenly("a long line", 5_000, long, |text: &String| {
        scenario(text, &[])
    });
}

/// Where nothing can be read of a text, it is looked through for credentials.
#[test]
fn lines_of_one_thing_again_and_again() {
    let things = [
        "a=",
        "a = ",
        "a ",
        " ",
        "a:",
        ":",
        "a,",
        "://",
        "http://a/",
        "http://me:x@",
        "token ",
        "token=",
        "{a=",
        "\"",
        "#",
        "\u{202e}",
    ];
    for thing in things {
        for around in ["THINGS", "x = \"THINGS", "x = THINGS@"] {
            let make = |n| {
                let things = thing.repeat(n);
                let line = around.replace("THINGS", &things);
                format!("{HEAD}{STORY}[target.glance]\nurl = \"{things}\"\n{line}\n")
            };
            let what = format!("{around} of {thing:?}");
            grows_evenly(&what, 300, make, |text: &String| scenario(text, &[]));
            let make = |n| vec![around.replace("THINGS", &thing.repeat(n))];
            let what = format!("--set {what}");
            grows_evenly(&what, 300, make, |sets: &Vec<String>| {
                scenario(&format!("{HEAD}{STORY}"), sets)
            });
        }
    }
}

#[test]
fn settings_of_a_command_line() {
    let text = format!("{HEAD}{STORY}");
    let make = |n| (0..n).map(|n| format!("target.x{n}.y=1")).collect();
    grows_evenly("--set", 250, make, |sets: &Vec<String>| {
        scenario(&text, sets)
    });
}

#[test]
fn lists_of_measured_values() {
    let folder = tempfile::tempdir().unwrap();
    type Line = fn(usize) -> String;
    let right: Line = |n| format!("{n},3");
    let wrong: Line = |n| format!("word {n},x");
    for (what, line) in [("sizes", right), ("no sizes", wrong)] {
        let make = |n: usize| {
            let name = format!("{n}.csv");
            fs::write(folder.path().join(&name), lines(n, line)).unwrap();
            format!("{HEAD}{STORY}size = {{ empirical = {{ file = \"{name}\" }} }}\n")
        };
        grows_evenly(what, 4_000, make, |text: &String| {
            let read = stormglass::parse("many.toml", text, folder.path(), &[]);
            assert_eq!(read.is_err(), what == "no sizes");
        });
    }
}

#[test]
fn scripts_and_accepted_findings() {
    let right = |n| format!("create {}", "show ".repeat(n));
    let wrong = |n| format!("create {}", "[show ".repeat(n));
    let read = |text: &String| _ = text.trim().parse::<Script>();
    grows_evenly("a script", 4_000, right, read);
    grows_evenly("no script", 4_000, wrong, read);
    let right = |n| lines(n, |_| "no-clean-up: delete # known".to_owned());
    let wrong = |n| lines(n, |n| format!("no-clean: nothing {n}"));
    grows_evenly("accepted", 4_000, right, |text: &String| {
        _ = Accepted::parse(text)
    });
    grows_evenly("accepts nothing", 4_000, wrong, |text: &String| {
        _ = Accepted::parse(text)
    });
}

#[test]
fn histories() {
    let header = r#"{"schema":1,"scenario":"s","seed":1,"target":"embedded","profile":"v2","delayed_delete":false}"#;
    let event = |subject: usize, op: usize| {
        format!(
            r#"{{"subject":{subject},"t_ns":{op},"event":"invoked","op":{op},"operation":"show","who":"member"}}"#
        )
    };
    let read = |text: &String| {
        Reader::new(text.as_bytes())
            .unwrap()
            .for_each(|read| _ = read.unwrap());
    };
    let many = |n| format!("{header}\n{}", lines(n, |n| event(n, 0)));
    grows_evenly("subjects", 4_000, many, read);
    let one = |n| format!("{header}\n{}", lines(n, |n| event(0, n)));
    grows_evenly("events of one subject", 4_000, one, read);
}

#[test]
fn files_of_clouds() {
    let folder = tempfile::tempdir().unwrap();
    let cloud_of = |n: usize| {
        format!(
            "  c{n}:\n    auth: {{auth_url: http://127.0.0.1:9, username: u, password: p, user_domain_name: d, project_name: p, project_domain_name: d}}"
        )
    };
    let make = |n: usize| {
        let path = folder.path().join(format!("{n}.yaml"));
        fs::write(&path, format!("clouds:\n{}", lines(n, cloud_of))).unwrap();
        let variable = (
            "OS_CLIENT_CONFIG_FILE".to_owned(),
            path.display().to_string(),
        );
        Environment::new([variable], folder.path(), folder.path())
    };
    grows_evenly("clouds", 500, make, |environment: &Environment| {
        _ = cloud(environment, "c7").unwrap();
        _ = cloud(environment, "none").unwrap_err();
    });
}

#[test]
fn journals() {
    let folder = tempfile::tempdir().unwrap();
    type Line = fn(usize) -> String;
    let parts: [(&str, Line); 2] = [
        ("runs", |n| format!("run {n:016x} http://127.0.0.1:9")),
        ("images", |n| {
            format!("image 0000000000000000 00000000-0000-4000-8000-{n:012x}")
        }),
    ];
    for (what, line) in parts {
        let make = |n: usize| {
            let path = folder.path().join(format!("{what}-{n}"));
            let mut text =
                "stormglass journal 1\nrun 0000000000000000 http://127.0.0.1:9\n".to_owned();
            text += &lines(n, line);
            if what == "runs" {
                text += &lines(n, |n| format!("done {n:016x}"));
            }
            fs::write(&path, text).unwrap();
            path
        };
        grows_evenly(what, 4_000, make, |path: &std::path::PathBuf| {
            stormglass_glance::read_journal(path).unwrap();
        });
    }
}
