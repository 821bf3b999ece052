//! What each call does: checks who asks and what for, sends the service its operation, and says what comes of it.

mod context;
mod control;
mod definitions;
mod download;
mod fetch;
mod images;
mod import;
mod info;
mod members;
mod places;
mod tasks;
mod upload;

pub(crate) use context::Shared;
pub(crate) use download::part;
pub(crate) use fetch::{Fetched, fetch};

use crate::answer::{Answer, Body, Result, Struck};
use crate::catalog::{ImageId, Requester};
use crate::clients::{Client, Doing};
use crate::refusal::Refusal;
use crate::route::{Call, ImageCall, pairs, route};
use context::Context;
use hyper::body::Incoming;
use hyper::{Method, Request};
use std::rc::Rc;
use stormglass_model::fault::ReplyFault;
use stormglass_model::lifecycle::Operation;

/// Answers a request, which is the one of this number.
pub(crate) async fn answer(shared: Shared, request: Request<Incoming>, number: u64) -> Result {
    let (head, body) = request.into_parts();
    let mut method = head.method;
    // What a look at the head alone shows is the head of what a look shows.
    if method == Method::HEAD && !head.uri.path().starts_with("/identity") {
        method = Method::GET;
    }
    let call = route(method.as_str(), head.uri.path());
    let host = head
        .headers
        .get(hyper::header::HOST)
        .and_then(|it| it.to_str().ok());
    let limits = shared.borrow().config.limits;
    let context = Context {
        limits,
        origin: format!("http://{}", host.unwrap_or("127.0.0.1")),
        query: pairs(head.uri.query()),
        headers: head.headers,
        body,
        number,
        shared,
    };
    let call = match call {
        Ok(call) => call,
        // Who asks comes before what is asked for.
        Err(refusal) => {
            context.requester()?;
            return Err(refusal);
        }
    };
    match call {
        Call::Versions { chosen } => return Ok(info::versions(&context.origin, chosen)),
        Call::Health => return Ok(Answer::json(200, &serde_json::json!({ "reasons": [] }))),
        Call::Identity(path) => return identity(context, method.as_str(), &path).await,
        Call::Control(path) => return control::answer(context, method.as_str(), &path).await,
        _ => {}
    }
    let requester = context.requester()?;
    let (shared, on) = (Rc::clone(&context.shared), concerns(&call));
    match begin(&context, &requester, &call, on)? {
        None => perform(context, requester, call).await,
        Some(fault) => {
            let struck = Box::new(Struck {
                fault,
                client: Client::of(&requester),
                image: on,
            });
            let answered = perform(context, requester, call).await;
            spoiled(&shared, struck, answered)
        }
    }
}

/// The image or the task that a call is about.
fn concerns(call: &Call) -> Option<ImageId> {
    match call {
        Call::Image(id, _) | Call::ShowTask(id) | Call::DeleteFromStore { image: id, .. } => {
            Some(*id)
        }
        _ => None,
    }
}

/// Notes what a client asks, and draws what is to go wrong with the reply.
fn begin(
    context: &Context,
    requester: &Requester,
    call: &Call,
    on: Option<ImageId>,
) -> Result<Option<ReplyFault>> {
    let Some(doing) = Doing::of(call) else {
        return Ok(None);
    };
    let mut twin = context.shared.borrow_mut();
    twin.asked(context.number, requester, doing, on);
    match twin.reply_fault(doing == Doing::Download) {
        Some(ReplyFault::Busy { retry_after }) => Err(Refusal::busy(retry_after)),
        fault => Ok(fault),
    }
}

/// An answer with which something is to go wrong.
fn spoiled(shared: &Shared, struck: Box<Struck>, answered: Result) -> Result {
    match (struck.fault, answered) {
        // Nobody will read it.
        (ReplyFault::Lost, Err(refusal)) => Ok(Answer {
            struck: Some(struck),
            ..Answer::empty(refusal.status)
        }),
        (ReplyFault::Redirect, Ok(answer)) if matches!(answer.body, Body::Data(_)) => {
            let elsewhere =
                (struck.image).and_then(|image| shared.borrow_mut().put_elsewhere(image));
            Ok(match elsewhere {
                Some(url) => Answer::empty(302).with("location", url),
                None => answer,
            })
        }
        (_, answered) => answered.map(|answer| Answer {
            struck: Some(struck),
            ..answer
        }),
    }
}

async fn perform(context: Context, requester: Requester, call: Call) -> Result {
    match call {
        Call::Schema(name) => info::schema(&name),
        Call::Info(what) => info::info(&context, &requester, what),
        Call::Definitions(call) => definitions::answer(context, &requester, call).await,
        Call::ListImages => images::list(&context, &requester).await,
        Call::CreateImage => images::create(context, requester).await,
        Call::Image(id, call) => of_image(context, requester, id, call).await,
        Call::DeleteFromStore { store, image } => {
            places::delete_from_store(&context, &requester, &store, image)
        }
        Call::ListTasks => tasks::list(&context, &requester),
        Call::CreateTask => tasks::create(context, requester).await,
        Call::ShowTask(id) => tasks::show(&context, &requester, id),
        Call::DeleteTask(id) => tasks::delete(&context, &requester, id),
        Call::Versions { .. } | Call::Health | Call::Identity(_) | Call::Control(_) => {
            Err(Refusal::missing("The resource could not be found."))
        }
    }
}

async fn of_image(context: Context, requester: Requester, id: ImageId, call: ImageCall) -> Result {
    match call {
        ImageCall::Show => images::show(&context, &requester, id).await,
        ImageCall::Update => images::update(context, requester, id).await,
        ImageCall::Delete => images::delete(&context, &requester, id).await,
        ImageCall::Deactivate => {
            images::turn(&context, &requester, id, Operation::Deactivate).await
        }
        ImageCall::Reactivate => {
            images::turn(&context, &requester, id, Operation::Reactivate).await
        }
        ImageCall::Download => download::download(&context, &requester, id).await,
        ImageCall::Upload => upload::take(context, requester, id, Operation::Upload).await,
        ImageCall::Stage => upload::take(context, requester, id, Operation::Stage).await,
        ImageCall::Import => import::import(context, requester, id).await,
        ImageCall::ListTasks => tasks::of_image(&context, &requester, id),
        ImageCall::AddTag(tag) => members::tag(&context, &requester, id, tag, true).await,
        ImageCall::RemoveTag(tag) => members::tag(&context, &requester, id, tag, false).await,
        ImageCall::ListMembers => members::list(&context, &requester, id),
        ImageCall::AddMember => members::add(context, requester, id).await,
        ImageCall::ShowMember(member) => members::show(&context, &requester, id, &member),
        ImageCall::UpdateMember(member) => members::update(context, requester, id, member).await,
        ImageCall::RemoveMember(member) => members::remove(&context, &requester, id, &member).await,
        ImageCall::ListLocations => places::list(&context, &requester, id),
        ImageCall::AddLocation => import::register(context, requester, id).await,
    }
}

async fn identity(context: Context, method: &str, path: &[String]) -> Result {
    let token = context.header("x-auth-token");
    let subject = context.header("x-subject-token");
    let (shared, origin) = (Rc::clone(&context.shared), context.origin.clone());
    let body = context.document().await?;
    let mut twin = shared.borrow_mut();
    let request = crate::identity::Request {
        method,
        path,
        body: &body,
        token: token.as_deref(),
        subject: subject.as_deref(),
        origin: &origin,
        now: twin.clock.unix(),
    };
    twin.identity.answer(&request)
}
