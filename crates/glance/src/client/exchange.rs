//! One exchange: a request as Glance wants it, and its reply judged.

use super::{Client, OperationContext};
use crate::answer::{Answer, Exchange, both_ends, line};
use crate::auth::{Caller, LoginError, Secret, TOKEN};
use crate::clock::{now, since};
use crate::dialect::{self, Asked, Image};
use crate::http::{Call, Payload, Reply, Times, Trouble, Watch};
use hyper::header::{HOST, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use std::rc::Rc;
use stormglass_model::history::Ending;
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use stormglass_model::script::ClientFault;
use stormglass_model::units::Time;
use tokio::sync::oneshot;

/// The most of a text body that is kept.
const TEXT_KEPT: usize = 4096;
/// Why a token cannot be revoked.
const NO_LOGIN: &str =
    "it needs a client that logs in at Keystone, with a password or an application credential";

impl Client {
    /// A request of this client, whose body is `data` where it is no text.
    pub(super) fn call(&self, asked: Asked, data: Option<Payload>) -> Call {
        let endpoint = self.shared.connections.endpoint();
        let path = format!("{}/v2{}", endpoint.prefix, asked.path);
        let media_type = asked.media_type();
        let body = data.unwrap_or_else(|| Payload::text(asked.text));
        Call::new(asked.method, &path, &endpoint.authority, media_type, body)
    }

    /// Reads what is at `path`.
    pub(super) async fn get(&self, who: Who, path: &str) -> Result<Reply, Trouble> {
        let call = self.call(Asked::get(path), None);
        self.send(who, call, &mut Times::default()).await
    }

    /// Reads a list of `what` at `path` as an admin, or without one as the member. The error is one line.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        what: &str,
    ) -> Result<T, String> {
        let reply = self.get(Who::Admin, path).await;
        let reply = reply.map_err(|trouble| line(trouble.text()))?;
        match reply {
            Reply { cut: Some(cut), .. } => Err(line(&cut)),
            Reply { status: 200, .. } => serde_json::from_slice(&reply.text)
                .map_err(|_| format!("no list of {what} in the reply")),
            Reply { status, .. } => Err(format!("HTTP {status}")),
        }
    }

    /// Sends a request as `who`, and reads its reply. `times` grows by what was spent before the server had the request.
    ///
    /// A request without a body whose token was no longer accepted is sent once more with a new one: it had no effect.
    pub(super) async fn send(
        &self,
        who: Who,
        mut call: Call,
        times: &mut Times,
    ) -> Result<Reply, Trouble> {
        let caller = self.caller(who);
        let revokes = |watch: &Rc<Watch>| watch.fault == Some(ClientFault::Revoke);
        if let Some(watch) = call.watch.clone().filter(revokes) {
            return self.send_revoked(&caller, call, &watch, times).await;
        }
        let mut again = call.repeated().filter(|_| caller.renews());
        loop {
            let token = sign(&caller, &mut call, times).await?;
            let reply = self.shared.connections.exchange(call, times).await?;
            let renewed = caller.answered(token.as_ref(), reply.status);
            match again.take() {
                Some(repeated) if renewed => call = repeated,
                _ => return Ok(reply),
            }
        }
    }

    /// Why the clients of `who` cannot do wrong in this way, if they cannot.
    pub fn unable(&self, who: Who, fault: ClientFault) -> Option<&'static str> {
        let needs = fault == ClientFault::Revoke && self.caller(who).lasting().is_none();
        needs.then_some(NO_LOGIN)
    }

    /// Sends a request with a token of its own, which is revoked at the point of the watch; only then the request goes on.
    async fn send_revoked(
        &self,
        caller: &Caller,
        mut call: Call,
        watch: &Watch,
        times: &mut Times,
    ) -> Result<Reply, Trouble> {
        let none = || Trouble::NotSent(NO_LOGIN.to_owned());
        let session = caller.lasting().ok_or_else(none)?;
        let began = now();
        let token = session.token_apart().await;
        times.waited += since(began);
        let token = token.map_err(unsigned)?;
        call.secret = token.header();
        let headers = call.request.headers_mut();
        headers.extend(
            token
                .header()
                .map(|value| (HeaderName::from_static(TOKEN), value)),
        );
        let (done, revoked) = oneshot::channel();
        watch.revoked.replace(Some(revoked));
        let exchange = async {
            let reply = self.shared.connections.exchange(call, times).await;
            watch.pass(); // a point that is the answer, or was never reached
            reply
        };
        let revoke = async {
            watch.passed().await;
            if let Err(why) = session.revoke(&token).await {
                watch.not_revoked(why);
            }
            let _ = done.send(()); // nobody waits for it after the answer
        };
        tokio::join!(exchange, revoke).0
    }

    /// Who asks as `who`.
    pub(super) fn caller(&self, who: Who) -> Rc<Caller> {
        let known = |who: Who| self.shared.identities[who.index()].clone();
        match (known(who), who) {
            (Some(caller), _) => caller,
            // Without an admin the member asks, and is shown less.
            (None, Who::Admin) => known(Who::Member).unwrap_or_default(),
            (None, _) => Rc::default(),
        }
    }

    /// One exchange, judged, and kept if this client keeps them.
    pub(super) async fn exchange(
        &self,
        context: &mut OperationContext<'_>,
        mut call: Call,
    ) -> (Answer, Result<Reply, Trouble>) {
        call.watch = context.watch.clone();
        let clock = self.clock.as_ref();
        let kept = clock.map(|clock| self.noted(context.request.who, &call, clock()));
        let (content_max, transfer) = (call.content_max, call.transfer.clone());
        let came = (self.send(context.request.who, call, &mut context.times)).await;
        context.sent |= !came.as_ref().is_err_and(Trouble::is_unsent);
        if let (Some(mut kept), Some(clock)) = (kept, &self.clock) {
            kept.ended = Some(clock());
            let sent = context.watch.as_ref().map(|watch| watch.sent.get().body);
            if let Some(declared) = kept.data {
                // In chunks, more goes over the wire.
                kept.data_sent = sent.unwrap_or(transfer.taken.get()).min(declared);
            }
            kept.status = came.as_ref().ok().map(|reply| reply.status);
            kept.reply = match &came {
                Ok(Reply { cut: Some(cut), .. }) => line(cut),
                Ok(reply) => both_ends(&String::from_utf8_lossy(&reply.text)),
                Err(trouble) => line(trouble.text()),
            };
            context.exchanges.push(kept);
        }
        match came {
            Ok(reply) => {
                let answer = judge(context.request.operation, &reply, content_max);
                (answer, Ok(reply))
            }
            Err(trouble) => {
                let answer = unanswered(context.request.operation, &trouble, &context.watch);
                (answer, Err(trouble))
            }
        }
    }

    /// What is kept of a request. Who asks is not yet in its head.
    fn noted(&self, who: Who, call: &Call, sent: Time) -> Exchange {
        let request = &call.request;
        let prefix = self.shared.connections.endpoint().prefix.as_str();
        let path = request.uri().to_string();
        let shown = |(name, value): (&hyper::header::HeaderName, &HeaderValue)| {
            let value = value.to_str().ok().filter(|_| !value.is_sensitive())?;
            (*name != HOST).then(|| (name.to_string(), value.to_owned()))
        };
        let (text, data) = match request.body() {
            Payload::Text(text) => (&text[..], None),
            Payload::Upload(_) => (&[][..], Some(request.body().left())),
        };
        Exchange {
            sent,
            ended: None,
            who,
            method: request.method().to_string(),
            path: path.strip_prefix(prefix).unwrap_or(&path).to_owned(),
            headers: request.headers().iter().filter_map(shown).collect(),
            text: String::from_utf8_lossy(&text[..text.len().min(TEXT_KEPT)]).into_owned(),
            data,
            data_sent: 0,
            status: None,
            reply: String::new(),
        }
    }
}

/// Puts into a request who sends it. Waiting for a login is not the server's doing.
async fn sign(
    caller: &Caller,
    call: &mut Call,
    times: &mut Times,
) -> Result<Option<Secret>, Trouble> {
    let began = now();
    let headers = call.request.headers_mut();
    let signed = caller.sign(headers).await;
    call.secret = headers.get(TOKEN).cloned();
    times.waited += since(began);
    signed.map_err(unsigned)
}

/// Without a token nothing is sent.
fn unsigned(error: LoginError) -> Trouble {
    match error {
        LoginError::Local { failure, .. } => Trouble::Local(failure),
        error => Trouble::NotSent(error.to_string()),
    }
}

/// What is known of an operation that was not answered.
pub(super) fn unanswered(
    operation: Operation,
    trouble: &Trouble,
    watch: &Option<Rc<Watch>>,
) -> Answer {
    let outcome = without_reply(operation, trouble, watch);
    let mut answer = Answer::new(outcome).with_note(line(trouble.text()));
    answer.http_status = matches!(trouble, Trouble::Malformed(_)).then_some(Ending::NO_HTTP);
    answer.broken_off = matches!(trouble, Trouble::BrokenOff(_));
    answer
}

/// How an operation ended that was not answered.
fn without_reply(operation: Operation, trouble: &Trouble, watch: &Option<Rc<Watch>>) -> Outcome {
    let impossible = match (trouble, watch) {
        (Trouble::Local(_), _) => return Outcome::Local,
        // Nothing was sent, so nothing can have happened.
        (Trouble::NotSent(_), _) => true,
        (_, Some(watch)) if watch.struck() => {
            let sent = watch.sent.get();
            !sent.began || operation.sends_data() && !sent.whole
        }
        _ => false,
    };
    match impossible {
        true => Outcome::Fail,
        false => Outcome::Unknown,
    }
}

fn judge(operation: Operation, reply: &Reply, content_max: Option<u64>) -> Answer {
    let mut answer = Answer::new(dialect::outcome(operation, reply.status));
    answer.http_status = Some(reply.status);
    answer.observed = dialect::gone(operation, reply.status);
    answer.content = reply.content;
    if (200..300).contains(&reply.status) {
        if let Ok(image) = serde_json::from_slice::<Image>(&reply.text) {
            answer.observed = image.seen();
            answer.content = image.content();
            answer.property = image.property();
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
