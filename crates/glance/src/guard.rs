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
    /// Its name leads to no address, so that nobody can say where it is: its URL, and what the look-up came to.
    #[error("{0} cannot be found: {1}; check the name, and the resolver of this machine")]
    Nowhere(String, String),
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
    let shown = || format!("{endpoint}{}", endpoint.prefix);
    // Looked up also where it is allowed: what the name meant then is what was allowed.
    let addresses = match proxied {
        true => Ok(Vec::new()),
        false => routes.addresses(&endpoint.host),
    };
    match addresses {
        _ if allowed => Ok(()),
        Ok(addresses) if are_here(&addresses) => Ok(()),
        Ok(_) => Err(GuardError::NotHere(shown())),
        Err(error) => Err(GuardError::Nowhere(shown(), error.to_string())),
    }
}

fn are_here(addresses: &[IpAddr]) -> bool {
    let is_loopback = |address: &IpAddr| address.to_canonical().is_loopback();
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
