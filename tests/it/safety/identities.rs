//! Who acts on a real server, as the scenario says it.

use std::path::Path;
use stormglass::Target;
use stormglass_glance::auth::Environment;
use stormglass_glance::target_from_environment;
use stormglass_glance::{GlanceTarget, Identity};
use stormglass_model::units::Bytes;

fn read(keys: &str, folder: &Path) -> Result<GlanceTarget, String> {
    let text = format!(
        "schema = 1\nname = \"who\"\n[target.glance]\nurl = \"http://127.0.0.1:9292\"\n{keys}\n[load]\nusers = 1\n\
         subjects = 1\n[[story]]\nname = \"one\"\nsteps = [\"create\"]\n"
    );
    let scenario = stormglass::parse("who.toml", &text, folder, &[]).map_err(|all| all.plain())?;
    match scenario.target {
        Target::Glance(target) => Ok(*target),
        Target::Embedded(_) => unreachable!("it names glance"),
    }
}

fn token(text: &str) -> Identity {
    Identity::Token(text.to_owned())
}

#[test]
fn a_development_server_knows_all_four() {
    let here = Path::new(".");
    let target = read("", here).unwrap();
    assert_eq!(target.member, token("stormglass:stormglass:member,reader"));
    assert_eq!(
        target.admin,
        token("stormglass-admin:stormglass:admin,member,reader")
    );
    assert_eq!(
        target.reader,
        Some(token("stormglass-reader:stormglass:reader"))
    );
    assert_eq!(
        target.other_project,
        Some(token("stormglass-stranger:elsewhere:member,reader"))
    );
    let one = read("reader_token = \"mine\"\nstranger = \"anonymous\"", here).unwrap();
    assert_eq!(one.reader, Some(token("mine")));
    assert_eq!(one.other_project, Some(Identity::Anonymous));
}

#[test]
fn stand_ins_mean_nothing_where_the_member_brings_a_token() {
    let here = Path::new(".");
    let target = read("token = \"mine\"", here).unwrap();
    assert_eq!(
        (target.member, target.admin),
        (token("mine"), token("mine"))
    );
    assert_eq!((target.reader, target.other_project), (None, None));
    let all = "token = \"a\"\nadmin_token = \"b\"\nreader_token = \"c\"\nstranger_token = \"d\"";
    let target = read(all, here).unwrap();
    assert_eq!(target.admin, token("b"));
    assert_eq!(target.reader, Some(token("c")));
    assert_eq!(target.other_project, Some(token("d")));
    let twice = read("reader_token = \"c\"\nreader = \"anonymous\"", here).unwrap_err();
    assert!(twice.contains("`reader` says once more"), "{twice}");
    let variables = [("STORMGLASS_TOKEN".to_owned(), "x".to_owned())];
    let environment = Environment::new(variables, here, here);
    let bare = target_from_environment(&environment, Some("http://127.0.0.1:1/")).unwrap();
    assert_eq!(
        (bare.admin, bare.reader, bare.other_project),
        (token("x"), None, None)
    );
    assert_eq!(bare.url.as_deref(), Some("http://127.0.0.1:1"));
}

#[test]
fn a_user_of_another_project_has_two_spellings_and_one_place() {
    let here = Path::new(".");
    let target = read("other_project_token = \"d\"", here).unwrap();
    assert_eq!(target.other_project, Some(token("d")));
    let target = read("other_project = \"anonymous\"", here).unwrap();
    assert_eq!(target.other_project, Some(Identity::Anonymous));
    for (text, other) in [
        (
            "stranger_token = \"swordfish\"\nother_project_token = \"swordfish\"",
            "other_project_token",
        ),
        (
            "stranger = \"anonymous\"\nother_project_token_env = \"D\"",
            "other_project_token_env",
        ),
        (
            "stranger_token_env = \"D\"\nother_project_cloud = \"D\"",
            "other_project_cloud",
        ),
    ] {
        let twice = read(text, here).unwrap_err();
        assert!(
            twice.contains(&format!("`{other}` says once more")),
            "{twice}"
        );
        assert!(!twice.contains("swordfish"), "{twice}");
    }
    let named = |names: &[&str]| {
        let variables = names
            .iter()
            .map(|name| (format!("STORMGLASS_{name}"), "x".to_owned()));
        let environment = Environment::new(variables, here, here);
        target_from_environment(&environment, Some("http://127.0.0.1:1/"))
    };
    for name in ["STRANGER_TOKEN", "OTHER_PROJECT_TOKEN"] {
        assert_eq!(named(&[name]).unwrap().other_project, Some(token("x")));
    }
    let twice = named(&["STRANGER_TOKEN", "OTHER_PROJECT_TOKEN"]).unwrap_err();
    assert!(twice.message.contains("says once more"), "{twice}");
}

#[test]
fn certificates_lie_beside_the_scenario_and_sizes_have_units() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), "").unwrap();
    let target = read("ca = \"ca.pem\"\ntoo_large = \"2TiB\"", folder.path()).unwrap();
    assert_eq!(target.ca, Some(folder.path().join("ca.pem")));
    assert_eq!(target.too_large, Some(Bytes(2 << 40)));
    let missing = read("ca = \"none.pem\"", folder.path()).unwrap_err();
    assert!(missing.contains("cannot read `none.pem`"), "{missing}");
    let bare = read("too_large = true", folder.path()).unwrap_err();
    assert!(bare.contains("1 mistake"), "{bare}");
}
