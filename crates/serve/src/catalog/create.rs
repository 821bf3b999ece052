//! The registration of an image: what its attributes may be.

use super::image::{Image, ImageId, Visibility};
use super::policy::Requester;
use super::schema::{CONTAINER_FORMATS, DISK_FORMATS};
use crate::refusal::Refusal;
use serde_json::Value;

/// The most tags, and properties of its own, that an image has.
pub(super) const MOST: usize = 128;
/// The most characters of a name, a tag or the name of a property.
const LONGEST: usize = 255;

/// Whether a name is of what only the server says.
pub(super) fn is_read_only(name: &str) -> bool {
    matches!(
        name,
        "created_at"
            | "updated_at"
            | "status"
            | "checksum"
            | "size"
            | "virtual_size"
            | "direct_url"
            | "self"
            | "file"
            | "schema"
            | "os_hash_algo"
            | "os_hash_value"
    )
}

pub(super) fn is_reserved(name: &str) -> bool {
    matches!(name, "location" | "deleted" | "deleted_at") || name.starts_with("os_glance")
}

/// Whether every image has an attribute of this name.
pub(super) fn is_own(name: &str) -> bool {
    is_read_only(name)
        || matches!(
            name,
            "id" | "name"
                | "visibility"
                | "protected"
                | "os_hidden"
                | "owner"
                | "container_format"
                | "disk_format"
                | "tags"
                | "min_ram"
                | "min_disk"
                | "locations"
        )
}

fn wrong(name: &str, expected: &str) -> Refusal {
    Refusal::bad(format!(
        "Provided object does not match schema 'image': `{name}` must be {expected}"
    ))
}

/// A text that is not too long, or null.
fn nullable(name: &str, value: &Value) -> Result<Option<String>, Refusal> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.chars().count() <= LONGEST => Ok(Some(text.clone())),
        _ => Err(wrong(name, "null, or a string of up to 255 characters")),
    }
}

fn format_of(name: &str, value: &Value, known: &[&str]) -> Result<Option<String>, Refusal> {
    let format = nullable(name, value)?;
    match format.as_deref().is_none_or(|it| known.contains(&it)) {
        true => Ok(format),
        false => Err(wrong(name, "a format that is known")),
    }
}

fn flag(name: &str, value: &Value) -> Result<bool, Refusal> {
    value.as_bool().ok_or_else(|| wrong(name, "true or false"))
}

fn count(name: &str, value: &Value) -> Result<u64, Refusal> {
    let most = |count: &u64| i32::try_from(*count).is_ok();
    value
        .as_u64()
        .filter(most)
        .ok_or_else(|| wrong(name, "a whole number, not below zero"))
}

/// A tag that may be.
pub(crate) fn tag(value: &str) -> Result<String, Refusal> {
    match value.chars().count() <= LONGEST {
        true => Ok(value.to_owned()),
        false => Err(wrong("tags", "strings of up to 255 characters")),
    }
}

/// Gives an attribute that clients may set a value. What is none of these is a property of the image's own.
pub(super) fn set(
    image: &mut Image,
    requester: &Requester,
    name: &str,
    value: &Value,
) -> Result<(), Refusal> {
    match name {
        "name" => image.name = nullable(name, value)?,
        "owner" => image.owner = nullable(name, value)?,
        "disk_format" => image.disk_format = format_of(name, value, &DISK_FORMATS)?,
        "container_format" => image.container_format = format_of(name, value, &CONTAINER_FORMATS)?,
        "protected" => image.protected = flag(name, value)?,
        "os_hidden" => image.hidden = flag(name, value)?,
        "min_disk" => image.min_disk = count(name, value)?,
        "min_ram" => image.min_ram = count(name, value)?,
        "visibility" => {
            let visibility = value.as_str().and_then(Visibility::from_name);
            let visibility = visibility
                .ok_or_else(|| wrong(name, "`community`, `public`, `private` or `shared`"))?;
            requester.may_make(visibility)?;
            image.visibility = visibility;
        }
        "tags" => {
            let tags = value.as_array().ok_or_else(|| wrong(name, "a list"))?;
            let tags = tags.iter().map(|it| match it.as_str() {
                Some(text) => tag(text),
                None => Err(wrong(name, "a list of strings")),
            });
            image.tags = tags.collect::<Result<_, _>>()?;
            if image.tags.len() > MOST {
                return Err(Refusal::too_large(format!(
                    "The limit has been exceeded on the number of allowed image tags. Attempted: {}, Maximum: {MOST}",
                    image.tags.len()
                )));
            }
        }
        _ => {
            let text = value.as_str().ok_or_else(|| wrong(name, "a string"))?;
            image.properties.insert(name.to_owned(), text.to_owned());
            if image.properties.len() > MOST {
                return Err(Refusal::too_large(format!(
                    "The limit has been exceeded on the number of allowed image properties. Attempted: {}, Maximum: {MOST}",
                    image.properties.len()
                )));
            }
        }
    }
    Ok(())
}

/// Whether an attribute can have a value at all, whoever sets it.
pub(super) fn check(name: &str, value: &Value) -> Result<(), Refusal> {
    match name {
        // Below zero is refused only where it is set.
        "min_disk" | "min_ram" if value.is_i64() => Ok(()),
        // Whether it may be said is asked later.
        "visibility" => {
            let known = value.as_str().and_then(Visibility::from_name);
            known
                .map(drop)
                .ok_or_else(|| wrong(name, "`community`, `public`, `private` or `shared`"))
        }
        _ => set(&mut Image::bare(), &Requester::default(), name, value),
    }
}

/// What a new image is given by the server.
pub(crate) struct Origin {
    pub id: ImageId,
    /// Seconds since 1970.
    pub now: u64,
    pub number: u64,
}

/// The image that a request registers. It has no subject yet.
pub(crate) fn registration(
    body: &Value,
    requester: &Requester,
    origin: Origin,
) -> Result<Image, Refusal> {
    let Value::Object(attributes) = body else {
        return Err(wrong("the body", "an object"));
    };
    let may_create = requester.is_admin() || requester.has("member");
    let owner = attributes.get("owner").unwrap_or(&Value::Null);
    let foreign = attributes.contains_key("owner") && owner.as_str() != Some(&requester.project);
    let mut image = Image {
        id: origin.id,
        owner: Some(requester.project.clone()),
        created: origin.now,
        updated: origin.now,
        number: origin.number,
        ..Image::bare()
    };
    for (name, value) in attributes {
        let read_only = is_read_only(name) || name == "stores";
        if read_only {
            return Err(Refusal::forbidden(format!(
                "Attribute '{name}' is read-only."
            )));
        }
        if is_reserved(name) || name == "locations" {
            return Err(Refusal::forbidden(format!(
                "Attribute '{name}' is reserved."
            )));
        }
        if name.chars().count() > LONGEST {
            return Err(Refusal::bad(
                "Custom property should not be greater than 255 characters.",
            ));
        }
        match name.as_str() {
            "id" => {
                let id = value.as_str().and_then(ImageId::parse);
                image.id = id.ok_or_else(|| wrong(name, "a UUID"))?;
            }
            // Whether it may be public is asked once the rest makes sense.
            "visibility" if may_create && !foreign => set(&mut image, requester, name, value)?,
            "visibility" => {}
            "min_disk" | "min_ram" if !may_create && value.is_i64() => {}
            _ => set(&mut image, requester, name, value)?,
        }
    }
    if !may_create || foreign && !requester.is_admin() {
        let owner = owner.as_str().unwrap_or_default();
        return Err(Refusal::forbidden(match foreign {
            true => format!("You are not permitted to create images owned by '{owner}'."),
            false => "You are not authorized to complete add_image action.".to_owned(),
        }));
    }
    Ok(image)
}
