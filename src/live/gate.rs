//! Who may see a run and stop it: a pure function of what a request says of itself.

use hyper::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use hyper::{HeaderMap, Method, StatusCode, Uri};
use sha2::{Digest, Sha256};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// What a token may consist of, so that it stands in an address as it is.
const LENGTH: std::ops::RangeInclusive<usize> = 16..=256;

/// What whoever asks must know. Only its sum is kept.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// A token of this text; none where it is none.
    pub fn new(text: &str) -> Option<Token> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        let is_one = LENGTH.contains(&text.len()) && text.chars().all(fits);
        is_one.then(|| Token(Sha256::digest(text.as_bytes()).into()))
    }

    /// Whether this is it. It takes as long whatever is wrong.
    fn is(&self, text: &str) -> bool {
        let theirs: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let differing = self
            .0
            .iter()
            .zip(theirs)
            .fold(0, |all, (a, b)| all | (a ^ b));
        std::hint::black_box(differing) == 0
    }
}

/// Lets requests in, or not.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Where it listens.
    pub address: SocketAddr,
    /// What whoever asks must know; none: who is on this machine may see everything.
    pub token: Option<Token>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is for a name that may lead anywhere.
    Host,
    /// It does not know the token.
    Token,
    /// It comes from a page of somebody else.
    Origin,
}

impl Refusal {
    /// What is answered.
    pub const fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Refusal::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                "ask for it as 127.0.0.1 or localhost\n",
            ),
            Refusal::Token => (
                StatusCode::UNAUTHORIZED,
                "add ?token=TOKEN to the address, or send `Authorization: Bearer TOKEN`\n",
            ),
            Refusal::Origin => (
                StatusCode::FORBIDDEN,
                "only the page of the run may stop it\n",
            ),
        }
    }
}

impl Gate {
    /// Whether a request may come in.
    pub fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let header = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let host = header(&HOST).unwrap_or_default();
        match &self.token {
            // A page of somebody else knows no token; without one, a name of theirs could lead to here.
            None if !is_this_machine(host) => return Err(Refusal::Host),
            None => {}
            Some(token) => {
                let bearer = header(&AUTHORIZATION).and_then(|it| it.strip_prefix("Bearer "));
                let query = uri.query().unwrap_or_default().split('&');
                let mut query = query.filter_map(|pair| pair.strip_prefix("token="));
                let told = bearer.or_else(|| query.next());
                if !told.is_some_and(|told| token.is(told)) {
                    return Err(Refusal::Token);
                }
            }
        }
        if method == Method::POST {
            let origin = header(&ORIGIN);
            let ours = |origin: &str| origin.split_once("://").is_some_and(|(_, at)| at == host);
            let site = headers.get("sec-fetch-site");
            let same = site.is_none_or(|site| site == "same-origin" || site == "none");
            if !same || !origin.is_none_or(ours) {
                return Err(Refusal::Origin);
            }
        }
        Ok(())
    }
}

/// Whether a host, with or without a port, is this machine whoever is asked.
fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    let address: Option<IpAddr> = name.parse().ok();
    name.eq_ignore_ascii_case("localhost") || address.is_some_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    const SECRET: &str = "0123456789abcdef";

    fn check(
        token: Option<&str>,
        request: (&Method, &str, &[(&str, &str)]),
    ) -> Result<(), Refusal> {
        let (method, uri, pairs) = request;
        let gate = Gate {
            address: SocketAddr::from(([127, 0, 0, 1], 5665)),
            token: token.map(|token| Token::new(token).unwrap()),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        gate.check(method, &uri.parse().unwrap(), &headers)
    }

    #[test]
    fn a_name_that_may_lead_anywhere_is_refused() {
        for (host, expected) in [
            ("127.0.0.1:5665", Ok(())),
            ("127.0.0.1", Ok(())),
            ("[::1]:5665", Ok(())),
            ("localhost:8080", Ok(())),
            ("LOCALHOST", Ok(())),
            ("evil.example:5665", Err(Refusal::Host)),
            ("127.0.0.1.evil.example", Err(Refusal::Host)),
            ("10.0.0.1:5665", Err(Refusal::Host)),
            ("", Err(Refusal::Host)),
        ] {
            let found = check(None, (&Method::GET, "/", &[("host", host)]));
            assert_eq!(found, expected, "{host}");
        }
        let without = check(None, (&Method::GET, "/", &[]));
        assert_eq!(without, Err(Refusal::Host));
    }

    #[test]
    fn only_the_page_itself_may_stop_a_run() {
        let host = ("host", "127.0.0.1:5665");
        for (name, value, expected) in [
            ("origin", "http://127.0.0.1:5665", Ok(())),
            ("accept", "*/*", Ok(())),
            ("sec-fetch-site", "same-origin", Ok(())),
            ("origin", "http://127.0.0.1:80", Err(Refusal::Origin)),
            ("origin", "http://evil.example", Err(Refusal::Origin)),
            ("origin", "null", Err(Refusal::Origin)),
            ("sec-fetch-site", "cross-site", Err(Refusal::Origin)),
            ("sec-fetch-site", "same-site", Err(Refusal::Origin)),
        ] {
            let request = (&Method::POST, "/stop", &[host, (name, value)][..]);
            assert_eq!(check(None, request), expected, "{name}: {value}");
        }
    }

    #[test]
    fn a_token_is_asked_for_wherever_one_is_set() {
        let host = ("host", "storm.example:5665");
        let bearer = format!("Bearer {SECRET}");
        let query = format!("/?a=b&token={SECRET}");
        for (uri, headers, expected) in [
            (query.as_str(), &[host][..], Ok(())),
            ("/", &[host, ("authorization", &bearer)], Ok(())),
            ("/", &[host], Err(Refusal::Token)),
            ("/?token=", &[host], Err(Refusal::Token)),
            ("/?token=0123456789abcdee", &[host], Err(Refusal::Token)),
            ("/?xtoken=0123456789abcdef", &[host], Err(Refusal::Token)),
            ("/", &[host, ("authorization", SECRET)], Err(Refusal::Token)),
        ] {
            let found = check(Some(SECRET), (&Method::GET, uri, headers));
            assert_eq!(found, expected, "{uri} {headers:?}");
        }
        let long = "a".repeat(257);
        for bad in [
            "",
            "short",
            "with space in the middle",
            "with%20escape-in-it",
            &long,
        ] {
            assert!(Token::new(bad).is_none(), "{bad}");
        }
    }
}
