//! Proxies, as the environment names them, for every program alike.

use super::endpoint::{ConfigError, Endpoint};
use super::trouble::Trouble;
use crate::system::Socket;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::Request;
use hyper::header::{HeaderValue, PROXY_AUTHORIZATION};
use percent_encoding::percent_decode_str;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The most of a proxy's answer that is read.
const ANSWER_MAX: usize = 16 * 1024;

/// What the variables say of proxies. What they name counts once a server is known that it is for.
#[derive(Clone, Default)]
pub(super) struct Proxies(Arc<Said>);

#[derive(Default)]
struct Said {
    /// For each kind of server, the variable and its value.
    http: Option<(&'static str, String)>,
    https: Option<(&'static str, String)>,
    /// Servers that are asked without one.
    except: Vec<String>,
}

/// A value may hold a password.
impl std::fmt::Debug for Proxies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxies").finish_non_exhaustive()
    }
}

impl Proxies {
    /// Those that variables name. The small spelling counts before the large one, also where it is empty; what is for all kinds of
    /// servers counts last.
    pub fn of_variables<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Proxies {
        let first = |names: [&'static str; 2]| {
            let said = names
                .into_iter()
                .find_map(|name| Some((name, variable(name)?)));
            said.filter(|(_, value)| !value.is_empty())
        };
        let owned = |(name, value): (&'static str, &str)| (name, value.to_owned());
        let all = first(["all_proxy", "ALL_PROXY"]);
        let except = first(["no_proxy", "NO_PROXY"]).map_or("", |(_, value)| value);
        let entries = except
            .split(',')
            .map(|entry| entry.trim().to_ascii_lowercase());
        Proxies(Arc::new(Said {
            http: first(["http_proxy", "HTTP_PROXY"]).or(all).map(owned),
            https: first(["https_proxy", "HTTPS_PROXY"]).or(all).map(owned),
            except: entries.filter(|entry| !entry.is_empty()).collect(),
        }))
    }

    /// The proxy through which this server is asked. None of this machine is: a proxy elsewhere would ask its own.
    pub(super) fn towards(&self, endpoint: &Endpoint) -> Result<Option<Proxy>, ConfigError> {
        let said = match endpoint.tls {
            true => &self.0.https,
            false => &self.0.http,
        };
        match said {
            Some((variable, url)) if !self.is_excepted(endpoint) => {
                Proxy::parse(variable, url).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn is_excepted(&self, endpoint: &Endpoint) -> bool {
        let (host, address) = (&endpoint.host, endpoint.address());
        if endpoint.is_loopback() {
            return true;
        }
        let with_port = format!("{host}:{}", endpoint.port);
        self.0.except.iter().any(|entry| {
            let name = entry.trim_start_matches('.');
            match address {
                _ if entry == "*" => true,
                Some(IpAddr::V4(address)) => entry == host || is_within(address, entry),
                Some(IpAddr::V6(_)) => entry == host,
                None => host == name || host.ends_with(entry) || with_port.ends_with(entry),
            }
        })
    }
}

/// Whether an address is in a network, `10.0.0.0/8`.
fn is_within(address: Ipv4Addr, network: &str) -> bool {
    let parsed = network.split_once('/').and_then(|(start, bits)| {
        let start: Ipv4Addr = start.parse().ok()?;
        let bits = bits.parse().ok().filter(|bits| (1..=32).contains(bits))?;
        Some((start, bits))
    });
    parsed.is_some_and(|(start, bits): (Ipv4Addr, u32)| {
        (u32::from(start) ^ u32::from(address)) >> (32 - bits) == 0
    })
}

/// A server that asks others on our behalf.
pub(super) struct Proxy {
    variable: &'static str,
    /// Where it is.
    pub(super) place: Endpoint,
    /// Who asks it.
    authorization: Option<HeaderValue>,
}

impl Proxy {
    fn parse(variable: &'static str, url: &str) -> Result<Proxy, ConfigError> {
        let wrong = |why: &str| ConfigError::Proxy(format!("{variable} {why}"));
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        if scheme != "http" {
            let why = "names a proxy that does not speak plain HTTP, which is not supported; name another, or the server in no_proxy";
            return Err(wrong(why));
        }
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, rest),
        };
        let authorization = login.map(|login| {
            let plain: Vec<u8> = percent_decode_str(login).collect();
            let text = format!("Basic {}", BASE64_STANDARD.encode(plain));
            let mut value = HeaderValue::from_str(&text).ok();
            value.iter_mut().for_each(|value| value.set_sensitive(true));
            value
        });
        let place = Endpoint::parse(&format!("http://{place}"), "")
            .map_err(|_| wrong("is not the URL of a proxy; write http://host:port"))?;
        Ok(Proxy {
            variable,
            place,
            authorization: authorization.flatten(),
        })
    }

    /// What to call it.
    fn name(&self) -> String {
        format!("the proxy {} of {}", self.place, self.variable)
    }

    /// Changes a request for a server that speaks plain HTTP into one that the proxy passes on.
    pub(super) fn address<B>(&self, request: &mut Request<B>, server: &Endpoint) {
        if let Ok(uri) = format!("{server}{}", request.uri()).parse() {
            *request.uri_mut() = uri;
        }
        if let Some(authorization) = &self.authorization {
            let headers = request.headers_mut();
            headers.insert(PROXY_AUTHORIZATION, authorization.clone());
        }
    }

    /// Why there is no connection to it.
    pub(super) fn lost(&self, error: io::Error) -> Trouble {
        Trouble::unsent(&format!("cannot connect to {}", self.name()), &error)
    }

    /// Makes of a connection to it one that leads on to a server, if that speaks TLS.
    pub(super) async fn lead_on(
        &self,
        mut stream: Box<dyn Socket>,
        server: &Endpoint,
    ) -> Result<Box<dyn Socket>, Trouble> {
        let lost = |error| self.lost(error);
        if !server.tls {
            return Ok(stream);
        }
        let host = match server.host.contains(':') {
            true => format!("[{}]:{}", server.host, server.port),
            false => format!("{}:{}", server.host, server.port),
        };
        let mut head = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n").into_bytes();
        if let Some(authorization) = &self.authorization {
            head.extend(b"Proxy-Authorization: ");
            head.extend(authorization.as_bytes());
            head.extend(b"\r\n");
        }
        head.extend(b"\r\n");
        stream.write_all(&head).await.map_err(lost)?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") && answer.len() < ANSWER_MAX {
            // Byte by byte: what follows the head is the server's.
            answer.push(stream.read_u8().await.map_err(lost)?);
        }
        let status = answer.get(9..12).unwrap_or_default();
        match (answer.starts_with(b"HTTP/1."), status) {
            (true, [b'2', ..]) => Ok(stream),
            (true, status) => Err(Trouble::NotSent(format!(
                "{} does not lead on to it: HTTP {}",
                self.name(),
                String::from_utf8_lossy(status)
            ))),
            (false, _) => {
                let why = format!("{} does not answer like a proxy", self.name());
                Err(Trouble::NotSent(why))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn towards(variables: &[(&str, &str)], url: &str) -> String {
        let variable = |name: &str| variables.iter().find(|it| it.0 == name).map(|it| it.1);
        let endpoint = Endpoint::parse(url, "v2").unwrap();
        match Proxies::of_variables(variable).towards(&endpoint) {
            Ok(None) => "none".to_owned(),
            Ok(Some(proxy)) => format!("{} {}", proxy.variable, proxy.place.authority),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn variables_name_a_proxy_for_each_kind_of_server() {
        let both = [("http_proxy", "http://p:1"), ("HTTPS_PROXY", "me:it@q:2/")];
        assert_eq!(towards(&both, "http://glance"), "http_proxy p:1");
        assert_eq!(towards(&both, "https://glance"), "HTTPS_PROXY q:2");
        let all = [
            ("all_proxy", "p:1"),
            ("https_proxy", ""),
            ("HTTPS_PROXY", "q:2"),
        ];
        assert_eq!(towards(&all, "http://glance"), "all_proxy p:1");
        assert_eq!(towards(&all, "https://glance"), "all_proxy p:1");
        assert_eq!(towards(&[], "https://glance"), "none");
        let socks = towards(&[("ALL_PROXY", "socks5h://p:1")], "https://glance");
        assert!(
            socks.starts_with("ALL_PROXY names a proxy that does not speak"),
            "{socks}"
        );
        let odd = towards(&[("http_proxy", "http://")], "http://glance");
        assert!(
            odd.starts_with("http_proxy is not the URL of a proxy"),
            "{odd}"
        );
    }

    #[test]
    fn some_servers_are_asked_without_one() {
        let except = |no_proxy, url| {
            towards(&[("http_proxy", "p:1"), ("no_proxy", no_proxy)], url) == "none"
        };
        for (no_proxy, url) in [
            ("*", "http://glance"),
            ("a, glance", "http://glance:9292"),
            (".cloud.example", "http://glance.cloud.example"),
            ("cloud.example", "http://GLANCE.cloud.example"),
            (".cloud.example", "http://cloud.example"),
            ("glance:9292", "http://glance:9292"),
            ("10.0.0.0/8", "http://10.1.2.3"),
            ("10.1.2.3", "http://10.1.2.3"),
            ("", "http://127.0.0.1:9292"),
            ("", "http://localhost:9292"),
            ("", "http://[::1]:9292"),
            ("", "http://[::ffff:127.0.0.1]"),
        ] {
            assert!(except(no_proxy, url), "{no_proxy} {url}");
        }
        for (no_proxy, url) in [
            ("", "http://glance"),
            ("glance:9292", "http://glance"),
            ("cloud.example", "http://glance.other.example"),
            ("10.0.0.0/8", "http://11.1.2.3"),
            ("10.0.0.0/x", "http://10.1.2.3"),
        ] {
            assert!(!except(no_proxy, url), "{no_proxy} {url}");
        }
    }
}
