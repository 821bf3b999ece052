//! What openstacksdk makes of a cloud, key by key, and what is refused instead. `tests/clouds/run` compares many more with openstacksdk
//! itself.

use super::sources::Place;
use super::write;
use stormglass_glance::auth::{
    Cloud, Domain, Identity, Named, Proof, Scope, cloud, from_environment,
};

/// A cloud that nothing is wrong with, and what is said of it beside `auth`.
fn with(beside: &str) -> String {
    of(
        "{auth_url: 'http://k', username: u, password: open-sesame, project_name: p, user_domain_name: D, project_domain_name: D}",
        beside,
    )
}

fn of(auth: &str, beside: &str) -> String {
    format!(
        "clouds:\n  c:\n    auth: {auth}\n    {}\n",
        beside.replace('\n', "\n    ")
    )
}

/// In one line: who logs in where, for what, and which Glance is meant.
fn told(cloud: &Cloud) -> String {
    let domain = |domain: &Domain| match domain {
        Domain::Id(id) => format!("#{id}"),
        Domain::Name(name) => name.clone(),
    };
    let named = |named: &Named| match named {
        Named::Id(id) => format!("#{id}"),
        Named::Name(name, of) => format!("{name}@{}", domain(of)),
    };
    let url = cloud.url.as_deref();
    let Identity::Keystone(login) = &cloud.identity else {
        return format!("{:?} at {}", cloud.identity, url.unwrap_or("?"));
    };
    let who = match &login.proof {
        Proof::Password(user, _) => named(user),
        Proof::ApplicationCredential(..) => "credential".to_owned(),
        Proof::Token(_) => "token".to_owned(),
    };
    let scope = match &login.scope {
        Scope::Unsaid => "nothing".to_owned(),
        Scope::Project(project) => named(project),
        Scope::Domain(of) => format!("domain {}", domain(of)),
        Scope::Trust(trust) => format!("trust {trust}"),
        Scope::System => "system".to_owned(),
    };
    let place = url.map_or(login.image.to_string(), str::to_owned);
    format!("{who} for {scope} at {place}")
}

/// Reads cloud `c` of this text.
fn read(text: &str) -> Result<String, String> {
    let place = Place::clouds(text);
    cloud(&place.environment(&[]), "c")
        .map(|cloud| told(&cloud))
        .map_err(|mistake| {
            super::assert_line(&mistake.to_string());
            mistake.message.replace(
                &format!("cloud `c` of {}/clouds.yaml", place.path().display()),
                "c",
            )
        })
}

const P: &str = "u@D for p@D at public endpoint of an image service";

/// What stands beside `auth`, and what comes of it.
const BESIDE: [(&str, &str); 37] = [
    ("", "u@D for p@D at public endpoint of an image service"),
    (
        "region_name: One",
        "u@D for p@D at public endpoint of an image service in One",
    ),
    (
        "region-name: One",
        "u@D for p@D at public endpoint of an image service in One",
    ),
    (
        "region_name: One,Two",
        "u@D for p@D at public endpoint of an image service in One",
    ),
    (
        "region_name: One\nregions: [Two, One]",
        "u@D for p@D at public endpoint of an image service in Two",
    ),
    ("region_name: One\nregions: []", P),
    (
        "regions: [{name: One, values: {image_interface: internal, auth: {project_name: q}}}]",
        "u@D for q@D at internal endpoint of an image service in One",
    ),
    (
        "image_region_name: Two\nregion_name: One",
        "u@D for p@D at public endpoint of an image service in Two",
    ),
    (
        "interface: internal\nimage-interface: adminURL",
        "u@D for p@D at admin endpoint of an image service",
    ),
    (
        "interface: [internal, public]",
        "u@D for p@D at internal or public endpoint of an image service",
    ),
    (
        "interface: internal\nendpoint_type: adminURL",
        "u@D for p@D at admin endpoint of an image service",
    ),
    ("interface: ~", P),
    (
        "image_service_name: glare\nimage_service_type: artifact",
        "u@D for p@D at public endpoint of a service of type artifact named glare",
    ),
    (
        "image_endpoint_override: 'http://g/v2/'",
        "u@D for p@D at http://g",
    ),
    (
        "image_endpoint: 'http://{region_name}.g'\nregion_name: one",
        "u@D for p@D at http://one.g",
    ),
    (
        "project_name: sandbox",
        "u@D for sandbox@D at public endpoint of an image service",
    ),
    (
        "tenant-id: '7'",
        "u@D for #7 at public endpoint of an image service",
    ),
    (
        "project_domain_id: d",
        "u@D for p@#d at public endpoint of an image service",
    ),
    ("username: other", P),
    ("auth_type: v3password\nauth_plugin: token", P),
    (
        "image_api_version: 2\nidentity_api_version: 2.0\ncompute_endpoint_override: 'http://n'\nnetworks: [{name: n}]",
        P,
    ),
    ("verify: yes\ninsecure: no\ncacert: ~", P),
    // What is not obeyed is told.
    (
        "auth_url: 'http://{region_name}.k'",
        "`auth_url` of c holds braces",
    ),
    (
        "trust_id: t",
        "`auth.trust_id` of c asks for another scope than `auth.project_name`",
    ),
    (
        "auth_type: ''",
        "`auth_type` of c is empty, which means that nobody logs in",
    ),
    (
        "auth_plugin: v3token",
        "`auth_plugin` of c is passed over by openstacksdk",
    ),
    (
        "auth-type: v3password",
        "`auth-type` of c is passed over by openstacksdk",
    ),
    (
        "image-endpoint-type: internal",
        "`image-endpoint-type` of c is passed over by openstacksdk",
    ),
    (
        "profile: otc",
        "`profile` of c names `otc`, which is not in a clouds-public.yaml",
    ),
    ("endpoint: 'http://g'", "`endpoint` of c is not obeyed"),
    (
        "regoin_name: One",
        "`regoin_name` of c is not a key that is known",
    ),
    ("image_colour: red", "`image_colour` of c is not obeyed"),
    (
        "image_api_version: 1",
        "`image_api_version` of c is not spoken here",
    ),
    (
        "has_image: false",
        "`has_image` of c says that there is no Glance",
    ),
    ("cert: me.pem", "`cert` of c is not obeyed"),
    (
        "project_id: 0123",
        "`project_id` of c is not a text, and openstacksdk would take it for one",
    ),
    ("regions: [NO]", "`regions` of c names no region"),
];

#[test]
fn keys_beside_auth_count_as_for_openstacksdk() {
    for (beside, expected) in BESIDE {
        let told = read(&with(beside)).unwrap_or_else(|mistake| mistake);
        assert_eq!(told, expected, "{beside}");
    }
}

/// What stands below `auth` and beside it, and what comes of it.
const BELOW: [(&str, &str, &str); 15] = [
    (
        "{auth_url: u, username: n, password: w, user_domain_name: D, trust_id: t}",
        "",
        "n@D for trust t at public endpoint of an image service",
    ),
    (
        "{auth-url: u, user-name: n, password: w, user-domain-id: d, system_scope: all}",
        "",
        "n@#d for system at public endpoint of an image service",
    ),
    (
        "{auth_url: u, auth_token: T, project_name: p, project_domain_id: d}",
        "auth_type: token",
        "token for p@#d at public endpoint of an image service",
    ),
    (
        "{auth_url: u, username: n, password: w, tenant_name: p, domain_id: d}",
        "",
        "n@#d for p@#d at public endpoint of an image service",
    ),
    (
        "{auth_url: u, username: n, password: w, tenant_name: p, default_domain_name: D}",
        "",
        "n@D for p@D at public endpoint of an image service",
    ),
    (
        "{auth_url: u, user_id: n, password: w, domain_name: D}",
        "",
        "#n for domain D at public endpoint of an image service",
    ),
    (
        "{auth_url: u, application_credential_id: a, application_credential_secret: w}",
        "",
        "credential for nothing at public endpoint of an image service",
    ),
    (
        "{auth_url: u, application_credential_id: a, application_credential_secret: w, project_id: p}",
        "",
        "credential for #p at public endpoint of an image service",
    ),
    (
        "{token: T, url: 'http://g/v2'}",
        "auth_type: token_endpoint",
        "Token(…) at http://g",
    ),
    (
        "{endpoint: 'http://g'}",
        "auth_type: None",
        "Anonymous at http://g",
    ),
    (
        "{auth_url: u, username: n, password: w, user_domain_name: D, default_domain: d}",
        "",
        "`auth.default_domain` of c is not a key that is known there",
    ),
    (
        "{auth_url: u, token: T, tenant_name: p, project_domain_id: d, user_domain_name: D}",
        "auth_type: v3token",
        "`auth.user_domain_name` of c does not go with this auth_type",
    ),
    (
        "{auth_url: u, user_id: n, password: w, system_scope: some}",
        "",
        "`auth.system_scope` of c is not understood",
    ),
    (
        "{auth_url: 'http://k/v2.0', user_id: n, password: w}",
        "",
        "`auth.auth_url` of c is that of Keystone's version 2, which nobody speaks any more",
    ),
    (
        "{auth_url: u, user_id: n, password: w, project_name: ~}",
        "",
        "`auth.project_name` of c is not a text, and openstacksdk would take it for one",
    ),
];

#[test]
fn keys_below_auth_count_as_for_openstacksdk() {
    for (auth, beside, expected) in BELOW {
        let told = read(&of(auth, beside)).unwrap_or_else(|mistake| mistake);
        assert_eq!(told, expected, "{auth} {beside}");
    }
}

#[test]
fn files_are_laid_together() {
    let place = Place::clouds(&format!(
        "\u{feff}{}",
        of(
            "{username: u, password: w}",
            "profile: mine\ninterface: internal"
        )
    ));
    write(
        place.path(),
        "clouds-public.yaml",
        "public-clouds: {mine: {auth: {auth_url: 'http://{region_name}.k', user_domain_name: D}, regions: [{name: one, values: {interface: admin}}]}}",
    );
    write(
        place.path(),
        "secure.yaml",
        "clouds: {c: {auth: {password: open-sesame, project_id: p}}, d: {auth_type: none}}",
    );
    let read = |name| cloud(&place.environment(&[]), name).unwrap();
    let c = read("c");
    assert_eq!(
        told(&c),
        "u@D for #p at admin endpoint of an image service in one"
    );
    assert!(format!("{:?}", c.identity) == "Keystone(…)");
    let Identity::Keystone(login) = c.identity else {
        panic!()
    };
    assert_eq!(login.auth_url, "http://one.k");
    assert_eq!(
        told(&read("d")),
        "Anonymous at ?",
        "secure.yaml may have clouds of its own"
    );
}

#[test]
fn an_unknown_key_that_changes_nothing_is_told() {
    let place = Place::clouds(&with("purpose: tests"));
    let read = cloud(&place.environment(&[]), "c").unwrap();
    assert_eq!((told(&read).as_str(), read.notes.len()), (P, 1));
    assert!(
        read.notes[0].starts_with("`purpose` of cloud `c` of "),
        "{}",
        read.notes[0]
    );

    let variables = [
        ("OS_AUTH_URL", "k"),
        ("OS_USER_ID", "u"),
        ("OS_PASSWORD", "w"),
        ("OS_COLOUR", "red"),
        ("OS_LOG_COLOUR", "red"),
    ];
    let read = from_environment(&place.environment(&variables))
        .unwrap()
        .unwrap();
    assert_eq!(
        read.notes,
        ["`OS_COLOUR` of the environment is not a key that is known, and is passed over"]
    );
}

#[test]
fn variables_count_as_for_openstacksdk() {
    let place = Place::new();
    let read = |more: &[(&'static str, &'static str)]| {
        let base = [
            ("OS_AUTH_URL", "k"),
            ("OS_USERNAME", "u"),
            ("OS_PASSWORD", "open-sesame"),
            ("OS_USER_DOMAIN_NAME", "D"),
            ("OS_PROJECT_ID", "p"),
        ];
        let read = cloud(&place.environment(&[&base[..], more].concat()), "envvars");
        read.map(|cloud| told(&cloud))
            .unwrap_or_else(|mistake| mistake.message)
    };
    for (more, expected) in [
        (
            [("OS_IMAGE_INTERFACE", "internal")],
            "u@D for #p at internal endpoint of an image service",
        ),
        (
            [("OS_REGION_NAME", "One,Two")],
            "u@D for #p at public endpoint of an image service in One",
        ),
        (
            [("OS_TENANT_ID", "older")],
            "u@D for #p at public endpoint of an image service",
        ),
        (
            [("OS_CLOUD", "other")],
            "u@D for #p at public endpoint of an image service",
        ),
        (
            [("OS_MANILA_ENDPOINT_TYPE", "internalURL")],
            "u@D for #p at public endpoint of an image service",
        ),
        (
            [("OS_TOKEN", "T")],
            "`OS_TOKEN` of the environment does not go with this auth_type",
        ),
        (
            [("OS_AUTH_TYPE", "")],
            "`OS_AUTH_TYPE` of the environment is empty, which means that nobody logs in",
        ),
        (
            [("OS_VERIFY", "False")],
            "`OS_VERIFY` of the environment asks to trust any server, which is not done",
        ),
        (
            [("OS_ENDPOINT_OVERRIDE", "http://g")],
            "`OS_ENDPOINT_OVERRIDE` of the environment is not obeyed",
        ),
    ] {
        assert_eq!(read(&more), expected, "{more:?}");
    }
    let bundle = [
        ("REQUESTS_CA_BUNDLE", "/bundle.pem"),
        ("OS_AUTH_TYPE", "none"),
        ("OS_ENDPOINT", "http://g"),
    ];
    let read = from_environment(&place.environment(&bundle))
        .unwrap()
        .unwrap();
    assert_eq!(
        read.ca.as_deref(),
        Some(std::path::Path::new("/bundle.pem"))
    );
}
