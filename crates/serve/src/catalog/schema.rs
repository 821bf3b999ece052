//! The schemas that the API publishes, and what a value of an image's own attributes must be.

use serde_json::{Map, Value, json};

/// The formats of disks and containers that are known.
pub(super) const DISK_FORMATS: [&str; 12] = [
    "ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop", "gpt",
];
pub(super) const CONTAINER_FORMATS: [&str; 7] =
    ["ami", "ari", "aki", "bare", "ovf", "ova", "docker"];

const UUID: &str =
    "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$";

fn with_null(words: &[&str]) -> Value {
    let words = words.iter().map(|word| json!(word));
    [Value::Null].into_iter().chain(words).collect()
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn read_only(description: &str) -> Value {
    json!({ "type": "string", "readOnly": true, "description": description })
}

fn location() -> Value {
    json!({
        "type": "object",
        "properties": {
            "url": { "type": "string", "maxLength": 255 },
            "metadata": { "type": "object" },
            "validation_data": {
                "description": "Values to be used to populate the corresponding image properties. If the image status is not 'queued', values must exactly match those already contained in the image properties.",
                "type": "object",
                "writeOnly": true,
                "additionalProperties": false,
                "properties": {
                    "checksum": { "type": "string", "minLength": 32, "maxLength": 32 },
                    "os_hash_algo": { "type": "string", "maxLength": 64 },
                    "os_hash_value": { "type": "string", "maxLength": 128 },
                },
                "required": ["os_hash_algo", "os_hash_value"],
            },
        },
        "required": ["url", "metadata"],
    })
}

fn image() -> Value {
    let nullable = |description: &str, most: u32| json!({ "type": ["null", "string"], "description": description, "maxLength": most });
    let hash = |description: &str, most: u32| json!({ "type": ["null", "string"], "readOnly": true, "description": description, "maxLength": most });
    let count = |description: &str| json!({ "type": "integer", "description": description });
    let size = |description: &str| json!({ "type": ["null", "integer"], "readOnly": true, "description": description });
    json!({
        "id": { "type": "string", "description": "An identifier for the image", "pattern": UUID },
        "name": nullable("Descriptive name for the image", 255),
        "status": {
            "type": "string", "readOnly": true, "description": "Status of the image",
            "enum": ["queued", "saving", "active", "killed", "deleted", "uploading", "importing", "pending_delete", "deactivated"],
        },
        "visibility": {
            "type": "string", "description": "Scope of image accessibility",
            "enum": ["community", "public", "private", "shared"],
        },
        "protected": { "type": "boolean", "description": "If true, image will not be deletable." },
        "os_hidden": { "type": "boolean", "description": "If true, image will not appear in default image list response." },
        "checksum": hash("md5 hash of image contents.", 32),
        "os_hash_algo": hash("Algorithm to calculate the os_hash_value", 64),
        "os_hash_value": hash("Hexdigest of the image contents using the algorithm specified by the os_hash_algo", 128),
        "owner": nullable("Owner of the image", 255),
        "size": size("Size of image file in bytes"),
        "virtual_size": size("Virtual size of image in bytes"),
        "container_format": {
            "type": ["null", "string"], "description": "Format of the container",
            "enum": with_null(&CONTAINER_FORMATS),
        },
        "disk_format": {
            "type": ["null", "string"], "description": "Format of the disk",
            "enum": with_null(&DISK_FORMATS),
        },
        "created_at": read_only("Date and time of image registration"),
        "updated_at": read_only("Date and time of the last image modification"),
        "tags": {
            "type": "array", "description": "List of strings related to the image",
            "items": { "type": "string", "maxLength": 255 },
        },
        "direct_url": read_only("URL to access the image file kept in external store"),
        "min_ram": count("Amount of ram (in MB) required to boot image."),
        "min_disk": count("Amount of disk space (in GB) required to boot image."),
        "self": read_only("An image self url"),
        "file": read_only("An image file url"),
        "schema": read_only("An image schema url"),
        "stores": read_only("Store in which image data resides.  Only present when the operator has enabled multiple stores.  May be a comma-separated list of store identifiers."),
        "locations": {
            "type": "array", "items": location(),
            "description": "A set of URLs to access the image file kept in external store",
        },
    })
}

fn member() -> Value {
    json!({
        "member_id": text("An identifier for the image member (tenantId)"),
        "image_id": { "type": "string", "description": "An identifier for the image", "pattern": UUID },
        "created_at": text("Date and time of image member creation"),
        "updated_at": text("Date and time of last modification of image member"),
        "status": {
            "type": "string", "description": "The status of this image member",
            "enum": ["pending", "accepted", "rejected"],
        },
        "schema": { "readOnly": true, "type": "string" },
    })
}

fn task(whole: bool) -> Value {
    let mut task = json!({
        "id": { "type": "string", "description": "An identifier for the task", "pattern": UUID },
        "type": {
            "type": "string", "description": "The type of task represented by this content",
            "enum": ["import", "api_image_import", "location_import"],
        },
        "status": {
            "type": "string", "description": "The current status of this task",
            "enum": ["pending", "processing", "success", "failure"],
        },
        "owner": text("An identifier for the owner of this task"),
        "image_id": text("Image associated with the task"),
        "request_id": text("Human-readable informative request-id"),
        "user_id": text("User associated with the task"),
        "expires_at": { "type": ["null", "string"], "description": "Datetime when this resource would be subject to removal" },
        "created_at": text("Datetime when this resource was created"),
        "updated_at": text("Datetime when this resource was updated"),
        "self": { "readOnly": true, "type": "string" },
        "schema": { "readOnly": true, "type": "string" },
    });
    if whole {
        task["input"] = json!({ "type": ["null", "object"], "description": "The parameters required by task, JSON blob" });
        task["result"] = json!({ "type": ["null", "object"], "description": "The result of current task, JSON blob" });
        task["message"] = text(
            "Human-readable informative message only included when appropriate (usually on failure)",
        );
    }
    task
}

fn single(name: &str, properties: Value) -> Value {
    let mut raw = json!({ "name": name, "properties": properties, "additionalProperties": false });
    if name == "image" {
        raw["additionalProperties"] = json!({ "type": "string" });
        raw["links"] = json!([
            { "rel": "self", "href": "{self}" },
            { "rel": "enclosure", "href": "{file}" },
            { "rel": "describedby", "href": "{schema}" },
        ]);
    }
    raw
}

fn collection(name: &str, item: Value) -> Value {
    let mut properties = Map::new();
    properties.insert(name.to_owned(), json!({ "type": "array", "items": item }));
    let mut links = vec![json!({ "rel": "describedby", "href": "{schema}" })];
    let mut also = vec!["schema"];
    if name != "members" {
        also.extend(["first", "next"]);
        links.insert(0, json!({ "rel": "first", "href": "{first}" }));
        links.insert(1, json!({ "rel": "next", "href": "{next}" }));
    }
    properties.extend(
        also.iter()
            .map(|it| ((*it).to_owned(), json!({ "type": "string" }))),
    );
    json!({ "name": name, "properties": properties, "links": links })
}

/// The schemas of definitions of metadata, one and many of each.
fn definition(name: &str) -> Option<Value> {
    let words = || json!({ "type": "array", "items": { "type": "string" } });
    let stamped = |mut properties: Value| {
        properties["created_at"] = read_only("Date and time of creation");
        properties["updated_at"] = read_only("Date and time of the last modification");
        properties
    };
    let named = |mut properties: Value| {
        properties["name"] = json!({ "type": "string", "maxLength": 80 });
        stamped(properties)
    };
    let object = json!({
        "description": { "type": "string" }, "required": words(),
        "properties": { "type": "object" },
        "self": { "type": "string" }, "schema": { "type": "string" },
    });
    let resource_type = json!({
        "prefix": { "type": "string", "maxLength": 80 },
        "properties_target": { "type": "string", "maxLength": 80 },
    });
    let property = json!({
        "title": { "type": "string" }, "description": { "type": "string" },
        "type": { "type": "string", "enum": ["array", "boolean", "integer", "number", "object", "string", null] },
        "enum": { "type": "array" }, "default": {}, "readonly": { "type": "boolean" },
    });
    let list = |properties: &Value| json!({ "type": "array", "items": { "type": "object", "properties": properties } });
    let namespace = stamped(json!({
        "namespace": { "type": "string", "maxLength": 80 },
        "display_name": { "type": "string", "maxLength": 80 },
        "description": { "type": "string", "maxLength": 500 },
        "visibility": { "type": "string", "enum": ["public", "private"] },
        "protected": { "type": "boolean" },
        "owner": { "type": "string", "maxLength": 255 },
        "objects": list(&object), "properties": { "type": "object" },
        "tags": list(&json!({ "name": { "type": "string" } })),
        "resource_type_associations": list(&resource_type),
        "self": { "type": "string" }, "schema": { "type": "string" },
    }));
    let (one, fields) = match name {
        "namespace" | "namespaces" => ("namespace", namespace),
        "object" | "objects" => ("object", named(object)),
        "property" | "properties" => ("property", named(property)),
        "tag" | "tags" => ("tag", named(json!({}))),
        "resource_type" | "resource_types" => ("resource_type_association", named(resource_type)),
        _ => return None,
    };
    let single = single(one, fields);
    Some(match name {
        "namespaces" | "objects" | "properties" | "tags" => collection(name, single),
        "resource_types" => collection("resource_type_associations", single),
        _ => single,
    })
}

/// The schema of this name; none where there is none.
pub(crate) fn schema(name: &str) -> Option<Value> {
    Some(match name {
        "image" => single("image", image()),
        "images" => collection("images", single("image", image())),
        "member" => single("member", member()),
        "members" => collection("members", single("member", member())),
        "task" => single("task", task(true)),
        "tasks" => collection("tasks", single("task", task(false))),
        _ => return definition(name.strip_prefix("metadefs/")?),
    })
}
