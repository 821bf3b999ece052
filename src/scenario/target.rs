//! What operations run against: `[service]` and `[target]`.

use super::document::{Node, Spot, Value};
use super::reader::{Fields, Read, Reader, Written};
use super::value::{Bandwidth, Lasting};
use super::{GlanceTarget, Identity, Target};
use crate::config::{Defect, Defects, RegistryConfig, Rules, ServiceConfig, StoreConfig};
use crate::lifecycle::Profile;
use crate::units::Span;
use std::num::NonZeroU32;
use std::path::PathBuf;

mod commands;

/// Reads `[target]` and `[service]`.
pub(super) fn read(reader: &mut Reader, root: &mut Fields) -> Option<Target> {
    let service = root.node("service");
    let glance = match root.node("target") {
        Some(node) => choice(reader, node)?,
        None => None,
    };
    let Some(glance) = glance else {
        let config = match service {
            Some(node) => self::service(reader, node)?,
            None => ServiceConfig::default(),
        };
        return Some(Target::Embedded(Box::new(config)));
    };
    if service.is_some() {
        let at = root.key_spot("service").unwrap_or(root.spot);
        let message = "[service] describes the embedded service, and this scenario runs on glance";
        reader.wrong(at, message, "leave out [service] or [target.glance]");
    }
    self::glance(reader, glance).map(|target| Target::Glance(Box::new(target)))
}

/// Whether the outer option is there says whether a target was named; the inner one, whether it is glance.
fn choice<'n>(reader: &mut Reader, node: &'n Node) -> Option<Option<&'n Node>> {
    if !matches!(node.value, Value::Table(_)) {
        reader.wrong_type(node, "a table", "[target.embedded]");
        return None;
    }
    let (tag, inner) = reader.tagged(node, "target", &["embedded", "glance"])?;
    if tag == "glance" {
        return Some(Some(inner));
    }
    // The embedded service is described in [service].
    Fields::of(reader, inner, "[target.embedded]")?.done(reader);
    Some(None)
}

fn service(reader: &mut Reader, node: &Node) -> Option<ServiceConfig> {
    let default = ServiceConfig::default();
    let mut fields = Fields::of(reader, node, "[service]")?;
    let f = &mut fields;
    let config = ServiceConfig {
        rules: f.or(reader, "profile", default.rules),
        workers: f.or(reader, "workers", default.workers),
        delayed_delete: f.or(reader, "delayed_delete", default.delayed_delete),
        scrub_time: f.or(reader, "scrub_time", default.scrub_time),
        scrub_interval: f
            .or(reader, "scrub_interval", Lasting(default.scrub_interval))
            .0,
        scrub_workers: f.or(reader, "scrub_workers", default.scrub_workers),
        task_workers: f.or(reader, "task_workers", default.task_workers),
        purge_after: f.optional(reader, "purge_after"),
        retry: f.or(reader, "retry", Lasting(default.retry)).0,
        defects: f.or(reader, "defects", default.defects),
        registry: f.or(reader, "registry", default.registry),
        store: f.or(reader, "store", default.store),
    };
    fields.done(reader);
    Some(config)
}

impl Read for Rules {
    fn read(reader: &mut Reader, node: &Node) -> Option<Rules> {
        let name = |rules: Rules| rules.profile().name();
        reader.one_of(node, "profile", &[Rules::V1, Rules::V2], name)
    }
}

impl Read for Defects {
    fn read(reader: &mut Reader, node: &Node) -> Option<Defects> {
        let Value::Array(items) = &node.value else {
            reader.wrong_type(node, "a list of defects", "[\"lost-create\"]");
            return None;
        };
        let defects = (items.iter())
            .map(|item| reader.one_of(item, "defect", Defect::ALL, Defect::name))
            .collect::<Vec<_>>();
        defects.into_iter().collect()
    }
}

impl Read for RegistryConfig {
    fn read(reader: &mut Reader, node: &Node) -> Option<RegistryConfig> {
        let default = ServiceConfig::default().registry;
        let mut fields = Fields::of(reader, node, "[service.registry]")?;
        let config = RegistryConfig {
            connections: fields.or(reader, "connections", default.connections),
            commit: fields.or(reader, "commit", default.commit),
        };
        fields.done(reader);
        Some(config)
    }
}

impl Read for StoreConfig {
    fn read(reader: &mut Reader, node: &Node) -> Option<StoreConfig> {
        let default = ServiceConfig::default().store;
        let mut fields = Fields::of(reader, node, "[service.store]")?;
        let bandwidth = fields.optional::<Bandwidth>(reader, "bandwidth");
        let config = StoreConfig {
            slots: fields.or(reader, "slots", default.slots),
            bandwidth: bandwidth.map(|bandwidth| bandwidth.0),
            put: fields.or(reader, "put", default.put),
            get: fields.or(reader, "get", default.get),
            delete: fields.or(reader, "delete", default.delete),
            capacity: fields.optional(reader, "capacity"),
        };
        fields.done(reader);
        Some(config)
    }
}

/// Who acts when nobody says so: what a server without Keystone that reads `user:project:roles` from the token understands.
const MEMBER: &str = "stormglass:stormglass:member,reader";
const ADMIN: &str = "stormglass-admin:stormglass:admin,member,reader";
const READER: &str = "stormglass-reader:stormglass:reader";
const STRANGER: &str = "stormglass-stranger:elsewhere:member,reader";

impl GlanceTarget {
    /// A server of which only the URL is known, and perhaps tokens of its member and its admin. Without an admin's the admin is
    /// the member; without either it is a development server, whose tokens say who asks.
    pub fn at(url: String, token: Option<String>, admin_token: Option<String>) -> GlanceTarget {
        let stand_in = |token: &str| Identity::Token(token.to_owned());
        let member = token.map(Identity::Token);
        let admin = admin_token.map(Identity::Token).or_else(|| member.clone());
        let stands_in = member.is_none();
        GlanceTarget {
            reader: stands_in.then(|| stand_in(READER)),
            stranger: stands_in.then(|| stand_in(STRANGER)),
            ..GlanceTarget::new(
                url.trim_end_matches('/').to_owned(),
                member.unwrap_or_else(|| stand_in(MEMBER)),
                admin.unwrap_or_else(|| stand_in(ADMIN)),
            )
        }
    }
}

fn glance(reader: &mut Reader, node: &Node) -> Option<GlanceTarget> {
    let mut fields = Fields::of(reader, node, "[target.glance]")?;
    let url = fields.required::<Written<String>>(reader, "url", "\"http://127.0.0.1:9292\"");
    let url = url.and_then(|url| base_url(reader, &url));
    let member = identity(reader, &mut fields, ["token", "token_env", "member"]);
    let admin = identity(
        reader,
        &mut fields,
        ["admin_token", "admin_token_env", "admin"],
    );
    let who = ["reader_token", "reader_token_env", "reader"];
    let asking = identity(reader, &mut fields, who);
    let who = ["stranger_token", "stranger_token_env", "stranger"];
    let stranger = identity(reader, &mut fields, who);
    let ca = authority(reader, &mut fields);
    let timeout = fields.or(reader, "timeout", Lasting(Span::from_secs(60)));
    let connections = NonZeroU32::new(32).unwrap_or(NonZeroU32::MIN);
    let connections = fields.or(reader, "connections", connections);
    let location = fields.optional::<Written<String>>(reader, "location");
    if let Some(place) = &location
        && !place.value.contains("://")
    {
        let help = "write the URL of data that the server can reach, for example \
                    `\"http://127.0.0.1:8000/image.raw\"`";
        let message = format!("`{}` is not a URL", place.value);
        reader.wrong(place.spot, message, help);
    }
    let delayed_delete = fields.or(reader, "delayed_delete", false);
    let probe = fields.optional(reader, "probe");
    let too_large = fields.optional(reader, "too_large");
    let commands = fields.node("commands");
    let commands = commands.map_or_else(Vec::new, |node| commands::read(reader, node));
    fields.done(reader);
    let usual = GlanceTarget::at(url?, None, None);
    // One who brings a token of its own has a server where the stand-ins mean nothing.
    let stands_in = member.is_none();
    let admin = admin.or_else(|| member.clone());
    Some(GlanceTarget {
        member: member.unwrap_or(usual.member),
        admin: admin.unwrap_or(usual.admin),
        reader: asking.or(usual.reader.filter(|_| stands_in)),
        stranger: stranger.or(usual.stranger.filter(|_| stands_in)),
        ca,
        too_large,
        timeout: timeout.0,
        connections,
        location: location.map(|location| location.value),
        delayed_delete,
        probe,
        commands,
        ..GlanceTarget::new(usual.url, Identity::Anonymous, Identity::Anonymous)
    })
}

/// The file of certificates that are trusted, beside the scenario if its name is relative.
fn authority(reader: &mut Reader, fields: &mut Fields) -> Option<PathBuf> {
    let file = fields.optional::<Written<String>>(reader, "ca")?;
    let path = reader.dir.join(&file.value);
    if let Err(error) = std::fs::File::open(&path) {
        let message = format!("cannot read `{}`: {error}", file.value);
        let help =
            "name a file of certificates in PEM; a relative name is looked up beside the scenario";
        reader.wrong(file.spot, message, help);
    }
    Some(path)
}

fn base_url(reader: &mut Reader, url: &Written<String>) -> Option<String> {
    let host = (url.value.strip_prefix("http://"))
        .and_then(|rest| rest.split('/').next())
        .filter(|host| !host.is_empty());
    let plain = !url
        .value
        .contains(|c: char| c.is_whitespace() || c.is_control());
    if host.is_none() || !plain {
        let message = format!("`{}` is not the URL of a server", url.value);
        let help = "write `http://`, the host and the port: `\"http://127.0.0.1:9292\"`; TLS is not spoken";
        reader.wrong(url.spot, message, help);
        return None;
    }
    Some(url.value.trim_end_matches('/').to_owned())
}

/// Who acts, said in one of three ways: a token, the variable that holds one, or a table.
fn identity(
    reader: &mut Reader,
    fields: &mut Fields,
    [token, variable, table]: [&'static str; 3],
) -> Option<Identity> {
    let ways = [token, variable, table].map(|key| fields.node(key).map(|node| (key, node)));
    let mut ways = ways.into_iter().flatten();
    let (key, node) = ways.next()?;
    for (other, _) in ways {
        let at = fields.key_spot(other).unwrap_or(fields.spot);
        let message = format!("`{other}` says once more what `{key}` says");
        reader.wrong(at, message, "keep one of the two");
    }
    if key == table {
        return headers(reader, node);
    }
    let text = Written::<String>::read(reader, node)?;
    let value = match key == token {
        true => text.value,
        false => from_environment(reader, &text.value, text.spot)?,
    };
    header(reader, &value, text.spot).map(Identity::Token)
}

fn from_environment(reader: &mut Reader, variable: &str, at: Spot) -> Option<String> {
    let value = std::env::var(variable).ok();
    if value.is_none() {
        let message = format!("the environment variable `{variable}` is not set");
        let help = format!("export {variable}=… before the run");
        reader.wrong(at, message, help);
    }
    value
}

/// A text that can stand in an HTTP header. The text itself is not shown: it may be a secret.
fn header(reader: &mut Reader, text: &str, at: Spot) -> Option<String> {
    if text.is_empty() || !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
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

/// The edges that the target allows.
pub(super) fn profile(target: &Target) -> Profile {
    match target {
        Target::Embedded(config) => config.rules.profile(),
        Target::Glance(_) => Profile::Glance,
    }
}
