//! The client: one operation in, one answer out.

use super::answer::{Answer, ImageId, Request, RunId, line};
use super::config::{Caller, ConfigError, Endpoint};
use super::content::{Payload, Progress};
use super::dialect::{self, Image, PATCH_TYPE};
use super::tls::Tls;
use super::wire::{Call, Reply, Times, Trouble, Wire};
use crate::history::Seen;
use crate::lifecycle::{Operation, Outcome};
use crate::scenario::{GlanceTarget, Identity};
use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

mod cleanup;
mod hello;

pub use cleanup::Cleanup;
pub use hello::{Greeting, HelloError};

/// A client of one Glance for one thread; clones share their connections. It must run inside a `tokio::task::LocalSet`.
#[derive(Clone)]
pub struct Client {
    shared: Rc<Shared>,
}

struct Shared {
    wire: Wire,
    host: HeaderValue,
    member: Caller,
    admin: Option<Caller>,
    run: RunId,
    location: Option<String>,
    /// Every image this client may have created and has not seen deleted; whether its create was acknowledged.
    created: RefCell<BTreeMap<ImageId, bool>>,
}

#[derive(Clone, Copy)]
enum As {
    Member,
    Admin,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let authority = &self.shared.wire.endpoint().authority;
        f.debug_tuple("Client").field(authority).finish()
    }
}

impl Client {
    /// A client of `target.url` for one run, whose images carry its tag. Nothing is sent yet. A URL that only a catalog knows must
    /// have been [located](super::locate).
    pub fn new(target: &GlanceTarget, run: RunId) -> Result<Client, ConfigError> {
        let url = target.url.as_deref().ok_or(ConfigError::NoUrl)?;
        let endpoint = Endpoint::parse(url, "v2")?;
        let host = HeaderValue::from_str(&endpoint.authority)
            .map_err(|_| ConfigError::Url("and its host is no host".to_owned()))?;
        let tls = endpoint
            .tls
            .then(|| Tls::new(&endpoint.host, target.ca.as_deref()));
        // Where nobody says who he is, everybody may be an admin; where the member does, an admin must.
        let has_admin = target.admin != Identity::Anonymous || target.member == Identity::Anonymous;
        let connections = target.connections.get() as usize;
        Ok(Client {
            shared: Rc::new(Shared {
                wire: Wire::new(endpoint, tls.transpose()?, target.timeout, connections),
                host,
                member: Caller::new(&target.member, target)?,
                admin: (has_admin.then(|| Caller::new(&target.admin, target))).transpose()?,
                run,
                location: target.location.clone(),
                created: RefCell::default(),
            }),
        })
    }

    /// Why this client cannot perform `operation`, if it cannot; for the reader of scenarios.
    ///
    /// Export and clone are done as what they are to Glance: a download by a member.
    pub fn unsupported(&self, operation: Operation) -> Option<&'static str> {
        let shared = &*self.shared;
        match operation {
            Operation::Create
            | Operation::CreateEmpty
            | Operation::Upload
            | Operation::AbortUpload
            | Operation::Download
            | Operation::Export
            | Operation::Clone
            | Operation::Delete => None,
            Operation::CreateWithLocation | Operation::AddLocation => (shared.location.is_none())
                .then_some("it needs a `location` that Glance may read data from"),
            Operation::DownloadAsAdmin | Operation::Deactivate | Operation::Reactivate => {
                (shared.admin.is_none()).then_some("it needs an admin's identity")
            }
            Operation::Show => None,
            _ => Some("it is not performed on a real Glance"),
        }
    }

    /// Performs one operation, once. Dropping the future closes its connection.
    ///
    /// What needs two requests of Glance's API ends with the first that is not answered ok: create-empty is a create and an upload of
    /// nothing, create-with-location a create and an add-location. An operation that is [unsupported](Client::unsupported) is refused.
    pub async fn perform(&self, request: &Request) -> Answer {
        if let Some(reason) = self.unsupported(request.operation) {
            let mut answer = Answer::new(Outcome::Refused);
            answer.note = reason.to_owned();
            return answer;
        }
        let mut times = Times::default();
        let times = &mut times;
        let mut answer = match request.operation {
            Operation::Create => self.create(request, times).await,
            Operation::CreateEmpty => match self.create(request, times).await {
                created if created.outcome == Outcome::Ok => self.upload(request, 0, times).await,
                other => other,
            },
            Operation::CreateWithLocation => match self.create(request, times).await {
                created if created.outcome == Outcome::Ok => {
                    self.add_location(request, times).await
                }
                other => other,
            },
            Operation::AddLocation => self.add_location(request, times).await,
            Operation::Upload => self.upload(request, request.size.0, times).await,
            Operation::AbortUpload => self.abort_upload(request, times).await,
            Operation::Download | Operation::Export | Operation::Clone => {
                self.download(request, As::Member, times).await
            }
            Operation::DownloadAsAdmin => self.download(request, As::Admin, times).await,
            Operation::Deactivate => self.act(request, "/actions/deactivate", times).await,
            Operation::Reactivate => self.act(request, "/actions/reactivate", times).await,
            Operation::Delete => self.delete(request.id, times).await,
            Operation::Show => self.show_once(request.id, times).await,
            _ => Answer::new(Outcome::Refused),
        };
        answer.waited = times.waited;
        answer.connect = times.connect;
        answer
    }

    /// Reads the subject's record as a member: its status, and its size and checksum once it is active. Ok when either a status
    /// or its absence was shown.
    pub async fn show(&self, id: ImageId) -> Answer {
        let mut times = Times::default();
        let mut answer = self.show_once(id, &mut times).await;
        answer.waited = times.waited;
        answer.connect = times.connect;
        answer
    }

    async fn show_once(&self, id: ImageId, times: &mut Times) -> Answer {
        let call = self.call("GET", &image_path(id, ""), As::Member, text(""), None);
        let mut answer = self.exchange(Operation::Download, call, times).await.0;
        if answer.observed.is_some() {
            answer.outcome = Outcome::Ok;
        } else if answer.outcome == Outcome::Ok {
            answer.outcome = Outcome::Unknown;
        }
        answer
    }

    async fn create(&self, request: &Request, times: &mut Times) -> Answer {
        // Before the first byte is sent: from here on the image may exist.
        let first = !self.shared.created.borrow().contains_key(&request.id);
        if first {
            self.shared.created.borrow_mut().insert(request.id, false);
        }
        let body = dialect::registration(request.id, self.shared.run);
        let call = self.call("POST", "/images", As::Member, text(&body), None);
        let call = typed(call, "application/json");
        let (mut answer, trouble) = self.exchange(request.operation, call, times).await;
        answer.observed = answer.observed.filter(|seen| *seen != Seen::Gone);
        let never_created =
            answer.outcome == Outcome::Refused || matches!(trouble, Some(Trouble::NotSent(_)));
        let mut created = self.shared.created.borrow_mut();
        if never_created && first && created.get(&request.id) == Some(&false) {
            // A 409 means that the identifier is somebody else's: then it is not this run's to delete.
            created.remove(&request.id);
        } else if answer.outcome == Outcome::Ok {
            created.insert(request.id, true);
        }
        answer
    }

    async fn upload(&self, request: &Request, size: u64, times: &mut Times) -> Answer {
        let progress = Progress::new();
        let body = Payload::upload(request.content_seed, size, size, progress.clone());
        let call = self.file("PUT", request.id, As::Member, body, None);
        let call = Call {
            progress: progress.clone(),
            ..typed(call, "application/octet-stream")
        };
        let mut answer = self.exchange(request.operation, call, times).await.0;
        answer.content = progress.content.get();
        if answer.outcome == Outcome::Ok && answer.content.is_none() {
            answer.note = "acknowledged before all of the data was sent".to_owned();
        }
        answer
    }

    /// Sends part of what was declared and closes the connection. It fails, unless it was answered before that.
    async fn abort_upload(&self, request: &Request, times: &mut Times) -> Answer {
        let progress = Progress::new();
        let size = request.size.0.max(1); // there must be something to leave out
        let sent = (size as f64 * request.fraction.clamp(0.0, 1.0)) as u64;
        let body = Payload::upload(
            request.content_seed,
            size,
            sent.min(size - 1),
            progress.clone(),
        );
        let call = self.file("PUT", request.id, As::Member, body, None);
        let call = Call {
            progress,
            ..typed(call, "application/octet-stream")
        };
        let (mut answer, trouble) = self.exchange(request.operation, call, times).await;
        if matches!(trouble, Some(Trouble::Stopped)) {
            answer.outcome = Outcome::Fail;
        }
        answer
    }

    async fn add_location(&self, request: &Request, times: &mut Times) -> Answer {
        let body = dialect::location(self.shared.location.as_deref().unwrap_or_default());
        let path = image_path(request.id, "");
        let call = self.call("PATCH", &path, As::Member, text(&body), None);
        self.exchange(request.operation, typed(call, PATCH_TYPE), times)
            .await
            .0
    }

    async fn download(&self, request: &Request, who: As, times: &mut Times) -> Answer {
        let call = self.file("GET", request.id, who, text(""), Some(request.size.0));
        self.exchange(request.operation, call, times).await.0
    }

    async fn act(&self, request: &Request, action: &str, times: &mut Times) -> Answer {
        let path = image_path(request.id, action);
        let call = self.call("POST", &path, As::Admin, text(""), None);
        self.exchange(request.operation, call, times).await.0
    }

    async fn delete(&self, id: ImageId, times: &mut Times) -> Answer {
        let call = self.call("DELETE", &image_path(id, ""), As::Member, text(""), None);
        let answer = self.exchange(Operation::Delete, call, times).await.0;
        let mut created = self.shared.created.borrow_mut();
        let gone = answer.observed == Some(Seen::Gone);
        // A 404 says nothing of an image whose create was never answered: it may still come.
        if answer.outcome == Outcome::Ok || gone && created.get(&id) == Some(&true) {
            created.remove(&id);
        }
        answer
    }

    fn file(&self, method: &str, id: ImageId, who: As, body: Payload, max: Option<u64>) -> Call {
        self.call(method, &image_path(id, "/file"), who, body, max)
    }

    /// A request of this client. Its parts were checked when the client was made.
    fn call(&self, method: &str, path: &str, who: As, body: Payload, max: Option<u64>) -> Call {
        let shared = &*self.shared;
        let mut request = hyper::Request::new(body);
        let path = format!("{}/v2{path}", shared.wire.endpoint().prefix);
        *request.method_mut() = method.parse().unwrap_or_default();
        *request.uri_mut() = path.parse().unwrap_or_default();
        let length = request.body().len();
        let headers = request.headers_mut();
        headers.insert(HOST, shared.host.clone());
        if matches!(method, "PUT" | "POST" | "PATCH") {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        Call {
            request,
            caller: self.caller(who).clone(),
            progress: Progress::new(),
            content_max: max,
        }
    }

    fn caller(&self, who: As) -> &Caller {
        match (who, &self.shared.admin) {
            (As::Admin, Some(admin)) => admin,
            (As::Admin, None) | (As::Member, _) => &self.shared.member,
        }
    }

    /// One exchange, judged.
    async fn exchange(
        &self,
        operation: Operation,
        call: Call,
        times: &mut Times,
    ) -> (Answer, Option<Trouble>) {
        let content_max = call.content_max;
        match self.shared.wire.exchange(call, times).await {
            Ok(reply) => (judge(operation, &reply, content_max), None),
            Err(trouble) => {
                let (outcome, note) = match &trouble {
                    // Nothing was sent, so nothing can have happened.
                    Trouble::NotSent(note) => (Outcome::Fail, note.as_str()),
                    Trouble::NoReply(note) => (Outcome::Unknown, note.as_str()),
                    Trouble::Stopped => (Outcome::Unknown, ""),
                };
                let mut answer = Answer::new(outcome);
                answer.note = line(note);
                (answer, Some(trouble))
            }
        }
    }
}

fn judge(operation: Operation, reply: &Reply, content_max: Option<u64>) -> Answer {
    let mut answer = Answer::new(dialect::outcome(operation, reply.status));
    answer.http_status = Some(reply.status);
    answer.observed = dialect::gone(reply.status);
    answer.content = reply.content;
    if (200..300).contains(&reply.status) {
        if let Ok(image) = serde_json::from_slice::<Image>(&reply.text) {
            answer.observed = image.seen();
            answer.content = image.content();
        }
    } else {
        answer.note = line(&String::from_utf8_lossy(&reply.text));
    }
    if let Some(cut) = &reply.cut {
        answer.note = line(cut);
        // Too much content is an answer, and a wrong one; too little is a connection that broke.
        let too_much = matches!((reply.content, content_max), (Some(content), Some(max)) if content.size > max);
        if answer.outcome == Outcome::Ok && operation.reads() && !too_much {
            answer.outcome = Outcome::Unknown;
            answer.content = None;
        }
    }
    answer
}

fn image_path(id: ImageId, rest: &str) -> String {
    format!("/images/{id}{rest}")
}

fn text(text: &str) -> Payload {
    let bytes = (!text.is_empty()).then(|| Bytes::copy_from_slice(text.as_bytes()));
    Payload::Text(bytes)
}

fn typed(mut call: Call, media_type: &'static str) -> Call {
    let value = HeaderValue::from_static(media_type);
    call.request.headers_mut().insert(CONTENT_TYPE, value);
    call
}
