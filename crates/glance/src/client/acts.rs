//! Each operation, as the requests that Glance has for it.

use super::exchange::{image_path, text, typed};
use super::{Client, Errand};
use crate::answer::{Answer, ImageId, Request, line};
use crate::content::{Payload, Progress};
use crate::dialect::{self, PATCH_TYPE, Tasks};
use crate::http::{Call, Times, Trouble};
use crate::source::Source;
use hyper::header::HeaderValue;
use std::rc::Rc;
use stormglass_model::history::Seen;
use stormglass_model::lifecycle::{Operation, Outcome, TaskStatus, Who};
use stormglass_model::operations::{Body, Formats, OperationKind};
use stormglass_model::script::Act;
use stormglass_model::units::Bytes;

const JSON: &str = "application/json";

/// A wrong size is too large by so many bytes.
const MISSING: u64 = 1;

impl Client {
    pub(super) async fn act(&self, errand: &mut Errand<'_>) -> Answer {
        let size = errand.request.size.0;
        match errand.request.operation.kind() {
            OperationKind::Create(formats) => self.create(errand, formats).await,
            kind @ (OperationKind::CreateEmpty | OperationKind::CreateWithLocation) => {
                let watch = errand.watch.take();
                let created = self.create(errand, Formats::Raw).await;
                errand.watch = watch;
                match kind {
                    _ if created.outcome != Outcome::Ok => created,
                    OperationKind::CreateEmpty => self.send(errand, "/file", 0, 0).await,
                    _ => self.name_location(errand, dialect::add_location).await,
                }
            }
            OperationKind::Upload(Body::Whole) => self.send(errand, "/file", size, size).await,
            OperationKind::Upload(Body::WrongSize) => {
                self.send(errand, "/file", size, size + MISSING).await
            }
            OperationKind::Upload(Body::TooLarge) => {
                let size = self.shared.too_large.map_or(size, |size| size.0);
                self.send(errand, "/file", size, size).await
            }
            OperationKind::Upload(Body::Aborted) => self.abort_upload(errand).await,
            OperationKind::Stage => self.send(errand, "/stage", size, size).await,
            OperationKind::Download => self.download(errand).await,
            OperationKind::Deactivate => self.post(errand, "/actions/deactivate", "").await,
            OperationKind::Reactivate => self.post(errand, "/actions/reactivate", "").await,
            OperationKind::Delete => self.delete_as(errand).await,
            OperationKind::Show => self.read_record(errand).await,
            OperationKind::AddLocation => self.name_location(errand, dialect::add_location).await,
            OperationKind::ReplaceLocation => {
                self.name_location(errand, dialect::replace_locations).await
            }
            OperationKind::RemoveLocation => self.patch(errand, dialect::remove_location()).await,
            OperationKind::RegisterLocation => match self.location(errand.request).await {
                Ok(url) => {
                    let body = dialect::registered_location(&url);
                    self.post(errand, "/locations", &body).await
                }
                Err(answer) => answer,
            },
            OperationKind::Import => match self.location(errand.request).await {
                Ok(url) => {
                    let body = dialect::web_download(&url);
                    self.post(errand, "/import", &body).await
                }
                Err(answer) => answer,
            },
            OperationKind::ImportStaged => {
                self.post(errand, "/import", &dialect::glance_direct())
                    .await
            }
            OperationKind::SetProperty => self.patch(errand, dialect::set_property()).await,
            OperationKind::Protect => self.patch(errand, dialect::protect(true)).await,
            OperationKind::Unprotect => self.patch(errand, dialect::protect(false)).await,
        }
    }

    /// Reads the subject's record as a member: its status, and its size and checksum once it is active. Ok when either a status
    /// or its absence was shown.
    pub async fn show(&self, id: ImageId) -> Answer {
        self.perform(&of(id, Operation::Show)).await
    }

    async fn read_record(&self, errand: &mut Errand<'_>) -> Answer {
        let path = image_path(errand.request.id, "");
        let call = self.call("GET", &path, errand.request.who, text(""), None);
        let mut answer = self.exchange(errand, call).await.0;
        if answer.observed.is_some() {
            answer.outcome = Outcome::Ok;
        } else if answer.outcome == Outcome::Ok {
            answer.outcome = Outcome::Unknown;
        }
        answer
    }

    async fn create(&self, errand: &mut Errand<'_>, formats: Formats) -> Answer {
        let id = errand.request.id;
        // Before the first byte is sent: from here on the image may exist.
        let first = !self.shared.created.borrow().contains_key(&id);
        if first {
            if let Err(note) = self.enter(id, &mut errand.times) {
                let mut answer = Answer::new(Outcome::Fail);
                answer.note = note;
                return answer;
            }
            self.shared.created.borrow_mut().insert(id, false);
        }
        let body = dialect::registration(id, self.shared.run, formats);
        let call = self.call("POST", "/images", errand.request.who, text(&body), None);
        let (mut answer, trouble) = self.exchange(errand, typed(call, JSON)).await;
        answer.observed = answer.observed.filter(|seen| *seen != Seen::Gone);
        let never_created =
            answer.outcome == Outcome::Refused || matches!(trouble, Some(Trouble::NotSent(_)));
        let mut created = self.shared.created.borrow_mut();
        if never_created && first && created.get(&id) == Some(&false) {
            // A 409 means that the identifier is somebody else's: then it is not this run's to delete.
            created.remove(&id);
        } else if answer.outcome == Outcome::Ok {
            created.insert(id, true);
        }
        answer
    }

    /// Sends `size` bytes of data, and says that they are `said`.
    async fn send(&self, errand: &mut Errand<'_>, to: &str, size: u64, said: u64) -> Answer {
        let progress = Progress::new();
        let body = Payload::upload(errand.request.content_seed, size, size, progress.clone());
        let mut call = self.put(errand, to, body, progress.clone());
        if said != size {
            let headers = call.request.headers_mut();
            headers.insert("x-openstack-image-size", HeaderValue::from(said));
        }
        let mut answer = self.exchange(errand, call).await.0;
        let cut = (errand.watch.as_ref()).is_some_and(|watch| !watch.sent.get().whole);
        answer.content = progress.content.get().filter(|_| !cut);
        if answer.outcome == Outcome::Ok && answer.content.is_none() {
            answer.note = "acknowledged before all of the data was sent".to_owned();
        }
        answer
    }

    /// Sends part of what was declared and closes the connection. It fails, unless it was answered before that.
    async fn abort_upload(&self, errand: &mut Errand<'_>) -> Answer {
        let progress = Progress::new();
        let size = errand.request.size.0.max(1); // there must be something to leave out
        let sent = (size as f64 * errand.request.fraction.clamp(0.0, 1.0)) as u64;
        let seed = errand.request.content_seed;
        let body = Payload::upload(seed, size, sent.min(size - 1), progress.clone());
        let call = self.put(errand, "/file", body, progress);
        let (mut answer, trouble) = self.exchange(errand, call).await;
        if matches!(trouble, Some(Trouble::Stopped)) {
            answer.outcome = Outcome::Fail;
        }
        answer
    }

    fn put(&self, errand: &Errand<'_>, to: &str, body: Payload, progress: Rc<Progress>) -> Call {
        let path = image_path(errand.request.id, to);
        let call = self.call("PUT", &path, errand.request.who, body, None);
        Call {
            progress,
            ..typed(call, "application/octet-stream")
        }
    }

    async fn download(&self, errand: &mut Errand<'_>) -> Answer {
        let Request { id, who, size, .. } = *errand.request;
        let path = image_path(id, "/file");
        let call = self.call("GET", &path, who, text(""), Some(size.0));
        self.exchange(errand, call).await.0
    }

    async fn post(&self, errand: &mut Errand<'_>, to: &str, body: &str) -> Answer {
        let path = image_path(errand.request.id, to);
        let call = self.call("POST", &path, errand.request.who, text(body), None);
        let call = if body.is_empty() {
            call
        } else {
            typed(call, JSON)
        };
        self.exchange(errand, call).await.0
    }

    async fn patch(&self, errand: &mut Errand<'_>, body: String) -> Answer {
        let path = image_path(errand.request.id, "");
        let call = self.call("PATCH", &path, errand.request.who, text(&body), None);
        self.exchange(errand, typed(call, PATCH_TYPE)).await.0
    }

    async fn name_location(&self, errand: &mut Errand<'_>, body: fn(&str) -> String) -> Answer {
        match self.location(errand.request).await {
            Ok(url) => self.patch(errand, body(&url)).await,
            Err(answer) => answer,
        }
    }

    /// Where Glance may read the subject's data.
    async fn location(&self, request: &Request) -> Result<String, Answer> {
        if let Some(location) = &self.shared.location {
            return Ok(location.clone());
        }
        match self.shared.source.get_or_try_init(Source::start).await {
            Ok(source) => Ok(source.url_for(request.size.0, request.content_seed)),
            Err(error) => {
                let mut answer = Answer::new(Outcome::Fail);
                answer.note = line(&format!("cannot serve data on 127.0.0.1: {error}"));
                Err(answer)
            }
        }
    }

    pub(super) async fn delete(&self, id: ImageId, times: &mut Times) -> Answer {
        let answer = self.perform(&of(id, Operation::Delete)).await;
        times.waited += answer.waited;
        times.connect += answer.connect;
        answer
    }

    async fn delete_as(&self, errand: &mut Errand<'_>) -> Answer {
        let Request { id, who, .. } = *errand.request;
        let call = self.call("DELETE", &image_path(id, ""), who, text(""), None);
        let answer = self.exchange(errand, call).await.0;
        let gone = answer.observed == Some(Seen::Gone) && who != Who::OtherProject;
        let mut created = self.shared.created.borrow_mut();
        // A 404 says nothing of an image whose create was never answered: it may still come.
        if answer.outcome == Outcome::Ok || gone && created.get(&id) == Some(&true) {
            created.remove(&id);
        }
        answer
    }

    /// The statuses of the import tasks that the server keeps of an image, asked for as an admin. The error is one line.
    pub async fn tasks(&self, id: ImageId) -> Result<Vec<TaskStatus>, String> {
        if self.shared.identities[Who::Admin.index()].is_none() {
            return Err("tasks are shown to an admin only, and none is known".to_owned());
        }
        let call = self.call("GET", &image_path(id, "/tasks"), Who::Admin, text(""), None);
        let reply = self.shared.wire.exchange(call, &mut Times::default()).await;
        let reply = reply.map_err(|trouble| line(trouble.text()))?;
        if let Some(cut) = reply.cut {
            return Err(line(&cut));
        }
        if reply.status != 200 {
            return Err(format!("HTTP {}", reply.status));
        }
        let tasks: Tasks = serde_json::from_slice(&reply.text)
            .map_err(|_| "no list of tasks in the reply".to_owned())?;
        tasks.statuses()
    }
}

/// An operation that needs no data, by whom it is usually done.
pub(super) fn of(id: ImageId, operation: Operation) -> Request {
    Request {
        operation,
        who: Act::usual(operation).who,
        id,
        size: Bytes(0),
        content_seed: 0,
        fraction: 1.0,
    }
}
