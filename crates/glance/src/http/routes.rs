//! How servers are reached: through which proxies, and at which addresses.

use super::endpoint::{ConfigError, Endpoint};
use super::proxy::{Proxies, Proxy};
use crate::generator::{Generator, unresolved};
use crate::system::{NativeSystem, Socket, System};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The ways to servers; clones share them. A name is looked up once: whoever answers for it must not be able to send later
/// connections elsewhere than to what was looked at first.
#[derive(Clone, Debug)]
pub struct Routes {
    system: Arc<dyn System>,
    proxies: Proxies,
    names: Arc<Mutex<BTreeMap<String, Vec<IpAddr>>>>,
    generator: Generator,
}

impl Default for Routes {
    fn default() -> Routes {
        Routes::on(Arc::new(NativeSystem))
    }
}

impl Routes {
    /// Without proxies, on `system`.
    pub fn on(system: Arc<dyn System>) -> Routes {
        Routes {
            system,
            proxies: Proxies::default(),
            names: Arc::default(),
            generator: Generator::default(),
        }
    }

    /// The system that connects.
    pub fn system(&self) -> &Arc<dyn System> {
        &self.system
    }

    /// Through the proxies that variables name.
    pub fn of_variables<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Routes {
        Routes {
            proxies: Proxies::of_variables(variable),
            ..Routes::default()
        }
    }

    /// The same ways, taken by this generator: it hears what fails on this machine, and says when to stop.
    pub fn taken_by(&self, generator: &Generator) -> Routes {
        Routes {
            generator: generator.clone(),
            ..self.clone()
        }
    }

    /// Who takes them.
    pub fn generator(&self) -> &Generator {
        &self.generator
    }

    /// Whether a server is asked through a proxy.
    pub(crate) fn lead_through_proxy(&self, endpoint: &Endpoint) -> bool {
        !matches!(self.towards(endpoint), Ok(None))
    }

    /// The proxy through which this server is asked.
    pub(super) fn towards(&self, endpoint: &Endpoint) -> Result<Option<Proxy>, ConfigError> {
        self.proxies.towards(endpoint)
    }

    /// The addresses of a host, which stand from now on. Looks a name up if that was not done before.
    pub(crate) fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match self.known(host) {
            Some(known) => Ok(known),
            None => self.remembered(host, self.system.look_up_now(host)?),
        }
    }

    /// A connection to one of the addresses of a host.
    pub(super) async fn connect(&self, endpoint: &Endpoint) -> io::Result<Box<dyn Socket>> {
        let addresses = self.resolved(&endpoint.host).await?;
        let places = addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, endpoint.port));
        self.system.connect(&places.collect::<Vec<_>>()).await
    }

    /// The same as [`Routes::addresses`], without blocking.
    pub(crate) async fn resolved(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match self.known(host) {
            Some(known) => Ok(known),
            None => {
                let found = self.system.look_up(host).await;
                self.remembered(host, found.map_err(unresolved)?)
            }
        }
    }

    fn known(&self, host: &str) -> Option<Vec<IpAddr>> {
        match host.parse() {
            Ok(address) => Some(vec![address]),
            Err(_) => self.names().get(host).cloned(),
        }
    }

    /// Of two who look a name up at once, the first is believed.
    fn remembered(&self, host: &str, mut found: Vec<IpAddr>) -> io::Result<Vec<IpAddr>> {
        found.dedup();
        if found.is_empty() {
            let nothing = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
            return Err(unresolved(nothing));
        }
        Ok(self.names().entry(host.to_owned()).or_insert(found).clone())
    }

    fn names(&self) -> MutexGuard<'_, BTreeMap<String, Vec<IpAddr>>> {
        // Every change is a single insertion, so that a panic elsewhere leaves nothing half done.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up_once_and_connections_go_there() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let routes = Routes::default();
            // As a name server said once; nobody else knows the name.
            let said = vec![IpAddr::from([127, 0, 0, 1])];
            routes.remembered("glance.invalid", said.clone()).unwrap();
            // What it says later does not count.
            let later = vec![IpAddr::from([192, 0, 2, 1])];
            let kept = routes.remembered("glance.invalid", later).unwrap();
            assert_eq!(kept, said);
            let clone = routes.clone();
            assert_eq!(clone.addresses("glance.invalid").unwrap(), kept);
            let endpoint = Endpoint::parse(&format!("http://glance.invalid:{port}"), "").unwrap();
            let accepted = tokio::join!(listener.accept(), clone.connect(&endpoint));
            assert!(accepted.0.is_ok() && accepted.1.is_ok());
        });
    }
}
