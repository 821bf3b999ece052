//! Where the server is and who asks.

use super::answer::RunId;
use crate::units::Span;
use std::fmt;

/// What a client needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The endpoint, `http://host:port` with an optional path before `/v2`.
    pub url: String,
    /// Who creates, uploads, downloads and deletes.
    pub member: Identity,
    /// Who deactivates, reactivates and downloads as an admin. Without one these operations are not supported.
    pub admin: Option<Identity>,
    /// The longest wait for a connection, and for an answer counted from the last byte sent or received.
    pub timeout: Span,
    /// The most connections open at once, at least one; an operation beyond them waits.
    pub connections: usize,
    /// The run whose tag is put on every image created.
    pub run: RunId,
    /// An `http://` address that Glance may read data from. Without one, operations with a location are not supported.
    pub location: Option<String>,
}

/// Who asks. Never shown.
#[derive(Clone, Debug)]
pub enum Identity {
    /// A token, in `X-Auth-Token`.
    Token(Secret),
    /// The headers that a Keystone middleware would fill in, for a Glance that trusts whoever reaches it.
    Headers {
        /// `X-User-Id`.
        user: Secret,
        /// `X-Project-Id`.
        project: Secret,
        /// `X-Roles`, separated by commas. Glance implies none: an admin says `admin,member,reader`.
        roles: Secret,
    },
}

/// Text that is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Why a client could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The address is not of the form that is understood.
    #[error("the Glance url must look like http://host:port, {0}")]
    Url(&'static str),
    /// A header cannot carry this.
    #[error("the {0} holds a character that an HTTP header cannot carry")]
    Header(&'static str),
    /// There must be at least one.
    #[error("connections must be at least 1")]
    NoConnections,
}

/// An endpoint, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub host: String,
    pub port: u16,
    /// `host:port` as the URL had it.
    pub authority: String,
    /// What comes before `/v2`, without a slash at its end.
    pub prefix: String,
}

impl Endpoint {
    pub(super) fn parse(url: &str) -> Result<Endpoint, ConfigError> {
        let uri: hyper::Uri = url
            .parse()
            .map_err(|_| ConfigError::Url("and this is no URL"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(ConfigError::Url("TLS is not supported")),
            _ => return Err(ConfigError::Url("it begins with http://")),
        }
        let authority = uri
            .authority()
            .ok_or(ConfigError::Url("a host is missing"))?;
        if authority.as_str().contains('@') {
            return Err(ConfigError::Url("credentials do not belong in it"));
        }
        if uri.query().is_some() {
            return Err(ConfigError::Url("it has no query"));
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        if host.is_empty() {
            return Err(ConfigError::Url("a host is missing"));
        }
        let path = uri.path().trim_end_matches('/');
        let prefix = path.strip_suffix("/v2").unwrap_or(path);
        Ok(Endpoint {
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(80),
            authority: authority.to_string(),
            prefix: prefix.trim_end_matches('/').to_owned(),
        })
    }
}

impl Identity {
    /// The headers it stands for.
    pub(super) fn headers(
        &self,
    ) -> Result<Vec<(&'static str, hyper::header::HeaderValue)>, ConfigError> {
        let value = |name, secret: &Secret| {
            let mut value = hyper::header::HeaderValue::from_str(&secret.0)
                .map_err(|_| ConfigError::Header(name))?;
            value.set_sensitive(true); // hyper's own Debug then hides it too
            Ok(value)
        };
        match self {
            Identity::Token(token) => Ok(vec![("x-auth-token", value("token", token)?)]),
            Identity::Headers {
                user,
                project,
                roles,
            } => Ok(vec![
                (
                    "x-identity-status",
                    hyper::header::HeaderValue::from_static("Confirmed"),
                ),
                ("x-user-id", value("user", user)?),
                ("x-project-id", value("project", project)?),
                ("x-roles", value("roles", roles)?),
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let check = |url: &str, host: &str, port: u16, prefix: &str| {
            let endpoint = Endpoint::parse(url).unwrap();
            assert_eq!(
                (
                    endpoint.host.as_str(),
                    endpoint.port,
                    endpoint.prefix.as_str()
                ),
                (host, port, prefix)
            );
        };
        check("http://127.0.0.1:9292", "127.0.0.1", 9292, "");
        check("http://glance/", "glance", 80, "");
        check("http://cloud/image/v2/", "cloud", 80, "/image");
        check("http://[::1]:9292/v2", "::1", 9292, "");
        for url in [
            "",
            "glance:9292",
            "https://glance",
            "http://",
            "http://me:word@glance",
            "ftp://x",
        ] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let identity = Identity::Token(Secret::new("swordfish"));
        assert!(!format!("{identity:?}").contains("swordfish"));
        let headers = identity.headers().unwrap();
        assert!(!format!("{headers:?}").contains("swordfish"));
        assert!(Identity::Token(Secret::new("a\nb")).headers().is_err());
    }
}
