//! Logging in: one token for all connections of a login, renewed before it ends, by one request while the others wait or go on.

use super::keystone::{self, Catalog};
use super::login::{Failure, Login, LoginError, Secret, Token};
use crate::clock::now;
use crate::http::{ConfigError, Connections, Endpoint, Proxies};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stormglass_model::units::Span;
use tokio::time::Instant;

/// A token is renewed so long before its end, or in the last tenth of its life if that is shorter.
const MARGIN: Duration = Duration::from_secs(300);
/// A token is used for so long at least, whatever is said of it: logging in must not become a storm.
const USED: Duration = Duration::from_secs(10);
/// A Keystone that did not answer is left alone for so long.
const PAUSE: Duration = Duration::from_secs(1);

/// A login as one client uses it.
pub(crate) struct Session {
    login: Arc<Login>,
    keystone: Connections,
}

impl Session {
    /// Also trusts the certificates of `ca`, and gives a request up after `timeout`. Nothing is sent yet.
    pub(crate) fn new(
        login: Arc<Login>,
        ca: Option<&Path>,
        proxies: &Proxies,
        timeout: Span,
    ) -> Result<Session, ConfigError> {
        let endpoint = Endpoint::parse(&login.auth_url, "v3").map_err(|error| match error {
            ConfigError::Url(why) => ConfigError::Url(format!("{why} (auth_url)")),
            other => other,
        })?;
        let files = login.ca.as_deref().into_iter().chain(ca);
        let keystone = Connections::new(endpoint, files, proxies, timeout, 1)?;
        Ok(Session { login, keystone })
    }

    /// A token that should be accepted.
    pub(crate) async fn token(&self) -> Result<Secret, LoginError> {
        let asked = now();
        if let Some(settled) = self.settled(asked) {
            return settled;
        }
        let turn = &self.login.cache.turn;
        let usable = self.login.cache.held().usable(asked);
        let _turn = match usable {
            // One renews it; the others go on with it.
            Some(token) => match turn.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(token),
            },
            None => turn.lock().await,
        };
        // Whoever had the turn before may have settled it for those who waited.
        if let Some(settled) = self.settled(asked) {
            return settled;
        }
        match self.log_in().await {
            Ok((token, _)) => Ok(token),
            Err(error) => self.login.cache.held().usable(asked).ok_or(error),
        }
    }

    /// What is known without asking Keystone: a token that is not due for renewal, or why there can be none for one who asked then.
    fn settled(&self, asked: Instant) -> Option<Result<Secret, LoginError>> {
        let held = self.login.cache.held();
        let token = held.token.as_ref();
        if let Some(token) = token.filter(|token| asked < token.renewal) {
            return Some(Ok(token.value.clone()));
        }
        let failure = held.failure.as_ref()?;
        // What Keystone refused it will refuse again, and count against the account.
        let stands =
            matches!(failure.error, LoginError::Refused { .. }) || asked < failure.at + PAUSE;
        stands.then(|| held.usable(asked).ok_or_else(|| failure.error.clone()))
    }

    /// Logs in whatever is held, since a catalog comes with a new token only.
    pub(crate) async fn log_in_anew(&self) -> Result<Catalog, LoginError> {
        let _turn = self.login.cache.turn.lock().await;
        self.log_in().await.map(|(_, catalog)| catalog)
    }

    /// Logs in, and keeps what came of it. To be called by who has the turn.
    async fn log_in(&self) -> Result<(Secret, Catalog), LoginError> {
        let since = now();
        let issued = keystone::issue(&self.login, &self.keystone).await;
        let mut held = self.login.cache.held();
        match issued {
            Ok(issued) => {
                let life = issued.life.max(USED);
                held.failure = None;
                held.token = Some(Token {
                    value: issued.token.clone(),
                    since,
                    renewal: since + (life - MARGIN.min(life / 10)).max(USED),
                    end: since + life,
                    proved: false,
                });
                Ok((issued.token, issued.catalog))
            }
            Err(error) => {
                held.failure = Some(Failure {
                    at: now(),
                    error: error.clone(),
                });
                Err(error)
            }
        }
    }

    /// Whether tokens of its own can be had, beside the one that all share.
    pub(crate) fn is_lasting(&self) -> bool {
        self.login.is_lasting()
    }

    /// A token for one request alone.
    pub(crate) async fn token_apart(&self) -> Result<Secret, LoginError> {
        let issued = keystone::issue(&self.login, &self.keystone).await;
        issued.map(|issued| issued.token)
    }

    /// Has Keystone revoke such a token. The error is one line.
    pub(crate) async fn revoke(&self, token: &Secret) -> Result<(), String> {
        keystone::revoke(token, &self.keystone).await
    }

    /// Hears how a Glance answered a token. Whether another one may be answered otherwise.
    pub(crate) fn answered(&self, used: &Secret, status: u16) -> bool {
        let mut held = self.login.cache.held();
        let Some(token) = held.token.as_mut().filter(|token| token.value == *used) else {
            return status == 401; // it was renewed meanwhile
        };
        if status != 401 {
            token.proved = true;
            return false;
        }
        // A Glance that accepts no token at all is not helped by another one.
        let ended = token.proved || now() > token.since + USED;
        if ended {
            held.token = None;
        }
        ended
    }
}
