//! From a method and a path to what is asked for. Pure.

use crate::catalog::{ImageId, Kind};
use crate::refusal::Refusal;
use percent_encoding::percent_decode_str;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// The versions of the API; an answer of 300 where none was named.
    Versions {
        chosen: bool,
    },
    Health,
    Schema(String),
    Info(Info),
    ListImages,
    CreateImage,
    /// Something of one image.
    Image(ImageId, ImageCall),
    DeleteFromStore {
        store: String,
        image: ImageId,
    },
    ListTasks,
    CreateTask,
    ShowTask(ImageId),
    DeleteTask(ImageId),
    /// Something of the definitions of metadata.
    Definitions(DefinitionCall),
    /// Keystone's, with the rest of the path.
    Identity(Vec<String>),
    /// This server's own.
    Control(Vec<String>),
}

/// What is asked of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ImageCall {
    Show,
    Update,
    Delete,
    Download,
    Upload,
    Stage,
    Import,
    Deactivate,
    Reactivate,
    ListTasks,
    AddTag(String),
    RemoveTag(String),
    ListMembers,
    AddMember,
    ShowMember(String),
    UpdateMember(String),
    RemoveMember(String),
    ListLocations,
    AddLocation,
}

/// What is asked of the definitions of metadata; texts are the name of a namespace, and that of what it defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DefinitionCall {
    ResourceTypes,
    Namespaces,
    CreateNamespace,
    ShowNamespace(String),
    UpdateNamespace(String),
    DeleteNamespace(String),
    List(String, Kind),
    Add(String, Kind),
    AddTag(String, String),
    Show(String, Kind, String),
    Update(String, Kind, String),
    /// One of them, or all.
    Delete(String, Kind, Option<String>),
}

/// What the server says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Info {
    Import,
    Stores,
    StoresDetail,
    Usage,
}

/// What a method and a path ask for; why nothing, if they ask for nothing.
pub(crate) fn route(method: &str, path: &str) -> Result<Call, Refusal> {
    let parts: Vec<String> = (path.split('/').filter(|part| !part.is_empty()))
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let rest = |from: usize| parts.get(from..).unwrap_or_default().to_vec();
    let first = parts.first().map_or("", String::as_str);
    match first {
        "versions" => Ok(Call::Versions { chosen: true }),
        "healthcheck" => Ok(Call::Health),
        "identity" => Ok(Call::Identity(rest(1))),
        "stormglass" => Ok(Call::Control(rest(1))),
        // An empty identifier is nobody's.
        version if is_version(version) && parts.len() > 1 && path.ends_with('/') => Err(nothing()),
        version if is_version(version) => {
            let below: Vec<&str> = parts.iter().skip(1).map(String::as_str).collect();
            below_version(method, &below)
        }
        _ => Ok(Call::Versions { chosen: false }),
    }
}

/// `v2` and its minor versions.
fn is_version(text: &str) -> bool {
    let minor = text
        .strip_prefix("v2.")
        .and_then(|it| it.parse::<u8>().ok());
    text == "v2" || minor.is_some_and(|minor| minor <= 17)
}

fn below_version(method: &str, path: &[&str]) -> Result<Call, Refusal> {
    let get = |call: Call| only(method, "GET", call);
    match *path {
        ["schemas", "metadefs", name] => get(Call::Schema(format!("metadefs/{name}"))),
        ["schemas", name] => get(Call::Schema(name.to_owned())),
        ["info", "import"] => get(Call::Info(Info::Import)),
        ["info", "stores"] => get(Call::Info(Info::Stores)),
        ["info", "stores", "detail"] => get(Call::Info(Info::StoresDetail)),
        ["info", "usage"] => get(Call::Info(Info::Usage)),
        ["metadefs", ref below @ ..] => of_definitions(method, below).map(Call::Definitions),
        ["stores", store, image] => only(
            method,
            "DELETE",
            Call::DeleteFromStore {
                store: store.to_owned(),
                image: id(image)?,
            },
        ),
        ["tasks"] => match method {
            "GET" => Ok(Call::ListTasks),
            "POST" => Ok(Call::CreateTask),
            _ => Err(Refusal::method("GET, POST")),
        },
        ["tasks", task] => {
            let task = ImageId::parse(task)
                .ok_or_else(|| Refusal::missing(format!("No task found with ID {task}")));
            match method {
                "GET" => Ok(Call::ShowTask(task?)),
                "DELETE" => Ok(Call::DeleteTask(task?)),
                _ => Err(Refusal::method("GET, DELETE")),
            }
        }
        ["images"] => match method {
            "GET" => Ok(Call::ListImages),
            "POST" => Ok(Call::CreateImage),
            _ => Err(Refusal::method("GET, POST")),
        },
        ["images", image, ref below @ ..] => {
            let call = of_image(method, below)?;
            Ok(Call::Image(id(image)?, call))
        }
        _ => Err(nothing()),
    }
}

fn of_image(method: &str, path: &[&str]) -> Result<ImageCall, Refusal> {
    let one = |allowed, call| only(method, allowed, call);
    match *path {
        [] => match method {
            "GET" => Ok(ImageCall::Show),
            "PATCH" => Ok(ImageCall::Update),
            "DELETE" => Ok(ImageCall::Delete),
            _ => Err(Refusal::method("GET, PATCH, DELETE")),
        },
        ["file"] => match method {
            "GET" => Ok(ImageCall::Download),
            "PUT" => Ok(ImageCall::Upload),
            _ => Err(Refusal::method("GET, PUT")),
        },
        ["stage"] => one("PUT", ImageCall::Stage),
        ["import"] => one("POST", ImageCall::Import),
        ["actions", "deactivate"] => one("POST", ImageCall::Deactivate),
        ["actions", "reactivate"] => one("POST", ImageCall::Reactivate),
        ["tasks"] => one("GET", ImageCall::ListTasks),
        ["tags", tag] => match method {
            "PUT" => Ok(ImageCall::AddTag(tag.to_owned())),
            "DELETE" => Ok(ImageCall::RemoveTag(tag.to_owned())),
            _ => Err(Refusal::method("PUT, DELETE")),
        },
        ["members"] => match method {
            "GET" => Ok(ImageCall::ListMembers),
            "POST" => Ok(ImageCall::AddMember),
            _ => Err(Refusal::method("GET, POST")),
        },
        ["members", member] => match method {
            "GET" => Ok(ImageCall::ShowMember(member.to_owned())),
            "PUT" => Ok(ImageCall::UpdateMember(member.to_owned())),
            "DELETE" => Ok(ImageCall::RemoveMember(member.to_owned())),
            _ => Err(Refusal::method("GET, PUT, DELETE")),
        },
        ["locations"] => match method {
            "GET" => Ok(ImageCall::ListLocations),
            "POST" => Ok(ImageCall::AddLocation),
            _ => Err(Refusal::method("GET, POST")),
        },
        _ => Err(nothing()),
    }
}

fn of_definitions(method: &str, path: &[&str]) -> Result<DefinitionCall, Refusal> {
    let owned = |text: &str| text.to_owned();
    let kind = |name: &str| Kind::from_name(name).ok_or_else(nothing);
    match *path {
        ["resource_types"] => only(method, "GET", DefinitionCall::ResourceTypes),
        ["namespaces"] => match method {
            "GET" => Ok(DefinitionCall::Namespaces),
            "POST" => Ok(DefinitionCall::CreateNamespace),
            _ => Err(Refusal::method("GET, POST")),
        },
        ["namespaces", name] => match method {
            "GET" => Ok(DefinitionCall::ShowNamespace(owned(name))),
            "PUT" => Ok(DefinitionCall::UpdateNamespace(owned(name))),
            "DELETE" => Ok(DefinitionCall::DeleteNamespace(owned(name))),
            _ => Err(Refusal::method("GET, PUT, DELETE")),
        },
        ["namespaces", name, parts] => match (method, kind(parts)?) {
            ("GET", kind) => Ok(DefinitionCall::List(owned(name), kind)),
            ("POST", kind) => Ok(DefinitionCall::Add(owned(name), kind)),
            (_, Kind::ResourceTypes) => Err(Refusal::method("GET, POST")),
            ("DELETE", kind) => Ok(DefinitionCall::Delete(owned(name), kind, None)),
            _ => Err(Refusal::method("GET, POST, DELETE")),
        },
        ["namespaces", name, parts, part] => match (method, kind(parts)?) {
            ("DELETE", kind) => Ok(DefinitionCall::Delete(owned(name), kind, Some(owned(part)))),
            (_, Kind::ResourceTypes) => Err(Refusal::method("DELETE")),
            ("GET", kind) => Ok(DefinitionCall::Show(owned(name), kind, owned(part))),
            ("PUT", kind) => Ok(DefinitionCall::Update(owned(name), kind, owned(part))),
            ("POST", Kind::Tags) => Ok(DefinitionCall::AddTag(owned(name), owned(part))),
            _ => Err(Refusal::method("GET, PUT, DELETE")),
        },
        _ => Err(nothing()),
    }
}

fn only<T>(method: &str, allowed: &'static str, call: T) -> Result<T, Refusal> {
    match method == allowed {
        true => Ok(call),
        false => Err(Refusal::method(allowed)),
    }
}

fn nothing() -> Refusal {
    Refusal::missing("The resource could not be found.")
}

/// What is no identifier is no image's.
fn id(text: &str) -> Result<ImageId, Refusal> {
    ImageId::parse(text).ok_or_else(|| Refusal::missing(format!("Failed to find image {text}")))
}

/// The pairs of a query, decoded.
pub(crate) fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    let pairs = query
        .unwrap_or_default()
        .split('&')
        .filter(|it| !it.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    #[test]
    fn paths_lead_to_calls() {
        let id = ImageId::parse(ID).unwrap();
        let image = |call| Ok(Call::Image(id, call));
        for (method, path, expected) in [
            ("GET", "/", Ok(Call::Versions { chosen: false })),
            ("GET", "/versions", Ok(Call::Versions { chosen: true })),
            ("GET", "/v3/images", Ok(Call::Versions { chosen: false })),
            ("GET", "/v2/images", Ok(Call::ListImages)),
            ("GET", "/v2.9/images", Ok(Call::ListImages)),
            (
                "POST",
                "/v2/metadefs/namespaces/OS::X/tags/a%20b",
                Ok(Call::Definitions(DefinitionCall::AddTag(
                    "OS::X".to_owned(),
                    "a b".to_owned(),
                ))),
            ),
            (
                "DELETE",
                "/v2/metadefs/namespaces/N/objects",
                Ok(Call::Definitions(DefinitionCall::Delete(
                    "N".to_owned(),
                    Kind::Objects,
                    None,
                ))),
            ),
            ("GET", "/v2.99/images", Ok(Call::Versions { chosen: false })),
            (
                "PUT",
                &format!("/v2/images/{ID}/file"),
                image(ImageCall::Upload),
            ),
            (
                "PUT",
                &format!("/v2/images/{ID}/tags/a%20b"),
                image(ImageCall::AddTag("a b".to_owned())),
            ),
            (
                "DELETE",
                &format!("/v2/images/{ID}"),
                image(ImageCall::Delete),
            ),
            (
                "GET",
                "/identity/v3/",
                Ok(Call::Identity(vec!["v3".to_owned()])),
            ),
        ] {
            assert_eq!(route(method, path), expected, "{method} {path}");
        }
        for (method, path, status) in [
            ("PUT", "/v2/images", 405),
            ("POST", &format!("/v2/images/{ID}/file"), 405),
            ("GET", "/v2/images/1/file", 404),
            ("GET", "/v2/nothing", 404),
            ("GET", "/v2/images/", 404),
            ("DELETE", "/v2/images/", 404),
            ("GET", "/v2/metadefs/namespaces/N/nothing", 404),
            ("GET", "/v2/metadefs/namespaces/N/resource_types/X", 405),
            ("POST", "/v2/metadefs/namespaces/N/objects/o", 405),
            ("GET", &format!("/v2/images/{ID}/nothing"), 404),
        ] {
            let refused = route(method, path).map_err(|it| it.status);
            assert_eq!(refused, Err(status), "{method} {path}");
        }
    }

    #[test]
    fn a_query_is_read_as_forms_are() {
        let read = pairs(Some("name=a+b%26&limit=3&flag&x=1=2"));
        let expected = [("name", "a b&"), ("limit", "3"), ("flag", ""), ("x", "1=2")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read, expected);
    }
}
