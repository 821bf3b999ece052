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
