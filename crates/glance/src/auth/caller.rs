//! Who sends a request: what its head says, and what is learnt from the answer.

use super::identity::Identity;
use super::keystone::TOKEN;
use super::login::{LoginError, Secret};
use super::session::Session;
use crate::http::{ConfigError, Proxies};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use std::path::Path;
use stormglass_model::units::Span;

/// Who sends a request; by default nobody that a header names.
#[derive(Default)]
pub(crate) struct Caller {
    /// What every request says.
    headers: HeaderMap,
    /// Gets a token from Keystone, and renews it; none where the headers say it all.
    session: Option<Session>,
}

impl Caller {
    /// `ca`, `proxies` and `timeout` are for its Keystone, if it has one.
    pub(crate) fn new(
        identity: &Identity,
        ca: Option<&Path>,
        proxies: &Proxies,
        timeout: Span,
    ) -> Result<Caller, ConfigError> {
        let session = match identity {
            Identity::Keystone(login) => Some(Session::new(login.clone(), ca, proxies, timeout)?),
            _ => None,
        };
        let headers = headers(identity)?;
        Ok(Caller { headers, session })
    }

    /// Puts into a request's head who sends it, and gives the token of a session.
    pub(crate) async fn sign(&self, headers: &mut HeaderMap) -> Result<Option<Secret>, LoginError> {
        headers.extend(self.headers.clone());
        let Some(session) = &self.session else {
            return Ok(None);
        };
        let token = session.token().await?;
        headers.extend(
            token
                .header()
                .map(|value| (HeaderName::from_static(TOKEN), value)),
        );
        Ok(Some(token))
    }

    /// Its session, if that can have tokens for one request alone.
    pub(crate) fn lasting(&self) -> Option<&Session> {
        self.session.as_ref().filter(|session| session.is_lasting())
    }

    /// Logs in if that is still to be done.
    pub(crate) async fn ready(&self) -> Result<(), LoginError> {
        self.sign(&mut HeaderMap::new()).await.map(drop)
    }

    /// Hears how a signed request was answered. Whether it is worth sending once more, signed anew.
    pub(crate) fn answered(&self, token: Option<&Secret>, status: u16) -> bool {
        let session = self.session.as_ref().zip(token);
        session.is_some_and(|(session, token)| session.answered(token, status))
    }

    /// Whether its token may be another one the next time.
    pub(crate) fn renews(&self) -> bool {
        self.session.is_some()
    }
}

/// The headers that say who asks. Hyper's own `Debug` hides their values.
fn headers(identity: &Identity) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    match identity {
        Identity::Anonymous | Identity::Keystone(_) => {}
        Identity::Token(token) => {
            headers.insert(TOKEN, hidden("token", token)?);
        }
        Identity::Headers {
            user,
            project,
            roles,
        } => {
            headers.insert("x-identity-status", HeaderValue::from_static("Confirmed"));
            headers.insert("x-user-id", hidden("user", user)?);
            headers.insert("x-project-id", hidden("project", project)?);
            // Glance implies no role by another: an admin says admin, member and reader.
            headers.insert("x-roles", hidden("roles", &roles.join(","))?);
        }
    }
    Ok(headers)
}

/// A header's value that `Debug` does not show.
fn hidden(name: &'static str, text: &str) -> Result<HeaderValue, ConfigError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| ConfigError::Header(name))?;
    value.set_sensitive(true);
    Ok(value)
}
