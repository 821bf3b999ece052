//! Tags, and the projects with which an image is shared.

use super::context::{Context, ask_of, done, wait};
use crate::answer::{Answer, Result};
use crate::catalog::{
    Image, ImageId, Member, MemberStatus, Requester, Rights, Visibility, member_view,
    tag as checked,
};
use crate::refusal::Refusal;
use crate::twin::Twin;
use serde_json::{Value, json};
use stormglass_model::lifecycle::Operation;

/// The most members and tags that an image has.
const MOST: usize = 128;

/// Adds a tag, or removes it.
pub(crate) async fn tag(
    context: &Context,
    requester: &Requester,
    id: ImageId,
    tag: String,
    adds: bool,
) -> Result {
    let tag = checked(&tag)?;
    let answer = {
        let mut twin = context.shared.borrow_mut();
        let (image, _) = twin.image(requester, id)?;
        requester.may(Rights::Modify, image)?;
        if !adds && !image.tags.contains(&tag) {
            return Err(Refusal::missing("The resource could not be found."));
        }
        if adds && image.tags.len() >= MOST && !image.tags.contains(&tag) {
            return Err(Refusal::too_large(format!(
                "Image tag limit exceeded for image {id}: Maximum: {MOST}"
            )));
        }
        let ask = ask_of(image, requester, Operation::SetProperty);
        twin.ask(ask, move |twin, completion| {
            done(twin, completion, id, |_| Refusal::error())?;
            if let Some(image) = twin.catalog.image_mut(id) {
                match adds {
                    true => image.tags.insert(tag),
                    false => image.tags.remove(&tag),
                };
            }
            twin.touch(id);
            Ok(Answer::empty(204))
        })
        .answer
    };
    wait(answer).await
}

/// Only shared images have members.
fn shared_image<'a>(twin: &'a mut Twin, requester: &Requester, id: ImageId) -> Result<&'a Image> {
    let (image, _) = twin.image(requester, id)?;
    match image.visibility {
        Visibility::Shared => Ok(image),
        _ => Err(Refusal::forbidden("Only shared images have members.")),
    }
}

pub(crate) fn list(context: &Context, requester: &Requester, id: ImageId) -> Result {
    let mut twin = context.shared.borrow_mut();
    let image = shared_image(&mut twin, requester, id)?;
    let all = requester.is_admin() || requester.owns(image);
    let shown: Vec<Value> = (image.members.iter())
        .filter(|(project, _)| all || **project == requester.project)
        .map(|(project, member)| member_view(id, project, member))
        .collect();
    let document = json!({ "members": shown, "schema": "/v2/schemas/members" });
    Ok(Answer::json(200, &document))
}

pub(crate) fn show(context: &Context, requester: &Requester, id: ImageId, project: &str) -> Result {
    let mut twin = context.shared.borrow_mut();
    let missing = || not_a_member(id, project);
    let image = match shared_image(&mut twin, requester, id) {
        Err(refusal) if refusal.status == 403 => return Err(Refusal::missing(refusal.text)),
        image => image?,
    };
    let member = image.members.get(project).ok_or_else(missing)?;
    let may = requester.is_admin() || requester.owns(image) || requester.project == project;
    match may {
        true => Ok(Answer::json(200, &member_view(id, project, member))),
        false => Err(missing()),
    }
}

fn not_a_member(id: ImageId, project: &str) -> Refusal {
    Refusal::missing(format!(
        "{project} not found in the member list of the image {id}."
    ))
}

/// One text of a document that is an object.
fn text_of(body: &Value, name: &str, missing: &str) -> Result<String> {
    let form = || {
        Refusal::bad(format!(
            "Expected a {name} in the form: {{\"{name}\": \"…\"}}"
        ))
    };
    let value = body.as_object().ok_or_else(form)?.get(name);
    let value = value.ok_or_else(|| Refusal::bad(missing))?;
    value.as_str().map(str::to_owned).ok_or_else(form)
}

pub(crate) async fn add(context: Context, requester: Requester, id: ImageId) -> Result {
    let shared = context.shared.clone();
    let body = context.json().await?;
    let project = text_of(&body, "member", "Member to be added not specified")?;
    if project.is_empty() {
        return Err(Refusal::bad("Member can't be empty"));
    }
    if project.chars().count() > 255 {
        return Err(Refusal::bad("Member id is too long"));
    }
    let answer = {
        let mut twin = shared.borrow_mut();
        let image = shared_image(&mut twin, &requester, id)?;
        requester.may(Rights::Modify, image)?;
        if image.members.len() >= MOST {
            return Err(Refusal::too_large(format!(
                "Image member limit exceeded for image {id}: Maximum: {MOST}"
            )));
        }
        let ask = ask_of(image, &requester, Operation::SetProperty);
        twin.ask(ask, move |twin, completion| {
            done(twin, completion, id, |_| Refusal::error())?;
            let now = twin.clock.unix();
            let image = twin.catalog.image_mut(id);
            let image = image.ok_or_else(|| crate::catalog::no_image(id))?;
            if image.members.contains_key(&project) {
                return Err(Refusal::conflict(format!(
                    "Member {project} is duplicated for image {id}"
                )));
            }
            let member = Member {
                status: MemberStatus::Pending,
                created: now,
                updated: now,
            };
            let shown = member_view(id, &project, &member);
            image.members.insert(project, member);
            Ok(Answer::json(200, &shown))
        })
        .answer
    };
    wait(answer).await
}

pub(crate) async fn update(
    context: Context,
    requester: Requester,
    id: ImageId,
    project: String,
) -> Result {
    let shared = context.shared.clone();
    let body = context.json().await?;
    let status = text_of(&body, "status", "Status not specified")?;
    let answer = {
        let mut twin = shared.borrow_mut();
        let image = shared_image(&mut twin, &requester, id)?;
        let missing = || not_a_member(id, &project);
        let its_own = requester.project == project && requester.has("member");
        if !image.members.contains_key(&project) {
            return Err(missing());
        }
        if !its_own && !requester.is_admin() {
            return Err(Refusal::forbidden(format!(
                "Not allowed to update members for image {id}."
            )));
        }
        let status = MemberStatus::from_name(&status).ok_or_else(|| {
            Refusal::bad(
                "Incorrect request: Status must be \"pending\", \"accepted\" or \"rejected\".",
            )
        })?;
        let ask = ask_of(image, &requester, Operation::SetProperty);
        twin.ask(ask, move |twin, completion| {
            done(twin, completion, id, |_| Refusal::error())?;
            let now = twin.clock.unix();
            let image = twin.catalog.image_mut(id);
            let member = image.and_then(|image| image.members.get_mut(&project));
            let member = member.ok_or_else(|| not_a_member(id, &project))?;
            member.status = status;
            member.updated = now;
            Ok(Answer::json(200, &member_view(id, &project, member)))
        })
        .answer
    };
    wait(answer).await
}

pub(crate) async fn remove(
    context: &Context,
    requester: &Requester,
    id: ImageId,
    project: &str,
) -> Result {
    let project = project.to_owned();
    let answer = {
        let mut twin = context.shared.borrow_mut();
        let image = shared_image(&mut twin, requester, id)?;
        if !image.members.contains_key(&project) {
            return Err(not_a_member(id, &project));
        }
        requester.may(Rights::Modify, image)?;
        let ask = ask_of(image, requester, Operation::SetProperty);
        twin.ask(ask, move |twin, completion| {
            done(twin, completion, id, |_| Refusal::error())?;
            let image = twin.catalog.image_mut(id);
            let removed = image.and_then(|image| image.members.remove(&project));
            removed.ok_or_else(|| not_a_member(id, &project))?;
            Ok(Answer::empty(204))
        })
        .answer
    };
    wait(answer).await
}
