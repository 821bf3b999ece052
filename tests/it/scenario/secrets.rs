//! Credentials in the text of a scenario: no message shows one.

use super::{complete, read};

/// Whatever is wrong around it.
#[test]
fn no_message_shows_a_secret() {
    let url = "url = \"http://127.0.0.1:9292\"";
    let secret = "postgresql://glance:swordfish@db/glance";
    let glance = |text: &str| format!("[target.glance]\n{url}\n{text}");
    let texts = [
        glance(&format!("probe = {{ database = \"{secret}\", storr = 1 }}")),
        glance(&format!("probe = {{ database = [\"{secret}\"] }}")),
        glance(&format!("[target.glance.probe]\ndatabase = {secret}")),
        glance(&format!(
            "[target.glance.probe]\ndatabase = \"{secret}\" stray"
        )),
        glance("token = \"swordfish\\n\""),
        format!("targett.glance = {{ {url}, token = \"swordfish\" }}"),
    ];
    for text in texts {
        let said = read(&complete(&text), &[]).unwrap_err().plain();
        assert!(!said.contains("swordfish"), "{said}");
    }
    for key in [
        "target.glance.probe.database",
        "targett.glance.probe.database",
        "database",
        "target.glance.probe.secret_key",
    ] {
        let set = format!("{key}={secret}");
        let said = read(&complete(&glance("bogus = 1")), &[&set])
            .unwrap_err()
            .plain();
        assert!(!said.contains("swordfish"), "{said}");
    }
}

/// Every line is wrong, so that it is shown.
#[test]
fn credentials_are_blackened_wherever_they_stand() {
    let said = |text: &str| read(text, &[]).unwrap_err().plain();
    for text in [
        "token = \"swordfish\"",
        "token_env = \"swordfish\"",
        "admin_token=swordfish\nseed = 1",
        "target = { glance = { \"token\" = 'swordfish', url = 5 } }",
        "target.glance.token = \"swordfish",
        "[target.glance.probe]\ndatabase = \"postgresql://me:swordfish@host/glance\" stray",
        "url = \"http://me:swordfish@host\" # é",
        "\u{2003}token = \"swordfish\"",
        "[target.glance]\ntoken = \"\"\"\nswordfish\n\"\"\"",
    ] {
        let said = said(text);
        assert!(said.contains("*********"), "{said}");
        assert!(!said.contains("swordfish"), "{said}");
    }
    for text in [
        "clock = \"MEMBER\"",
        "url = \"http://host/@x\"",
        "token = \"\"",
    ] {
        let said = said(text);
        assert!(said.contains(&format!(" {text}\n")), "{said}");
    }
}

/// The keys of a scenario are written into results, which are handed on.
#[test]
fn the_keys_of_a_scenario_hold_no_secret() {
    let text = complete(
        r#"
[service]
workers = 4
[[story]]
name = "a = b"
weight = 2
steps = ["create", { wait = "1s" }]
"#,
    );
    let scenario = read(
        &text,
        &["service.workers=5", "thresholds={create=[\"count > 0\"]}"],
    )
    .unwrap();
    let of = |key: &str| scenario.keys.get(key).map(String::as_str);
    assert_eq!(of("service.workers"), Some("5"));
    assert_eq!(of("story.\"a = b\".weight"), Some("2"));
    let steps = "[\"create\", { wait = \"1s\" }]";
    assert_eq!(of("story.\"a = b\".steps"), Some(steps));
    assert_eq!(of("load.arrivals.rate"), Some("5/s"));
    assert_eq!(of("thresholds.create"), Some("[\"count > 0\"]"));

    let text = complete(
        r#"
[target.glance]
url = "http://127.0.0.1:9292"
token = "swordfish"
[target.glance.probe]
database = "postgresql://glance:swordfish@127.0.0.1/glance"
[target.glance.commands.restart]
run = "mysql -pswordfish"
undo = "PASSWORD=swordfish true"
"#,
    );
    let keys = read(&text, &[]).map(|scenario| scenario.keys);
    let keys = keys.unwrap_or_else(|mistakes| panic!("{}", mistakes.plain()));
    assert_eq!(keys["target.glance.url"], "http://127.0.0.1:9292");
    assert_eq!(keys["target.glance.token"], "…");
    let shown = format!("{keys:?}");
    assert!(!shown.contains("swordfish"), "{shown}");
}
