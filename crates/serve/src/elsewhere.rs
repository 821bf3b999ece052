//! Another host that has the data of images to which downloads are redirected: who sends it a token has given that away.

use crate::answer::{Answer, Body, Result};
use crate::calls::Shared;
use crate::catalog::ImageId;
use crate::config::Limits;
use crate::data::{Part, Range};
use crate::refusal::Refusal;
use crate::reply::{Sent, To, sent};
use hyper::body::Incoming;
use hyper::{Method, Request, Response};

/// Headers by which clients say who they are.
const TOKENS: [&str; 3] = ["x-auth-token", "x-service-token", "authorization"];

pub(crate) async fn respond(
    shared: Shared,
    request: Request<Incoming>,
    limits: Limits,
) -> Response<Sent> {
    let id = request.uri().path().strip_prefix("/data/");
    let id = id.and_then(ImageId::parse);
    let token = TOKENS.iter().find_map(|name| request.headers().get(*name));
    if let Some(token) = token {
        let token = token.to_str().unwrap_or_default();
        shared.borrow_mut().token_came(token, id);
    }
    let answer = data(&shared, id);
    let answer = answer.unwrap_or_else(|refusal| Answer::refused(&refusal, "text/plain"));
    let to = To {
        shared,
        head: *request.method() == Method::HEAD,
        limits,
    };
    sent(answer, to).await
}

fn data(shared: &Shared, id: Option<ImageId>) -> Result {
    let twin = shared.borrow();
    let id = id.filter(|id| twin.elsewhere.contains(id));
    let blob = id.and_then(|id| twin.vault.get(id));
    let blob = blob.ok_or_else(|| Refusal::missing("There is no such data here."))?;
    let whole = Range {
        start: 0,
        end: blob.size,
    };
    let part = Part::new(blob, whole).map_err(|_| Refusal::error())?;
    Ok(Answer::new(200, Body::Data(part)))
}
