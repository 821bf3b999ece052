//! What the server says of itself.

use super::context::Context;
use crate::answer::{Answer, Result};
use crate::catalog::{Requester, schema as published};
use crate::refusal::Refusal;
use crate::route::Info;
use serde_json::{Value, json};
use stormglass_model::lifecycle::SubjectStatus;

/// The versions of the API, the newest of each kind first, as a Glance with several stores and no cache gives them.
const VERSIONS: [&str; 16] = [
    "2.15", "2.13", "2.12", "2.11", "2.10", "2.9", "2.8", "2.17", "2.7", "2.6", "2.5", "2.4",
    "2.3", "2.2", "2.1", "2.0",
];

pub(crate) fn versions(origin: &str, chosen: bool) -> Answer {
    let version = |id: &&str| {
        let status = if *id == "2.17" {
            "CURRENT"
        } else {
            "SUPPORTED"
        };
        let links = json!([{ "rel": "self", "href": format!("{origin}/v2/") }]);
        json!({ "id": format!("v{id}"), "status": status, "links": links })
    };
    let all: Vec<Value> = VERSIONS.iter().map(version).collect();
    Answer::json(if chosen { 200 } else { 300 }, &json!({ "versions": all }))
}

pub(crate) fn schema(name: &str) -> Result {
    let missing = || Refusal::missing("The resource could not be found.");
    published(name)
        .map(|schema| Answer::json(200, &schema))
        .ok_or_else(missing)
}

pub(crate) fn info(context: &Context, requester: &Requester, what: Info) -> Result {
    let mut twin = context.shared.borrow_mut();
    let document = match what {
        Info::Import => json!({ "import-methods": {
            "description": "Import methods available.",
            "type": "array",
            "value": ["glance-direct", "web-download"],
        } }),
        Info::Stores => json!({ "stores": [
            { "id": "local", "default": "true" },
            { "id": "web", "read-only": "true" },
        ] }),
        Info::StoresDetail => {
            if !requester.is_service() {
                return Err(Refusal::forbidden(
                    "You are not authorized to complete stores_info_detail action.",
                ));
            }
            json!({ "stores": [
                { "id": "local", "default": "true", "type": "file", "weight": 0,
                  "properties": { "data_dir": "/stormglass/images", "chunk_size": 65_536, "thin_provisioning": false } },
                { "id": "web", "read-only": "true", "type": "http", "weight": 0, "properties": {} },
            ] })
        }
        Info::Usage => {
            let quota = twin.config.quota.map_or(-1, |quota| (quota.0 >> 20) as i64);
            let owned: Vec<_> = (twin.catalog.images())
                .filter(|image| requester.owns(image))
                .map(|image| (image.subject, image.facts.size.unwrap_or(0)))
                .collect();
            let (mut bytes, mut staged, mut busy) = (0, 0, 0);
            let total = owned.len();
            for (subject, size) in owned {
                match twin.status(subject) {
                    Some(SubjectStatus::Uploading) => (staged, busy) = (staged + size, busy + 1),
                    Some(SubjectStatus::Saving | SubjectStatus::Importing) => busy += 1,
                    Some(_) => bytes += size,
                    None => {}
                }
            }
            json!({ "usage": {
                "image_size_total": { "usage": bytes >> 20, "limit": quota },
                "image_stage_total": { "usage": staged >> 20, "limit": -1 },
                "image_count_total": { "usage": total, "limit": -1 },
                "image_count_uploading": { "usage": busy, "limit": -1 },
            } })
        }
    };
    Ok(Answer::json(200, &document))
}
