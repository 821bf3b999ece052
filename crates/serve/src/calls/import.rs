//! Imports: a task brings in what was staged, or what lies elsewhere.

use super::context::{Context, Shared, ask_of, done, wait};
use super::fetch::fetch;
use super::upload::{Held, Owed, check_format, finished, know, push, store, writer};
use crate::answer::{Answer, Result};
use crate::catalog::{Image, ImageId, Import, Location, Requester, Rights, TaskType};
use crate::data::Blob;
use crate::refusal::Refusal;
use crate::twin::{Ask, Asked, TaskOrder};
use hyper::Method;
use md5::Md5;
use serde_json::{Value, json};
use sha2::digest::DynDigest;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use std::rc::Rc;
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus};
use tokio::sync::oneshot;

/// The ways to bring data in.
#[derive(Clone, Debug)]
enum How {
    Staged,
    Web(String),
}

pub(crate) async fn import(context: Context, requester: Requester, id: ImageId) -> Result {
    let (shared, number) = (context.shared.clone(), context.number);
    let body = context.json().await?;
    let how = read(&body)?;
    let held = Held::default();
    let (asked, expected) = {
        let mut twin = shared.borrow_mut();
        let (image, status) = twin.image(&requester, id)?;
        let bare = image.container_format.as_deref() == Some("bare");
        let expected = image.disk_format.clone().filter(|_| bare);
        may_import(image, status, &how)?;
        requester.may(Rights::Modify, image)?;
        let store_named = body.get("stores").and_then(Value::as_array);
        let known = |it: &Value| it.as_str() == Some("local");
        if store_named.is_some_and(|stores| !stores.iter().all(known)) {
            return Err(Refusal::conflict("A store that is named is not known."));
        }
        if let How::Web(uri) = &how
            && !(uri.starts_with("http://") || uri.starts_with("https://"))
        {
            return Err(Refusal::bad(format!(
                "URI for web-download does not pass filtering: {uri}"
            )));
        }
        let operation = match how {
            How::Staged => Operation::ImportStaged,
            How::Web(_) => Operation::Import,
        };
        let ask = Ask {
            in_parts: true,
            ..ask_of(image, &requester, operation)
        };
        let subject = ask.subject;
        let input = json!({ "image_id": id.to_string(), "import_req": body, "backend": ["local"] });
        let task = TaskOrder {
            id: twin.fresh_id(),
            requester: requester.clone(),
            request: number,
            kind: TaskType::Import,
            input,
        };
        let held = Rc::clone(&held);
        let asked = twin.ask_task(ask, task, move |twin, completion| {
            let blob = held.borrow_mut().take();
            let brought = done(twin, completion, id, |_| in_progress(id));
            // One that is refused leaves alone what another has claimed.
            if completion.ending.outcome == Outcome::Fail {
                twin.vault.unstage(id);
                if let Some(image) = twin.catalog.image_mut(id) {
                    image.facts.size = None;
                    image.import = Some(Import::Failed);
                }
            }
            brought?;
            store(twin, id, subject, blob.ok_or_else(Refusal::error)?)?;
            if let Some(image) = twin.catalog.image_mut(id) {
                image.import = Some(Import::Done);
            }
            twin.touch(id);
            Ok(Answer::empty(202))
        });
        (asked, expected)
    };
    let answer = match how {
        How::Staged => bring(&shared, asked, From::Stage(id), expected, held),
        How::Web(uri) => bring(&shared, asked, From::Web(uri, None), expected, held),
    };
    wait(answer).await
}

fn in_progress(id: ImageId) -> Refusal {
    Refusal::conflict(format!(
        "New operation on image '{id}' is not permitted as prior operation is still in progress"
    ))
}

fn read(body: &Value) -> Result<How> {
    let missing = |name: &str| Refusal::bad(format!("Import request requires a '{name}' field."));
    let method = body.get("method").ok_or_else(|| missing("method"))?;
    let name = method.get("name").ok_or_else(|| missing("name"))?;
    for flag in ["all_stores_must_succeed", "all_stores"] {
        if body.get(flag).is_some_and(|it| !it.is_boolean()) {
            return Err(Refusal::bad(format!("'{flag}' must be boolean value only")));
        }
    }
    match name.as_str() {
        Some("glance-direct") => Ok(How::Staged),
        Some("web-download") => {
            let uri = method.get("uri").and_then(Value::as_str);
            Ok(How::Web(uri.unwrap_or_default().to_owned()))
        }
        _ => Err(Refusal::bad(format!("Unknown import method name {name}."))),
    }
}

/// Whether the status and the formats allow it.
fn may_import(image: &Image, status: SubjectStatus, how: &How) -> Result<()> {
    let why = match (how, status) {
        (_, SubjectStatus::Active) => "Image with status active cannot be target for import",
        (How::Web(_), it) if it != SubjectStatus::Queued => {
            "Image needs to be in 'queued' state to use 'web-download' method"
        }
        (How::Staged, it) if it != SubjectStatus::Uploading => {
            "Image needs to be staged before 'glance-direct' method can be used"
        }
        _ if image.container_format.is_none() => "'container_format' needs to be set before import",
        _ if image.disk_format.is_none() => "'disk_format' needs to be set before import",
        _ => return Ok(()),
    };
    Err(Refusal::conflict(why))
}

/// Where the data of a task is.
enum From {
    /// In the staging area.
    Stage(ImageId),
    /// At an address, of which this may be said.
    Web(String, Option<Said>),
}

/// Reads what a task is to bring in, or to know, as soon as that has begun. The data must be in the format that is expected.
fn bring(
    shared: &Shared,
    asked: Asked,
    from: From,
    expected: Option<String>,
    held: Held,
) -> oneshot::Receiver<Result> {
    let owed = Owed::new(shared, &asked);
    let Asked { answer, wanted, .. } = asked;
    let shared = Rc::clone(shared);
    tokio::task::spawn_local(async move {
        if wanted.await.is_err() {
            return;
        }
        let taken = match from {
            From::Stage(id) => {
                let staged = shared.borrow_mut().vault.unstage(id);
                staged.ok_or_else(Refusal::error)
            }
            From::Web(url, said) => all_of(&shared, &url, said).await,
        };
        let taken = taken.and_then(|blob| {
            let expected = expected.as_deref();
            expected.map_or(Ok(()), |expected| check_format(expected, blob.format))?;
            Ok(blob)
        });
        owed.give(taken.map(|blob| {
            let content = blob.content();
            *held.borrow_mut() = Some(blob);
            content
        }));
    });
    answer
}

async fn all_of(shared: &Shared, uri: &str, mut said: Option<Said>) -> Result<Rc<Blob>> {
    let mut writer = writer(shared)?;
    let cap = shared.borrow().config.size_cap.map(|cap| cap.0);
    let mut fetched = fetch(Method::GET, uri).await?;
    let length = fetched.length;
    while let Some(data) = fetched.next().await? {
        push(&mut writer, &data, cap)?;
        if let Some(said) = &mut said {
            said.digest.update(&data);
        }
    }
    if length.is_some_and(|length| length != writer.size()) {
        return Err(Refusal::unreachable("The data broke off."));
    }
    said.map_or(Ok(()), Said::holds)?;
    finished(writer)
}

/// What is said of the data at a place that is registered.
struct Said {
    algo: String,
    value: String,
    /// The same of the data itself, as it comes.
    digest: Box<dyn DynDigest>,
}

impl Said {
    fn of(validation: Option<&Value>) -> Result<Option<Said>> {
        let word = |name: &str| {
            validation
                .and_then(|it| it.get(name))
                .and_then(Value::as_str)
        };
        let (algo, value) = match (word("os_hash_algo"), word("os_hash_value")) {
            (Some(algo), Some(value)) => (algo, value),
            (None, None) => return Ok(None),
            _ => {
                return Err(Refusal::bad(
                    "'os_hash_algo' and 'os_hash_value' need each other",
                ));
            }
        };
        let digest: Box<dyn DynDigest> = match algo {
            "md5" => Box::new(Md5::default()),
            "sha224" => Box::new(Sha224::default()),
            "sha256" => Box::new(Sha256::default()),
            "sha384" => Box::new(Sha384::default()),
            "sha512" => Box::new(Sha512::default()),
            _ => return Err(Refusal::bad(format!("os_hash_algo: {algo} is not known"))),
        };
        let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex || value.len() != 2 * digest.output_size() {
            return Err(Refusal::bad(format!(
                "os_hash_value: ({value}) is not the correct size for ({algo})"
            )));
        }
        Ok(Some(Said {
            algo: algo.to_owned(),
            value: value.to_lowercase(),
            digest,
        }))
    }

    fn holds(self) -> Result<()> {
        let found: String = (self.digest.finalize().iter())
            .map(|byte| format!("{byte:02x}"))
            .collect();
        match found == self.value {
            true => Ok(()),
            false => Err(Refusal::bad("The data has another checksum than was said.")),
        }
    }
}

/// Names a place where the data of an image lies, by a task that looks there.
pub(super) async fn register(context: Context, requester: Requester, id: ImageId) -> Result {
    let (shared, number) = (context.shared.clone(), context.number);
    let body = context.json().await?;
    let url = body.get("url").and_then(Value::as_str);
    let url = url.ok_or_else(|| {
        Refusal::bad("Provided object does not match schema 'location': `url` is missing")
    })?;
    let url = url.to_owned();
    let held = Held::default();
    let (asked, said) = {
        let mut twin = shared.borrow_mut();
        let (image, status) = twin.image(&requester, id)?;
        if status != SubjectStatus::Queued {
            return Err(Refusal::conflict(format!(
                "It's not allowed to add locations if image status is {status}."
            )));
        }
        requester.may(Rights::AddLocation, image)?;
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Refusal::forbidden(
                "http store must be enabled to use location API by normal user.",
            ));
        }
        let validation = body.get("validation_data");
        let said = Said::of(validation)?;
        let known_as = (said.as_ref()).map(|said| (said.algo.clone(), said.value.clone()));
        let ask = Ask {
            in_parts: true,
            ..ask_of(image, &requester, Operation::RegisterLocation)
        };
        let input = json!({ "image_id": id.to_string(), "loc_url": url, "validation_data": validation.unwrap_or(&json!({})) });
        let task = TaskOrder {
            id: twin.fresh_id(),
            requester: requester.clone(),
            request: number,
            kind: TaskType::Location,
            input,
        };
        let (held, url) = (Rc::clone(&held), url.clone());
        let asked = twin.ask_task(ask, task, move |twin, completion| {
            done(twin, completion, id, |_| in_progress(id))?;
            let blob = held.borrow_mut().take().ok_or_else(Refusal::error)?;
            if let Some(image) = twin.catalog.image_mut(id) {
                know(image, &blob);
                if let Some((algo, value)) = known_as {
                    (image.facts.hash_algo, image.facts.hash_value) = (Some(algo), Some(value));
                }
                image.locations.push(Location {
                    url,
                    metadata: [("store".to_owned(), "web".into())].into_iter().collect(),
                    own: false,
                });
            }
            twin.touch(id);
            Ok(Answer::empty(202))
        });
        (asked, said)
    };
    wait(bring(&shared, asked, From::Web(url, said), None, held)).await
}
