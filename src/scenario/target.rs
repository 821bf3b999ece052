//! What operations run against: `[service]` and `[target]`.

use super::document::Value;
use super::identity::server_url;
use super::reader::{Fields, Input, Read};
use super::value::lasting;
use super::{Target, commands, identity};
use std::num::NonZeroU32;
use stormglass_glance::{GlanceTarget, StoreTarget};
use stormglass_model::config::ServiceConfig;
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
