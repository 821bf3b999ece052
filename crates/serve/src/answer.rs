//! What is answered, before it is bytes on a connection.

use crate::catalog::ImageId;
use crate::clients::Client;
use crate::data::Part;
use crate::refusal::Refusal;
use serde_json::Value;
use stormglass_model::fault::ReplyFault;

/// What becomes of a request.
pub(crate) type Result<T = Answer> = std::result::Result<T, Refusal>;

/// By what name the request of this number is known: its answer bears it, and so does a task that it orders.
pub(crate) fn request_id(number: u64) -> String {
    format!("req-{number:08x}-0000-4000-8000-000000000000")
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Body,
    /// What is to go wrong on its way.
    pub struck: Option<Box<Struck>>,
}

/// A fault that strikes an answer, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Struck {
    pub fault: ReplyFault,
    pub client: Client,
    pub image: Option<ImageId>,
}

/// What is in it.
#[derive(Debug)]
pub(crate) enum Body {
    Empty,
    /// Its media type, and a text.
    Text(&'static str, String),
    /// A part of an image's data.
    Data(Part),
    /// Data that lies at this place.
    Elsewhere {
        url: String,
    },
}

impl Answer {
    pub fn new(status: u16, body: Body) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body,
            struck: None,
        }
    }

    /// Nothing but a status code.
    pub fn empty(status: u16) -> Answer {
        Answer::new(status, Body::Empty)
    }

    /// A document.
    pub fn json(status: u16, document: &Value) -> Answer {
        Answer::new(status, Body::Text("application/json", document.to_string()))
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    /// A refusal, for a client that takes these media types.
    pub fn refused(refusal: &Refusal, accept: &str) -> Answer {
        let (status, title) = (refusal.status, title(refusal.status));
        let html = accept.is_empty()
            || ["*/*", "text/html", "text/*"]
                .iter()
                .any(|it| accept.contains(it));
        let body = match html {
            false if accept.contains("application/json") => {
                let text = serde_json::json!({
                    "message": refusal.text,
                    "code": format!("{status} {title}"),
                    "title": title,
                });
                Body::Text("application/json", text.to_string())
            }
            false => Body::Text(
                "text/plain; charset=UTF-8",
                format!("{status} {title}\n\n{}\n\n", refusal.text),
            ),
            true => Body::Text(
                "text/html; charset=UTF-8",
                format!(
                    "<html>\n <head>\n  <title>{status} {title}</title>\n </head>\n <body>\n  <h1>{status} {title}</h1>\n  {}<br /><br />\n\n\n </body>\n</html>",
                    escaped(&refusal.text)
                ),
            ),
        };
        Answer {
            headers: refusal.header.clone().into_iter().collect(),
            ..Answer::new(status, body)
        }
    }
}

/// A text inside HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        410 => "Gone",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        416 => "Requested Range Not Satisfiable",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    }
}
