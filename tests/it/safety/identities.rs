//! Who acts on a real server, as the scenario says it.

use std::path::Path;
use stormglass::Target;
use stormglass_glance::auth::{Environment, target_from_environment};
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
        target.stranger,
        Some(token("stormglass-stranger:elsewhere:member,reader"))
    );
    let one = read("reader_token = \"mine\"\nstranger = \"anonymous\"", here).unwrap();
    assert_eq!(one.reader, Some(token("mine")));
    assert_eq!(one.stranger, Some(Identity::Anonymous));
}

#[test]
fn stand_ins_mean_nothing_where_the_member_brings_a_token() {
    let here = Path::new(".");
    let target = read("token = \"mine\"", here).unwrap();
    assert_eq!(
        (target.member, target.admin),
        (token("mine"), token("mine"))
    );
    assert_eq!((target.reader, target.stranger), (None, None));
    let all = "token = \"a\"\nadmin_token = \"b\"\nreader_token = \"c\"\nstranger_token = \"d\"";
    let target = read(all, here).unwrap();
    assert_eq!(target.admin, token("b"));
    assert_eq!(target.reader, Some(token("c")));
    assert_eq!(target.stranger, Some(token("d")));
    let twice = read("reader_token = \"c\"\nreader = \"anonymous\"", here).unwrap_err();
    assert!(twice.contains("`reader` says once more"), "{twice}");
    let variables = [("STORMGLASS_TOKEN".to_owned(), "x".to_owned())];
    let environment = Environment::new(variables, here, here);
    let bare = target_from_environment(&environment, Some("http://127.0.0.1:1/")).unwrap();
    assert_eq!(
        (bare.admin, bare.reader, bare.stranger),
        (token("x"), None, None)
    );
    assert_eq!(bare.url.as_deref(), Some("http://127.0.0.1:1"));
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
