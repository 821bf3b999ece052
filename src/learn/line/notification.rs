//! A notification of oslo.messaging as one object of JSON: alone on its line, inside the envelope of a message queue, or behind the head
//! that the driver `log` writes.
//!
//! `{"event_type": "image.upload", "timestamp": "2026-11-29 18:00:07.123456", "payload": {"id": …, "size": …}, …}`
//!
//! The timestamp is in UTC, and is that of the end of what it tells.

use super::super::key::Keys;
use super::super::request::{Answer, Asked, Format, Request};
use super::fields::{Line, Why};
use super::stamp;
use serde::Deserialize;
use serde_json::Value;
use stormglass_model::lifecycle::Operation;
use stormglass_model::units::Bytes;

/// The object of a line that is one, or ends in one.
pub fn json(line: &str) -> Option<&str> {
    if line.starts_with('{') {
        return Some(line);
    }
    let (_, behind) = line.split_once("oslo.messaging.notification.")?;
    behind.find('{').and_then(|at| behind.get(at..))
}

/// What is read of it; all else is skipped.
#[derive(Deserialize)]
struct Notification {
    event_type: String,
    timestamp: Option<String>,
    #[serde(default)]
    payload: Value,
    /// oslo.messaging's own name of the time, as its receivers write it.
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    timestamp: Option<String>,
}

/// As a message queue carries it: the notification is a text within.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "oslo.message")]
    message: String,
}

/// Reads the object.
pub fn read(keys: &Keys, json: &str) -> Result<Line, Why> {
    let within = serde_json::from_str::<Envelope>(json).map(|it| it.message);
    let json = within.as_deref().unwrap_or(json);
    let read =
        serde_json::from_str::<Notification>(json).map_err(|error| match error.is_eof() {
            true => Why::Broken,
            false => Why::Unknown,
        })?;
    let metadata = read.metadata.and_then(|it| it.timestamp);
    let date = read.timestamp.or(metadata).ok_or(Why::Date)?;
    let stamp = stamp::iso(&date).ok_or(Why::Date)?;
    let field = |name: &str| read.payload.get(name).and_then(Value::as_str);
    let id = field("id")
        .or(field("image_id"))
        .map(|id| keys.of_image(id));
    let Some((asked, id)) = id.and_then(|id| Some((asked(&read.event_type, field("status"))?, id)))
    else {
        return Ok(Line::Beside(Format::Notification));
    };
    let asked = match asked {
        None => Asked::Prepare(id),
        Some(operation) => Asked::Image(id, operation),
    };
    let number = |name: &str| read.payload.get(name).and_then(Value::as_u64).map(Bytes);
    let bytes = match asked {
        Asked::Image(_, Operation::Upload) => number("size"),
        Asked::Image(_, Operation::Download) => number("bytes_sent"),
        _ => None,
    };
    let project = field("receiver_tenant_id").or(field("owner"));
    let request = Request {
        at: stamp.at,
        resolution: stamp.resolution,
        took: None,
        asked,
        answer: Answer::Done,
        is_server_error: false,
        bytes,
        client: keys.of(""),
        project: project.map(|project| keys.of(project)),
        is_notification: true,
        // It is always in UTC.
        is_zoneless: false,
    };
    Ok(Line::Request(Format::Notification, request))
}

/// The operation that an event ends; none within where data begins to come in. Nothing where it is no event of an image's life. That
/// data is staged, or a task has it, shows in the status alone.
fn asked(event: &str, status: Option<&str>) -> Option<Option<Operation>> {
    Some(match event {
        "image.create" => Some(Operation::Create),
        "image.prepare" => None,
        "image.upload" => Some(Operation::Upload),
        "image.send" => Some(Operation::Download),
        "image.update" => match status {
            Some("uploading") => Some(Operation::Stage),
            Some("importing") => Some(Operation::Import),
            _ => Some(Operation::SetProperty),
        },
        "image.delete" => Some(Operation::Delete),
        "image.member.create" => Some(Operation::Share),
        "image.member.update" => Some(Operation::Accept),
        "image.member.delete" => Some(Operation::Unshare),
        _ => return None,
    })
}
