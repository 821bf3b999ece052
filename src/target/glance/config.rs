//! Where the server is and who asks, as the wire needs it.

use crate::scenario::Identity;
use hyper::header::HeaderValue;

/// Why a client could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The address is not of the form that is understood.
    #[error("the Glance url must look like http://host:port, {0}")]
    Url(&'static str),
    /// A header cannot carry this.
    #[error("the {0} holds a character that an HTTP header cannot carry")]
    Header(&'static str),
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

/// The headers of an identity.
pub(super) type Headers = Vec<(&'static str, HeaderValue)>;

/// The headers that say who asks. Hyper's own `Debug` hides their values.
pub(super) fn headers(identity: &Identity) -> Result<Headers, ConfigError> {
    let value = |name, text: &str| {
        let mut value = HeaderValue::from_str(text).map_err(|_| ConfigError::Header(name))?;
        value.set_sensitive(true);
        Ok(value)
    };
    match identity {
        Identity::Anonymous => Ok(Vec::new()),
        Identity::Token(token) => Ok(vec![("x-auth-token", value("token", token)?)]),
        Identity::Headers {
            user,
            project,
            roles,
        } => Ok(vec![
            ("x-identity-status", HeaderValue::from_static("Confirmed")),
            ("x-user-id", value("user", user)?),
            ("x-project-id", value("project", project)?),
            // Glance implies no role by another: an admin says admin, member and reader.
            ("x-roles", value("roles", &roles.join(","))?),
        ]),
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
    fn a_token_is_never_shown() {
        let headers = headers(&Identity::Token("swordfish".to_owned())).unwrap();
        assert!(!format!("{headers:?}").contains("swordfish"));
        assert!(super::headers(&Identity::Token("a\nb".to_owned())).is_err());
    }
}
