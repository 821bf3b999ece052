//! Images: create, list, show, update, delete, deactivate, reactivate.

use super::context::{Context, ask_of, done, wait, with_query};
use crate::answer::{Answer, Result};
use crate::catalog::{
    Catalog, Change, Effect, ImageId, ListQuery, Origin, PatchVersion, Requester, Rights, View,
    apply, image_view, page, parse_patch, registration,
};
use crate::refusal::Refusal;
use crate::twin::{Ask, Twin};
use serde_json::{Value, json};
use stormglass_model::history::Content;
use stormglass_model::lifecycle::{Operation, SubjectStatus, Who};

pub(crate) async fn create(context: Context, requester: Requester) -> Result {
    let (shared, number) = (context.shared.clone(), context.number);
    let body = context.json().await?;
    let answer = {
        let mut twin = shared.borrow_mut();
        twin.says(number, &body);
        let origin = Origin {
            id: twin.fresh_id(),
            now: twin.clock.unix(),
            number: twin.next_number(),
        };
        let mut image = registration(&body, &requester, origin)?;
        let id = image.id;
        if twin.is_taken(id) {
            return Err(Refusal::conflict(format!("Image ID {id} already exists!")));
        }
        image.subject = twin.new_subject(id);
        let ask = Ask {
            image: id,
            subject: image.subject,
            operation: Operation::Create,
            who: match requester.is_admin() {
                true => Who::Admin,
                false => Who::Member,
            },
            content: Content::default(),
            in_parts: false,
        };
        twin.ask(ask, move |twin, completion| {
            done(twin, completion, id, |_| Refusal::conflict("It is there."))?;
            twin.made(number, id);
            let protected = image.protected;
            let ask = Ask {
                operation: Operation::Protect,
                ..ask
            };
            let image_shown = image_view(&image, twin.as_view(SubjectStatus::Queued));
            twin.catalog.add(image);
            if protected {
                twin.also(ask);
            }
            Ok(Answer::json(201, &image_shown)
                .with("location", format!("/v2/images/{id}"))
                .with(
                    "openstack-image-import-methods",
                    "glance-direct,web-download",
                )
                .with("openstack-image-store-ids", "local,web"))
        })
        .answer
    };
    wait(answer).await
}

pub(crate) async fn show(context: &Context, requester: &Requester, id: ImageId) -> Result {
    let answer = {
        let mut twin = context.shared.borrow_mut();
        let (image, _) = twin.image(requester, id)?;
        let ask = ask_of(image, requester, Operation::Show);
        twin.ask(ask, move |twin, completion| {
            done(twin, completion, id, |_| Refusal::error())?;
            Ok(Answer::json(200, &twin.view(id)?))
        })
        .answer
    };
    wait(answer).await
}

pub(crate) async fn delete(context: &Context, requester: &Requester, id: ImageId) -> Result {
    let answer = {
        let mut twin = context.shared.borrow_mut();
        let (image, _) = twin.image(requester, id)?;
        requester.may(Rights::Modify, image)?;
        let ask = ask_of(image, requester, Operation::Delete);
        twin.ask(ask, move |twin, completion| {
            done(twin, completion, id, |_| {
                Refusal::forbidden(format!("Image {id} is protected and cannot be deleted."))
            })?;
            twin.vault.unstage(id);
            Ok(Answer::empty(204))
        })
        .answer
    };
    wait(answer).await
}

/// Deactivates or reactivates.
pub(crate) async fn turn(
    context: &Context,
    requester: &Requester,
    id: ImageId,
    operation: Operation,
) -> Result {
    let answer = {
        let mut twin = context.shared.borrow_mut();
        let (image, _) = twin.image(requester, id)?;
        requester.may(Rights::Modify, image)?;
        let ask = ask_of(image, requester, operation);
        twin.ask(ask, move |twin, completion| {
            done(twin, completion, id, |status| {
                Refusal::forbidden(format!(
                    "Not allowed to {operation} image in status '{status}'"
                ))
            })?;
            twin.touch(id);
            Ok(Answer::empty(204))
        })
        .answer
    };
    wait(answer).await
}

pub(crate) async fn update(context: Context, requester: Requester, id: ImageId) -> Result {
    let media_type = context.media_type();
    let Some(version) = PatchVersion::of(&media_type) else {
        let taken = "application/openstack-images-v2.0-json-patch, application/openstack-images-v2.1-json-patch";
        return Err(Refusal {
            header: Some(("accept-patch", taken.to_owned())),
            ..Refusal::media(format!("Image PATCH expects Content-Type one of: {taken}"))
        });
    };
    let shared = context.shared.clone();
    let document = context.document().await?;
    let changes = parse_patch(&document, version)?;
    {
        // What makes no sense is refused before anybody is asked for data.
        let mut twin = shared.borrow_mut();
        let (image, status) = twin.image(&requester, id)?;
        preview(image, &changes, &requester, status)?;
    }
    let size = super::places::reachable(&changes).await?;
    let answer = {
        let mut twin = shared.borrow_mut();
        let (image, status) = twin.image(&requester, id)?;
        preview(image, &changes, &requester, status)?;
        let operation = match Effect::of(&changes) {
            Effect::None => Operation::SetProperty,
            Effect::Protect(true) => Operation::Protect,
            Effect::Protect(false) => Operation::Unprotect,
            Effect::AddLocation => Operation::AddLocation,
            Effect::ReplaceLocations => Operation::ReplaceLocation,
            Effect::RemoveLocation => Operation::RemoveLocation,
        };
        let ask = ask_of(image, &requester, operation);
        twin.ask(ask, move |twin, completion| {
            done(twin, completion, id, |status| match status {
                // The status allowed it, so it was the last one.
                SubjectStatus::Active => {
                    Refusal::forbidden("Cannot remove last location in the image.")
                }
                _ => Refusal::conflict(format!(
                    "It's not allowed to change locations if image status is {status}."
                )),
            })?;
            change(twin, id, &changes, &requester, status)?;
            if let (Some(size), Some(image)) = (size, twin.catalog.image_mut(id))
                && image.facts.size.unwrap_or(0) == 0
            {
                image.facts.size = Some(size);
            }
            Ok(Answer::json(200, &twin.view(id)?))
        })
        .answer
    };
    wait(answer).await
}

fn preview(
    image: &crate::catalog::Image,
    changes: &[Change],
    requester: &Requester,
    status: SubjectStatus,
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    apply(image, changes, requester, status).map(drop)
}

/// Makes the changes of a patch, which were possible in the status that the image had.
fn change(
    twin: &mut Twin,
    id: ImageId,
    changes: &[Change],
    requester: &Requester,
    status: SubjectStatus,
) -> Result<()> {
    let now = twin.clock.unix();
    let missing = || crate::catalog::no_image(id);
    let image = twin.catalog.image(id).ok_or_else(missing)?;
    let was_own = image.locations.iter().any(|it| it.own);
    let mut changed = apply(image, changes, requester, status)?;
    if !changes.is_empty() {
        changed.updated = now;
    }
    let lost = was_own && !changed.locations.iter().any(|it| it.own);
    twin.catalog.add(changed);
    if lost {
        twin.vault.lose(id);
    }
    Ok(())
}

pub(crate) async fn list(context: &Context, requester: &Requester) -> Result {
    let query = ListQuery::parse(&context.query)?;
    let allowed = requester.is_admin() || requester.has("reader");
    if !allowed {
        return Err(Refusal::forbidden(
            "You are not authorized to complete get_images action.",
        ));
    }
    let mut twin = context.shared.borrow_mut();
    let twin = &mut *twin;
    twin.run_due();
    let subjects: Vec<_> = (twin.catalog.images())
        .map(|image| (image.id, image.subject))
        .collect();
    let statuses: Vec<(ImageId, SubjectStatus)> = (subjects.into_iter())
        .filter_map(|(id, subject)| Some((id, twin.status(subject)?)))
        .collect();
    let (document, shown) = listed(
        &twin.catalog,
        &query,
        &statuses,
        requester,
        &context.query,
        twin.config.show_locations,
    )?;
    twin.listed(context.number, shown);
    Ok(Answer::json(200, &document))
}

fn listed(
    catalog: &Catalog,
    query: &ListQuery,
    statuses: &[(ImageId, SubjectStatus)],
    requester: &Requester,
    pairs: &[(String, String)],
    locations: bool,
) -> Result<(Value, Vec<ImageId>)> {
    let images = (statuses.iter())
        .filter_map(|(id, status)| Some((catalog.image(*id)?, *status)))
        .filter(|(image, status)| query.takes(image, *status, requester))
        .collect();
    let (images, full) = page(query, images)?;
    let next = images.last().filter(|_| full).map(|(image, _)| image.id);
    let ids = images.iter().map(|(image, _)| image.id).collect();
    let shown: Vec<Value> = (images.into_iter())
        .map(|(image, status)| image_view(image, View { status, locations }))
        .collect();
    let mut document = json!({
        "images": shown,
        "first": with_query("/v2/images", pairs, None),
        "schema": "/v2/schemas/images",
    });
    if let Some(next) = next {
        document["next"] = json!(with_query("/v2/images", pairs, Some(next)));
    }
    Ok((document, ids))
}
