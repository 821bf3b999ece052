//! The places where the data of an image lies.

use super::context::{Context, ask_of, done};
use super::fetch::fetch;
use crate::answer::{Answer, Result};
use crate::catalog::{Change, Image, ImageId, Requester, Rights};
use crate::refusal::Refusal;
use hyper::Method;
use serde_json::{Value, json};
use stormglass_model::lifecycle::{Operation, SubjectStatus};

/// Whether there is data at the places that a patch names; how much, as the last of them says it.
pub(super) async fn reachable(changes: &[Change]) -> Result<Option<u64>> {
    let mut size = None;
    for change in changes {
        let places = match change {
            Change::AddLocation { place, .. } => std::slice::from_ref(place),
            Change::ReplaceLocations(places) => places,
            Change::Set { .. } | Change::Remove(_) | Change::RemoveLocation(_) => &[],
        };
        for place in places.iter().filter(|it| it.url.starts_with("http")) {
            let there = fetch(Method::HEAD, &place.url).await;
            let wrong = |_| Refusal::bad(format!("Invalid location {}", place.url));
            size = there.map_err(wrong)?.length.or(size);
        }
    }
    Ok(size)
}

fn shown(image: &Image) -> Value {
    let places = image.locations.iter();
    places
        .map(|it| json!({ "url": it.url, "metadata": it.metadata }))
        .collect()
}

pub(crate) fn list(context: &Context, requester: &Requester, id: ImageId) -> Result {
    let mut twin = context.shared.borrow_mut();
    let (image, _) = twin.image(requester, id)?;
    requester.may(Rights::Service, image)?;
    Ok(Answer::json(200, &shown(image)))
}

/// Takes data out of a store. There are two, and only one of them takes data: so it is never the last place.
pub(crate) fn delete_from_store(
    context: &Context,
    requester: &Requester,
    store: &str,
    id: ImageId,
) -> Result {
    if !["local", "web"].contains(&store) {
        return Err(Refusal::conflict(format!(
            "The selected store {store} is not available on this node."
        )));
    }
    let mut twin = context.shared.borrow_mut();
    let (image, status) = twin.image(requester, id)?;
    requester.may(Rights::Admin, image)?;
    if status != SubjectStatus::Active {
        return Err(Refusal::conflict(
            "It's not allowed to remove image data from store if image status is not 'active'",
        ));
    }
    if image.locations.len() == 1 {
        return Err(Refusal::forbidden(
            "Cannot delete image data from the only store containing it. Consider deleting the image instead.",
        ));
    }
    let named = |place: &crate::catalog::Location| {
        place.metadata.get("store").and_then(Value::as_str) == Some(store)
    };
    let Some(at) = image.locations.iter().position(named) else {
        return Err(Refusal::missing(format!(
            "Image {id} is not stored in store {store}."
        )));
    };
    let ask = ask_of(image, requester, Operation::RemoveLocation);
    let mut asked = twin.ask(ask, move |twin, completion| {
        done(twin, completion, id, |_| {
            Refusal::forbidden("Cannot remove last location in the image.")
        })?;
        let image = twin.catalog.image_mut(id);
        let removed = image.map(|image| image.locations.remove(at));
        if removed.is_some_and(|place| place.own) {
            twin.vault.lose(id);
        }
        Ok(Answer::empty(204))
    });
    drop(twin);
    match asked.answer.try_recv() {
        Ok(answer) => answer,
        // The service takes its time; the client is told when it is sure to come.
        Err(_) => Ok(Answer::empty(204)),
    }
}
