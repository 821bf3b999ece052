//! Changes of an image, as a JSON patch says them: the two drafts that Glance takes.

use super::create::{check, is_own, is_read_only, is_reserved, set};
use super::image::{Facts, Image, Location};
use super::policy::{Requester, Rights};
use crate::refusal::Refusal;
use serde_json::{Map, Value};
use stormglass_model::lifecycle::SubjectStatus;

/// The most places that the data of an image lies at.
const PLACES: usize = 10;

/// Which draft a patch is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchVersion {
    /// `application/openstack-images-v2.0-json-patch`: the operation's name is a key, and its value the path.
    Draft4,
    /// `application/openstack-images-v2.1-json-patch`: `op`, `path` and `value`.
    Draft10,
}

impl PatchVersion {
    /// The draft of a media type; none where it is of no patch.
    pub fn of(media_type: &str) -> Option<PatchVersion> {
        match media_type {
            "application/openstack-images-v2.0-json-patch" => Some(PatchVersion::Draft4),
            "application/openstack-images-v2.1-json-patch" => Some(PatchVersion::Draft10),
            _ => None,
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Gives an attribute or a property a value.
    Set {
        /// Its name.
        name: String,
        /// What it shall be.
        value: Value,
        /// How it must have been before.
        before: Before,
    },
    /// Takes a property away.
    Remove(String),
    /// Adds a place of the data.
    AddLocation {
        /// Where among the others; none: at the end.
        position: Position,
        /// The place.
        place: Place,
    },
    /// Puts these places for all there were.
    ReplaceLocations(Vec<Place>),
    /// Takes a place away.
    RemoveLocation(Position),
}

/// How a property must have been for a change to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// It does not matter.
    Any,
    /// It must not have been there.
    Absent,
    /// It must have been there.
    Present,
}

/// A place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Counted from zero.
    At(usize),
    /// After the last.
    End,
    /// What is none.
    Nonsense,
}

/// A place where data lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Where.
    pub url: String,
    /// What is noted with it.
    pub metadata: Map<String, Value>,
    /// What is said of the data there.
    pub validation: Map<String, Value>,
}

/// Reads a patch.
pub fn parse_patch(body: &[u8], version: PatchVersion) -> Result<Vec<Change>, Refusal> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| Refusal::bad("Malformed JSON in request body."))?;
    let Value::Array(changes) = body else {
        return Err(Refusal::bad(
            "Request body must be a JSON array of operation objects.",
        ));
    };
    changes.iter().map(|raw| change(raw, version)).collect()
}

fn change(raw: &Value, version: PatchVersion) -> Result<Change, Refusal> {
    let Value::Object(raw) = raw else {
        return Err(Refusal::bad("Operations must be JSON objects."));
    };
    let (op, path) = match version {
        PatchVersion::Draft10 => (raw.get("op"), raw.get("path")),
        PatchVersion::Draft4 => {
            let mut named = ["add", "remove", "replace"]
                .into_iter()
                .filter_map(|op| raw.get_key_value(op));
            let first = named.next();
            if named.next().is_some() || first.is_none() {
                return Err(Refusal::bad(
                    "Operation objects must contain exactly one member named \"add\", \"remove\", or \"replace\".",
                ));
            }
            return change_at(
                first.map_or("", |(op, _)| op),
                &pointer(first.map(|(_, path)| path))?,
                raw.get("value"),
                version,
            );
        }
    };
    let op = op.and_then(Value::as_str).unwrap_or_default();
    if !["add", "remove", "replace"].contains(&op) {
        return Err(Refusal::bad(format!(
            "Invalid operation: `{op}`. It must be one of the following: add, remove, replace."
        )));
    }
    if path.is_none() {
        return Err(Refusal::bad("Unable to find 'path' in JSON Schema change"));
    }
    change_at(op, &pointer(path)?, raw.get("value"), version)
}

/// The parts of a JSON pointer.
fn pointer(path: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let pointer = path.and_then(Value::as_str).unwrap_or_default();
    let wrong = |why: &str| Refusal::bad(format!("Pointer `{pointer}` {why}"));
    let Some(parts) = pointer.strip_prefix('/') else {
        return Err(wrong("does not start with \"/\"."));
    };
    if parts.ends_with('/') {
        return Err(wrong("end with \"/\"."));
    }
    let mut read = Vec::new();
    for (index, part) in parts.split('/').enumerate() {
        if part.trim().is_empty() && (index > 0 || parts.contains('/')) {
            return Err(wrong("contains adjacent \"/\"."));
        }
        let mut tildes = part.split('~').skip(1);
        if !tildes.all(|rest| rest.starts_with(['0', '1'])) {
            return Err(wrong(
                "contains \"~\" not part of a recognized escape sequence.",
            ));
        }
        read.push(part.replace("~1", "/").replace("~0", "~").trim().to_owned());
    }
    Ok(read)
}

fn change_at(
    op: &str,
    path: &[String],
    value: Option<&Value>,
    version: PatchVersion,
) -> Result<Change, Refusal> {
    let root = path.first().map_or("", String::as_str);
    let depth = match (root, op) {
        ("locations", "add" | "remove") => 2,
        _ => 1,
    };
    if path.len() != depth {
        let path = path.join("/");
        return Err(Refusal::bad(format!(
            "Invalid JSON pointer for this resource: '/{path}'"
        )));
    }
    let need = || {
        value.ok_or_else(|| {
            Refusal::bad(format!(
                "Operation \"{op}\" requires a member named \"value\"."
            ))
        })
    };
    if op != "remove" {
        need()?;
    }
    if is_read_only(root) || root == "id" {
        return Err(Refusal::forbidden(format!(
            "Attribute '{root}' is read-only."
        )));
    }
    if is_reserved(root) {
        return Err(Refusal::forbidden(format!(
            "Attribute '{root}' is reserved."
        )));
    }
    let position = || match path.get(1).map(String::as_str) {
        Some("-") => Position::End,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().map_or(Position::Nonsense, Position::At)
        }
        _ => Position::Nonsense,
    };
    Ok(match (op, root) {
        ("remove", "locations") => Change::RemoveLocation(position()),
        ("remove", _) => Change::Remove(root.to_owned()),
        ("add", "locations") => Change::AddLocation {
            position: position(),
            place: place(need()?)?,
        },
        (_, "locations") => {
            let places = need()?.as_array().ok_or_else(not_a_place)?;
            Change::ReplaceLocations(places.iter().map(place).collect::<Result<_, _>>()?)
        }
        _ => Change::Set {
            name: root.to_owned(),
            value: {
                check(root, need()?)?;
                need()?.clone()
            },
            before: match (op, version) {
                ("replace", _) => Before::Present,
                (_, PatchVersion::Draft4) => Before::Absent,
                (_, PatchVersion::Draft10) => Before::Any,
            },
        },
    })
}

fn not_a_place() -> Refusal {
    Refusal::bad(
        "Provided object does not match schema 'image': a location needs a `url` of up to 255 characters and `metadata`",
    )
}

fn place(value: &Value) -> Result<Place, Refusal> {
    let url = value.get("url").and_then(Value::as_str);
    let url = url.filter(|url| url.chars().count() <= 255);
    let metadata = value.get("metadata").and_then(Value::as_object);
    let validation = match value.get("validation_data") {
        None => Map::new(),
        Some(Value::Object(said)) => {
            let complete = ["os_hash_algo", "os_hash_value"]
                .iter()
                .all(|name| said.get(*name).is_some_and(Value::is_string));
            let known = said.iter().all(|(name, value)| {
                value.is_string()
                    && ["checksum", "os_hash_algo", "os_hash_value"].contains(&name.as_str())
            });
            let checksum = said.get("checksum").and_then(Value::as_str);
            if !complete || !known || checksum.is_some_and(|it| it.len() != 32) {
                return Err(not_a_place());
            }
            said.clone()
        }
        Some(_) => return Err(not_a_place()),
    };
    Ok(Place {
        url: url.ok_or_else(not_a_place)?.to_owned(),
        metadata: metadata.ok_or_else(not_a_place)?.clone(),
        validation,
    })
}

/// What a patch means for the life of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    None,
    Protect(bool),
    AddLocation,
    ReplaceLocations,
    RemoveLocation,
}

impl Effect {
    /// That of all changes: a location counts most.
    pub fn of(changes: &[Change]) -> Effect {
        let one = |change: &Change| match change {
            Change::AddLocation { .. } => Effect::AddLocation,
            Change::ReplaceLocations(_) => Effect::ReplaceLocations,
            Change::RemoveLocation(_) => Effect::RemoveLocation,
            Change::Set { name, value, .. } if name == "protected" => {
                Effect::Protect(value == &Value::Bool(true))
            }
            Change::Set { .. } | Change::Remove(_) => Effect::None,
        };
        let effects: Vec<Effect> = changes.iter().map(one).collect();
        let counts = |it: &&Effect| !matches!(it, Effect::None | Effect::Protect(_));
        let location = effects.iter().find(counts);
        let any = || effects.iter().rev().find(|it| **it != Effect::None);
        location.or_else(any).copied().unwrap_or(Effect::None)
    }
}

/// Makes the changes of a patch, or none of them.
pub(crate) fn apply(
    image: &Image,
    changes: &[Change],
    requester: &Requester,
    status: SubjectStatus,
) -> Result<Image, Refusal> {
    let mut changed = image.clone();
    for change in changes {
        apply_one(&mut changed, change, requester, status)?;
    }
    Ok(changed)
}

fn apply_one(
    image: &mut Image,
    change: &Change,
    requester: &Requester,
    status: SubjectStatus,
) -> Result<(), Refusal> {
    match change {
        Change::Set {
            name,
            value,
            before,
        } => {
            // As the real one: it may become nobody's, if it is said as an addition.
            let foreign = value.as_str().is_some_and(|it| it != requester.project);
            let replaced = *before == Before::Present;
            if name == "owner" && (foreign || replaced) && !requester.is_admin() {
                return Err(Refusal::forbidden("Owner can't be updated by non admin."));
            }
            requester.may(Rights::Modify, image)?;
            may_set(image, name, *before)?;
            let mut changed = image.clone();
            set(&mut changed, requester, name, value)?;
            let free = matches!(status, SubjectStatus::Queued | SubjectStatus::Importing);
            if matches!(name.as_str(), "disk_format" | "container_format") && !free {
                return Err(Refusal::forbidden(format!(
                    "Attribute {name} can be only replaced for a queued image."
                )));
            }
            *image = changed;
            Ok(())
        }
        Change::Remove(name) => {
            requester.may(Rights::Modify, image)?;
            if is_own(name) {
                return Err(Refusal::forbidden(format!(
                    "Property {name} may not be removed."
                )));
            }
            let removed = image.properties.remove(name);
            removed.map(drop).ok_or_else(|| not_there(name))
        }
        Change::AddLocation { position, place } => {
            add_location(image, *position, place, requester, status)
        }
        Change::ReplaceLocations(places) => replace_locations(image, places, requester, status),
        Change::RemoveLocation(position) => remove_location(image, *position, requester, status),
    }
}

fn not_there(name: &str) -> Refusal {
    Refusal::conflict(format!("Property {name} does not exist."))
}

fn may_set(image: &Image, name: &str, before: Before) -> Result<(), Refusal> {
    let there = is_own(name) || image.properties.contains_key(name);
    match (before, there) {
        (Before::Present, false) => Err(not_there(name)),
        (Before::Absent, true) => Err(Refusal::conflict(format!(
            "Property {name} already present."
        ))),
        _ => Ok(()),
    }
}

fn add_location(
    image: &mut Image,
    position: Position,
    place: &Place,
    requester: &Requester,
    status: SubjectStatus,
) -> Result<(), Refusal> {
    requester.may(Rights::Modify, image)?;
    in_status(
        status,
        "add",
        &[SubjectStatus::Active, SubjectStatus::Queued],
    )?;
    note(image, std::slice::from_ref(place), status)?;
    let at = match position {
        Position::At(at) => at.min(image.locations.len()),
        Position::End => image.locations.len(),
        Position::Nonsense => {
            return Err(Refusal::bad("Invalid position for adding a location."));
        }
    };
    let new = location(place)?;
    if image.locations.iter().any(|it| it.url == new.url) {
        return Err(Refusal::bad(format!(
            "The location {} already exists",
            new.url
        )));
    }
    if image.locations.len() >= PLACES {
        return Err(Refusal::too_large(format!(
            "The limit has been exceeded on the number of allowed image locations. Maximum: {PLACES}"
        )));
    }
    image.locations.insert(at, new);
    image.has_formats()
}

fn remove_location(
    image: &mut Image,
    position: Position,
    requester: &Requester,
    status: SubjectStatus,
) -> Result<(), Refusal> {
    requester.may(Rights::Admin, image)?;
    in_status(status, "remove", &[SubjectStatus::Active])?;
    let at = match position {
        Position::At(at) => at,
        Position::End => image.locations.len().saturating_sub(1),
        Position::Nonsense => usize::MAX,
    };
    if at >= image.locations.len() {
        return Err(match image.locations.len() {
            1 => Refusal::forbidden("Cannot remove last location in the image."),
            _ => Refusal::bad("Invalid position for removing a location."),
        });
    }
    image.locations.remove(at);
    Ok(())
}

fn replace_locations(
    image: &mut Image,
    places: &[Place],
    requester: &Requester,
    status: SubjectStatus,
) -> Result<(), Refusal> {
    if places.is_empty() {
        return Err(Refusal::forbidden("Cannot set locations to empty list."));
    }
    requester.may(Rights::Modify, image)?;
    in_status(
        status,
        "replace",
        &[SubjectStatus::Active, SubjectStatus::Queued],
    )?;
    note(image, places, status)?;
    let same = |(place, location): (&Place, &Location)| place.url == location.url;
    if places.len() == image.locations.len() && places.iter().zip(&image.locations).all(same) {
        for (place, location) in places.iter().zip(&mut image.locations) {
            let store = location.metadata.remove("store");
            location.metadata = place.metadata.clone();
            (location.metadata).extend(store.map(|store| ("store".to_owned(), store)));
        }
        return Ok(());
    }
    if !image.locations.is_empty() {
        return Err(Refusal::bad(
            "Original locations is not empty: add to them, or remove some.",
        ));
    }
    let new: Result<Vec<Location>, Refusal> = places.iter().map(location).collect();
    image.locations = new?;
    image.has_formats()
}

fn in_status(status: SubjectStatus, what: &str, allowed: &[SubjectStatus]) -> Result<(), Refusal> {
    match allowed.contains(&status) {
        true => Ok(()),
        false => Err(Refusal::conflict(format!(
            "It's not allowed to {what} locations if image status is {status}."
        ))),
    }
}

/// A place that this server can read from.
fn location(place: &Place) -> Result<Location, Refusal> {
    let known = ["http://", "https://"]
        .iter()
        .any(|it| place.url.starts_with(it));
    if !known {
        return Err(Refusal::bad(format!("Invalid location {}", place.url)));
    }
    let mut metadata = place.metadata.clone();
    metadata.entry("store").or_insert_with(|| "web".into());
    Ok(Location {
        url: place.url.clone(),
        metadata,
        own: false,
    })
}

/// Notes what is said of the data, unless it contradicts what is known.
fn note(image: &mut Image, places: &[Place], status: SubjectStatus) -> Result<(), Refusal> {
    let mut said: Map<String, Value> = Map::new();
    for (name, value) in places.iter().flat_map(|place| &place.validation) {
        if said.get(name).is_some_and(|before| before != value) {
            return Err(Refusal::conflict(format!("Conflicting values for {name}")));
        }
        said.insert(name.clone(), value.clone());
    }
    let said = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut facts = Facts {
        size: image.facts.size,
        ..Facts::default()
    };
    let mut new = false;
    for (name, known, noted) in [
        ("checksum", &image.facts.checksum, &mut facts.checksum),
        ("os_hash_algo", &image.facts.hash_algo, &mut facts.hash_algo),
        (
            "os_hash_value",
            &image.facts.hash_value,
            &mut facts.hash_value,
        ),
    ] {
        let value = said(name);
        match (known, &value) {
            (Some(known), Some(value)) if known != value => {
                return Err(Refusal::conflict(format!(
                    "{name} is already set with a different value"
                )));
            }
            (None, Some(_)) => new = true,
            _ => {}
        }
        *noted = value.or_else(|| known.clone());
    }
    if !new {
        return Ok(());
    }
    if status != SubjectStatus::Queued {
        return Err(Refusal::conflict(
            "New value(s) may only be provided when image status is 'queued'",
        ));
    }
    let hex = |text: &Option<String>, length: usize| {
        text.as_ref().is_none_or(|text| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    if facts.hash_algo.as_deref() != Some("sha512") {
        return Err(Refusal::conflict("os_hash_algo must be sha512"));
    }
    if !hex(&facts.checksum, 32) || !hex(&facts.hash_value, 128) {
        return Err(Refusal::conflict(
            "a checksum is not the correct size, or no hexadecimal value",
        ));
    }
    image.facts = facts;
    Ok(())
}
