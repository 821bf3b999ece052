//! Where a Glance is and who acts there: the part of `[target.glance]` that may come from `clouds.yaml`.

use super::document::{Node, Value};
use super::mistake::Spot;
use super::reader::{Fields, Read, Reader, Written};
use std::path::PathBuf;
use stormglass_glance::Identities;
use stormglass_glance::auth::{self, Cloud};
use stormglass_glance::{GlanceTarget, Identity};

/// Reads the place and the identities. After a mistake the target is of no use.
pub(super) fn read(reader: &mut Reader, fields: &mut Fields) -> GlanceTarget {
    let url = fields.optional::<Written<String>>(reader, "url");
    let member = one(reader, fields, &["cloud", "token", "token_env", "member"]);
    let mut other = |keys: &[&'static str]| one(reader, fields, keys).map(|cloud| cloud.identity);
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
    let ca = ca(reader, fields);
    let lost = member.is_none() && fields.key_spot("cloud").is_some();
    let identities = Identities {
        member,
        admin,
        reader: reads_only,
        other_project,
        ca,
    };
    let mut target = identities.target();
    if let Some(url) = &url {
        target.url = base_url(reader, url);
    }
    let unknown = target.url.is_none() && !target.member.has_catalog();
    if unknown && !lost && fields.key_spot("url").is_none() {
        let help = "write for example `url = \"http://127.0.0.1:9292\"`, or `cloud = \"devstack\"` for a cloud of clouds.yaml";
        reader.wrong(fields.spot, "the key `url` is missing", help);
    }
    target
}

fn base_url(reader: &mut Reader, url: &Written<String>) -> Option<String> {
    let rest = (url.value.strip_prefix("http://")).or_else(|| url.value.strip_prefix("https://"));
    let host = rest
        .and_then(|rest| rest.split('/').next())
        .filter(|host| !host.is_empty());
    let plain = !url
        .value
        .contains(|c: char| c.is_whitespace() || c.is_control());
    if host.is_none() || !plain {
        let message = format!("`{}` is not the URL of a server", url.value);
        let help =
            "write `http://` or `https://`, the host and the port: `\"http://127.0.0.1:9292\"`";
        reader.wrong(url.spot, message, help);
        return None;
    }
    Some(url.value.trim_end_matches('/').to_owned())
}

/// Certificates, in a file beside the scenario.
fn ca(reader: &mut Reader, fields: &mut Fields) -> Option<PathBuf> {
    let file = fields.optional::<Written<String>>(reader, "ca")?;
    let path = reader.dir.join(&file.value);
    if let Err(error) = std::fs::File::open(&path) {
        let message = format!("cannot read `{}`: {error}", file.value);
        let help = "name a PEM file; a relative name is looked up beside the scenario";
        reader.wrong(file.spot, message, help);
    }
    Some(path)
}

/// Who acts, said in one of four ways: the name of a cloud, a token, the variable that holds one, or a table. `keys` holds these
/// four, in this order, for each spelling.
fn one(reader: &mut Reader, fields: &mut Fields, keys: &[&'static str]) -> Option<Cloud> {
    let ways = keys.iter().enumerate();
    let ways: Vec<_> = ways
        .filter_map(|(at, key)| Some((at % 4, *key, fields.node(key)?)))
        .collect();
    let (&(way, key, node), others) = ways.split_first()?;
    for (_, other, _) in others {
        let at = fields.key_spot(other).unwrap_or(fields.spot);
        let message = format!("`{other}` says once more what `{key}` says");
        reader.wrong(at, message, "keep one of the two");
    }
    let identity = if way == 3 {
        headers(reader, node)?
    } else {
        let text = Written::<String>::read(reader, node)?;
        let value = match way {
            0 => {
                let found = auth::cloud(reader.environment, &text.value);
                return found
                    .map_err(|mistake| reader.wrong(text.spot, mistake.message, mistake.help))
                    .ok();
            }
            1 => text.value,
            _ => from_environment(reader, &text.value, text.spot)?,
        };
        Identity::Token(header(reader, &value, text.spot)?)
    };
    Some(Cloud {
        identity,
        url: None,
        ca: None,
    })
}

/// What an environment variable holds.
pub(super) fn from_environment(reader: &mut Reader, variable: &str, at: Spot) -> Option<String> {
    let value = reader.environment.variable(variable).map(str::to_owned);
    if value.is_none() {
        let message = format!("the environment variable `{variable}` is not set");
        let help = format!("export {variable}=… before the run");
        reader.wrong(at, message, help);
    }
    value
}

/// A text that can stand in an HTTP header. The text itself is not shown: it may be a secret.
fn header(reader: &mut Reader, text: &str, at: Spot) -> Option<String> {
    if !auth::is_header(text) {
        let message = "this cannot be sent in an HTTP header";
        reader.wrong(at, message, "write printable ASCII, at least one character");
        return None;
    }
    Some(text.to_owned())
}

fn headers(reader: &mut Reader, node: &Node) -> Option<Identity> {
    if matches!(&node.value, Value::String(text) if text == "anonymous") {
        return Some(Identity::Anonymous);
    }
    let example = "{ user = \"alice\", project = \"demo\", roles = [\"member\", \"reader\"] }";
    let mut fields = Fields::of(reader, node, example)?;
    let user = fields.required::<Header>(reader, "user", "\"alice\"");
    let project = fields.required::<Header>(reader, "project", "\"demo\"");
    let roles = fields.required::<Vec<Header>>(reader, "roles", "[\"member\", \"reader\"]");
    fields.done(reader);
    Some(Identity::Headers {
        user: user?.0,
        project: project?.0,
        roles: roles?.into_iter().map(|role| role.0).collect(),
    })
}

struct Header(String);

impl Read for Header {
    fn read(reader: &mut Reader, node: &Node) -> Option<Header> {
        let text = String::read(reader, node)?;
        header(reader, &text, node.spot).map(Header)
    }
}

impl Read for Vec<Header> {
    fn read(reader: &mut Reader, node: &Node) -> Option<Vec<Header>> {
        let Value::Array(items) = &node.value else {
            reader.wrong_type(node, "a list of roles", "[\"member\", \"reader\"]");
            return None;
        };
        items
            .iter()
            .map(|item| Header::read(reader, item))
            .collect()
    }
}
