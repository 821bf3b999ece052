//! All that is read of a request before anything is done. Whatever is sent, this ends, and never in a panic.

use crate::answer::Result;
use crate::calls::part;
use crate::catalog::{
    Effect, Image, ListQuery, Origin, PatchVersion, Requester, View, apply, image_view, page,
    parse_patch, registration,
};
use crate::refusal::Refusal;
use crate::route::{pairs, route};
use stormglass_model::lifecycle::SubjectStatus;

/// Reads a request in every way in which one is read: its method and path, its query as that of a list, its header `Range`, and its body
/// as both drafts of a patch and as a registration. Gives the first refusal.
pub fn inspect(
    method: &str,
    target: &str,
    range: &str,
    body: &[u8],
) -> std::result::Result<(), Refusal> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let requester = Requester {
        user: "fuzz".to_owned(),
        project: "fuzz".to_owned(),
        roles: vec!["member".to_owned(), "reader".to_owned()],
    };
    let mut image = Image::bare();
    image.owner = Some("fuzz".to_owned());
    let routed = route(method, path).map(drop);
    let listed = list(query, &image, &requester);
    let ranged = [0, 1, 1_000].map(|size| part(range, size).map(drop));
    let patched = [PatchVersion::Draft4, PatchVersion::Draft10]
        .map(|version| patch(body, version, &image, &requester));
    let registered = register(body, &requester);
    let mut all = [routed, listed, registered]
        .into_iter()
        .chain(ranged)
        .chain(patched);
    all.find(Result::is_err).unwrap_or(Ok(()))
}

fn list(query: &str, image: &Image, requester: &Requester) -> Result<()> {
    let query = ListQuery::parse(&pairs(Some(query)))?;
    let taken = query.takes(image, SubjectStatus::Active, requester);
    let images = [image, image].map(|image| (image, SubjectStatus::Active));
    let images = images.into_iter().filter(|_| taken).collect();
    page(&query, images).map(drop)
}

fn patch(body: &[u8], version: PatchVersion, image: &Image, requester: &Requester) -> Result<()> {
    let changes = parse_patch(body, version)?;
    let _ = Effect::of(&changes);
    let mut refused = Ok(());
    for status in [SubjectStatus::Queued, SubjectStatus::Active] {
        match apply(image, &changes, requester, status) {
            Ok(changed) => drop(image_view(
                &changed,
                View {
                    status,
                    locations: true,
                },
            )),
            Err(refusal) => refused = Err(refusal),
        }
    }
    refused
}

fn register(body: &[u8], requester: &Requester) -> Result<()> {
    let body = serde_json::from_slice(body).map_err(|_| Refusal::bad("no JSON"))?;
    let origin = Origin {
        id: Image::bare().id,
        now: 0,
        number: 0,
    };
    registration(&body, requester, origin).map(drop)
}
