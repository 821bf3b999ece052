//! A server that may be somebody else's is only touched by one who says so.

use crate::http::{Proxies, host};
use std::net::{IpAddr, ToSocketAddrs};

/// Why a server is not touched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// It is not on this machine.
    #[error(
        "{0} is not on this machine: images would be created, broken and deleted there, under load. If it is yours to load, say so: --yes-load-this-server"
    )]
    NotHere(String),
    /// It makes no sense.
    #[error("`{0}` is not the URL of a server")]
    NoUrl(String),
}

/// Refuses the server at `url`, unless it is on this machine or `allowed`: its host must be a loopback address or a name of
/// nothing else. To be called with the endpoint that requests will go to, before the first of them. Looks names up.
pub fn guard(url: &str, allowed: bool) -> Result<(), GuardError> {
    let no_url = || GuardError::NoUrl(shown(url));
    let uri: hyper::Uri = url.parse().map_err(|_| no_url())?;
    let host = host(&uri).ok_or_else(no_url)?;
    match allowed || is_here(host) {
        true => Ok(()),
        false => Err(GuardError::NotHere(shown(url))),
    }
}

/// The same for a server that is asked through one of `proxies`, if one leads to it: what its name means is the proxy's to say.
pub fn guard_through(proxies: &Proxies, url: &str, allowed: bool) -> Result<(), GuardError> {
    guard(url, allowed)?;
    match allowed || !proxies.lead_to(url) {
        true => Ok(()),
        false => Err(GuardError::NotHere(shown(url))),
    }
}

fn is_here(host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return is_loopback(address);
    }
    let mut addresses = (host, 0).to_socket_addrs().into_iter().flatten().peekable();
    // A name that leads nowhere is not here either.
    addresses.peek().is_some() && addresses.all(|address| is_loopback(address.ip()))
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The URL without `user:password@`.
fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end]
        .rsplit_once('@')
        .map_or(&rest[..end], |(_, host)| host);
    format!("{scheme}://{host}{}", &rest[end..])
}
