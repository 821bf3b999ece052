//! What operations run against: `[service]` and `[target]`.

use super::document::Value;
use super::identity::server_url;
use super::reader::{Fields, Input, Read};
use super::value::{bandwidth, lasting};
use super::{Target, commands, identity};
use std::num::NonZeroU32;
use stormglass_glance::{GlanceTarget, StoreTarget};
use stormglass_model::config::{
    Defect, Defects, FailureRule, RegistryConfig, ServiceConfig, StoreConfig,
};
use stormglass_model::units::Span;

/// Reads `[target]` and `[service]`.
pub(super) fn read(root: &mut Fields) -> Option<Target> {
    let service = root.input("service");
    let in_target = &root.whole.reader.in_target;
    in_target.set(true);
    let glance = root.input("target").map(choice);
    in_target.set(false);
    let glance = match glance {
        Some(choice) => choice?,
        None => None,
    };
    let Some(glance) = glance else {
        let config = service.map_or_else(|| Some(ServiceConfig::default()), Read::read);
        return Some(Target::Embedded(Box::new(config?)));
    };
    if service.is_some() {
        let message = "[service] describes the embedded service, and this scenario runs on glance";
        root.wrong_key("service", message, "leave out [service] or [target.glance]");
    }
    in_target.set(true);
    let target = glance.table("[target.glance]", self::glance);
    in_target.set(false);
    Some(Target::Glance(Box::new(target?)))
}

/// Whether the outer option is there says whether a target was named; the inner one, whether it is glance.
fn choice(input: Input) -> Option<Option<Input>> {
    if !matches!(input.node.value, Value::Table(_)) {
        return input.wrong_type("a table", "[target.embedded]");
    }
    match input.tagged("target", &["embedded", "glance"])? {
        ("glance", inner) => Some(Some(inner)),
        // The embedded service is described in [service].
        (_, inner) => inner.table("[target.embedded]", |_| Some(None)),
    }
}

impl Read for ServiceConfig {
    fn read(input: Input) -> Option<ServiceConfig> {
        let default = ServiceConfig::default();
        let or = |span: Option<Span>, default| span.unwrap_or(default);
        input.table("[service]", |t| {
            Some(ServiceConfig {
                rules: (t.with("profile", |it| {
                    it.one_of("profile", FailureRule::ALL, FailureRule::name)
                }))
                .unwrap_or(default.rules),
                workers: t.or("workers", default.workers),
                delayed_delete: t.or("delayed_delete", default.delayed_delete),
                scrub_time: t.or("scrub_time", default.scrub_time),
                scrub_interval: or(t.with("scrub_interval", lasting), default.scrub_interval),
                scrub_workers: t.or("scrub_workers", default.scrub_workers),
                task_workers: t.or("task_workers", default.task_workers),
                purge_after: t.get("purge_after"),
                retry: or(t.with("retry", lasting), default.retry),
                defects: t.or("defects", default.defects),
                registry: t.or("registry", default.registry),
                store: t.or("store", default.store),
            })
        })
    }
}

impl Read for Defects {
    fn read(input: Input) -> Option<Defects> {
        let one = |item: Input| item.one_of("defect", Defect::ALL, Defect::name);
        let defects = input.all("a list of defects", "[\"lost-create\"]", one)?;
        Some(defects.into_iter().collect())
    }
}

impl Read for RegistryConfig {
    fn read(input: Input) -> Option<RegistryConfig> {
        let default = ServiceConfig::default().registry;
        input.table("[service.registry]", |t| {
            Some(RegistryConfig {
                connections: t.or("connections", default.connections),
                commit: t.or("commit", default.commit),
            })
        })
    }
}

impl Read for StoreConfig {
    fn read(input: Input) -> Option<StoreConfig> {
        let default = ServiceConfig::default().store;
        input.table("[service.store]", |t| {
            Some(StoreConfig {
                bandwidth: t.with("bandwidth", bandwidth),
                slots: t.or("slots", default.slots),
                put: t.or("put", default.put),
                get: t.or("get", default.get),
                delete: t.or("delete", default.delete),
                capacity: t.get("capacity"),
                watched: None,
            })
        })
    }
}

fn glance(t: &mut Fields) -> Option<GlanceTarget> {
    let target = identity::read(t);
    let timeout = t.with("timeout", lasting);
    let connections = t.or(
        "connections",
        NonZeroU32::new(32).unwrap_or(NonZeroU32::MIN),
    );
    let location = t.get::<String>("location");
    if let Some(place) = location.as_ref().filter(|place| !place.contains("://")) {
        let help = "write the URL of data that the server can reach, for example \
                    `\"http://127.0.0.1:8000/image.raw\"`";
        t.wrong("location", format!("`{place}` is not a URL"), help);
    }
    if let Some(place) = location
        .as_ref()
        .filter(|place| place.starts_with("http://") || place.starts_with("https://"))
    {
        // What follows the path is the server's to understand.
        let end = place.find(['?', '#']).filter(|_| !place.contains('@'));
        server_url(t, "location", &place[..end.unwrap_or(place.len())]);
    }
    let delayed_delete = t.or("delayed_delete", false);
    let cleans_up = t.whole.reader.cleans_up;
    let read_probe = |input| (!cleans_up).then(|| super::probe::read(input)).flatten();
    let mut probe = t.with("probe", read_probe);
    if let Some(StoreTarget::Bucket(bucket)) = probe.as_mut().and_then(|it| it.store.as_mut()) {
        bucket.ca.clone_from(&target.ca);
    }
    Some(GlanceTarget {
        too_large: t.get("too_large"),
        other_project_id: t.get("stranger_project"),
        timeout: timeout.unwrap_or(Span::from_secs(60)),
        connections,
        location,
        delayed_delete,
        probe,
        commands: t.with("commands", commands::read).unwrap_or_default(),
        last_resort: t.with("last_resort", commands::last_resort),
        ..target
    })
}
