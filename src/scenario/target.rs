//! What operations run against: `[service]` and `[target]`.

use super::document::{Node, Value};
use super::reader::{Fields, Read, Reader, Written};
use super::value::{Bandwidth, Lasting};
use super::{Target, identity};
use std::num::NonZeroU32;
use stormglass_glance::{GlanceTarget, ProbeTarget, StoreTarget};
use stormglass_model::config::{
    Defect, Defects, RegistryConfig, Rules, ServiceConfig, StoreConfig,
};
use stormglass_model::lifecycle::Profile;
use stormglass_model::units::Span;

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

fn glance(reader: &mut Reader, node: &Node) -> Option<GlanceTarget> {
    let mut fields = Fields::of(reader, node, "[target.glance]")?;
    let target = identity::read(reader, &mut fields);
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
    let mut probe = fields.optional::<ProbeTarget>(reader, "probe");
    if let Some(StoreTarget::Bucket(bucket)) = probe.as_mut().and_then(|it| it.store.as_mut()) {
        bucket.ca.clone_from(&target.ca);
    }
    let too_large = fields.optional(reader, "too_large");
    let commands = fields.node("commands");
    let commands = commands.map_or_else(Vec::new, |node| commands::read(reader, node));
    let last_resort = fields.node("last_resort");
    let last_resort = last_resort.and_then(|node| commands::last_resort(reader, node));
    fields.done(reader);
    Some(GlanceTarget {
        too_large,
        timeout: timeout.0,
        connections,
        location: location.map(|location| location.value),
        delayed_delete,
        probe,
        commands,
        last_resort,
        ..target
    })
}

/// The edges that the target allows.
pub(super) fn profile(target: &Target) -> Profile {
    match target {
        Target::Embedded(config) => config.rules.profile(),
        Target::Glance(_) => Profile::Glance,
    }
}
