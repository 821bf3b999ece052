//! What a server answers, read to its end within a limit of size and time.

use super::content::{Payload, Tally};
use crate::clock::now;
use crate::generator::LocalFailure;
use crate::shown::redacted;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use std::error::Error;
use std::time::Duration;
use stormglass_model::history::Content;
use tokio::time::timeout_at;

/// The most of a reply's text that is read. Images are not read as text.
const TEXT_MAX: usize = 1024 * 1024;

/// A reply, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: Bytes,
    /// The content of a download. One byte more than was asked for at most is counted.
    pub content: Option<Content>,
    /// Why the reply's body could not be read to its end.
    pub cut: Option<String>,
    /// What of that failed on this machine.
    pub local: Option<LocalFailure>,
}

/// Why a body could not be read to its end.
struct Cut {
    text: String,
    local: Option<LocalFailure>,
}

impl Cut {
    fn of(text: String) -> Cut {
        Cut { text, local: None }
    }

    fn broken(error: &(dyn Error + 'static)) -> Cut {
        Cut {
            text: explain(error),
            local: LocalFailure::of("the connection broke", error),
        }
    }
}

/// Reads the rest of a reply, of which at most `content_max` bytes are content.
pub(super) async fn read(
    response: hyper::Response<Incoming>,
    content_max: Option<u64>,
    limit: Duration,
) -> Reply {
    let status = response.status().as_u16();
    let framed = is_framed(&response);
    let (head, body) = response.into_parts();
    let mut reply = Reply {
        status,
        headers: head.headers,
        text: Bytes::new(),
        content: None,
        cut: None,
        local: None,
    };
    let cut = |reply: &mut Reply, cut: Cut| {
        reply.cut = Some(cut.text);
        reply.local = cut.local;
    };
    match content_max {
        Some(most) if matches!(status, 200 | 206) => {
            match read_content(body, most, limit).await {
                Ok(content) => {
                    reply.content = Some(content);
                    if !framed && content.size < most {
                        // Nothing says whether this is the end or a connection that broke.
                        reply.cut = Some("the reply has no length and ended early".to_owned());
                    } else if content.size > most {
                        reply.cut = Some(format!(
                            "more than {most} bytes came; the rest was not read"
                        ));
                    }
                }
                Err(why) => cut(&mut reply, why),
            }
        }
        _ => match read_text(body, limit).await {
            Ok(text) => reply.text = text,
            Err(why) => cut(&mut reply, why),
        },
    }
    reply
}

/// Counts and digests at most one byte more than `most`. Every piece must come within the limit, whatever drips meanwhile.
async fn read_content(mut body: Incoming, most: u64, limit: Duration) -> Result<Content, Cut> {
    let mut received = Tally::default();
    let (mut until, mut piece) = (now() + limit, Payload::CHUNK);
    loop {
        match timeout_at(until, body.frame()).await {
            Err(_) => return Err(Cut::of(format!("no more content within {limit:?}"))),
            Ok(None) => return Ok(received.content()),
            Ok(Some(Err(error))) => return Err(Cut::broken(&error)),
            Ok(Some(Ok(frame))) => {
                let Some(bytes) = frame.data_ref() else {
                    continue;
                };
                let room = most.saturating_add(1) - received.size;
                let wanted = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
                received.add(&bytes[..wanted]);
                if received.size >= piece {
                    until = now() + limit;
                    piece = received.size + Payload::CHUNK;
                }
                if received.size > most {
                    return Ok(received.content());
                }
            }
        }
    }
}

async fn read_text(body: Incoming, limit: Duration) -> Result<Bytes, Cut> {
    let too_long = || {
        let why = format!("the reply is longer than {TEXT_MAX} bytes");
        Err(Cut::of(why))
    };
    if body.size_hint().lower() > TEXT_MAX as u64 {
        return too_long();
    }
    // The limit is for the whole: nothing this short comes slowly.
    let reading = Limited::new(body, TEXT_MAX).collect();
    match timeout_at(now() + limit, reading).await {
        Err(_) => Err(Cut::of(format!("the reply did not end within {limit:?}"))),
        Ok(Ok(text)) => Ok(text.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => too_long(),
        Ok(Err(error)) => Err(Cut::broken(&*error)),
    }
}

/// Takes a token out of a reply: a server may say what it was told, and replies are shown.
pub(super) fn redact(text: &mut Bytes, secret: &[u8]) {
    let said = String::from_utf8_lossy(text);
    let left = redacted(&said, &String::from_utf8_lossy(secret));
    if left != said {
        *text = left.into();
    }
}

/// Whether the server means to keep the connection.
pub(super) fn keeps_open(response: &hyper::Response<Incoming>) -> bool {
    let closes = |value: &HeaderValue| {
        (value.to_str()).is_ok_and(|text| text.to_ascii_lowercase().contains("close"))
    };
    is_framed(response) && !response.headers().get_all(CONNECTION).iter().any(closes)
}

/// Whether the reply says where it ends. One that does not ends with its connection.
fn is_framed(response: &hyper::Response<Incoming>) -> bool {
    let headers = response.headers();
    response.status() == hyper::StatusCode::NO_CONTENT
        || headers.contains_key(CONTENT_LENGTH)
        || headers.contains_key(TRANSFER_ENCODING)
}

/// An error with its causes, in one line.
pub(super) fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
