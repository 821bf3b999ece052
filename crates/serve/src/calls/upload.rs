//! Data from a client: an upload, or a stage.

use super::context::{Context, Shared, ask_of, done, wait};
use crate::answer::{Answer, Result};
use crate::catalog::{Facts, Image, ImageId, Location, Requester, Rights};
use crate::config::Limits;
use crate::data::{Blob, Unkept, Writer};
use crate::refusal::Refusal;
use crate::twin::{Ask, Asked, Twin};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use stormglass_model::history::{Content, OpId, SubjectId};
use stormglass_model::lifecycle::{Operation, SubjectStatus};
use stormglass_model::service::Intake;
use stormglass_model::units::Bytes;
use tokio::time::timeout;

/// So much of what is not wanted is read, so that a client hears why.
const UNWANTED: u64 = 64 << 20;
const UNWANTED_FOR: Duration = Duration::from_secs(10);

/// Where data waits for the end of its operation.
pub(super) type Held = Rc<RefCell<Option<Rc<Blob>>>>;

/// An operation that is owed its data. Whoever goes away without having given it has broken off.
pub(super) struct Owed {
    shared: Shared,
    op: OpId,
    intake: Option<Intake>,
}

impl Owed {
    pub fn new(shared: &Shared, asked: &Asked) -> Owed {
        Owed {
            shared: Rc::clone(shared),
            op: asked.op,
            intake: asked.intake,
        }
    }

    /// The data has come, or why it has not.
    pub fn give(mut self, taken: Result<Content>) {
        if let Some(intake) = self.intake.take() {
            self.shared.borrow_mut().took_in(self.op, intake, taken);
        }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        if let Some(intake) = self.intake.take() {
            let broken = Err(Refusal::bad("The client broke off."));
            self.shared.borrow_mut().took_in(self.op, intake, broken);
        }
    }
}

/// Takes the data of an upload or a stage.
pub(crate) async fn take(
    context: Context,
    requester: Requester,
    id: ImageId,
    operation: Operation,
) -> Result {
    let media_type = context.media_type();
    if media_type != "application/octet-stream" {
        discard(context.body);
        return Err(Refusal::media(format!("Invalid content type {media_type}")));
    }
    let said = match said_size(&context) {
        Ok(said) => said,
        Err(refusal) => {
            discard(context.body);
            return Err(refusal);
        }
    };
    let Context {
        shared,
        number,
        body,
        limits,
        ..
    } = context;
    let held = Held::default();
    let begun = begin(&shared, number, &requester, id, operation, said, &held);
    let (mut asked, inspected) = match begun {
        Ok(begun) => begun,
        Err(refusal) => {
            discard(body);
            return Err(refusal);
        }
    };
    let owed = Owed::new(&shared, &asked);
    if (&mut asked.wanted).await.is_err() {
        discard(body);
        drop(owed);
        return wait(asked.answer).await;
    }
    let taken = receive(&shared, body, limits, said, inspected.as_deref()).await;
    owed.give(taken.map(|blob| {
        let content = blob.content();
        *held.borrow_mut() = Some(blob);
        content
    }));
    wait(asked.answer).await
}

/// How many bytes a client says that it sends, if it says so.
fn said_size(context: &Context) -> Result<Option<i64>> {
    let wrong = || Refusal::bad("Invalid or missing image size in request headers.");
    if let Some(said) = context.header("x-openstack-image-size") {
        return said.trim().parse().map(Some).map_err(|_| wrong());
    }
    let length = context.header("content-length");
    let length: Option<i64> = length
        .map(|it| it.parse().map_err(|_| wrong()))
        .transpose()?;
    Ok(length.filter(|length| *length > 0))
}

/// Whether there may be so much data, as far as is said beforehand.
fn check_size(said: Option<i64>, room: Option<u64>, cap: Option<Bytes>) -> Result<()> {
    // What is less than nothing is found out when the data has come.
    let Some(said) = said.and_then(|said| u64::try_from(said).ok()) else {
        return Ok(());
    };
    if room.is_some_and(|room| said > room) {
        return Err(Refusal::too_large("The project's quota is exceeded."));
    }
    match cap {
        Some(Bytes(cap)) if said > cap => Err(Refusal::too_large(format!(
            "The incoming image is too large: {said} bytes; the most are {cap}"
        ))),
        _ => Ok(()),
    }
}

/// Sends the service the beginning. The format in which the data must be comes with it, where one is known.
fn begin(
    shared: &Shared,
    number: u64,
    requester: &Requester,
    id: ImageId,
    operation: Operation,
    said: Option<i64>,
    held: &Held,
) -> Result<(Asked, Option<String>)> {
    let mut twin = shared.borrow_mut();
    let quota = twin.room(requester);
    let cap = twin.config.size_cap;
    let (image, status) = twin.image(requester, id)?;
    requester.may(Rights::Modify, image)?;
    if operation == Operation::Upload && status == SubjectStatus::Queued {
        image.has_formats()?;
    }
    check_size(said, quota, cap.filter(|_| status == SubjectStatus::Queued))?;
    let bare = image.container_format.as_deref() == Some("bare") && operation == Operation::Upload;
    let inspected = image.disk_format.clone().filter(|_| bare);
    let ask = Ask {
        content: Content {
            size: said.and_then(|said| u64::try_from(said).ok()).unwrap_or(0),
            checksum: 0,
        },
        in_parts: true,
        ..ask_of(image, requester, operation)
    };
    let held = Rc::clone(held);
    let subject = ask.subject;
    let asked = twin.ask(ask, move |twin, completion| {
        let blob = held.borrow_mut().take();
        let taken = done(twin, completion, id, |status| {
            let wanted = match operation {
                Operation::Stage => "uploading",
                _ => "saving",
            };
            Refusal::conflict(format!(
                "Image status transition from {status} to {wanted} is not allowed"
            ))
        });
        if let (Err(refusal), Some(blob)) = (&taken, &blob)
            && refusal.status == 409
        {
            // Only a planted defect takes data that it refuses.
            let put = twin.vault.put(id, Rc::clone(blob));
            put.map_err(|_| Refusal::error())?;
        }
        taken?;
        let blob = blob.ok_or_else(Refusal::error)?;
        twin.brought(number, &blob.md5);
        match operation {
            Operation::Stage => {
                if let Some(image) = twin.catalog.image_mut(id) {
                    image.facts.size = Some(blob.size);
                }
                twin.vault.stage(id, blob);
            }
            _ => store(twin, id, subject, blob)?,
        }
        twin.touch(id);
        Ok(Answer::empty(204))
    });
    Ok((asked, inspected))
}

/// Data that has come is an image's: its bytes, what is known of them, and the place where they lie.
pub(super) fn store(
    twin: &mut Twin,
    id: ImageId,
    subject: SubjectId,
    blob: Rc<Blob>,
) -> Result<()> {
    let blob = twin.keep(id, subject, blob)?;
    if let Some(image) = twin.catalog.image_mut(id) {
        know(image, &blob);
        let raw = image.disk_format.as_deref() == Some("raw");
        image.facts.virtual_size = Some(blob.size).filter(|size| raw && *size > 0);
        image.locations.retain(|it| !it.own);
        let place = Location {
            url: format!("file:///stormglass/images/{id}"),
            metadata: [("store".to_owned(), "local".into())].into_iter().collect(),
            own: true,
        };
        image.locations.insert(0, place);
    }
    Ok(())
}

/// Notes size and checksums.
pub(super) fn know(image: &mut Image, blob: &Blob) {
    image.facts = Facts {
        size: Some(blob.size),
        virtual_size: None,
        checksum: Some(blob.md5.clone()),
        hash_algo: Some("sha512".to_owned()),
        hash_value: Some(blob.sha512.clone()),
    };
}

/// Takes all data in, within the bounds of what was said and of what there is room for.
async fn receive(
    shared: &Shared,
    mut body: Incoming,
    limits: Limits,
    said: Option<i64>,
    inspected: Option<&str>,
) -> Result<Rc<Blob>> {
    let mut writer = writer(shared)?;
    let cap = shared.borrow().config.size_cap.map(|cap| cap.0);
    let taken = loop {
        let frame = match timeout(limits.pause, body.frame()).await {
            Ok(None) => break Ok(()),
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(_))) => break Err(Refusal::bad("The data broke off.")),
            Err(_) => break Err(Refusal::bad("The data did not come in time.")),
        };
        let Some(data) = frame.data_ref() else {
            continue;
        };
        if let Err(refusal) = push(&mut writer, data, cap) {
            break Err(refusal);
        }
    };
    if let Err(refusal) = taken {
        discard(body);
        return Err(refusal);
    }
    if said.is_some_and(|said| u64::try_from(said) != Ok(writer.size())) {
        return Err(Refusal::bad(format!(
            "Size of the data does not match: {} bytes came",
            writer.size()
        )));
    }
    if let Some(expected) = inspected {
        check_format(expected, writer.format())?;
    }
    finished(writer)
}

/// A place for data that comes in.
pub(super) fn writer(shared: &Shared) -> Result<Writer> {
    shared.borrow_mut().vault.writer().map_err(unkept)
}

/// Takes some data in, as long as the image does not become too large.
pub(super) fn push(writer: &mut Writer, data: &[u8], cap: Option<u64>) -> Result<()> {
    let size = writer.size() + data.len() as u64;
    match cap {
        Some(cap) if size > cap => Err(Refusal::too_large(format!(
            "The incoming image is too large: the most are {cap} bytes"
        ))),
        _ => writer.push(data).map_err(unkept),
    }
}

pub(super) fn finished(writer: Writer) -> Result<Rc<Blob>> {
    writer.finish().map(Rc::new).map_err(unkept)
}

fn unkept(error: Unkept) -> Refusal {
    match error {
        Unkept::Full => Refusal::too_large(format!("Image storage media is full: {error}")),
        Unkept::Broken(_) => Refusal::unavailable(error.to_string()),
    }
}

/// Whether data is in the format that its image says. What cannot be told apart is let through.
pub(super) fn check_format(expected: &str, found: Option<&str>) -> Result<()> {
    let inspectable = ["qcow2", "vhd", "vhdx", "vmdk", "vdi", "iso", "gpt"].contains(&expected);
    let fits = match found {
        Some(found) => found == expected,
        None => !inspectable,
    };
    match fits {
        true => Ok(()),
        false => Err(Refusal::media(format!(
            "Image content did not match disk_format {expected}: it is {}",
            found.unwrap_or("raw")
        ))),
    }
}

/// Reads on what nobody wants, so that the client hears why; up to a bound.
pub(super) fn discard(mut body: Incoming) {
    tokio::task::spawn_local(async move {
        let all = async {
            let mut left = UNWANTED;
            while let Some(Ok(frame)) = body.frame().await {
                let size = frame.data_ref().map_or(0, |data| data.len() as u64);
                left = left.saturating_sub(size);
                if left == 0 {
                    break;
                }
            }
        };
        let _ = timeout(UNWANTED_FOR, all).await;
    });
}
