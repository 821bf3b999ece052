//! What the package promises whoever uses it: a server that is not ours is left alone, identifiers and data are new or the same
//! when they should be, and all that commands did is undone.
use std::path::Path;
use std::thread;
use stormglass_glance::auth::Secret;
use stormglass_glance::{
    Command, CommandError, Commands, GuardError, ImageId, Probe, ProbeError, ProbeTarget, Routes,
    RunId, content_of, guard,
};
use stormglass_model::units::Span;

fn command(name: &str, run: &str, undo: Option<&str>) -> Command {
    Command {
        damages_data: false,
        name: name.to_owned(),
        run: run.to_owned(),
        undo: undo.map(str::to_owned),
        timeout: Span::from_secs(60),
    }
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(work)
}

fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn nothing_is_run_that_is_not_allowed_or_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let touch = command("touch", &format!("touch {}", mark.display()), Some("true"));
    let commands = Commands::new(std::slice::from_ref(&touch), false);
    let refused = wait(commands.run("touch", None)).unwrap_err().to_string();
    assert!(refused.contains("--allow-commands"), "{refused}");
    let commands = Commands::new(&[touch], true);
    let unknown = wait(commands.run("tuch", None)).unwrap_err().to_string();
    assert!(
        unknown.contains("[target.glance.commands.tuch]"),
        "{unknown}"
    );
    assert!(wait(commands.undo("touch")).is_ok());
    assert!(!mark.exists());
    assert_eq!(commands.not_undone(), []);
}

#[test]
fn what_was_done_is_undone_the_last_first_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let say = |name: &str| {
        let write =
            |what: &str| format!("echo {what}-{name} $STORMGLASS_IMAGE >>{}", log.display());
        command(name, &write("do"), Some(&write("undo")))
    };
    let commands = Commands::new(&[say("a"), say("b"), command("c", "true", None)], true);
    let image = ImageId([0x11; 16]);
    wait(async {
        for (name, image) in [("a", None), ("b", Some(image)), ("c", None), ("a", None)] {
            commands.run(name, image).await.unwrap();
        }
        assert_eq!(commands.not_undone().len(), 2);
        assert!(commands.undo_all().await.is_empty());
        assert!(commands.undo_all().await.is_empty());
    });
    let wanted = [
        "do-a",
        &format!("do-b {image}"),
        "do-a",
        &format!("undo-b {image}"),
        "undo-a",
    ];
    assert_eq!(
        lines(&log)
            .iter()
            .map(|line| line.trim())
            .collect::<Vec<_>>(),
        wanted
    );
    assert_eq!(commands.not_undone(), []);
}

#[test]
fn one_command_follows_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let slow = format!("echo in >>{0}; sleep 0.1; echo out >>{0}", log.display());
    let commands = Commands::new(&[command("slow", &slow, None)], true);
    wait(async {
        let (a, b) = tokio::join!(commands.run("slow", None), commands.run("slow", None));
        a.and(b).unwrap();
    });
    assert_eq!(lines(&log), ["in", "out", "in", "out"]);
}

#[test]
fn one_that_fails_tells_why_and_is_undone_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let undo = format!("touch {}", mark.display());
    let failing = command(
        "fail",
        "echo one >&2; echo two >&2; echo >&2; exit 3",
        Some(&undo),
    );
    let commands = Commands::new(&[failing], true);
    let error = wait(commands.run("fail", None)).unwrap_err().to_string();
    assert!(error.ends_with("exit status: 3: two"), "{error}");
    assert!(wait(commands.undo("fail")).is_ok());
    assert!(mark.exists());
}

#[test]
fn an_undo_that_fails_stays_to_be_done() {
    let commands = Commands::new(&[command("x", "true", Some("false"))], true);
    wait(commands.run("x", None)).unwrap();
    assert_eq!(wait(commands.undo_all()).len(), 1);
    assert_eq!(commands.not_undone(), [("x", "false")]);
}

/// A shell and its child, both of which would stay for ever; the child's number is in `pid`.
fn endless(pid: &Path, undo: &str) -> Command {
    let run = format!(
        "echo stuck >&2; sleep 1000 & echo $! >{}; wait",
        pid.display()
    );
    command("endless", &run, Some(undo))
}

fn is_gone(pid: &Path) -> bool {
    let process = format!("/proc/{}/stat", lines(pid)[0]);
    let stat = std::fs::read_to_string(process).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

#[test]
fn one_that_takes_too_long_is_killed_with_all_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let mut command = endless(&pid, "true");
    command.timeout = Span::from_secs(1);
    let commands = Commands::new(&[command], true);
    let error = wait(commands.run("endless", None)).unwrap_err();
    assert!(matches!(error, CommandError::TimedOut { .. }), "{error}");
    assert!(error.to_string().ends_with("after 1s: stuck"), "{error}");
    while !is_gone(&pid) {
        thread::yield_now();
    }
}

#[test]
fn a_run_cut_short_undoes_everything_and_runs_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let (pid, mark) = (folder.path().join("pid"), folder.path().join("mark"));
    let commands = Commands::new(&[endless(&pid, &format!("touch {}", mark.display()))], true);
    let running = commands.clone();
    let runner = thread::spawn(move || wait(running.run("endless", None)));
    while lines(&pid).is_empty() {
        thread::yield_now();
    }
    assert!(wait(commands.abandon()).is_empty());
    assert!(mark.exists());
    let killed = runner.join().unwrap().unwrap_err();
    assert!(matches!(killed, CommandError::Failed { .. }), "{killed}");
    assert!(matches!(
        wait(commands.run("endless", None)),
        Err(CommandError::Stopped(_))
    ));
}

#[test]
fn nobody_has_to_wait_for_it_for_it_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let run = format!("sleep 0.1; touch {}", mark.display());
    let commands = Commands::new(&[command("late", &run, Some("true"))], true);
    wait(async {
        let run = commands.run("late", None);
        tokio::pin!(run);
        // Polled until it is under way, then dropped.
        while commands.not_undone().is_empty() {
            let once = std::future::poll_fn(|context| {
                assert!(run.as_mut().poll(context).is_pending());
                std::task::Poll::Ready(())
            });
            once.await;
            tokio::task::yield_now().await;
        }
    });
    assert!(wait(commands.undo_all()).is_empty());
    assert!(mark.exists());
}

#[test]
fn only_this_machine_is_touched_unasked() {
    let routes = Routes::default();
    for url in [
        "http://127.0.0.1:9292",
        "http://127.8.9.1/image",
        "http://[::1]:9292",
        "https://localhost/v2",
        "http://[::ffff:127.0.0.1]:1",
    ] {
        assert_eq!(guard(&routes, url, false), Ok(()), "{url}");
    }
    for url in [
        "http://192.0.2.1:9292",
        "http://0.0.0.0:9292",
        "http://[2001:db8::1]",
        "http://[::ffff:192.0.2.1]:1",
    ] {
        let error = guard(&routes, url, false).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, GuardError::NotHere(_)), "{url}");
        assert!(text.contains("--yes-load-this-server"), "{text}");
        assert_eq!(guard(&routes, url, true), Ok(()));
    }
    // What is nowhere is not here either, but it is no matter of leave.
    let nowhere = "http://127.0.0.1.nowhere.invalid:9292";
    let error = guard(&routes, nowhere, false).unwrap_err();
    assert!(matches!(error, GuardError::Nowhere(..)), "{error}");
    assert!(error.to_string().contains("resolver"), "{error}");
    assert_eq!(guard(&routes, nowhere, true), Ok(()));
    for url in [
        "",
        "glance",
        "http://",
        "/v2",
        "http://a b",
        "http://127.1:9292",
        "http://127.0.0.1:99999",
        "http://localhost@192.0.2.1/",
        "http://me:swordfish@192.0.2.1/",
    ] {
        let error = guard(&routes, url, true).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, GuardError::Url(_)), "{url}");
        assert!(!text.contains("swordfish"), "{text}");
    }
    // A name of this machine is another one's to a proxy.
    let variable = |name: &str| (name == "http_proxy").then_some("proxy.example:3128");
    let proxies = Routes::of_variables(variable);
    let through = |url, allowed| guard(&proxies, url, allowed);
    let named = "http://sub.localhost:9292";
    assert_eq!(through("http://127.0.0.1:9292", false), Ok(()));
    assert!(matches!(through(named, false), Err(GuardError::NotHere(_))));
    assert_eq!(through(named, true), Ok(()));
}

#[test]
fn identifiers_are_uuids_and_differ() {
    let id = ImageId::new(RunId(1), 2);
    let text = id.to_string();
    assert_eq!(ImageId::parse(&text), Some(id));
    assert_eq!(text.as_bytes()[14], b'4');
    assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    assert_ne!(id, ImageId::new(RunId(1), 3));
    assert_ne!(id, ImageId::new(RunId(2), 2));
    assert_eq!(ImageId::parse("+2345678-1234-1234-1234-123456789012"), None);
    assert_eq!(ImageId::parse("é2345678-1234-1234-1234-12345678901"), None);
}

#[test]
fn content_depends_on_seed_and_size_only() {
    let whole = content_of(7, 200_001);
    assert_eq!(whole, content_of(7, 200_001));
    assert_ne!(whole.checksum, content_of(8, 200_001).checksum);
    assert_ne!(whole.checksum, content_of(7, 200_000).checksum);
    assert_eq!(content_of(7, 0).checksum, 0xd41d_8cd9_8f00_b204);
}

#[test]
fn a_database_that_is_not_understood_is_refused_without_being_shown() {
    for url in [
        "",
        "swordfish",
        "oracle://glance:swordfish@db/glance",
        "postgresql://glance:swordfish@db",
        "postgresql://glance:swordfish@db/",
        "postgresql://glance:swordfish@db:none/glance",
        "postgresql://glance:swordfish@db/glance?sslmode=verify-full",
        "mysql://glance:swordfish@db/glance?ssl_ca=/etc/ca.pem",
        "mysql://glance:%ff@db/glance",
        "sqlite://",
        "sqlite:///:memory:",
    ] {
        let target = ProbeTarget {
            database: Some(Secret::new(url)),
            store: None,
            staging: None,
        };
        let error = wait(Probe::open(&target, &Routes::default())).unwrap_err();
        assert!(matches!(error, ProbeError::Address(_)), "{url}: {error}");
        assert!(!error.to_string().contains("swordfish"), "{error}");
    }
}
