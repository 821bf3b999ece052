//! Answers on their way over a connection, and what goes wrong with them.

use crate::answer::{Answer, Body, Struck};
use crate::calls::{Fetched, Shared, fetch};
use crate::config::Limits;
use crate::data::{Digest, Part};
use bytes::{Bytes, BytesMut};
use http_body_util::channel::{Channel, Sender};
use http_body_util::{Either, Full};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};
use std::io;
use std::time::Duration;
use stormglass_model::fault::ReplyFault;
use tokio::time::timeout;

/// What is sent.
pub(crate) type Sent = Either<Full<Bytes>, Channel<Bytes, io::Error>>;

/// To whom an answer goes.
pub(crate) struct To {
    pub shared: Shared,
    /// Whether only the head is wanted.
    pub head: bool,
    pub limits: Limits,
}

/// An answer as it goes over the connection.
pub(crate) async fn sent(answer: Answer, to: To) -> Response<Sent> {
    let Answer {
        mut status,
        headers,
        body,
        struck,
    } = answer;
    let mut kind = None;
    let mut length = None;
    let pause = to.limits.pause;
    let body: Sent = match body {
        Body::Empty => Either::Left(Full::default()),
        Body::Text(media_type, text) => {
            kind = Some(media_type);
            Either::Left(Full::new(text.into()))
        }
        Body::Data(part) => {
            kind = Some("application/octet-stream");
            length = Some(part.length());
            let (sender, channel) = Channel::new(2);
            match struck {
                _ if to.head => {}
                Some(struck) => drop(tokio::task::spawn_local(spoil(part, sender, struck, to))),
                None => drop(tokio::task::spawn_local(send(part, sender, pause))),
            }
            Either::Right(channel)
        }
        Body::Elsewhere { url } => match fetch(Method::GET, &url).await {
            Ok(fetched) => {
                kind = Some("application/octet-stream");
                length = fetched.length;
                let (sender, channel) = Channel::new(2);
                tokio::task::spawn_local(relay(fetched, sender, pause));
                Either::Right(channel)
            }
            Err(_) => {
                status = 204;
                Either::Left(Full::default())
            }
        },
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let all = response.headers_mut();
    if let Some(kind) = kind {
        all.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Some(length) = length {
        all.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            all.append(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Sends data as fast as the client takes it, but waits for none for ever.
async fn send(mut part: Part, mut sender: Sender<Bytes, io::Error>, pause: Duration) {
    loop {
        match part.next() {
            Ok(Some(data)) => {
                let taken = timeout(pause, sender.send_data(data)).await;
                if !matches!(taken, Ok(Ok(()))) {
                    return; // dropped in the middle, so that the connection breaks off
                }
            }
            Ok(None) => return,
            Err(error) => return sender.abort(error),
        }
    }
}

/// Sends data that is cut off or changed, and notes what the client was sent.
async fn spoil(mut part: Part, mut sender: Sender<Bytes, io::Error>, struck: Box<Struck>, to: To) {
    let whole = part.length();
    let (mut left, how) = match struck.fault {
        ReplyFault::Cut { after } => {
            // All of it would not be cut off.
            let most = whole.saturating_sub(1);
            (((whole as f64 * after) as u64).min(most), "cut off")
        }
        _ => (whole, "with another bit in it"),
    };
    let mut flips = struck.fault == ReplyFault::Corrupt;
    let mut digest = Digest::default();
    while left > 0 {
        let data = match part.next() {
            Ok(Some(data)) => data,
            Ok(None) => break,
            Err(error) => return sender.abort(error),
        };
        let mut data = data.slice(..data.len().min(left as usize));
        if flips {
            data = flipped(&data);
            flips = false;
        }
        left -= data.len() as u64;
        digest.push(&data);
        let taken = timeout(to.limits.pause, sender.send_data(data)).await;
        if !matches!(taken, Ok(Ok(()))) {
            return;
        }
    }
    let cut = matches!(struck.fault, ReplyFault::Cut { .. });
    if whole > 0
        && let Some(image) = struck.image
    {
        let mut twin = to.shared.borrow_mut();
        twin.delivered_wrong(struck.client, image, digest.hex(), how);
    }
    if cut {
        sender.abort(io::ErrorKind::ConnectionAborted.into());
    }
}

/// The same but for the lowest bit of the first byte.
fn flipped(data: &Bytes) -> Bytes {
    let mut data = BytesMut::from(&data[..]);
    if let Some(first) = data.first_mut() {
        *first ^= 1;
    }
    data.freeze()
}

async fn relay(mut fetched: Fetched, mut sender: Sender<Bytes, io::Error>, pause: Duration) {
    loop {
        match fetched.next().await {
            Ok(Some(data)) => {
                let taken = timeout(pause, sender.send_data(data)).await;
                if !matches!(taken, Ok(Ok(()))) {
                    return;
                }
            }
            Ok(None) => return,
            Err(refusal) => return sender.abort(io::Error::other(refusal.text)),
        }
    }
}
