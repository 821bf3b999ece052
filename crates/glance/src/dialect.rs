//! How Glance's API says things: what a status code means for an operation, and what a reply shows of an image.

use crate::answer::{ImageId, RunId, line};
use crate::http::leading_of_hex;
use serde::Deserialize;
use serde_json::json;
use stormglass_model::history::{Content, Seen};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, TaskStatus};

/// The media type of a PATCH on an image.
pub(crate) const PATCH_TYPE: &str = "application/openstack-images-v2.1-json-patch";

/// What a status code makes of an operation.
///
/// - 2xx is ok, but for a download's 204, which is how Glance says that there is no data to read.
/// - 4xx is a refusal without effect, but for 401 (the token, not the subject, is at fault), 410 (an upload that lost its subject,
///   as a rule to a delete), 413 (quota, size cap, full disk), 429, and 400 and 415 to data (Glance has begun to take it in when
///   it finds its size or format wrong): these fail.
/// - 408, 502 and 504 speak for a server behind that may still be at work: unknown.
/// - any other 5xx is Glance's own, given when it is done with the request: fail, and its effect may have been taken.
/// - anything else is not Glance's: fail.
pub(crate) fn outcome(operation: Operation, status: u16) -> Outcome {
    match status {
        204 if operation.reads() => Outcome::Refused,
        200..=299 => Outcome::Ok,
        408 | 502 | 504 => Outcome::Unknown,
        401 | 410 | 413 | 429 => Outcome::Fail,
        400 | 415 if operation.sends_data() => Outcome::Fail,
        400..=499 => Outcome::Refused,
        _ => Outcome::Fail,
    }
}

/// What a status code alone shows of the subject, on a request that names it in its path. A 410 shows nothing: an upload gets it
/// with the words "could not be found" also when a failed rival has queued the subject again under it.
pub(crate) fn gone(status: u16) -> Option<Seen> {
    (status == 404).then_some(Seen::Gone)
}

/// What is read of an image's record.
#[derive(Debug, Deserialize)]
pub(crate) struct Image {
    id: String,
    status: String,
    size: Option<u64>,
    checksum: Option<String>,
}

impl Image {
    pub(crate) fn id(&self) -> Option<ImageId> {
        ImageId::parse(&self.id)
    }

    pub(crate) fn seen(&self) -> Option<Seen> {
        SubjectStatus::from_name(&self.status).map(Seen::Status)
    }

    /// The data it says it holds; none before it is active, or when the data lies elsewhere and was never read.
    pub(crate) fn content(&self) -> Option<Content> {
        let readable = matches!(
            self.seen(),
            Some(Seen::Status(
                SubjectStatus::Active | SubjectStatus::Deactivated
            ))
        );
        let checksum = self.checksum.as_deref().and_then(leading_of_hex)?;
        let size = self.size?;
        readable.then_some(Content { size, checksum })
    }
}

/// A page of a list of images.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    pub images: Vec<Image>,
    /// The path of the next page.
    pub next: Option<String>,
    /// Every list of Glance has it.
    #[serde(rename = "schema")]
    _schema: String,
}

/// The import tasks of an image.
#[derive(Debug, Deserialize)]
pub(crate) struct Tasks {
    tasks: Vec<Task>,
}

#[derive(Debug, Deserialize)]
struct Task {
    status: String,
}

impl Tasks {
    pub(crate) fn statuses(&self) -> Result<Vec<TaskStatus>, String> {
        let statuses = self.tasks.iter().map(|task| {
            let unknown = || line(&format!("a task is `{}`, which none can be", task.status));
            TaskStatus::from_name(&task.status).ok_or_else(unknown)
        });
        statuses.collect()
    }
}

/// What a create says of the data to come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Formats {
    /// Any bytes make a valid raw image.
    Raw,
    /// Made-up bytes are no qcow2.
    Wrong,
    /// Neither format is said, so that no data is accepted.
    None,
}

/// The body of a create; the tag says whose it is.
pub(crate) fn registration(id: ImageId, run: RunId, formats: Formats) -> String {
    let (tag, id) = (run.tag(), id.to_string());
    let mut body = json!({
        "id": id,
        "name": tag,
        "visibility": "private",
        "tags": [tag],
        "stormglass_run": run.to_string(),
    });
    let disk_format = match formats {
        Formats::Raw => "raw",
        Formats::Wrong => "qcow2",
        Formats::None => return body.to_string(),
    };
    body["disk_format"] = disk_format.into();
    body["container_format"] = "bare".into();
    body.to_string()
}

/// The body of a PATCH that adds a location.
pub(crate) fn add_location(url: &str) -> String {
    let value = json!({ "url": url, "metadata": {} });
    json!([{ "op": "add", "path": "/locations/-", "value": value }]).to_string()
}

/// The body of a PATCH that puts one location for all there are.
pub(crate) fn replace_locations(url: &str) -> String {
    let value = json!([{ "url": url, "metadata": {} }]);
    json!([{ "op": "replace", "path": "/locations", "value": value }]).to_string()
}

/// The body of a PATCH that takes away the first location, where the data was sent to if it was.
pub(crate) fn remove_location() -> String {
    json!([{ "op": "remove", "path": "/locations/0" }]).to_string()
}

/// The body of a POST that names a location through the newer call.
pub(crate) fn registered_location(url: &str) -> String {
    json!({ "url": url }).to_string()
}

/// The body of an import of data that the server fetches.
pub(crate) fn web_download(url: &str) -> String {
    json!({ "method": { "name": "web-download", "uri": url } }).to_string()
}

/// The body of an import of staged data.
pub(crate) fn glance_direct() -> String {
    json!({ "method": { "name": "glance-direct" } }).to_string()
}

/// The body of a PATCH of a property that nobody reads.
pub(crate) fn set_property() -> String {
    json!([{ "op": "add", "path": "/stormglass_note", "value": "set" }]).to_string()
}

/// The body of a PATCH that forbids deletes or allows them.
pub(crate) fn protect(on: bool) -> String {
    json!([{ "op": "replace", "path": "/protected", "value": on }]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_codes_are_judged_with_care() {
        let check = |operation, status, expected| {
            assert_eq!(outcome(operation, status), expected, "{operation} {status}")
        };
        check(Operation::Upload, 204, Outcome::Ok);
        check(Operation::Download, 204, Outcome::Refused);
        check(Operation::Download, 403, Outcome::Refused);
        check(Operation::Upload, 409, Outcome::Refused);
        check(Operation::Upload, 410, Outcome::Fail);
        check(Operation::Upload, 413, Outcome::Fail);
        check(Operation::Upload, 415, Outcome::Fail);
        check(Operation::Create, 400, Outcome::Refused);
        check(Operation::Delete, 401, Outcome::Fail);
        check(Operation::Delete, 500, Outcome::Fail);
        check(Operation::Delete, 504, Outcome::Unknown);
        check(Operation::Create, 302, Outcome::Fail);
    }

    #[test]
    fn only_a_readable_image_has_data() {
        let image = |status: &str| Image {
            id: String::new(),
            status: status.to_owned(),
            size: Some(0),
            checksum: Some("d41d8cd98f00b204e9800998ecf8427e".to_owned()),
        };
        assert!(image("active").content().is_some());
        assert!(image("saving").content().is_none());
        assert!(image("melted").seen().is_none());
    }
}
