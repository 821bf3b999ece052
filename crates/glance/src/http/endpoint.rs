//! Where a server is, taken apart from its URL.

use crate::shown::is_hidden;
use std::cell::Cell;
use std::fmt;
use std::net::IpAddr;
use url::{Host, ParseError, SyntaxViolation, Url};

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

impl ConfigError {
    /// What is wrong, without what is right.
    pub fn why(&self) -> String {
        match self {
            ConfigError::Url(why) => why.clone(),
            other => other.to_string(),
        }
    }
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
    /// Takes a URL apart, whose path may end in `/version`. Nothing is put right in it: what one reader corrects, another reads
    /// otherwise, and a server would be asked that nobody named.
    pub(crate) fn parse(url: &str, version: &str) -> Result<Endpoint, ConfigError> {
        let wrong = |why: &str| ConfigError::Url(why.to_owned());
        let tls = match url.split_once("://") {
            Some(("http", _)) => false,
            Some(("https", _)) => true,
            _ => return Err(wrong("it begins with http:// or https://")),
        };
        let violation = Cell::new(None);
        let log = |found| violation.set(violation.get().or(Some(found)));
        let parsed = Url::options()
            .syntax_violation_callback(Some(&log))
            .parse(url);
        // Of a URL with credentials nothing else is said, whatever is wrong with it.
        let credentials = [
            SyntaxViolation::EmbeddedCredentials,
            SyntaxViolation::UnencodedAtSign,
        ];
        let written = url.split(['/', '?', '#']).nth(2).unwrap_or_default();
        if written.contains('@') || violation.get().is_some_and(|it| credentials.contains(&it)) {
            return Err(wrong("credentials do not belong in it"));
        }
        let parsed = parsed.map_err(|error| wrong(why(error)))?;
        if let Some(violation) = violation.get() {
            return Err(wrong(&format!(
                "and this one is not well formed: {}",
                violation.description()
            )));
        }
        if url.contains(is_hidden) {
            return Err(wrong(
                "and this one is not well formed: a character of it cannot be seen",
            ));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(wrong("it has no query and no fragment"));
        }
        let (host, address) = match parsed.host() {
            Some(Host::Domain(name)) => (name.to_owned(), None),
            Some(Host::Ipv4(address)) => (address.to_string(), Some(address.to_string())),
            Some(Host::Ipv6(address)) => (address.to_string(), None),
            None => return Err(wrong("a host is missing")),
        };
        let port = parsed.port_or_known_default().unwrap_or_default();
        let name = written.rsplit_once(':').map_or(written, |(name, _)| name);
        if port == 0 || written.ends_with(':') {
            return Err(wrong("a port is a number from 1 to 65535"));
        }
        if address.is_some_and(|address| address != name && address != written)
            || written.contains('%')
        {
            return Err(wrong(
                "an address is written as 127.0.0.1 or [::1], and a name without a %",
            ));
        }
        let path = parsed.path().trim_end_matches('/');
        let before = path.strip_suffix(version);
        let prefix = before
            .and_then(|path| path.strip_suffix('/'))
            .unwrap_or(path);
        let shown = parsed.host_str().unwrap_or_default();
        Ok(Endpoint {
            tls,
            host,
            port,
            authority: match parsed.port() {
                Some(port) => format!("{shown}:{port}"),
                None => shown.to_owned(),
            },
            prefix: prefix.trim_end_matches('/').to_owned(),
        })
    }

    /// The address that it is, if it is not a name.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether it says itself that it is on this host. No name is looked up.
    pub(crate) fn is_loopback(&self) -> bool {
        let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
        self.host == "localhost" || self.address().is_some_and(is_loopback)
    }
}

/// Whether a text is the URL of a server, and if not why.
pub fn check_url(url: &str) -> Result<(), ConfigError> {
    Endpoint::parse(url, "").map(drop)
}

fn why(error: ParseError) -> &'static str {
    match error {
        ParseError::EmptyHost => "a host is missing",
        ParseError::IdnaError => "its host is no name that there can be",
        ParseError::InvalidPort => "a port is a number from 1 to 65535",
        ParseError::InvalidIpv4Address => "its host looks like an address, and is none",
        ParseError::InvalidIpv6Address => {
            "what stands in brackets is an IPv6 address, without a zone"
        }
        ParseError::InvalidDomainCharacter => "its host holds a character that no host has",
        _ => "and this is no URL",
    }
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

    #[test]
    fn a_url_is_taken_as_it_is_written_or_not_at_all() {
        for (url, authority, host, prefix) in [
            (
                "http://Glance:9292/image/v2/",
                "glance:9292",
                "glance",
                "/image",
            ),
            ("https://[FE80::1]:443/v2", "[fe80::1]", "fe80::1", ""),
            ("http://127.0.0.1:80/v2", "127.0.0.1", "127.0.0.1", ""),
            (
                "http://b\u{fc}cher.example:1",
                "xn--bcher-kva.example:1",
                "xn--bcher-kva.example",
                "",
            ),
            (
                "http://a_b.example/~me/x%20y",
                "a_b.example",
                "a_b.example",
                "/~me/x%20y",
            ),
        ] {
            let it = Endpoint::parse(url, "v2").unwrap();
            assert_eq!(
                (&*it.authority, &*it.host, &*it.prefix),
                (authority, host, prefix),
                "{url}"
            );
        }
    }

    const PORT: &str = "a port is a number from 1 to 65535";
    const SLASH: &str = "it begins with http:// or https://";
    const ODD: &str = "and this one is not well formed";
    const SECRET: &str = "credentials do not belong in it";
    const PLAIN: &str = "an address is written as 127.0.0.1 or [::1], and a name without a %";
    const V6: &str = "what stands in brackets is an IPv6 address, without a zone";
    const REFUSED: &[(&str, &str)] = &[
        ("http://127.0.0.1:99999", PORT),
        ("http://127.0.0.1:65536", PORT),
        ("http://127.0.0.1:0", PORT),
        ("http://127.0.0.1:", PORT),
        ("http://127.0.0.1:-1", PORT),
        ("http://127.0.0.1:80a", PORT),
        ("http://127.0.0.1:+80", PORT),
        ("http://127.0.0.1:80:80", PORT),
        ("http://127.0.0.1:8\u{660}", PORT),
        ("http://[::1]:99999", PORT),
        ("http:/x", SLASH),
        ("http:x", SLASH),
        ("HTTP://x", SLASH),
        ("ftp://x", SLASH),
        ("//x", SLASH),
        ("127.0.0.1:9292", SLASH),
        (" http://x", SLASH),
        ("\u{feff}http://x", SLASH),
        ("http:\\\\x", SLASH),
        ("http:///x", ODD),
        ("http://x\\y", ODD),
        ("http://x/\\y", ODD),
        ("http://x ", ODD),
        ("http://x\n", ODD),
        ("http://x\t.example", ODD),
        ("http://x/a b", ODD),
        ("http://x/%zz", ODD),
        ("http://x/\u{0}", ODD),
        ("http://x/\u{202e}y", ODD),
        ("http://", "a host is missing"),
        ("http://:80", "a host is missing"),
        ("http://x/?a", "it has no query and no fragment"),
        ("http://x/#a", "it has no query and no fragment"),
        ("http://me@x", SECRET),
        ("http://me:pass@x", SECRET),
        ("http://@x", SECRET),
        ("http://127.0.0.1@x:99999", SECRET),
        ("http://127.0.0.1\\@x", SECRET),
        ("http://127.1", PLAIN),
        ("http://2130706433", PLAIN),
        ("http://0x7f.0.0.1", PLAIN),
        ("http://0177.0.0.1", PLAIN),
        ("http://127.0.0.1.", PLAIN),
        ("http://\u{ff11}\u{ff12}\u{ff17}.0.0.1", PLAIN),
        ("http://%31%32%37.0.0.1", PLAIN),
        ("http://loc%61lhost", PLAIN),
        (
            "http://256.0.0.1",
            "its host looks like an address, and is none",
        ),
        ("http://[fe80::1%25eth0]", V6),
        ("http://[fe80::1%eth0]:80", V6),
        ("http://[::1", V6),
        ("http://x y", "its host is no name that there can be"),
        ("http://x|y", "its host is no name that there can be"),
        ("http://xn--a", "its host is no name that there can be"),
    ];

    #[test]
    fn a_url_that_others_may_read_otherwise_is_refused() {
        for (url, expected) in REFUSED {
            let error = Endpoint::parse(url, "v2").unwrap_err().to_string();
            let start = format!("the URL of a server must look like https://host:port, {expected}");
            assert!(error.starts_with(&start), "{url:?}: {error}");
        }
    }
}
