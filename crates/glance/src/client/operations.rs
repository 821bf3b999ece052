//! Each operation, as the requests that Glance has for it.

use super::exchange::{image_path, text, typed};
use super::{Client, OperationContext};
use crate::answer::{Answer, ImageId, Request, line};
use crate::data_server::DataServer;
use crate::dialect::{self, PATCH_TYPE, Tasks};
use crate::http::{Call, Payload, Progress, Times, Trouble};
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
    pub(super) async fn act(&self, context: &mut OperationContext<'_>) -> Answer {
        let size = context.request.size.0;
        match context.request.operation.kind() {
            OperationKind::Create(formats) => self.create(context, formats).await,
            kind @ (OperationKind::CreateEmpty | OperationKind::CreateWithLocation) => {
                let watch = context.watch.take();
                let created = self.create(context, Formats::Raw).await;
                context.watch = watch;
                match kind {
                    _ if created.outcome != Outcome::Ok => created,
                    OperationKind::CreateEmpty => self.send_data(context, "/file", 0, 0).await,
                    _ => self.name_location(context, dialect::add_location).await,
                }
            }
            OperationKind::Upload(Body::Whole) => {
                self.send_data(context, "/file", size, size).await
            }
            OperationKind::Upload(Body::WrongSize) => {
                self.send_data(context, "/file", size, size + MISSING).await
            }
            OperationKind::Upload(Body::TooLarge) => {
                let size = self.shared.too_large.map_or(size, |size| size.0);
                self.send_data(context, "/file", size, size).await
            }
            OperationKind::Upload(Body::Aborted) => self.abort_upload(context).await,
            OperationKind::Stage => self.send_data(context, "/stage", size, size).await,
            OperationKind::Download => self.download(context).await,
            OperationKind::Deactivate => self.post(context, "/actions/deactivate", "").await,
            OperationKind::Reactivate => self.post(context, "/actions/reactivate", "").await,
            OperationKind::Delete => self.delete_as(context).await,
            OperationKind::Show => self.read_record(context).await,
            OperationKind::AddLocation => self.name_location(context, dialect::add_location).await,
            OperationKind::ReplaceLocation => {
                self.name_location(context, dialect::replace_locations)
                    .await
            }
            OperationKind::RemoveLocation => self.patch(context, dialect::remove_location()).await,
            OperationKind::RegisterLocation => match self.location(context.request).await {
                Ok(url) => {
                    let body = dialect::registered_location(&url);
                    self.post(context, "/locations", &body).await
                }
                Err(answer) => answer,
            },
            OperationKind::Import => match self.location(context.request).await {
                Ok(url) => {
                    let body = dialect::web_download(&url);
                    self.post(context, "/import", &body).await
                }
                Err(answer) => answer,
            },
            OperationKind::ImportStaged => {
                self.post(context, "/import", &dialect::glance_direct())
                    .await
            }
            OperationKind::SetProperty => self.patch(context, dialect::set_property()).await,
            OperationKind::Protect => self.patch(context, dialect::protect(true)).await,
            OperationKind::Unprotect => self.patch(context, dialect::protect(false)).await,
        }
    }

    /// Reads the subject's record as a member: its status, and its size and checksum once it is active. Ok when either a status
    /// or its absence was shown.
    pub async fn show(&self, id: ImageId) -> Answer {
        self.perform(&of(id, Operation::Show)).await
    }

    async fn read_record(&self, context: &mut OperationContext<'_>) -> Answer {
        let path = image_path(context.request.id, "");
        let call = self.call("GET", &path, text(""), None);
        let mut answer = self.exchange(context, call).await.0;
        if answer.observed.is_some() {
            answer.outcome = Outcome::Ok;
        } else if answer.outcome == Outcome::Ok {
            answer.outcome = Outcome::Unknown;
        }
        answer
    }

    async fn create(&self, context: &mut OperationContext<'_>, formats: Formats) -> Answer {
        let id = context.request.id;
        // Before the first byte is sent: from here on the image may exist.
        let first = !self.shared.created.borrow().contains_key(&id);
        if first {
            if let Err(note) = self.enter(id, &mut context.times) {
                let mut answer = Answer::new(Outcome::Fail);
                answer.note = note;
                return answer;
            }
            self.shared.created.borrow_mut().insert(id, false);
        }
        let body = dialect::registration(id, self.shared.run, formats);
        let call = self.call("POST", "/images", text(&body), None);
        let (mut answer, trouble) = self.exchange(context, typed(call, JSON)).await;
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
    async fn send_data(
        &self,
        context: &mut OperationContext<'_>,
        to: &str,
        size: u64,
        said: u64,
    ) -> Answer {
        let progress = Progress::new();
        let body = Payload::upload(context.request.content_seed, size, size, progress.clone());
        let mut call = self.put(context, to, body, progress.clone());
        if said != size {
            let headers = call.request.headers_mut();
            headers.insert("x-openstack-image-size", HeaderValue::from(said));
        }
        let mut answer = self.exchange(context, call).await.0;
        let cut = (context.watch.as_ref()).is_some_and(|watch| !watch.sent.get().whole);
        answer.content = progress.content.get().filter(|_| !cut);
        if answer.outcome == Outcome::Ok && answer.content.is_none() {
            answer.note = "acknowledged before all of the data was sent".to_owned();
        }
        answer
    }

    /// Sends part of what was declared and closes the connection. It fails, unless it was answered before that.
    async fn abort_upload(&self, context: &mut OperationContext<'_>) -> Answer {
        let progress = Progress::new();
        let size = context.request.size.0.max(1); // there must be something to leave out
        let sent = (size as f64 * context.request.fraction.clamp(0.0, 1.0)) as u64;
        let seed = context.request.content_seed;
        let body = Payload::upload(seed, size, sent.min(size - 1), progress.clone());
        let call = self.put(context, "/file", body, progress);
        let (mut answer, trouble) = self.exchange(context, call).await;
        if matches!(trouble, Some(Trouble::Stopped)) {
            answer.outcome = Outcome::Fail;
        }
        answer
    }

    fn put(
        &self,
        context: &OperationContext<'_>,
        to: &str,
        body: Payload,
        progress: Rc<Progress>,
    ) -> Call {
        let path = image_path(context.request.id, to);
        let call = self.call("PUT", &path, body, None);
        Call {
            progress,
            ..typed(call, "application/octet-stream")
        }
    }

    async fn download(&self, context: &mut OperationContext<'_>) -> Answer {
        let Request { id, size, .. } = *context.request;
        let path = image_path(id, "/file");
        let call = self.call("GET", &path, text(""), Some(size.0));
        self.exchange(context, call).await.0
    }

    async fn post(&self, context: &mut OperationContext<'_>, to: &str, body: &str) -> Answer {
        let path = image_path(context.request.id, to);
        let call = self.call("POST", &path, text(body), None);
        let call = if body.is_empty() {
            call
        } else {
            typed(call, JSON)
        };
        self.exchange(context, call).await.0
    }

    async fn patch(&self, context: &mut OperationContext<'_>, body: String) -> Answer {
        let path = image_path(context.request.id, "");
        let call = self.call("PATCH", &path, text(&body), None);
        self.exchange(context, typed(call, PATCH_TYPE)).await.0
    }

    async fn name_location(
        &self,
        context: &mut OperationContext<'_>,
        body: fn(&str) -> String,
    ) -> Answer {
        match self.location(context.request).await {
            Ok(url) => self.patch(context, body(&url)).await,
            Err(answer) => answer,
        }
    }

    /// Where Glance may read the subject's data.
    async fn location(&self, request: &Request) -> Result<String, Answer> {
        if let Some(location) = &self.shared.location {
            return Ok(location.clone());
        }
        match self.shared.source.get_or_try_init(DataServer::start).await {
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

    async fn delete_as(&self, context: &mut OperationContext<'_>) -> Answer {
        let Request { id, who, .. } = *context.request;
        let call = self.call("DELETE", &image_path(id, ""), text(""), None);
        let answer = self.exchange(context, call).await.0;
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
        let call = self.call("GET", &image_path(id, "/tasks"), text(""), None);
        let reply = self.send(Who::Admin, call, &mut Times::default()).await;
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
