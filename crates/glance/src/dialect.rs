//! How Glance's API says things: what a status code means for an operation, and what a reply shows of an image.

use crate::answer::{ImageId, RunId, line};
use crate::http::leading_of_hex;
use serde::Deserialize;
use serde_json::{Value, json};
use stormglass_model::history::{Content, Seen};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, TaskStatus};
use stormglass_model::operations::{Formats, OperationKind, StoreRole};

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
/// with the words "could not be found" also when a failed rival has queued the subject again under it. Nor does a 404 of a store,
/// in which the subject may only have no data.
pub(crate) fn gone(operation: Operation, status: u16) -> Option<Seen> {
    let of_store = matches!(operation.kind(), OperationKind::DeleteFromStore(_));
    (status == 404 && !of_store).then_some(Seen::Gone)
}

/// What is read of an image's record.
#[derive(Debug, Deserialize)]
pub(crate) struct Image {
    id: String,
    status: String,
    size: Option<u64>,
    checksum: Option<String>,
    stormglass_note: Option<String>,
}

impl Image {
    pub(crate) fn id(&self) -> Option<ImageId> {
        ImageId::parse(&self.id)
    }

    /// The value of the property that updates set, if it is one of ours.
    pub(crate) fn property(&self) -> Option<u64> {
        let value = self.stormglass_note.as_deref();
        value.and_then(|value| u64::from_str_radix(value, 16).ok())
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

/// How a value of the property is written.
pub(crate) fn note(value: u64) -> String {
    format!("{value:016x}")
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

/// The first of the places that the record of an image shows.
pub(crate) fn first_location(record: &[u8]) -> Option<String> {
    let record: Value = serde_json::from_slice(record).ok()?;
    let url = record.get("locations")?.get(0)?.get("url")?;
    url.as_str().map(str::to_owned)
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

/// The stores between which a server copies data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stores {
    default: String,
    second: String,
}

/// What a server says of its stores.
#[derive(Deserialize)]
struct StoreList {
    stores: Vec<Store>,
}

#[derive(Deserialize)]
struct Store {
    id: String,
    default: Option<Value>,
    #[serde(rename = "read-only")]
    read_only: Option<Value>,
}

impl Stores {
    /// The default store and another that takes data; none where there are no two. What cannot be part of a path is no store's name.
    pub(crate) fn of(list: &[u8]) -> Option<Stores> {
        let list: StoreList = serde_json::from_slice(list).ok()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let fits = |one: &&Store| one.read_only.is_none() && one.id.chars().all(plain);
        let stores = || list.stores.iter().filter(fits);
        let default = stores().find(|one| one.default.is_some())?;
        let second = stores().find(|one| one.id != default.id)?;
        Some(Stores {
            default: default.id.clone(),
            second: second.id.clone(),
        })
    }

    /// The name of one of them.
    pub(crate) fn named(&self, role: StoreRole) -> &str {
        match role {
            StoreRole::Default => &self.default,
            StoreRole::Second => &self.second,
        }
    }
}

/// A request, as far as it needs no data: its method, its path from `/v2` on, and its text, which may be empty.
pub(crate) struct Asked {
    pub method: &'static str,
    pub path: String,
    pub text: String,
}

impl Asked {
    pub(crate) fn get(path: &str) -> Asked {
        Asked {
            method: "GET",
            path: path.to_owned(),
            text: String::new(),
        }
    }

    /// The same for the newer call, which takes any algorithm: the server is told the MD5 of the data at `url`.
    pub(crate) fn checked(self, url: &str, md5: &str) -> Asked {
        let expected = json!({ "os_hash_algo": "md5", "os_hash_value": md5 });
        let body = json!({ "url": url, "validation_data": expected });
        Asked {
            text: body.to_string(),
            ..self
        }
    }

    /// The same for the older call, which takes the algorithm of the server's settings alone, by default this.
    pub(crate) fn checked_patch(self, url: &str, md5: &str, sha512: &str) -> Asked {
        let expected =
            json!({ "checksum": md5, "os_hash_algo": "sha512", "os_hash_value": sha512 });
        let place = json!({ "url": url, "metadata": {}, "validation_data": expected });
        let change = json!([{ "op": "add", "path": "/locations/-", "value": place }]);
        Asked {
            text: change.to_string(),
            ..self
        }
    }

    pub(crate) fn media_type(&self) -> Option<&'static str> {
        match self.method {
            "PUT" if self.text.is_empty() => Some("application/octet-stream"),
            "PATCH" => Some("application/openstack-images-v2.1-json-patch"),
            _ => (!self.text.is_empty()).then_some("application/json"),
        }
    }
}

/// What is asked for an operation; of one that takes two requests the second, since the first is a plain create. `value` is where the
/// data lies, for those that name a place, what a property is set to, with whom an image is shared, and
/// which store is meant.
pub(crate) fn asked(kind: OperationKind, id: ImageId, run: RunId, value: &str) -> Asked {
    let place = || json!({ "url": value, "metadata": {} });
    let import = |method: Value| ("POST", "/import", json!({ "method": method }));
    let patch = |op: &str, path: &str, to: Value| {
        let change = json!([{ "op": op, "path": path, "value": to }]);
        ("PATCH", "", change)
    };
    let (method, below, body) = match kind {
        OperationKind::Create(formats) => {
            return Asked {
                method: "POST",
                path: "/images".to_owned(),
                text: registration(id, run, formats).to_string(),
            };
        }
        OperationKind::CreateEmpty | OperationKind::Upload(_) => ("PUT", "/file", Value::Null),
        OperationKind::Stage => ("PUT", "/stage", Value::Null),
        OperationKind::Download => ("GET", "/file", Value::Null),
        OperationKind::Show => ("GET", "", Value::Null),
        OperationKind::List => return Asked::get("/images"),
        OperationKind::Delete => ("DELETE", "", Value::Null),
        OperationKind::Deactivate => ("POST", "/actions/deactivate", Value::Null),
        OperationKind::Reactivate => ("POST", "/actions/reactivate", Value::Null),
        OperationKind::Import(_) => import(json!({ "name": "web-download", "uri": value })),
        OperationKind::ImportStaged => import(json!({ "name": "glance-direct" })),
        OperationKind::ImportToAllStores => {
            let body = json!({ "method": { "name": "glance-direct" }, "all_stores": true });
            ("POST", "/import", body)
        }
        OperationKind::CopyImage => {
            let body = json!({ "method": { "name": "copy-image" }, "stores": [value] });
            ("POST", "/import", body)
        }
        OperationKind::DeleteFromStore(_) => {
            return Asked {
                method: "DELETE",
                path: format!("/stores/{value}/{id}"),
                text: String::new(),
            };
        }
        OperationKind::RegisterLocation(_) => ("POST", "/locations", json!({ "url": value })),
        OperationKind::CreateWithLocation
        | OperationKind::AddLocation(_)
        | OperationKind::CopyLocation => patch("add", "/locations/-", place()),
        OperationKind::ReplaceLocation => patch("replace", "/locations", json!([place()])),
        // The first, which is where the data was sent to if it was.
        OperationKind::RemoveLocation => {
            let change = json!([{ "op": "remove", "path": "/locations/0" }]);
            ("PATCH", "", change)
        }
        // A property that means nothing to the server.
        OperationKind::SetProperty => patch("add", "/stormglass_note", json!(value)),
        OperationKind::Share => ("POST", "/members", json!({ "member": value })),
        OperationKind::Unshare => ("DELETE", "/members/", Value::Null),
        OperationKind::Accept => ("PUT", "/members/", json!({ "status": "accepted" })),
        OperationKind::Protect => patch("replace", "/protected", json!(true)),
        OperationKind::Unprotect => patch("replace", "/protected", json!(false)),
    };
    let member = match kind {
        OperationKind::Unshare | OperationKind::Accept => value,
        _ => "",
    };
    Asked {
        method,
        path: format!("/images/{id}{below}{member}"),
        text: match body {
            Value::Null => String::new(),
            body => body.to_string(),
        },
    }
}

/// Lets members of an image be named: a private one has none.
pub(crate) fn shared(id: ImageId) -> Asked {
    let change = json!([{ "op": "replace", "path": "/visibility", "value": "shared" }]);
    Asked {
        method: "PATCH",
        path: format!("/images/{id}"),
        text: change.to_string(),
    }
}

/// The body of a create; the tag says whose it is.
fn registration(id: ImageId, run: RunId, formats: Formats) -> Value {
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
        Formats::None => return body,
    };
    body["disk_format"] = disk_format.into();
    body["container_format"] = "bare".into();
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stores(list: &str) -> Option<[String; 2]> {
        let stores = Stores::of(list.as_bytes())?;
        Some([StoreRole::Default, StoreRole::Second].map(|role| stores.named(role).to_owned()))
    }

    #[test]
    fn two_stores_are_those_that_take_data() {
        let two = r#"{"stores":[{"id":"a"},{"id":"b","default":"true"},{"id":"c"}]}"#;
        assert_eq!(stores(two), Some(["b", "a"].map(str::to_owned)));
        for one in [
            r#"{"stores":[{"id":"a","default":"true"}]}"#,
            r#"{"stores":[{"id":"a","default":"true"},{"id":"w","read-only":"true"}]}"#,
            r#"{"stores":[{"id":"a"},{"id":"b"}]}"#,
            // A path of somebody else's.
            r#"{"stores":[{"id":"a","default":"true"},{"id":"../images"}]}"#,
            r#"{"stores":[{"id":"a","default":"true"},{"id":"b?c"}]}"#,
            "Multi backend is not supported at this site.",
        ] {
            assert_eq!(stores(one), None, "{one}");
        }
    }

    #[test]
    fn a_404_of_a_store_does_not_say_that_the_image_is_gone() {
        assert_eq!(gone(Operation::DeleteFromStore, 404), None);
        assert_eq!(gone(Operation::Delete, 404), Some(Seen::Gone));
    }
}
