//! A login at a Keystone: what is shown there, and what came of it last.

use crate::generator::LocalFailure;
use hyper::header::HeaderValue;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use stormglass_model::named;
use tokio::time::Instant;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps it.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text, for who sends it.
    /// As the value of a header, which `Debug` does not show; none if no header can carry it.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&self.0).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A domain of Keystone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Domain {
    /// By its id.
    Id(String),
    /// By its name.
    Name(String),
}

/// A user or a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By its id.
    Id(String),
    /// By its name in a domain.
    Name(String, Domain),
}

/// An application credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// By its id.
    Id(String),
    /// By its name, which is unique to its user.
    Name(String, Named),
}

/// What is shown to Keystone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A user's password.
    Password(Named, Secret),
    /// An application credential's secret; it brings its own project.
    ApplicationCredential(Credential, Secret),
    /// A token from elsewhere. What comes of it ends when it does.
    Token(Secret),
}

/// What the token is to be good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What Keystone gives unasked.
    Unsaid,
    /// A project.
    Project(Named),
    /// A domain.
    Domain(Domain),
    /// What a trust gives.
    Trust(String),
    /// The whole system.
    System,
}

named! {
    /// Which of a service's endpoints is meant.
    Interface {
        /// For everybody.
        Public = "public",
        /// For the cloud's own services.
        Internal = "internal",
        /// For its admins.
        Admin = "admin",
    }
}

/// Which endpoint of a catalog is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogEntry {
    /// The type of the service.
    pub kind: String,
    /// Its name; none: any.
    pub name: Option<String>,
    /// Whose endpoint is taken; none: the first.
    pub region: Option<String>,
    /// Which endpoints will do, the best first.
    pub interfaces: Vec<Interface>,
}

/// The public endpoint of an image service in any region.
impl Default for CatalogEntry {
    fn default() -> CatalogEntry {
        CatalogEntry {
            kind: "image".to_owned(),
            name: None,
            region: None,
            interfaces: vec![Interface::Public],
        }
    }
}

/// `internal or public endpoint of an image service in One`
impl fmt::Display for CatalogEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interfaces: Vec<&str> = self.interfaces.iter().map(|it| it.name()).collect();
        write!(f, "{} endpoint of ", interfaces.join(" or "))?;
        match self.kind.as_str() {
            "image" => f.write_str("an image service")?,
            kind => write!(f, "a service of type {kind}")?,
        }
        if let Some(name) = &self.name {
            write!(f, " named {name}")?;
        }
        match &self.region {
            Some(region) => write!(f, " in {region}"),
            None => Ok(()),
        }
    }
}

/// A login at a Keystone, version 3. Whoever shares it shares its token, on every connection and every thread.
#[derive(Debug, PartialEq, Eq)]
pub struct Login {
    /// Where Keystone is, with `/v3` at its end or without.
    pub auth_url: String,
    /// What is shown there.
    pub proof: Proof,
    /// What is asked for.
    pub scope: Scope,
    /// What is taken from the catalog.
    pub image: CatalogEntry,
    /// Certificates, in PEM, that are trusted beside the system's.
    pub ca: Option<PathBuf>,
    pub(crate) cache: TokenCache,
}

impl Login {
    /// One that holds no token yet: a public endpoint in any region, the system's certificates.
    pub fn new(auth_url: String, proof: Proof, scope: Scope) -> Login {
        Login {
            auth_url,
            proof,
            scope,
            image: CatalogEntry::default(),
            ca: None,
            cache: TokenCache::default(),
        }
    }

    /// Whether it shows Keystone something by which it can always log in again, so that it can do without a token of its own.
    pub(crate) fn is_lasting(&self) -> bool {
        !matches!(self.proof, Proof::Token(_))
    }

    /// Who logs in, for messages.
    pub fn who(&self) -> String {
        let named = |named: &Named| match named {
            Named::Id(id) => format!("`{id}`"),
            Named::Name(name, Domain::Id(domain) | Domain::Name(domain)) => {
                format!("`{name}` of domain `{domain}`")
            }
        };
        let proof = match &self.proof {
            Proof::Password(user, _) => format!("user {} by password", named(user)),
            Proof::ApplicationCredential(Credential::Id(id), _) => {
                format!("application credential `{id}`")
            }
            Proof::ApplicationCredential(Credential::Name(name, user), _) => {
                format!("application credential `{name}` of user {}", named(user))
            }
            Proof::Token(_) => "a token".to_owned(),
        };
        match &self.scope {
            Scope::Unsaid => proof,
            Scope::Project(project) => format!("{proof}, for project {}", named(project)),
            Scope::Domain(Domain::Id(domain) | Domain::Name(domain)) => {
                format!("{proof}, for domain `{domain}`")
            }
            Scope::Trust(trust) => format!("{proof}, for trust `{trust}`"),
            Scope::System => format!("{proof}, for the system"),
        }
    }
}

/// The last token, and why there is no newer one.
#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    held: Mutex<Held>,
    /// Held by the one who logs in; the others wait for it.
    pub turn: tokio::sync::Mutex<()>,
}

/// Logins are equal that say the same, whatever came of them.
impl PartialEq for TokenCache {
    fn eq(&self, _: &TokenCache) -> bool {
        true
    }
}

impl Eq for TokenCache {}

impl TokenCache {
    /// To be looked at or changed without waiting for anything.
    pub fn held(&self) -> MutexGuard<'_, Held> {
        // Every change is a single assignment, so that a panic elsewhere leaves nothing half done.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Held {
    pub token: Option<Token>,
    pub failure: Option<Failure>,
}

impl Held {
    /// The token, unless it has ended.
    pub fn usable(&self, asked: Instant) -> Option<Secret> {
        let usable = self.token.as_ref().filter(|token| asked < token.end);
        usable.map(|token| token.value.clone())
    }
}

/// A token that was got.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub value: Secret,
    pub since: Instant,
    /// When a newer one should be got.
    pub renewal: Instant,
    pub end: Instant,
    /// Whether a Glance accepted it.
    pub proved: bool,
}

/// A login that failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub at: Instant,
    pub error: LoginError,
}

/// Why there is no token, or no Glance, in one line. It never holds a secret, nor any text of the server's beside the catalog's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Keystone did not answer.
    #[error("cannot log in: no Keystone at {url}: {detail}")]
    Unreachable { url: String, detail: String },
    /// It could not be asked, since something failed on this machine.
    #[error("cannot log in at the Keystone {url}: {failure}")]
    Local { url: String, failure: LocalFailure },
    /// It does not accept the login. Keystone never says which part of it is wrong.
    #[error("the Keystone at {url} refuses {who} (HTTP {status}): {hint}")]
    Refused {
        url: String,
        who: String,
        status: u16,
        hint: &'static str,
    },
    /// Something answered, but not as a Keystone does.
    #[error("{url} does not answer like a Keystone: {detail}")]
    Foreign { url: String, detail: String },
    /// The catalog has no such endpoint of an image service.
    #[error("the catalog of {url} has no {wanted}; it has {there}")]
    NoEndpoint {
        url: String,
        wanted: String,
        there: String,
    },
    /// What it has is no URL of a server.
    #[error("the catalog of {url} has an endpoint of an image service that is not one: {why}")]
    BadEndpoint { url: String, why: String },
    /// The token would be read by whoever is on the way.
    #[error(
        "{url} speaks TLS, and its catalog names {glance}, where the token would be sent in clear; if you want that, write `insecure_endpoint = true` in [target.glance]"
    )]
    InClear { url: String, glance: String },
}
