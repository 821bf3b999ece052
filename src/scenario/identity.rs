//! Where a Glance is and who acts there: the part of `[target.glance]` that may come from `clouds.yaml`.

use super::document::Value;
use super::reader::{Fields, Input, Read, nearest};
use std::path::PathBuf;
use stormglass_glance::auth::{self, Cloud};
use stormglass_glance::{ConfigError, GlanceTarget, Identities, Identity, check_url};

/// Reads the place and the identities. After a mistake the target is of no use.
pub(super) fn read(t: &mut Fields) -> GlanceTarget {
    let url = t.get::<String>("url");
    let member = one(t, &["cloud", "token", "token_env", "member"]);
    let mut notes = Vec::new();
    let mut other = |keys: &[&'static str]| {
        let cloud = one(t, keys)?;
        notes.extend(cloud.notes);
        Some(cloud.identity)
    };
    let admin = other(&["admin_cloud", "admin_token", "admin_token_env", "admin"]);
    let reads_only = other(&["reader_cloud", "reader_token", "reader_token_env", "reader"]);
    let other_project = other(&[
        "stranger_cloud",
        "stranger_token",
        "stranger_token_env",
        "stranger",
        "other_project_cloud",
        "other_project_token",
        "other_project_token_env",
        "other_project",
    ]);
    let ca = t.with("ca", ca);
    let lost = member.is_none() && t.has("cloud");
    let identities = Identities {
        member,
        admin,
        reader: reads_only,
        other_project,
        ca,
    };
    let mut target = identities.target();
    target.notes.extend(notes);
    target.insecure_endpoint = t.or("insecure_endpoint", false);
    target.routes = t.whole.reader.environment.routes();
    if let Some(url) = &url {
        target.url = base_url(t, url);
    }
    let unknown = target.url.is_none() && !target.member.has_catalog();
    if unknown && !lost && !t.has("url") {
        let help = "write for example `url = \"http://127.0.0.1:9292\"`, or `cloud = \"devstack\"` for a cloud of clouds.yaml";
        t.whole.wrong("the key `url` is missing", help);
    }
    target
}

fn base_url(t: &Fields, url: &str) -> Option<String> {
    server_url(t, "url", url)?;
    Some(url.trim_end_matches('/').to_owned())
}

/// Checks that the text at a key is the URL of a server.
pub(super) fn server_url(t: &Fields, key: &str, url: &str) -> Option<()> {
    let wrong = |error: ConfigError| {
        let (url, why) = (url.escape_debug(), error.why());
        let help = format!("write for example `\"http://127.0.0.1:9292\"`: {why}");
        t.wrong(key, format!("`{url}` is not the URL of a server"), help);
    };
    check_url(url).map_err(wrong).ok()
}

/// Certificates, in a file beside the scenario.
fn ca(input: Input) -> Option<PathBuf> {
    let file = String::read(input)?;
    let path = input.reader.dir.join(&file);
    if let Err(error) = stormglass_glance::input::Input::open(&path) {
        let help = "name a PEM file; a relative name is looked up beside the scenario";
        input.wrong(format!("cannot read `{file}`: {error}"), help);
    }
    Some(path)
}

/// Who acts, said in one of four ways: the name of a cloud, a token, the variable that holds one, or a table. `keys` holds these
/// four for each spelling, and their ends tell them apart.
fn one(t: &mut Fields, keys: &[&'static str]) -> Option<Cloud> {
    let ways = keys.iter().filter_map(|key| Some((*key, t.input(key)?)));
    let ways: Vec<_> = ways.collect();
    let (&(key, input), others) = ways.split_first()?;
    for (other, _) in others {
        let message = format!("`{other}` says once more what `{key}` says");
        t.wrong_key(other, message, "keep one of the two");
    }
    if key.ends_with("cloud") {
        return auth::cloud(input.reader.environment, &String::read(input)?)
            .map_err(|mistake| input.wrong(mistake.message, mistake.help))
            .ok();
    }
    let identity = if key.ends_with("token") {
        Identity::Token(header(input)?)
    } else if key.ends_with("token_env") {
        let token = from_environment(t, key, &String::read(input)?)?;
        Identity::Token(in_header(input, token)?)
    } else {
        headers(input)?
    };
    Some(Cloud::of(identity))
}

/// What an environment variable holds, which the value of a key names.
pub(super) fn from_environment(t: &Fields, key: &str, variable: &str) -> Option<String> {
    let environment = t.whole.reader.environment;
    let value = environment.variable(variable);
    // A clean-up never acts as a user of another project.
    let unused = t.whole.reader.cleans_up
        && ["stranger_token_env", "other_project_token_env"].contains(&key);
    if value.is_none() && !unused {
        // Whoever wrote the token here in place of the name shall not see it again.
        let message = format!("the environment variable that `{key}` names is not set");
        let set: Vec<&str> = environment.names().collect();
        let help = match nearest(variable, &set) {
            Some(near) => format!("export it before the run, or did you mean `{near}`?"),
            None => "export it before the run; what stands here is its name, and not what it holds"
                .to_owned(),
        };
        t.wrong(key, message, help);
    }
    value.map(str::to_owned)
}

/// A text, if it can stand in an HTTP header. The text itself is not shown: it may be a secret.
fn in_header(input: Input, text: String) -> Option<String> {
    if !auth::is_header(&text) {
        let message = "this cannot be sent in an HTTP header";
        return input.refuse(message, "write printable ASCII, at least one character");
    }
    Some(text)
}

fn header(input: Input) -> Option<String> {
    in_header(input, String::read(input)?)
}

fn headers(input: Input) -> Option<Identity> {
    if matches!(&input.node.value, Value::String(text) if text == "anonymous") {
        return Some(Identity::Anonymous);
    }
    let example = "{ user = \"alice\", project = \"demo\", roles = [\"member\", \"reader\"] }";
    input.table(example, |t| {
        let user = t.need_with("user", "\"alice\"", header);
        let project = t.need_with("project", "\"demo\"", header);
        let example = "[\"member\", \"reader\"]";
        let roles = t.need_with("roles", example, |roles| {
            roles.all("a list of roles", example, header)
        });
        Some(Identity::Headers {
            user: user?,
            project: project?,
            roles: roles?,
        })
    })
}
