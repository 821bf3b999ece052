//! A server that may be somebody else's is only touched by one who says so.

use crate::http::{ConfigError, Endpoint, Routes};
use std::net::IpAddr;

/// Why a server is not touched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// It is not on this machine.
    #[error(
        "{0} is not on this machine: images would be created, broken and deleted there, under load. If it is yours to load, say so: --yes-load-this-server"
    )]
    NotHere(String),
    /// It makes no sense.
    #[error(transparent)]
    Url(#[from] ConfigError),
}

/// Refuses the server at `url`, unless it is on this machine or `allowed`: its host must be a loopback address or a name of
/// nothing else, and no proxy may lead to it, since what its name means would be the proxy's to say. To be called with the
/// endpoint that requests will go to, before the first of them. Looks its name up, and `routes` lead from then on to what was found.
pub fn guard(routes: &Routes, url: &str, allowed: bool) -> Result<(), GuardError> {
    let endpoint = Endpoint::parse(url, "v2")?;
    let proxied = routes.lead_through_proxy(&endpoint);
    // Looked up also where it is allowed: what the name meant then is what was allowed.
    let is_here = !proxied && is_here(routes, &endpoint.host);
    match allowed || is_here {
        true => Ok(()),
        false => Err(GuardError::NotHere(format!(
            "{endpoint}{}",
            endpoint.prefix
        ))),
    }
}

fn is_here(routes: &Routes, host: &str) -> bool {
    let is_loopback = |address: &IpAddr| address.to_canonical().is_loopback();
    // A name that leads nowhere is not here either.
    let addresses = routes.addresses(host).unwrap_or_default();
    !addresses.is_empty() && addresses.iter().all(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_checked_is_what_stands() {
        let routes = Routes::default();
        guard(&routes, "http://localhost:1", false).unwrap();
        // A name server would no longer be asked: this name is known.
        assert!(
            format!("{routes:?}").contains("\"localhost\": ["),
            "{routes:?}"
        );
    }
}
