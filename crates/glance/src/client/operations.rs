//! Each operation, as the requests that Glance has for it.

use super::exchange::unanswered;
use super::{Client, OperationContext};
use crate::answer::{Answer, ImageId, Request};
use crate::data_server::DataServer;
use crate::dialect::{self, Page, Stores, Tasks};
use crate::http::{Call, Payload, Reply, Trouble, md5_of, sha512_of};
use hyper::header::HeaderValue;
use stormglass_model::history::Seen;
use stormglass_model::lifecycle::{Operation, Outcome, TaskStatus, Who};
use stormglass_model::operations::{
    Body, DataFrom, Formats, Hash, OperationKind, Source, StoreRole,
};
use stormglass_model::units::Bytes;

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
                    OperationKind::CreateEmpty => self.send_data(context, 0, 0).await,
                    _ => self.send_words(context).await,
                }
            }
            OperationKind::Upload(Body::Whole) | OperationKind::Stage => {
                self.send_data(context, size, size).await
            }
            OperationKind::Upload(Body::Chunked) => {
                let body = Payload::upload(context.request.content_seed, size, size);
                self.send_payload(context, body.in_chunks(), None).await
            }
            OperationKind::Upload(Body::WrongSize) => {
                self.send_data(context, size, size + MISSING).await
            }
            OperationKind::Upload(Body::TooLarge) => {
                let size = self.shared.too_large.map_or(size, |size| size.0);
                self.send_data(context, size, size).await
            }
            OperationKind::Upload(Body::Aborted) => self.abort_upload(context).await,
            OperationKind::Share => self.share(context).await,
            OperationKind::CopyLocation => self.copy_location(context).await,
            OperationKind::Delete => self.delete(context).await,
            OperationKind::Show => self.read_record(context).await,
            OperationKind::List => self.read_list(context).await,
            _ => self.send_words(context).await,
        }
    }

    /// The request of an operation of this kind, whose body is `data` where it is no text.
    pub(super) fn call_of(
        &self,
        kind: OperationKind,
        id: ImageId,
        value: &str,
        data: Option<Payload>,
    ) -> Call {
        self.call(dialect::asked(kind, id, self.shared.run, value), data)
    }

    /// An operation without data of its own, and without more to it than its request.
    async fn send_words(&self, context: &mut OperationContext<'_>) -> Answer {
        let request = context.request;
        let kind = request.operation.kind();
        let value = match (request.operation.row().data, kind) {
            (DataFrom::Location, _) => self.location(request).await,
            (_, OperationKind::SetProperty) => Ok(dialect::note(request.content_seed)),
            (_, kind) if kind.shares() => Ok(self.shared.other_project.clone().unwrap_or_default()),
            (_, OperationKind::CopyImage) => self.store(StoreRole::Second).await,
            (_, OperationKind::DeleteFromStore(role)) => self.store(role).await,
            (DataFrom::Nowhere | DataFrom::Client, _) => Ok(String::new()),
        };
        let value = match value {
            Ok(value) => value,
            Err(trouble) => return unanswered(request.operation, &trouble, &None),
        };
        let asked = dialect::asked(kind, request.id, self.shared.run, &value);
        let (size, seed) = (request.size.0, request.content_seed);
        let seed = match kind.hash() {
            Hash::Unsaid => None,
            Hash::Right => Some(seed),
            Hash::Wrong => Some(!seed),
        };
        let asked = match (kind, seed) {
            (OperationKind::AddLocation(_), Some(seed)) => {
                asked.checked_patch(&value, &md5_of(seed, size), &sha512_of(seed, size))
            }
            (_, Some(seed)) => asked.checked(&value, &md5_of(seed, size)),
            (_, None) => asked,
        };
        let mut call = self.call(asked, None);
        call.content_max = request.operation.reads().then_some(request.size.0);
        self.exchange(context, call).await.0
    }

    /// Reads the subject's record as a member: its status, and its size and checksum once it is active. Ok when either a status
    /// or its absence was shown.
    pub async fn show(&self, id: ImageId) -> Answer {
        self.perform_as(Who::Member, id, Operation::Show).await
    }

    /// Performs an operation that needs no data, or next to none.
    pub(super) async fn perform_as(&self, who: Who, id: ImageId, operation: Operation) -> Answer {
        let request = Request {
            operation,
            who,
            id,
            size: Bytes(1), // of what is uploaded, if anything is
            content_seed: 0,
            fraction: 1.0,
        };
        self.perform(&request).await
    }

    async fn read_record(&self, context: &mut OperationContext<'_>) -> Answer {
        let mut answer = self.send_words(context).await;
        if answer.observed.is_some() {
            answer.outcome = Outcome::Ok;
        } else if answer.outcome == Outcome::Ok {
            answer.outcome = Outcome::Unknown;
        }
        answer
    }

    /// Reads the first page of what its user may see, as long as the server makes pages. It tells nothing of one image.
    async fn read_list(&self, context: &mut OperationContext<'_>) -> Answer {
        let call = self.call_of(OperationKind::List, context.request.id, "", None);
        let (mut answer, came) = self.exchange(context, call).await;
        (answer.observed, answer.content, answer.property) = (None, None, None);
        let is_list = |reply: &Reply| {
            reply.cut.is_none() && serde_json::from_slice::<Page>(&reply.text).is_ok()
        };
        if answer.outcome == Outcome::Ok && !came.as_ref().is_ok_and(is_list) {
            answer.outcome = Outcome::Unknown;
            answer.note = "no list of images in the reply".to_owned();
        }
        answer
    }

    pub(super) async fn create(
        &self,
        context: &mut OperationContext<'_>,
        formats: Formats,
    ) -> Answer {
        let id = context.request.id;
        // Before the first byte is sent: from here on the image may exist.
        let first = !self.shared.created.borrow().contains_key(&id);
        if first {
            if let Err(failure) = self.enter(id, &mut context.times) {
                let trouble = Trouble::Local(failure);
                return unanswered(context.request.operation, &trouble, &None);
            }
            self.shared.created.borrow_mut().insert(id, false);
        }
        let call = self.call_of(OperationKind::Create(formats), id, "", None);
        let (mut answer, came) = self.exchange(context, call).await;
        answer.observed = answer.observed.filter(|seen| *seen != Seen::Gone);
        let never_created =
            answer.outcome == Outcome::Refused || came.as_ref().is_err_and(Trouble::is_unsent);
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
    async fn send_data(&self, context: &mut OperationContext<'_>, size: u64, said: u64) -> Answer {
        let body = Payload::upload(context.request.content_seed, size, size);
        let said = (said != size).then_some(said);
        self.send_payload(context, body, said).await
    }

    async fn send_payload(
        &self,
        context: &mut OperationContext<'_>,
        body: Payload,
        said: Option<u64>,
    ) -> Answer {
        let request = context.request;
        let mut call = self.call_of(request.operation.kind(), request.id, "", Some(body));
        let transfer = call.transfer.clone();
        if let Some(said) = said {
            let headers = call.request.headers_mut();
            headers.insert("x-openstack-image-size", HeaderValue::from(said));
        }
        let mut answer = self.exchange(context, call).await.0;
        let cut = (context.watch.as_ref()).is_some_and(|watch| !watch.sent.get().whole);
        answer.content = transfer.content.get().filter(|_| !cut);
        if answer.outcome == Outcome::Ok && answer.content.is_none() {
            answer.note = "acknowledged before all of the data was sent".to_owned();
        }
        answer
    }

    /// Sends part of what was declared and closes the connection. It fails, unless it was answered before that.
    async fn abort_upload(&self, context: &mut OperationContext<'_>) -> Answer {
        let request = context.request;
        let size = request.size.0.max(1); // there must be something to leave out
        let sent = (size as f64 * request.fraction.clamp(0.0, 1.0)) as u64;
        let body = Payload::upload(request.content_seed, size, sent.min(size - 1));
        let call = self.call_of(request.operation.kind(), request.id, "", Some(body));
        let (mut answer, came) = self.exchange(context, call).await;
        if matches!(came, Err(Trouble::Stopped)) {
            answer.outcome = Outcome::Fail;
        }
        answer
    }

    /// Where Glance may read the subject's data; or why nowhere.
    async fn location(&self, request: &Request) -> Result<String, Trouble> {
        let (served, size) = match (request.operation.kind(), self.shared.too_large) {
            (OperationKind::Import(Source::TooLarge), Some(size)) => (Source::Whole, size.0),
            (OperationKind::Import(source), _) => (source, request.size.0),
            _ => (Source::Whole, request.size.0),
        };
        let own = request.operation.kind().needs_own_source();
        if let Some(location) = self.shared.location.as_ref().filter(|_| !own) {
            return Ok(location.clone());
        }
        let generator = &self.shared.generator;
        let start = || DataServer::start(generator);
        match self.shared.source.get_or_try_init(start).await {
            Ok(source) => Ok(source.url_for(size, request.content_seed, served)),
            Err(error) => {
                let trouble = Trouble::unsent("cannot serve data on 127.0.0.1", &error);
                trouble
                    .local()
                    .into_iter()
                    .for_each(|it| generator.failed_by(it));
                Err(trouble)
            }
        }
    }

    /// The stores between which the server copies data; none where it has no two.
    pub(super) async fn stores(&self) -> Result<Option<&Stores>, Trouble> {
        let ask = || async {
            let reply = self.get(Who::Member, "/info/stores").await?;
            Ok::<_, Trouble>(Stores::of(&reply.text).filter(|_| reply.status == 200))
        };
        let asked = self.shared.stores.get_or_try_init(ask).await;
        asked.map(Option::as_ref)
    }

    /// A store's name, before anything of the operation is sent.
    async fn store(&self, role: StoreRole) -> Result<String, Trouble> {
        let stores = self
            .stores()
            .await
            .map_err(|trouble| match trouble.local() {
                Some(failure) => Trouble::Local(failure.clone()),
                None => Trouble::NotSent(trouble.text().to_owned()),
            })?;
        let name = stores.map(|stores| stores.named(role).to_owned());
        let none = || "the server has no two stores that take data".to_owned();
        name.ok_or_else(|| Trouble::NotSent(none()))
    }

    /// Makes the image one that has members, and another project one of them.
    async fn share(&self, context: &mut OperationContext<'_>) -> Answer {
        let watch = context.watch.take();
        let call = self.call(dialect::shared(context.request.id), None);
        let answer = self.exchange(context, call).await.0;
        context.watch = watch;
        match answer.outcome {
            Outcome::Ok => self.send_words(context).await,
            _ => answer,
        }
    }

    pub(super) async fn delete(&self, context: &mut OperationContext<'_>) -> Answer {
        let Request { id, who, .. } = *context.request;
        let answer = self.send_words(context).await;
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
        let path = format!("/images/{id}/tasks");
        self.list::<Tasks>(&path, "tasks").await?.statuses()
    }
}
