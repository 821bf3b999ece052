//! A secret in every wrong place, and in every right one: nowhere in what comes out, however it is written there.

use super::fake::{Asked, Fake, reply};
use super::{Done, scenario, stormglass};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use std::collections::BTreeSet;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const CANARY: &str = "Kanarie/7f+3a?Vogel";

/// How a secret may be written.
fn forms() -> BTreeSet<Vec<u8>> {
    let bytes = CANARY.as_bytes();
    let mapped =
        |one: &dyn Fn(u8) -> String| bytes.iter().map(|&byte| one(byte)).collect::<String>();
    let mut forms = BTreeSet::from([
        CANARY.to_owned(),
        mapped(&|byte| format!("{byte:02x}")),
        mapped(&|byte| format!("{byte:02X}")),
        mapped(&|byte| format!("%{byte:02X}")),
        mapped(&|byte| format!("%{byte:02x}")),
        CANARY
            .replace('/', "%2F")
            .replace('+', "%2B")
            .replace('?', "%3F"),
        CANARY.replace('/', "\\/"),
    ]);
    for shift in 0..3 {
        let shifted = [&vec![0; shift][..], bytes].concat();
        for text in [
            BASE64_STANDARD_NO_PAD.encode(&shifted),
            BASE64_URL_SAFE_NO_PAD.encode(&shifted),
        ] {
            forms.insert(text[(shift * 8_usize).div_ceil(6)..shifted.len() * 8 / 6].to_owned());
        }
    }
    forms.into_iter().map(String::into_bytes).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => files(&path),
                false => vec![path],
            }
        })
        .collect()
}

/// Runs it, and looks through all that it says and all that it writes. What was there before may hold what its user wrote.
fn audited(folder: &Path, arguments: &[&str], set: &[(&str, &str)]) -> Done {
    let before: BTreeSet<PathBuf> = files(folder).into_iter().collect();
    let done = stormglass(folder, arguments, set);
    let mut outputs = vec![
        (
            "standard output".to_owned(),
            done.stdout.clone().into_bytes(),
        ),
        (
            "standard error".to_owned(),
            done.stderr.clone().into_bytes(),
        ),
    ];
    for path in files(folder)
        .into_iter()
        .filter(|path| !before.contains(path))
    {
        outputs.push((path.display().to_string(), fs::read(&path).unwrap()));
    }
    for (name, bytes) in outputs {
        // A part of it tells enough.
        let parts = [&CANARY[..10], &CANARY[9..]].map(|part| part.as_bytes().to_vec());
        for form in forms().into_iter().chain(parts) {
            let found = bytes.windows(form.len()).position(|window| window == form);
            let text = String::from_utf8_lossy(&bytes);
            assert_eq!(
                found,
                None,
                "{arguments:?}: {name} holds {}:\n{text}",
                String::from_utf8_lossy(&form)
            );
        }
    }
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    done
}

const STEPS: &str = "\"create\", \"delete\"";
const SWEEP: [&str; 7] = [
    "--script",
    "create upload delete",
    "--tries",
    "1",
    "--quiet",
    "--out",
    "swept",
];

/// Every command that reads a scenario.
fn all_commands(folder: &Path, more: &[&str], set: &[(&str, &str)]) {
    fs::write(folder.join("journal"), "stormglass journal 1\nrun 0000000000000007 http://127.0.0.1:1\nnumbers 0000000000000007 4\n").unwrap();
    for arguments in [
        &[&["validate", "storm.toml"][..]].concat()[..],
        &[&["run", "storm.toml", "--out", "out"][..], more].concat(),
        &[&["sweep", "storm.toml"][..], &SWEEP].concat(),
        &["cleanup", "journal", "--scenario", "storm.toml"],
    ] {
        audited(folder, arguments, set);
        for folder in ["out", "swept"].map(|name| folder.join(name)) {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

#[test]
fn under_a_key_that_is_not_one() {
    for line in [
        "tokne = \"{}\"",
        "Token = \"{}\"",
        "admin_tokn = \"{}\"",
        "\"to ken\" = \"{}\"",
        "pasword = '{}'",
        "credential = [\"{}\"]",
        "access = { one = \"{}\", two = [\"{}\"] }",
        "whatever = \"\"\"\n  {}\n\"\"\"",
        "whatever.deep.down = \"{}\"",
        "token = { value = \"{}\" }",
        "token.value = \"{}\"",
        "cloud = { tokne = \"{}\" }",
        "member = { user = \"u\", project = \"p\", roles = [\"r\"], key = \"{}\" }",
        "probe = { data_base = \"mysql://me:{}@host/glance\" }",
        "commands = { x = { run = \"mysql -p{}\", undoo = \"mysql -p{}\" } }",
        "commands = { x = { rum = \"mysql -p{}\" } }",
        "last_resort = { run = \"x\", timeoutt = \"{}\" }",
        // Broken, so that nothing is known of it.
        "whatever = \"{}",
        "whatever = {}",
        "whatever = \"\"\"\n{}\n",
        "whatever = [\"a\",\n\"{}\"\n",
        "tokne = \"{}\" oops",
        "export OS_PASSWORD={}",
        "password: {}",
        "machine x login y password {}",
    ] {
        let folder = scenario("http://127.0.0.1:1", &line.replace("{}", CANARY), STEPS);
        all_commands(folder.path(), &[], &[]);
    }
}

#[test]
fn where_the_name_of_a_variable_belongs() {
    for key in [
        "token_env",
        "admin_token_env",
        "reader_token_env",
        "stranger_token_env",
        "token_envv",
    ] {
        let folder = scenario(
            "http://127.0.0.1:1",
            &format!("{key} = \"{CANARY}\""),
            STEPS,
        );
        all_commands(folder.path(), &[], &[]);
    }
    for probe in [
        format!("database_env = \"{CANARY}\""),
        format!(
            "store = \"s3://b\"\nendpoint = \"http://127.0.0.1:1\"\naccess_key_env = \"{CANARY}\"\nsecret_key_env = \"{CANARY}\""
        ),
    ] {
        let folder = scenario(
            "http://127.0.0.1:1",
            &format!("[target.glance.probe]\n{probe}"),
            STEPS,
        );
        all_commands(folder.path(), &[], &[]);
    }
    // A name that is close to one that there is.
    let folder = scenario("http://127.0.0.1:1", "token_env = \"MY_TOKN\"", STEPS);
    let done = audited(
        folder.path(),
        &["validate", "storm.toml"],
        &[("MY_TOKEN", CANARY)],
    );
    assert!(
        done.stderr.contains("did you mean `MY_TOKEN`?"),
        "{}",
        done.stderr
    );
}

#[test]
fn on_the_command_line() {
    let folder = scenario("http://127.0.0.1:1", "", STEPS);
    for setting in [
        "target.glance.tokne={}",
        "target.glance.foo={}",
        "target.glance.foo=\"{}",
        "target.glance.token:{}",
        "target.glance.token {}",
        "target.glance.token {}=1",
        "target={glance={foo=\"{}\"",
        "target={glance={foo=\"{}\"}}",
        "target.glance={url=\"http://127.0.0.1:1\",foo=\"{}\"}",
        "target.glance.url=http://me:{}@127.0.0.1:1",
        "target.glance.url=http:/me:{}@127.0.0.1:1",
        "target.glance.location=http://me:{}@127.0.0.1:1/x",
        "target.glance.token_env={}",
        "target.glance.commands.x.run=\"mysql -p{}\" oops",
        "target.glance.commands.x.rum=\"mysql -p{}\"",
        "target.glance.timeout=\"0s\" # {}",
    ] {
        let setting = setting.replace("{}", CANARY);
        let done = audited(
            folder.path(),
            &["run", "storm.toml", "--set", &setting],
            &[],
        );
        assert_eq!(done.code(), 104, "{setting}: {}", done.stderr);
    }
    let with = |text: &str| text.replace("{}", CANARY);
    for arguments in [
        vec![
            "run".to_owned(),
            "storm.toml".to_owned(),
            with("target.glance.token={}"),
        ],
        vec![
            "run".to_owned(),
            "storm.toml".to_owned(),
            with("--sett=target.glance.token={}"),
        ],
        vec!["run".to_owned(), with("http://me:{}@127.0.0.1:1")],
        vec!["sweep".to_owned(), with("http://me:{}@127.0.0.1:1")],
        vec!["sweep".to_owned(), with("http:/me:{}@127.0.0.1:1")],
        vec![
            "sweep".to_owned(),
            "storm.toml".to_owned(),
            "--tries".to_owned(),
            with("http://me:{}@127.0.0.1:1"),
        ],
        vec![
            "cleanup".to_owned(),
            "storm.toml".to_owned(),
            "--url".to_owned(),
            with("http://me:{}@127.0.0.1:1"),
        ],
        vec!["check".to_owned(), with("http://me:{}@127.0.0.1:1")],
        vec!["validate".to_owned(), with("http://me:{}@127.0.0.1:1")],
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let done = audited(folder.path(), &arguments, &[]);
        assert_ne!(done.code(), 0, "{arguments:?}");
    }
}

fn commands(run: &str, undo: &str) -> String {
    let [run, undo] = [run, undo].map(|text| text.replace("{}", CANARY));
    format!("[target.glance.commands.x]\nrun = \"{run}\"\nundo = \"{undo}\"")
}

#[test]
fn in_a_command_of_the_scenario() {
    let fake = Fake::honest();
    let fault = "\n[[fault]]\nname = \"f\"\nat = \"server\"\nkind = { command = \"x\" }\nwindow = { from = \"0s\", to = \"1s\" }";
    for (run, undo) in [
        ("true", "true"),
        (
            "echo denied for {} >&2; mysql-that-is-not-there -p'{}'",
            "true",
        ),
        ("PASSWORD='{}' false", "false --password '{}'"),
        ("true", "echo {} >&2; PASSWORD='{}'; false"),
        ("mysql://me:{}@host/x", "false -u me:{}"),
    ] {
        let folder = scenario(&fake.url, &commands(run, undo), STEPS);
        let (path, results) = (folder.path().join("storm.toml"), folder.path());
        fs::write(&path, fs::read_to_string(&path).unwrap() + fault).unwrap();
        let refused = audited(folder.path(), &["run", "storm.toml"], &[]);
        assert_eq!(refused.code(), 2, "{}", refused.stderr);
        let allowed = ["run", "storm.toml", "--allow-commands", "--out", "out"];
        let done = audited(folder.path(), &allowed, &[]);
        assert!(results.join("out/run.json").is_file(), "{}", done.stderr);
        let script = "create [upload mid-body !x] delete";
        let sweep = [
            &[
                "sweep",
                "storm.toml",
                "--allow-commands",
                "--script",
                script,
            ][..],
            &SWEEP[2..],
        ]
        .concat();
        let done = audited(folder.path(), &sweep, &[]);
        assert!(
            results.join("swept/sweep.json").is_file(),
            "{}",
            done.stderr
        );
    }
}

#[test]
fn in_a_setting_that_results_repeat() {
    let fake = Fake::honest();
    let folder = scenario(&fake.url, &commands("true", "true"), STEPS);
    let run = format!("target.glance.commands.x.run=\"mysql -p{CANARY}\"");
    let whole = format!("target.glance.commands={{ x = {{ run = \"mysql -p{CANARY}\" }} }}");
    let plain = "target.glance.timeout=\"300ms\"";
    for (out, setting) in [("one", &run), ("two", &whole)] {
        let arguments = [
            "run",
            "storm.toml",
            "--set",
            setting,
            "--set",
            plain,
            "--out",
            out,
        ];
        let done = audited(folder.path(), &arguments, &[]);
        let json = fs::read_to_string(folder.path().join(out).join("run.json"));
        let json = json.expect(&done.stderr);
        assert!(
            json.contains("target.glance.commands") && json.contains("=…"),
            "{json}"
        );
        assert!(
            json.contains("target.glance.timeout=\\\"300ms\\\""),
            "{json}"
        );
    }
}

#[test]
fn in_a_url() {
    let with_password = format!("http://me:{CANARY}@127.0.0.1:1");
    let folder = scenario(&with_password, "", STEPS);
    all_commands(folder.path(), &[], &[]);
    let journal = format!(
        "stormglass journal 1\nrun 0000000000000007 {with_password}\nnumbers 0000000000000007 4\n"
    );
    fs::write(folder.path().join("journal"), journal).unwrap();
    audited(folder.path(), &["cleanup", "journal"], &[]);
    let set = [
        ("OS_AUTH_URL", with_password.as_str()),
        ("OS_USERNAME", "u"),
        ("OS_PASSWORD", CANARY),
        ("OS_USER_DOMAIN_NAME", "d"),
    ];
    audited(folder.path(), &["sweep", "http://127.0.0.1:1"], &set);
    let proxied = scenario("http://glance.invalid", "", STEPS);
    for url in [
        with_password.clone(),
        format!("socks5://me:{CANARY}@127.0.0.1:1"),
        format!("http://me:{CANARY}@127.0.0.1:99999"),
    ] {
        let set = [("http_proxy", url.as_str())];
        all_commands(proxied.path(), &["--yes-load-this-server"], &set);
    }
    let fake = Fake::honest();
    for probe in [
        format!("database = \"mysql://me:{CANARY}@127.0.0.1:1/glance\""),
        format!("database = \"postgresql://me:{CANARY}@127.0.0.1:99999/glance\""),
        format!("database = \"sqlite://{CANARY}\""),
        format!("store = \"s3://b\"\nendpoint = \"{with_password}\""),
    ] {
        let keys = [
            ("AWS_ACCESS_KEY_ID", CANARY),
            ("AWS_SECRET_ACCESS_KEY", CANARY),
        ];
        let folder = scenario(&fake.url, &format!("[target.glance.probe]\n{probe}"), STEPS);
        all_commands(folder.path(), &[], &keys);
    }
    // Glance takes such a location, and findings show what was sent.
    let odd = Fake::with(Arc::new(|asked: &Asked, stream: &mut TcpStream| {
        let is_location = asked.body.contains("swift");
        if is_location {
            let _ = reply(stream, 500, &format!("cannot read {}", asked.body));
        }
        is_location
    }));
    let location = format!(
        "location = \"swift+https://me:{}@host/c/o\"",
        CANARY.replace(['/', '?'], "-")
    );
    let folder = scenario(&odd.url, &location, STEPS);
    let sweep = [
        "sweep",
        "storm.toml",
        "--script",
        "create-with-location delete",
        "--tries",
        "1",
        "--out",
        "swept",
    ];
    let done = audited(folder.path(), &sweep, &[]);
    let page = fs::read_to_string(folder.path().join("swept/findings.md")).expect(&done.stderr);
    assert!(page.contains("swift+https://host/c/o"), "{page}");
}

#[test]
fn in_what_a_server_says_after_it() {
    let dresses: String = forms()
        .iter()
        .map(|form| format!("<{}> ", String::from_utf8_lossy(form)))
        .collect();
    let dresses = dresses.replace(['<', '>'], "'");
    let fake = Fake::with(Arc::new(move |asked: &Asked, stream: &mut TcpStream| {
        // Not where an answer to the first word decides whether there is a storm at all.
        let answers = asked.method == "PUT" || asked.method == "DELETE";
        if answers {
            let _ = reply(stream, 500, &format!("{{\"message\": \"{}\"}}", dresses));
        }
        answers
    }));
    let folder = scenario(
        &fake.url,
        "token_env = \"MINE\"\nadmin_token_env = \"MINE\"",
        "\"create\", \"upload\", \"delete\"",
    );
    let set = [("MINE", CANARY)];
    let run = audited(
        folder.path(),
        &["run", "storm.toml", "--history", "--out", "out"],
        &set,
    );
    assert_eq!(run.code(), 90, "{}", run.stderr);
    audited(folder.path(), &["check", "out/history.jsonl"], &set);
    let sweep = [
        &["sweep", "storm.toml"][..],
        &[
            "--script",
            "create upload delete",
            "--tries",
            "2",
            "--out",
            "swept",
        ],
    ]
    .concat();
    let done = audited(folder.path(), &sweep, &set);
    let page = fs::read_to_string(folder.path().join("swept/findings.md")).expect(&done.stderr);
    assert!(page.contains("message"), "{page}");
    audited(
        folder.path(),
        &["cleanup", "out", "--scenario", "storm.toml"],
        &set,
    );
}

#[test]
fn in_a_file_that_is_something_else() {
    let folder = scenario("http://127.0.0.1:1", "", STEPS);
    for (name, text) in [
        (
            "openrc",
            "export OS_USERNAME=me\nexport OS_PASSWORD={}\nexport OS_TOKEN = {}\n",
        ),
        ("openrc-quoted", "export OS_PASSWORD=\"{}\n"),
        (
            "clouds.yaml",
            "clouds:\n  c:\n    auth:\n      password: {}\n      passwrd: \"{}\"\n",
        ),
        (
            "clouds.json",
            "{\"clouds\": {\"c\": {\"auth\": {\"password\": \"{}\"}}}}",
        ),
        ("netrc", "machine x login me password {}\n"),
        ("env", "PASSWORD={}\nDB_PASS={}\nAPIKEY={}\n"),
    ] {
        fs::write(folder.path().join(name), text.replace("{}", CANARY)).unwrap();
        for arguments in [
            &["validate", name][..],
            &["run", name],
            &["sweep", name],
            &["check", name],
            &["sweep", "embedded", "--accept", name],
            &["cleanup", "journal", "--scenario", name],
        ] {
            audited(folder.path(), arguments, &[]);
        }
        let set = [("OS_CLIENT_CONFIG_FILE", name), ("OS_CLOUD", "c")];
        audited(folder.path(), &["sweep", "http://127.0.0.1:1"], &set);
    }
}
