//! As much of Keystone as a client needs to log in: who has which password, tokens, and a catalog with one endpoint. Pure.

use crate::answer::{Answer, Result};
use crate::catalog::Requester;
use crate::config::{Config, User};
use crate::date::iso;
use crate::refusal::Refusal;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use stormglass_model::random::Seed;

/// Tokens that are known; the oldest goes for one more.
const TOKENS: usize = 10_000;
/// How long a token lasts, in seconds.
const LIFE: u64 = 12 * 3_600;

/// Users and their tokens.
#[derive(Debug)]
pub(crate) struct Identity {
    users: Vec<User>,
    tokens: BTreeMap<String, Token>,
    order: VecDeque<String>,
    development: bool,
    seed: Seed,
    issued: u64,
}

#[derive(Clone, Debug)]
struct Token {
    user: usize,
    issued: u64,
}

/// A request for the identity service.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub method: &'a str,
    pub path: &'a [String],
    pub body: &'a [u8],
    /// `X-Auth-Token`, and `X-Subject-Token`.
    pub token: Option<&'a str>,
    pub subject: Option<&'a str>,
    /// Where the server is, with its scheme and without a path.
    pub origin: &'a str,
    /// Seconds since 1970.
    pub now: u64,
}

impl Identity {
    pub fn new(config: &Config) -> Identity {
        Identity {
            users: config.users.clone(),
            tokens: BTreeMap::new(),
            order: VecDeque::new(),
            development: config.development_tokens,
            seed: config.seed.named("tokens"),
            issued: 0,
        }
    }

    /// Who has this token.
    pub fn requester(&self, token: Option<&str>, now: u64) -> Result<Requester> {
        let token = token.ok_or_else(Refusal::unknown)?;
        if let Some(user) = self.valid(token, now) {
            return Ok(Requester {
                user: user.name.clone(),
                project: user.project.clone(),
                roles: user.roles.clone(),
            });
        }
        let decoded = percent_decode_str(token).decode_utf8_lossy();
        let parts: Vec<&str> = decoded.split(':').collect();
        match parts.as_slice() {
            [user, project, roles] if self.development => Ok(Requester {
                user: (*user).to_owned(),
                project: (*project).to_owned(),
                roles: roles
                    .split(',')
                    .map(|role| role.trim().to_owned())
                    .collect(),
            }),
            _ => Err(Refusal::unknown()),
        }
    }

    fn valid(&self, token: &str, now: u64) -> Option<&User> {
        let known = self.tokens.get(token)?;
        let lasts = now < known.issued + LIFE;
        lasts.then(|| self.users.get(known.user)).flatten()
    }

    /// Answers a request.
    pub fn answer(&mut self, request: &Request) -> Result {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let version = version(request.origin);
        match (request.method, path.as_slice()) {
            ("GET", [] | ["v3"]) => {
                let chosen = path.len() == 1;
                Ok(match chosen {
                    true => Answer::json(200, &json!({ "version": version })),
                    false => Answer::json(300, &json!({ "versions": { "values": [version] } })),
                })
            }
            ("POST", ["v3", "auth", "tokens"]) => self.log_in(request),
            ("GET" | "HEAD", ["v3", "auth", "tokens"]) => self.show_token(request),
            ("DELETE", ["v3", "auth", "tokens"]) => {
                let token = request.subject.or(request.token);
                let revoked = token.and_then(|token| self.tokens.remove(token));
                revoked
                    .map(|_| Answer::empty(204))
                    .ok_or_else(|| Refusal::missing("Could not find token."))
            }
            ("GET", ["v3", "auth", "catalog"]) => Ok(Answer::json(
                200,
                &json!({ "catalog": catalog(request.origin) }),
            )),
            (
                "GET",
                ["v3", "auth", "projects"] | ["v3", "projects"] | ["v3", "users", _, "projects"],
            ) => {
                self.requester(request.token, request.now)?;
                let mut projects: Vec<&str> =
                    self.users.iter().map(|it| it.project.as_str()).collect();
                projects.sort_unstable();
                projects.dedup();
                let projects: Vec<Value> = projects.into_iter().map(project).collect();
                Ok(Answer::json(
                    200,
                    &json!({ "projects": projects, "links": {} }),
                ))
            }
            ("GET", ["v3", "projects", id]) => {
                self.requester(request.token, request.now)?;
                match self.users.iter().any(|it| it.project == *id) {
                    true => Ok(Answer::json(200, &json!({ "project": project(id) }))),
                    false => Err(Refusal::missing(format!("Could not find project: {id}."))),
                }
            }
            ("GET", ["v3", "users"]) => {
                self.requester(request.token, request.now)?;
                let users: Vec<Value> = self.users.iter().map(|it| user(&it.name)).collect();
                Ok(Answer::json(200, &json!({ "users": users, "links": {} })))
            }
            ("GET", ["v3", "users", id]) => match self.users.iter().any(|it| it.name == *id) {
                true => Ok(Answer::json(200, &json!({ "user": user(id) }))),
                false => Err(Refusal::missing(format!("Could not find user: {id}."))),
            },
            _ => Err(Refusal::missing("The resource could not be found.")),
        }
    }

    fn log_in(&mut self, request: &Request) -> Result {
        let body: Value = serde_json::from_slice(request.body)
            .map_err(|_| Refusal::bad("Malformed JSON in request body."))?;
        let auth = &body["auth"];
        let user = self.named(auth, request.now)?;
        self.issued += 1;
        let seed = self.seed.numbered(self.issued);
        let token = format!("{:016x}{:016x}", seed.0, seed.numbered(0).0);
        let known = Token {
            user,
            issued: request.now,
        };
        let shown = self.document(&known, request.origin);
        self.tokens.insert(token.clone(), known);
        self.order.push_back(token.clone());
        if self.order.len() > TOKENS
            && let Some(oldest) = self.order.pop_front()
        {
            self.tokens.remove(&oldest);
        }
        Ok(Answer::json(201, &shown).with("x-subject-token", token))
    }

    /// The user that a login names, if the secret is right and the project is the user's.
    fn named(&self, auth: &Value, now: u64) -> Result<usize> {
        let identity = &auth["identity"];
        let methods = identity["methods"].as_array().into_iter().flatten();
        let wrong = || Refusal::unknown();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let wanted = &auth["scope"]["project"];
        let wanted = text(&wanted["id"]).or_else(|| text(&wanted["name"]));
        let position = |name: &str, password: &str| {
            (self.users.iter()).position(|user| {
                let project = wanted.as_ref().is_none_or(|it| *it == user.project);
                user.name == name && user.password == password && project
            })
        };
        for method in methods {
            match method.as_str() {
                Some("password") => {
                    let user = &identity["password"]["user"];
                    let name = text(&user["name"]).or_else(|| text(&user["id"]));
                    let password = text(&user["password"]);
                    let (name, password) = name.zip(password).ok_or_else(wrong)?;
                    return position(&name, &password).ok_or_else(wrong);
                }
                // An application credential has its user's name and secret.
                Some("application_credential") => {
                    let credential = &identity["application_credential"];
                    let name = text(&credential["id"]).or_else(|| text(&credential["name"]));
                    let secret = text(&credential["secret"]);
                    let (name, secret) = name.zip(secret).ok_or_else(wrong)?;
                    return position(&name, &secret).ok_or_else(wrong);
                }
                Some("token") => {
                    let token = text(&identity["token"]["id"]).ok_or_else(wrong)?;
                    let user = self.valid(&token, now).ok_or_else(wrong)?;
                    return position(&user.name, &user.password).ok_or_else(wrong);
                }
                _ => {}
            }
        }
        Err(wrong())
    }

    fn show_token(&self, request: &Request) -> Result {
        self.requester(request.token, request.now)?;
        let subject = request.subject.unwrap_or_default();
        let missing = || Refusal::missing("Could not find token.");
        let token = self.tokens.get(subject).ok_or_else(missing)?;
        self.valid(subject, request.now).ok_or_else(missing)?;
        let shown = self.document(token, request.origin);
        Ok(Answer::json(200, &shown).with("x-subject-token", subject))
    }

    fn document(&self, token: &Token, origin: &str) -> Value {
        let owner = self.users.get(token.user);
        let roles = owner.map_or(&[][..], |it| &it.roles);
        let roles: Vec<Value> = roles
            .iter()
            .map(|role| json!({ "id": role, "name": role }))
            .collect();
        let name = owner.map_or("", |it| &it.name);
        json!({ "token": {
            "methods": ["password"],
            "user": user(name),
            "project": project(owner.map_or("", |it| &it.project)),
            "roles": roles,
            "catalog": catalog(origin),
            "issued_at": fine(token.issued),
            "expires_at": fine(token.issued + LIFE),
            "audit_ids": [name],
            "is_domain": false,
        } })
    }
}

/// Keystone writes microseconds.
fn fine(unix: u64) -> String {
    iso(unix).replace('Z', ".000000Z")
}

fn domain() -> Value {
    json!({ "id": "default", "name": "Default" })
}

fn project(name: &str) -> Value {
    json!({ "id": name, "name": name, "domain": domain(), "domain_id": "default", "enabled": true, "is_domain": false, "parent_id": "default", "description": "", "tags": [], "options": {} })
}

fn user(name: &str) -> Value {
    json!({ "id": name, "name": name, "domain": domain(), "domain_id": "default", "enabled": true, "password_expires_at": null, "options": {} })
}

fn version(origin: &str) -> Value {
    json!({
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{ "rel": "self", "href": format!("{origin}/identity/v3/") }],
        "media-types": [{ "base": "application/json", "type": "application/vnd.openstack.identity-v3+json" }],
    })
}

fn catalog(origin: &str) -> Value {
    let service = |kind: &str, name: &str, url: String| {
        let endpoints: Vec<Value> = ["public", "internal", "admin"]
            .map(|interface| json!({ "id": format!("{kind}-{interface}"), "interface": interface, "region": "RegionOne", "region_id": "RegionOne", "url": url }))
            .into();
        json!({ "id": kind, "type": kind, "name": name, "endpoints": endpoints })
    };
    json!([
        service("image", "glance", origin.to_owned()),
        service("identity", "keystone", format!("{origin}/identity")),
    ])
}
