//! Who sends a request: what its head says, and what is learnt from the answer.

use super::identity::Identity;
use super::login::{LoginError, Secret};
use super::session::Session;
use crate::http::ConfigError;
use hyper::header::{HeaderMap, HeaderValue};
use std::path::Path;
use std::rc::Rc;
use stormglass_model::units::Span;

type Headers = Vec<(&'static str, HeaderValue)>;

/// Who sends a request.
#[derive(Clone)]
pub(crate) enum Caller {
    /// One who always says the same.
    Headers(Rc<Headers>),
    /// One whose token is got from Keystone, and renewed.
    Session(Rc<Session>),
}

/// Sends no header that says who asks.
impl Default for Caller {
    fn default() -> Caller {
        Caller::Headers(Rc::default())
    }
}

impl Caller {
    /// `ca` and `timeout` are for its Keystone, if it has one.
    pub(crate) fn new(
        identity: &Identity,
        ca: Option<&Path>,
        timeout: Span,
    ) -> Result<Caller, ConfigError> {
        Ok(match identity {
            Identity::Keystone(login) => {
                Caller::Session(Rc::new(Session::new(login.clone(), ca, timeout)?))
            }
            other => Caller::Headers(Rc::new(headers(other)?)),
        })
    }

    /// Puts into a request's head who sends it, and gives the token of a session.
    pub(crate) async fn sign(&self, headers: &mut HeaderMap) -> Result<Option<Secret>, LoginError> {
        match self {
            Caller::Headers(own) => {
                for (name, value) in own.iter() {
                    headers.insert(*name, value.clone());
                }
                Ok(None)
            }
            Caller::Session(session) => {
                let token = session.token().await?;
                if let Ok(value) = hidden("token", token.reveal()) {
                    headers.insert("x-auth-token", value); // it came in a header
                }
                Ok(Some(token))
            }
        }
    }

    /// Logs in if that is still to be done.
    pub(crate) async fn ready(&self) -> Result<(), LoginError> {
        self.sign(&mut HeaderMap::new()).await.map(drop)
    }

    /// Hears how a signed request was answered. Whether it is worth sending once more, signed anew.
    pub(crate) fn answered(&self, token: Option<&Secret>, status: u16) -> bool {
        match (self, token) {
            (Caller::Session(session), Some(token)) => session.answered(token, status),
            _ => false,
        }
    }

    /// Whether its token may be another one the next time.
    pub(crate) fn renews(&self) -> bool {
        matches!(self, Caller::Session(_))
    }
}

/// The headers that say who asks. Hyper's own `Debug` hides their values.
fn headers(identity: &Identity) -> Result<Headers, ConfigError> {
    match identity {
        Identity::Anonymous | Identity::Keystone(_) => Ok(Vec::new()),
        Identity::Token(token) => Ok(vec![("x-auth-token", hidden("token", token)?)]),
        Identity::Headers {
            user,
            project,
            roles,
        } => Ok(vec![
            ("x-identity-status", HeaderValue::from_static("Confirmed")),
            ("x-user-id", hidden("user", user)?),
            ("x-project-id", hidden("project", project)?),
            // Glance implies no role by another: an admin says admin, member and reader.
            ("x-roles", hidden("roles", &roles.join(","))?),
        ]),
    }
}

/// A header's value that `Debug` does not show.
fn hidden(name: &'static str, text: &str) -> Result<HeaderValue, ConfigError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| ConfigError::Header(name))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        let headers = headers(&Identity::Token("swordfish".to_owned())).unwrap();
        assert!(!format!("{headers:?}").contains("swordfish"));
        assert!(super::headers(&Identity::Token("a\nb".to_owned())).is_err());
    }
}
