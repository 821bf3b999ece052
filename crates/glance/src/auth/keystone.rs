//! Keystone's words: a request for a token, and what is read of the answer. Nothing that a server says is shown but its catalog.

use super::endpoint::versionless;
use super::login::{Credential, Login, LoginError, Named, Proof, Scope, Secret};
use crate::answer::line;
use crate::http::{Call, ConfigError, Connections, Endpoint, Payload, Reply, Times};
use hyper::header::{ACCEPT, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// No token is taken to live for longer, nor one of which Keystone does not say how long it does.
const LIFE_MAX: Duration = Duration::from_secs(365 * 86_400);
/// The header of the token of one who asks.
pub(crate) const TOKEN: &str = "x-auth-token";
/// That of the token which is asked about, or given.
const SUBJECT_TOKEN: &str = "x-subject-token";
const JSON: &str = "application/json";

/// A token that was issued.
pub(crate) struct Issued {
    pub token: Secret,
    /// How long it is good for.
    pub life: Duration,
    pub catalog: Catalog,
}

/// Asks for a token.
pub(crate) async fn issue(login: &Login, keystone: &Connections) -> Result<Issued, LoginError> {
    let url = || keystone.endpoint().to_string();
    let foreign = |detail: String| LoginError::Foreign { url: url(), detail };
    let mut times = Times::default();
    let body = Payload::text(request(login).to_string());
    let sent = keystone
        .exchange(call("POST", body, keystone), &mut times)
        .await;
    let reply = sent.map_err(|trouble| match trouble.local() {
        Some(failure) => LoginError::Local {
            url: url(),
            failure: failure.clone(),
        },
        None => LoginError::Unreachable {
            url: url(),
            detail: line(trouble.text()),
        },
    })?;
    match reply.status {
        200 | 201 => read(&reply).map_err(|detail| foreign(detail.to_owned())),
        status @ (401 | 403) => Err(LoginError::Refused {
            url: url(),
            who: line(&login.who()),
            status,
            hint: hint(login, status),
        }),
        300..=399 | 404 | 405 => Err(foreign(format!(
            "HTTP {}; is it the auth_url, with https:// if it speaks TLS?",
            reply.status
        ))),
        status => Err(foreign(format!("HTTP {status}"))),
    }
}

/// Revokes a token, as its owner. The error is one line.
pub(crate) async fn revoke(token: &Secret, keystone: &Connections) -> Result<(), String> {
    let mut call = call("DELETE", Payload::text(""), keystone);
    let headers = call.request.headers_mut();
    for name in [TOKEN, SUBJECT_TOKEN].map(HeaderName::from_static) {
        headers.extend(token.header().map(|value| (name, value)));
    }
    let sent = keystone.exchange(call, &mut Times::default()).await;
    let said = match sent {
        Ok(Reply {
            status: 200..=299, ..
        }) => return Ok(()),
        Ok(reply) => format!("HTTP {}", reply.status),
        Err(trouble) => line(trouble.text()),
    };
    Err(format!("Keystone did not revoke its token: {said}"))
}

fn hint(login: &Login, status: u16) -> &'static str {
    match (&login.proof, status) {
        (_, 403) => "it may not have this scope, or it is disabled or locked",
        (Proof::Password(..), _) => {
            "the user, the password, a domain or the project is wrong; it does not say which"
        }
        (Proof::ApplicationCredential(..), _) => {
            "its id or name or its secret is wrong, or it has expired or was deleted"
        }
        (Proof::Token(_), _) => "the token has expired or was revoked; get a new one",
    }
}

fn call(method: &str, body: Payload, keystone: &Connections) -> Call {
    let endpoint = keystone.endpoint();
    let path = format!("{}/v3/auth/tokens", endpoint.prefix);
    let mut call = Call::new(method, &path, &endpoint.authority, Some(JSON), body);
    let headers = call.request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static(JSON));
    call
}

fn request(login: &Login) -> Value {
    let identity = match &login.proof {
        Proof::Password(user, password) => {
            let mut user = named(user);
            user["password"] = password.reveal().into();
            json!({ "methods": ["password"], "password": { "user": user } })
        }
        Proof::ApplicationCredential(credential, secret) => {
            let mut shown = match credential {
                Credential::Id(id) => json!({ "id": id }),
                Credential::Name(name, user) => json!({ "name": name, "user": named(user) }),
            };
            shown["secret"] = secret.reveal().into();
            json!({ "methods": ["application_credential"], "application_credential": shown })
        }
        Proof::Token(token) => {
            json!({ "methods": ["token"], "token": { "id": token.reveal() } })
        }
    };
    let scope = match &login.scope {
        Scope::Unsaid => return json!({ "auth": { "identity": identity } }),
        Scope::Project(project) => json!({ "project": named(project) }),
        Scope::Domain(domain) => json!({ "domain": domain }),
        Scope::Trust(id) => json!({ "OS-TRUST:trust": { "id": id } }),
        Scope::System => json!({ "system": { "all": true } }),
    };
    json!({ "auth": { "identity": identity, "scope": scope } })
}

fn named(named: &Named) -> Value {
    match named {
        Named::Id(id) => json!({ "id": id }),
        Named::Name(name, domain) => json!({ "name": name, "domain": domain }),
    }
}

#[derive(Deserialize)]
struct Body {
    token: Described,
}

#[derive(Deserialize)]
struct Described {
    issued_at: Option<String>,
    expires_at: Option<String>,
    #[serde(default)]
    catalog: Vec<Service>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(rename = "type", default)]
    kind: String,
    name: Option<String>,
    #[serde(default)]
    endpoints: Vec<ServiceEndpoint>,
}

#[derive(Deserialize)]
struct ServiceEndpoint {
    #[serde(default)]
    interface: String,
    region: Option<String>,
    region_id: Option<String>,
    /// An operator may have left it out.
    url: Option<String>,
}

fn read(reply: &Reply) -> Result<Issued, &'static str> {
    let token = (reply.headers.get(SUBJECT_TOKEN)).and_then(|value| value.to_str().ok());
    let token = token
        .filter(|token| !token.is_empty())
        .ok_or("no token in the head of its reply")?;
    let body = serde_json::from_slice::<Body>(&reply.text);
    if reply.cut.is_some() {
        return Err("its reply does not end, or is too long");
    }
    let Body { token: described } = body.map_err(|_| "no description of a token in its reply")?;
    // Both times are Keystone's own: the clock of this machine may be wrong.
    let life = match (described.issued_at, described.expires_at) {
        (Some(from), Some(to)) => seconds(&from)
            .zip(seconds(&to))
            .map(|(from, to)| Duration::from_secs(u64::try_from(to - from).unwrap_or(0))),
        _ => None,
    };
    Ok(Issued {
        token: Secret::new(token),
        life: life.unwrap_or(LIFE_MAX).min(LIFE_MAX),
        catalog: Catalog(described.catalog),
    })
}

/// Seconds since 1970 of `2026-11-22T21:22:50.000000Z`, which is how Keystone writes it.
fn seconds(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let number = |text: &str| match text.len() {
        1..=4 if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse::<i64>().ok(),
        _ => None,
    };
    let three = |text: &str, by| {
        let parts: Option<Vec<i64>> = text.split(by).map(number).collect();
        <[i64; 3]>::try_from(parts?).ok()
    };
    let [year, month, day] = three(date, '-')?;
    let [hour, minute, second] = three(time.split('.').next()?, ':')?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March end with the leap day; from there the months have a pattern.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 719_469;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// The services that Keystone knows of.
pub(crate) struct Catalog(Vec<Service>);

impl Catalog {
    /// The URL of the image service that the login means, without a version at its end. A token that came over TLS does not go on
    /// without it, unless `insecure` says so, or all is on this host.
    pub(crate) fn image(&self, login: &Login, insecure: bool) -> Result<String, LoginError> {
        let wanted = &login.image;
        let is_meant = |service: &&Service| {
            let names = wanted.name.as_ref().zip(service.name.as_ref());
            service.kind == wanted.kind && names.is_none_or(|(wanted, it)| wanted == it)
        };
        let image = self.0.iter().filter(is_meant);
        let places: Vec<&ServiceEndpoint> = image.flat_map(|service| &service.endpoints).collect();
        let here = |place: &&&ServiceEndpoint| {
            let region = wanted.region.as_deref();
            region.is_none_or(|region| place.region() == region)
        };
        let meant = wanted.interfaces.iter().find_map(|interface| {
            let places = places.iter().filter(here);
            let mut places = places.filter(|place| place.interface == interface.name());
            places.find_map(|place| place.url.as_deref().filter(|url| !url.is_empty()))
        });
        if let Some(url) = meant {
            let url = versionless(url);
            let foreign = |error: ConfigError| LoginError::BadEndpoint {
                url: line(&login.auth_url),
                why: error.to_string(),
            };
            let keystone = Endpoint::parse(&login.auth_url, "v3").map_err(foreign)?;
            let glance = Endpoint::parse(url, "v2").map_err(foreign)?;
            let on_this_host = keystone.is_loopback() && glance.is_loopback();
            return match !keystone.tls || glance.tls || insecure || on_this_host {
                true => Ok(url.to_owned()),
                false => Err(LoginError::InClear {
                    url: keystone.to_string(),
                    glance: glance.to_string(),
                }),
            };
        }
        let there = match places.as_slice() {
            [] if self.0.is_empty() => {
                "nothing: a token without a project has no catalog".to_owned()
            }
            [] => list(self.0.iter().map(|service| service.kind.clone())),
            places => list(
                (places.iter()).map(|place| format!("{} in {}", place.interface, place.region())),
            ),
        };
        Err(LoginError::NoEndpoint {
            url: line(&login.auth_url),
            wanted: line(&wanted.to_string()),
            there: line(&there),
        })
    }
}

impl ServiceEndpoint {
    fn region(&self) -> &str {
        self.region_id
            .as_deref()
            .or(self.region.as_deref())
            .unwrap_or("no region")
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stays_under_cover() {
        let glance_of = |keystone: &str, glance: &str, insecure| {
            let body = json!([{ "type": "image", "endpoints": [{ "interface": "public", "url": glance }] }]);
            let catalog = Catalog(serde_json::from_value(body).unwrap());
            let proof = Proof::Token(Secret::new("x"));
            catalog.image(
                &Login::new(keystone.to_owned(), proof, Scope::Unsaid),
                insecure,
            )
        };
        for (keystone, glance, insecure) in [
            ("https://keystone/v3", "https://glance", false),
            ("http://keystone/v3", "http://glance", false),
            ("http://keystone/v3", "https://glance", false),
            ("https://keystone/v3", "http://glance", true),
            ("https://127.0.0.1:5000/v3", "http://localhost:9292", false),
            ("https://[::1]/v3", "http://127.0.0.1", false),
        ] {
            assert_eq!(glance_of(keystone, glance, insecure), Ok(glance.to_owned()));
        }
        for (keystone, glance) in [
            ("https://keystone/v3", "http://glance"),
            ("https://keystone/v3", "http://127.0.0.1:9292"),
            ("https://127.0.0.1/v3", "http://glance"),
        ] {
            let error = glance_of(keystone, glance, false).unwrap_err();
            assert!(matches!(error, LoginError::InClear { .. }), "{error}");
        }
        for glance in ["http://me:secret@glance", "http://glance:99999", "glance"] {
            let error = glance_of("https://keystone", glance, true).unwrap_err();
            assert!(matches!(error, LoginError::BadEndpoint { .. }), "{error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
