//! What the method and the path of a request ask for.

use super::super::key::Keys;
use super::super::request::Asked;
use stormglass_model::lifecycle::Operation;

/// What is asked for. The path may stand behind that of a proxy, as `/image/v2/images`.
pub fn asked(keys: &Keys, method: &str, target: &str) -> Asked {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let Some(_) = parts.by_ref().find(|part| matches!(*part, "v2" | "v2.0")) else {
        return Asked::Other;
    };
    let rest: [Option<&str>; 5] = std::array::from_fn(|_| parts.next());
    let image = |id: &str, operation| Asked::Image(keys.of_image(id), operation);
    let [what, id, below, name, _] = rest;
    match (what, id, below, name) {
        (Some("images"), None, ..) => match method {
            "POST" => Asked::Create,
            "GET" => Asked::List,
            _ => Asked::Other,
        },
        (Some("images"), Some(id), below, name) => {
            operation(method, below, name).map_or(Asked::Other, |it| image(id, it))
        }
        (Some("stores"), Some(_), Some(id), None) if method == "DELETE" => {
            image(id, Operation::DeleteFromStore)
        }
        _ => Asked::Other,
    }
}

/// What is done to an image; none where it is nothing of its lifecycle.
fn operation(method: &str, below: Option<&str>, name: Option<&str>) -> Option<Operation> {
    Some(match (method, below, name) {
        ("GET" | "HEAD", None, _) => Operation::Show,
        ("PATCH", None, _) => Operation::SetProperty,
        ("DELETE", None, _) => Operation::Delete,
        ("PUT", Some("file"), None) => Operation::Upload,
        ("GET", Some("file"), None) => Operation::Download,
        ("PUT", Some("stage"), None) => Operation::Stage,
        ("POST", Some("import"), None) => Operation::Import,
        ("POST", Some("actions"), Some("deactivate")) => Operation::Deactivate,
        ("POST", Some("actions"), Some("reactivate")) => Operation::Reactivate,
        ("POST", Some("locations"), None) => Operation::RegisterLocation,
        ("POST", Some("members"), None) => Operation::Share,
        ("PUT", Some("members"), Some(_)) => Operation::Accept,
        ("DELETE", Some("members"), Some(_)) => Operation::Unshare,
        ("PUT" | "DELETE", Some("tags"), Some(_)) => Operation::SetProperty,
        _ => return None,
    })
}

/// The method and the target of `GET /v2/images HTTP/1.1`.
pub fn of_request(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_ascii_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let is_method =
        (3..=7).contains(&method.len()) && method.bytes().all(|it| it.is_ascii_uppercase());
    let is_target = target.starts_with(['/', '*']) || target.starts_with("http");
    (is_method && is_target).then_some((method, target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_of_the_api_is_its_operation() {
        use Operation::*;
        let keys = Keys::default();
        let id = "0f2c7d30-aaaa-4bbb-8ccc-0123456789ab";
        let key = keys.of_image(id);
        for (method, below, expected) in [
            ("GET", "", Show),
            ("HEAD", "", Show),
            ("PATCH", "", SetProperty),
            ("DELETE", "", Delete),
            ("PUT", "/file", Upload),
            ("GET", "/file", Download),
            ("PUT", "/stage", Stage),
            ("POST", "/import", Import),
            ("POST", "/actions/deactivate", Deactivate),
            ("POST", "/actions/reactivate", Reactivate),
            ("POST", "/locations", RegisterLocation),
            ("POST", "/members", Share),
            ("PUT", "/members/p", Accept),
            ("DELETE", "/members/p", Unshare),
            ("PUT", "/tags/gold", SetProperty),
        ] {
            for before in ["/v2", "/image/v2", "http://host:9292/v2"] {
                let target = format!("{before}/images/{id}{below}?a=/v2/images");
                assert_eq!(
                    asked(&keys, method, &target),
                    Asked::Image(key, expected),
                    "{method} {target}"
                );
            }
        }
        let store = format!("/v2/stores/fast/{id}");
        assert_eq!(
            asked(&keys, "DELETE", &store),
            Asked::Image(key, DeleteFromStore)
        );
        assert_eq!(asked(&keys, "POST", "/v2/images"), Asked::Create);
        assert_eq!(asked(&keys, "GET", "/v2/images?limit=20"), Asked::List);
        for other in [
            "/",
            "/healthcheck",
            "/v1/images",
            "/v2/schemas/image",
            "/v2/tasks",
            "/v3/auth/tokens",
            "*",
        ] {
            assert_eq!(asked(&keys, "GET", other), Asked::Other, "{other}");
        }
        let members = format!("/v2/images/{id}/members");
        assert_eq!(asked(&keys, "GET", &members), Asked::Other);
    }

    #[test]
    fn an_id_is_the_same_however_it_is_written() {
        let keys = Keys::default();
        let plain = keys.of_image("0f2c7d30-aaaa-4bbb-8ccc-0123456789ab");
        assert_eq!(plain, keys.of_image("0f2c7d30aaaa4bbb8ccc0123456789ab"));
        assert_eq!(plain, keys.of_image("0F2C7D30-AAAA-4BBB-8CCC-0123456789AB"));
        assert_ne!(
            plain,
            Keys::default().of_image("0f2c7d30-aaaa-4bbb-8ccc-0123456789ab")
        );
    }
}
