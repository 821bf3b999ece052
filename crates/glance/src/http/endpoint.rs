//! Where a server is, taken apart from its URL.

use std::fmt;

/// Why a client could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The address is not of the form that is understood.
    #[error("the URL of a server must look like https://host:port, {0}")]
    Url(String),
    /// Nothing says where the server is. A catalog may: see [`crate::locate`].
    #[error("the URL of the Glance is not known")]
    NoUrl,
    /// A header cannot carry this.
    #[error("the {0} holds a character that an HTTP header cannot carry")]
    Header(&'static str),
    /// A proxy cannot be used.
    #[error("{0}")]
    Proxy(String),
    /// The certificates to trust cannot be had.
    #[error("{0}")]
    Trust(String),
}

/// An endpoint, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub tls: bool,
    pub host: String,
    pub port: u16,
    /// `host:port` as the URL had it.
    pub authority: String,
    /// What comes before the API's version, without a slash at its end.
    pub prefix: String,
}

/// `http://host:port`
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

impl Endpoint {
    /// Takes a URL apart, whose path may end in `/version`.
    pub(crate) fn parse(url: &str, version: &str) -> Result<Endpoint, ConfigError> {
        let wrong = |why: &str| ConfigError::Url(why.to_owned());
        let uri: hyper::Uri = url.parse().map_err(|_| wrong("and this is no URL"))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong("it begins with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("a host is missing"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("credentials do not belong in it"));
        }
        if uri.query().is_some() {
            return Err(wrong("it has no query"));
        }
        let host = host(&uri).ok_or_else(|| wrong("a host is missing"))?;
        let path = uri.path().trim_end_matches('/');
        let before = path.strip_suffix(version);
        let prefix = before
            .and_then(|path| path.strip_suffix('/'))
            .unwrap_or(path);
        Ok(Endpoint {
            tls,
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            authority: authority.to_string(),
            prefix: prefix.trim_end_matches('/').to_owned(),
        })
    }
}

/// The name or address in a URL, if there is one.
pub(crate) fn host(uri: &hyper::Uri) -> Option<&str> {
    let host = uri.host()?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    (!bare.is_empty()).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_not_said_is_the_usual_one() {
        let place = |url| Endpoint::parse(url, "v2").map(|it| (it.host, it.port));
        assert_eq!(place("http://glance/"), Ok(("glance".to_owned(), 80)));
        assert_eq!(place("https://[::1]/v2"), Ok(("::1".to_owned(), 443)));
    }
}
