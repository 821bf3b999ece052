//! How images, members and tasks are shown.

use super::image::{Image, ImageId, Import, Member};
use super::task::Task;
use crate::date::iso;
use serde_json::{Map, Value, json};
use stormglass_model::lifecycle::SubjectStatus;

/// What is shown of an image beside its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub status: SubjectStatus,
    /// Whether the places of its data are shown.
    pub locations: bool,
}

/// The document of an image.
pub(crate) fn image_view(image: &Image, view: View) -> Value {
    let id = image.id.to_string();
    let mut shown: Map<String, Value> = (image.properties.iter())
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let facts = &image.facts;
    let size = match view.status {
        SubjectStatus::Queued | SubjectStatus::Saving => None,
        _ => facts.size,
    };
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("name", json!(image.name));
    put("disk_format", json!(image.disk_format));
    put("container_format", json!(image.container_format));
    put("visibility", json!(image.visibility.name()));
    put("size", json!(size));
    put("virtual_size", json!(facts.virtual_size.and(size)));
    put("status", json!(view.status.name()));
    put("checksum", json!(facts.checksum));
    put("protected", json!(image.protected));
    put("min_ram", json!(image.min_ram));
    put("min_disk", json!(image.min_disk));
    put("owner", json!(image.owner));
    put("os_hidden", json!(image.hidden));
    put("os_hash_algo", json!(facts.hash_algo));
    put("os_hash_value", json!(facts.hash_value));
    put("id", json!(id));
    put("created_at", json!(iso(image.created)));
    put("updated_at", json!(iso(image.updated)));
    if view.locations {
        let places = image.locations.iter();
        let places = places.map(|it| json!({ "url": it.url, "metadata": it.metadata }));
        put("locations", places.collect());
        if let Some(first) = image.locations.first() {
            put("direct_url", json!(first.url));
        }
    }
    put("tags", json!(image.tags));
    put("self", json!(format!("/v2/images/{id}")));
    put("file", json!(format!("/v2/images/{id}/file")));
    put("schema", json!("/v2/schemas/image"));
    if let Some(import) = image.import {
        let store_if = |holds: bool| json!(if holds { "local" } else { "" });
        put(
            "os_glance_importing_to_stores",
            store_if(import == Import::Running),
        );
        put(
            "os_glance_failed_import",
            store_if(import == Import::Failed),
        );
    }
    let stores: Vec<&str> = (image.locations.iter())
        .filter_map(|it| it.metadata.get("store")?.as_str())
        .collect();
    if !stores.is_empty() {
        put("stores", json!(stores.join(",")));
    }
    Value::Object(shown)
}

/// The document of a member.
pub(crate) fn member_view(image: ImageId, project: &str, member: &Member) -> Value {
    json!({
        "member_id": project,
        "image_id": image.to_string(),
        "status": member.status.name(),
        "created_at": iso(member.created),
        "updated_at": iso(member.updated),
        "schema": "/v2/schemas/member",
    })
}

/// The document of a task in a list.
pub(crate) fn task_stub(task: &Task) -> Value {
    json!({
        "id": task.id.to_string(),
        "type": task.kind.name(),
        "status": task.status.name(),
        "owner": task.owner,
        "created_at": iso(task.created),
        "updated_at": iso(task.updated),
        "self": format!("/v2/tasks/{}", task.id),
        "schema": "/v2/schemas/task",
    })
}

/// The document of a task.
pub(crate) fn task_view(task: &Task) -> Value {
    let mut shown = task_stub(task);
    shown["input"] = task.input.clone();
    shown["result"] = task.result.clone();
    shown["message"] = json!(task.message);
    shown["request_id"] = json!(task.request);
    shown["user_id"] = json!(task.user);
    if let Some(image) = task.image {
        shown["image_id"] = json!(image.to_string());
    }
    shown
}
