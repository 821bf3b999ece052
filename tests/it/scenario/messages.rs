//! Every message of the reader. A snapshot holds a group of them as a user without a terminal sees them.
//!
//! After a change: `INSTA_UPDATE=always cargo test --test it messages`, and read the difference.

use super::{complete, read};
use std::fmt::Write;

/// Snapshots what the reader says of each text; what a scenario needs besides is added to it.
pub fn check(group: &str, texts: &[&str]) {
    let whole: Vec<String> = texts.iter().map(|text| complete(text)).collect();
    let cases = whole.iter().map(|text| (text.as_str(), &[][..]));
    check_with(group, &cases.collect::<Vec<_>>());
}

/// Likewise of whole texts with overrides.
fn check_with(group: &str, cases: &[(&str, &[&str])]) {
    let mut said = String::new();
    for (text, overrides) in cases {
        let Err(mistakes) = read(text, overrides) else {
            panic!("no mistake was found in:\n{text}\n{overrides:?}");
        };
        let plain = mistakes.plain();
        writeln!(said, "{}\n{}", plain.trim_end(), "=".repeat(80)).unwrap();
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!(format!("mistakes-{group}"), said);
    });
}

#[test]
fn syntax() {
    check(
        "syntax",
        &[
            "seed = 5s",
            "seed = 1\nseed = 2",
            "[load\nduration = \"1h\"",
            "seed = \"1",
            "[service]\ndefects = [\"lost-create\"",
            "seed = ",
            "= 3",
            // A slip of the finger hides no other mistake.
            "seed = x\nreplicatoins = 3",
        ],
    );
}

#[test]
fn steps_on_a_line() {
    let embedded = |steps: &str| format!("[[story]]\nname = \"a\"\nsteps = \"{steps}\"");
    let glance = |steps: &str| {
        let url = "[target.glance]\nurl = \"http://127.0.0.1:9292\"\n";
        let member = "member = { user = \"m\", project = \"p\", roles = [\"member\"] }\n";
        format!("{url}{member}{}", embedded(steps))
    };
    let texts = [
        embedded("create uplaod"),
        embedded("create {upload}"),
        embedded("create upload wait=soon"),
        embedded("create [upload last-byte delete]"),
        embedded("create [upload mid-body !reset]"),
        embedded("create [upload before !close]"),
        embedded("create upload !kill-api"),
        embedded("create upload delete:other-project"),
        glance("create [upload mid-body !kill-api]"),
        glance("create [delete first-byte !reset]"),
        glance("create upload delete:reader"),
        glance("create upload show:other-project"),
    ];
    check("steps", &texts.each_ref().map(String::as_str));
}

#[test]
fn whole_file() {
    check_with(
        "whole-file",
        &[
            ("", &[]),
            ("schema = 2\nname = \"x/y\"\nload = 1\nstory = []", &[]),
            (
                "schema = \"1\"\nname = 1\n[load]\n[story]\nname = \"a\"",
                &[],
            ),
            (
                "schema = 1\nname = \"several\"\nsede = 7\n[load]\narivals = { rate = \"5/s\" }\nduration = 10\n\
                 [[story]]\nname = \"a\"\nsteps = [\"create\", \"downlod\"]\n[[fault]]\nname = \"f\"\nat = \"stor.put\"\nkind = \"stall\"\n",
                &[],
            ),
        ],
    );
}

#[test]
fn top_level() {
    check(
        "top-level",
        &[
            "sed = 1",
            "completely_different = 1",
            "name = \"\"",
            "name = \"..\"",
            "name = \"a:b\"",
            "seed = -1",
            "seed = 1.5",
            "seed = 99999999999999999999999999999999999999999",
            "replications = 0",
            "replications = 5_000_000_000",
            "clock = \"vitrual\"",
            "clock = 1",
            "[settle]\nfor = \"-1s\"",
            "settle = \"2m\"",
            "[settle]\nfor = \"2 moons\"",
            "[settle]\nfro = \"2m\"",
            "[report]\ninterval = \"0s\"",
        ],
    );
}

#[test]
fn distributions() {
    let put = |value: &str| format!("[service.store]\nput = {value}");
    let texts: Vec<String> = [
        "{}",
        "{ exponental = { mean = \"1s\" } }",
        "{ exponential = \"1s\" }",
        "{ exponential = { mean = \"1s\", median = \"1s\" } }",
        "{ exponential = { mean = \"1s\" }, uniform = { min = \"1s\", max = \"2s\" } }",
        "{ exponential = { mean = 1 } }",
        "{ exponential = { mean = \"-1s\" } }",
        "{ exponential = { mean = \"NaNs\" } }",
        "{ lognormal = {} }",
        "{ lognormal = { median = \"2s\", p99 = \"1s\" } }",
        "{ lognormal = { median = \"0s\", p99 = \"1s\" } }",
        "{ uniform = { min = \"2s\", max = \"1s\" } }",
        "{ pareto = { min = \"2s\", shape = nan } }",
        "{ pareto = { min = \"2s\", shape = 0 } }",
        "{ pareto = { min = \"2s\", shape = \"steep\" } }",
        "{ empirical = { file = 3 } }",
        "{ empirical = { file = \"nowhere.csv\" } }",
        "{ empirical = { file = \"wrong-times.csv\" } }",
        "{ empirical = { file = \"no-weight.csv\" } }",
        "[\"1s\"]",
    ]
    .map(put)
    .into();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    check("distributions", &texts);
}

#[test]
fn probe() {
    let probe = |text: &str| {
        format!("[target.glance]\nurl = \"http://127.0.0.1:9292\"\n[target.glance.probe]\n{text}")
    };
    let texts = [
        probe(""),
        probe("staging = \"/var/lib/glance/staging\""),
        probe("store = \"images\"\nstorr = 1"),
        probe("database_env = \"STORMGLASS_TEST_UNSET\""),
        probe("store = \"s3://images/here\"\nsecret_key_env = \"STORMGLASS_TEST_UNSET\""),
        probe("store = \"/images\"\nregion = \"here\""),
        probe("store = []"),
        probe("store = [\"/images\", \"more\"]"),
        probe("store = [\"s3://images\", \"/images\"]\nendpoint = \"https://s3\""),
        probe("store = \"s3://images\"\nsecret_key = \"swordfish\"\nendpoint = \"https://s3\""),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    check("probe", &texts);
}

#[test]
fn glance() {
    let glance = |text: &str| format!("[target.glance]\nurl = \"http://127.0.0.1:9292\"\n{text}");
    // A server on another host cannot read what is served here.
    let story = |steps: &str| {
        format!(
            "[target.glance]\nurl = \"http://glance:9292\"\n[[story]]\nname = \"a\"\nsteps = [{steps}]"
        )
    };
    let texts = [
        "[target.glance]".to_owned(),
        "[target.glance]\nurl = \"ftp://localhost\"".to_owned(),
        glance(
            "ca = \"nowhere.pem\"\ncloud = \"c\"\ntoken = \"t\"\nreader_token_env = \"STORMGLASS_TEST_UNSET\"",
        ),
        "[target.glance]\nurl = \"http://\"".to_owned(),
        "[target.glance]\nurl = \"http://a b\"".to_owned(),
        format!("clock = \"virtual\"\n{}", glance("")),
        glance("[service]\nworkers = 3"),
        glance(
            "timeout = \"0s\"\nconnections = 0\ntokn = \"x\"\nlocation = \"image.raw\"\ndelayed_delete = 1",
        ),
        glance("token = \"\"\nadmin_token = \"a\\nb\""),
        glance("token = \"a\"\ntoken_env = \"STORMGLASS_TEST_UNSET\""),
        glance("token_env = \"STORMGLASS_TEST_UNSET\""),
        glance("member = { user = \"alice\", role = \"member\" }\nadmin = \"nobody\""),
        glance("admin = { user = \"alice\", project = \"demo\", roles = \"admin\" }"),
        story("\"create\", \"import\", \"delete\""),
        story(
            "\"create-with-location\", \"add-location\", { race = [\"remove-location\", \"delete\"] }",
        ),
        story("\"create\", \"upload-too-large\", \"delete\""),
        glance("[[fault]]\nname = \"f\"\nat = \"store.put\"\nkind = \"full\""),
        glance("[[fault]]\nname = \"f\"\nat = \"api\"\nkind = { error = { probability = 1 } }"),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    check("glance", &texts);
}

#[test]
fn commands() {
    let glance = |text: &str| {
        let kill = "[target.glance.commands.kill-api]\nrun = \"false\"";
        format!("[target.glance]\nurl = \"http://127.0.0.1:9292\"\n{kill}\n{text}")
    };
    let command = |text: &str| glance(&format!("[target.glance.commands.{text}"));
    let fault = |rest: &str| glance(&format!("[[fault]]\nname = \"f\"\n{rest}"));
    let texts = [
        "[target.glance]\nurl = \"http://127.0.0.1:9292\"\ncommands = \"kill-api\"".to_owned(),
        command("scrub]"),
        command("scrub]\nrun = \" \"\nundo = 3\ntimeout = \"0s\"\ntiemout = \"1s\""),
        glance("[target.glance.last_resort]\nundo = \"true\""),
        glance("[target.glance.last_resort]\nrun = \"\""),
        command("reset]\nrun = \"true\""),
        command("\"a b\"]\nrun = \"true\""),
        fault("at = \"server\"\nkind = \"command\""),
        fault("at = \"server\"\nkind = { command = \"kil-api\" }"),
        fault("at = \"server\"\nkind = \"stall\""),
        fault("at = \"client\"\nkind = { command = \"kill-api\" }"),
        fault("at = \"client\"\nkind = \"stall\""),
        fault("at = \"client\"\nkind = { reset = { after = \"2\", probability = 2 } }"),
        fault("at = \"client\"\nkind = { close-reply = { after = \"50%\" } }"),
        fault("at = \"client\"\nkind = { revoke = { after = \"50%\" } }"),
        "[[fault]]\nname = \"f\"\nat = \"server\"\nkind = { command = \"kill-api\" }".to_owned(),
        "[[fault]]\nname = \"f\"\nat = \"client\"\nkind = { reset = { after = \"50%\" } }"
            .to_owned(),
        "[[fault]]\nname = \"f\"\nat = \"api\"\nkind = { stall = { after = \"50%\" } }".to_owned(),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    check("commands", &texts);
}

#[test]
fn load() {
    check(
        "load",
        &[
            "[load]",
            "[load]\nduration = \"1h\"",
            "[load]\nusers = 3\narrivals = { rate = \"5/s\" }\nduration = \"1h\"",
            "[load]\nusers = 0\nthink = 3\nduration = \"1h\"",
            "[load]\nusers = 3\nramp = [{ for = \"1m\", to = \"4/s\" }]\nmax_in_flight = 3\nthink = \"1s\"\nduration = \"1h\"",
            "[load]\narrivals = { rate = \"5/s\" }\nthink = \"1s\"\nduration = \"1h\"",
            "[load]\narrivals = \"5/s\"\nduration = \"0s\"",
            "[load]\narrivals = { spacing = \"evn\" }\nsubjects = 0",
            "[load]\narrivals = { rate = \"5\", spacing = 3 }\nsubjects = -1\nmax_in_flight = 0",
            "[load]\narrivals = { rate = \"5 per second\" }\nduration = \"1e300d\"",
            "[load]\narrivals = { rate = \"-5/s\" }\nduration = \"1h\"",
            "[load]\narrivals = { rate = \"infinity/s\" }\nduration = \"1h\"",
            "[load]\narrivals = { rate = \"0/s\" }\nduration = \"1h\"",
            "[load]\narrivals = { rate = \"0/s\" }\nramp = [{ for = \"1m\", to = \"0/s\" }]\nduration = \"1h\"",
            "[load]\narrivals = { rate = \"5/s\" }\nramp = { for = \"1m\", to = \"4/s\" }\nduration = \"1h\"",
            "[load]\narrivals = { rate = \"5/s\" }\nramp = [{ for = \"1m\" }, { fro = \"1m\", to = \"4/s\" }, 3]\nduration = \"1h\"",
            "[load]\narrivals = { rate = \"5/s\" }\nramp = [{ for = \"40m\", to = \"4/s\" }, { for = \"30m\", to = \"0/s\" }]\nduration = \"1h\"",
            "[load]\narrivals = { rate = \"5/s\" }\nramp = [{ for = \"1m\", to = \"0/s\" }]\nsubjects = 1_000",
            "[load]\narrivals = { rate = \"5/s\" }\nduration = \"1h\"\nwarm_up = \"1h\"",
            "[load]\nusers = 3\nduration = \"1h\"",
        ],
    );
}

#[test]
fn phases() {
    check(
        "phases",
        &[
            "phase = 1",
            "[[phase]]",
            "[[phase]]\nname = \"\"\nfrom = 1",
            "[[phase]]\nname = \"load\"\nfrom = \"1m\"",
            "[[phase]]\nname = \"a\"\nfrom = \"2m\"\n[[phase]]\nname = \"a\"\nfrom = \"3m\"",
            "[[phase]]\nname = \"a\"\nfrom = \"2m\"\n[[phase]]\nname = \"b\"\nfrom = \"2m\"",
            "[[phase]]\nname = \"late\"\nfrom = \"1h\"",
            "[load]\narrivals = { rate = \"5/s\" }\nduration = \"1h\"\nwarm_up = \"10m\"\n[[phase]]\nname = \"first\"\nfrom = \"0s\"",
        ],
    );
}

#[test]
fn stories() {
    let story = |rest: &str| format!("[[story]]\nname = \"a\"\n{rest}");
    let texts = [
        "story = 3".to_owned(),
        "[[story]]".to_owned(),
        story("steps = [\"create\"]\nwieght = 3"),
        story("steps = [\"create\"]\nweight = -1"),
        story("steps = [\"create\"]\nweight = nan"),
        story("steps = [\"create\"]\nweight = \"heavy\""),
        story("steps = [\"create\"]\nweight = 0"),
        story("steps = [\"create\"]\nsize = \"big\""),
        story("steps = [\"create\"]\n[[story]]\nname = \"a\"\nsteps = [\"create\"]"),
        story("steps = 5"),
        story("steps = []"),
        story("steps = [\"upload\"]"),
        story("steps = [{ wait = \"1s\" }, \"create\"]"),
        story("steps = [\"create\", \"create-empty\", { race = [\"create\", \"delete\"] }]"),
        story("steps = [\"create\", \"uplaod\", \"wait\", \"race\", \"refused\", 3]"),
        story(
            "steps = [\"create\", { wait = 3 }, { waits = \"1s\" }, { refused = \"wiat\" }, {}, { refused = 3 }]",
        ),
        story("steps = [\"create\", { race = \"upload\" }]"),
        story("steps = [\"create\", { race = [\"upload\"] }]"),
        story("steps = [\"create\", { race = [\"upload\", []], jiter = \"1s\" }]"),
        story("steps = [\"create\", { race = [\"upload\", { race = [\"delete\", \"delete\"] }] }]"),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    check("stories", &texts);
}

#[test]
fn what_is_too_long() {
    let steps = format!("[\"create\"{}]", ", \"delete\"".repeat(65_535));
    let branches = format!("{{ race = [{}] }}", "\"delete\",".repeat(256));
    let actions = format!("{{ race = [\"delete\", [{}]] }}", "\"delete\",".repeat(256));
    let texts = [
        steps,
        format!("[\"create\", {branches}]"),
        format!("[\"create\", {actions}]"),
    ];
    for (text, why) in texts
        .iter()
        .zip(["1 to 65535 steps", "2 to 255 branches", "1 to 255 steps"])
    {
        let text = complete(&format!("[[story]]\nname = \"a\"\nsteps = {text}"));
        let mistakes = read(&text, &[]).unwrap_err();
        let messages: Vec<&str> = mistakes.messages().collect();
        assert!(
            messages.len() == 1 && messages[0].contains(why),
            "{messages:?}"
        );
    }
}

#[test]
fn reachability() {
    let texts: Vec<String> = [
        ("", "\"create\", \"download\""),
        ("", "\"create\", \"upload\", \"upload\""),
        (
            "",
            "\"create\", \"upload\", \"deactivate\", \"download\", \"reactivate\", \"export\"",
        ),
        ("", "\"create\", \"deactivate\", \"reactivate\""),
        ("", "\"create\", \"upload\", \"delete\", \"delete\""),
        ("", "\"create-with-location\", \"upload\""),
        ("", "\"create\", \"upload\", \"remove-location\""),
        ("", "\"create\", { race = [\"download\", \"delete\"] }"),
        ("", "\"create\", \"upload\", { refused = \"download\" }"),
        (
            "",
            "\"create\", { race = [[\"upload\", \"deactivate\"], { refused = \"delete\" }] }",
        ),
        (
            "profile = \"v1\"\n",
            "\"create\", \"abort-upload\", \"upload\"",
        ),
        (
            "profile = \"v1\"\n",
            "\"create\", \"abort-upload\", \"delete\", \"delete\"",
        ),
        (
            "delayed_delete = true\n",
            "\"create\", \"upload\", \"delete\", { refused = \"create\" }, \"download-as-admin\"",
        ),
    ]
    .map(|(service, steps)| {
        format!("[service]\n{service}[[story]]\nname = \"a\"\nsteps = [{steps}]")
    })
    .into();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    check("reachability", &texts);
}

#[test]
fn faults() {
    let fault = |rest: &str| format!("[[fault]]\nname = \"f\"\n{rest}");
    let texts = [
        "[[fault]]".to_owned(),
        fault("at = \"store.pt\"\nkind = \"stal\""),
        fault("at = 3\nkind = 3"),
        fault("at = \"api\"\nkind = \"error\""),
        fault("at = \"api\"\nkind = { latency = {} }"),
        fault("at = \"api\"\nkind = { error = { probability = 1.5 } }"),
        fault("at = \"api\"\nkind = { error = { probability = nan } }"),
        fault("at = \"api\"\nkind = { error = { probability = \"101%\" } }"),
        fault("at = \"api\"\nkind = { error = { probability = true } }"),
        fault("at = \"client\"\nkind = { close = { afetr = \"50%\" } }"),
        fault("at = \"store.get\"\nkind = \"full\""),
        fault("at = \"scrubber\"\nkind = { error = { probability = 1 } }"),
        fault("at = \"client\"\nkind = { down = {} }"),
        fault(
            "at = \"executor\"\nkind = \"down\"\n[[fault]]\nname = \"f\"\nat = \"executor\"\nkind = \"down\"",
        ),
        fault("at = \"executor\"\nkind = \"down\"\nwindow = \"1h\""),
        fault(
            "at = \"executor\"\nkind = \"down\"\nwindow = { from = \"20m\", to = \"10m\", until = \"30m\" }",
        ),
        fault("at = \"executor\"\nkind = \"down\"\nwindow = { from = \"1h\" }"),
        fault("at = \"executor\"\nkind = \"down\"\nwindow = { to = \"2h\" }"),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    check("faults", &texts);
}

#[test]
fn thresholds() {
    let texts: Vec<String> = [
        "upload = 3",
        "uplaod = [\"count > 0\"]",
        "download = [\"count > 0\"]",
        "\"saving->queud\" = [\"count > 0\"]",
        "\"active->queued\" = [\"count > 0\"]",
        "\"saving->killed\" = [\"count > 0\"]",
        "\"->active\" = [\"count > 0\"]",
        "\"nowhere->active\" = [\"count > 0\"]",
        "\"pending->processing\" = [\"count > 0\"]",
        "\"saving->active\" = [\"error_rate < 1%\"]",
        "upload = [\"fast\"]",
        "upload = [\"p99 < 1s\"]",
        "upload = [\"p(101) < 1s\"]",
        "upload = [\"p(99) < 1\", \"count > 1s\", \"error_rate < 200%\", \"max < nan\", 3]",
    ]
    .map(|text| format!("[thresholds]\n{text}"))
    .into();
    let texts: Vec<&str> = texts
        .iter()
        .map(String::as_str)
        .chain(["thresholds = 3"])
        .collect();
    check("thresholds", &texts);
}

#[test]
fn overrides() {
    let text = complete("");
    let cases: Vec<(&str, &[&str])> = [
        &["load.duration"] as &[&str],
        &["load..duration=5s"],
        &["=5"],
        &["a b=5"],
        &["load.duration=[1"],
        &["load.duration.x=1"],
        &["story.7.weight=1"],
        &["story.b.weight=1"],
        &["service.store.slot=8"],
        &[
            "load.duration=5 parsecs",
            "service.store.slots=many",
            "name=\"a/b\"",
        ],
        &["load.users=3"],
        &["story.0.steps=[\"create\", \"download\"]"],
        &["story.a.weight=-1"],
        &["service.store.put={ empirical = { file = \"wrong-times.csv\" } }"],
    ]
    .into_iter()
    .map(|overrides| (text.as_str(), overrides))
    .collect();
    check_with("overrides", &cases);
}

#[test]
fn no_file() {
    let mistakes = stormglass::read("nowhere/storm.toml".as_ref(), &[]).unwrap_err();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!("mistakes-no-file", mistakes.plain());
    });
}

#[test]
fn a_terminal_sees_colours_and_the_same_words() {
    let mistakes = read(&complete("sede = 1"), &[]).unwrap_err();
    assert!(mistakes.graphical().contains("\u{1b}["));
    assert!(!mistakes.plain().contains('\u{1b}') && mistakes.count() == 1);
    assert!(mistakes.graphical().contains("did you mean `seed`?"));
}

#[test]
fn forecasts() {
    let url = "[target.glance]\nurl = \"http://127.0.0.1:9292\"\n";
    let texts = [
        "[forecast]\ncapacity = \"much\"\nsize = \"1TiB\"".to_owned(),
        "[forecast]\ncapacity = \"0B\"".to_owned(),
        "[forecast]\ncapacity = \"2TiB\"\n[service.store]\ncapacity = \"1TiB\"".to_owned(),
        format!("[forecast]\ncapacity = \"2TiB\"\n{url}"),
        "[forecast]\nstock = \"2TiB\"\n[service.store]\ncapacity = \"1TiB\"".to_owned(),
        "[forecast]\nstock = \"2TiB\"\ncapacity = \"2TiB\"".to_owned(),
        "[prices]\ncurrency = \"EUR\"".to_owned(),
        "[prices]\ncurrency = \"two words\"\ntib_month = -1\nslot = 3".to_owned(),
        "[prices]\nworker_hour = 0.01".to_owned(),
        format!("[prices]\ncurrency = \"EUR\"\ntib_month = 12\n{url}"),
    ];
    check("forecasts", &texts.each_ref().map(String::as_str));
}
