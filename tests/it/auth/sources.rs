//! `clouds.yaml`, `OS_CLOUD`, the `OS_*` variables, and the part of a scenario that names them.

use super::write;
use std::path::Path;
use stormglass::{Target, parse_in};
use stormglass_glance::auth::{
    Credential, Domain, Environment, Interface, Login, Named, Proof, Scope, Secret, cloud,
    from_environment,
};
use stormglass_glance::{GlanceTarget, Identity, target_from_environment};
use tempfile::TempDir;

/// A folder with a place for each file.
pub(super) struct Place(TempDir);

impl Place {
    pub(super) fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    pub(super) fn clouds(text: &str) -> Place {
        let place = Place::new();
        write(place.path(), "clouds.yaml", text);
        place
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn environment(&self, variables: &[(&str, &str)]) -> Environment {
        let home = (
            "HOME".to_owned(),
            self.path().join("home").display().to_string(),
        );
        let variables = variables
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        Environment::new(
            variables.chain([home]),
            self.path(),
            &self.path().join("etc"),
        )
    }

    /// What is wrong, with the place's own path as `…`.
    fn wrong(&self, name: &str, variables: &[(&str, &str)]) -> String {
        let error = cloud(&self.environment(variables), name)
            .unwrap_err()
            .to_string();
        super::assert_line(&error);
        error.replace(&self.path().display().to_string(), "…")
    }
}

fn login(identity: &Identity) -> &Login {
    match identity {
        Identity::Keystone(login) => login,
        other => panic!("{other:?}"),
    }
}

fn named(name: &str, domain: &str) -> Named {
    Named::Name(name.to_owned(), Domain::Name(domain.to_owned()))
}

const DEVSTACK: &str = "
clouds:
  devstack: &devstack
    auth: &auth
      auth_url: http://10.0.0.1/identity
      username: demo
      password: '0123'
      project_name: demo
      user_domain_id: default
      project_domain_name: Default
    region_name: RegionOne
    identity_api_version: '3'
    image_api_version: 2
    volume_api_version: [3]
  devstack-admin:
    <<: *devstack
    auth: { <<: *auth, username: admin, system_scope: all, project_name: '' }
    interface: internalURL
    cacert: ~/ca.pem
  ci:
    auth_type: v3applicationcredential
    auth: { auth_url: 'https://cloud:5000/v3', application_credential_id: abc }
  lab:
    auth_type: none
    auth: { endpoint: 'http://lab:9292' }
";

#[test]
fn clouds_are_read_as_they_are_written_elsewhere() {
    let place = Place::clouds(DEVSTACK);
    write(
        place.path(),
        "secure.yaml",
        "clouds: { ci: { auth: { application_credential_secret: \"open-sesame\" } } }",
    );
    let environment = place.environment(&[]);
    let read = |name| cloud(&environment, name).unwrap();

    let devstack = read("devstack");
    let member = login(&devstack.identity);
    let user = Named::Name("demo".to_owned(), Domain::Id("default".to_owned()));
    assert_eq!(member.auth_url, "http://10.0.0.1/identity");
    assert_eq!(member.proof, Proof::Password(user, Secret::new("0123")));
    assert_eq!(member.scope, Scope::Project(named("demo", "Default")));
    assert_eq!(
        (member.image.region.as_deref(), &member.image.interfaces),
        (Some("RegionOne"), &vec![Interface::Public])
    );
    assert_eq!((devstack.url, devstack.ca), (None, None));

    let admin = read("devstack-admin");
    assert_eq!(login(&admin.identity).scope, Scope::System);
    assert_eq!(
        login(&admin.identity).image.interfaces,
        [Interface::Internal]
    );
    assert!(
        login(&admin.identity)
            .who()
            .starts_with("user `admin` of domain `default`")
    );
    assert_eq!(admin.ca, Some(place.path().join("home/ca.pem")));

    let credential = Credential::Id("abc".to_owned());
    let expected = Proof::ApplicationCredential(credential, Secret::new("open-sesame"));
    assert_eq!(login(&read("ci").identity).proof, expected);

    let lab = read("lab");
    assert_eq!(
        (lab.identity, lab.url.as_deref()),
        (Identity::Anonymous, Some("http://lab:9292"))
    );
}

#[test]
fn clouds_are_looked_for_where_others_look() {
    let text = |name: &str| format!("clouds: {{ {name}: {{ auth_type: none }} }}");
    let place = Place::new();
    let found = |variables: &[(&str, &str)], name: &str| {
        cloud(&place.environment(variables), name)
            .map(|_| ())
            .map_err(|error| error.help)
    };
    write(
        &place.path().join("etc/openstack"),
        "clouds.yaml",
        &text("everybodys"),
    );
    assert_eq!(found(&[], "everybodys"), Ok(()));
    write(
        &place.path().join("home/.config/openstack"),
        "clouds.yml",
        &text("own"),
    );
    assert_eq!(found(&[], "own"), Ok(()));
    write(
        place.path(),
        "clouds.json",
        "{\"clouds\": {\"here\": {\"auth_type\": \"none\"}}}",
    );
    assert_eq!(found(&[], "here"), Ok(()));
    assert_eq!(found(&[], "own"), Err("it has: here".to_owned()));
    write(place.path(), "mine", &text("named"));
    assert_eq!(found(&[("OS_CLIENT_CONFIG_FILE", "mine")], "named"), Ok(()));
}

const MISTAKES: [(&str, &str); 15] = [
    (
        "clouds: {}",
        "no cloud `a` in …/clouds.yaml; it has no clouds",
    ),
    ("words", "no cloud `a` in …/clouds.yaml; it has no clouds"),
    (
        "clouds: { b: {}, c: {} }",
        "no cloud `a` in …/clouds.yaml; it has: b, c",
    ),
    (
        "clouds:\n  a:\n    auth: { password: [open-sesame\n",
        "line 4 of …/clouds.yaml is not YAML; check its indentation, quotes and brackets",
    ),
    (
        "clouds: { a: open-sesame }",
        "cloud `a` of …/clouds.yaml is no table of keys; write `auth:` and what is below it",
    ),
    (
        "clouds: { a: { auth: { password: [open-sesame] } } }",
        "`auth.password` of cloud `a` of …/clouds.yaml is not one text; write a text, in quotes if YAML takes it for something else",
    ),
    (
        "clouds: { a: {} }",
        "cloud `a` of …/clouds.yaml lacks `auth.auth_url`; write the URL of Keystone, for example https://cloud:5000/v3",
    ),
    (
        "clouds: { a: { auth: { auth_url: u } } }",
        "cloud `a` of …/clouds.yaml lacks `auth.username`; write who logs in",
    ),
    (
        "clouds: { a: { auth: { auth_url: u, username: n } } }",
        "cloud `a` of …/clouds.yaml lacks `auth.user_domain_name`; write the domain of the name, most often `Default`",
    ),
    (
        "clouds: { a: { auth: { auth_url: u, user_id: n } } }",
        "cloud `a` of …/clouds.yaml lacks `auth.password`; write it, or put it into secure.yaml",
    ),
    (
        "clouds: { a: { auth: { auth_url: u, user_id: n, password: open-sesame, project_name: p } } }",
        "cloud `a` of …/clouds.yaml lacks `auth.project_domain_name`; write the domain of the name, most often `Default`",
    ),
    (
        "clouds: { a: { auth: { auth_url: u, application_credential_secret: open-sesame } } }",
        "cloud `a` of …/clouds.yaml lacks `auth.application_credential_name`; write the credential's id, or its name and its user",
    ),
    (
        "clouds: { a: { auth_type: v3oidc, auth: { auth_url: u } } }",
        "`auth_type` of cloud `a` of …/clouds.yaml names a way that is not known here: v3oidc; known are: password, v3password, token, v3token, \
             v3applicationcredential, admin_token, token_endpoint, none",
    ),
    (
        "clouds: { a: { verify: false } }",
        "`verify` of cloud `a` of …/clouds.yaml asks to trust any server, which is not done; leave it out, and name the certificate \
             of who signed the server's with `cacert`",
    ),
    (
        "clouds: { a: { interface: pubic, auth: { auth_url: u, user_id: n, password: open-sesame } } }",
        "`interface` of cloud `a` of …/clouds.yaml is no interface; write `public`, `internal` or `admin`",
    ),
];

#[test]
fn mistakes_are_told() {
    for (text, expected) in MISTAKES {
        assert_eq!(Place::clouds(text).wrong("a", &[]), expected, "{text}");
    }
    assert_eq!(
        Place::new().wrong("a", &[]),
        "no clouds.yaml in …, …/home/.config/openstack, …/etc/xdg/openstack, …/etc/openstack; put one there, or name it with OS_CLIENT_CONFIG_FILE"
    );
    let named = Place::new().wrong("a", &[("OS_CLIENT_CONFIG_FILE", "nowhere")]);
    assert!(
        named.starts_with(
            "cannot read …/nowhere, which `OS_CLIENT_CONFIG_FILE` names: No such file"
        ),
        "{named}"
    );
    let bomb: String = (0..60)
        .map(|n| format!("b{n}: &b{n} [*b{0}, *b{0}]\n", n - 1))
        .collect();
    let bomb = bomb.replace("*b-1", "x");
    let error = Place::clouds(&bomb).wrong("a", &[]);
    assert!(
        error.contains("makes it hold more than any file of clouds does"),
        "{error}"
    );
    let deep = Place::clouds(&"[".repeat(500_000)).wrong("a", &[]);
    assert!(deep.contains("is not YAML"), "{deep}");
}

const OPENRC: [(&str, &str); 7] = [
    ("OS_AUTH_URL", "https://cloud:5000/v3"),
    ("OS_USERNAME", "alice"),
    ("OS_PASSWORD", "open-sesame"),
    ("OS_PROJECT_NAME", "demo"),
    ("OS_USER_DOMAIN_NAME", "Default"),
    ("OS_PROJECT_DOMAIN_NAME", "Default"),
    ("OS_REGION_NAME", ""),
];

#[test]
fn variables_are_read_as_an_openrc_sets_them() {
    let place = Place::clouds(DEVSTACK);
    let read = |variables: &[(&str, &str)]| {
        from_environment(&place.environment(variables)).map_err(|error| error.to_string())
    };
    assert!(
        read(&[("OS_REGION_NAME", "One"), ("OS_CACERT", "ca.pem")])
            .unwrap()
            .is_none()
    );
    let all = read(&OPENRC).unwrap().unwrap();
    let password = Proof::Password(named("alice", "Default"), Secret::new("open-sesame"));
    assert_eq!(
        (
            &login(&all.identity).proof,
            &login(&all.identity).image.region
        ),
        (&password, &None)
    );
    let with = |more: &[(&'static str, &'static str)]| [&OPENRC[..], more].concat();
    let devstack = read(&with(&[("OS_CLOUD", "devstack")])).unwrap().unwrap();
    assert_eq!(
        login(&devstack.identity).auth_url,
        "http://10.0.0.1/identity"
    );
    let token = read(&[("OS_TOKEN", "t"), ("OS_ENDPOINT", "http://glance")])
        .unwrap()
        .unwrap();
    assert!(
        token.identity == Identity::Token("t".to_owned())
            && token.url.as_deref() == Some("http://glance")
    );
    for (variables, expected) in [
        (with(&[("OS_CLOUD", "nine")]), "no cloud `nine`"),
        (
            with(&[("OS_INSECURE", "True")]),
            "`OS_INSECURE` of the environment asks to trust any server",
        ),
        (OPENRC[1..].to_vec(), "the environment lacks `OS_AUTH_URL`"),
        (
            vec![("OS_AUTH_URL", "u"), ("OS_USERNAME", "a")],
            "the environment lacks `OS_USER_DOMAIN_NAME`",
        ),
        (
            vec![("OS_TOKEN", "\u{e9}")],
            "`OS_TOKEN` of the environment cannot be sent",
        ),
    ] {
        let error = read(&variables).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_command_needs_no_scenario() {
    let place = Place::clouds(DEVSTACK);
    let read = |variables: &[(&str, &str)], url: Option<&str>| {
        target_from_environment(&place.environment(variables), url)
            .map_err(|error| error.to_string())
    };
    let stand_ins = read(&[], Some("http://glance")).unwrap();
    assert_eq!(stand_ins.url.as_deref(), Some("http://glance"));
    assert!(stand_ins.admin != stand_ins.member && stand_ins.other_project.is_some());
    assert!(
        read(&[], None)
            .unwrap_err()
            .starts_with("nothing says where the Glance is; give its URL")
    );

    let from_cloud = read(
        &[
            ("OS_CLOUD", "devstack-admin"),
            ("STORMGLASS_READER_TOKEN", "r"),
        ],
        None,
    )
    .unwrap();
    assert!(from_cloud.url.is_none() && from_cloud.member == from_cloud.admin);
    assert_eq!(from_cloud.reader, Some(Identity::Token("r".to_owned())));
    assert_eq!(
        (from_cloud.other_project, from_cloud.ca),
        (None, Some(place.path().join("home/ca.pem")))
    );

    let plain = [
        ("STORMGLASS_TOKEN", "t"),
        ("STORMGLASS_ADMIN_TOKEN", "a"),
        ("OS_CLOUD", "nine"),
    ];
    let plain = read(&plain, Some("http://glance")).unwrap();
    assert!(
        plain.member == Identity::Token("t".to_owned())
            && plain.admin == Identity::Token("a".to_owned())
    );
    let odd = read(&[("STORMGLASS_TOKEN", "a\nb")], Some("http://glance")).unwrap_err();
    assert_eq!(
        odd,
        "STORMGLASS_TOKEN cannot be sent in an HTTP header; it takes printable ASCII only"
    );
}

#[test]
fn a_scenario_names_clouds() {
    let place = Place::clouds(DEVSTACK);
    write(place.path(), "ca.pem", "");
    let read = |keys: &str, variables: &[(&str, &str)]| -> Result<GlanceTarget, String> {
        let text = crate::scenario::complete(&format!("[target.glance]\n{keys}"));
        let environment = place.environment(variables);
        match parse_in(&environment, "test.toml", &text, place.path(), &[]) {
            Ok(scenario) => match scenario.target {
                Target::Glance(glance) => Ok(*glance),
                Target::Embedded(_) => panic!(),
            },
            Err(mistakes) => Err(mistakes.messages().collect::<Vec<_>>().join("\n")),
        }
    };
    let both = read(
        "cloud = \"devstack\"\nadmin_cloud = \"devstack-admin\"\nreader_cloud = \"devstack\"\nca = \"ca.pem\"",
        &[],
    );
    let both = both.unwrap();
    assert!(both.url.is_none() && both.member != both.admin && both.other_project.is_none());
    assert_eq!(both.reader.as_ref(), Some(&both.member));
    assert_eq!(both.ca, Some(place.path().join("ca.pem")));

    let lab = read("cloud = \"lab\"\nconnections = 3", &[]).unwrap();
    assert_eq!(lab.url.as_deref(), Some("http://lab:9292"));
    let variables = read("cloud = \"envvars\"\nurl = \"https://glance\"", &OPENRC).unwrap();
    assert_eq!(variables.url.as_deref(), Some("https://glance"));
    assert_eq!(login(&variables.member).auth_url, "https://cloud:5000/v3");
    let ours = read("url = \"http://glance\"", &OPENRC).unwrap();
    assert!(
        matches!(ours.member, Identity::Token(_)),
        "what the scenario does not name is not sent"
    );

    for (keys, expected) in [
        ("cloud = \"nine\"", "no cloud `nine` in "),
        ("cloud = \"envvars\"", "no OS_* variable says how to log in"),
        ("admin_cloud = \"devstack\"", "the key `url` is missing"),
        (
            "cloud = \"devstack\"\ntoken = \"t\"",
            "`token` says once more what `cloud` says",
        ),
        (
            "cloud = \"devstack\"\nca = \"none.pem\"",
            "cannot read `none.pem`: No such file",
        ),
    ] {
        let error = read(keys, &[]).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}
