//! A request that is being answered, and what most calls do with it.

use crate::answer::Result;
use crate::catalog::{Image, ImageId, Requester, no_image};
use crate::config::Limits;
use crate::refusal::Refusal;
use crate::twin::{Ask, Twin};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::HeaderMap;
use hyper::body::Incoming;
use hyper::header::HeaderName;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::cell::RefCell;
use std::rc::Rc;
use stormglass_model::history::Content;
use stormglass_model::invocation::{Completion, Failure};
use stormglass_model::lifecycle::{Operation, Outcome, SubjectStatus, Who};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// What every connection shares.
pub(crate) type Shared = Rc<RefCell<Twin>>;

/// A request that is being answered.
pub(crate) struct Context {
    pub shared: Shared,
    /// Which of all requests it is.
    pub number: u64,
    pub headers: HeaderMap,
    pub query: Vec<(String, String)>,
    pub body: Incoming,
    pub limits: Limits,
    /// Where this server is, as whoever asks has written it.
    pub origin: String,
}

impl Context {
    /// The value of a header, if it is text.
    pub fn header(&self, name: &'static str) -> Option<String> {
        let value = self.headers.get(HeaderName::from_static(name))?;
        value.to_str().ok().map(str::to_owned)
    }

    /// The media type that is sent, without its parameters.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_lowercase()
    }

    pub fn requester(&self) -> Result<Requester> {
        let twin = self.shared.borrow();
        let by_headers = twin.config.development_tokens
            && self.header("x-identity-status").as_deref() == Some("Confirmed");
        if let Some(user) = self.header("x-user-id").filter(|_| by_headers) {
            let roles = self.header("x-roles").unwrap_or_default();
            return Ok(Requester {
                user,
                project: self.header("x-project-id").unwrap_or_default(),
                roles: roles
                    .split(',')
                    .map(|role| role.trim().to_owned())
                    .collect(),
            });
        }
        let token = self.header("x-auth-token");
        twin.identity.requester(token.as_deref(), twin.clock.unix())
    }

    /// The document that is sent, whole.
    pub async fn document(self) -> Result<Bytes> {
        let limited = Limited::new(self.body, self.limits.document);
        match timeout(self.limits.pause, limited.collect()).await {
            Ok(Ok(whole)) => Ok(whole.to_bytes()),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                Err(Refusal::too_large("The document is too large."))
            }
            Ok(Err(_)) => Err(Refusal::bad("The body broke off.")),
            Err(_) => Err(Refusal::bad("The body did not come in time.")),
        }
    }

    /// The same as a value of JSON, which must be an object or a list.
    pub async fn json(self) -> Result<serde_json::Value> {
        let document = self.document().await?;
        if document.is_empty() {
            return Err(Refusal::bad("Body expected in request."));
        }
        let value: serde_json::Value = serde_json::from_slice(&document)
            .map_err(|_| Refusal::bad("Malformed JSON in request body."))?;
        match value.is_object() || value.is_array() {
            true => Ok(value),
            false => Err(Refusal::bad("Unexpected body type. Expected list/dict.")),
        }
    }
}

/// On whose behalf something is done, as a history says it.
pub(crate) fn who(requester: &Requester, image: &Image) -> Who {
    match () {
        () if requester.is_admin() => Who::Admin,
        () if !requester.owns(image) => Who::OtherProject,
        () if !requester.has("member") => Who::Reader,
        () => Who::Member,
    }
}

/// A plain operation on an image.
pub(crate) fn ask_of(image: &Image, requester: &Requester, operation: Operation) -> Ask {
    Ask {
        image: image.id,
        subject: image.subject,
        operation,
        who: who(requester, image),
        content: Content::default(),
        in_parts: false,
    }
}

/// Waits for an answer.
pub(crate) async fn wait(answer: oneshot::Receiver<Result>) -> Result {
    let lost = || Err(Refusal::unavailable("The request was given up."));
    answer.await.unwrap_or_else(|_| lost())
}

/// Whether an operation was done; why not, if it was not. `refused` says what it means in the status that the image has.
pub(crate) fn done(
    twin: &mut Twin,
    completion: &Completion,
    id: ImageId,
    refused: impl FnOnce(SubjectStatus) -> Refusal,
) -> Result<()> {
    match completion.ending.outcome {
        Outcome::Ok => Ok(()),
        Outcome::Refused => {
            let status = twin.status(completion.invocation.subject);
            Err(status.map_or_else(|| no_image(id), refused))
        }
        Outcome::Fail | Outcome::Unknown | Outcome::Local => Err(match completion.failure {
            Some(Failure::Full) => Refusal::too_large(
                "Image storage media is full: there is not enough disk space on the image storage media.",
            ),
            Some(Failure::Lost) => Refusal::gone(format!(
                "Image {id} could not be found after upload. The image may have been deleted during the upload, cleaning up the chunks uploaded."
            )),
            Some(Failure::BrokenOff) => Refusal::bad("The data broke off."),
            Some(Failure::Missing) => Refusal::missing("The data is not in the store."),
            Some(Failure::NoRoom) => {
                Refusal::unavailable("The server has no room for the request.")
            }
            Some(Failure::Error) | None => Refusal::error(),
        }),
    }
}

/// A text as a part of a query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A path with its query, from another marker on.
pub(crate) fn with_query(
    path: &str,
    pairs: &[(String, String)],
    marker: Option<ImageId>,
) -> String {
    let kept = pairs.iter().filter(|(name, _)| name != "marker");
    let kept = kept.map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    let marker = marker.map(|id| format!("marker={id}"));
    let all: Vec<String> = kept.chain(marker).collect();
    match all.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", all.join("&")),
    }
}
