//! Definitions of metadata.

use super::context::{Context, encoded};
use crate::answer::{Answer, Result};
use crate::catalog::{Kind, PAGE, Requester, page_limit};
use crate::route::DefinitionCall;
use serde_json::{Value, json};

pub(crate) async fn answer(
    context: Context,
    requester: &Requester,
    call: DefinitionCall,
) -> Result {
    let (shared, origin) = (context.shared.clone(), context.origin.clone());
    let listed = match &call {
        DefinitionCall::Namespaces => Some(page(&context.query)?),
        _ => None,
    };
    let document = match &call {
        DefinitionCall::CreateNamespace
        | DefinitionCall::UpdateNamespace(_)
        | DefinitionCall::Add(..)
        | DefinitionCall::Update(..) => context.json().await?,
        DefinitionCall::AddTag(_, tag) => json!({ "name": tag }),
        _ => Value::Null,
    };
    let mut twin = shared.borrow_mut();
    let now = twin.clock.unix();
    let all = &mut twin.definitions;
    let shown = |document: Value| Ok(Answer::json(200, &document));
    let done = |()| Ok(Answer::empty(204));
    match call {
        DefinitionCall::ResourceTypes => shown(all.resource_types()),
        DefinitionCall::Namespaces => {
            let Page {
                limit,
                marker,
                visibility,
            } = listed.unwrap_or_default();
            let some = all.list(requester, marker.as_deref(), limit, visibility.as_deref())?;
            shown(namespaces(some, limit))
        }
        DefinitionCall::CreateNamespace => {
            let made = all.create(requester, &document, now)?;
            let place = made["self"].as_str().unwrap_or_default();
            Ok(Answer::json(201, &made).with("location", format!("{origin}{place}")))
        }
        DefinitionCall::ShowNamespace(name) => shown(all.show(requester, &name)?),
        DefinitionCall::UpdateNamespace(name) => {
            shown(all.update(requester, &name, &document, now)?)
        }
        DefinitionCall::DeleteNamespace(name) => done(all.delete(requester, &name)?),
        DefinitionCall::List(name, kind) => shown(all.list_parts(requester, &name, kind)?),
        DefinitionCall::Add(name, kind) => Ok(Answer::json(
            201,
            &all.add_part(requester, &name, kind, &document, now)?,
        )),
        DefinitionCall::AddTag(name, _) => Ok(Answer::json(
            201,
            &all.add_part(requester, &name, Kind::Tags, &document, now)?,
        )),
        DefinitionCall::Show(name, kind, part) => {
            shown(all.show_part(requester, &name, kind, &part)?)
        }
        DefinitionCall::Update(name, kind, part) => {
            shown(all.update_part(requester, &name, kind, &part, &document, now)?)
        }
        DefinitionCall::Delete(name, kind, part) => {
            done(all.delete_part(requester, &name, kind, part.as_deref())?)
        }
    }
}

/// Which namespaces are asked for.
#[derive(Default)]
struct Page {
    limit: usize,
    marker: Option<String>,
    visibility: Option<String>,
}

fn page(query: &[(String, String)]) -> Result<Page> {
    let value = |wanted: &str| {
        query
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.clone())
    };
    let limit = value("limit").map(|text| page_limit(&text));
    Ok(Page {
        limit: limit.transpose()?.unwrap_or(PAGE),
        marker: value("marker"),
        visibility: value("visibility"),
    })
}

fn namespaces(some: Vec<Value>, limit: usize) -> Value {
    const PATH: &str = "/v2/metadefs/namespaces";
    let last = some.last().filter(|_| some.len() == limit);
    let next = last
        .and_then(|it| it["namespace"].as_str())
        .map(|name| format!("{PATH}?marker={}&limit={limit}", encoded(name)));
    let mut document =
        json!({ "namespaces": some, "first": PATH, "schema": "/v2/schemas/metadefs/namespaces" });
    if let Some(next) = next {
        document["next"] = json!(next);
    }
    document
}
